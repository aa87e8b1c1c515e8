"""Roots, exponentials, logarithms and trigonometry under NumPy's names.

Integers and bools become floats first (the default float dtype).
"""

from __future__ import annotations

import math
from typing import Any

from thalweg.ops.arguments import apply, floating, promote
from thalweg.ops.dispatch import op
from thalweg.primitives import elementwise as e
from thalweg.tensor.tensor import Tensor

__all__ = [
    "arccos",
    "arccosh",
    "arcsin",
    "arcsinh",
    "arctan",
    "arctan2",
    "arctanh",
    "cbrt",
    "cos",
    "cosh",
    "deg2rad",
    "exp",
    "exp2",
    "expm1",
    "i0",
    "log",
    "log10",
    "log1p",
    "log2",
    "logaddexp",
    "logaddexp2",
    "rad2deg",
    "sin",
    "sinc",
    "sinh",
    "sqrt",
    "tan",
    "tanh",
]


@op
def sqrt(x: Any) -> Tensor:
    """The square root; NaN for negative numbers."""
    return apply(e.sqrt, floating(x))


@op
def cbrt(x: Any) -> Tensor:
    """The real cube root."""
    return apply(e.cbrt, floating(x))


@op
def exp(x: Any) -> Tensor:
    """`e ** x`."""
    return apply(e.exp, floating(x))


@op
def exp2(x: Any) -> Tensor:
    """`2 ** x`."""
    return apply(e.exp2, floating(x))


@op
def expm1(x: Any) -> Tensor:
    """`exp(x) - 1`, exact near 0."""
    return apply(e.expm1, floating(x))


@op
def log(x: Any) -> Tensor:
    """The natural logarithm; -inf at 0, NaN below."""
    return apply(e.log, floating(x))


@op
def log2(x: Any) -> Tensor:
    """The logarithm to base 2."""
    return apply(e.log2, floating(x))


@op
def log10(x: Any) -> Tensor:
    """The logarithm to base 10."""
    return apply(e.log10, floating(x))


@op
def log1p(x: Any) -> Tensor:
    """`log(1 + x)`, exact near 0."""
    return apply(e.log1p, floating(x))


def _log_of_sum(a: Tensor, b: Tensor) -> Tensor:
    """log(exp(a) + exp(b)), from the larger one and the difference."""
    above = apply(e.ge, a, b)
    high, low = apply(e.select, above, a, b), apply(e.select, above, b, a)
    # Of two equal infinities the difference would be a NaN.
    endless = apply(e.and_, apply(e.eq, a, b), apply(e.not_, apply(e.isfinite, a)))
    apart = apply(e.select, endless, e.zero_like(low), low - high)
    return high + apply(e.log1p, apply(e.exp, apart))


@op
def logaddexp(x1: Any, x2: Any) -> Tensor:
    """`log(exp(x1) + exp(x2))` without overflow."""
    return _log_of_sum(*promote("logaddexp", x1, x2, inexact=True))


@op
def logaddexp2(x1: Any, x2: Any) -> Tensor:
    """`log2(2**x1 + 2**x2)` without overflow."""
    a, b = promote("logaddexp2", x1, x2, inexact=True)
    return _log_of_sum(a * math.log(2), b * math.log(2)) / math.log(2)


@op
def sin(x: Any) -> Tensor:
    """The sine of an angle in radians."""
    return apply(e.sin, floating(x))


@op
def cos(x: Any) -> Tensor:
    """The cosine of an angle in radians."""
    return apply(e.cos, floating(x))


@op
def tan(x: Any) -> Tensor:
    """The tangent of an angle in radians."""
    return apply(e.tan, floating(x))


@op
def arcsin(x: Any) -> Tensor:
    """The angle in -pi/2..pi/2 whose sine is `x`."""
    return apply(e.arcsin, floating(x))


@op
def arccos(x: Any) -> Tensor:
    """The angle in 0..pi whose cosine is `x`."""
    return apply(e.arccos, floating(x))


@op
def arctan(x: Any) -> Tensor:
    """The angle in -pi/2..pi/2 whose tangent is `x`."""
    return apply(e.arctan, floating(x))


@op
def arctan2(x1: Any, x2: Any) -> Tensor:
    """The angle in -pi..pi of the point with height `x1` and abscissa `x2`."""
    return apply(e.arctan2, *promote("arctan2", x1, x2, inexact=True))


@op
def sinh(x: Any) -> Tensor:
    """The hyperbolic sine."""
    return apply(e.sinh, floating(x))


@op
def cosh(x: Any) -> Tensor:
    """The hyperbolic cosine."""
    return apply(e.cosh, floating(x))


@op
def tanh(x: Any) -> Tensor:
    """The hyperbolic tangent."""
    return apply(e.tanh, floating(x))


@op
def arcsinh(x: Any) -> Tensor:
    """The inverse of `sinh`."""
    return apply(e.arcsinh, floating(x))


@op
def arccosh(x: Any) -> Tensor:
    """The inverse of `cosh` for results from 0 up."""
    return apply(e.arccosh, floating(x))


@op
def arctanh(x: Any) -> Tensor:
    """The inverse of `tanh`."""
    return apply(e.arctanh, floating(x))


@op
def deg2rad(x: Any) -> Tensor:
    """Radians from degrees."""
    return floating(x) * (math.pi / 180)


@op
def rad2deg(x: Any) -> Tensor:
    """Degrees from radians."""
    return floating(x) * (180 / math.pi)


@op
def sinc(x: Any) -> Tensor:
    """`sin(pi x) / (pi x)`, and 1 at 0."""
    angle = floating(x) * math.pi
    square = angle * angle
    near = apply(e.lt, square, e.one_like(square) * 0.01)
    # Near 0 the Taylor series takes over, so that derivatives of every order are right there.
    series = 1 - square / 6 * (1 - square / 20 * (1 - square / 42 * (1 - square / 72)))
    away = apply(e.select, near, e.one_like(angle), angle)
    return apply(e.select, near, series, apply(e.sin, away) / away)


@op
def i0(x: Any) -> Tensor:
    """The modified Bessel function of the first kind and order 0."""
    tensor = floating(x)
    return apply(e.bessel_i, e.zero_like(tensor), tensor)
