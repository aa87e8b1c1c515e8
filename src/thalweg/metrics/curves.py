"""Metrics over a whole curve of thresholds: area under it, and the best point under a condition."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Self

from thalweg import config as settings
from thalweg import ops
from thalweg.metrics.confusion import count_confusions, prepare, thresholds_of
from thalweg.metrics.metric import MODULE, Metric
from thalweg.registry import deserialize_keras_object, serializable
from thalweg.tensor.tensor import Tensor

__all__ = [
    "AUC",
    "PrecisionAtRecall",
    "RecallAtPrecision",
    "SensitivityAtSpecificity",
    "SpecificityAtSensitivity",
]

_CURVES = ("ROC", "PR", "PRGAIN")
_METHODS = ("interpolation", "minoring", "majoring")


class _Curve(Metric):
    """The four cells of the confusion matrix at many thresholds."""

    def __init__(self, thresholds: Sequence[float], name: str | None, dtype: Any) -> None:
        super().__init__(dtype, name)
        self._thresholds = list(thresholds)

    @property
    def thresholds(self) -> list[float]:
        """The thresholds, from the smallest to the largest."""
        return list(self._thresholds)

    def _add_counters(self, labels: tuple[int, ...] = ()) -> None:
        shape = (len(self._thresholds), *labels)
        self.true_positives = self.add_variable(shape, dtype="float32", name="true_positives")
        self.false_positives = self.add_variable(shape, dtype="float32", name="false_positives")
        self.true_negatives = self.add_variable(shape, dtype="float32", name="true_negatives")
        self.false_negatives = self.add_variable(shape, dtype="float32", name="false_negatives")

    def _take(self, y_true: Tensor, y_pred: Tensor, weights: Tensor) -> None:
        # Scores beyond [0, 1] would be above (or not above) the outermost thresholds, and so cut
        # off the ends of the curve.
        counts = count_confusions(y_true, ops.clip(y_pred, 0.0, 1.0), weights, self._thresholds)
        self.true_positives.assign_add(counts.true_positives)
        self.false_positives.assign_add(counts.false_positives)
        self.true_negatives.assign_add(counts.true_negatives)
        self.false_negatives.assign_add(counts.false_negatives)

    def _recall(self) -> Tensor:
        return ops.divide_no_nan(self.true_positives, self.true_positives + self.false_negatives)

    def _precision(self) -> Tensor:
        return ops.divide_no_nan(self.true_positives, self.true_positives + self.false_positives)

    def _specificity(self) -> Tensor:
        return ops.divide_no_nan(self.true_negatives, self.true_negatives + self.false_positives)


def _evenly(count: int) -> list[float]:
    """`count` thresholds from 0 to 1."""
    return [i / (count - 1) for i in range(count)]


@serializable(MODULE)
class AUC(_Curve):
    """The area under the ROC or the precision-recall curve, from counts at fixed thresholds.

    Args:
        num_thresholds: how many thresholds, spread evenly over [0, 1].
        curve: `'ROC'`, `'PR'` or `'PRGAIN'`.
        summation_method: the height between two points of the curve: `'interpolation'` (their mean;
            for PR the interpolation of Davis and Goadrich, 2006), `'minoring'` or `'majoring'`.
        name: the metric's name.
        dtype: the dtype to compute in.
        thresholds: thresholds in [0, 1] to use instead.
        multi_label: whether the labels in the last axis are counted apart and the areas averaged.
        num_labels: how many labels there are, if `multi_label`.
        label_weights: a weight for each label.
        from_logits: whether scores are logits, not probabilities.

    >>> from thalweg import metrics
    >>> metrics.AUC(num_thresholds=3)([0, 0, 1, 1], [0.0, 0.5, 0.3, 0.9]).numpy()
    np.float32(0.75)
    """

    _direction = "up"

    def __init__(
        self,
        num_thresholds: int = 200,
        curve: str = "ROC",
        summation_method: str = "interpolation",
        name: str | None = None,
        dtype: Any = None,
        thresholds: Sequence[float] | None = None,
        multi_label: bool = False,
        num_labels: int | None = None,
        label_weights: Any = None,
        from_logits: bool = False,
    ) -> None:
        if str(curve).upper() not in _CURVES:
            raise ValueError(f"AUC: curve must be one of {_CURVES}, got {curve!r}.")
        if str(summation_method).lower() not in _METHODS:
            raise ValueError(
                f"AUC: summation_method must be one of {_METHODS}, got {summation_method!r}."
            )
        if num_labels and not multi_label:
            raise ValueError("AUC: num_labels is only for multi_label=True.")
        if thresholds is None and num_thresholds < 2:
            raise ValueError(f"AUC: num_thresholds must be > 1, got {num_thresholds!r}.")
        if thresholds is None:
            inner = _evenly(num_thresholds)[1:-1]
        else:
            inner = sorted(thresholds_of("AUC", list(thresholds), 0.5))
        # The outermost are a little beyond, so that scores of exactly 0 and 1 lie inside.
        epsilon = settings.epsilon()
        super().__init__([-epsilon, *inner, 1.0 + epsilon], name, dtype)
        self._given_thresholds = thresholds is not None
        self.num_thresholds = len(self._thresholds)
        self.curve = str(curve).upper()
        self.summation_method = str(summation_method).lower()
        self.multi_label = multi_label
        self.num_labels = num_labels
        self.label_weights = None if label_weights is None else [float(w) for w in label_weights]
        self.from_logits = from_logits
        self._built = False
        if not multi_label:
            self._build(())
        elif num_labels:
            self._build((num_labels,))

    def _build(self, labels: tuple[int, ...]) -> None:
        self._add_counters(labels)
        self._built = True

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        """Take a batch into account.

        Args:
            y_true: labels 0 and 1.
            y_pred: scores from 0 to 1 (or logits), of the same shape; (batch, labels) if
                `multi_label`.
            sample_weight: a scalar, one weight for each sample, or one for each element.
        """
        if self.from_logits:
            y_pred = ops.sigmoid(y_pred)
        labels, scores, weights = prepare(self.name, y_true, y_pred, sample_weight, "float32")
        if not self.multi_label:
            if self.label_weights is not None:
                weights = weights * ops.convert_to_tensor(self.label_weights, dtype=weights.dtype)
            self._take(*[ops.reshape(x, (-1,)) for x in (labels, scores, weights)])
            return
        if scores.ndim != 2 or (self._built and scores.shape[1:] != self.true_positives.shape[1:]):
            raise ValueError(
                f"Metric '{self.name}': with multi_label=True, y_pred must have the shape (batch, "
                f"{self.num_labels or 'labels'}), got {scores.shape}."
            )
        if not self._built:
            self._build(scores.shape[1:])
        self._take(labels, scores, weights)

    def result(self) -> Tensor:
        if not self._built:
            raise ValueError(f"Metric '{self.name}': result() needs at least one update_state().")
        if self.curve == "PR" and self.summation_method == "interpolation":
            pieces = self._interpolated()
        else:
            x, y = self._points()
            if self.summation_method == "interpolation":
                heights = (y[:-1] + y[1:]) / 2.0
            elif self.summation_method == "minoring":
                heights = ops.minimum(y[:-1], y[1:])
            else:
                heights = ops.maximum(y[:-1], y[1:])
            pieces = (x[:-1] - x[1:]) * heights
        areas = ops.sum(pieces, axis=0)
        if not self.multi_label:
            return areas
        if self.label_weights is None:
            return ops.mean(areas)
        weights = ops.convert_to_tensor(self.label_weights, dtype=areas.dtype)
        return ops.divide_no_nan(ops.sum(areas * weights), ops.sum(weights))

    def _points(self) -> tuple[Tensor, Tensor]:
        """The curve, from the smallest threshold (on the right) to the largest."""
        if self.curve == "ROC":
            negatives = self.true_negatives + self.false_positives
            return ops.divide_no_nan(self.false_positives, negatives), self._recall()
        if self.curve == "PR":
            return self._recall(), self._precision()
        # P. Flach, M. Kull, "Precision-Recall-Gain Curves: PR Analysis Done Right", 2015.
        tp = self.true_positives.value
        ratio = ops.divide_no_nan(
            tp + self.false_negatives, self.true_negatives + self.false_positives
        )
        recall_gain = 1.0 - ratio * ops.divide_no_nan(self.false_negatives, tp)
        precision_gain = 1.0 - ratio * ops.divide_no_nan(self.false_positives, tp)
        none = ops.equal(tp, 0.0)
        recall_gain = ops.maximum(ops.where(none, 0.0, recall_gain), 0.0)
        return recall_gain, ops.where(none, 1.0, precision_gain)

    def _interpolated(self) -> Tensor:
        """Areas under the precision-recall curve between neighbouring thresholds.

        Between two points, the true positives grow linearly with all positives (J. Davis,
        M. Goadrich, "The Relationship Between Precision-Recall and ROC Curves", 2006).
        """
        tp = self.true_positives.value
        p = tp + self.false_positives
        gained = tp[:-1] - tp[1:]
        slope = ops.divide_no_nan(gained, ops.maximum(p[:-1] - p[1:], 0.0))
        intercept = tp[1:] - slope * p[1:]
        both = ops.logical_and(p[:-1] > 0, p[1:] > 0)
        ratio = ops.where(both, ops.divide_no_nan(p[:-1], ops.maximum(p[1:], 0.0)), 1.0)
        positives = ops.maximum(tp[1:] + self.false_negatives[1:], 0.0)
        return ops.divide_no_nan(slope * (gained + intercept * ops.log(ratio)), positives)

    def get_config(self) -> dict[str, Any]:
        config = {
            **super().get_config(),
            "num_thresholds": self.num_thresholds,
            "curve": self.curve,
            "summation_method": self.summation_method,
            "multi_label": self.multi_label,
            "num_labels": self.num_labels,
            "label_weights": self.label_weights,
            "from_logits": self.from_logits,
        }
        if self._given_thresholds:
            config["thresholds"] = self._thresholds[1:-1]
        return config

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Self:
        # Keras writes label_weights as a tensor.
        return cls(**deserialize_keras_object(config))


class _BestUnder(_Curve):
    """The best of one rate among the thresholds where another reaches a value."""

    _direction = "up"
    # The name of the constructor's first argument.
    _condition: str

    def __init__(
        self, value: float, num_thresholds: int, class_id: int | None, name: Any, dtype: Any
    ) -> None:
        if not 0 <= value <= 1:
            raise ValueError(
                f"{type(self).__name__}: {self._condition} must be in [0, 1], got {value!r}."
            )
        if num_thresholds <= 0:
            raise ValueError(
                f"{type(self).__name__}: num_thresholds must be > 0, got {num_thresholds!r}."
            )
        super().__init__([0.5] if num_thresholds == 1 else _evenly(num_thresholds), name, dtype)
        self.value = value
        self.num_thresholds = num_thresholds
        self.class_id = class_id
        self._add_counters()

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        """Take a batch into account; arguments as in `TruePositives`."""
        found = prepare(self.name, y_true, y_pred, sample_weight, "float32", class_id=self.class_id)
        self._take(*[ops.reshape(x, (-1,)) for x in found])

    def _best(self, constrained: Tensor, wanted: Tensor) -> Tensor:
        return ops.max(ops.where(constrained >= self.value, wanted, 0.0))

    def get_config(self) -> dict[str, Any]:
        return {
            **super().get_config(),
            "class_id": self.class_id,
            "num_thresholds": self.num_thresholds,
            self._condition: self.value,
        }


@serializable(MODULE)
class SensitivityAtSpecificity(_BestUnder):
    """The best sensitivity `tp / (tp + fn)` where the specificity `tn / (tn + fp)` is enough.

    Args:
        specificity: the least specificity, in [0, 1].
        num_thresholds: how many thresholds to look at, spread evenly over [0, 1].
        class_id: counts only this class (index in the last axis).
        name: the metric's name.
        dtype: the dtype to compute in.

    >>> from thalweg import metrics
    >>> metrics.SensitivityAtSpecificity(0.5)([0, 0, 0, 1, 1], [0, 0.3, 0.8, 0.3, 0.8]).numpy()
    np.float32(0.5)
    """

    _condition = "specificity"

    def __init__(
        self,
        specificity: float,
        num_thresholds: int = 200,
        class_id: int | None = None,
        name: str | None = None,
        dtype: Any = None,
    ) -> None:
        super().__init__(specificity, num_thresholds, class_id, name, dtype)
        self.specificity = specificity

    def result(self) -> Tensor:
        return self._best(self._specificity(), self._recall())


@serializable(MODULE)
class SpecificityAtSensitivity(_BestUnder):
    """The best specificity `tn / (tn + fp)` where the sensitivity `tp / (tp + fn)` is enough.

    Args:
        sensitivity: the least sensitivity, in [0, 1]; the rest as in `SensitivityAtSpecificity`.
    """

    _condition = "sensitivity"

    def __init__(
        self,
        sensitivity: float,
        num_thresholds: int = 200,
        class_id: int | None = None,
        name: str | None = None,
        dtype: Any = None,
    ) -> None:
        super().__init__(sensitivity, num_thresholds, class_id, name, dtype)
        self.sensitivity = sensitivity

    def result(self) -> Tensor:
        return self._best(self._recall(), self._specificity())


@serializable(MODULE)
class PrecisionAtRecall(_BestUnder):
    """The best precision where the recall is enough.

    Args:
        recall: the least recall, in [0, 1]; the rest as in `SensitivityAtSpecificity`.
    """

    _condition = "recall"

    def __init__(
        self,
        recall: float,
        num_thresholds: int = 200,
        class_id: int | None = None,
        name: str | None = None,
        dtype: Any = None,
    ) -> None:
        super().__init__(recall, num_thresholds, class_id, name, dtype)
        self.recall = recall

    def result(self) -> Tensor:
        return self._best(self._recall(), self._precision())


@serializable(MODULE)
class RecallAtPrecision(_BestUnder):
    """The best recall where the precision is enough.

    Args:
        precision: the least precision, in [0, 1]; the rest as in `SensitivityAtSpecificity`.
    """

    _condition = "precision"

    def __init__(
        self,
        precision: float,
        num_thresholds: int = 200,
        class_id: int | None = None,
        name: str | None = None,
        dtype: Any = None,
    ) -> None:
        super().__init__(precision, num_thresholds, class_id, name, dtype)
        self.precision = precision

    def result(self) -> Tensor:
        return self._best(self._precision(), self._recall())
