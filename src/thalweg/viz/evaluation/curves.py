"""The pictures of ROC and precision-recall curves."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from thalweg.viz.charts.arguments import Floats
from thalweg.viz.charts.words import heading, number
from thalweg.viz.evaluation.labels import scores_of
from thalweg.viz.evaluation.ranking import PrecisionRecall, Roc, precision_recall_of, roc_of
from thalweg.viz.figure import LINES, Plot, axes_for, drawn
from thalweg.viz.palette import palette

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["precision_recall_curve", "roc_curve"]

MOST_NAMED = 6
"""Of more classes than there are colours, only the worst are told apart."""
NAMED_OF_MANY = 3


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
    _some("roc_curve", areas, "both examples of a class and others")
    figure, axes = axes_for(ax, 4.8, 4.6)
    curves = {
        n: (r.false_positive_rate, r.true_positive_rate) for n, r in found.items() if r.auc == r.auc
    }
    _draw(axes, curves, areas, "AUC", steps=False)
    axes.plot([0, 1], [0, 1], color=palette().soft, linewidth=1, linestyle=(0, (2, 3)), zorder=1)
    axes.set(xlabel="false positive rate", ylabel="true positive rate")
    heading(axes, title, _note(areas, "AUC") + " · dotted: chance")
    return Plot(figure, axes, found, _caption(areas, "area under the ROC curve"))


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
    _some("precision_recall_curve", areas, "examples of a class")
    figure, axes = axes_for(ax, 4.8, 4.6)
    known = {n: c for n, c in found.items() if c.average_precision == c.average_precision}
    _draw(axes, {n: (c.recall, c.precision) for n, c in known.items()}, areas, "AP", steps=True)
    shares = [c.positives / (c.positives + c.negatives) for c in known.values()]
    chance = sum(shares) / len(shares)
    axes.axhline(chance, color=palette().soft, linewidth=1, linestyle=(0, (2, 3)), zorder=1)
    axes.set(xlabel="recall", ylabel="precision")
    heading(axes, title, _note(areas, "AP") + " · dotted: chance")
    return Plot(figure, axes, found, _caption(areas, "average precision"))


def _some(caller: str, areas: dict[str, float], needed: str) -> None:
    if not any(area == area for area in areas.values()):
        raise ValueError(f"{caller}: y_true must have {needed}; the curve is undefined without.")


def _draw(
    ax: Axes,
    curves: dict[str, tuple[Floats, Floats]],
    areas: dict[str, float],
    measure: str,
    *,
    steps: bool,
) -> None:
    colours = palette()
    named = list(curves)
    if len(curves) > MOST_NAMED:
        named = sorted(curves, key=lambda n: areas[n])[:NAMED_OF_MANY]
        for name in set(curves) - set(named):
            ax.plot(*_corners(*curves[name], steps), color=colours.soft, linewidth=0.8, alpha=0.6)
    for i, name in enumerate(named):
        ax.plot(
            *_corners(*curves[name], steps),
            color=colours.series[i],
            linestyle=LINES[i],
            label=f"{name}: {number(areas[name], 4)}",
            zorder=3,
        )
    if len(curves) > MOST_NAMED:
        ax.plot(
            [], [], color=colours.soft, linewidth=0.8, label=f"{len(curves) - NAMED_OF_MANY} others"
        )
    if len(curves) > 1:
        ax.legend(loc="lower left" if steps else "lower right", title=measure, alignment="left")
    ax.set(xlim=(-0.02, 1.02), ylim=(-0.02, 1.02))
    ax.set_xticks(np.linspace(0, 1, 6))
    ax.set_yticks(np.linspace(0, 1, 6))


def _corners(x: Floats, y: Floats, steps: bool) -> tuple[Floats, Floats]:
    """The points of a curve without those within straight pieces."""
    if steps:  # up to a recall holds the precision that is reached there
        x, y = np.repeat(x, 2)[:-1], np.repeat(y, 2)[1:]
    inner = (np.diff(x[:-1]) * np.diff(y[1:]) != np.diff(x[1:]) * np.diff(y[:-1])).nonzero()[0] + 1
    kept = np.r_[0, inner, len(x) - 1]
    return x[kept], y[kept]


def _note(areas: dict[str, float], measure: str) -> str:
    known = [a for a in areas.values() if a == a]
    mean = f"{measure} {number(float(np.mean(known)), 4)}"
    return mean if len(known) == 1 else f"mean {mean} of {len(known)} classes"


def _caption(areas: dict[str, float], measure: str) -> str:
    known = {name: area for name, area in areas.items() if area == area}
    missing = [f"'{name}'" for name in areas if name not in known]
    end = f"; undefined for {', '.join(missing)}" if missing else ""
    if len(known) == 1:
        ((name, area),) = known.items()
        return f"The {measure} for class '{name}' is {number(area, 4)}{end}."
    worst, best = min(known, key=lambda n: known[n]), max(known, key=lambda n: known[n])
    return (
        f"The {measure} is {number(float(np.mean(list(known.values()))), 4)} as the mean of "
        f"{len(known)} classes, from {number(known[worst], 4)} for '{worst}' to "
        f"{number(known[best], 4)} for '{best}'{end}."
    )
