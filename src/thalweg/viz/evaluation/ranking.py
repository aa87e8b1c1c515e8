"""ROC and precision-recall curves as numbers: what every threshold on a score gives."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from thalweg.viz.charts.arguments import Floats

__all__ = ["PrecisionRecall", "Roc", "precision_recall_of", "roc_of"]


@dataclass(frozen=True, eq=False)
class Roc:
    """What each threshold gives; arrays are float64 of shape `(thresholds + 1,)`.

    Attributes:
        false_positive_rate: the share of the negatives with a score of at least the threshold.
        true_positive_rate: the share of the positives with a score of at least the threshold.
        thresholds: every score that occurs, from the highest, after infinity.
        auc: the area under the curve: the chance that a positive has a higher score than a
            negative, ties counted half; NaN if there are no positives or no negatives.
        positives: how many positives there are, or the sum of their weights.
        negatives: the same for the negatives.
    """

    false_positive_rate: Floats
    true_positive_rate: Floats
    thresholds: Floats
    auc: float
    positives: float
    negatives: float


@dataclass(frozen=True, eq=False)
class PrecisionRecall:
    """What each threshold gives; arrays are float64 of shape `(thresholds + 1,)`.

    Attributes:
        precision: the share of positives among those with a score of at least the threshold; 1
            where there are none.
        recall: the share of the positives with a score of at least the threshold.
        thresholds: every score that occurs, from the highest, after infinity.
        average_precision: the mean of the precisions, each weighted with what recall grows by; NaN
            if there are no positives.
        positives: how many positives there are, or the sum of their weights.
        negatives: the same for the negatives.
    """

    precision: Floats
    recall: Floats
    thresholds: Floats
    average_precision: float
    positives: float
    negatives: float


def _above(
    true: NDArray[np.bool_], scores: Floats, weights: Floats
) -> tuple[Floats, Floats, Floats]:
    """Thresholds from the highest, and the positives and negatives that reach each of them."""
    order = np.argsort(-scores, kind="stable")
    sorted_scores = scores[order]
    # Examples of one score are taken together: no threshold divides them.
    last = np.r_[np.flatnonzero(np.diff(sorted_scores)), len(scores) - 1]
    positives = np.cumsum((true * weights)[order])[last]
    negatives = np.cumsum((~true * weights)[order])[last]
    thresholds = np.r_[np.inf, sorted_scores[last]]
    return thresholds, np.r_[0.0, positives], np.r_[0.0, negatives]


def roc_of(true: NDArray[np.bool_], scores: Floats, weights: Floats) -> Roc:
    """The curve for one class, after Fawcett, "An introduction to ROC analysis" (2006).

    >>> ones = np.ones(4)
    >>> roc_of(np.array([False, False, True, True]), np.array([0.1, 0.4, 0.35, 0.8]), ones).auc
    0.75
    """
    thresholds, positives, negatives = _above(true, scores, weights)
    with np.errstate(invalid="ignore"):
        tpr, fpr = positives / positives[-1], negatives / negatives[-1]
    auc = float(np.trapezoid(tpr, fpr))
    return Roc(fpr, tpr, thresholds, auc, float(positives[-1]), float(negatives[-1]))


def precision_recall_of(
    true: NDArray[np.bool_], scores: Floats, weights: Floats
) -> PrecisionRecall:
    """The curve for one class; the average precision is that of Zhu (2004), without interpolation.

    >>> ones = np.ones(4)
    >>> truth, scores = np.array([False, False, True, True]), np.array([0.1, 0.4, 0.35, 0.8])
    >>> round(precision_recall_of(truth, scores, ones).average_precision, 4)
    0.8333
    """
    thresholds, positives, negatives = _above(true, scores, weights)
    everyone = positives + negatives
    precision = np.divide(positives, everyone, out=np.ones_like(everyone), where=everyone > 0)
    with np.errstate(invalid="ignore"):
        recall = positives / positives[-1]
    average = float(np.sum(np.diff(recall) * precision[1:]))
    return PrecisionRecall(
        precision, recall, thresholds, average, float(positives[-1]), float(negatives[-1])
    )
