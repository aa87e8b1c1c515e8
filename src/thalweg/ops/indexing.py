"""NumPy's indexing: numbers, slices, ellipsis, newaxis, integer arrays and boolean masks.

Everything becomes a slice, a reverse, a reshape and at most one gather.
"""

from __future__ import annotations

import math
import operator
from dataclasses import dataclass
from typing import Any

import numpy as np

from thalweg.ops.arguments import apply, broadcast, broadcast_shapes, cast_to, splat
from thalweg.ops.dispatch import op
from thalweg.primitives import elementwise as e
from thalweg.primitives import gather, movement
from thalweg.primitives.graph import SymbolicTensor
from thalweg.tensor.convert import convert_to_tensor
from thalweg.tensor.dtypes import bool_, int32, int64, is_integer
from thalweg.tensor.tensor import Tensor

__all__ = ["get_item"]

Shape = tuple[int, ...]


@dataclass(slots=True)
class _Plan:
    """How each axis is read, and the shape after it."""

    start: list[int]
    stop: list[int]
    step: list[int]
    backward: list[int]
    # What becomes of the sliced axes: the number of an axis stays, None is a new one.
    kept: list[int | None]
    # Axis of the input and the integer tensor that picks from it.
    arrays: list[tuple[int, Any]]
    # Where the first of them stands among `kept`, and whether others stand between them.
    place: int = 0
    apart: bool = False


@op
def get_item(x: Any, key: Any) -> Tensor:
    """`x[key]`, as NumPy indexes.

    Args:
        x: a tensor.
        key: an integer, a slice, `...`, `None` (a new axis), an array of integers or bools, or a
            tuple of these. Integer tensors may be computed; where they lie outside they are moved
            to the nearest place. A mask of bools must be known, since the shape of the result
            depends on it.

    Raises `IndexError` for a Python number out of range.

    >>> from thalweg import ops
    >>> ops.get_item(ops.arange(5), slice(None, None, -2)).numpy()
    array([4, 2, 0], dtype=int32)
    """
    tensor = convert_to_tensor(x)
    keys = key if isinstance(key, tuple) else (key,)
    if len(keys) == 1 and type(keys[0]) is int and tensor.shape:  # a row: the common case
        return _row(tensor, keys[0])
    plan = _planned(tensor, _expanded(keys, tensor))
    found = _sliced(tensor, plan)
    return _picked(found, plan) if plan.arrays else _reshaped(found, plan)


def _row(x: Tensor, i: int) -> Tensor:
    shape = x.shape
    place, rest = _checked(i, 0, shape), shape[1:]
    zeros = (0,) * len(rest)
    row = apply(
        movement.slice_,
        x,
        start=(place, *zeros),
        stop=(place + 1, *rest),
        step=(1,) * len(shape),
    )
    return apply(movement.reshape, row, shape=rest)


def _checked(i: int, axis: int, shape: Shape) -> int:
    n = shape[axis]
    if not -n <= i < n:
        raise IndexError(f"Index {i} is out of range for axis {axis} of a tensor of shape {shape}.")
    return i % n


# --- the key --------------------------------------------------------------------------------------


def _expanded(keys: tuple[Any, ...], x: Tensor) -> list[Any]:
    """One entry an axis or newaxis: masks become integer arrays, the ellipsis full slices."""
    given = [_checked_key(k) for k in keys]
    if sum(k is Ellipsis for k in given) > 1:
        raise IndexError("An index may have only one ellipsis ('...').")
    used, rank = sum(map(_consumed, given)), len(x.shape)
    if used > rank:
        raise IndexError(
            f"Too many indices: {used} for a tensor of shape {x.shape} with {rank} axes."
        )
    rest = [slice(None)] * (rank - used)
    found: list[Any] = []
    axis = 0
    for k in given if any(k is Ellipsis for k in given) else [*given, Ellipsis]:
        if k is Ellipsis:
            # Even where it stands for no axis it keeps the arrays beside it apart.
            found.extend(rest or [Ellipsis])
            axis += len(rest)
            continue
        found.extend(_from_mask(k, axis, x) if _is_mask(k) else [k])
        axis += _consumed(k)
    return found


