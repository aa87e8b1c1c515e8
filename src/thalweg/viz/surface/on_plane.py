"""Recorded paths brought onto a line or plane of weights."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from thalweg.tensor.variable import Variable
from thalweg.viz.surface.path import PathRecorder, TrainingPath
from thalweg.viz.surface.plane import Plane

__all__ = ["Recorded", "named_paths", "project", "recorded"]

Array = np.ndarray[Any, Any]


def named_paths(path: Any, caller: str) -> dict[str, TrainingPath]:
    """The argument `path` as paths by name; one path has an empty name."""
    if path is None:
        return {}
    given = dict(path) if isinstance(path, Mapping) else {"": path}
    found = {}
    for name, item in given.items():
        item = item.path if isinstance(item, PathRecorder) else item
        if not isinstance(item, TrainingPath):
            raise TypeError(
                f"{caller}: path must be a PathRecorder, its path, or a dict of them by name, got "
                f"a {type(item).__name__}."
            )
        found[str(name)] = item
    return found


@dataclass(frozen=True, eq=False)
class Recorded:
    """A path as whole values of variables of a model.

    Attributes:
        path: what was recorded.
        variables: the weights that it goes through.
        rows: their values, all of a point in one row, of shape (points, numbers).
    """

    path: TrainingPath
    variables: list[Variable]
    rows: Array

    def columns(self, variable: Variable) -> slice:
        """Where a variable is in a row."""
        start = 0
        for v in self.variables:
            size = int(np.prod(v.shape, dtype=np.int64))
            if v is variable:
                return slice(start, start + size)
            start += size
        return slice(0, 0)


def recorded(model: Any, path: TrainingPath, caller: str) -> Recorded:
    """A path in terms of a model's weights; what was not recorded is as it is now.

    Raises:
        ValueError: if it was recorded from another model, or is not finite.
    """
    known = {v.path: v for v in model.weights}
    finite = np.isfinite(path.positions).all(axis=1)
    if not finite.all():
        step = int(path.steps[int(np.argmin(finite))])
        raise ValueError(
            f"{caller}: the weights of the path are not finite after {path.unit} {step}; the "
            "training diverged."
        )
    for name, place, shape in zip(path.weights, path.places, path.shapes, strict=True):
        variable = known.get(name)
        if variable is None or (place is None and tuple(variable.shape) != shape):
            what = "has no" if variable is None else f"has shape {tuple(variable.shape)} for"
            raise ValueError(
                f"{caller}: the path is not one of model '{model.name}', which {what} weight "
                f"'{name}'."
            )
    variables = list({id(known[name]): known[name] for name in path.weights}.values())
    if all(place is None for place in path.places):
        return Recorded(path, variables, path.positions)
    present = np.concatenate([np.asarray(v.numpy(), np.float32).reshape(-1) for v in variables])
    found = Recorded(path, variables, np.repeat(present[np.newaxis], len(path), axis=0))
    start = 0
    for name, place, shape in zip(path.weights, path.places, path.shapes, strict=True):
        variable, size = known[name], int(np.prod(shape, dtype=np.int64))
        inside = found.columns(variable)
        if place is not None:
            first = inside.start + int(np.ravel_multi_index(place, variable.shape))
            inside = slice(first, first + 1)
        found.rows[:, inside] = path.positions[:, start : start + size]
        start += size
    return found


def project(track: Recorded, plane: Plane) -> tuple[Array, Array, float]:
    """The nearest points of a plane, by least squares.

    Returns:
        Coordinates, float64 of shape (points, axes); the distances, (points,); and the share of the
        path's variance along the plane.
    """
    points, axes = len(track.rows), len(plane.directions)
    gram, along = np.zeros((axes, axes)), np.zeros((points, axes))
    squares, spread = np.zeros(points), 0.0
    known = {id(v) for v in plane.variables}
    for k, variable in enumerate(plane.variables):
        basis = np.stack(
            [np.asarray(d[k], np.float64).reshape(-1) for d in plane.directions], axis=1
        )
        gram += basis.T @ basis
        inside = track.columns(variable)
        whole = np.asarray(variable.numpy(), np.float64).reshape(1, -1)
        if inside.stop > inside.start:
            whole = np.asarray(track.rows[:, inside], np.float64)
            spread += np.sum(np.square(whole - whole.mean(axis=0)))
        away = whole - np.asarray(plane.origin[k], np.float64).reshape(-1)
        along += away @ basis
        squares += np.sum(np.square(away), axis=1)
    for variable in track.variables:
        if id(variable) not in known:  # it stays as it is in the plane
            whole = np.asarray(track.rows[:, track.columns(variable)], np.float64)
            away = whole - np.asarray(variable.numpy(), np.float64).reshape(-1)
            squares += np.sum(np.square(away), axis=1)
            spread += np.sum(np.square(whole - whole.mean(axis=0)))
    coordinates = np.linalg.solve(gram, along.T).T
    within = np.einsum("ni,ij,nj->n", coordinates, gram, coordinates)
    centred = coordinates - coordinates.mean(axis=0)
    explained = np.einsum("ni,ij,nj->", centred, gram, centred) / max(spread, 1e-300)
    distances = np.sqrt(np.maximum(squares - within, 0))
    return coordinates, distances, float(min(explained, 1.0))
