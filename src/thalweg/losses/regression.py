"""Losses between numbers: squared, absolute and relative errors, Huber, log-cosh, Poisson.

Each is a function, the mean over the last axis, and a class that reduces it to one number.
"""

from __future__ import annotations

import math
from typing import Any

from thalweg import config as settings
from thalweg import ops
from thalweg.losses.loss import MODULE, LossFunctionWrapper
from thalweg.losses.reduction import aligned
from thalweg.registry import serializable
from thalweg.tensor.tensor import Tensor

__all__ = [
    "Huber",
    "LogCosh",
    "MeanAbsoluteError",
    "MeanAbsolutePercentageError",
    "MeanSquaredError",
    "MeanSquaredLogarithmicError",
    "Poisson",
    "huber",
    "log_cosh",
    "mean_absolute_error",
    "mean_absolute_percentage_error",
    "mean_squared_error",
    "mean_squared_logarithmic_error",
    "poisson",
]


@serializable(MODULE, "mse")
def mean_squared_error(y_true: Any, y_pred: Any) -> Tensor:
    """`mean((y_true - y_pred)²)` over the last axis.

    >>> from thalweg import losses
    >>> losses.mean_squared_error([[0.0, 2.0]], [[1.0, 4.0]]).numpy()
    array([2.5], dtype=float32)
    """
    y_true, y_pred = aligned("mean_squared_error", y_true, y_pred)
    return ops.mean(ops.square(y_true - y_pred), axis=-1)


@serializable(MODULE, "mae")
def mean_absolute_error(y_true: Any, y_pred: Any) -> Tensor:
    """`mean(|y_true - y_pred|)` over the last axis."""
    y_true, y_pred = aligned("mean_absolute_error", y_true, y_pred)
    return ops.mean(ops.absolute(y_true - y_pred), axis=-1)


@serializable(MODULE, "mape")
def mean_absolute_percentage_error(y_true: Any, y_pred: Any) -> Tensor:
    """`100 * mean(|y_true - y_pred| / max(|y_true|, epsilon))` over the last axis."""
    y_true, y_pred = aligned("mean_absolute_percentage_error", y_true, y_pred)
    size = ops.maximum(ops.absolute(y_true), settings.epsilon())
    return 100.0 * ops.mean(ops.absolute((y_true - y_pred) / size), axis=-1)


@serializable(MODULE, "msle")
def mean_squared_logarithmic_error(y_true: Any, y_pred: Any) -> Tensor:
    """`mean((log(y_true + 1) - log(y_pred + 1))²)` over the last axis; below 0 counts as 0."""
    y_true, y_pred = aligned("mean_squared_logarithmic_error", y_true, y_pred)
    epsilon = settings.epsilon()
    log_pred = ops.log(ops.maximum(y_pred, epsilon) + 1.0)
    log_true = ops.log(ops.maximum(y_true, epsilon) + 1.0)
    return ops.mean(ops.square(log_pred - log_true), axis=-1)


@serializable(MODULE, "huber_loss")
def huber(y_true: Any, y_pred: Any, delta: float = 1.0) -> Tensor:
    """The mean over the last axis of `e² / 2` for errors `|e| <= delta`, else linear.

    Beyond `delta` it is `delta * |e| - delta² / 2`.

    >>> from thalweg import losses
    >>> losses.huber([[0.0, 0.0]], [[0.5, 3.0]]).numpy()
    array([1.3125], dtype=float32)
    """
    y_true, y_pred = aligned("huber", y_true, y_pred)
    error = ops.absolute(y_pred - y_true)
    near = 0.5 * ops.square(error)
    far = delta * error - 0.5 * delta**2
    return ops.mean(ops.where(error <= delta, near, far), axis=-1)


