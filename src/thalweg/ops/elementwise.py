"""Elementwise arithmetic under NumPy's names: each function promotes, broadcasts, applies a row.

The rows are in `thalweg.primitives.elementwise`. Integers and bools become floats where the result
is not an integer.
"""

from __future__ import annotations

from typing import Any

from thalweg.ops.arguments import apply, broadcast, cast_to, floating, promote, splat
from thalweg.ops.dispatch import op
from thalweg.primitives import control_flow, reduce
from thalweg.primitives import elementwise as e
from thalweg.primitives.primitive import Primitive
from thalweg.tensor.convert import convert_to_tensor
from thalweg.tensor.dtypes import bool_, int32, is_complex, is_integer
from thalweg.tensor.tensor import Tensor

__all__ = [
    "abs",
    "absolute",
    "add",
    "divide",
    "divide_no_nan",
    "fabs",
    "floor_divide",
    "fmod",
    "gcd",
    "heaviside",
    "hypot",
    "lcm",
    "ldexp",
    "mod",
    "multiply",
    "negative",
    "power",
    "reciprocal",
    "sign",
    "square",
    "subtract",
    "true_divide",
]


def _pair(primitive: Primitive, name: str, a: Any, b: Any, *, inexact: bool = False) -> Tensor:
    return apply(primitive, *promote(name, a, b, inexact=inexact))


def _numbers(name: str, a: Any, b: Any) -> list[Tensor]:
    """Two promoted tensors; bools count as int32, for operations that have no bool form."""
    x, y = promote(name, a, b)
    return [cast_to(x, int32), cast_to(y, int32)] if x.dtype == bool_ else [x, y]


def _number(x: Any) -> Tensor:
    tensor = convert_to_tensor(x)
    return cast_to(tensor, int32) if tensor.dtype == bool_ else tensor


@op
def add(x1: Any, x2: Any) -> Tensor:
    """`x1 + x2`, element by element, with broadcasting.

    >>> from thalweg import ops
    >>> ops.add([1, 2], 0.5).numpy()
    array([1.5, 2.5], dtype=float32)
    """
    return _pair(e.add, "add", x1, x2)


@op
def subtract(x1: Any, x2: Any) -> Tensor:
    """`x1 - x2`, element by element."""
    return apply(e.sub, *_numbers("subtract", x1, x2))


@op
def multiply(x1: Any, x2: Any) -> Tensor:
    """`x1 * x2`, element by element."""
    return _pair(e.mul, "multiply", x1, x2)


@op
def divide(x1: Any, x2: Any) -> Tensor:
    """`x1 / x2`; integers become floats first."""
    return _pair(e.div, "divide", x1, x2, inexact=True)


@op
def true_divide(x1: Any, x2: Any) -> Tensor:
    """`x1 / x2`; NumPy's other name for `divide`."""
    return _pair(e.div, "true_divide", x1, x2, inexact=True)


@op
def divide_no_nan(x1: Any, x2: Any) -> Tensor:
    """`x1 / x2`, and 0 where `x2` is 0; gradients there are 0 too.

    >>> from thalweg import ops
    >>> ops.divide_no_nan([1.0, 2.0], [0.0, 4.0]).numpy()
    array([0. , 0.5], dtype=float32)
    """
    a, b = promote("divide_no_nan", x1, x2, inexact=True)
    nothing = apply(e.eq, b, e.zero_like(b))
    quotient = apply(e.div, a, apply(e.select, nothing, e.one_like(b), b))
    return apply(e.select, nothing, e.zero_like(a), quotient)


@op
def floor_divide(x1: Any, x2: Any) -> Tensor:
    """The largest integer not above `x1 / x2`; an integer divided by 0 gives 0."""
    return apply(e.floor_div, *_numbers("floor_divide", x1, x2))


@op
def mod(x1: Any, x2: Any) -> Tensor:
    """The remainder of `floor_divide`, with the sign of `x2`; an integer modulo 0 gives 0.

    >>> from thalweg import ops
    >>> ops.mod([-7, 7], 3).numpy()
    array([2, 1], dtype=int32)
    """
    return apply(e.mod, *_numbers("mod", x1, x2))


@op
def fmod(x1: Any, x2: Any) -> Tensor:
    """The remainder of the division cut towards zero, with the sign of `x1`.

    >>> from thalweg import ops
    >>> ops.fmod([-7, 7], 3).numpy()
    array([-1,  1], dtype=int32)
    """
    a, b = _numbers("fmod", x1, x2)
    below = apply(e.lt, a, e.zero_like(a))
    size = apply(e.select, below, -a, a)
    rest = apply(e.mod, size, apply(e.abs_, b))
    return apply(e.select, below, -rest, rest)


@op
def power(x1: Any, x2: Any) -> Tensor:
    """`x1` to the power `x2`; integers stay integers, and a negative power of them is cut to 0.

    >>> from thalweg import ops
    >>> ops.power([1.0, 2.0, 3.0], 2).numpy()
    array([1., 4., 9.], dtype=float32)
    """
    if type(x2) is int and 1 <= x2 <= 3:  # the common cases, as products
        base = _number(x1)
        squared = base if x2 == 1 else apply(e.mul, base, base)
        return squared if x2 < 3 else apply(e.mul, squared, base)
    return apply(e.pow, *_numbers("power", x1, x2))


@op
def negative(x: Any) -> Tensor:
    """`-x`."""
    return apply(e.neg, _number(x))


