"""The numbers of a loss surface, and of the paths on it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from thalweg.viz.curves.direction import better

__all__ = ["Extremum", "LossSurface", "SurfacePath", "is_flat"]

Array = np.ndarray[Any, Any]


@dataclass(frozen=True)
class Extremum:
    """The lowest or the highest point of a grid.

    Attributes:
        place: its coordinates.
        value: the loss or metric there.
        at_edge: whether it lies on the edge of the grid, so that it may go on beyond.
    """

    place: tuple[float, ...]
    value: float
    at_edge: bool


def is_flat(low: float, high: float) -> bool:
    """Whether values from low to high are the same, but for rounding."""
    return high - low <= 1e-9 * max(abs(low), abs(high), 1e-30)


@dataclass(frozen=True, eq=False)
class SurfacePath:
    """The path of a training on a surface.

    Attributes:
        steps: after how many epochs (or batches) each point was recorded, int64 of shape (points,).
        unit: what `steps` counts, `'epoch'`, `'batch'` or `'step'`.
        coordinates: the points of the surface that are nearest to those of the path, float64 of
            shape (points, axes).
        heights: the surface there, (points,).
        losses: the true values with the recorded weights, (points,).
        distances: how far the recorded weights are from the surface's line or plane, (points,).
        explained: the share of the path's variance that lies along the line or plane.
    """

    steps: Array
    unit: str
    coordinates: Array
    heights: Array
    losses: Array
    distances: Array
    explained: float


@dataclass(frozen=True, eq=False)
class LossSurface:
    """A loss, or a metric, over one or two axes.

    Attributes:
        names: what each axis is.
        axes: the coordinates of the grid along each axis, float64.
        losses: the values, float64: of shape (len(axes[0]),) over one axis, of shape
            (len(axes[1]), len(axes[0])) over two.
        metric: what the values are, such as `'loss'`.
        unit: their unit, empty if none was given.
        center: the coordinates of the present weights; None where they are not on the surface.
        center_loss: the value there.
        gradient: the slope of the loss there along each axis, where these are single numbers or
            there is one axis; else None.
        directions: for each axis, an array for each weight that moves along it; empty for a
            function.
        variance: the share of the paths' variance along each axis, where paths gave the axes.
        paths: the paths on it by name.
        exact: whether the axes are numbers themselves, not directions through many weights.
        scale: how the values are drawn, `'auto'`, `'linear'` or `'log'`.
    """

    names: tuple[str, ...]
    axes: tuple[Array, ...]
    losses: Array
    metric: str = "loss"
    unit: str = ""
    center: tuple[float, ...] | None = None
    center_loss: float | None = None
    gradient: Array | None = None
    directions: tuple[list[Array], ...] = ()
    variance: tuple[float, ...] | None = None
    paths: Mapping[str, SurfacePath] = field(default_factory=dict)
    exact: bool = False
    scale: str = "auto"

    @property
    def minimum(self) -> Extremum:
        """The lowest point of the grid."""
        return self._at(int(np.argmin(self.losses)))

    @property
    def maximum(self) -> Extremum:
        """The highest point of the grid."""
        return self._at(int(np.argmax(self.losses)))

    @property
    def flat(self) -> bool:
        """Whether the values are the same everywhere, but for rounding."""
        low, high = float(self.losses.min()), float(self.losses.max())
        return is_flat(low, high)

    @property
    def best(self) -> tuple[str, Extremum]:
        """`'lowest'` or, of a metric that should be high, `'highest'`, and that point."""
        if better(self.metric) == "up":
            return "highest", self.maximum
        return "lowest", self.minimum

    def _at(self, flat: int) -> Extremum:
        index = np.unravel_index(flat, self.losses.shape)
        # Rows of the grid are the second axis.
        places = [int(i) for i in reversed(index)]
        edge = any(i in (0, len(a) - 1) for i, a in zip(places, self.axes, strict=True))
        place = tuple(float(a[i]) for i, a in zip(places, self.axes, strict=True))
        return Extremum(place, float(self.losses[index]), edge)

    @property
    def label(self) -> str:
        """The name of what is shown, with its unit."""
        return f"{self.metric}, {self.unit}" if self.unit else self.metric
