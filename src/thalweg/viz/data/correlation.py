"""Which features go together."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from thalweg.viz.charts.arguments import Floats, one_of
from thalweg.viz.charts.headings import heading
from thalweg.viz.charts.heatmap import colour_bar, draw_cells
from thalweg.viz.data.columns import columns_of, target_of
from thalweg.viz.data.relations import METHODS, correlations
from thalweg.viz.figure import Plot, axes_for, drawn
from thalweg.viz.palette import palette
from thalweg.viz.words import joined, name_and_unit, number

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["correlation"]

MOST = 200


@drawn
def correlation(
    x: Any,
    y: Any = None,
    feature_names: Sequence[Any] | None = None,
    target_name: str = "target",
    *,
    method: str = "pearson",
    title: str | None = None,
    ax: Axes | None = None,
) -> Plot[Floats]:
    """Draw the correlation of each feature with each, and with the target, as colours.

    Args:
        x: rows of features of shape `(n, features)`, at most 200. What is not finite is
            left out: each pair of features is compared in the rows that have both.
        y: the target, of shape `(n,)` or `(n, 1)`: the last row and column; or None.
        feature_names: what each feature is; a unit after a comma is left out.
        target_name: what the target is.
        method: `'pearson'`: how well a straight line fits; `'spearman'`: how well any rising or
            falling curve does (the correlation of the ranks).
        title: above the picture.
        ax: the axes to draw in; None makes a new figure.

    Returns:
        A `Plot`; its `numbers` are the coefficients from -1 to 1, float64 of shape `(k, k)`; NaN
        where one of both is constant.

    Raises:
        TypeError: if something is not numbers.
        ValueError: if lengths or numbers of names differ, names repeat, or the method is another.

    >>> import thalweg as tw
    >>> plot = tw.viz.correlation([[1, 4], [2, 3], [3, 2]], feature_names=["RM", "AGE"])
    >>> plot.numbers.round(3).tolist()
    [[1.0, -1.0], [-1.0, 1.0]]
    """
    one_of("correlation", "method", method, METHODS)
    columns = columns_of("correlation", x, feature_names, MOST)
    values = columns.values
    labels = [name_and_unit(label)[0] for label in columns.labels]
    if y is not None:
        values = np.column_stack([values, target_of("correlation", y, len(values))])
        labels.append(name_and_unit(target_name)[0])
    found = correlations(values, method)
    k = len(labels)
    # Cells are squares: few of them would fill the height, and leave no room for words beside.
    across, up = np.clip(2.3 + 0.46 * k, 4.6, 8.6), np.clip(1.4 + 0.46 * k, 2.8, 7.7)
    figure, axes = axes_for(ax, float(across), float(up))
    image = draw_cells(axes, found, labels, labels, limits=(-1, 1), texts=_written)
    colour_bar(axes, image, "correlation" if method == "pearson" else "rank correlation")
    if y is not None:
        for line in (axes.axhline, axes.axvline):
            line(k - 1.5, color=palette().surface, linewidth=3)
    heading(axes, title)
    return Plot(figure, axes, found, _caption(found, labels, y is not None))


def _written(r: float) -> str:
    if np.isnan(r):
        return "–"
    return f"{r:.2f}".replace("-", "−").replace("0.", ".") if abs(r) < 0.995 else f"{r:.0f}"


def _caption(found: Floats, labels: list[str], targeted: bool) -> str:
    still = [name for name, r in zip(labels, np.diag(found), strict=True) if np.isnan(r)]
    end = f"; {joined(still)} {'does' if len(still) == 1 else 'do'} not vary" if still else ""
    features = found[:-1, :-1] if targeted else found
    pairs = np.triu(np.abs(np.nan_to_num(features)), 1)
    with_target = np.abs(np.nan_to_num(found[-1, :-1])) if targeted else np.zeros(0)
    parts = []
    if pairs.any():
        one, other = np.unravel_index(int(pairs.argmax()), pairs.shape)
        parts.append(
            f"Of all features, {labels[one]} and {labels[other]} go together most "
            f"(r = {number(found[one, other], 2)})"
        )
    elif len(features) > 1:
        parts.append(f"No two of {len(features)} features go together")
    if with_target.any():
        most = int(with_target.argmax())
        with_it = "goes" if len(features) == 1 else "goes most"
        r = number(found[-1, most], 2)
        parts.append(f"{labels[-1]} {with_it} with {labels[most]} (r = {r})")
    if not parts:
        parts.append(f"{labels[0]} goes with nothing else")
    return f"{'; '.join(parts)}{end}."