@op
def absolute(x: Any) -> Tensor:
    """The absolute value; of complex numbers the length, a float.

    The gradient at 0 is 0.
    """
    tensor = convert_to_tensor(x)
    return tensor if tensor.dtype == bool_ else apply(e.abs_, tensor)


@op
def abs(x: Any) -> Tensor:
    """The absolute value; short for `absolute`."""
    tensor = convert_to_tensor(x)
    return tensor if tensor.dtype == bool_ else apply(e.abs_, tensor)


@op
def fabs(x: Any) -> Tensor:
    """The absolute value as a float."""
    return apply(e.abs_, floating(x))


@op
def sign(x: Any) -> Tensor:
    """-1, 0 or 1; of a complex number `x / |x|`."""
    tensor = _number(x)
    if not is_complex(tensor.dtype):
        return apply(e.sign, tensor)
    size = apply(e.abs_, tensor)
    safe = apply(e.select, apply(e.eq, size, e.zero_like(size)), e.one_like(size), size)
    return apply(e.div, tensor, cast_to(safe, tensor.dtype))


@op
def square(x: Any) -> Tensor:
    """`x * x`."""
    tensor = _number(x)
    return apply(e.mul, tensor, tensor)


@op
def reciprocal(x: Any) -> Tensor:
    """`1 / x`; integers become floats first."""
    tensor = floating(x)
    return apply(e.div, e.one_like(tensor), tensor)


@op
def heaviside(x1: Any, x2: Any) -> Tensor:
    """0 where `x1` is negative, `x2` where it is 0, 1 where it is positive; a float."""
    a, b = promote("heaviside", x1, x2, inexact=True)
    zero = e.zero_like(a)
    step = apply(e.select, apply(e.lt, a, zero), zero, e.one_like(a))
    # A NaN is neither below, nor above, nor at zero: it stays.
    step = apply(e.select, apply(e.ne, a, a), a, step)
    return apply(e.select, apply(e.eq, a, zero), b, step)


@op
def hypot(x1: Any, x2: Any) -> Tensor:
    """`sqrt(x1**2 + x2**2)` without overflow in the squares; the gradient at the origin is 0."""
    a, b = (apply(e.abs_, x) for x in promote("hypot", x1, x2, inexact=True))
    above = apply(e.ge, a, b)
    high, low = apply(e.select, above, a, b), apply(e.select, above, b, a)
    # At zero and at infinity the quotient is not needed and would be a NaN.
    useful = apply(e.and_, apply(e.gt, high, e.zero_like(high)), apply(e.isfinite, high))
    ratio = apply(e.div, low, apply(e.select, useful, high, e.one_like(high)))
    ratio = apply(e.select, useful, ratio, e.zero_like(ratio))
    both = a + b
    found = high * apply(e.sqrt, ratio * ratio + 1)
    found = apply(e.select, apply(e.ne, both, both), both, found)
    endless = splat(float("inf"), a.shape, a.dtype)  # even beside a NaN
    infinite = apply(e.or_, apply(e.eq, a, endless), apply(e.eq, b, endless))
    return apply(e.select, infinite, endless, found)


@op
def ldexp(x1: Any, x2: Any) -> Tensor:
    """`x1 * 2**x2` for integers `x2`."""
    exponent = convert_to_tensor(x2)
    if not is_integer(exponent.dtype):
        raise TypeError(f"ldexp: x2 must hold integers, got {exponent.dtype.name}.")
    a = floating(x1)
    a, b = broadcast("ldexp", a, cast_to(exponent, a.dtype))
    # In two halves, so that a power beyond the largest float does no harm by itself.
    half = apply(e.floor, b * 0.5)
    return a * apply(e.exp2, half) * apply(e.exp2, b - half)


def _integers(name: str, x1: Any, x2: Any) -> list[Tensor]:
    a, b = _numbers(name, x1, x2)
    if not is_integer(a.dtype):
        raise TypeError(f"{name}: x1 and x2 must hold integers, got {a.dtype.name}.")
    return [a, b]


def _gcd(a: Tensor, b: Tensor) -> Tensor:
    """Euclid's algorithm on all elements at once, until the last of them is done."""

    def unfinished(_: Tensor, rest: Tensor) -> tuple[Tensor]:
        open_ = apply(e.ne, rest, e.zero_like(rest))
        return (apply(reduce.reduce_or, open_, axes=tuple(range(len(rest.shape)))),)

    def step(divisor: Tensor, rest: Tensor) -> tuple[Tensor, Tensor]:
        done = apply(e.eq, rest, e.zero_like(rest))
        divisor_after = apply(e.select, done, divisor, rest)
        rest_after = apply(e.mod, divisor, apply(e.select, done, e.one_like(rest), rest))
        return divisor_after, apply(e.select, done, rest, rest_after)

    return control_flow.bind_while(unfinished, step, (apply(e.abs_, a), apply(e.abs_, b)))[0]


@op
def gcd(x1: Any, x2: Any) -> Tensor:
    """The greatest common divisor of integers; it is not negative.

    >>> from thalweg import ops
    >>> ops.gcd([12, 0], 18).numpy()
    array([ 6, 18], dtype=int32)
    """
    return _gcd(*_integers("gcd", x1, x2))


@op
def lcm(x1: Any, x2: Any) -> Tensor:
    """The least common multiple of integers, 0 where one of them is 0."""
    a, b = _integers("lcm", x1, x2)
    divisor = _gcd(a, b)
    safe = apply(e.select, apply(e.eq, divisor, e.zero_like(divisor)), e.one_like(a), divisor)
    return apply(e.abs_, apply(e.mul, apply(e.floor_div, a, safe), b))
