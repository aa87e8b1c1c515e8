"""How far a surface reaches along its axes: as the user says, or so that the picture tells most."""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from thalweg.viz.surface.heights import Heights
from thalweg.viz.surface.words import brief

__all__ = ["around", "checked_points", "checked_ranges", "grid", "holding", "including"]

Array = np.ndarray[Any, Any]
Ranges = list[tuple[float, float]]

CURVE_POINTS, SURFACE_POINTS = 201, 51
_MARGIN = 0.12


def checked_ranges(ranges: Any, names: Sequence[str], caller: str) -> Ranges | None:
    """The argument `ranges`: a pair for each axis, one pair for all of them, or None."""
    if ranges is None:
        return None
    try:
        array = np.asarray(ranges, np.float64)
    except (TypeError, ValueError):
        array = np.zeros(0)
    if array.shape == (2,):
        array = np.repeat(array[np.newaxis], len(names), axis=0)
    fits = array.shape == (len(names), 2) and np.isfinite(array).all()
    if not fits or (array[:, 0] >= array[:, 1]).any():
        axes = " and ".join(brief(name) for name in names)
        raise ValueError(
            f"{caller}: ranges must be (low, high) for {axes}, with low < high, got {ranges!r}."
        )
    return [(float(low), float(high)) for low, high in array]


def checked_points(points: Any, axes: int, caller: str) -> tuple[int, ...]:
    """The argument `points`: how many along each axis."""
    if points is None:
        points = CURVE_POINTS if axes == 1 else SURFACE_POINTS
    counts = tuple(points) if isinstance(points, (tuple, list)) else (points,) * axes
    whole = all(isinstance(n, int) and not isinstance(n, bool) and 3 <= n <= 2001 for n in counts)
    if len(counts) != axes or not whole:
        raise ValueError(
            f"{caller}: points must be a whole number from 3 to 2001, or one for each of {axes} "
            f"axes, got {points!r}."
        )
    return counts


def grid(ranges: Ranges, points: Sequence[int]) -> tuple[tuple[Array, ...], Array]:
    """The coordinates along each axis, and of all points: (number of points, axes), rows first."""
    axes = tuple(np.linspace(*r, n) for r, n in zip(ranges, points, strict=True))
    meshed = np.meshgrid(*axes)
    return axes, np.stack([m.reshape(-1) for m in meshed], axis=1)


def around(heights: Heights, center: Sequence[float]) -> Ranges:
    """Ranges in which one sees both the present point and the lowest one near it.

    A parabola is laid through the heights around the center. If it opens upwards, the picture is
    centred at its lowest point, and wide enough for the present one and for the height to double.
    """
    place = np.array(center, np.float64)
    axes = len(place)
    sizes = np.maximum(1.0, np.abs(place))
    steps = 0.25 * sizes
    offsets = np.array(list(itertools.product((-1, 0, 1), repeat=axes)), np.float64)
    found = heights(place + offsets * steps)
    # Least squares for: height = c + g u + u H u / 2, with u in steps.
    pairs = [(i, j) for i in range(axes) for j in range(i, axes)]
    columns = [np.ones(len(offsets)), *offsets.T]
    columns += [offsets[:, i] * offsets[:, j] * (0.5 if i == j else 1.0) for i, j in pairs]
    if not np.isfinite(found).all():
        return [(p - s, p + s) for p, s in zip(place, sizes, strict=True)]
    solution = np.linalg.lstsq(np.stack(columns, axis=1), found, rcond=None)[0]
    slope, curvature = solution[1 : axes + 1], np.zeros((axes, axes))
    for value, (i, j) in zip(solution[axes + 1 :], pairs, strict=True):
        curvature[i, j] = curvature[j, i] = value
    curves = np.linalg.eigvalsh(curvature)
    if curves[0] <= 1e-4 * max(curves[-1], 1e-12):
        return [(p - s, p + s) for p, s in zip(place, sizes, strict=True)]
    away = -np.linalg.solve(curvature, slope)
    lowest = solution[0] + slope @ away / 2
    if np.abs(away).max() > 400:
        return [(p - s, p + s) for p, s in zip(place, sizes, strict=True)]
    ranges = []
    for i in range(axes):
        doubling = math.sqrt(2 * max(abs(lowest), 1e-6 * abs(solution[0])) / curvature[i, i])
        half = max(1.5 * abs(away[i]), doubling, 1e-3) * steps[i]
        middle = place[i] + away[i] * steps[i]
        ranges.append((float(middle - half), float(middle + half)))
    return ranges


def including(ranges: Ranges, coordinates: Sequence[Array]) -> Ranges:
    """Ranges about the same middle that hold all points of paths too."""
    if not coordinates:
        return ranges
    points = np.concatenate(coordinates)
    found = []
    for i, (low, high) in enumerate(ranges):
        middle = (low + high) / 2
        reach = (0.5 + _MARGIN) / 0.5 * np.abs(points[:, i] - middle).max()
        half = max((high - low) / 2, float(reach))
        found.append((middle - half, middle + half))
    return found


def holding(coordinates: Sequence[Array]) -> Ranges:
    """Ranges for paths alone: with a margin, and no side of the picture much shorter than another.

    A path far longer than it is wide would else be drawn on a surface stretched beyond recognition.
    """
    points = np.concatenate(coordinates)
    low, high = points.min(axis=0), points.max(axis=0)
    sides = (1 + 2 * _MARGIN) * np.maximum(high - low, 0.4 * (high - low).max())
    return [
        (float(m - s / 2), float(m + s / 2)) for m, s in zip((low + high) / 2, sides, strict=True)
    ]
