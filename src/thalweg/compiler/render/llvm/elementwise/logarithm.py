"""log, log2, log10, log1p, and the inverse hyperbolic functions made of them.

x = 2 ** n * (1 + f) with 1 + f near 1. float32: log(1 + f) = f - f * f / 2 + f ** 3 * P(f) with a
minimax P. float64: fdlibm's form, with s = f / (2 + f) and a minimax polynomial in s * s.
"""

from __future__ import annotations

import math

from thalweg.compiler.render.llvm.elementwise import formats
from thalweg.compiler.render.llvm.elementwise.lanes import (
    Lanes,
    fma,
    polynomial,
    two_sum,
    where,
)
from thalweg.compiler.render.polynomials import LOG

__all__ = ["arccosh", "arcsinh", "arctanh", "log", "log10", "log1p", "log2", "split"]

# (2 atanh(s) - 2 s) / s ** 3 as a polynomial in s * s; 2**-58.
_FLOAT64 = (
    0.14799272704390298,
    0.15313736186381197,
    0.1818357588639166,
    0.22222198365502305,
    0.2857142874425857,
    0.39999999999407004,
    0.6666666666666735,
)
# log10(2) in two parts, the first short enough for exact products.
_LOG10_2_HIGH = 1233 / 4096
_LOG10_2_LOW = 4.60503898119521373889e-06


def split(x: Lanes) -> tuple[Lanes, Lanes]:
    """n and 1 + f of a positive normal number: 2/3 to 4/3 (float32), sqrt(1/2) to sqrt(2)."""
    double = x.value.type.element == "double"
    form = formats.of(x)
    offset = 0x3FE6A09E667F3BCD if double else 0x3F2AAAAB
    bits = x.bits
    moved = bits - offset
    high = moved & -(1 << form.fraction)
    n = (moved >> form.fraction).to("sitofp", x.value.type.element)
    return n, (bits - high).from_bits


def _near_one(f: Lanes, n: Lanes, high: float, low: float) -> Lanes:
    """log(1 + f) + n * (high + low)."""
    square = f * f
    if f.value.type.element == "float":
        rest = fma(n, low, polynomial(f, LOG) * f * square)
        return fma(n, high, f + fma(square, -0.5, rest))
    half = square * 0.5
    s = f / (f + 2.0)
    z = s * s
    rest = fma(s, half + polynomial(z, _FLOAT64) * z, n * low)
    return fma(n, high, f - (half - rest))


def _finished(x: Lanes, result: Lanes) -> Lanes:
    """The logarithm of x with its special values: NaN below 0, -infinity, infinity, NaN."""
    outside = where(x.equals(0.0), x.like(-math.inf), math.nan)
    return where(x > 0.0, where(x < math.inf, result, x), outside)


def _normal(x: Lanes) -> tuple[Lanes, Lanes]:
    """x, denormals scaled up, and what their exponents must be corrected by."""
    form = formats.of(x)
    small = x < form.least
    return where(small, x * 2.0**form.fraction, x), where(small, x.like(-form.fraction), 0.0)


def _parts(x: Lanes) -> tuple[Lanes, Lanes]:
    """n and f of a positive number."""
    normal, correction = _normal(x)
    n, m = split(normal)
    return n + correction, m - 1.0


def log(x: Lanes) -> Lanes:
    """The natural logarithm."""
    form = formats.of(x)
    n, f = _parts(x)
    return _finished(x, _near_one(f, n, form.ln2_high, form.ln2_low))


def log2(x: Lanes) -> Lanes:
    """The logarithm to base 2."""
    n, f = _parts(x)
    natural = _near_one(f, n.like(0.0), 0.0, 0.0)
    return _finished(x, fma(natural, 1 / math.log(2), n))


def log10(x: Lanes) -> Lanes:
    """The logarithm to base 10."""
    n, f = _parts(x)
    natural = _near_one(f, n.like(0.0), 0.0, 0.0)
    return _finished(x, fma(n, _LOG10_2_HIGH, fma(natural, 1 / math.log(10), n * _LOG10_2_LOW)))


def log1p(x: Lanes) -> Lanes:
    """log(1 + x), accurate for small x."""
    form = formats.of(x)
    total, error = two_sum(x.like(1.0), x)
    n, m = split(total)
    # The error of 1 + x, on m's scale. For large x it is too small to matter, and 2 ** -n may
    # not be a number.
    change = error * (x.like(1.0).bits - (total.bits - m.bits)).from_bits
    f = (m - 1.0) + where(x < 2.0**60, change, 0.0)
    result = _near_one(f, n, form.ln2_high, form.ln2_low)
    return where(total.equals(0.0), -math.inf, _finished_log1p(x, result))


def _finished_log1p(x: Lanes, result: Lanes) -> Lanes:
    return where(x >= -1.0, where(x < math.inf, result, x), math.nan).with_sign_of(x)


@formats.in_double
def arcsinh(x: Lanes) -> Lanes:
    """log(x + sqrt(x * x + 1))."""
    size = abs(x)
    far = size > 2.0**28
    near = where(far, 0.0, size)
    square = near * near
    moderate = near + square / ((square + 1.0).sqrt() + 1.0)
    result = log1p(where(far, size - 1.0, moderate))  # log1p(x - 1) is log(x)
    return where(far, result + math.log(2), result).with_sign_of(x)


@formats.in_double
def arccosh(x: Lanes) -> Lanes:
    """log(x + sqrt(x * x - 1)); NaN below 1."""
    far = x > 2.0**28
    t = where(far, 1.0, x - 1.0)
    result = log1p(where(far, x - 1.0, t + (t * t + t * 2.0).sqrt()))
    result = where(far, result + math.log(2), result)
    return where(x < 1.0, math.nan, result)


@formats.in_double
def arctanh(x: Lanes) -> Lanes:
    """log((1 + x) / (1 - x)) / 2; NaN outside [-1, 1]."""
    size = abs(x)
    return (log1p(size * 2.0 / (1.0 - size)) * 0.5).with_sign_of(x)
