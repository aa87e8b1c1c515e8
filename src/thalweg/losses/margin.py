"""Losses with a margin: hinge, squared hinge and categorical hinge."""

from __future__ import annotations

from typing import Any

from thalweg import ops
from thalweg.losses.loss import MODULE, LossFunctionWrapper
from thalweg.losses.reduction import aligned
from thalweg.registry import serializable
from thalweg.tensor.tensor import Tensor

__all__ = [
    "CategoricalHinge",
    "Hinge",
    "SquaredHinge",
    "categorical_hinge",
    "hinge",
    "squared_hinge",
]


def _signed(y_true: Tensor) -> Tensor:
    """Labels -1 and 1; where all of them are 0 or 1, these are taken for -1 and 1."""
    binary = ops.all(ops.logical_or(ops.equal(y_true, 0), ops.equal(y_true, 1)))
    return ops.where(binary, 2.0 * y_true - 1.0, y_true)


@serializable(MODULE)
def hinge(y_true: Any, y_pred: Any) -> Tensor:
    """`mean(max(1 - y_true * y_pred, 0))` over the last axis, for labels -1 and 1 (or 0 and 1).

    >>> from thalweg import losses
    >>> losses.hinge([[1.0, -1.0]], [[0.5, -2.0]]).numpy()
    array([0.25], dtype=float32)
    """
    y_true, y_pred = aligned("hinge", y_true, y_pred)
    return ops.mean(ops.maximum(1.0 - _signed(y_true) * y_pred, 0.0), axis=-1)


@serializable(MODULE)
def squared_hinge(y_true: Any, y_pred: Any) -> Tensor:
    """`mean(max(1 - y_true * y_pred, 0)²)` over the last axis, for labels -1 and 1 (or 0 and 1)."""
    y_true, y_pred = aligned("squared_hinge", y_true, y_pred)
    return ops.mean(ops.square(ops.maximum(1.0 - _signed(y_true) * y_pred, 0.0)), axis=-1)


@serializable(MODULE)
def categorical_hinge(y_true: Any, y_pred: Any) -> Tensor:
    """`max(neg - pos + 1, 0)`: the true class's score against the best of the others.

    `y_true` is one-hot; `pos = sum(y_true * y_pred)`, `neg = max((1 - y_true) * y_pred)` over the
    last axis.
    """
    y_true, y_pred = aligned("categorical_hinge", y_true, y_pred)
    pos = ops.sum(y_true * y_pred, axis=-1)
    neg = ops.max((1.0 - y_true) * y_pred, axis=-1)
    return ops.maximum(neg - pos + 1.0, 0.0)


@serializable(MODULE)
class Hinge(LossFunctionWrapper):
    """`mean(max(1 - y_true * y_pred, 0))` for labels -1 and 1 (or 0 and 1); see `Loss`."""

    def __init__(
        self,
        reduction: str | None = "sum_over_batch_size",
        name: str = "hinge",
        dtype: Any = None,
    ) -> None:
        super().__init__(hinge, reduction, name, dtype)


@serializable(MODULE)
class SquaredHinge(LossFunctionWrapper):
    """`mean(max(1 - y_true * y_pred, 0)²)` for labels -1 and 1 (or 0 and 1); see `Loss`."""

    def __init__(
        self,
        reduction: str | None = "sum_over_batch_size",
        name: str = "squared_hinge",
        dtype: Any = None,
    ) -> None:
        super().__init__(squared_hinge, reduction, name, dtype)


@serializable(MODULE)
class CategoricalHinge(LossFunctionWrapper):
    """`max(neg - pos + 1, 0)` for one-hot labels; see `Loss`."""

    def __init__(
        self,
        reduction: str | None = "sum_over_batch_size",
        name: str = "categorical_hinge",
        dtype: Any = None,
    ) -> None:
        super().__init__(categorical_hinge, reduction, name, dtype)
