"""What happens to arguments before they reach a primitive: promotion, broadcasting, axes."""

from __future__ import annotations

import functools
import operator
from collections.abc import Sequence
from typing import Any

import numpy as np

from thalweg import config
from thalweg.primitives import elementwise, movement
from thalweg.primitives.elementwise import splat
from thalweg.primitives.primitive import Primitive, bind
from thalweg.tensor.convert import convert_to_tensor
from thalweg.tensor.dtypes import DType, as_dtype, bool_, is_complex, is_floating, result_type
from thalweg.tensor.tensor import Tensor

__all__ = [
    "apply",
    "broadcast",
    "broadcast_shapes",
    "canonical_axes",
    "canonical_axis",
    "cast_to",
    "floating",
    "promote",
    "splat",
    "whole_numbers",
]

Shape = tuple[int, ...]


def apply(primitive: Primitive, *inputs: Tensor, **params: Any) -> Tensor:
    """The one output of a primitive."""
    return bind(primitive, inputs, params)[0]


def _weak(x: Any) -> bool:
    """Python numbers (and NumPy's float64 scalar, which is one) adopt the tensor's dtype."""
    return isinstance(x, (bool, int, float, complex)) and (
        not isinstance(x, np.generic) or isinstance(x, np.float64)
    )


def _typed(x: Any) -> Any:
    """Something whose dtype is known: Python numbers stay, lists become tensors."""
    return x if _weak(x) or hasattr(x, "dtype") else convert_to_tensor(x)


def cast_to(x: Any, dtype: DType) -> Tensor:
    """A tensor of exactly this dtype."""
    if isinstance(x, Tensor):
        if x.dtype == dtype:
            return x
        return apply(elementwise.cast, x, dtype=dtype)
    if hasattr(x, "dtype"):
        return cast_to(convert_to_tensor(x), dtype)
    return convert_to_tensor(x, dtype)


@functools.lru_cache(maxsize=4096)
def broadcast_shapes(name: str, *shapes: Shape) -> Shape:
    """The shape in which all these shapes meet; an error names the operation."""
    rank = max(map(len, shapes), default=0)
    found = []
    for column in zip(*[(1,) * (rank - len(s)) + tuple(s) for s in shapes], strict=True):
        sizes = {n for n in column if n != 1}
        if len(sizes) > 1:
            listed = " and ".join(str(tuple(s)) for s in shapes)
            raise ValueError(f"{name}: shapes {listed} do not broadcast together.")
        found.append(sizes.pop() if sizes else 1)
    return tuple(found)


def broadcast(name: str, *tensors: Tensor) -> list[Tensor]:
    """All tensors with the shape in which they meet."""
    first = tensors[0].shape
    if all(x.shape == first for x in tensors):
        return list(tensors)
    shape = broadcast_shapes(name, *[x.shape for x in tensors])
    return [_stretched(x, shape) for x in tensors]


def _same_type(dtype: DType, number: Any) -> bool:
    """Whether a tensor of this dtype takes in a Python number without changing its dtype."""
    kind = type(number)
    if kind is float:
        return is_floating(dtype) or is_complex(dtype)
    return (kind is int and dtype != bool_) or kind is bool


def promote(name: str, *xs: Any, inexact: bool = False) -> list[Tensor]:
    """All arguments as tensors of one dtype and one shape.

    Args:
        name: the operation's name, for messages.
        inexact: whether integers and bools become the default float type.
    """
    if len(xs) == 2:  # the common cases first: eager code spends its time here
        a, b = xs
        if isinstance(a, Tensor):
            if isinstance(b, Tensor):
                if a.dtype == b.dtype and a.shape == b.shape and not (inexact and _exact(a.dtype)):
                    return [a, b]
            elif _same_type(a.dtype, b) and not (inexact and _exact(a.dtype)):
                return [a, splat(b, a.shape, a.dtype)]
        elif isinstance(b, Tensor) and _same_type(b.dtype, a) and not (inexact and _exact(b.dtype)):
            return [splat(a, b.shape, b.dtype), b]
    values = [_typed(x) for x in xs]
    dtype = result_type(*values)
    if inexact and _exact(dtype):
        dtype = result_type(*values, float)
    shape = broadcast_shapes(name, *[() if _weak(x) else tuple(x.shape) for x in values])
    return [
        splat(x, shape, dtype) if _weak(x) else _stretched(cast_to(x, dtype), shape) for x in values
    ]


def _exact(dtype: DType) -> bool:
    return not (is_floating(dtype) or is_complex(dtype))


def _stretched(x: Tensor, shape: Shape) -> Tensor:
    return x if x.shape == shape else apply(movement.broadcast_to, x, shape=shape)


def floating(x: Any) -> Tensor:
    """A float or complex tensor: integers and bools become the default float type."""
    tensor = convert_to_tensor(x)
    if not _exact(tensor.dtype):
        return tensor
    if tensor.dtype.name == "int64" or tensor.dtype.name == "uint64":
        return cast_to(tensor, as_dtype(config.floatx()))
    return cast_to(tensor, result_type(tensor.dtype, float))


def whole_numbers(name: str, argument: str, given: Any) -> Shape:
    """One whole number or several, as a tuple of Python ints."""
    try:
        return (operator.index(given),)
    except TypeError:
        pass
    try:
        return tuple([operator.index(n) for n in given])
    except TypeError:
        raise TypeError(f"{name}: {argument} must be whole numbers, got {given!r}.") from None


def canonical_axis(name: str, axis: int, rank: int) -> int:
    """The axis counted from the front; an error names the operation."""
    place = int(axis)
    if not -rank <= place < rank:
        raise ValueError(f"{name}: axis {axis} is out of range for a tensor with {rank} axes.")
    return place % rank


def canonical_axes(name: str, axis: int | Sequence[int] | None, rank: int) -> Shape:
    """Sorted axes counted from the front; None means all of them."""
    if axis is None:
        return tuple(range(rank))
    given = whole_numbers(name, "axis", axis)
    places = [canonical_axis(name, a, rank) for a in given]
    if len(set(places)) != len(places):
        raise ValueError(f"{name}: axis {given} names an axis twice.")
    return tuple(sorted(places))