def _checked_key(k: Any) -> Any:
    if isinstance(k, (bool, np.bool_)):
        raise IndexError("An index may not be a single bool; use None for a new axis.")
    return k if not _is_array(k) else _index_array(k)


def _is_array(k: Any) -> bool:
    return not (k is None or k is Ellipsis or isinstance(k, (int, np.integer, slice)))


def _is_mask(k: Any) -> bool:
    return _is_array(k) and k.dtype == bool_


def _consumed(k: Any) -> int:
    """How many axes an entry of a key reads."""
    if _is_mask(k):
        return len(k.shape)
    return 0 if k is None or k is Ellipsis else 1


def _index_array(k: Any) -> Any:
    """A tensor, or a NumPy array where the values are known before anything runs."""
    if isinstance(k, (list, tuple)) and not k:
        return np.zeros((0,), np.int32)
    if not isinstance(k, np.ndarray):
        tensor = convert_to_tensor(k)
        known = not isinstance(k, Tensor) and type(tensor) is Tensor and not hasattr(k, "value")
        k = tensor._value if known else tensor
    if k.dtype != bool_ and not is_integer(k.dtype):
        raise IndexError(f"An index must hold integers or bools, got {k.dtype.name}.")
    return k


def _from_mask(mask: Any, axis: int, x: Tensor) -> list[np.ndarray[Any, Any]]:
    """The places where a mask is true, an array for each axis that it covers."""
    if isinstance(mask, SymbolicTensor):
        raise TypeError(
            "A mask of bools cannot be an index inside a traced function, since the shape of the "
            "result would depend on its values; use ops.where instead."
        )
    values = mask._value if isinstance(mask, Tensor) else mask
    covered = tuple(x.shape[axis : axis + values.ndim])
    if covered != values.shape or not values.ndim:
        raise IndexError(
            f"A mask of shape {values.shape} does not fit the axes from {axis} on of a tensor of "
            f"shape {x.shape}."
        )
    return [places.astype(np.int32) for places in np.nonzero(values)]


# --- the plan -------------------------------------------------------------------------------------


def _planned(x: Tensor, keys: list[Any]) -> _Plan:
    shape = x.shape
    plan = _Plan([], [], [], [], [], [])
    last: int | None = None  # where in the key the last array stood
    several = any(_is_array(k) for k in keys)
    axis = 0
    for i, k in enumerate(keys):
        if k is None or k is Ellipsis:
            plan.kept.extend([None] if k is None else [])
            continue
        n = shape[axis]
        if isinstance(k, slice):
            start, stop, step = _slice(k, n)
            if step < 0:
                plan.backward.append(axis)
                length = len(range(start, stop, step))
                start, stop, step = start + (length - 1) * step, start + 1, -step
            plan.kept.append(axis)
        elif several:  # beside an array a number counts as one too
            start, stop, step = 0, n, 1
            if last is None:
                plan.place = len(plan.kept)
            elif last != i - 1:
                plan.apart = True
            last = i
            plan.arrays.append((axis, _known_array(k, axis, shape)))
        else:
            start = _checked(operator.index(k), axis, shape)
            stop, step = start + 1, 1
        plan.start.append(start)
        plan.stop.append(stop)
        plan.step.append(step)
        axis += 1
    return plan


def _slice(k: slice, n: int) -> tuple[int, int, int]:
    """Start, stop and step inside 0 .. n, stop at start where there is nothing in between."""
    start, stop, step = k.indices(n)
    if (stop - start) * step <= 0:
        return 0, 0, 1
    return start, stop, step


def _known_array(k: Any, axis: int, shape: Shape) -> Any:
    """Known indices counted from the front, with the error for those out of range."""
    if isinstance(k, (int, np.integer)):
        return np.asarray(_checked(int(k), axis, shape), np.int32)
    if isinstance(k, np.ndarray):
        n = shape[axis]
        wrong = k[(k < -n) | (k >= n)]
        if wrong.size:
            _checked(int(wrong.flat[0]), axis, shape)
        return np.where(k < 0, k + n, k).astype(np.int32 if n < 2**31 else np.int64)
    return k


