"""exp, exp2, expm1, and what is made of them: sigmoid, tanh, sinh, cosh.

x = n log(2) + r with |r| <= log(2) / 2, and exp(r) = 1 + r + r * r * P(r) with a minimax P.
"""

from __future__ import annotations

import math

from thalweg.compiler.render.llvm.elementwise import formats
from thalweg.compiler.render.llvm.elementwise.lanes import Lanes, fma, polynomial, where
from thalweg.compiler.render.polynomials import EXP, TANH

__all__ = [
    "cosh",
    "exp",
    "exp2",
    "exp_of_sum",
    "expm1",
    "moderate_exp",
    "sigmoid",
    "sinh",
    "tanh",
]

_LOG2_E = 1 / math.log(2)

# As `EXP` for float64, minimax for expm1's relative error: 2**-59.6.
_FLOAT64 = (
    2.087533915640255e-09,
    2.5109024650882035e-08,
    2.755740273733386e-07,
    2.7557244253651344e-06,
    2.480158717228132e-05,
    0.00019841269886074,
    0.0013888888888962576,
    0.008333333333321653,
    0.041666666666666505,
    0.16666666666666677,
    0.5,
)


def _coefficients(x: Lanes) -> tuple[float, ...]:
    return _FLOAT64 if x.value.type.element == "double" else EXP


def _limits(x: Lanes) -> tuple[float, float]:
    """Below the first exp is 0, above the second it is infinite (and n stays small)."""
    return (-746.0, 710.0) if x.value.type.element == "double" else (-104.0, 89.0)


def _reduced(x: Lanes) -> tuple[Lanes, Lanes, Lanes]:
    """r, and n as a float and as an integer."""
    form = formats.of(x)
    n, whole = formats.nearest(x, _LOG2_E)
    r = fma(n, -form.ln2_low, fma(n, -form.ln2_high, x))
    return r, n, whole


def _exp_near_zero(r: Lanes) -> Lanes:
    return polynomial(r, (*_coefficients(r), 1.0, 1.0))


def _expm1_near_zero(r: Lanes) -> Lanes:
    return fma(r * r, polynomial(r, _coefficients(r)), r)


def exp(x: Lanes) -> Lanes:
    """e ** x."""
    low, high = _limits(x)
    r, n, whole = _reduced(x.at_least(low).at_most(high))
    return formats.scale_far(_exp_near_zero(r), n, whole)


def moderate_exp(x: Lanes) -> Lanes:
    """e ** x where the result is a normal number."""
    r, n, whole = _reduced(x)
    return formats.scale(_exp_near_zero(r), n, whole)


def exp_of_sum(high: Lanes, low: Lanes) -> Lanes:
    """e ** (high + low), where `low` holds the digits that `high` could not."""
    least, most = _limits(high)
    clamped = high.at_least(least).at_most(most)
    r, n, whole = _reduced(clamped)
    # Far out, where `low` may be anything, it does not matter.
    r = where(clamped.equals(high), r + low, r)
    return formats.scale_far(_exp_near_zero(r), n, whole)


def exp2(x: Lanes) -> Lanes:
    """2 ** x."""
    form = formats.of(x)
    limit = form.bias + form.fraction + 3.0
    x = x.at_least(-limit).at_most(limit)
    n, whole = formats.nearest(x, 1.0)
    return formats.scale_far(_exp_near_zero((x - n) * math.log(2)), n, whole)


def _expm1_moderate(x: Lanes) -> Lanes:
    """e ** x - 1 where 2 ** n is a normal number."""
    r, _, whole = _reduced(x)
    power = formats.power_of_two(x, whole)
    return fma(power, _expm1_near_zero(r), power - 1.0)


def expm1(x: Lanes) -> Lanes:
    """e ** x - 1."""
    low, high = -60.0, _limits(x)[1]
    r, _, whole = _reduced(x.at_least(low).at_most(high))
    # Half of it, so that the largest results do not overflow on the way.
    half = formats.power_of_two(x, whole - 1)
    result = fma(half, _expm1_near_zero(r), half - 0.5) * 2.0
    return result.with_sign_of(x)


def sigmoid(x: Lanes) -> Lanes:
    """1 / (1 + e ** -x); exp of a negative number only, so that it never overflows."""
    low, _ = _limits(x)
    r, n, whole = _reduced((-abs(x)).at_least(low))
    e = formats.scale_far(_expm1_near_zero(r) + 1.0, n, whole)
    quotient = where(x < 0.0, e, 1.0) / (e + 1.0)
    # e / (1 + e) = e - e * e / (1 + e), where the errors of the quotient weigh less.
    return where(x < 0.0, fma(-e, quotient, e), quotient)


def tanh(x: Lanes) -> Lanes:
    """(e ** 2x - 1) / (e ** 2x + 1)."""
    size = abs(x)
    if x.value.type.element == "double":
        # From 20 on it rounds to 1.
        t = _expm1_moderate(size.at_most(20.0) * 2.0)
        return (t / (t + 2.0)).with_sign_of(x)
    # With a part of its own near zero float32 stays within 2 units in the last place.
    z = x * x
    near = fma(polynomial(z, TANH) * z, size, size)
    far = 1.0 - 2.0 / (moderate_exp(size.at_most(10.0) * 2.0) + 1.0)
    return where(size > 0.55, far, near).with_sign_of(x)


def _half_exp(size: Lanes) -> Lanes:
    """e ** size / 2 for size >= 0, which overflows later than e ** size does."""
    r, n, whole = _reduced(size.at_most(_limits(size)[1] + 1.0))
    return formats.scale_far(_exp_near_zero(r), n - 1.0, whole - 1)


@formats.in_double
def sinh(x: Lanes) -> Lanes:
    """(e ** x - e ** -x) / 2."""
    size = abs(x)
    half = _half_exp(size)
    large = half - 0.25 / half
    t = _expm1_moderate(size.at_most(1.0))
    small = (t + t / (t + 1.0)) * 0.5
    return where(size < 1.0, small, large).with_sign_of(x)


@formats.in_double
def cosh(x: Lanes) -> Lanes:
    """(e ** x + e ** -x) / 2."""
    half = _half_exp(abs(x))
    return half + 0.25 / half
