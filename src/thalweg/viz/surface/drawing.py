"""What all pictures of surfaces have in common: paths, single points, and the legend above."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from thalweg.viz.charts.headings import NOTE_INCHES, height_of, width_of
from thalweg.viz.figure import MARKERS
from thalweg.viz.palette import palette
from thalweg.viz.surface.numbers import LossSurface, SurfacePath
from thalweg.viz.words import folded, number

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from matplotlib.lines import Line2D

__all__ = [
    "PATH_ORDER",
    "add_legend",
    "axis_labels",
    "draw_marks",
    "draw_paths",
    "key",
    "path_look",
]

Array = np.ndarray[Any, Any]
Place = Callable[[Array, Array], Iterable[Array]]
"""From coordinates of shape (points, axes) and heights to what `plot` of the axes takes."""

# The order in which paths take the colours of the series: the first colour of all, a blue green, is
# near to those of the surface.
PATH_ORDER = (1, 2, 3, 5, 0, 4)
_DARK, _WHITE = "#14252b", "#ffffff"
# About so many markers along a path, so that paths differ in grey too and dots do not crowd.
_MARKED = 9
# Between the columns of a legend, in sizes of its type.
_GAP = 1.5


def path_look(number: int) -> dict[str, Any]:
    """The colour and marker of a path by its place among the paths."""
    return {
        "color": palette().series[PATH_ORDER[number % len(PATH_ORDER)]],
        "marker": MARKERS[number % len(MARKERS)],
        "linestyle": "-",
    }


def draw_paths(ax: Any, surface: LossSurface, place: Place) -> list[Line2D]:
    """The paths, their start (hollow) and end (large); returns their entries in the legend."""
    from matplotlib.patheffects import Normal, Stroke

    colours = palette()
    handles = []
    for i, (name, path) in enumerate(surface.paths.items()):
        look = path_look(i)
        points = list(place(path.coordinates, path.heights))
        ground = [Stroke(linewidth=3.8, foreground=colours.surface), Normal()]
        ax.plot(
            *points,
            **look,
            linewidth=1.9,
            markersize=4,
            markevery=max(1, round(len(path.losses) / _MARKED)),
            path_effects=ground,
            zorder=4,
        )
        ends = {"marker": look["marker"], "markersize": 8, "linestyle": "none", "zorder": 7}
        face = {"markerfacecolor": look["color"], "markeredgecolor": colours.surface}
        ax.plot(*(p[-1:] for p in points), **ends, **face)
        handles.append(key(**look, markersize=5.5, label=path_label(name, path)))
    for path in surface.paths.values():
        start = [p[:1] for p in place(path.coordinates, path.heights)]
        face = {"markerfacecolor": _WHITE, "markeredgecolor": _DARK, "markeredgewidth": 1.2}
        ax.plot(*start, marker="o", markersize=6.5, linestyle="none", **face, zorder=8)
    return handles


def path_label(name: str, path: SurfacePath) -> str:
    """What the legend says of a path."""
    return f"{name or 'path'}: {number(path.losses[0])} → {number(path.losses[-1])}"


def draw_marks(ax: Any, surface: LossSurface, place: Place) -> list[Line2D]:
    """The best point, and the present one where no path ends there; their legend entries."""
    word, best = surface.best
    found = []
    if not surface.flat:  # else no point is better than another
        found.append(("*", 12.0, f"{word}: {number(best.value)}", best.place, best.value))
    if surface.center is not None and surface.center_loss is not None and not surface.paths:
        text = f"present: {number(surface.center_loss)}"
        found.append(("o", 7.5, text, surface.center, surface.center_loss))
    handles = []
    for marker, size, text, at, height in found:
        look = {
            "marker": marker,
            "linestyle": "none",
            "markerfacecolor": _WHITE,
            "markeredgecolor": _DARK,
            "markeredgewidth": 1.0,
        }
        point = place(np.array([at]), np.array([height]))
        # From above it is seen as a whole, also on the edge.
        ax.plot(*point, **look, markersize=size, zorder=6, clip_on=ax.name == "3d")
        handles.append(key(**look, markersize=0.75 * size, label=text))
    return handles


def axis_labels(ax: Axes, names: Sequence[str], value: str | None = None) -> None:
    """Name the axes, on several lines where one would be longer than the axis.

    Args:
        ax: axes of a surface seen from above, or of a curve.
        names: of the surface's axes.
        value: the name of the heights, for a curve.
    """
    above = names[1] if value is None else value
    ax.set_xlabel(folded(names[0], int(width_of(ax) / NOTE_INCHES), 3))
    ax.set_ylabel(folded(above, int(height_of(ax) / NOTE_INCHES), 3))


def key(**look: Any) -> Line2D:
    """An entry of a legend."""
    from matplotlib.lines import Line2D

    return Line2D([], [], **look)


def add_legend(figure: Figure, ax: Axes | None, handles: Sequence[Line2D]) -> None:
    """A legend above the axes, or above the whole figure, on as many lines as the width asks for.

    Args:
        figure: where it is added.
        ax: axes that the user gave; None for a figure of our own.
        handles: the entries.
    """
    room = 72 * (figure.get_size_inches()[0] - 0.3 if ax is None else width_of(ax))
    widths = [_width(str(handle.get_label())) for handle in handles]
    columns = next(
        (n for n in range(len(handles), 1, -1) if _total(widths, n) <= room),
        1,
    )
    look: dict[str, Any] = {
        "ncols": columns,
        "frameon": False,
        "columnspacing": _GAP,
        "handletextpad": 0.5,
        "handlelength": 2.0,
        "borderpad": 0.2,
    }
    if ax is None:
        figure.legend(handles=handles, loc="outside upper left", **look)
    else:
        anchor: dict[str, Any] = {"bbox_to_anchor": (0, 1), "borderaxespad": 0.3}
        ax.legend(handles=handles, loc="lower left", **anchor, **look)


def _width(text: str) -> float:
    """Of an entry of a legend, in points."""
    import matplotlib
    from matplotlib.font_manager import FontProperties
    from matplotlib.textpath import TextPath

    size = float(matplotlib.rcParams["legend.fontsize"])
    written = TextPath((0, 0), text, size=size, prop=FontProperties(family="DejaVu Sans"))
    return float(written.get_extents().width) + 2.5 * size


def _total(widths: Sequence[float], columns: int) -> float:
    """Of a legend with so many columns, filled one after the other as matplotlib does."""
    parts = np.array_split(np.array(widths), columns)
    return sum(float(part.max()) for part in parts) + _GAP * 9 * (columns - 1)
