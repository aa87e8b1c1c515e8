"""Heights of a surface at many points: one compiled Program with a loop over the points inside."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from thalweg import ops
from thalweg.tensor.tensor import Tensor
from thalweg.tensor.variable import Variable
from thalweg.viz.surface.model_loss import ModelLoss
from thalweg.viz.surface.parallel import on_all_threads
from thalweg.viz.surface.plane import Plane

__all__ = ["Heights", "heights", "heights_on_plane", "losses_along"]

Array = np.ndarray[Any, Any]
Heights = Callable[[Array], Array]
"""From points, of shape (n, width), to heights, float64 of shape (n,)."""


def heights(
    height: Callable[[Tensor, Sequence[Tensor]], Tensor], arrays: Sequence[Array], chunk: int
) -> Heights:
    """What gives the heights at points, compiled when it is first called.

    Args:
        height: from one point, a vector, and the arrays to a single number; it is traced.
        arrays: what every point needs.
        chunk: how many points one run of the Program takes.
    """

    def of_points(points: Tensor, *given: Tensor) -> Tensor:
        found: Tensor = ops.map(lambda point: height(point, given), points)
        return found

    run = on_all_threads(of_points, "surface")

    def found(points: Array) -> Array:
        count = len(points)
        missing = -count % chunk
        # The last run is filled up with its last point.
        wide = np.concatenate([points, np.repeat(points[-1:], missing, axis=0)])
        parts = [np.asarray(part, np.float32) for part in np.split(wide, len(wide) // chunk)]
        heights_ = run([(part, *arrays) for part in parts])
        return np.concatenate([np.asarray(h, np.float64) for h in heights_])[:count]

    return found


def heights_on_plane(loss: ModelLoss, plane: Plane, chunk: int) -> Heights:
    """From coordinates on a plane of weights to the loss."""
    width, moved = len(plane.directions), len(plane.variables)
    arrays = [*loss.arrays, *plane.origin, *(a for d in plane.directions for a in d)]

    def height(point: Tensor, given: Sequence[Tensor]) -> Tensor:
        data, planes = given[: len(loss.arrays)], given[len(loss.arrays) :]
        values = list(planes[:moved])
        for i in range(width):
            ways = planes[moved * (i + 1) : moved * (i + 2)]
            values = [
                x + ops.cast(point[i], x.dtype) * way for x, way in zip(values, ways, strict=True)
            ]
        return loss(plane.variables, values, data)

    return heights(height, arrays, chunk)


def losses_along(loss: ModelLoss, variables: Sequence[Variable], chunk: int) -> Heights:
    """From values of weights, all of a point in one row, to the loss."""
    sizes = [int(np.prod(v.shape, dtype=np.int64)) for v in variables]
    starts = np.cumsum([0, *sizes])

    def height(point: Tensor, given: Sequence[Tensor]) -> Tensor:
        values = [
            ops.cast(ops.reshape(point[int(a) : int(a) + n], v.shape), v.dtype)
            for v, a, n in zip(variables, starts[:-1], sizes, strict=True)
        ]
        return loss(variables, values, given)

    return heights(height, loss.arrays, chunk)
