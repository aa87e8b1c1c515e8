"""Directions through all weights of a network, after Li et al. (2018), arXiv 1712.09913.

Random ones are normalised filter by filter, so that a step along them means the same for every
network and every layer, whatever the scale of its weights. Those of a training path are its two
principal components.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from thalweg.layers import (
    Conv1DTranspose,
    Conv2DTranspose,
    Conv3DTranspose,
    DepthwiseConv1D,
    DepthwiseConv2D,
    Embedding,
    SeparableConv1D,
    SeparableConv2D,
)
from thalweg.tensor.variable import Variable
from thalweg.viz.surface.plane import Plane, parallel

__all__ = ["filter_normalized", "main_directions", "path_plane", "random_plane"]

Array = np.ndarray[Any, Any]

_TRANSPOSED = (Conv1DTranspose, Conv2DTranspose, Conv3DTranspose)
_DEPTHWISE = (DepthwiseConv1D, DepthwiseConv2D)
_SEPARABLE = (SeparableConv1D, SeparableConv2D)
# Columns of a path that are taken at once, so that it is never copied as float64 as a whole.
_COLUMNS = 1 << 16


def random_plane(model: Any, seed: int, caller: str = "loss_surface") -> Plane:
    """The plane through the present weights along two random directions, filter-normalised.

    Biases, and the vectors of normalisation layers, stay as they are, as in the paper.

    Raises:
        ValueError: if there are no two directions, since kernels have too few numbers or are 0.
    """
    variables = list(model.trainable_variables)
    outer = _outer_axes(model)
    origin = [np.array(v.numpy()) for v in variables]
    directions = []
    for number in range(2):
        random = np.random.default_rng([seed, number])
        directions.append(
            [
                filter_normalized(
                    random.standard_normal(w.shape), w, _inner_axes(w.ndim, outer.get(id(v), (-1,)))
                )
                if w.ndim > 1
                else np.zeros_like(w)
                for v, w in zip(variables, origin, strict=True)
            ]
        )
    if any(not any(a.any() for a in d) for d in directions) or parallel(*directions):
        raise ValueError(
            f"{caller}: the kernels of model '{model.name}' have too few numbers, or are 0, for "
            "two random directions; name one or two weights."
        )
    names = tuple(f"random direction {i} (lengths of the filters)" for i in (1, 2))
    return Plane(variables, origin, directions, names, center=(0.0, 0.0))


def filter_normalized(direction: Array, weight: Array, axes: tuple[int, ...]) -> Array:
    """A direction whose filters have the norms of the weight's: `d / |d| * |w|` for each filter.

    Args:
        direction: of the weight's shape.
        weight: the weight.
        axes: those that belong to one filter; the others count filters.

    >>> filter_normalized(np.array([[1.0], [1.0]]), np.array([[3.0], [4.0]]), (0,)).round(3)
    array([[3.536],
           [3.536]])
    """
    own = np.sqrt(np.sum(np.square(direction, dtype=np.float64), axis=axes, keepdims=True))
    wanted = np.sqrt(np.sum(np.square(weight, dtype=np.float64), axis=axes, keepdims=True))
    return (direction * (wanted / np.maximum(own, 1e-12))).astype(weight.dtype)


def _outer_axes(model: Any) -> dict[int, tuple[int, ...]]:
    """By identity, the axes of weights that count filters, where it is not the last one."""
    found: dict[int, tuple[int, ...]] = {}
    for layer in model._flatten_layers():
        if isinstance(layer, _TRANSPOSED):
            found[id(layer.kernel)] = (-2,)
        elif isinstance(layer, _DEPTHWISE):
            found[id(layer.kernel)] = (-2, -1)
        elif isinstance(layer, _SEPARABLE):
            found[id(layer.depthwise_kernel)] = (-2, -1)
        elif isinstance(layer, Embedding):
            found[id(layer.embeddings)] = (0,)
    return found


def _inner_axes(rank: int, outer: Sequence[int]) -> tuple[int, ...]:
    counted = {axis % rank for axis in outer}
    return tuple(i for i in range(rank) if i not in counted)


def main_directions(positions: Array, caller: str = "loss_surface") -> tuple[Array, Array]:
    """The first two principal components of points.

    Args:
        positions: float32 of shape (points, weights).
        caller: the function that was called, for messages.

    Returns:
        Unit vectors, float64 of shape (2, weights), each so that the last point lies further
        along it than the first; and the share of the variance along each of all components.

    Raises:
        ValueError: if the points lie on one line.
    """
    points, width = positions.shape
    mean: Array = np.asarray(np.mean(positions, axis=0, dtype=np.float64))
    blocks = [slice(i, i + _COLUMNS) for i in range(0, width, _COLUMNS)]
    gram = np.zeros((points, points))
    for block in blocks:
        part = positions[:, block] - mean[block]
        gram += part @ part.T
    values, vectors = np.linalg.eigh(gram)
    values, vectors = values[::-1].clip(min=0), vectors[:, ::-1]
    if points < 3 or values[1] <= 1e-10 * values[0]:
        raise ValueError(
            f"{caller}: the path has {points} points along one line, but main directions need "
            "at least 3 that are not; record more points, or use random directions."
        )
    found = np.empty((2, width))
    for block in blocks:
        part = positions[:, block] - mean[block]
        found[:, block] = (part.T @ vectors[:, :2] / np.sqrt(values[:2])).T
    along = found @ (positions[-1].astype(np.float64) - positions[0])
    found[along < 0] *= -1
    return found, values / values.sum()


def path_plane(variables: Sequence[Variable], paths: Sequence[Array], caller: str) -> Plane:
    """The plane of the two main directions of training paths.

    It goes through the end of a path, as in the paper; of several paths, through their mean.

    Args:
        variables: the weights that the paths are made of.
        paths: float32 of shape (points, weights) each.
        caller: the function that was called, for messages.
    """
    joined = paths[0] if len(paths) == 1 else np.concatenate(paths)
    found, shares = main_directions(joined, caller)
    middle = joined[-1] if len(paths) == 1 else joined.mean(axis=0, dtype=np.float64)
    return Plane(
        list(variables),
        _split(middle, variables),
        [_split(direction, variables) for direction in found],
        names=tuple(
            f"{place} main direction ({100 * share:.{0 if share < 0.995 else 1}f}% of the variance)"
            for place, share in zip(("1st", "2nd"), shares, strict=False)
        ),
        center=None,
        variance=(float(shares[0]), float(shares[1])),
    )


def _split(flat: Array, variables: Sequence[Variable]) -> list[Array]:
    found, start = [], 0
    for v in variables:
        size = int(np.prod(v.shape, dtype=np.int64))
        found.append(flat[start : start + size].reshape(v.shape).astype(v.dtype.name))
        start += size
    return found
