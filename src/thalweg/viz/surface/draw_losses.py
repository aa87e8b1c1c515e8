"""The losses along paths over time, beside a surface."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from thalweg.viz.surface.drawing import path_look
from thalweg.viz.surface.levels import round_values
from thalweg.viz.surface.numbers import LossSurface
from thalweg.viz.words import number

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["draw_losses"]

# From this ratio of the highest to the lowest on, the axis is logarithmic.
_WIDE = 8.0


def draw_losses(surface: LossSurface, ax: Axes) -> None:
    """Draw the true losses of each path, in the colours of the surface's legend."""
    for i, path in enumerate(surface.paths.values()):
        every = max(1, round(len(path.losses) / 9))
        ax.plot(path.steps, path.losses, **path_look(i), markersize=5, markevery=every)
    unit = next(iter(surface.paths.values())).unit
    ax.set(xlabel="epochs" if unit == "epoch" else "batches", ylabel=surface.label)
    losses = np.concatenate([path.losses for path in surface.paths.values()])
    low, high = float(losses.min()), float(losses.max())
    if low > 0 and high > _WIDE * low:
        ax.set_yscale("log")
        ticks = round_values(low, high, "log")
        ax.set_yticks(ticks, [number(v) for v in ticks])
        ax.minorticks_off()
