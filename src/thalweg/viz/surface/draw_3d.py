"""A surface in 3-D, with its contours on the floor, the best point, and paths."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from thalweg.viz.palette import palette
from thalweg.viz.surface.drawing import draw_marks, draw_paths
from thalweg.viz.surface.levels import Levels, levels_of, round_values
from thalweg.viz.surface.numbers import LossSurface
from thalweg.viz.surface.words import brief
from thalweg.viz.words import number

if TYPE_CHECKING:
    from matplotlib.lines import Line2D

__all__ = ["best_side", "draw_3d"]

Array = np.ndarray[Any, Any]

# No more facets along each axis: they would be smaller than a pixel.
_FACETS = 80


def draw_3d(surface: LossSurface, ax: Any) -> list[Line2D]:
    """Draw it into axes with the projection '3d'; returns the entries of the legend."""
    colours = palette()
    levels = levels_of(surface.losses, surface.scale)
    heights = levels.vertical(surface.losses)
    low, high = levels.vertical([levels.low, levels.high])
    lift = 0.012 * (high - low)
    across, up = np.meshgrid(*surface.axes)
    floor = low - 0.22 * (high - low)
    ax.set_proj_type("persp", focal_length=1.4)
    ax.computed_zorder = False
    map_ = colours.sequential()
    inner = levels.values[1:-1]
    ax.contour(
        across,
        up,
        heights,
        levels=levels.vertical(inner),
        zdir="z",
        offset=floor,
        colors=map_(levels.shares(inner)),
        linewidths=0.9,
        zorder=1,
    )
    _facets(ax, across, up, heights, map_(levels.shares(surface.losses)))

    def place(at: Array, above: Array) -> list[Array]:
        return [*at.T, levels.vertical(above) + lift]

    handles = [*draw_paths(ax, surface, place), *draw_marks(ax, surface, place)]
    _axes(surface, ax, levels, (floor, high))
    return handles


def _facets(ax: Any, across: Array, up: Array, heights: Array, colours: Array) -> None:
    """The surface itself, with a little light from the side so that its shape is felt."""
    from matplotlib.colors import LightSource

    rows, columns = (_every(n) for n in heights.shape)
    across, up, heights, shaded = (a[rows][:, columns] for a in (across, up, heights, colours))
    light = LightSource(azdeg=300, altdeg=50)
    steps = [(a[-1] - a[0]) / (len(a) - 1) for a in (across[0], up[:, 0])]
    # Slopes as they look in the box, whose sides are as long as each other.
    unit = (heights.max() - heights.min() or 1.0) / max(abs(across[0, -1] - across[0, 0]), 1e-30)
    shade = light.hillshade(
        heights / unit, dx=steps[0], dy=steps[0] * heights.shape[1] / heights.shape[0]
    )
    shaded[..., :3] *= (0.82 + 0.18 * shade)[..., np.newaxis]
    ax.plot_surface(
        across,
        up,
        heights,
        rstride=1,
        cstride=1,
        facecolors=shaded,
        shade=False,
        linewidth=0.3,
        antialiased=True,
        zorder=2,
    )


def _every(count: int) -> Array:
    return np.unique(np.linspace(0, count - 1, min(count, _FACETS)).round().astype(int))


def best_side(shares: Array) -> float:
    """From where to look: over the lowest corner, so that no ridge hides what is behind it.

    Args:
        shares: heights from 0 to 1, of shape (second axis, first axis).

    Returns:
        The azimuth in degrees: the corner with great x and small y is at -58.
    """
    rows, columns = (n // 2 for n in shares.shape)
    corners = {
        -58.0: shares[:rows, columns:],
        32.0: shares[rows:, columns:],
        122.0: shares[rows:, :columns],
        -148.0: shares[:rows, :columns],
    }
    heights = {azimuth: float(part.mean()) for azimuth, part in corners.items()}
    lowest = min(heights, key=heights.__getitem__)
    return -58.0 if heights[-58.0] < heights[lowest] + 0.05 else lowest


def _axes(surface: LossSurface, ax: Any, levels: Levels, limits: tuple[float, float]) -> None:
    from matplotlib.ticker import MaxNLocator

    colours = palette()
    ax.set(xlabel=brief(surface.names[0]), ylabel=brief(surface.names[1]), zlim=limits)
    ax.set_zlabel(surface.label, labelpad=1)
    ax.set_xlim(*surface.axes[0][[0, -1]])
    ax.set_ylim(*surface.axes[1][[0, -1]])
    spacing = "log" if levels.spacing == "log" else "linear"
    ticks = round_values(levels.low, levels.high, spacing, 5)
    ax.set_zticks(levels.vertical(ticks), [number(v) for v in ticks])
    ax.view_init(elev=28, azim=best_side(levels.shares(surface.losses)))
    ax.set_box_aspect((4, 4, 2.9), zoom=0.93)
    for axis in (ax.xaxis, ax.yaxis, ax.zaxis):
        axis.set_pane_color(colours.surface)
        axis.line.set_color(colours.rule)
        axis.set_tick_params(pad=0)
    for axis in (ax.xaxis, ax.yaxis):
        # At the corner where both axes meet, their last numbers would too.
        axis.set_major_locator(MaxNLocator(5, prune="both"))
