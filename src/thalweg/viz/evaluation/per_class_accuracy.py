"""How many examples of each class are recognised."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from thalweg.viz.charts.arguments import Floats
from thalweg.viz.charts.bar_chart import bar_height, draw_bars
from thalweg.viz.charts.headings import heading, width_of
from thalweg.viz.charts.marks import mark_line
from thalweg.viz.charts.table import Table
from thalweg.viz.evaluation.confusion_matrix import confusion_counts
from thalweg.viz.evaluation.labels import classes_of
from thalweg.viz.figure import Plot, axes_for, drawn
from thalweg.viz.words import counted, number, percent

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["PerClass", "per_class", "per_class_accuracy"]


@dataclass(frozen=True, eq=False)
class PerClass:
    """How well each class is recognised; arrays are float64 of shape `(k,)`.

    A share of nothing is NaN: the accuracy of a class that no example has, the precision of one
    that is never predicted.

    Attributes:
        class_names: the names of the k classes.
        accuracy: the share of the examples of a class that are recognised; also its recall.
        precision: the share of the predictions of a class that are right.
        f1: the harmonic mean of both; 0 where no example is recognised.
        support: how many examples of the class there are, or the sum of their weights.
        predicted: how often the class is predicted, or the sum of the weights.
        overall: the share of all examples that are right.
    """

    class_names: list[str]
    accuracy: Floats
    precision: Floats
    f1: Floats
    support: Floats
    predicted: Floats
    overall: float

    def table(self) -> Table:
        """The same as a table, a row for each class."""
        columns = ("class", "accuracy", "precision", "F1", "examples")
        parts = (self.class_names, self.accuracy, self.precision, self.f1, self.support)
        return Table(columns, list(zip(*parts, strict=True)))


@drawn
def per_class_accuracy(
    y_true: Any,
    y_pred: Any,
    class_names: Sequence[Any] | None = None,
    *,
    sample_weight: Any = None,
    sort: bool = False,
    title: str | None = None,
    ax: Axes | None = None,
) -> Plot[PerClass]:
    """Draw which share of the examples of each class is recognised, the whole as a dashed line.

    Args:
        y_true: class numbers or one-hot rows, as in `confusion_matrix`.
        y_pred: class numbers, probabilities or logits, as in `confusion_matrix`.
        class_names: a name for each class; by default their numbers.
        sample_weight: how much each example counts, of shape `(n,)`.
        sort: whether the worst class comes first.
        title: above the picture.
        ax: the axes to draw in; None makes a new figure.

    Returns:
        A `Plot`; its `numbers` are a `PerClass` with `accuracy` (recall), `precision`, `f1`,
        `support` for each class and `overall`, always in the order of the classes.

    Raises:
        TypeError: if something is not numbers.
        ValueError: if lengths differ, or predictions are no classes.

    >>> import thalweg as tw
    >>> numbers = tw.viz.per_class_accuracy([0, 0, 1, 1], [0, 1, 1, 1], ["cat", "dog"]).numbers
    >>> numbers.table()
    class   accuracy   precision       F1   examples
    ────────────────────────────────────────────────
    cat          0.5           1   0.6667          2
    dog            1      0.6667      0.8          2
    """
    classes = classes_of("per_class_accuracy", y_true, y_pred, class_names, sample_weight)
    counts = confusion_counts(classes)
    found = per_class(counts, classes.names)
    order = np.argsort(found.accuracy, kind="stable") if sort else np.arange(len(counts))
    figure, axes = axes_for(ax, height=bar_height(len(counts)))
    draw_bars(
        axes,
        found.accuracy[order],
        [classes.names[i] for i in order],
        texts=[_text(found, counts, i) for i in order],
        texts_at=1.02,
    )
    mark_line(axes, [found.overall] * 2, [-0.5, len(counts) - 0.5])
    axes.set_xlim(0, 1.02 + 0.9 / width_of(axes))
    axes.set_xticks(np.linspace(0, 1, 6), [f"{p}%" for p in range(0, 101, 20)])
    axes.set(xlabel="recognised, % of the class", ylabel="true class")
    heading(axes, title, f"all classes together: {percent(found.overall)} (dashed)")
    return Plot(figure, axes, found, _caption(found))


def per_class(counts: Floats, class_names: list[str]) -> PerClass:
    """The numbers from a confusion matrix whose rows are the true classes."""
    right, support, predicted = np.diag(counts), counts.sum(1), counts.sum(0)

    def share(part: Floats, whole: Floats) -> Floats:
        return np.divide(part, whole, out=np.full(len(part), np.nan), where=whole > 0)

    return PerClass(
        class_names=class_names,
        accuracy=share(right, support),
        precision=share(right, predicted),
        f1=share(2 * right, support + predicted),
        support=support,
        predicted=predicted,
        overall=float(right.sum() / counts.sum()),
    )


def _text(found: PerClass, counts: Floats, i: int) -> str:
    if not np.isfinite(found.accuracy[i]):
        return "no examples"
    return f"{number(counts[i, i])} of {number(found.support[i])}"


def _caption(found: PerClass) -> str:
    known = np.flatnonzero(np.isfinite(found.accuracy))
    best = known[np.argmax(found.accuracy[known])]
    worst = known[np.argmin(found.accuracy[known])]
    missing = len(found.accuracy) - len(known)
    end = f"; {counted(missing, 'class', 'classes')} without examples" if missing else ""
    if len(known) == 1:
        return f"{percent(found.overall)} of '{found.class_names[best]}' are right{end}."
    return (
        f"{percent(found.overall)} of all are right, from {percent(found.accuracy[worst])} of "
        f"'{found.class_names[worst]}' to {percent(found.accuracy[best])} of "
        f"'{found.class_names[best]}'{end}."
    )
