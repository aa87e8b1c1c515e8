"""True and false positives and negatives at one or several thresholds, precision and recall."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from thalweg import ops
from thalweg.losses.reduction import per_sample, squeeze_or_expand_to_same_rank
from thalweg.metrics.metric import MODULE, Metric
from thalweg.registry import serializable
from thalweg.tensor.tensor import Tensor
from thalweg.tensor.variable import Variable

__all__ = [
    "Counts",
    "FalseNegatives",
    "FalsePositives",
    "Precision",
    "Recall",
    "TrueNegatives",
    "TruePositives",
    "count_confusions",
    "prepare",
]

# What keeps scores outside of the top k below every threshold.
_NEVER = -1e10


class Counts(NamedTuple):
    """The cells of the confusion matrix, each of shape (thresholds,) or (thresholds, labels)."""

    true_positives: Tensor
    false_positives: Tensor
    true_negatives: Tensor
    false_negatives: Tensor


def prepare(
    name: str,
    y_true: Any,
    y_pred: Any,
    sample_weight: Any,
    dtype: Any,
    top_k: int | None = None,
    class_id: int | None = None,
) -> tuple[Tensor, Tensor, Tensor]:
    """Labels as 0 and 1, scores, and weights, all of one shape and dtype."""
    y_pred, y_true = squeeze_or_expand_to_same_rank(
        ops.cast(y_pred, dtype), ops.cast(y_true, dtype)
    )
    if y_true.shape != y_pred.shape:
        raise ValueError(
            f"Metric '{name}': y_true must have the shape of y_pred, got {y_true.shape} and "
            f"{y_pred.shape}."
        )
    y_true = ops.cast(ops.not_equal(y_true, 0), dtype)
    weights = ops.ones_like(y_true)
    if sample_weight is not None:
        given = ops.cast(sample_weight, dtype)
        given = squeeze_or_expand_to_same_rank(y_true, given, expand_rank_1=False)[1]
        weights = ops.broadcast_to(per_sample(given, y_true), y_true.shape)
    if top_k is not None:
        classes = y_pred.shape[-1]
        best = ops.one_hot(ops.top_k(y_pred, top_k)[1], classes, dtype=y_pred.dtype)
        y_pred = ops.where(ops.sum(best, axis=-2) > 0, y_pred, _NEVER)
    if class_id is not None:
        if y_pred.ndim < 2 or not -y_pred.shape[-1] <= class_id < y_pred.shape[-1]:
            raise ValueError(
                f"Metric '{name}': class_id {class_id} needs y_pred with that many classes in the "
                f"last axis, got shape {y_pred.shape}."
            )
        place = class_id % y_pred.shape[-1]
        y_true, y_pred, weights = (x[..., place] for x in (y_true, y_pred, weights))
    return y_true, y_pred, weights


def count_confusions(
    y_true: Tensor, y_pred: Tensor, weights: Tensor, thresholds: Sequence[float]
) -> Counts:
    """The weighted numbers of the four cases; positive is what has a score above the threshold.

    Args:
        y_true: labels 0 and 1, shape (samples,) or, to count labels apart, (samples, labels).
        y_pred: scores of the same shape.
        weights: weights of the same shape.
        thresholds: in any order.
    """
    positives = y_true * weights
    negatives = (1.0 - y_true) * weights
    if len(thresholds) == 1:
        above = ops.cast(y_pred > thresholds[0], y_true.dtype)
        tp = ops.expand_dims(ops.sum(positives * above, axis=0), axis=0)
        fp = ops.expand_dims(ops.sum(negatives * above, axis=0), axis=0)
    else:
        # Each score falls into the bucket numbered by how many thresholds are below it; whatever
        # lies in a higher bucket is above the threshold. So the work does not grow with the
        # product of samples and thresholds.
        order = np.argsort(np.asarray(thresholds, "float64"), kind="stable")
        edges = ops.cast(np.asarray(thresholds, "float64")[order], y_pred.dtype)
        buckets = ops.cast(ops.searchsorted(edges, ops.reshape(y_pred, (-1,))), "int32")
        back = np.argsort(order).astype("int32")
        tp = ops.take(_above(positives, buckets, len(thresholds)), back, axis=0)
        fp = ops.take(_above(negatives, buckets, len(thresholds)), back, axis=0)
    return Counts(
        true_positives=tp,
        false_positives=fp,
        true_negatives=ops.sum(negatives, axis=0) - fp,
        false_negatives=ops.sum(positives, axis=0) - tp,
    )


def _above(values: Tensor, buckets: Tensor, thresholds: int) -> Tensor:
    """The sum of the values above each threshold, for each label."""
    labels = values.shape[1:]
    width = values.size // max(values.shape[0], 1)
    column = ops.tile(ops.arange(width, dtype="int32"), (values.shape[0],))
    flat = ops.segment_sum(
        ops.reshape(values, (-1,)), buckets * width + column, (thresholds + 1) * width
    )
    inside = ops.reshape(flat, (thresholds + 1, *labels))
    return ops.flip(ops.cumsum(ops.flip(inside, axis=0), axis=0), axis=0)[1:]


def thresholds_of(owner: str, thresholds: Any, default: float) -> list[float]:
    """The thresholds as a list, each in [0, 1]."""
    if thresholds is None:
        return [default]
    found = list(thresholds) if isinstance(thresholds, (list, tuple, np.ndarray)) else [thresholds]
    for t in found:
        if t is None or not 0 <= t <= 1:
            raise ValueError(f"{owner}: thresholds must be in [0, 1], got {t!r}.")
    return [float(t) for t in found]


class _Thresholded(Metric):
    """Counts at one or several thresholds, kept in one variable for each kind."""

    def __init__(
        self,
        thresholds: Any,
        name: str | None,
        dtype: Any,
        top_k: int | None = None,
        class_id: int | None = None,
    ) -> None:
        super().__init__(dtype, name)
        self.init_thresholds = thresholds
        self.top_k = top_k
        self.class_id = class_id
        default = 0.5 if top_k is None else _NEVER
        self.thresholds = thresholds_of(type(self).__name__, thresholds, default)

    def _counter(self, name: str) -> Variable:
        return self.add_variable((len(self.thresholds),), "zeros", "float32", name=name)

    def _count(self, y_true: Any, y_pred: Any, sample_weight: Any) -> Counts:
        found = prepare(
            self.name, y_true, y_pred, sample_weight, "float32", self.top_k, self.class_id
        )
        labels, scores, weights = (ops.reshape(x, (-1,)) for x in found)
        return count_confusions(labels, scores, weights, self.thresholds)

    def _shaped(self, result: Tensor) -> Tensor:
        return result[0] if len(self.thresholds) == 1 else result

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "thresholds": self.init_thresholds}


class _Case(_Thresholded):
    """How often one of the four cases occurs."""

    _field: str

    def __init__(self, thresholds: Any = None, name: str | None = None, dtype: Any = None) -> None:
        super().__init__(thresholds, name, dtype)
        self.accumulator = self._counter("accumulator")

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        """Take a batch into account.

        Args:
            y_true: labels 0 and 1.
            y_pred: scores from 0 to 1, of the same shape.
            sample_weight: a scalar, one weight for each sample, or one for each element.
        """
        counts = self._count(y_true, y_pred, sample_weight)
        self.accumulator.assign_add(getattr(counts, self._field))

    def result(self) -> Tensor:
        return self._shaped(self.accumulator.value)


@serializable(MODULE)
class TruePositives(_Case):
    """How many labels 1 have a score above the threshold (default 0.5; a list: one count each).

    >>> from thalweg import metrics
    >>> metrics.TruePositives()([0, 1, 1, 1], [0.8, 0.9, 0.2, 0.6]).numpy()
    np.float32(2.0)
    """

    _field = "true_positives"


@serializable(MODULE)
class FalsePositives(_Case):
    """How many labels 0 have a score above the threshold (default 0.5; a list: one count each)."""

    _field = "false_positives"


@serializable(MODULE)
class TrueNegatives(_Case):
    """How many labels 0 have a score not above the threshold (default 0.5; or a list)."""

    _field = "true_negatives"


@serializable(MODULE)
class FalseNegatives(_Case):
    """How many labels 1 have a score not above the threshold (default 0.5; or a list)."""

    _field = "false_negatives"


@serializable(MODULE)
class Precision(_Thresholded):
    """`tp / (tp + fp)`: the share of what is called positive that is.

    Args:
        thresholds: a number or list in [0, 1]; scores above are positive. Default 0.5, or, with
            `top_k`, that a score is one of the top k.
        top_k: only the `k` largest scores of a sample can be positive.
        class_id: counts only this class (index in the last axis).
        name: the metric's name.
        dtype: the dtype to compute in.

    >>> from thalweg import metrics
    >>> metrics.Precision()([0, 1, 1, 1], [0.8, 0.9, 0.2, 0.6]).numpy()
    np.float32(0.6666667)
    """

    _direction = "up"

    def __init__(
        self,
        thresholds: Any = None,
        top_k: int | None = None,
        class_id: int | None = None,
        name: str | None = None,
        dtype: Any = None,
    ) -> None:
        super().__init__(thresholds, name, dtype, top_k, class_id)
        self.true_positives = self._counter("true_positives")
        self.false_positives = self._counter("false_positives")

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        """Take a batch into account; arguments as in `TruePositives`."""
        counts = self._count(y_true, y_pred, sample_weight)
        self.true_positives.assign_add(counts.true_positives)
        self.false_positives.assign_add(counts.false_positives)

    def result(self) -> Tensor:
        called = self.true_positives + self.false_positives
        return self._shaped(ops.divide_no_nan(self.true_positives, called))

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "top_k": self.top_k, "class_id": self.class_id}


@serializable(MODULE)
class Recall(_Thresholded):
    """`tp / (tp + fn)`: the share of what is positive that is called so.

    Args:
        thresholds: as in `Precision`, like `top_k`, `class_id`, `name` and `dtype`.

    >>> from thalweg import metrics
    >>> metrics.Recall()([0, 1, 1, 1], [0.8, 0.9, 0.2, 0.6]).numpy()
    np.float32(0.6666667)
    """

    _direction = "up"

    def __init__(
        self,
        thresholds: Any = None,
        top_k: int | None = None,
        class_id: int | None = None,
        name: str | None = None,
        dtype: Any = None,
    ) -> None:
        super().__init__(thresholds, name, dtype, top_k, class_id)
        self.true_positives = self._counter("true_positives")
        self.false_negatives = self._counter("false_negatives")

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        """Take a batch into account; arguments as in `TruePositives`."""
        counts = self._count(y_true, y_pred, sample_weight)
        self.true_positives.assign_add(counts.true_positives)
        self.false_negatives.assign_add(counts.false_negatives)

    def result(self) -> Tensor:
        positive = self.true_positives + self.false_negatives
        return self._shaped(ops.divide_no_nan(self.true_positives, positive))

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "top_k": self.top_k, "class_id": self.class_id}
