"""Reductions of axes: sum, product, extremes, all, any, and where the extremes are."""

from __future__ import annotations

import builtins
from collections.abc import Sequence
from typing import Any

from thalweg.ops.arguments import apply, canonical_axes, cast_to, floating
from thalweg.ops.comparison import truth
from thalweg.ops.dispatch import op
from thalweg.ops.shaping import reshape
from thalweg.primitives import elementwise as e
from thalweg.primitives import movement, reduce
from thalweg.primitives.primitive import Primitive
from thalweg.tensor.convert import convert_to_tensor
from thalweg.tensor.dtypes import (
    as_dtype,
    bfloat16,
    bool_,
    float16,
    float32,
    int8,
    int16,
    int32,
    is_complex,
    uint8,
    uint16,
    uint32,
)
from thalweg.tensor.tensor import Tensor

__all__ = [
    "all",
    "amax",
    "amin",
    "any",
    "argmax",
    "argmin",
    "count_nonzero",
    "max",
    "mean",
    "min",
    "prod",
    "ptp",
    "sum",
]

Axis = int | Sequence[int] | None


def reduced(primitive: Primitive, name: str, x: Tensor, axis: Axis, keepdims: bool) -> Tensor:
    """A reduction primitive over the axes named, which stay with length 1 if wished."""
    shape = x.shape
    axes = canonical_axes(name, axis, len(shape))
    found = apply(primitive, x, axes=axes)
    return with_axes(found, shape, axes) if keepdims else found


def with_axes(x: Tensor, shape: tuple[int, ...], axes: tuple[int, ...]) -> Tensor:
    """A reduced tensor with the axes that it lost, of length 1."""
    return reshape(x, tuple([1 if i in axes else n for i, n in enumerate(shape)]))


_SUM_DTYPE = {bool_: int32, int8: int32, int16: int32, uint8: uint32, uint16: uint32}


def summable(x: Any) -> Tensor:
    """A tensor that can be added up: bools and small integers become 32 bits wide."""
    tensor = convert_to_tensor(x)
    wanted = _SUM_DTYPE.get(tensor.dtype)
    return tensor if wanted is None else cast_to(tensor, wanted)


@op
def sum(x: Any, axis: Axis = None, keepdims: bool = False) -> Tensor:
    """The sum over axes.

    Args:
        x: a tensor; bools and integers below 32 bits are added up in 32 bits.
        axis: one axis or several, None for all.
        keepdims: whether they stay, with length 1.

    >>> from thalweg import ops
    >>> ops.sum([[1, 2], [3, 4]], axis=0).numpy()
    array([4, 6], dtype=int32)
    """
    return reduced(reduce.reduce_sum, "sum", summable(x), axis, keepdims)


@op
def prod(x: Any, axis: Axis = None, keepdims: bool = False, dtype: Any = None) -> Tensor:
    """The product over axes; its gradient is right at zeros too.

    Args:
        x: a tensor; bools and integers below 32 bits are multiplied in 32 bits.
        axis: one axis or several, None for all.
        keepdims: whether they stay, with length 1.
        dtype: the dtype to compute in.
    """
    tensor = convert_to_tensor(x)
    tensor = summable(tensor) if dtype is None else cast_to(tensor, as_dtype(dtype))
    return reduced(reduce.reduce_prod, "prod", tensor, axis, keepdims)


def _mean_of(x: Tensor, axes: tuple[int, ...]) -> Tensor:
    count = 1
    for a in axes:
        count *= x.shape[a]
    total = apply(reduce.reduce_sum, x, axes=axes)
    return total / count if count else total * float("nan")


def in_full_precision(x: Tensor) -> Tensor:
    """float32 in place of the half-precision floats, whose sums overflow."""
    return cast_to(x, float32) if x.dtype in (float16, bfloat16) else x


@op
def mean(x: Any, axis: Axis = None, keepdims: bool = False) -> Tensor:
    """The mean over axes; integers become floats, half precision is added up in float32.

    Args:
        x: a tensor.
        axis: one axis or several, None for all.
        keepdims: whether they stay, with length 1.

    >>> from thalweg import ops
    >>> ops.mean([[1.0, 2.0], [3.0, 4.0]], axis=1).numpy()
    array([1.5, 3.5], dtype=float32)
    """
    tensor = floating(x)
    axes = canonical_axes("mean", axis, len(tensor.shape))
    found = cast_to(_mean_of(in_full_precision(tensor), axes), tensor.dtype)
    return with_axes(found, tensor.shape, axes) if keepdims else found


# --- extremes -------------------------------------------------------------------------------------


