"""The numbers of a loss surface: from a model and data, or from a function, to a LossSurface."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from thalweg.viz.surface.directions import path_plane, random_plane
from thalweg.viz.surface.heights import Heights, heights_on_plane, losses_along
from thalweg.viz.surface.model_loss import ModelLoss, check_surface_model
from thalweg.viz.surface.named import named_numbers
from thalweg.viz.surface.numbers import LossSurface, SurfacePath
from thalweg.viz.surface.on_plane import Recorded, named_paths, project, recorded
from thalweg.viz.surface.plane import Plane, given_plane, named_plane
from thalweg.viz.surface.ranges import (
    around,
    checked_points,
    checked_ranges,
    grid,
    holding,
    including,
)

__all__ = ["heights_of_grid", "model_surface"]

Array = np.ndarray[Any, Any]

# As far as random directions are followed, in lengths of the filters.
_REACH = 1.0


def model_surface(
    model: Any,
    x: Any,
    y: Any,
    *,
    sample_weight: Any,
    weights: str | Sequence[str] | None,
    directions: Any,
    path: Any,
    ranges: Any,
    points: Any,
    metric: str,
    unit: str,
    training: bool,
    batch_size: int,
    seed: int,
    caller: str = "loss_surface",
) -> LossSurface:
    """The numbers that `loss_surface` draws; its arguments."""
    check_surface_model(caller, model)
    if isinstance(seed, bool) or not isinstance(seed, int) or seed < 0:
        raise ValueError(f"{caller}: seed must be a whole number from 0 on, got {seed!r}.")
    tracks = {k: recorded(model, p, caller) for k, p in named_paths(path, caller).items()}
    plane = _plane(model, weights, directions, tracks, seed, caller)
    wanted = checked_ranges(ranges, plane.names, caller)
    counts = checked_points(points, len(plane.names), caller)
    if isinstance(batch_size, bool) or not isinstance(batch_size, int) or batch_size < 1:
        raise ValueError(
            f"{caller}: batch_size must be a positive whole number, got {batch_size!r}."
        )
    loss = ModelLoss(model, x, y, sample_weight, metric, training, batch_size, caller)

    heights = heights_on_plane(loss, plane, counts[0])
    projected = {name: project(track, plane) for name, track in tracks.items()}
    if wanted is None:
        wanted = _chosen(plane, heights, [found[0] for found in projected.values()])
    axes, losses = heights_of_grid(heights, wanted, counts, metric, caller)
    paths = {}
    for name, track in tracks.items():
        coordinates, distances, explained = projected[name]
        true = losses_along(loss, track.variables, len(track.rows))(track.rows)
        paths[name] = SurfacePath(
            track.path.steps,
            track.path.unit,
            coordinates,
            heights(coordinates),
            true,
            distances,
            explained,
        )
    center_loss = None
    if plane.center is not None:
        center_loss = float(heights(np.array([plane.center]))[0])
    return LossSurface(
        names=plane.names,
        axes=axes,
        losses=losses,
        metric=metric,
        unit=unit,
        center=plane.center,
        center_loss=center_loss,
        gradient=loss.gradient(plane) if plane.exact or len(plane.names) == 1 else None,
        directions=tuple(plane.directions),
        variance=plane.variance,
        paths=paths,
        exact=plane.exact,
    )


def _plane(
    model: Any,
    weights: Any,
    directions: Any,
    tracks: dict[str, Recorded],
    seed: int,
    caller: str,
) -> Plane:
    by_name = isinstance(directions, str)
    if by_name and directions not in ("random", "path"):
        raise ValueError(
            f"{caller}: directions must be 'random', 'path' or one or two lists of arrays, got "
            f"{directions!r}."
        )
    if weights is not None:
        if not by_name or directions != "random":
            raise ValueError(f"{caller}: give either weights or directions, not both.")
        return named_plane(named_numbers(model, weights, caller))
    if not by_name:
        return given_plane(model, directions, caller)
    if directions == "random":
        return random_plane(model, seed, caller)
    if not tracks:
        raise ValueError(
            f"{caller}: directions='path' needs path, such as a PathRecorder that was among the "
            "callbacks of fit."
        )
    first = next(iter(tracks.values()))
    for track in tracks.values():
        if [v.path for v in track.variables] != [v.path for v in first.variables]:
            raise ValueError(f"{caller}: the paths were recorded of different weights.")
    plane = path_plane(first.variables, [track.rows for track in tracks.values()], caller)
    return _with_center(plane)


def _with_center(plane: Plane) -> Plane:
    """With the coordinates of the present weights, where these lie in the plane."""
    away = [
        np.asarray(v.numpy(), np.float64) - o
        for v, o in zip(plane.variables, plane.origin, strict=True)
    ]
    place = np.array(
        [sum(np.vdot(a, b) for a, b in zip(away, d, strict=True)) for d in plane.directions]
    )
    length = sum(float(np.vdot(a, a)) for a in away)
    size = sum(float(np.vdot(o, o)) for o in plane.origin)
    if length - place @ place > 1e-8 * max(size, 1.0):
        return plane
    return replace(plane, center=tuple(float(c) for c in place))


def _chosen(
    plane: Plane, heights: Heights, coordinates: Sequence[Array]
) -> list[tuple[float, float]]:
    if plane.variance is not None:
        return holding(coordinates)
    assert plane.center is not None
    if plane.exact:
        return including(around(heights, plane.center), coordinates)
    return including([(c - _REACH, c + _REACH) for c in plane.center], coordinates)


def heights_of_grid(
    heights: Heights,
    ranges: list[tuple[float, float]],
    counts: Sequence[int],
    metric: str,
    caller: str,
) -> tuple[tuple[Array, ...], Array]:
    """The axes of a grid and the heights on it.

    Raises:
        ValueError: if some are not finite.
    """
    axes, coordinates = grid(ranges, counts)
    found = heights(coordinates)
    wrong = int(np.sum(~np.isfinite(found)))
    if wrong:
        raise ValueError(
            f"{caller}: the {metric} is not finite at {wrong:,} of {found.size:,} points; choose "
            "smaller ranges."
        )
    return axes, found.reshape(tuple(reversed(counts)))
