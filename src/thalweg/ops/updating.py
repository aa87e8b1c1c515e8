"""Pieces of a tensor at places known at run time: slice, slice_update, scatter, scatter_update."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from thalweg.ops.arguments import apply, cast_to, splat
from thalweg.ops.comparison import logical_and
from thalweg.ops.creation import zeros
from thalweg.ops.dispatch import op
from thalweg.ops.reduction import all as all_of
from thalweg.ops.reduction import sum as sum_of
from thalweg.ops.shaping import reshape
from thalweg.ops.taking import where
from thalweg.primitives import gather, movement
from thalweg.tensor.convert import convert_to_tensor
from thalweg.tensor.dtypes import int32, is_integer
from thalweg.tensor.tensor import Tensor

__all__ = ["scatter", "scatter_update", "slice", "slice_update"]


def _start(name: str, start_indices: Any, rank: int) -> Tensor:
    start = convert_to_tensor(start_indices)
    if rank == 0 and start.size == 0:
        return splat(0, (0,), int32)
    if start.shape != (rank,) or not is_integer(start.dtype):
        raise ValueError(
            f"{name}: start_indices must be {rank} integers, one per axis of inputs, got shape "
            f"{start.shape} of {start.dtype.name}."
        )
    return cast_to(start, int32)


@op
def slice(inputs: Any, start_indices: Any, shape: Sequence[int]) -> Tensor:
    """The piece of a given shape that begins at a given place.

    Args:
        inputs: the tensor.
        start_indices: where the piece begins, an integer per axis, also a tensor; a piece that
            would reach over the end is moved back.
        shape: the lengths of the piece; -1 for all that is left, if the start is known.

    >>> from thalweg import ops
    >>> ops.slice(ops.arange(10), [3], [4]).numpy()
    array([3, 4, 5, 6], dtype=int32)
    """
    x = convert_to_tensor(inputs)
    start = _start("slice", start_indices, x.ndim)
    if len(shape) != x.ndim:
        raise ValueError(f"slice: shape must have {x.ndim} lengths, got {tuple(shape)}.")
    lengths = tuple(int(n) for n in shape)
    if type(start) is Tensor:
        begins = [int(a) for a in start._value]
        lengths = tuple(
            n - a if m == -1 else m for n, a, m in zip(x.shape, begins, lengths, strict=True)
        )
    if any(not 0 <= m <= n for m, n in zip(lengths, x.shape, strict=True)):
        raise ValueError(
            f"slice: a piece of shape {tuple(shape)} from {start_indices} does not fit into shape "
            f"{x.shape}."
        )
    return apply(movement.dynamic_slice, x, start, size=lengths)


@op
def slice_update(inputs: Any, start_indices: Any, updates: Any) -> Tensor:
    """`inputs` with the piece that begins at a given place replaced.

    Args:
        inputs: the tensor.
        start_indices: where the piece begins, an integer per axis, also a tensor; a piece that
            would reach over the end is moved back.
        updates: the new piece, with as many axes as `inputs`.

    >>> from thalweg import ops
    >>> ops.slice_update(ops.zeros(4), [1], [5.0, 6.0]).numpy()
    array([0., 5., 6., 0.], dtype=float32)
    """
    x = convert_to_tensor(inputs)
    start = _start("slice_update", start_indices, x.ndim)
    return apply(movement.dynamic_update_slice, x, cast_to(updates, x.dtype), start)


@op
def scatter(indices: Any, values: Any, shape: Sequence[int]) -> Tensor:
    """Zeros, with values added at given places.

    Args:
        indices: shape (..., k), the first k indices of a place each.
        values: shape (..., *shape[k:]).
        shape: of the result. Places outside are ignored.

    >>> from thalweg import ops
    >>> ops.scatter([[0], [2], [2]], [1.0, 2.0, 3.0], (4,)).numpy()
    array([1., 0., 5., 0.], dtype=float32)
    """
    updates = convert_to_tensor(values)
    return _scattered("scatter", zeros(shape, updates.dtype), indices, updates, "add")


@op
def scatter_update(inputs: Any, indices: Any, updates: Any, reduction: str | None = None) -> Tensor:
    """`inputs` with values written at given places.

    Args:
        inputs: the tensor.
        indices: shape (..., k), the first k indices of a place each; negative ones count from the
            end, and places outside are ignored.
        updates: shape (..., *inputs.shape[k:]).
        reduction: None to replace (the last one of several counts), or 'add', 'max', 'min', 'mul'
            to combine with what is there.

    >>> from thalweg import ops
    >>> ops.scatter_update(ops.zeros((2, 2)), [[0, 1], [1, 0]], [1.0, 2.0]).numpy()
    array([[0., 1.],
           [2., 0.]], dtype=float32)
    """
    mode = "set" if reduction is None else str(reduction).lower()
    if mode not in ("set", "add", "max", "min", "mul") or reduction == "set":
        raise ValueError(
            "scatter_update: reduction must be None, 'add', 'max', 'min' or 'mul', got "
            f"{reduction!r}."
        )
    x = convert_to_tensor(inputs)
    return _scattered("scatter_update", x, indices, cast_to(updates, x.dtype), mode)


def _scattered(name: str, x: Tensor, indices: Any, updates: Tensor, mode: str) -> Tensor:
    places = convert_to_tensor(indices)
    if not places.ndim or places.shape[-1] > x.ndim or not is_integer(places.dtype):
        raise ValueError(
            f"{name}: indices must be integers with up to {x.ndim} on the last axis for a tensor "
            f"of shape {x.shape}, got shape {places.shape} of {places.dtype.name}."
        )
    k = places.shape[-1]
    lengths, rest = x.shape[:k], x.shape[k:]
    if updates.shape != (*places.shape[:-1], *rest):
        raise ValueError(
            f"{name}: the new values must have shape {(*places.shape[:-1], *rest)} for indices of "
            f"shape {places.shape} into shape {x.shape}, got {updates.shape}."
        )
    places = cast_to(places, int32)
    bounds = Tensor(np.array(lengths, np.int32))
    places = where(places < 0, places + bounds, places)
    inside = all_of(logical_and(places >= 0, places < bounds), axis=-1)
    strides = np.array([math.prod(lengths[i + 1 :]) for i in range(k)], np.int32)
    # A place outside becomes -1, which the primitive ignores.
    flat = where(inside, sum_of(places * Tensor(strides), axis=-1), -1)
    found = apply(
        gather.scatter,
        reshape(x, (math.prod(lengths), *rest)),
        cast_to(flat, int32),
        updates,
        axis=0,
        mode=mode,
    )
    return reshape(found, x.shape)
