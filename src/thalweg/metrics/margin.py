"""Metrics with a margin: hinge, squared hinge and categorical hinge."""

from __future__ import annotations

from typing import Any

from thalweg import losses
from thalweg.metrics.metric import MODULE
from thalweg.metrics.reduction import MeanMetricWrapper
from thalweg.registry import serializable

__all__ = ["CategoricalHinge", "Hinge", "SquaredHinge"]


@serializable(MODULE)
class Hinge(MeanMetricWrapper):
    """The mean of `max(1 - y_true * y_pred, 0)`, for labels -1 and 1 (or 0 and 1)."""

    _direction = "down"

    def __init__(self, name: str = "hinge", dtype: Any = None) -> None:
        super().__init__(losses.hinge, name, dtype)


@serializable(MODULE)
class SquaredHinge(MeanMetricWrapper):
    """The mean of `max(1 - y_true * y_pred, 0)²`, for labels -1 and 1 (or 0 and 1)."""

    _direction = "down"

    def __init__(self, name: str = "squared_hinge", dtype: Any = None) -> None:
        super().__init__(losses.squared_hinge, name, dtype)


@serializable(MODULE)
class CategoricalHinge(MeanMetricWrapper):
    """The mean of `max(neg - pos + 1, 0)`, for one-hot labels."""

    _direction = "down"

    def __init__(self, name: str = "categorical_hinge", dtype: Any = None) -> None:
        super().__init__(losses.categorical_hinge, name, dtype)
