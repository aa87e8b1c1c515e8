"""Points: one quantity against another."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from thalweg.viz.charts.arguments import Floats, names_for, real_array
from thalweg.viz.charts.headings import heading
from thalweg.viz.figure import MARKERS, Plot, axes_for, drawn
from thalweg.viz.palette import palette
from thalweg.viz.words import counted, folded, literal, name_and_unit, number

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["draw_points", "is_many", "scatter"]

LEAST_SHADE = 0.5
"""How many points would have no colour: less than one, so that one has some."""

MANY = 4000
"""From so many points on one sees more in a map of their density."""


@drawn
def scatter(
    x: Any,
    y: Any,
    groups: Sequence[Any] | None = None,
    *,
    xlabel: str = "x",
    ylabel: str = "y",
    title: str | None = None,
    ax: Axes | None = None,
) -> Plot[dict[str, tuple[Floats, Floats]]]:
    """Draw points, each group in a colour and with a marker of its own.

    From 4,000 points on, without groups, it draws how dense they lie, on a logarithmic scale.

    Args:
        x: numbers of shape `(n,)`.
        y: numbers of shape `(n,)`.
        groups: the group of each point, of shape `(n,)`; at most 6 different ones.
        xlabel: what x is, with its unit.
        ylabel: what y is, with its unit.
        title: above the picture.
        ax: the axes to draw in; None makes a new figure.

    Returns:
        A `Plot`; its `numbers` are a dict from groups (`'all'` without groups) to `(x, y)`,
        float64, of the points that are drawn: those that are finite.

    Raises:
        TypeError: if something is not real numbers.
        ValueError: if x, y and groups differ in length, or there are more than 6 groups.

    >>> import thalweg as tw
    >>> plot = tw.viz.scatter([1, 2, 3], [1, 4, 9], ["a", "b", "a"], xlabel="s", ylabel="m")
    >>> plot.numbers["a"][1].tolist()
    [1.0, 9.0]
    """
    xs, ys = real_array("scatter", "x", x, 1), real_array("scatter", "y", y, 1)
    if len(xs) != len(ys):
        raise ValueError(f"scatter: x has {len(xs)} numbers, but y has {len(ys)}.")
    names = names_for("scatter", "groups", groups, len(xs), "points")
    kept = np.isfinite(xs) & np.isfinite(ys)
    numbers = {"all": (xs[kept], ys[kept])}
    if names is not None:
        of = np.array(names)
        different = list(dict.fromkeys(names))
        if len(different) > len(MARKERS):
            raise ValueError(
                f"scatter: groups may be {len(MARKERS)} different ones, got {len(different)}."
            )
        numbers = {g: (xs[kept & (of == g)], ys[kept & (of == g)]) for g in different}
    figure, axes = axes_for(ax)
    for i, (name, points) in enumerate(numbers.items()):
        draw_points(
            axes, *points, which=i, label=None if names is None else literal(folded(name, 28))
        )
    if names is not None:
        axes.legend(loc="best", handletextpad=0.3)
    axes.set(xlabel=xlabel, ylabel=ylabel)
    heading(axes, title)
    left_out = int(len(xs) - kept.sum())
    return Plot(figure, axes, numbers, _caption(numbers, left_out, xlabel, ylabel))


def draw_points(
    ax: Axes,
    x: Floats,
    y: Floats,
    *,
    which: int = 0,
    label: str | None = None,
    color: str | None = None,
) -> None:
    """Draw points in these axes, smaller and fainter the more there are; by density if many."""
    if is_many(len(x)) and label is None:
        _draw_density(ax, x, y)
        return
    many = len(x) > 200
    ax.scatter(
        x,
        y,
        s=12 if many else 26,
        alpha=float(np.clip(60 / max(1, len(x)) ** 0.75, 0.25, 0.85)),
        color=color or palette().series[which % len(MARKERS)],
        marker=MARKERS[which % len(MARKERS)],
        linewidths=0,
        label=label,
    )


def is_many(count: int) -> bool:
    """Whether so many points are drawn as a density."""
    return count >= MANY


def _draw_density(ax: Axes, x: Floats, y: Floats) -> None:
    from matplotlib.colors import LinearSegmentedColormap

    colours = palette()
    # The ground of the figure means none, whichever theme; so few points are faint in both.
    stops = [colours.raised, colours.series[0], colours.ink]
    fading = LinearSegmentedColormap.from_list("density", stops)
    # One point alone is seen too, even where there are many elsewhere.
    ax.hexbin(
        x, y, gridsize=38, bins="log", mincnt=1, cmap=fading, linewidths=0.2, vmin=LEAST_SHADE
    )


def _caption(
    numbers: dict[str, tuple[Floats, Floats]], left_out: int, xlabel: str, ylabel: str
) -> str:
    total = sum(len(x) for x, _ in numbers.values())
    end = f"; {counted(left_out, 'point')} that is not finite left out" if left_out == 1 else ""
    if left_out > 1:
        end = f"; {counted(left_out, 'point')} that are not finite left out"
    (across, across_unit), (up, up_unit) = name_and_unit(xlabel), name_and_unit(ylabel)
    if not total:
        return f"{up} against {across}: no point is finite."
    xs = np.concatenate([x for x, _ in numbers.values()])
    ys = np.concatenate([y for _, y in numbers.values()])
    groups = f" in {counted(len(numbers), 'group')}" if list(numbers) != ["all"] else ""
    return (
        f"{up} against {across}: {counted(total, 'point')}{groups}, {across} from "
        f"{number(xs.min())} to {number(xs.max())}{across_unit}, {up} from {number(ys.min())} to "
        f"{number(ys.max())}{up_unit}{end}."
    )
