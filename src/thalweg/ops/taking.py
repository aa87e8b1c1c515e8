"""Elements by place and by condition: take, where, select, nonzero, diagonals."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from thalweg.ops.arguments import (
    apply,
    broadcast_shapes,
    canonical_axis,
    cast_to,
    promote,
    splat,
)
from thalweg.ops.comparison import truth
from thalweg.ops.creation import as_shape
from thalweg.ops.dispatch import op
from thalweg.ops.indexing import resolved
from thalweg.ops.shaping import permuted, reshape
from thalweg.primitives import elementwise as e
from thalweg.primitives import gather, iota, movement
from thalweg.primitives.graph import SymbolicTensor
from thalweg.tensor.convert import convert_to_tensor
from thalweg.tensor.dtypes import int32, int64, is_integer
from thalweg.tensor.tensor import Tensor

__all__ = ["nonzero", "select", "take", "take_along_axis", "unravel_index", "where"]


def _indices(name: str, indices: Any) -> Tensor:
    found = convert_to_tensor(indices)
    if not is_integer(found.dtype):
        if found.size == 0:
            return cast_to(found, int32)
        raise TypeError(f"{name}: indices must be integers, got {found.dtype.name}.")
    return found


@op
def take(x: Any, indices: Any, axis: int | None = None) -> Tensor:
    """The elements, rows or planes of `x` at these places of an axis.

    Args:
        x: a tensor.
        indices: integers of any shape; negative ones count from the end, and those outside are
            moved to the nearest place.
        axis: the axis; None counts through all elements in order.

    >>> from thalweg import ops
    >>> ops.take([10, 20, 30], [0, -1]).numpy()
    array([10, 30], dtype=int32)
    """
    tensor, places = convert_to_tensor(x), _indices("take", indices)
    if axis is None:
        tensor, axis = reshape(tensor, (math.prod(tensor.shape),)), 0
    place = canonical_axis("take", axis, len(tensor.shape))
    return apply(gather.gather, tensor, resolved(places, tensor.shape[place]), axis=place)


@op
def take_along_axis(x: Any, indices: Any, axis: int | None = None) -> Tensor:
    """For each row along an axis the elements at the row's own places.

    Args:
        x: a tensor.
        indices: integers with as many axes as `x`; all but `axis` broadcast. Negative ones count
            from the end, and those outside are moved to the nearest place.
        axis: the axis; None counts through all elements in order.

    >>> from thalweg import ops
    >>> ops.take_along_axis([[1, 2], [3, 4]], [[1], [0]], axis=1).numpy()
    array([[2],
           [3]], dtype=int32)
    """
    tensor, places = convert_to_tensor(x), _indices("take_along_axis", indices)
    if axis is None:
        tensor, axis = reshape(tensor, (math.prod(tensor.shape),)), 0
        places = reshape(places, (math.prod(places.shape),))
    rank = len(tensor.shape)
    place = canonical_axis("take_along_axis", axis, rank)
    if len(places.shape) != rank:
        raise ValueError(
            f"take_along_axis: indices must have as many axes as x, got shapes {places.shape} and "
            f"{tensor.shape}."
        )
    n, k = tensor.shape[place], places.shape[place]
    rows = broadcast_shapes(
        "take_along_axis",
        tensor.shape[:place] + tensor.shape[place + 1 :],
        places.shape[:place] + places.shape[place + 1 :],
    )
    order = (*(i for i in range(rank) if i != place), place)
    tensor, places = permuted(tensor, order), permuted(resolved(places, n), order)
    tensor = apply(movement.broadcast_to, tensor, shape=(*rows, n))
    places = apply(movement.broadcast_to, places, shape=(*rows, k))
    places = apply(e.max_, places, e.zero_like(places))
    places = apply(e.min_, places, splat(max(n - 1, 0), places.shape, places.dtype))
    # All rows one after another: the row's number tells where its elements begin.
    count = math.prod(rows)
    places = cast_to(places, int64 if count * n >= 2**31 else int32)
    begin = apply(iota.iota, shape=(count, k), dtype=places.dtype, axis=0) * n
    places = reshape(places, (count, k)) + begin
    flat = apply(gather.gather, reshape(tensor, (count * n,)), places, axis=0)
    back = [order.index(i) for i in range(rank)]
    return permuted(reshape(flat, (*rows, k)), back)


@op
def where(condition: Any, x1: Any = None, x2: Any = None) -> Any:
    """`x1` where the condition holds, `x2` elsewhere.

    Args:
        condition: bools, or numbers that count as true when they are not 0.
        x1: a tensor or number. Without `x1` and `x2` the result is `nonzero(condition)`.
        x2: a tensor or number.

    >>> from thalweg import ops
    >>> ops.where([True, False], 1.0, [2.0, 3.0]).numpy()
    array([1., 3.], dtype=float32)
    """
    if x1 is None and x2 is None:
        return nonzero(condition)
    if x1 is None or x2 is None:
        raise ValueError("where: x1 and x2 must both be given, or neither.")
    mask = truth(condition)
    a, b = promote("where", x1, x2)
    if mask.shape != a.shape:
        shape = broadcast_shapes("where", mask.shape, a.shape)
        mask, a, b = (_stretched(t, shape) for t in (mask, a, b))
    return apply(e.select, mask, a, b)


def _stretched(x: Tensor, shape: tuple[int, ...]) -> Tensor:
    return x if x.shape == shape else apply(movement.broadcast_to, x, shape=shape)


@op
def select(condlist: Any, choicelist: Any, default: Any = 0) -> Tensor:
    """The choice of the first condition that holds, `default` where none does.

    >>> from thalweg import ops
    >>> x = ops.arange(4)
    >>> ops.select([x < 1, x < 3], [x, 10 * x], default=-1).numpy()
    array([ 0, 10, 20, -1], dtype=int32)
    """
    if len(condlist) != len(choicelist) or not condlist:
        raise ValueError(
            f"select: condlist and choicelist must be equally many, got {len(condlist)} and "
            f"{len(choicelist)}."
        )
    values = promote("select", *choicelist, default)
    found = values[-1]
    for condition, value in zip(reversed(condlist), reversed(values[:-1]), strict=True):
        found = where(condition, value, found)
    return found


@op
def nonzero(x: Any) -> tuple[Tensor, ...]:
    """The places of the elements that are not 0: a tensor of int32 for each axis.

    Only with known values, since the shape of the result depends on them.
    """
    tensor = convert_to_tensor(x)
    if isinstance(tensor, SymbolicTensor):
        raise TypeError(
            "nonzero: the shape of the result depends on values, which a traced function does not "
            "have yet; use ops.where(condition, x1, x2) instead."
        )
    return tuple(Tensor(places.astype(np.int32)) for places in np.nonzero(tensor._value))


@op
def unravel_index(indices: Any, shape: Any) -> tuple[Tensor, ...]:
    """For places counted through all elements in order, the place on each axis of a shape.

    >>> from thalweg import ops
    >>> [t.numpy().tolist() for t in ops.unravel_index([5, 0], (2, 3))]
    [[1, 0], [2, 0]]
    """
    lengths = as_shape("unravel_index", shape)
    rest = resolved(_indices("unravel_index", indices), math.prod(lengths))
    found = []
    for n in reversed(lengths):
        length = splat(max(n, 1), rest.shape, rest.dtype)
        found.append(apply(e.mod, rest, length))
        rest = apply(e.floor_div, rest, length)
    return tuple(reversed(found))
