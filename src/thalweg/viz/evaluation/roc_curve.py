"""True against false positives, at every threshold on a score."""

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

__all__ = ["Roc", "roc_curve", "roc_of"]


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


@drawn
def roc_curve(
    y_true: Any,
    y_pred: Any,
    class_names: Sequence[Any] | None = None,
    *,
    sample_weight: Any = None,
    title: str | None = None,
    ax: Axes | None = None,
) -> Plot[dict[str, Roc]]:
    """Draw the receiver operating characteristic: true against false positives at all thresholds.

    Several classes give a curve each, of the class against the rest; of more than six, the three
    with the least area are named.

    Args:
        y_true: 0 or 1 of shape `(n,)`; for k classes, class numbers of shape `(n,)` or rows of
            zeros and ones of shape `(n, k)`.
        y_pred: scores, higher for class 1, of shape `(n,)` or `(n, 1)`; for k classes `(n, k)`.
            Probabilities and logits do alike.
        class_names: a name for each class; by default their numbers.
        sample_weight: how much each example counts, of shape `(n,)`.
        title: above the picture.
        ax: the axes to draw in; None makes a new figure.

    Returns:
        A `Plot`; its `numbers` are a dict from class names to a `Roc` with `false_positive_rate`,
        `true_positive_rate`, `thresholds` and `auc`; of two classes only the second is there.
        The definitions are those of scikit-learn's `roc_curve` and `roc_auc_score`.

    Raises:
        TypeError: if something is not numbers.
        ValueError: if lengths differ, a score is NaN, or no class has both positives and
            negatives.

    >>> import thalweg as tw
    >>> tw.viz.roc_curve([0, 0, 1, 1], [0.1, 0.4, 0.35, 0.8]).numbers["1"].auc
    0.75
    """
    given = scores_of("roc_curve", y_true, y_pred, class_names, sample_weight)
    found = {
        name: roc_of(given.true[:, i], given.scores[:, i], given.weights)
        for i, name in enumerate(given.names)
    }
    areas = {name: roc.auc for name, roc in found.items()}
    check_defined("roc_curve", areas, "both examples of a class and others")
    figure, axes = axes_for(ax, 4.8, 4.6)
    curves = {
        n: (r.false_positive_rate, r.true_positive_rate) for n, r in found.items() if r.auc == r.auc
    }
    draw_curves(axes, curves, areas, "AUC", steps=False)
    axes.plot([0, 1], [0, 1], color=palette().soft, linewidth=1, linestyle=(0, (2, 3)), zorder=1)
    axes.set(xlabel="false positive rate", ylabel="true positive rate")
    heading(axes, title, areas_note(areas, "AUC") + " · dotted: chance")
    return Plot(figure, axes, found, areas_caption(areas, "area under the ROC curve"))


def roc_of(true: NDArray[np.bool_], scores: Floats, weights: Floats) -> Roc:
    """The curve for one class, after Fawcett, "An introduction to ROC analysis" (2006).

    >>> ones = np.ones(4)
    >>> roc_of(np.array([False, False, True, True]), np.array([0.1, 0.4, 0.35, 0.8]), ones).auc
    0.75
    """
    thresholds, positives, negatives = reached(true, scores, weights)
    with np.errstate(invalid="ignore"):
        tpr, fpr = positives / positives[-1], negatives / negatives[-1]
    auc = float(np.trapezoid(tpr, fpr))
    return Roc(fpr, tpr, thresholds, auc, float(positives[-1]), float(negatives[-1]))
