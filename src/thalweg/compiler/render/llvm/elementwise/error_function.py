"""erf, erfc and erfinv.

Near zero: a minimax polynomial for erf(x) / x. Beyond: for float32 one for log(1 - erf(x)) / x,
else Cody's rational functions for erfc. erfinv: Wichura's. The rational ones are the reference's.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from thalweg.compiler.render.llvm.elementwise import formats
from thalweg.compiler.render.llvm.elementwise.exponential import exp_of_sum, moderate_exp
from thalweg.compiler.render.llvm.elementwise.lanes import (
    Lanes,
    fma,
    polynomial,
    two_product,
    where,
)
from thalweg.compiler.render.llvm.elementwise.logarithm import log
from thalweg.compiler.render.polynomials import ERF_NEAR, ERFC_FAR
from thalweg.primitives.special import error_function as reference

__all__ = ["erf", "erfc", "erfinv"]

# As `ERF_NEAR` for float64 and |x| <= 1; 2**-56.3.
_NEAR_FLOAT64 = (
    5.945258363469361e-11,
    -1.1365663888611896e-09,
    1.4657879290733047e-08,
    -1.635002513913401e-07,
    1.646097280909456e-06,
    -1.4925593506400056e-05,
    0.00012055331036879793,
    -0.0008548326978741691,
    0.005223977624780858,
    -0.026866170645072893,
    0.11283791670954857,
    -0.3761263890318375,
    0.1283791670955126,
)


def erf(x: Lanes) -> Lanes:
    """2 / sqrt(pi) * the integral of exp(-t * t) from 0 to x."""
    size = abs(x)
    if x.value.type.element == "double":
        # From 6 on it rounds to 1.
        far, border = 1.0 - _complement(size.at_most(6.0)), 1.0
        near: tuple[float, ...] = _NEAR_FLOAT64
    else:
        end = size.at_most(4.0)
        far, border = 1.0 - moderate_exp(polynomial(end, ERFC_FAR) * end), 0.93
        near = ERF_NEAR
    result = where(size > border, far, fma(polynomial(size * size, near), size, size))
    return result.with_sign_of(x)


@formats.in_double
def erfc(x: Lanes) -> Lanes:
    """1 - erf(x), accurate where erf(x) is close to 1."""
    size = abs(x)
    tail = _complement(size)
    far = where(x < 0.0, 2.0 - tail, tail)
    near = 1.0 - fma(polynomial(x * x, _NEAR_FLOAT64), x, x)
    return where(size > 0.46875, far, near)


def _complement(x: Lanes) -> Lanes:
    """erfc for x > 0.46875."""
    x = x.at_most(30.0)  # it is 0 well before
    tail = x > 4.0
    w = 1.0 / (x * x)
    bottom = polynomial(w, reference.TAIL_Q)
    top = fma(bottom, 1 / math.sqrt(math.pi), -(w * polynomial(w, reference.TAIL_P)))
    middle = x.at_most(4.0)
    top = where(tail, top, polynomial(middle, reference.ERFC_P))
    bottom = where(tail, bottom * x, polynomial(middle, reference.ERFC_Q))
    square, low = two_product(x, x)
    return top / bottom * exp_of_sum(-square, -low)


def _ratio(x: Lanes, both: Sequence[Sequence[float]]) -> tuple[Lanes, Lanes]:
    top, bottom = both
    return polynomial(x, top), polynomial(x, bottom)


@formats.in_double
def erfinv(x: Lanes) -> Lanes:
    """The inverse of erf on [-1, 1]; NaN elsewhere."""
    size = abs(x)
    # The normal quantile of p is sqrt(2) * erfinv(2 p - 1), so Wichura's q = p - 1/2 is x / 2.
    q = size * 0.5
    top, bottom = _ratio(0.180625 - q * q, reference.PPND_MIDDLE)
    r = (-log((1.0 - size) * 0.5)).sqrt()
    tail_top, tail_bottom = _ratio(r - 1.6, reference.PPND_TAIL)
    far_top, far_bottom = _ratio(r - 5.0, reference.PPND_FAR_TAIL)
    far, middle = r > 5.0, size <= 0.85
    top = where(middle, q * top, where(far, far_top, tail_top))
    bottom = where(middle, bottom, where(far, far_bottom, tail_bottom))
    result = where(size.equals(1.0), math.inf, top / bottom * math.sqrt(0.5))
    return result.with_sign_of(x)
