"""From the numbers of a surface to a figure: which kinds of pictures, side by side or one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from thalweg.viz.figure import axes_for, blank
from thalweg.viz.surface.draw_3d import draw_3d
from thalweg.viz.surface.draw_contour import draw_contour
from thalweg.viz.surface.draw_curve import draw_curve
from thalweg.viz.surface.drawing import add_legend
from thalweg.viz.surface.numbers import LossSurface
from thalweg.viz.surface.surface_plot import SurfacePlot
from thalweg.viz.surface.words import caption_of

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = ["check_kind", "check_scale", "draw_surface", "two_axes"]

KINDS = ("contour", "3d", "both")
SCALES = ("auto", "linear", "log")


def check_kind(kind: Any, ax: Any, caller: str) -> None:
    """Fail unless there is such a kind of picture, and it fits into the axes that were given."""
    if kind not in KINDS:
        raise ValueError(f"{caller}: kind must be 'contour', '3d' or 'both', got {kind!r}.")
    if ax is not None and kind == "both":
        raise ValueError(
            f"{caller}: kind='both' has two pictures, so it cannot be drawn into one ax."
        )
    if ax is not None and kind == "3d" and getattr(ax, "name", "") != "3d":
        raise ValueError(f"{caller}: kind='3d' needs an ax with projection='3d'.")


def check_scale(scale: Any, caller: str) -> None:
    """Fail unless there is such a scale."""
    if scale not in SCALES:
        raise ValueError(f"{caller}: scale must be 'auto', 'linear' or 'log', got {scale!r}.")


def draw_surface(surface: LossSurface, kind: str, ax: Axes | None) -> SurfacePlot:
    """The figure of a surface."""
    if surface.scale == "log" and surface.losses.min() <= 0:
        raise ValueError(
            f"scale='log' cannot show the {surface.metric}, which is as low as "
            f"{surface.losses.min():.4g}."
        )
    axes: Any
    if len(surface.names) == 1:
        figure, axes = axes_for(ax)
        handles = draw_curve(surface, axes)
    elif kind == "contour":
        figure, axes = axes_for(ax, 6.4, 4.8)
        handles = draw_contour(surface, axes)
    elif kind == "3d" and ax is not None:
        figure, axes = axes_for(ax)
        handles = draw_3d(surface, axes)
    elif kind == "3d":
        figure, axes = blank(6.4, 5.2, subplot_kw={"projection": "3d"})
        handles = draw_3d(surface, axes)
    else:
        figure, axes = two_axes(11.5, 5.0, (None, "3d"))
        handles = draw_contour(surface, axes[0])
        draw_3d(surface, axes[1])
    add_legend(figure, ax, handles)
    return SurfacePlot(figure, axes, surface, caption_of(surface))


def two_axes(
    width: float, height: float, projections: tuple[str | None, str | None]
) -> tuple[Figure, tuple[Any, Any]]:
    """A figure with two axes side by side, each with a projection of its own."""
    figure, first = blank(width, height)
    first.remove()
    grid = figure.add_gridspec(1, 2, width_ratios=(1.15, 1))
    left, right = (figure.add_subplot(grid[i], projection=p) for i, p in enumerate(projections))
    return figure, (left, right)