# --- carrying it out ------------------------------------------------------------------------------


def _sliced(x: Tensor, plan: _Plan) -> Tensor:
    start, stop, step = tuple(plan.start), tuple(plan.stop), tuple(plan.step)
    if any(start) or stop != x.shape or any(s != 1 for s in step):
        x = apply(movement.slice_, x, start=start, stop=stop, step=step)
    return apply(movement.reverse, x, axes=tuple(plan.backward)) if plan.backward else x


def _reshaped(x: Tensor, plan: _Plan) -> Tensor:
    shape = tuple([1 if axis is None else x.shape[axis] for axis in plan.kept])
    return x if shape == x.shape else apply(movement.reshape, x, shape=shape)


def resolved(indices: Tensor, n: int) -> Tensor:
    """Indices counted from the front: those below 0 count from the end of n places."""
    if indices.dtype.kind == "u":
        return indices
    if indices.dtype not in (int32, int64):
        indices = cast_to(indices, int32)
    below = apply(e.lt, indices, e.zero_like(indices))
    return apply(e.select, below, indices + splat(n, indices.shape, indices.dtype), indices)


def _picked(x: Tensor, plan: _Plan) -> Tensor:
    """Gather with index arrays: their axes are brought together and read as one."""
    axes = [axis for axis, _ in plan.arrays]
    lengths = [x.shape[axis] for axis in axes]
    others = [axis for axis in plan.kept if axis is not None]
    before = 0 if plan.apart else sum(axis is not None for axis in plan.kept[: plan.place])
    order = (*others[:before], *axes, *others[before:])
    if order != tuple(range(len(order))):
        x = apply(movement.transpose, x, axes=order)
    rest = tuple(x.shape)
    if len(axes) > 1:
        flat = (*rest[:before], math.prod(lengths), *rest[before + len(axes) :])
        x = apply(movement.reshape, x, shape=flat)
    indices = _joint([array for _, array in plan.arrays], lengths)
    found = apply(gather.gather, x, indices, axis=before)
    return _with_new_axes(found, plan, indices.shape, before)


def _joint(arrays: list[Any], lengths: list[int]) -> Tensor:
    """One index into the axes joined, from an index into each."""
    shape = broadcast_shapes("get_item", *[tuple(a.shape) for a in arrays])
    wide = math.prod(lengths) >= 2**31
    if all(isinstance(a, np.ndarray) for a in arrays):
        joint = np.zeros(shape, np.int64 if wide else np.int32)
        for array, n in zip(arrays, lengths, strict=True):
            joint = joint * n + array
        return Tensor(np.asarray(joint, np.int64 if wide else np.int32))
    found: Tensor | None = None
    for array, n in zip(arrays, lengths, strict=True):
        one = _inside(array, n, wide)
        one = broadcast("get_item", one, splat(0, shape, one.dtype))[0]
        found = one if found is None else found * splat(n, shape, one.dtype) + one
    assert found is not None
    return found


def _inside(array: Any, n: int, wide: bool) -> Tensor:
    """Indices counted from the front and moved inside, as gather does for a single axis."""
    if isinstance(array, np.ndarray):
        return Tensor(np.asarray(array, np.int64 if wide else np.int32))
    index = cast_to(resolved(array, n), int64 if wide else int32)
    index = apply(e.max_, index, e.zero_like(index))
    return apply(e.min_, index, splat(max(n - 1, 0), index.shape, index.dtype))


def _with_new_axes(x: Tensor, plan: _Plan, indexed: Shape, before: int) -> Tensor:
    if None not in plan.kept:
        return x
    place = 0 if plan.apart else plan.place
    lengths = iter((*x.shape[:before], *x.shape[before + len(indexed) :]))
    shape = [1 if axis is None else next(lengths) for axis in plan.kept]
    return apply(movement.reshape, x, shape=(*shape[:place], *indexed, *shape[place:]))
