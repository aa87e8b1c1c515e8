"""Order along an axis: sort, argsort, places in a sorted sequence. NaN counts as the largest."""

from __future__ import annotations

import math
from typing import Any

from thalweg.ops.arguments import apply, canonical_axis, cast_to, splat
from thalweg.ops.dispatch import op
from thalweg.ops.shaping import reshape
from thalweg.ops.taking import take_along_axis
from thalweg.primitives import elementwise as e
from thalweg.primitives import gather, order
from thalweg.tensor.convert import convert_to_tensor
from thalweg.tensor.dtypes import int32, is_complex, is_floating, result_type
from thalweg.tensor.tensor import Tensor

__all__ = ["argpartition", "argsort", "digitize", "searchsorted", "sort"]


def _along(name: str, x: Any, axis: int | None) -> tuple[Tensor, int]:
    tensor = convert_to_tensor(x)
    if axis is None:
        return reshape(tensor, (math.prod(tensor.shape),)), 0
    return tensor, canonical_axis(name, axis, len(tensor.shape))


@op
def argsort(x: Any, axis: int | None = -1) -> Tensor:
    """The places of the elements in rising order along an axis, int32; equal ones keep their order.

    >>> from thalweg import ops
    >>> ops.argsort([30, 10, 20]).numpy()
    array([1, 2, 0], dtype=int32)
    """
    tensor, place = _along("argsort", x, axis)
    return apply(order.argsort, tensor, axis=place)


@op
def sort(x: Any, axis: int | None = -1) -> Tensor:
    """The elements in rising order along an axis (None: all of them)."""
    tensor, place = _along("sort", x, axis)
    return take_along_axis(tensor, apply(order.argsort, tensor, axis=place), axis=place)


@op
def argpartition(x: Any, kth: int, axis: int | None = -1) -> Tensor:
    """Places of the elements, int32, with the smaller before the `kth` and the larger after it.

    Here they are wholly sorted, which is one of the orders allowed.
    """
    tensor, place = _along("argpartition", x, axis)
    n = tensor.shape[place]
    if not -n <= kth < n:
        raise ValueError(f"argpartition: kth must lie in {-n}..{n - 1}, got {kth}.")
    return apply(order.argsort, tensor, axis=place)


def _precedes(a: Tensor, b: Tensor) -> Tensor:
    """Whether a stands before b in rising order, where NaN is the largest."""
    less = apply(e.lt, a, b)
    if not is_floating(a.dtype):
        return less
    return apply(e.or_, less, apply(e.and_, apply(e.eq, a, a), apply(e.ne, b, b)))


def places_in(sequence: Tensor, values: Tensor, side: str) -> Tensor:
    """By halving the interval: log2(n) steps of a gather and a comparison, all values at once."""
    n = sequence.shape[0]
    shape = values.shape
    low, high = splat(0, shape, int32), splat(n, shape, int32)
    if n == 0:
        return low
    for _ in range(n.bit_length()):
        middle = apply(e.shift_right, low + high, splat(1, shape, int32))
        seen = apply(gather.gather, sequence, middle, axis=0)
        if side == "left":
            right = _precedes(seen, values)
        else:
            right = apply(e.not_, _precedes(values, seen))
        right = apply(e.and_, right, apply(e.lt, low, high))
        low = apply(e.select, right, middle + 1, low)
        high = apply(e.select, right, high, middle)
    return low


@op
def searchsorted(sorted_sequence: Any, values: Any, side: str = "left") -> Tensor:
    """Where values must be inserted to keep a sequence sorted, int32.

    Args:
        sorted_sequence: one axis, rising.
        values: of any shape.
        side: `'left'`: before elements equal to the value; `'right'`: after them.

    >>> from thalweg import ops
    >>> ops.searchsorted([1, 3, 5], [0, 3, 9]).numpy()
    array([0, 1, 3], dtype=int32)
    """
    sequence, wanted = convert_to_tensor(sorted_sequence), convert_to_tensor(values)
    if len(sequence.shape) != 1:
        raise ValueError(
            f"searchsorted: sorted_sequence must have one axis, got shape {sequence.shape}."
        )
    if side not in ("left", "right"):
        raise ValueError(f"searchsorted: side must be 'left' or 'right', got {side!r}.")
    return _searched("searchsorted", sequence, wanted, side)


def _searched(name: str, sequence: Tensor, values: Tensor, side: str) -> Tensor:
    dtype = result_type(sequence.dtype, values.dtype)
    if is_complex(dtype):
        raise TypeError(f"{name}: complex numbers have no order.")
    return places_in(cast_to(sequence, dtype), cast_to(values, dtype), side)


@op
def digitize(x: Any, bins: Any) -> Tensor:
    """The bin of each value, int32: how many of the rising edges `bins` are not above it.

    >>> from thalweg import ops
    >>> ops.digitize([0.2, 1.0, 9.0], [0.5, 1.0, 2.0]).numpy()
    array([0, 2, 3], dtype=int32)
    """
    edges, values = convert_to_tensor(bins), convert_to_tensor(x)
    if len(edges.shape) != 1:
        raise ValueError(f"digitize: bins must have one axis, got shape {edges.shape}.")
    return _searched("digitize", edges, values, "right")
