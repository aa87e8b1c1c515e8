"""R2Score: the share of the variance that predictions explain."""

from __future__ import annotations

from typing import Any

from thalweg import ops
from thalweg.losses.reduction import aligned
from thalweg.metrics.metric import MODULE, Metric
from thalweg.registry import serializable
from thalweg.tensor.tensor import Tensor

__all__ = ["R2Score"]

_AGGREGATIONS = ("uniform_average", "variance_weighted_average", None)


@serializable(MODULE)
class R2Score(Metric):
    """`1 - sum((y_true - y_pred)²) / sum((y_true - mean(y_true))²)`.

    The coefficient of determination: 1 is perfect, 0 is what the mean of the labels would reach.

    Args:
        class_aggregation: how the scores of several outputs become one: `'uniform_average'`,
            `'variance_weighted_average'`, or None for one score for each.
        num_regressors: the number of independent variables, for the adjusted score; 0 for the
            plain one. Where there are too few samples to adjust, the plain score is the result.
        name: the metric's name.
        dtype: the dtype to compute in.

    >>> from thalweg import metrics
    >>> metrics.R2Score()([[1.0], [4.0], [3.0]], [[2.0], [4.0], [4.0]]).numpy()
    np.float32(0.57142854)
    """

    _direction = "up"

    def __init__(
        self,
        class_aggregation: str | None = "uniform_average",
        num_regressors: int = 0,
        name: str = "r2_score",
        dtype: Any = None,
    ) -> None:
        super().__init__(dtype, name)
        if class_aggregation not in _AGGREGATIONS:
            raise ValueError(
                f"R2Score: class_aggregation must be one of {_AGGREGATIONS}, got "
                f"{class_aggregation!r}."
            )
        if num_regressors < 0:
            raise ValueError(f"R2Score: num_regressors must be >= 0, got {num_regressors!r}.")
        self.class_aggregation = class_aggregation
        self.num_regressors = num_regressors
        self.num_samples = self.add_variable(name="num_samples")
        self._built = False

    def _build(self, y_true: Tensor, y_pred: Tensor) -> None:
        if y_true.ndim != 2 or y_true.shape != y_pred.shape:
            raise ValueError(
                "R2Score: y_true and y_pred must have the shape (batch, outputs), got "
                f"{y_true.shape} and {y_pred.shape}."
            )
        if self._built:
            return
        shape = y_pred.shape[1:]
        self.squared_sum = self.add_variable(shape, name="squared_sum")
        self.sum = self.add_variable(shape, name="sum")
        self.total_mse = self.add_variable(shape, name="residual")
        self.count = self.add_variable(shape, name="count")
        self._built = True

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        """Take a batch into account.

        Args:
            y_true: true values, shape (batch, outputs).
            y_pred: predictions of the same shape.
            sample_weight: a scalar, or one weight for each sample.
        """
        y_true, y_pred = aligned(self.name, y_true, ops.cast(y_pred, self.dtype))
        self._build(y_true, y_pred)
        weights = ops.cast(1.0 if sample_weight is None else sample_weight, self.dtype)
        if weights.ndim == 1:
            weights = ops.expand_dims(weights, axis=1)
        weights = ops.broadcast_to(weights, y_true.shape)
        weighted = y_true * weights
        self.sum.assign_add(ops.sum(weighted, axis=0))
        self.squared_sum.assign_add(ops.sum(y_true * weighted, axis=0))
        self.total_mse.assign_add(ops.sum(ops.square(y_true - y_pred) * weights, axis=0))
        self.count.assign_add(ops.sum(weights, axis=0))
        self.num_samples.assign_add(float(y_true.size))

    def result(self) -> Tensor:
        if not self._built:
            raise ValueError(f"Metric '{self.name}': result() needs at least one update_state().")
        total = self.squared_sum - ops.square(self.sum) / self.count
        scores = 1.0 - self.total_mse / total
        scores = ops.where(ops.isinf(scores), 0.0, scores)
        if self.class_aggregation == "uniform_average":
            scores = ops.mean(scores)
        elif self.class_aggregation == "variance_weighted_average":
            scores = ops.sum(total * scores) / ops.sum(total)
        if not self.num_regressors:
            return scores
        free = self.num_samples - (self.num_regressors + 1.0)
        adjusted = 1.0 - (1.0 - scores) * (self.num_samples - 1.0) / free
        return ops.where(free > 0, adjusted, scores)

    def get_config(self) -> dict[str, Any]:
        return {
            **super().get_config(),
            "class_aggregation": self.class_aggregation,
            "num_regressors": self.num_regressors,
        }
