"""Operations on the bits of integers and bools."""

from __future__ import annotations

from typing import Any

from thalweg.ops.arguments import apply, cast_to, promote
from thalweg.ops.dispatch import op
from thalweg.primitives import elementwise as e
from thalweg.primitives.primitive import Primitive
from thalweg.tensor.convert import convert_to_tensor
from thalweg.tensor.dtypes import bool_, int32, is_integer
from thalweg.tensor.tensor import Tensor

__all__ = [
    "bitwise_and",
    "bitwise_invert",
    "bitwise_left_shift",
    "bitwise_not",
    "bitwise_or",
    "bitwise_right_shift",
    "bitwise_xor",
    "left_shift",
    "right_shift",
]


def _check(name: str, x: Tensor) -> None:
    if not (is_integer(x.dtype) or x.dtype == bool_):
        raise TypeError(f"{name}: the inputs must hold integers or bools, got {x.dtype.name}.")


def _bits(primitive: Primitive, name: str, x: Any, y: Any) -> Tensor:
    a, b = promote(name, x, y)
    _check(name, a)
    return apply(primitive, a, b)


def _shift(primitive: Primitive, name: str, x: Any, y: Any) -> Tensor:
    a, b = promote(name, x, y)
    _check(name, a)
    if a.dtype == bool_:
        a, b = cast_to(a, int32), cast_to(b, int32)
    return apply(primitive, a, b)


@op
def bitwise_and(x: Any, y: Any) -> Tensor:
    """The bits that both have."""
    return _bits(e.and_, "bitwise_and", x, y)


@op
def bitwise_or(x: Any, y: Any) -> Tensor:
    """The bits that at least one has."""
    return _bits(e.or_, "bitwise_or", x, y)


@op
def bitwise_xor(x: Any, y: Any) -> Tensor:
    """The bits that just one has."""
    return _bits(e.xor, "bitwise_xor", x, y)


@op
def bitwise_not(x: Any) -> Tensor:
    """All bits inverted; of bools, the other one."""
    tensor = convert_to_tensor(x)
    _check("bitwise_not", tensor)
    return apply(e.not_, tensor)


@op
def bitwise_invert(x: Any) -> Tensor:
    """All bits inverted; another name for `bitwise_not`."""
    tensor = convert_to_tensor(x)
    _check("bitwise_invert", tensor)
    return apply(e.not_, tensor)


@op
def bitwise_left_shift(x: Any, y: Any) -> Tensor:
    """The bits of `x` moved up by `y` places."""
    return _shift(e.shift_left, "bitwise_left_shift", x, y)


@op
def left_shift(x: Any, y: Any) -> Tensor:
    """The bits of `x` moved up by `y` places."""
    return _shift(e.shift_left, "left_shift", x, y)


@op
def bitwise_right_shift(x: Any, y: Any) -> Tensor:
    """The bits of `x` moved down by `y` places; negative numbers stay negative."""
    return _shift(e.shift_right, "bitwise_right_shift", x, y)


@op
def right_shift(x: Any, y: Any) -> Tensor:
    """The bits of `x` moved down by `y` places; negative numbers stay negative."""
    return _shift(e.shift_right, "right_shift", x, y)
