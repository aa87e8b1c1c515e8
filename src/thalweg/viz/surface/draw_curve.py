"""A loss over one number: a curve, its tangent at the present value, the best point, paths."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from thalweg.viz.figure import LINES
from thalweg.viz.palette import palette
from thalweg.viz.surface.drawing import axis_labels, draw_marks, draw_paths, key
from thalweg.viz.surface.levels import room_around
from thalweg.viz.surface.numbers import LossSurface
from thalweg.viz.words import number

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.lines import Line2D

__all__ = ["draw_curve"]

Array = np.ndarray[Any, Any]


def draw_curve(surface: LossSurface, ax: Axes) -> list[Line2D]:
    """Draw it into axes of a figure; returns the entries of the legend."""
    colours = palette()
    (along,) = surface.axes
    # A tangent is straight, and a bowl a bowl, on a linear scale only.
    log = surface.scale == "log"
    ax.plot(along, surface.losses, color=colours.series[0], linestyle=LINES[0], linewidth=2.2)
    low, high = float(surface.losses.min()), float(surface.losses.max())
    if surface.flat:
        low, high = room_around(low, high)
    handles: list[Line2D] = []
    if surface.gradient is not None and surface.center is not None:
        assert surface.center_loss is not None
        slope, present = float(surface.gradient[0]), surface.center[0]
        width = 0.22 * (along[-1] - along[0])
        if slope:
            # About as long on the paper whether it is flat or steep.
            scale = abs(slope) * (along[-1] - along[0]) / (high - low or 1.0)
            width /= np.hypot(1, scale) / np.hypot(1, min(scale, 1.0))
        ends = np.array([present - width, present + width])
        # The first path has the second colour.
        tone = colours.ink if surface.paths else colours.series[1]
        look = {"color": tone, "linestyle": LINES[1], "linewidth": 1.8}
        ax.plot(ends, surface.center_loss + slope * (ends - present), **look, zorder=3)
        handles.append(key(**look, label=f"slope {number(slope)}"))

    def place(at: Array, above: Array) -> list[Array]:
        return [at[:, 0], above]

    handles += [*draw_paths(ax, surface, place), *draw_marks(ax, surface, place)]
    axis_labels(ax, surface.names, surface.label)
    ax.set_xlim(along[0], along[-1])
    if log:
        ax.set_yscale("log")
    else:
        ax.set_ylim(low - 0.07 * (high - low), high + 0.04 * (high - low))
    return handles
