"""Which classes are taken for which."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from thalweg.viz.charts.arguments import Floats, one_of
from thalweg.viz.charts.headings import heading
from thalweg.viz.charts.heatmap import colour_bar, draw_cells, has_texts
from thalweg.viz.evaluation.labels import Classes, classes_of
from thalweg.viz.figure import Plot, axes_for, drawn
from thalweg.viz.words import counted, number, percent

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["ConfusionMatrix", "confusion_counts", "confusion_matrix", "normalized_counts"]

Normalize = Literal["true", "pred", "all"] | None
_OF = {
    None: "share of its row",
    "true": "share of its row",
    "pred": "share of its column",
    "all": "share of all",
}


@dataclass(frozen=True, eq=False)
class ConfusionMatrix:
    """How often each class was taken for each.

    Attributes:
        matrix: what stands in the cells: `counts`, or shares from 0 to 1 where `normalize` asked
            for them; NaN where a row or column that is to sum to 1 is empty. Rows are true
            classes, columns are predicted ones.
        counts: examples, or the sums of their weights; float64 of shape `(k, k)`.
        class_names: the names of the k classes.
        accuracy: the share of the diagonal, from 0 to 1.
    """

    matrix: Floats
    counts: Floats
    class_names: list[str]
    accuracy: float


@drawn
def confusion_matrix(
    y_true: Any,
    y_pred: Any,
    class_names: Sequence[Any] | None = None,
    *,
    normalize: Normalize = None,
    sample_weight: Any = None,
    shade_diagonal: bool = True,
    show_values: bool | None = None,
    title: str | None = None,
    ax: Axes | None = None,
) -> Plot[ConfusionMatrix]:
    """Draw which classes the model takes for which: what is right in one colour, mistakes in one.

    A cell is the stronger coloured the larger its share (by the root, so that rare mistakes are
    seen too).

    Args:
        y_true: class numbers of shape `(n,)` or `(n, 1)`, or one-hot rows of shape `(n, k)`.
        y_pred: the same, or probabilities or logits of shape `(n, k)`, of which the greatest
            counts; or probabilities of class 1 of shape `(n,)` or `(n, 1)`, of which those above
            0.5 count as class 1.
        class_names: a name for each class; by default their numbers.
        normalize: what sums to 1: `'true'` each row, `'pred'` each column, `'all'` everything;
            None: the cells are counts.
        sample_weight: how much each example counts, of shape `(n,)`.
        shade_diagonal: whether what is right is coloured too, or only mistakes.
        show_values: whether the numbers stand in their cells; None: where they fit.
        title: above the picture.
        ax: the axes to draw in; None makes a new figure.

    Returns:
        A `Plot`; its `numbers` are a `ConfusionMatrix` with `matrix`, `counts`, `class_names` and
        `accuracy`.

    Raises:
        TypeError: if something is not numbers.
        ValueError: if lengths differ, or predictions are no classes, or there are more than 2000
            classes.

    >>> import thalweg as tw
    >>> tw.viz.confusion_matrix([0, 0, 1, 2], [0, 1, 1, 2]).numbers.matrix.tolist()
    [[1.0, 1.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]]
    """
    one_of("confusion_matrix", "normalize", normalize, (None, "true", "pred", "all"))
    classes = classes_of("confusion_matrix", y_true, y_pred, class_names, sample_weight)
    counts = confusion_counts(classes)
    found = ConfusionMatrix(
        normalized_counts(counts, normalize),
        counts,
        classes.names,
        float(np.trace(counts) / counts.sum()),
    )
    across = float(np.clip(1.7 + 0.5 * len(classes.names), 3.9, 8))
    figure, axes = axes_for(ax, across, min(across - 0.2, 7.5))
    _draw(axes, found, normalize, shade_diagonal, show_values)
    weighed = "weight" if sample_weight is not None else "example"
    note = f"{percent(found.accuracy)} right · colour: {_OF[normalize]}"
    heading(axes, title, note)
    return Plot(figure, axes, found, _caption(found, weighed))


def confusion_counts(classes: Classes) -> Floats:
    """The sum of weights for each pair of true (row) and predicted (column) class."""
    k = len(classes.names)
    flat = np.bincount(classes.true * k + classes.predicted, classes.weights, k * k)
    return flat.reshape(k, k).astype(np.float64)


def normalized_counts(counts: Floats, normalize: Normalize) -> Floats:
    """Shares of rows, of columns, of all, or the counts themselves; NaN for a share of nothing."""
    if normalize is None:
        return counts
    axis = {"true": 1, "pred": 0, "all": None}[normalize]
    sums = counts.sum(axis, keepdims=True)
    return np.divide(counts, sums, out=np.full_like(counts, np.nan), where=sums > 0)


def _draw(
    ax: Axes,
    found: ConfusionMatrix,
    normalize: Normalize,
    shade_diagonal: bool,
    show_values: bool | None,
) -> None:
    k = len(found.class_names)
    shares = np.nan_to_num(normalized_counts(found.counts, normalize or "true"))
    most = shares.max()
    sign = np.where(np.eye(k, dtype=bool), -1.0 if shade_diagonal else 0.0, 1.0)
    whole = bool(np.all(found.counts == np.round(found.counts)))

    def written(value: float) -> str:
        if normalize is not None:
            return percent(value) if np.isfinite(value) else ""
        return number(value, 9 if whole else 3)

    texts = np.vectorize(written, otypes=[object])(found.matrix)
    image = draw_cells(
        ax,
        sign * np.sqrt(shares),
        found.class_names,
        found.class_names,
        limits=(-np.sqrt(most), np.sqrt(most)),
        texts=texts,
        show_texts=show_values,
    )
    ax.set(xlabel="predicted class", ylabel="true class")
    if not has_texts(ax):
        bar = colour_bar(ax, image, "right          wrong")
        shown = [s for s in (0.05, 0.25, 0.5, 1.0) if s <= most]
        signed = [*(-s for s in reversed(shown)), 0.0, *shown]
        places = np.sign(signed) * np.sqrt(np.abs(signed))
        bar.set_ticks(places, labels=[percent(abs(s)) for s in signed])


def _caption(found: ConfusionMatrix, thing: str) -> str:
    total = found.counts.sum()
    size = counted(int(total), "example") if thing == "example" else f"a weight of {number(total)}"
    seen = f"{percent(found.accuracy)} of {size} in {len(found.class_names)} classes are right"
    wrong = found.counts * ~np.eye(len(found.counts), dtype=bool)
    if not wrong.any():
        return f"{seen}; no class is taken for another."
    row, column = np.unravel_index(int(wrong.argmax()), wrong.shape)
    true, predicted = found.class_names[int(row)], found.class_names[int(column)]
    return (
        f"{seen}; the most frequent mistake is '{predicted}' where '{true}' is true, "
        f"{number(wrong.max())} of {number(found.counts[row].sum())}."
    )
