"""Comparisons, logic and tests of single values: everything elementwise that answers with bools."""

from __future__ import annotations

from typing import Any

from thalweg.ops.arguments import apply, promote, splat
from thalweg.ops.dispatch import op
from thalweg.primitives import elementwise as e
from thalweg.primitives import reduce
from thalweg.tensor.convert import convert_to_tensor
from thalweg.tensor.dtypes import (
    bool_,
    int8,
    int16,
    int32,
    int64,
    is_complex,
    is_floating,
    is_integer,
)
from thalweg.tensor.tensor import Tensor

__all__ = [
    "allclose",
    "equal",
    "greater",
    "greater_equal",
    "isclose",
    "isfinite",
    "isinf",
    "isnan",
    "isneginf",
    "isposinf",
    "less",
    "less_equal",
    "logical_and",
    "logical_not",
    "logical_or",
    "logical_xor",
    "not_equal",
    "signbit",
]

_SIGNED = {1: int8, 2: int16, 4: int32, 8: int64}


@op
def equal(x1: Any, x2: Any) -> Tensor:
    """Whether `x1 == x2`, element by element."""
    return apply(e.eq, *promote("equal", x1, x2))


@op
def not_equal(x1: Any, x2: Any) -> Tensor:
    """Whether `x1 != x2`, element by element."""
    return apply(e.ne, *promote("not_equal", x1, x2))


@op
def less(x1: Any, x2: Any) -> Tensor:
    """Whether `x1 < x2`, element by element."""
    return apply(e.lt, *promote("less", x1, x2))


@op
def less_equal(x1: Any, x2: Any) -> Tensor:
    """Whether `x1 <= x2`, element by element."""
    return apply(e.le, *promote("less_equal", x1, x2))


@op
def greater(x1: Any, x2: Any) -> Tensor:
    """Whether `x1 > x2`, element by element."""
    return apply(e.gt, *promote("greater", x1, x2))


@op
def greater_equal(x1: Any, x2: Any) -> Tensor:
    """Whether `x1 >= x2`, element by element."""
    return apply(e.ge, *promote("greater_equal", x1, x2))


# --- logic --------------------------------------------------------------------------------------


def truth(x: Any) -> Tensor:
    """A bool tensor: whether each element is anything but zero."""
    tensor = convert_to_tensor(x)
    if tensor.dtype == bool_:
        return tensor
    return apply(e.ne, tensor, e.zero_like(tensor))


@op
def logical_and(x1: Any, x2: Any) -> Tensor:
    """Whether both are true; numbers are true when they are not 0."""
    return apply(e.and_, *promote("logical_and", truth(x1), truth(x2)))


@op
def logical_or(x1: Any, x2: Any) -> Tensor:
    """Whether at least one is true; numbers are true when they are not 0."""
    return apply(e.or_, *promote("logical_or", truth(x1), truth(x2)))


@op
def logical_xor(x1: Any, x2: Any) -> Tensor:
    """Whether just one is true; numbers are true when they are not 0."""
    return apply(e.xor, *promote("logical_xor", truth(x1), truth(x2)))


@op
def logical_not(x: Any) -> Tensor:
    """Whether it is false; numbers are false when they are 0."""
    return apply(e.not_, truth(x))


# --- single values --------------------------------------------------------------------------------


def _everywhere(answer: bool, x: Tensor) -> Tensor:
    return splat(answer, x.shape, bool_)


def _is(x: Tensor, value: float) -> Tensor:
    return apply(e.eq, x, splat(value, x.shape, x.dtype))


def _inexact(x: Tensor) -> bool:
    return is_floating(x.dtype) or is_complex(x.dtype)


@op
def isfinite(x: Any) -> Tensor:
    """Whether it is neither infinite nor NaN."""
    tensor = convert_to_tensor(x)
    return apply(e.isfinite, tensor) if _inexact(tensor) else _everywhere(True, tensor)


@op
def isnan(x: Any) -> Tensor:
    """Whether it is NaN."""
    tensor = convert_to_tensor(x)
    return apply(e.ne, tensor, tensor) if _inexact(tensor) else _everywhere(False, tensor)


@op
def isinf(x: Any) -> Tensor:
    """Whether it is infinite, of either sign."""
    tensor = convert_to_tensor(x)
    if not _inexact(tensor):
        return _everywhere(False, tensor)
    size = apply(e.abs_, tensor)
    return _is(size, float("inf"))


@op
def isposinf(x: Any) -> Tensor:
    """Whether it is plus infinity."""
    tensor = convert_to_tensor(x)
    return _is(tensor, float("inf")) if is_floating(tensor.dtype) else _everywhere(False, tensor)


@op
def isneginf(x: Any) -> Tensor:
    """Whether it is minus infinity."""
    tensor = convert_to_tensor(x)
    return _is(tensor, float("-inf")) if is_floating(tensor.dtype) else _everywhere(False, tensor)


@op
def signbit(x: Any) -> Tensor:
    """Whether the sign bit is set: of negative numbers, and of -0.0."""
    tensor = convert_to_tensor(x)
    if not (is_floating(tensor.dtype) or is_integer(tensor.dtype)):
        return _everywhere(False, tensor)
    zero = e.zero_like(tensor)
    if not is_floating(tensor.dtype):
        return apply(e.lt, tensor, zero)
    signed = apply(e.bitcast, tensor, dtype=_SIGNED[tensor.dtype.itemsize])
    return apply(e.lt, signed, e.zero_like(signed))


@op
def isclose(
    x1: Any, x2: Any, rtol: float = 1e-5, atol: float = 1e-8, equal_nan: bool = False
) -> Tensor:
    """Whether `|x1 - x2| <= atol + rtol * |x2|`.

    Args:
        x1: the first tensor.
        x2: the tensor compared with.
        rtol: the relative tolerance.
        atol: the absolute tolerance.
        equal_nan: whether NaN is close to NaN.
    """
    a, b = promote("isclose", x1, x2, inexact=True)
    near = apply(e.le, apply(e.abs_, a - b), apply(e.abs_, b) * rtol + atol)
    # An infinity is close to itself only.
    finite = apply(e.and_, apply(e.isfinite, a), apply(e.isfinite, b))
    found = apply(e.or_, apply(e.and_, near, finite), apply(e.eq, a, b))
    if not equal_nan:
        return found
    return apply(e.or_, found, apply(e.and_, apply(e.ne, a, a), apply(e.ne, b, b)))


@op
def allclose(
    x1: Any, x2: Any, rtol: float = 1e-5, atol: float = 1e-8, equal_nan: bool = False
) -> Tensor:
    """Whether all elements are close, as `isclose` says; one bool."""
    close = isclose(x1, x2, rtol, atol, equal_nan)
    return apply(reduce.reduce_and, close, axes=tuple(range(len(close.shape))))
