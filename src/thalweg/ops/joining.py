"""Tensors put together and taken apart: concatenate, stack, split, and repeated copies."""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from thalweg.ops.arguments import apply, canonical_axis, cast_to, whole_numbers
from thalweg.ops.dispatch import op
from thalweg.ops.shaping import along, reshape
from thalweg.primitives import gather, movement
from thalweg.tensor.convert import convert_to_tensor
from thalweg.tensor.dtypes import result_type
from thalweg.tensor.tensor import Tensor

__all__ = [
    "append",
    "array_split",
    "column_stack",
    "concatenate",
    "dsplit",
    "dstack",
    "hsplit",
    "hstack",
    "repeat",
    "split",
    "stack",
    "tile",
    "vsplit",
    "vstack",
]


def _together(name: str, xs: Any) -> list[Tensor]:
    """All as tensors of one dtype."""
    tensors = [convert_to_tensor(x) for x in xs]
    if not tensors:
        raise ValueError(f"{name}: at least one tensor is needed, got none.")
    first = tensors[0].dtype
    if all(x.dtype == first for x in tensors):
        return tensors
    dtype = result_type(*[x.dtype for x in tensors])
    return [cast_to(x, dtype) for x in tensors]


def _joined(name: str, tensors: list[Tensor], axis: int) -> Tensor:
    rank = len(tensors[0].shape)
    if rank == 0:
        raise ValueError(f"{name}: tensors without axes cannot be joined; use stack.")
    place = canonical_axis(name, axis, rank)
    return tensors[0] if len(tensors) == 1 else apply(movement.concat, *tensors, axis=place)


@op
def concatenate(xs: Any, axis: int | None = 0) -> Tensor:
    """Tensors one after another along an axis that they have.

    Args:
        xs: the tensors; their shapes agree on the other axes.
        axis: the axis; None joins all elements on one axis.

    >>> from thalweg import ops
    >>> ops.concatenate([[1, 2], [3]]).numpy()
    array([1, 2, 3], dtype=int32)
    """
    tensors = _together("concatenate", xs)
    if axis is None:
        tensors, axis = [reshape(x, (math.prod(x.shape),)) for x in tensors], 0
    return _joined("concatenate", tensors, axis)


@op
def append(x1: Any, x2: Any, axis: int | None = None) -> Tensor:
    """`x2` after `x1` along an axis; by default all elements on one axis."""
    return concatenate([x1, x2], axis=axis)


@op
def stack(x: Any, axis: int = 0) -> Tensor:
    """Tensors of one shape side by side along a new axis.

    Args:
        x: the tensors.
        axis: where the new axis stands in the result.

    >>> from thalweg import ops
    >>> ops.stack([[1, 2], [3, 4]], axis=1).numpy()
    array([[1, 3],
           [2, 4]], dtype=int32)
    """
    tensors = _together("stack", x)
    shape = tensors[0].shape
    if any(t.shape != shape for t in tensors):
        raise ValueError(
            f"stack: all tensors must have one shape, got {[tuple(t.shape) for t in tensors]}."
        )
    place = canonical_axis("stack", axis, len(shape) + 1)
    widened = (*shape[:place], 1, *shape[place:])
    return _joined("stack", [apply(movement.reshape, t, shape=widened) for t in tensors], place)


def _at_least(x: Tensor, rank: int) -> Tensor:
    """Axes of length 1 as `np.atleast_1d`, `np.atleast_2d` and `np.atleast_3d` put them."""
    shape = tuple(x.shape)
    if len(shape) >= rank:
        return x
    if rank == 3 and shape:
        wanted: tuple[int, ...] = (1, *shape, 1) if len(shape) == 1 else (*shape, 1)
    else:
        wanted = (1,) * (rank - len(shape)) + shape
    return apply(movement.reshape, x, shape=wanted)


@op
def hstack(xs: Any) -> Tensor:
    """Tensors one after another along the second axis (the first, if they have only one)."""
    tensors = [_at_least(x, 1) for x in _together("hstack", xs)]
    return _joined("hstack", tensors, 0 if len(tensors[0].shape) == 1 else 1)


@op
def vstack(xs: Any) -> Tensor:
    """Tensors one below another along the first axis; those with one axis count as rows."""
    return _joined("vstack", [_at_least(x, 2) for x in _together("vstack", xs)], 0)


@op
def dstack(xs: Any) -> Tensor:
    """Tensors one behind another along the third axis."""
    return _joined("dstack", [_at_least(x, 3) for x in _together("dstack", xs)], 2)


@op
def column_stack(xs: Any) -> Tensor:
    """Tensors side by side along the second axis; those with one axis count as columns."""
    tensors = [
        x if len(x.shape) > 1 else reshape(x, (-1, 1)) for x in _together("column_stack", xs)
    ]
    return _joined("column_stack", tensors, 1)


# --- taking apart ---------------------------------------------------------------------------------


def _pieces(x: Tensor, axis: int, cuts: list[int]) -> list[Tensor]:
    """The pieces between the cuts, which are places as in Python slices."""
    n = x.shape[axis]
    edges = [0, *cuts, n]
    found = []
    for begin, end in itertools.pairwise(edges):
        start, stop, _ = slice(begin, end).indices(n)
        found.append(along(x, axis, start, max(start, stop)))
    return found


