"""Sum, Mean, and the mean of a function of `(y_true, y_pred)`: what most metrics are."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Self

from thalweg import ops
from thalweg.losses.reduction import apply_mask, squeeze_or_expand_to_same_rank
from thalweg.metrics.metric import MODULE, Metric
from thalweg.registry import deserialize_keras_object, serializable, serialize_keras_object
from thalweg.tensor.tensor import Tensor
from thalweg.tracing.traceable import traceable

__all__ = ["Mean", "MeanMetricWrapper", "RunningMean", "Sum"]


def _samplewise(
    name: str, values: Any, sample_weight: Any, reduce: Callable[..., Tensor], dtype: str
) -> tuple[Tensor, Tensor | None]:
    """One weighted value for each sample, and its weight (None: 1)."""
    sample_weight = apply_mask(sample_weight, getattr(values, "_keras_mask", None), dtype, "sum")
    values = ops.cast(values, dtype)
    weights = None
    if sample_weight is not None:
        weights = ops.cast(sample_weight, dtype)
        values, weights = squeeze_or_expand_to_same_rank(values, weights)
        if values.ndim > weights.ndim:
            values = reduce(values, axis=tuple(range(weights.ndim, values.ndim)))
        if weights.ndim > values.ndim or any(
            n not in (1, m) for n, m in zip(weights.shape, values.shape, strict=False)
        ):
            raise ValueError(
                f"Metric '{name}': sample_weight has shape {weights.shape}, which does not fit "
                f"values of shape {values.shape}."
            )
        weights = ops.broadcast_to(weights, values.shape)
        values = values * weights
        if weights.ndim > 1:
            weights = reduce(weights, axis=tuple(range(1, weights.ndim)))
    if values.ndim > 1:
        values = reduce(values, axis=tuple(range(1, values.ndim)))
    return values, weights


@serializable(MODULE)
class Sum(Metric):
    """The (weighted) sum of all values.

    >>> from thalweg import metrics
    >>> metrics.Sum()([1.0, 3.0, 5.0], sample_weight=[1.0, 0.0, 1.0]).numpy()
    np.float32(6.0)
    """

    def __init__(self, name: str = "sum", dtype: Any = None) -> None:
        super().__init__(dtype, name)
        self.total = self.add_variable((), "zeros", self.dtype, name="total")

    def update_state(self, values: Any, sample_weight: Any = None) -> None:
        """Add values of any shape.

        Args:
            values: numbers.
            sample_weight: a scalar, one weight for each sample, or one for each value.
        """
        values, _ = _samplewise(self.name, values, sample_weight, ops.sum, self.dtype)
        self.total.assign_add(ops.sum(values))

    def result(self) -> Tensor:
        return self.total.value


class RunningMean(Metric):
    """Two variables, the sum of the values and the sum of their weights, and the mean from them."""

    def __init__(self, name: str | None, dtype: Any = None) -> None:
        super().__init__(dtype, name)
        self.total = self.add_variable((), "zeros", self.dtype, name="total")
        self.count = self.add_variable((), "zeros", self.dtype, name="count")

    def take(self, values: Any, sample_weight: Any = None) -> None:
        """Take values of any shape into account; the first axis is that of the samples."""
        values, weights = _samplewise(self.name, values, sample_weight, ops.mean, self.dtype)
        self.total.assign_add(ops.sum(values))
        if weights is None:
            self.count.assign_add(float(values.shape[0] if values.ndim else 1))
        else:
            self.count.assign_add(ops.sum(weights))

    def result(self) -> Tensor:
        return ops.divide_no_nan(self.total, self.count)


@serializable(MODULE)
class Mean(RunningMean):
    """The (weighted) mean of all values.

    >>> from thalweg import metrics
    >>> mean = metrics.Mean()
    >>> mean.update_state([1.0, 3.0])
    >>> mean.update_state([8.0], sample_weight=[2.0])
    >>> mean.result().numpy()
    np.float32(5.0)
    """

    def __init__(self, name: str = "mean", dtype: Any = None) -> None:
        super().__init__(name, dtype)

    def update_state(self, values: Any, sample_weight: Any = None) -> None:
        """Take values of any shape into account; the first axis is that of the samples.

        Args:
            values: numbers; those that their mask leaves out do not count.
            sample_weight: a scalar, one weight for each sample, or one for each value.
        """
        self.take(values, sample_weight)


@serializable(MODULE)
class MeanMetricWrapper(RunningMean):
    """The mean of a function `fn(y_true, y_pred, **kwargs)` that returns a value for each element.

    Args:
        fn: the function.
        name: the metric's name; by default the function's.
        dtype: as in `Metric`.
        kwargs: further arguments for the function.

    >>> from thalweg import losses, metrics
    >>> metric = metrics.MeanMetricWrapper(losses.huber, delta=0.5)
    >>> metric([[0.0], [0.0]], [[0.5], [1.5]]).numpy()
    np.float32(0.375)
    """

    def __init__(
        self, fn: Callable[..., Any], name: str | None = None, dtype: Any = None, **kwargs: Any
    ) -> None:
        super().__init__(name or getattr(fn, "__name__", "mean_metric_wrapper"), dtype)
        self._fn = fn
        self._fn_kwargs = kwargs

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        """Take a batch into account.

        Args:
            y_true: the true values.
            y_pred: the predictions; their mask, if a layer gave them one, is respected.
            sample_weight: a scalar, one weight for each sample, or one for each value of `fn`.
        """
        mask = getattr(y_pred, "_keras_mask", None)
        values = traceable(self._fn)(y_true, y_pred, **self._fn_kwargs)
        self.take(values, apply_mask(sample_weight, mask, self.dtype, "sum"))

    def get_config(self) -> dict[str, Any]:
        config = {**super().get_config(), **serialize_keras_object(self._fn_kwargs)}
        # The subclasses here each know their function.
        if type(self) is MeanMetricWrapper:
            config["fn"] = serialize_keras_object(self._fn)
        return config

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Self:
        if "fn" in config:
            config = {**config, "fn": deserialize_keras_object(config["fn"])}
        return cls(**config)