@serializable(MODULE, "logcosh")
def log_cosh(y_true: Any, y_pred: Any) -> Tensor:
    """`mean(log(cosh(y_pred - y_true)))` over the last axis.

    Like `e² / 2` for small errors and `|e| - log(2)` for large ones.
    """
    y_true, y_pred = aligned("log_cosh", y_true, y_pred)
    error = y_pred - y_true
    # log(cosh(e)) without the overflow of cosh.
    return ops.mean(error + ops.softplus(-2.0 * error) - math.log(2.0), axis=-1)


@serializable(MODULE)
def poisson(y_true: Any, y_pred: Any) -> Tensor:
    """`mean(y_pred - y_true * log(y_pred + epsilon))` over the last axis."""
    y_true, y_pred = aligned("poisson", y_true, y_pred)
    return ops.mean(y_pred - y_true * ops.log(y_pred + settings.epsilon()), axis=-1)


@serializable(MODULE)
class MeanSquaredError(LossFunctionWrapper):
    """`mean((y_true - y_pred)²)`; `reduction`, `name` and `dtype` as in `Loss`.

    >>> from thalweg import losses
    >>> losses.MeanSquaredError()([[0.0, 1.0], [0.0, 0.0]], [[1.0, 1.0], [1.0, 0.0]]).numpy()
    np.float32(0.5)
    """

    def __init__(
        self,
        reduction: str | None = "sum_over_batch_size",
        name: str = "mean_squared_error",
        dtype: Any = None,
    ) -> None:
        super().__init__(mean_squared_error, reduction, name, dtype)


@serializable(MODULE)
class MeanAbsoluteError(LossFunctionWrapper):
    """`mean(|y_true - y_pred|)`; `reduction`, `name` and `dtype` as in `Loss`."""

    def __init__(
        self,
        reduction: str | None = "sum_over_batch_size",
        name: str = "mean_absolute_error",
        dtype: Any = None,
    ) -> None:
        super().__init__(mean_absolute_error, reduction, name, dtype)


@serializable(MODULE)
class MeanAbsolutePercentageError(LossFunctionWrapper):
    """The mean error in percent of the true value; arguments as in `Loss`."""

    def __init__(
        self,
        reduction: str | None = "sum_over_batch_size",
        name: str = "mean_absolute_percentage_error",
        dtype: Any = None,
    ) -> None:
        super().__init__(mean_absolute_percentage_error, reduction, name, dtype)


@serializable(MODULE)
class MeanSquaredLogarithmicError(LossFunctionWrapper):
    """The mean squared difference of `log(y + 1)`; arguments as in `Loss`."""

    def __init__(
        self,
        reduction: str | None = "sum_over_batch_size",
        name: str = "mean_squared_logarithmic_error",
        dtype: Any = None,
    ) -> None:
        super().__init__(mean_squared_logarithmic_error, reduction, name, dtype)


@serializable(MODULE)
class Huber(LossFunctionWrapper):
    """Squared for small errors, linear for those above `delta`; other arguments as in `Loss`.

    Source: P. J. Huber, "Robust Estimation of a Location Parameter", 1964.
    """

    def __init__(
        self,
        delta: float = 1.0,
        reduction: str | None = "sum_over_batch_size",
        name: str = "huber_loss",
        dtype: Any = None,
    ) -> None:
        super().__init__(huber, reduction, name, dtype, delta=delta)


@serializable(MODULE)
class LogCosh(LossFunctionWrapper):
    """`mean(log(cosh(y_pred - y_true)))`; arguments as in `Loss`."""

    def __init__(
        self,
        reduction: str | None = "sum_over_batch_size",
        name: str = "log_cosh",
        dtype: Any = None,
    ) -> None:
        super().__init__(log_cosh, reduction, name, dtype)


@serializable(MODULE)
class Poisson(LossFunctionWrapper):
    """`mean(y_pred - y_true * log(y_pred))`, for counts; arguments as in `Loss`."""

    def __init__(
        self,
        reduction: str | None = "sum_over_batch_size",
        name: str = "poisson",
        dtype: Any = None,
    ) -> None:
        super().__init__(poisson, reduction, name, dtype)