def _cuts(x: Tensor, axis: int, sections: int) -> list[int]:
    """Where to cut into nearly equal sections, the longer ones first."""
    size, longer = divmod(x.shape[axis], sections)
    lengths = [size + (i < longer) for i in range(sections)]
    return [int(n) for n in np.cumsum(lengths[:-1])]


def _split(name: str, x: Any, indices_or_sections: Any, axis: int, equal: bool) -> list[Tensor]:
    tensor = convert_to_tensor(x)
    place = canonical_axis(name, axis, len(tensor.shape))
    if not isinstance(indices_or_sections, (int, np.integer)):
        return _pieces(tensor, place, [int(i) for i in indices_or_sections])
    sections = int(indices_or_sections)
    if sections < 1:
        raise ValueError(f"{name}: there must be at least one section, got {sections}.")
    if equal and tensor.shape[place] % sections:
        raise ValueError(
            f"{name}: axis {axis} of a tensor of shape {tensor.shape} cannot be split into "
            f"{sections} equal sections."
        )
    return _pieces(tensor, place, _cuts(tensor, place, sections))


@op
def split(x: Any, indices_or_sections: int | Sequence[int], axis: int = 0) -> list[Tensor]:
    """`x` cut along an axis.

    Args:
        x: a tensor.
        indices_or_sections: a number of equal sections, or the places to cut at.
        axis: the axis.

    >>> from thalweg import ops
    >>> [t.numpy().tolist() for t in ops.split(ops.arange(5), [1, 3])]
    [[0], [1, 2], [3, 4]]
    """
    return _split("split", x, indices_or_sections, axis, equal=True)


@op
def array_split(x: Any, indices_or_sections: int | Sequence[int], axis: int = 0) -> list[Tensor]:
    """`x` cut along an axis; sections may differ by one in length, the longer ones first."""
    return _split("array_split", x, indices_or_sections, axis, equal=False)


@op
def hsplit(x: Any, indices_or_sections: int | Sequence[int]) -> list[Tensor]:
    """`x` cut along its second axis (the first, if it has only one)."""
    tensor = convert_to_tensor(x)
    axis = 0 if len(tensor.shape) == 1 else 1
    return _split("hsplit", tensor, indices_or_sections, axis, equal=True)


@op
def vsplit(x: Any, indices_or_sections: int | Sequence[int]) -> list[Tensor]:
    """`x` cut along its first axis."""
    tensor = convert_to_tensor(x)
    if len(tensor.shape) < 2:
        raise ValueError(f"vsplit: x needs at least two axes, got shape {tensor.shape}.")
    return _split("vsplit", tensor, indices_or_sections, 0, equal=True)


@op
def dsplit(x: Any, indices_or_sections: int | Sequence[int]) -> list[Tensor]:
    """`x` cut along its third axis."""
    tensor = convert_to_tensor(x)
    if len(tensor.shape) < 3:
        raise ValueError(f"dsplit: x needs at least three axes, got shape {tensor.shape}.")
    return _split("dsplit", tensor, indices_or_sections, 2, equal=True)


# --- copies ---------------------------------------------------------------------------------------


@op
def tile(x: Any, repeats: int | Sequence[int]) -> Tensor:
    """`x` laid out several times along each axis.

    >>> from thalweg import ops
    >>> ops.tile([1, 2], 2).numpy()
    array([1, 2, 1, 2], dtype=int32)
    """
    tensor = convert_to_tensor(x)
    times = whole_numbers("tile", "repeats", repeats)
    rank = max(len(times), len(tensor.shape))
    times = (1,) * (rank - len(times)) + times
    shape = (1,) * (rank - len(tensor.shape)) + tuple(tensor.shape)
    apart = tuple(n for length in shape for n in (1, length))
    repeated = tuple(n for pair in zip(times, shape, strict=True) for n in pair)
    found = apply(movement.reshape, tensor, shape=apart)
    found = apply(movement.broadcast_to, found, shape=repeated)
    return reshape(found, tuple(a * b for a, b in zip(times, shape, strict=True)))


@op
def repeat(x: Any, repeats: Any, axis: int | None = None) -> Tensor:
    """Each element of `x` several times in a row.

    Args:
        x: a tensor.
        repeats: how often: one number, or one for each place of the axis (known before the
            operation runs, since the shape of the result depends on them).
        axis: along which axis; None takes all elements on one axis.

    >>> from thalweg import ops
    >>> ops.repeat([1, 2], [1, 3]).numpy()
    array([1, 2, 2, 2], dtype=int32)
    """
    tensor = convert_to_tensor(x)
    if axis is None:
        tensor, axis = reshape(tensor, (math.prod(tensor.shape),)), 0
    place = canonical_axis("repeat", axis, len(tensor.shape))
    n = tensor.shape[place]
    counts = np.asarray(repeats)
    if counts.size == 1:
        count = int(counts.reshape(()))
        before, after = tensor.shape[:place], tensor.shape[place + 1 :]
        apart = apply(movement.reshape, tensor, shape=(*before, n, 1, *after))
        wide = apply(movement.broadcast_to, apart, shape=(*before, n, count, *after))
        return reshape(wide, (*before, n * count, *after))
    if counts.shape != (n,):
        raise ValueError(
            f"repeat: repeats must be one number or {n} of them, got shape {counts.shape}."
        )
    places = np.repeat(np.arange(n, dtype=np.int32), counts)
    return apply(gather.gather, tensor, Tensor(places), axis=place)
