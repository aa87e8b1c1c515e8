"""A surface from above: filled contours, a colour bar, the best point, and paths."""

from __future__ import annotations

from typing import TYPE_CHECKING

from thalweg.viz.palette import palette
from thalweg.viz.surface.drawing import axis_labels, draw_marks, draw_paths
from thalweg.viz.surface.levels import levels_of
from thalweg.viz.surface.numbers import LossSurface
from thalweg.viz.words import number

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.lines import Line2D

__all__ = ["draw_contour"]


def draw_contour(surface: LossSurface, ax: Axes) -> list[Line2D]:
    """Draw it into axes of a figure; returns the entries of the legend."""
    from matplotlib.colors import BoundaryNorm

    colours = palette()
    levels = levels_of(surface.losses, surface.scale)
    heights = surface.losses.clip(levels.low, levels.high)
    # The levels are evenly spaced as they should be seen, so each gets the next colour.
    norm = BoundaryNorm(levels.values, 256)
    filled = ax.contourf(
        *surface.axes, heights, levels=levels.values, norm=norm, cmap=colours.sequential()
    )
    # Without this, gaps between the areas shine through in vector files.
    filled.set_edgecolor("face")
    ax.contour(
        *surface.axes,
        heights,
        levels=levels.values[1:-1],
        colors=[colours.low_to_high[0]],
        linewidths=0.5,
        alpha=0.45,
    )
    ax.grid(False)
    axis_labels(ax, surface.names)
    handles = [
        *draw_paths(ax, surface, lambda at, _: at.T),
        *draw_marks(ax, surface, lambda at, _: at.T),
    ]
    ax.set_xlim(*surface.axes[0][[0, -1]])
    ax.set_ylim(*surface.axes[1][[0, -1]])
    figure = ax.get_figure(root=True)
    assert figure is not None
    bar = figure.colorbar(filled, ax=ax, label=surface.label, ticks=levels.ticks, pad=0.02)
    bar.ax.set_yticklabels([number(v) for v in levels.ticks])
    bar.ax.minorticks_off()
    bar.outline.set_visible(False)
    bar.ax.grid(False)
    return handles
