"""Correlations between true and predicted values: Pearson's, and Lin's concordance."""

from __future__ import annotations

from typing import Any

from thalweg import config as settings
from thalweg import ops
from thalweg.losses.reduction import aligned
from thalweg.metrics.metric import MODULE
from thalweg.metrics.reduction import MeanMetricWrapper
from thalweg.registry import serializable
from thalweg.tensor.tensor import Tensor

__all__ = [
    "ConcordanceCorrelation",
    "PearsonCorrelation",
    "concordance_correlation",
    "pearson_correlation",
]


@serializable(MODULE)
def pearson_correlation(y_true: Any, y_pred: Any, axis: int = -1) -> Tensor:
    """`cov(y_true, y_pred) / (std(y_true) * std(y_pred))` along `axis`, from -1 to 1.

    >>> from thalweg import metrics
    >>> metrics.pearson_correlation([[0.0, 1.0, 2.0]], [[1.0, 3.0, 5.0]]).numpy()
    array([1.], dtype=float32)
    """
    y_true, y_pred = aligned("pearson_correlation", y_true, y_pred)
    y_true = y_true - ops.mean(y_true, axis=axis, keepdims=True)
    y_pred = y_pred - ops.mean(y_pred, axis=axis, keepdims=True)
    y_true = y_true / ops.std(y_true, axis=axis, keepdims=True)
    y_pred = y_pred / ops.std(y_pred, axis=axis, keepdims=True)
    return ops.mean(y_true * y_pred, axis=axis)


@serializable(MODULE)
def concordance_correlation(y_true: Any, y_pred: Any, axis: int = -1) -> Tensor:
    """`2 cov / (var(y_true) + var(y_pred) + (mean(y_true) - mean(y_pred))²)` along `axis`.

    1 only where both are equal. Source: L. I. Lin, "A Concordance Correlation Coefficient to
    Evaluate Reproducibility", 1989.
    """
    y_true, y_pred = aligned("concordance_correlation", y_true, y_pred)
    mean_true = ops.mean(y_true, axis=axis, keepdims=True)
    mean_pred = ops.mean(y_pred, axis=axis, keepdims=True)
    covariance = (y_true - mean_true) * (y_pred - mean_pred)
    norm = (
        ops.var(y_true, axis=axis, keepdims=True)
        + ops.var(y_pred, axis=axis, keepdims=True)
        + ops.square(mean_true - mean_pred)
    )
    return ops.mean(2.0 * covariance / (norm + settings.epsilon()), axis=axis)


@serializable(MODULE)
class PearsonCorrelation(MeanMetricWrapper):
    """The mean over the samples of Pearson's correlation along `axis`."""

    _direction = "up"

    def __init__(
        self, name: str = "pearson_correlation", dtype: Any = None, axis: int = -1
    ) -> None:
        super().__init__(pearson_correlation, name, dtype, axis=axis)
        self.axis = axis


@serializable(MODULE)
class ConcordanceCorrelation(MeanMetricWrapper):
    """The mean over the samples of Lin's concordance correlation along `axis`."""

    _direction = "up"

    def __init__(
        self, name: str = "concordance_correlation", dtype: Any = None, axis: int = -1
    ) -> None:
        super().__init__(concordance_correlation, name, dtype, axis=axis)
        self.axis = axis
