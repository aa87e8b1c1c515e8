"""Tensors as sets: membership, and the different values."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from thalweg.ops.arguments import apply, canonical_axis, cast_to, splat
from thalweg.ops.dispatch import op
from thalweg.ops.shaping import reshape
from thalweg.ops.sorting import places_in, sort
from thalweg.primitives import elementwise as e
from thalweg.primitives import gather
from thalweg.primitives.graph import SymbolicTensor
from thalweg.tensor.convert import convert_to_tensor
from thalweg.tensor.dtypes import bfloat16, bool_, result_type
from thalweg.tensor.tensor import Tensor

__all__ = ["isin", "unique"]

Array = np.ndarray[Any, Any]


@op
def isin(x1: Any, x2: Any, assume_unique: bool = False, invert: bool = False) -> Tensor:
    """Whether each element of `x1` is among those of `x2`.

    Args:
        x1: a tensor.
        x2: the elements looked for, of any shape.
        assume_unique: whether no element comes twice; it makes no difference here.
        invert: whether to tell which are not among them.

    >>> from thalweg import ops
    >>> ops.isin([1, 2, 3], [3, 1]).numpy()
    array([ True, False,  True])
    """
    values, members = convert_to_tensor(x1), convert_to_tensor(x2)
    dtype = result_type(values.dtype, members.dtype)
    values, members = cast_to(values, dtype), cast_to(members, dtype)
    count = math.prod(members.shape)
    if count == 0:
        return splat(invert, values.shape, bool_)
    ordered = sort(reshape(members, (count,)))
    # gather moves the place after the last element back onto it
    nearest = apply(gather.gather, ordered, places_in(ordered, values, "left"), axis=0)
    return apply(e.ne if invert else e.eq, nearest, values)


@op
def unique(
    x: Any,
    sorted: bool = True,
    return_index: bool = False,
    return_inverse: bool = False,
    return_counts: bool = False,
    axis: int | None = None,
    size: int | None = None,
    fill_value: Any = None,
) -> Any:
    """The different values in rising order; each NaN counts as a value of its own.

    Only with known values, since the shape of the result depends on them.

    Args:
        x: a tensor.
        sorted: whether they must be sorted; here they always are.
        return_index: whether to tell where each value comes first.
        return_inverse: whether to tell which value stands at each place of `x`.
        return_counts: whether to tell how often each value comes.
        axis: the axis whose slices count as values; None for the elements.
        size: how many values to return; there the rest is cut off, or filled up.
        fill_value: what fills up, by default the first value.

    Returns:
        The values, or a tuple of them and what else was asked for (int32), in that order.

    >>> from thalweg import ops
    >>> values, counts = ops.unique([3, 1, 3], return_counts=True)
    >>> values.numpy(), counts.numpy()
    (array([1, 3], dtype=int32), array([1, 2], dtype=int32))
    """
    tensor = convert_to_tensor(x)
    if isinstance(tensor, SymbolicTensor):
        raise TypeError(
            "unique: the shape of the result depends on values, which a traced function does not "
            "have yet."
        )
    if axis is None:
        flat, place = reshape(tensor, (math.prod(tensor.shape),)), 0
    else:
        flat, place = tensor, canonical_axis("unique", axis, len(tensor.shape))
    array = flat._value.astype(np.float32) if flat.dtype == bfloat16 else flat._value
    _, index, inverse, counts = np.unique(
        array,
        return_index=True,
        return_inverse=True,
        return_counts=True,
        axis=None if axis is None else place,
        equal_nan=False,
    )
    inverse = inverse.reshape(tensor.shape if axis is None else (-1,))
    missing = 0 if size is None else max(size - len(index), 0)
    if size is not None:
        index = np.concatenate([index[:size], np.repeat(index[:1], missing)])
        counts = np.concatenate([counts[:size], np.zeros(missing, counts.dtype)])
    values = apply(gather.gather, flat, _int32(index), axis=place)
    if missing and fill_value is not None:
        shape = tuple(len(index) if i == place else 1 for i in range(len(values.shape)))
        filled = np.arange(len(index)).reshape(shape) >= len(index) - missing
        mask = Tensor(np.broadcast_to(filled, values.shape))
        values = apply(e.select, mask, splat(fill_value, values.shape, values.dtype), values)
    asked = (return_index, return_inverse, return_counts)
    extra = [_int32(a) for a, wanted in zip((index, inverse, counts), asked, strict=True) if wanted]
    return (values, *extra) if extra else values


def _int32(array: Array) -> Tensor:
    return Tensor(array.astype(np.int32))
