"""F-scores: the weighted harmonic mean of precision and recall, for several labels at once."""

from __future__ import annotations

from typing import Any

from thalweg import config as settings
from thalweg import ops
from thalweg.metrics.metric import MODULE, Metric
from thalweg.registry import serializable
from thalweg.tensor.tensor import Tensor

__all__ = ["F1Score", "FBetaScore"]

_AVERAGES = (None, "micro", "macro", "weighted")


@serializable(MODULE)
class FBetaScore(Metric):
    """`(1 + beta²) * precision * recall / (beta² * precision + recall)`.

    Args:
        average: None for one score for each label; `'micro'` counts all labels together, `'macro'`
            is the mean of the labels' scores, `'weighted'` that weighted by the labels' frequency.
        beta: how much more recall counts than precision.
        threshold: a score above it is positive; None: the largest score of each sample is.
        name: the metric's name.
        dtype: the dtype to compute in.

    >>> from thalweg import metrics
    >>> metric = metrics.FBetaScore(beta=2.0, threshold=0.5)
    >>> y_true = [[1, 1, 1], [1, 0, 0], [1, 1, 0]]
    >>> y_pred = [[0.2, 0.6, 0.7], [0.2, 0.6, 0.6], [0.6, 0.8, 0.0]]
    >>> metric(y_true, y_pred).numpy()
    array([0.384615 , 0.909091, 0.833333 ], dtype=float32)
    """

    _direction = "up"

    def __init__(
        self,
        average: str | None = None,
        beta: float = 1.0,
        threshold: float | None = None,
        name: str = "fbeta_score",
        dtype: Any = None,
    ) -> None:
        super().__init__(dtype, name)
        owner = type(self).__name__
        if average not in _AVERAGES:
            raise ValueError(f"{owner}: average must be one of {_AVERAGES}, got {average!r}.")
        if not isinstance(beta, (int, float)) or not beta > 0:
            raise ValueError(f"{owner}: beta must be a number > 0, got {beta!r}.")
        if threshold is not None and not 0 < threshold <= 1:
            raise ValueError(f"{owner}: threshold must be in (0, 1] or None, got {threshold!r}.")
        self.average = average
        self.beta = float(beta)
        self.threshold = threshold
        self._built = False

    def _build(self, y_true: Tensor, y_pred: Tensor) -> None:
        if y_pred.ndim != 2 or y_true.shape != y_pred.shape:
            raise ValueError(
                f"Metric '{self.name}': y_true and y_pred must have the shape (batch, labels), got "
                f"{y_true.shape} and {y_pred.shape}."
            )
        if self._built:
            return
        shape = () if self.average == "micro" else y_pred.shape[1:]
        self.true_positives = self.add_variable(shape, dtype=self.dtype, name="true_positives")
        self.false_positives = self.add_variable(shape, dtype=self.dtype, name="false_positives")
        self.false_negatives = self.add_variable(shape, dtype=self.dtype, name="false_negatives")
        self.intermediate_weights = self.add_variable(
            shape, dtype=self.dtype, name="intermediate_weights"
        )
        self._built = True

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        """Take a batch into account.

        Args:
            y_true: labels 0 and 1, shape (batch, labels).
            y_pred: scores of the same shape.
            sample_weight: one weight for each sample, shape (batch,).
        """
        y_true = ops.cast(y_true, self.dtype)
        y_pred = ops.cast(y_pred, self.dtype)
        self._build(y_true, y_pred)
        if self.threshold is None:
            largest = y_pred >= ops.max(y_pred, axis=-1, keepdims=True)
            called = ops.logical_and(largest, ops.absolute(y_pred) > 1e-9)
        else:
            called = y_pred > self.threshold
        called = ops.cast(called, self.dtype)
        axis = None if self.average == "micro" else 0

        def count(cases: Tensor) -> Tensor:
            if sample_weight is not None:
                cases = cases * ops.reshape(ops.cast(sample_weight, self.dtype), (-1, 1))
            return ops.sum(cases, axis=axis)

        self.true_positives.assign_add(count(called * y_true))
        self.false_positives.assign_add(count(called * (1.0 - y_true)))
        self.false_negatives.assign_add(count((1.0 - called) * y_true))
        self.intermediate_weights.assign_add(count(y_true))

    def result(self) -> Tensor:
        if not self._built:
            raise ValueError(f"Metric '{self.name}': result() needs at least one update_state().")
        epsilon = settings.epsilon()
        precision = self.true_positives / (self.true_positives + self.false_positives + epsilon)
        recall = self.true_positives / (self.true_positives + self.false_negatives + epsilon)
        beta2 = self.beta**2
        score = (1.0 + beta2) * (precision * recall / (beta2 * precision + recall + epsilon))
        if self.average == "weighted":
            weights = self.intermediate_weights / (ops.sum(self.intermediate_weights) + epsilon)
            return ops.sum(score * weights)
        return score if self.average is None else ops.mean(score)

    def get_config(self) -> dict[str, Any]:
        return {
            **super().get_config(),
            "average": self.average,
            "beta": self.beta,
            "threshold": self.threshold,
        }


@serializable(MODULE)
class F1Score(FBetaScore):
    """`2 * precision * recall / (precision + recall)`; arguments as in `FBetaScore`."""

    def __init__(
        self,
        average: str | None = None,
        threshold: float | None = None,
        name: str = "f1_score",
        dtype: Any = None,
    ) -> None:
        super().__init__(average, 1.0, threshold, name, dtype)

    def get_config(self) -> dict[str, Any]:
        config = super().get_config()
        del config["beta"]
        return config
