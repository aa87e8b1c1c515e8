"""One bar for each of a few quantities."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from thalweg.viz.charts.arguments import Floats, names_for, real_array
from thalweg.viz.charts.headings import NOTE_INCHES, heading, height_of, width_of
from thalweg.viz.figure import Plot, axes_for, drawn
from thalweg.viz.palette import palette
from thalweg.viz.words import counted, folded, literal, name_and_unit, number

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["bar_chart", "bar_height", "draw_bars"]

MOST_NUMBERS = 24
"""Beyond so many bars their values are read from the axis."""


@drawn
def bar_chart(
    values: Any,
    labels: Sequence[Any] | None = None,
    *,
    xlabel: str = "value",
    ylabel: str | None = None,
    title: str | None = None,
    sort: bool = False,
    ax: Axes | None = None,
) -> Plot[dict[str, float]]:
    """Draw a bar for each value, from the top down, so that names of any length can be read.

    Args:
        values: numbers of shape `(n,)`, or a mapping from labels to numbers.
        labels: what each bar is; by default 0, 1, 2...
        xlabel: what the values are, with their unit.
        ylabel: what the bars are.
        title: above the picture.
        sort: whether the longest bar comes first (by magnitude), else as given.
        ax: the axes to draw in; None makes a new figure, higher for more bars.

    Returns:
        A `Plot`; its `numbers` are a dict from labels to values, as drawn from the top down.

    Raises:
        TypeError: if the values are not real numbers.
        ValueError: if there are none, or the labels are not as many or not distinct.

    >>> import thalweg as tw
    >>> tw.viz.bar_chart({"RM": 2.7, "LSTAT": -3.9, "AGE": 0.1}, sort=True).numbers
    {'LSTAT': -3.9, 'RM': 2.7, 'AGE': 0.1}
    """
    if isinstance(values, Mapping):
        if labels is not None:
            raise ValueError("bar_chart: labels must be None where values is a mapping.")
        labels, values = list(values), list(values.values())
    heights = real_array("bar_chart", "values", values, 1)
    names = names_for("bar_chart", "labels", labels, len(heights), "values")
    names = names or [str(i) for i in range(len(heights))]
    if len(set(names)) < len(names):
        raise ValueError("bar_chart: labels must be distinct, one comes twice.")
    if sort:
        order = np.argsort(-np.abs(heights), kind="stable")
        heights, names = heights[order], [names[i] for i in order]
    figure, axes = axes_for(ax, height=bar_height(len(names)))
    draw_bars(axes, heights, names)
    axes.set(xlabel=xlabel, ylabel=ylabel or "")
    heading(axes, title)
    numbers = dict(zip(names, heights.tolist(), strict=True))
    return Plot(figure, axes, numbers, _caption(numbers, xlabel))


def bar_height(count: int) -> float:
    """How high a figure of so many bars is, in inches."""
    return float(np.clip(1.3 + 0.29 * count, 2.2, 14))


def draw_bars(
    ax: Axes,
    values: Floats,
    names: Sequence[str],
    *,
    colors: str | Sequence[str] | None = None,
    texts: Sequence[str] | None = None,
    texts_at: float | None = None,
) -> None:
    """Draw horizontal bars from the top down, each with its value (or text) at its end.

    Args:
        ax: the axes.
        values: float64 of shape `(n,)`.
        names: what the bars are.
        colors: one for all, or for each.
        texts: what stands beside the bars instead of their values.
        texts_at: where they all stand, as a value; None: at the end of each bar.
    """
    colours = palette()
    places = np.arange(len(values))
    texts = texts or [number(v) for v in values]
    # What is not finite has no bar, only its text.
    values = np.where(np.isfinite(values), values, 0.0)
    if values.min() < 0:
        ax.axvline(0, color=colours.soft, linewidth=1)
    ax.barh(places, values, height=0.72, color=colors or colours.series[0])
    if len(values) <= MOST_NUMBERS:
        for place, value, text in zip(places, values, texts, strict=True):
            end = value if texts_at is None else texts_at
            left = end < 0
            ax.annotate(
                text,
                (end, place),
                (-4 if left else 4, 0),
                textcoords="offset points",
                ha="right" if left else "left",
                va="center",
                color=colours.soft,
                fontsize=8.5,
            )
        low, high = min(0.0, float(values.min())), max(0.0, float(values.max()))
        # Room for the numbers beyond the longest bars; on the left, where the names are, for all
        # of their 0.6 inches.
        room = 0.16 * (high - low or 1.0)
        left_room = max(room, min(0.4, 0.85 / width_of(ax)) * (high - low))
        ax.set_xlim(low - left_room if low < 0 else 0, high + room if high > 0 or low == 0 else 0)
    step = max(1, int(np.ceil(len(names) / 48)))
    # Names may take two fifths of the width, in two lines where bars are far apart.
    letters = int(0.4 * (width_of(ax) + 0.75) / NOTE_INCHES)
    lines = 2 if height_of(ax) / len(names) > 0.34 else 1
    ax.set_yticks(places[::step], [literal(folded(name, letters, lines)) for name in names[::step]])
    ax.tick_params(axis="y", length=0, labelcolor=colours.ink)
    ax.set_ylim(len(values) - 0.5, -0.5)
    ax.grid(False, axis="y")


def _caption(numbers: dict[str, float], what: str) -> str:
    seen = {k: v for k, v in numbers.items() if np.isfinite(v)}
    name, unit = name_and_unit(what)
    if not seen:
        return f"{name}: {counted(len(numbers), 'bar')}, none of them finite."
    most, least = max(seen, key=lambda k: seen[k]), min(seen, key=lambda k: seen[k])
    if len(seen) == 1:
        return f"{name}: {number(seen[most])}{unit} for {most}."
    return (
        f"{name}: {counted(len(numbers), 'bar')}, the most is {number(seen[most])}{unit} for "
        f"{most}, the least {number(seen[least])} for {least}."
    )
