"""arcsin, arccos, arctan and arctan2."""

from __future__ import annotations

import math

from thalweg.compiler.render.llvm.elementwise import formats
from thalweg.compiler.render.llvm.elementwise.lanes import Lanes, fma, polynomial, where

__all__ = ["arccos", "arcsin", "arctan", "arctan2"]

# (atan(t) - t) / t ** 3 for |t| <= tan(pi / 8) and (asin(t) - t) / t ** 3 for |t| <= 1/2 as minimax
# polynomials in t * t, highest power first; 2**-63.9 and 2**-59.9.
_ARCTAN = (
    0.01490193358349302,
    -0.03318296892750312,
    0.044909047048806515,
    -0.052152628063438684,
    0.05876528600278728,
    -0.06666175843291643,
    0.07692279272363958,
    -0.09090907988594345,
    0.11111111083806612,
    -0.14285714285317086,
    0.19999999999997098,
    -0.33333333333333326,
)
_ARCSIN = (
    0.03264871179927988,
    -0.021029710845895968,
    0.021727993866162167,
    0.0036984556253956886,
    0.010782216399360878,
    0.011398589925464902,
    0.013980856069696351,
    0.01735160942425486,
    0.022372215106887368,
    0.030381942704657133,
    0.04464285717464639,
    0.0749999999997081,
    0.1666666666666676,
)
# pi = math.pi + _PI_LOW
_PI_LOW = 1.2246467991473532e-16


def _arctan_of_ratio(top: Lanes, bottom: Lanes) -> Lanes:
    """The angle, 0 to pi / 2, of a point with both coordinates >= 0, not both 0 or infinite."""
    low = top <= bottom * (math.sqrt(2) - 1)
    high = top > bottom * (math.sqrt(2) + 1)
    # atan(t) = pi/4 + atan((t - 1) / (t + 1)) = pi/2 - atan(1 / t)
    upper = where(low, top, where(high, -bottom, top - bottom))
    lower = where(low, bottom, where(high, top, top + bottom))
    t = upper / lower
    z = t * t
    base = where(low, t.like(0.0), where(high, t.like(math.pi / 2), math.pi / 4))
    rest = base * (_PI_LOW / math.pi)
    return base + (t + fma(t * z, polynomial(z, _ARCTAN), rest))


@formats.in_double
def arctan(x: Lanes) -> Lanes:
    """The angle, -pi / 2 to pi / 2, whose tangent is x."""
    # The angle of larger numbers rounds to pi / 2; infinity would give NaN on the way.
    return _arctan_of_ratio(abs(x).at_most(2.0**60), x.like(1.0)).with_sign_of(x)


@formats.in_double
def arctan2(y: Lanes, x: Lanes) -> Lanes:
    """The angle, -pi to pi, of the point (x, y), with the special values of C's atan2."""
    top, bottom = abs(y), abs(x)
    # Their sum and products with 2.4 must not overflow.
    huge = (top > 2.0**1020) | (bottom > 2.0**1020)
    factor = where(huge, x.like(2.0**-10), 1.0)
    both = top.equals(math.inf) & bottom.equals(math.inf)
    right = top.equals(0.0) & bottom.equals(0.0)
    upper, lower = where(both, 1.0, top * factor), where(both | right, 1.0, bottom * factor)
    # An infinite coordinate alone: a finite one with the same angle.
    upper, lower = upper.at_most(2.0**1020), lower.at_most(2.0**1020)
    one_infinite = top.equals(math.inf) | bottom.equals(math.inf)
    upper = where(one_infinite & (top < math.inf), 0.0, upper)
    lower = where(one_infinite & (bottom < math.inf), 0.0, lower)
    angle = _arctan_of_ratio(upper, lower)
    angle = where(x.bits < 0, math.pi - (angle - _PI_LOW), angle)
    angle = where(top.nan | bottom.nan, math.nan, angle)
    return angle.with_sign_of(y)


def _arcsin_small(t: Lanes) -> Lanes:
    z = t * t
    return fma(t * z, polynomial(z, _ARCSIN), t)


@formats.in_double
def arcsin(x: Lanes) -> Lanes:
    """The angle, -pi / 2 to pi / 2, whose sine is x; NaN outside [-1, 1]."""
    size = abs(x)
    outer = size > 0.5
    # asin(x) = pi/2 - 2 asin(sqrt((1 - x) / 2))
    small = _arcsin_small(where(outer, ((1.0 - size) * 0.5).sqrt(), size))
    large = math.pi / 2 - (small * 2.0 - _PI_LOW / 2)
    return where(outer, large, small).with_sign_of(x)


@formats.in_double
def arccos(x: Lanes) -> Lanes:
    """The angle, 0 to pi, whose cosine is x; NaN outside [-1, 1]."""
    size = abs(x)
    outer = size > 0.5
    small = _arcsin_small(where(outer, ((1.0 - size) * 0.5).sqrt(), x))
    inner = math.pi / 2 - (small - _PI_LOW / 2)
    twice = small * 2.0
    left = math.pi - (twice - _PI_LOW)
    return where(outer, where(x < 0.0, left, twice), inner)
