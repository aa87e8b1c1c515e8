"""Precision against recall, at every threshold on a score."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from thalweg.viz.charts.arguments import Floats
from thalweg.viz.charts.headings import heading
from thalweg.viz.evaluation.labels import scores_of
from thalweg.viz.evaluation.thresholds import (
    areas_caption,
    areas_note,
    check_defined,
    draw_curves,
    reached,
)
from thalweg.viz.figure import Plot, axes_for, drawn
from thalweg.viz.palette import palette

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["PrecisionRecall", "precision_recall_curve", "precision_recall_of"]


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


@drawn
def precision_recall_curve(
    y_true: Any,
    y_pred: Any,
    class_names: Sequence[Any] | None = None,
    *,
    sample_weight: Any = None,
    title: str | None = None,
    ax: Axes | None = None,
) -> Plot[dict[str, PrecisionRecall]]:
    """Draw precision against recall at all thresholds; where positives are rare, look at this.

    Several classes give a curve each, of the class against the rest; of more than six, the three
    with the least average precision are named.

    Args:
        y_true: 0 or 1, class numbers, or rows of zeros and ones, as in `roc_curve`.
        y_pred: scores, as in `roc_curve`.
        class_names: a name for each class; by default their numbers.
        sample_weight: how much each example counts, of shape `(n,)`.
        title: above the picture.
        ax: the axes to draw in; None makes a new figure.

    Returns:
        A `Plot`; its `numbers` are a dict from class names to a `PrecisionRecall` with
        `precision`, `recall`, `thresholds` and `average_precision`; of two classes only the second
        is there. The definitions are those of scikit-learn's `precision_recall_curve` (in the
        other order) and `average_precision_score`.

    Raises:
        TypeError: if something is not numbers.
        ValueError: if lengths differ, a score is NaN, or there are no positives.

    >>> import thalweg as tw
    >>> plot = tw.viz.precision_recall_curve([0, 0, 1, 1], [0.1, 0.4, 0.35, 0.8])
    >>> round(plot.numbers["1"].average_precision, 4)
    0.8333
    """
    given = scores_of("precision_recall_curve", y_true, y_pred, class_names, sample_weight)
    found = {
        name: precision_recall_of(given.true[:, i], given.scores[:, i], given.weights)
        for i, name in enumerate(given.names)
    }
    areas = {name: curve.average_precision for name, curve in found.items()}
    check_defined("precision_recall_curve", areas, "examples of a class")
    figure, axes = axes_for(ax, 4.8, 4.6)
    known = {n: c for n, c in found.items() if c.average_precision == c.average_precision}
    draw_curves(
        axes, {n: (c.recall, c.precision) for n, c in known.items()}, areas, "AP", steps=True
    )
    shares = [c.positives / (c.positives + c.negatives) for c in known.values()]
    chance = sum(shares) / len(shares)
    axes.axhline(chance, color=palette().soft, linewidth=1, linestyle=(0, (2, 3)), zorder=1)
    axes.set(xlabel="recall", ylabel="precision")
    heading(axes, title, areas_note(areas, "AP") + " · dotted: chance")
    return Plot(figure, axes, found, areas_caption(areas, "average precision"))


def precision_recall_of(
    true: NDArray[np.bool_], scores: Floats, weights: Floats
) -> PrecisionRecall:
    """The curve for one class; the average precision is that of Zhu (2004), without interpolation.

    >>> ones = np.ones(4)
    >>> truth, scores = np.array([False, False, True, True]), np.array([0.1, 0.4, 0.35, 0.8])
    >>> round(precision_recall_of(truth, scores, ones).average_precision, 4)
    0.8333
    """
    thresholds, positives, negatives = reached(true, scores, weights)
    everyone = positives + negatives
    precision = np.divide(positives, everyone, out=np.ones_like(everyone), where=everyone > 0)
    with np.errstate(invalid="ignore"):
        recall = positives / positives[-1]
    average = float(np.sum(np.diff(recall) * precision[1:]))
    return PrecisionRecall(
        precision, recall, thresholds, average, float(positives[-1]), float(negatives[-1])
    )