def _extreme(
    primitive: Primitive,
    pair: Primitive,
    name: str,
    x: Any,
    axis: Axis,
    keepdims: bool,
    initial: Any,
) -> Tensor:
    tensor = convert_to_tensor(x)
    if initial is None:
        return reduced(primitive, name, tensor, axis, keepdims)
    axes = canonical_axes(name, axis, len(tensor.shape))
    bound = convert_to_tensor(initial, tensor.dtype)
    if builtins.any(tensor.shape[a] == 0 for a in axes):
        rest = tuple(n for i, n in enumerate(tensor.shape) if i not in axes)
        found = _spread(bound, rest)
    else:
        found = apply(primitive, tensor, axes=axes)
        found = apply(pair, found, _spread(bound, found.shape))
    return with_axes(found, tensor.shape, axes) if keepdims else found


def _spread(x: Tensor, shape: tuple[int, ...]) -> Tensor:
    return x if x.shape == shape else apply(movement.broadcast_to, x, shape=shape)


@op
def max(x: Any, axis: Axis = None, keepdims: bool = False, initial: Any = None) -> Tensor:
    """The largest element over axes; NaN if there is one.

    Elements that share the maximum share its gradient evenly.

    Args:
        x: a tensor.
        axis: one axis or several, None for all.
        keepdims: whether they stay, with length 1.
        initial: the least that the result can be; needed where there are no elements.
    """
    return _extreme(reduce.reduce_max, e.max_, "max", x, axis, keepdims, initial)


@op
def min(x: Any, axis: Axis = None, keepdims: bool = False, initial: Any = None) -> Tensor:
    """The smallest element over axes; NaN if there is one.

    Elements that share the minimum share its gradient evenly.

    Args:
        x: a tensor.
        axis: one axis or several, None for all.
        keepdims: whether they stay, with length 1.
        initial: the most that the result can be; needed where there are no elements.
    """
    return _extreme(reduce.reduce_min, e.min_, "min", x, axis, keepdims, initial)


@op
def amax(x: Any, axis: Axis = None, keepdims: bool = False) -> Tensor:
    """The largest element over axes; NumPy's other name for `max`."""
    return reduced(reduce.reduce_max, "amax", convert_to_tensor(x), axis, keepdims)


@op
def amin(x: Any, axis: Axis = None, keepdims: bool = False) -> Tensor:
    """The smallest element over axes; NumPy's other name for `min`."""
    return reduced(reduce.reduce_min, "amin", convert_to_tensor(x), axis, keepdims)


@op
def ptp(x: Any, axis: Axis = None, keepdims: bool = False) -> Tensor:
    """The largest element less the smallest, over axes."""
    tensor = convert_to_tensor(x)
    largest = reduced(reduce.reduce_max, "ptp", tensor, axis, keepdims)
    return largest - reduced(reduce.reduce_min, "ptp", tensor, axis, keepdims)


def _place(primitive: Primitive, name: str, x: Any, axis: int | None, keepdims: bool) -> Tensor:
    tensor = convert_to_tensor(x)
    if is_complex(tensor.dtype):
        raise TypeError(f"{name}: x must be real, got {tensor.dtype.name}.")
    shape = tensor.shape
    if axis is None:
        flat = reshape(tensor, (tensor.size,))
        found = apply(primitive, flat, axis=0)
        return reshape(found, (1,) * len(shape)) if keepdims else found
    axes = canonical_axes(name, axis, len(shape))
    found = apply(primitive, tensor, axis=axes[0])
    return with_axes(found, shape, axes) if keepdims else found


@op
def argmax(x: Any, axis: int | None = None, keepdims: bool = False) -> Tensor:
    """The place of the largest element along an axis (the first of several), int32.

    Args:
        x: a tensor.
        axis: the axis; None counts through all elements in order.
        keepdims: whether the axis stays, with length 1.
    """
    return _place(reduce.argmax, "argmax", x, axis, keepdims)


@op
def argmin(x: Any, axis: int | None = None, keepdims: bool = False) -> Tensor:
    """The place of the smallest element along an axis (the first of several), int32.

    Args:
        x: a tensor.
        axis: the axis; None counts through all elements in order.
        keepdims: whether the axis stays, with length 1.
    """
    return _place(reduce.argmin, "argmin", x, axis, keepdims)


# --- truth ----------------------------------------------------------------------------------------


@op
def all(x: Any, axis: Axis = None, keepdims: bool = False) -> Tensor:
    """Whether all elements over axes are true; numbers are true when they are not 0."""
    return reduced(reduce.reduce_and, "all", truth(x), axis, keepdims)


@op
def any(x: Any, axis: Axis = None, keepdims: bool = False) -> Tensor:
    """Whether some element over axes is true; numbers are true when they are not 0."""
    return reduced(reduce.reduce_or, "any", truth(x), axis, keepdims)


@op
def count_nonzero(x: Any, axis: Axis = None) -> Tensor:
    """How many elements over axes are not 0, int32."""
    return reduced(reduce.reduce_sum, "count_nonzero", cast_to(truth(x), int32), axis, False)
