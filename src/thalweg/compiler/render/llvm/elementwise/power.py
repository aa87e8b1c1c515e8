"""Powers and roots of floats."""

from __future__ import annotations

import math
from collections.abc import Callable

from thalweg.compiler.render.llvm.elementwise import formats
from thalweg.compiler.render.llvm.elementwise.exponential import exp2, exp_of_sum
from thalweg.compiler.render.llvm.elementwise.lanes import (
    Lanes,
    fma,
    polynomial,
    two_product,
    two_sum,
    where,
)
from thalweg.compiler.render.llvm.elementwise.logarithm import log2, split

__all__ = ["cbrt", "power", "rsqrt", "sqrt"]

# 2 atanh(s) = 2 s + s ** 3 (2/3 + s * s * P(s * s)): P, highest power first; 2**-65.
_ATANH = (
    0.11992219872279707,
    0.1167443377277687,
    0.13336336358107556,
    0.1538455637904814,
    0.1818181887752171,
    0.2222222221747775,
    0.2857142857144535,
    0.39999999999999974,
)
# Constant exponents that ask for no logarithm.
_BY_HAND: dict[float, Callable[[Lanes], Lanes]] = {
    -1.0: lambda x: 1.0 / x,
    1.0: lambda x: x,
    2.0: lambda x: x * x,
    3.0: lambda x: x * x * x,
}


def sqrt(x: Lanes) -> Lanes:
    """The square root."""
    return x.sqrt()


def rsqrt(x: Lanes) -> Lanes:
    """1 / sqrt(x)."""
    return 1.0 / x.sqrt()


def _log_in_two(x: Lanes) -> tuple[Lanes, Lanes]:
    """log(x) of a positive double as a sum of two, to about 2**-65."""
    form = formats.of(x)
    small = x < form.least
    n, m = split(where(small, x * 2.0**form.fraction, x))
    n = n + where(small, x.like(-form.fraction), 0.0)
    # s = (m - 1) / (m + 1)
    top = m - 1.0
    bottom, bottom_low = two_sum(m, m.like(1.0))
    s = top / bottom
    back, back_low = two_product(s, bottom)
    s_low = (((top - back) - back_low) - s * bottom_low) / bottom
    z, z_low = two_product(s, s)
    z_low = z_low + s * s_low * 2.0
    # t = 2 + z * 2/3 + z * z * P(z)
    third, third_low = two_product(z, z.like(2 / 3))
    third_low = third_low + fma(z_low, 2 / 3, z * 3.7007434154171886e-17)
    t, t_low = two_sum(third, z * z * polynomial(z, _ATANH))
    t, more = two_sum(t.like(2.0), t)
    t_low = t_low + third_low + more
    # s * t + n * log(2)
    high, low = two_product(s, t)
    low = low + fma(s, t_low, s_low * t)
    total, error = two_sum(n * form.ln2_high, high)
    return two_sum(total, fma(n, form.ln2_low, error + low))


def _size_of_power(size: Lanes, y: Lanes) -> Lanes:
    """size ** y for size >= 0, but for size = 1."""
    if size.value.type.element == "float":
        # float64 has more digits than the exponent takes away.
        wide, exponent = size.to("fpext", "double"), y.to("fpext", "double")
        return exp2(exponent * log2(wide)).to("fptrunc", "float")
    high, low = _log_in_two(size)
    outside = where(size.equals(0.0), size.like(-math.inf), size)
    proper = where(size > 0.0, size < math.inf, size > 0.0)
    high, low = where(proper, high, outside), where(proper, low, 0.0)
    product, error = two_product(y, high)
    error = fma(y, low, error)
    return exp_of_sum(product, where(abs(product) < 1000.0, error, 0.0))


def power(x: Lanes, y: Lanes) -> Lanes:
    """x ** y, with the special values of C's pow."""
    for exponent, formula in _BY_HAND.items():
        if y.value.text == x.like(exponent).value.text:
            return formula(x)
    size = abs(x)
    result = where((size.equals(1.0)) & (~y.nan), 1.0, _size_of_power(size, y))
    whole = y.floor().equals(y)
    half = y * 0.5
    odd = whole & half.floor().differs(half)
    result = where(odd & (x.bits < 0), -result, result)
    undefined = (x < 0.0) & (size < math.inf) & (~whole)
    result = where(undefined, math.nan, result)
    return where(x.equals(1.0) | y.equals(0.0), 1.0, result)


@formats.in_double
def cbrt(x: Lanes) -> Lanes:
    """The cube root: a third of the exponent, then Halley's steps (each triples the digits)."""
    size = abs(x)
    small, large = size < 2.0**-960, size > 2.0**960
    factor = where(small, x.like(2.0**240), where(large, x.like(2.0**-240), 1.0))
    scaled = size * factor
    # The upper half of the bits is close to linear in the logarithm.
    upper = scaled.bits.shift_unsigned(32).to("trunc", "i32").to("sitofp", "double")
    third = (upper * (1 / 3) + 715094163.0).to("fptosi", "i32")
    root = (third.to("zext", "i64") << 32).from_bits
    for _ in range(3):
        cube = root * root * root
        root = root - root * ((cube - scaled) / (cube * 2.0 + scaled))
    back = where(small, x.like(2.0**-80), where(large, x.like(2.0**80), 1.0))
    result = (root * back).with_sign_of(x)
    return where((size > 0.0) & (size < math.inf), result, x)
