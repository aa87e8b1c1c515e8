"""Metrics between numbers: mean errors, root mean squared error, cosine similarity."""

from __future__ import annotations

from typing import Any

from thalweg import losses, ops
from thalweg.losses.reduction import aligned
from thalweg.metrics.metric import MODULE
from thalweg.metrics.reduction import MeanMetricWrapper, RunningMean
from thalweg.registry import serializable
from thalweg.tensor.tensor import Tensor

__all__ = [
    "CosineSimilarity",
    "LogCoshError",
    "MeanAbsoluteError",
    "MeanAbsolutePercentageError",
    "MeanSquaredError",
    "MeanSquaredLogarithmicError",
    "RootMeanSquaredError",
    "cosine_similarity",
]


@serializable(MODULE, "mse")
class MeanSquaredError(MeanMetricWrapper):
    """The mean of `(y_true - y_pred)²`.

    >>> from thalweg import metrics
    >>> metrics.MeanSquaredError()([[0.0], [1.0]], [[1.0], [3.0]]).numpy()
    np.float32(2.5)
    """

    _direction = "down"

    def __init__(self, name: str = "mean_squared_error", dtype: Any = None) -> None:
        super().__init__(losses.mean_squared_error, name, dtype)


@serializable(MODULE, "mae")
class MeanAbsoluteError(MeanMetricWrapper):
    """The mean of `|y_true - y_pred|`."""

    _direction = "down"

    def __init__(self, name: str = "mean_absolute_error", dtype: Any = None) -> None:
        super().__init__(losses.mean_absolute_error, name, dtype)


@serializable(MODULE, "mape")
class MeanAbsolutePercentageError(MeanMetricWrapper):
    """The mean error in percent of the true value."""

    _direction = "down"

    def __init__(self, name: str = "mean_absolute_percentage_error", dtype: Any = None) -> None:
        super().__init__(losses.mean_absolute_percentage_error, name, dtype)


@serializable(MODULE, "msle")
class MeanSquaredLogarithmicError(MeanMetricWrapper):
    """The mean of `(log(y_true + 1) - log(y_pred + 1))²`."""

    _direction = "down"

    def __init__(self, name: str = "mean_squared_logarithmic_error", dtype: Any = None) -> None:
        super().__init__(losses.mean_squared_logarithmic_error, name, dtype)


@serializable(MODULE, "rmse")
class RootMeanSquaredError(RunningMean):
    """`sqrt(mean((y_true - y_pred)²))` over all batches.

    >>> from thalweg import metrics
    >>> metrics.RootMeanSquaredError()([[0.0], [1.0]], [[2.0], [3.0]]).numpy()
    np.float32(2.0)
    """

    _direction = "down"

    def __init__(self, name: str = "root_mean_squared_error", dtype: Any = None) -> None:
        super().__init__(name, dtype)

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        """Take a batch into account; arguments as in `MeanMetricWrapper`."""
        y_true, y_pred = aligned(self.name, y_true, ops.cast(y_pred, self.dtype))
        self.take(ops.square(y_pred - y_true), sample_weight)

    def result(self) -> Tensor:
        return ops.sqrt(super().result())


@serializable(MODULE, "logcosh")
class LogCoshError(MeanMetricWrapper):
    """The mean of `log(cosh(y_pred - y_true))`."""

    _direction = "down"

    def __init__(self, name: str = "logcosh", dtype: Any = None) -> None:
        super().__init__(losses.log_cosh, name, dtype)


def cosine_similarity(y_true: Any, y_pred: Any, axis: int = -1) -> Tensor:
    """The cosine of the angle between both along `axis`: 1 is the same direction.

    The loss of this name is minus that.
    """
    return -losses.cosine_similarity(y_true, y_pred, axis)


@serializable(MODULE)
class CosineSimilarity(MeanMetricWrapper):
    """The mean cosine of the angle between true and predicted vectors along `axis`.

    >>> from thalweg import metrics
    >>> metrics.CosineSimilarity()([[0.0, 1.0]], [[0.0, 5.0]]).numpy()
    np.float32(1.0)
    """

    _direction = "up"

    def __init__(self, name: str = "cosine_similarity", dtype: Any = None, axis: int = -1) -> None:
        super().__init__(cosine_similarity, name, dtype, axis=axis)
