"""New shapes and new orders of the same elements: reshape, transpose, flip, roll and the like."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from thalweg.ops.arguments import apply, canonical_axes, canonical_axis, whole_numbers
from thalweg.ops.creation import as_shape
from thalweg.ops.dispatch import op
from thalweg.primitives import movement
from thalweg.tensor.convert import convert_to_tensor
from thalweg.tensor.tensor import Tensor

__all__ = [
    "broadcast_to",
    "expand_dims",
    "flip",
    "fliplr",
    "flipud",
    "moveaxis",
    "ndim",
    "ravel",
    "reshape",
    "roll",
    "rot90",
    "size",
    "squeeze",
    "swapaxes",
    "transpose",
]


@op
def reshape(x: Any, newshape: Any) -> Tensor:
    """The elements of `x`, in order, in another shape.

    Args:
        x: a tensor.
        newshape: the lengths of the new axes; one of them may be -1, which takes what is left.

    >>> from thalweg import ops
    >>> ops.reshape([1, 2, 3, 4], (2, -1)).numpy()
    array([[1, 2],
           [3, 4]], dtype=int32)
    """
    tensor = convert_to_tensor(x)
    shape = whole_numbers("reshape", "newshape", newshape)
    if shape == tensor.shape:
        return tensor
    if shape and min(shape) < 0:
        shape = _filled(shape, tensor)
    return apply(movement.reshape, tensor, shape=shape)


def _filled(shape: tuple[int, ...], x: Tensor) -> tuple[int, ...]:
    if min(shape) < -1 or shape.count(-1) > 1:
        raise ValueError(f"reshape: newshape may have one -1 and nothing below, got {shape}.")
    others = math.prod(n for n in shape if n != -1)
    total = math.prod(x.shape)
    if (total % others if others else total) != 0:
        raise ValueError(
            f"reshape: a tensor of shape {x.shape} has {total} elements, which do not fit into "
            f"newshape {shape}."
        )
    return tuple((total // others if others else 0) if n == -1 else n for n in shape)


@op
def ravel(x: Any) -> Tensor:
    """All elements on one axis."""
    tensor = convert_to_tensor(x)
    return reshape(tensor, (math.prod(tensor.shape),))


def ndim(x: Any) -> int:
    """The number of axes."""
    return len(x.shape) if hasattr(x, "shape") else len(convert_to_tensor(x).shape)


def size(x: Any) -> int:
    """The number of elements."""
    return math.prod(x.shape if hasattr(x, "shape") else convert_to_tensor(x).shape)


# --- axes of length one ---------------------------------------------------------------------------


@op
def expand_dims(x: Any, axis: int | Sequence[int]) -> Tensor:
    """`x` with new axes of length 1.

    Args:
        x: a tensor.
        axis: where they stand in the result; one or several.

    >>> from thalweg import ops
    >>> ops.expand_dims([1, 2], axis=0).shape
    (1, 2)
    """
    tensor = convert_to_tensor(x)
    rank = len(tensor.shape) + len(whole_numbers("expand_dims", "axis", axis))
    places = canonical_axes("expand_dims", axis, rank)
    rest = iter(tensor.shape)
    shape = tuple([1 if i in places else next(rest) for i in range(rank)])
    return apply(movement.reshape, tensor, shape=shape)


@op
def squeeze(x: Any, axis: int | Sequence[int] | None = None) -> Tensor:
    """`x` without axes of length 1: all of them, or those named."""
    tensor = convert_to_tensor(x)
    shape = tensor.shape
    if axis is None:
        kept = tuple(n for n in shape if n != 1)
    else:
        places = canonical_axes("squeeze", axis, len(shape))
        if any(shape[i] != 1 for i in places):
            raise ValueError(
                f"squeeze: axis {axis} must have length 1, got a tensor of shape {shape}."
            )
        kept = tuple(n for i, n in enumerate(shape) if i not in places)
    return tensor if kept == shape else apply(movement.reshape, tensor, shape=kept)


# --- orders of axes -------------------------------------------------------------------------------


def permuted(x: Tensor, axes: Sequence[int]) -> Tensor:
    """The tensor with its axes in this order."""
    order = tuple(axes)
    if order == tuple(range(len(x.shape))):
        return x
    return apply(movement.transpose, x, axes=order)


@op
def transpose(x: Any, axes: Sequence[int] | None = None) -> Tensor:
    """`x` with its axes in another order, by default reversed.

    >>> from thalweg import ops
    >>> ops.transpose(ops.zeros((2, 3, 4)), axes=(0, 2, 1)).shape
    (2, 4, 3)
    """
    tensor = convert_to_tensor(x)
    rank = len(tensor.shape)
    if axes is None:
        return permuted(tensor, range(rank)[::-1])
    order = [canonical_axis("transpose", a, rank) for a in axes]
    if sorted(order) != list(range(rank)):
        raise ValueError(
            f"transpose: axes must name each axis of a tensor of shape {tensor.shape} once, "
            f"got {tuple(axes)}."
        )
    return permuted(tensor, order)


@op
def moveaxis(x: Any, source: int | Sequence[int], destination: int | Sequence[int]) -> Tensor:
    """`x` with some axes at other places; the rest keep their order."""
    tensor = convert_to_tensor(x)
    rank = len(tensor.shape)
    left, right = (
        [canonical_axis("moveaxis", a, rank) for a in whole_numbers("moveaxis", name, axes)]
        for name, axes in (("source", source), ("destination", destination))
    )
    if len(left) != len(right) or len(set(left)) != len(left) or len(set(right)) != len(right):
        raise ValueError(
            f"moveaxis: source and destination must be equally many different axes, got {source} "
            f"and {destination}."
        )
    order = [a for a in range(rank) if a not in left]
    for place, a in sorted(zip(right, left, strict=True)):
        order.insert(place, a)
    return permuted(tensor, order)


@op
def swapaxes(x: Any, axis1: int, axis2: int) -> Tensor:
    """`x` with two axes exchanged."""
    tensor = convert_to_tensor(x)
    rank = len(tensor.shape)
    a, b = (canonical_axis("swapaxes", i, rank) for i in (axis1, axis2))
    order = list(range(rank))
    order[a], order[b] = b, a
    return permuted(tensor, order)


@op
def broadcast_to(x: Any, shape: Any) -> Tensor:
    """`x` repeated along new axes and axes of length 1 until it has this shape."""
    tensor, wanted = convert_to_tensor(x), as_shape("broadcast_to", shape)
    if tensor.shape == wanted:
        return tensor
    return apply(movement.broadcast_to, tensor, shape=wanted)


# --- orders of elements ---------------------------------------------------------------------------


@op
def flip(x: Any, axis: int | Sequence[int] | None = None) -> Tensor:
    """`x` backward along the axes named, by default along all."""
    tensor = convert_to_tensor(x)
    return apply(movement.reverse, tensor, axes=canonical_axes("flip", axis, len(tensor.shape)))


@op
def fliplr(x: Any) -> Tensor:
    """`x` backward along its second axis."""
    tensor = convert_to_tensor(x)
    return apply(movement.reverse, tensor, axes=(canonical_axis("fliplr", 1, len(tensor.shape)),))


@op
def flipud(x: Any) -> Tensor:
    """`x` backward along its first axis."""
    tensor = convert_to_tensor(x)
    return apply(movement.reverse, tensor, axes=(canonical_axis("flipud", 0, len(tensor.shape)),))


def along(x: Tensor, axis: int, start: int, stop: int, step: int = 1) -> Tensor:
    """A piece of one axis, the others whole."""
    if start == 0 and stop == x.shape[axis] and step == 1:
        return x
    rank = len(x.shape)
    return apply(
        movement.slice_,
        x,
        start=tuple([start if i == axis else 0 for i in range(rank)]),
        stop=tuple([stop if i == axis else n for i, n in enumerate(x.shape)]),
        step=tuple([step if i == axis else 1 for i in range(rank)]),
    )


@op
def roll(x: Any, shift: int | Sequence[int], axis: int | Sequence[int] | None = None) -> Tensor:
    """`x` moved along axes; what leaves at the end comes in at the front.

    Args:
        x: a tensor.
        shift: by how many places, for each axis.
        axis: the axes; None rolls the elements in order, over all axes.

    >>> from thalweg import ops
    >>> ops.roll([1, 2, 3, 4], 1).numpy()
    array([4, 1, 2, 3], dtype=int32)
    """
    tensor = convert_to_tensor(x)
    if axis is None:
        return reshape(roll(reshape(tensor, (math.prod(tensor.shape),)), shift, 0), tensor.shape)
    axes, shifts = whole_numbers("roll", "axis", axis), whole_numbers("roll", "shift", shift)
    if 1 not in (len(axes), len(shifts)) and len(axes) != len(shifts):
        raise ValueError(f"roll: shift {shift} and axis {axis} must be equally many.")
    length = max(len(axes), len(shifts))
    axes, shifts = axes * (length // len(axes)), shifts * (length // len(shifts))
    for a, distance in zip(axes, shifts, strict=True):
        place = canonical_axis("roll", a, len(tensor.shape))
        n = tensor.shape[place]
        cut = -distance % n if n else 0
        if cut:
            tensor = apply(
                movement.concat,
                along(tensor, place, cut, n),
                along(tensor, place, 0, cut),
                axis=place,
            )
    return tensor


@op
def rot90(array: Any, k: int = 1, axes: tuple[int, int] = (0, 1)) -> Tensor:
    """The plane of two axes turned by 90 degrees, `k` times, from the first towards the second."""
    tensor = convert_to_tensor(array)
    rank = len(tensor.shape)
    if len(axes) != 2:
        raise ValueError(f"rot90: axes must be two, got {axes}.")
    a, b = (canonical_axis("rot90", i, rank) for i in axes)
    if a == b:
        raise ValueError(f"rot90: axes must differ, got {axes}.")
    order = list(range(rank))
    order[a], order[b] = order[b], order[a]
    turns = k % 4
    if turns == 0:
        return tensor
    if turns == 2:
        return apply(movement.reverse, tensor, axes=tuple(sorted((a, b))))
    if turns == 1:
        return permuted(apply(movement.reverse, tensor, axes=(b,)), order)
    return apply(movement.reverse, permuted(tensor, order), axes=(b,))
