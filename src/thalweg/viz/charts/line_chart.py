"""Curves: one or several quantities over another."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from thalweg.viz.charts.arguments import Floats, one_of, real_array
from thalweg.viz.charts.headings import heading
from thalweg.viz.figure import LINES, Plot, axes_for, drawn
from thalweg.viz.palette import palette
from thalweg.viz.words import counted, folded, literal, name_and_unit, number

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["Series", "draw_lines", "line_chart", "lone_values"]

Series = dict[str, tuple[Floats, Floats]]
MOST_INSIDE = 6
"""Curves whose names may stand within the axes."""

SCALES = ("linear", "log", "symlog")


@drawn
def line_chart(
    values: Any,
    x: Any = None,
    *,
    xlabel: str = "x",
    ylabel: str = "y",
    title: str | None = None,
    xlim: tuple[float | None, float | None] | None = None,
    ylim: tuple[float | None, float | None] | None = None,
    xscale: str = "linear",
    yscale: str = "linear",
    ax: Axes | None = None,
) -> Plot[Series]:
    """Draw curves, each in a colour and a line style of its own.

    Args:
        values: numbers of shape `(n,)` for one curve, or a mapping from names to such numbers for
            several; they may differ in length. NaN leaves a gap.
        x: where the values are, of shape `(n,)`; a mapping from names where curves differ in it;
            by default 0, 1, 2...
        xlabel: what x is, with its unit.
        ylabel: what the values are, with their unit.
        title: above the picture.
        xlim: the least and greatest x that is shown; None: what fits the curves.
        ylim: the same for the values.
        xscale: `'linear'`, `'log'` or `'symlog'`.
        yscale: the same for the values.
        ax: the axes to draw in; None makes a new figure.

    Returns:
        A `Plot`; its `numbers` are a dict from names to `(x, y)`, float64.

    Raises:
        TypeError: if something is not real numbers.
        ValueError: if a curve has no points, or another number of points than x.

    >>> import thalweg as tw
    >>> plot = tw.viz.line_chart({"loss": [3.0, 1.0, 0.5]}, xlabel="epoch", ylabel="loss")
    >>> plot.numbers["loss"][1].tolist()
    [3.0, 1.0, 0.5]
    """
    one_of("line_chart", "xscale", xscale, SCALES)
    one_of("line_chart", "yscale", yscale, SCALES)
    series = _series(values, x, ylabel)
    figure, axes = axes_for(ax)
    draw_lines(axes, series)
    axes.set(xlabel=xlabel, ylabel=ylabel, xscale=xscale, yscale=yscale)
    if xlim is not None:
        axes.set_xlim(*xlim)
    if ylim is not None:
        axes.set_ylim(*ylim)
    heading(axes, title)
    return Plot(figure, axes, series, _caption(series, xlabel))


def _series(values: Any, x: Any, name: str) -> Series:
    named = values if isinstance(values, Mapping) else {name: values}
    if not named:
        raise ValueError("line_chart: values is empty, there is no curve to draw.")
    found: Series = {}
    for key, y in named.items():
        ys = real_array("line_chart", f"values of '{key}'", y, 1)
        given = x.get(key) if isinstance(x, Mapping) else x
        xs = np.arange(len(ys), dtype=np.float64)
        if given is not None:
            xs = real_array("line_chart", "x", given, 1)
        if len(xs) != len(ys):
            raise ValueError(
                f"line_chart: x has {len(xs)} numbers, but the values of '{key}' are {len(ys)}."
            )
        found[str(key)] = (xs, ys)
    return found


def draw_lines(ax: Axes, series: Series, *, legend: bool | None = None) -> None:
    """Draw the curves in these axes; by default several curves get a legend."""
    colours = palette().series
    for i, (name, (x, y)) in enumerate(series.items()):
        ax.plot(
            x,
            y,
            label=literal(folded(name, 28)),
            color=colours[i % len(colours)],
            linestyle=LINES[(i + i // len(LINES)) % len(LINES)],
            # What is on top hides least where the lower is wider.
            linewidth=2.2 if i == 0 and len(series) > 1 else 1.8,
        )
        # Values between gaps, through which no line goes.
        lone = lone_values(y)
        if lone.any():
            ax.plot(x[lone], y[lone], color=colours[i % len(colours)], linestyle="", marker="o")
    if legend or (legend is None and len(series) > 1):
        place: dict[str, Any] = {"loc": "best"}
        figure = ax.get_figure(root=True)
        if len(series) > MOST_INSIDE and figure is not None and figure.get_layout_engine():
            # So many would cover the curves; the layout makes room beside the axes.
            place = {"loc": "upper left", "bbox_to_anchor": (1.0, 1.0), "fontsize": 8}
        ax.legend(handlelength=2.6, **place)


def lone_values(y: Floats) -> NDArray[np.bool_]:
    """Where there is a number between two gaps.

    >>> lone_values(np.array([1.0, np.nan, 2.0, 3.0])).tolist()
    [True, False, False, False]
    """
    there = np.pad(np.isfinite(y), 1)
    return there[1:-1] & ~there[:-2] & ~there[2:]


def _caption(series: Series, xlabel: str) -> str:
    parts = []
    for name, (_, y) in series.items():
        finite = y[np.isfinite(y)]
        if not finite.size:
            parts.append(f"{name} has no finite value")
            continue
        if len(finite) == 1:
            parts.append(f"{name} is {number(finite[0])}")
            continue
        span = f"from {number(finite[0])} to {number(finite[-1])}"
        parts.append(f"{name} goes {span} (least {number(finite.min())})")
    shown = "; ".join(parts[:4])
    more = f"; and {counted(len(parts) - 4, 'more curve')}" if len(parts) > 4 else ""
    return f"Over {name_and_unit(xlabel)[0]}: {shown}{more}."
