"""Arguments of sin, cos and tan reduced to |r| <= pi / 4 and a quadrant.

Up to `LIMIT`: x - n pi/2 with pi/2 in parts of 33 bits (Cody and Waite; fdlibm's constants), whose
products with n are exact. Larger float32 numbers: Payne and Hanek's method, x * 2/pi modulo 4 in
integers.
"""

from __future__ import annotations

import math

from thalweg.compiler.render.llvm.elementwise import formats
from thalweg.compiler.render.llvm.elementwise.lanes import Lanes, fma, rarely, two_sum, where

__all__ = ["LIMIT", "reduce_double", "reduce_float"]

LIMIT = 2.0**20
_PI_2_HIGH = 1.57079632673412561417e00
_PI_2_REST = 6.07710050650619224932e-11  # pi/2 - _PI_2_HIGH, rounded
_PI_2_MIDDLE = 6.07710050630396597660e-11  # its first 33 bits
_PI_2_LOW = 2.02226624879595063154e-21  # pi/2 - _PI_2_HIGH - _PI_2_MIDDLE

# 32 zeros and the first 224 bits of 2 / pi, in words of 32 bits.
_TWO_OVER_PI = (
    0x00000000,
    0xA2F9836E,
    0x4E441529,
    0xFC2757D1,
    0xF534DDC0,
    0xDB629599,
    0x3C439041,
    0xFE5163AB,
)


def reduce_double(x: Lanes) -> tuple[Lanes, Lanes, Lanes]:
    """r in two parts and the quadrant (of doubles up to LIMIT)."""
    n, whole = formats.nearest(x, 2 / math.pi)
    first = x - n * _PI_2_HIGH
    second, error = two_sum(first, -(n * _PI_2_MIDDLE))
    r, low = two_sum(second, -(n * _PI_2_LOW))
    return r, low + error, whole


def reduce_float(x: Lanes) -> tuple[Lanes, Lanes]:
    """r, a double, and the quadrant of float32 numbers of any size."""
    wide = x.to("fpext", "double")
    n, whole = formats.nearest(wide, 2 / math.pi)
    r = fma(n, -_PI_2_REST, wide - n * _PI_2_HIGH)
    far = abs(x) >= LIMIT

    def at_far() -> list[Lanes]:
        rest, quadrant = _payne_hanek(x)
        return [where(far, rest, r), where(far, quadrant, whole)]

    reduced, quadrant = rarely(far, at_far, [r, whole])
    return reduced, quadrant


def _payne_hanek(x: Lanes) -> tuple[Lanes, Lanes]:
    """r and the quadrant of large float32 numbers; r of infinities and NaN is NaN."""
    bits = x.bits.to("zext", "i64")
    # |x| = m * 2 ** (exponent - 150)
    m = (bits & 0x7FFFFF) | 0x800000
    exponent = bits.shift_unsigned(23) & 0xFF
    # Bits of 2/pi that stand for multiples of 4 after the product with 2 ** ... are left out.
    place = exponent - (150 + 2 - 32)
    word, shift = place.shift_unsigned(5), place & 31

    def window(k: int) -> Lanes:
        """32 bits of 2/pi, the k-th after the place."""
        pairs = [
            (_TWO_OVER_PI[j] << 32) | _TWO_OVER_PI[j + 1] for j in range(k, len(_TWO_OVER_PI) - 1)
        ]
        chosen = word.like(pairs[-1])
        for j in range(len(pairs) - 2, -1, -1):
            chosen = where(word.equals(j), word.like(pairs[j]), chosen)
        return chosen.shift_unsigned(32 - shift) & 0xFFFFFFFF

    # The product modulo 4, with 62 bits after the point.
    product = ((m * window(0)) << 32) + m * window(1) + (m * window(2)).shift_unsigned(32)
    quadrant = (product + 2**61).shift_unsigned(62)
    rest = (product - (quadrant << 62)).to("sitofp", "double") * (math.pi / 2 * 2.0**-62)
    negative = x.bits < 0
    quadrant = where(negative, -quadrant, quadrant)
    rest = where(negative, -rest, rest)
    return where(abs(x) < math.inf, rest, math.nan), quadrant
