"""Names beside the ends of lines, moved apart so that none covers another; ordered colours."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from thalweg.viz.palette import palette

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = ["end_labels", "ramp", "settle", "spread"]

# The part of the map from dark to light that is seen well on the theme's surface.
_SEEN = {"light": (0.0, 0.56), "dark": (0.28, 1.0)}
_SIZE = 8.0
_POINTS = 72.0


def ramp(count: int) -> list[Any]:
    """Colours for things in an order, from the first to the last."""
    low, high = _SEEN[palette().name]
    return [palette().sequential()(place) for place in np.linspace(low, high, count)]


def spread(wanted: Sequence[float], gap: float, low: float, high: float) -> list[float]:
    """Places near the wanted ones, in their order, at least `gap` apart where there is room.

    The sum of squared distances from the wanted places is the least possible (isotonic regression
    by pooling neighbours), then all are moved into `low` to `high`.

    >>> [round(y, 2) for y in spread([0.5, 0.5, 0.9], 0.1, 0.0, 1.0)]
    [0.45, 0.55, 0.9]
    """
    order = sorted(range(len(wanted)), key=lambda i: wanted[i])
    gap = min(gap, (high - low) / max(len(wanted) - 1, 1))
    # Without the gaps the places must only rise; blocks of (mean, members).
    blocks: list[tuple[float, int]] = []
    for rank, i in enumerate(order):
        mean, count = wanted[i] - rank * gap, 1
        while blocks and blocks[-1][0] >= mean:
            other, members = blocks.pop()
            mean, count = (mean * count + other * members) / (count + members), count + members
        blocks.append((mean, count))
    level = [mean for mean, count in blocks for _ in range(count)]
    highest = high - gap * (len(wanted) - 1)
    places = [0.0] * len(wanted)
    for rank, i in enumerate(order):
        places[i] = min(max(level[rank], low), highest) + rank * gap
    return places


def settle(figure: Figure) -> None:
    """Give the axes of a figure the places that they will have."""
    engine = figure.get_layout_engine()
    if engine is not None:
        engine.execute(figure)


def end_labels(
    axes: Axes, ends: Sequence[tuple[float, float]], names: Sequence[str], colours: Sequence[Any]
) -> None:
    """Write names to the right of axes, each beside the end of its line.

    Call it when all else is drawn and the figure's layout is settled (`settle`): the places depend
    on the height of the axes.

    Args:
        axes: where the lines are.
        ends: the last point of each line, in data coordinates.
        names: of the lines.
        colours: of the lines.
    """
    figure = axes.get_figure(root=True)
    assert figure is not None
    height = axes.get_window_extent().height / figure.dpi * _POINTS
    inside = axes.transAxes.inverted()
    points = inside.transform(axes.transData.transform(np.asarray(ends, float)))
    places = spread([float(y) for _, y in points], 1.3 * _SIZE / height, 0.02, 0.98)
    for (x, y), place, name, colour in zip(points, places, names, colours, strict=True):
        axes.annotate(
            name,
            (x, y),
            (1.03, place),
            xycoords="axes fraction",
            textcoords="axes fraction",
            fontsize=_SIZE,
            color=palette().ink,
            verticalalignment="center",
            annotation_clip=False,
            arrowprops={
                "arrowstyle": "-",
                "color": colour,
                "linewidth": 1.0,
                "shrinkA": 1,
                "shrinkB": 2,
                "relpos": (0, 0.5),
            },
        )
