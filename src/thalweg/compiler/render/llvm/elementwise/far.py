"""sin and cos of doubles beyond the limit of the usual reduction, where there is no C library.

Payne and Hanek's method: x * 2 / pi modulo 4 in integers. With x = m * 2 ** e only some words of
2 / pi count: earlier ones stand for multiples of 4, later ones are too small.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Callable

from thalweg.compiler.render.llvm.builder import F64, I32, I64, PTR, Builder, Value
from thalweg.compiler.render.llvm.elementwise.lanes import Lanes, two_product, two_sum

__all__ = ["circular"]

_NAME, _WORDS = "thalweg_circular", "thalweg_two_over_pi"
# Words of a product, which leave 77 bits where 61 cancel out; the last one of 2 / pi that the
# largest double needs.
_COUNT, _LAST = 7, 37
# pi / 2 less the double next to it.
_PI_2_LOW = 6.123233995736766e-17

# From r, what r lacks, and the quadrant to sin(x).
Formula = Callable[[Lanes, Lanes, Lanes], Lanes]


def circular(b: Builder, x: Value, turn: int, formula: Formula) -> Value:
    """sin(x + turn * pi / 2) of one double, by a function that all of a module share."""
    if _NAME not in b.declarations:
        own = Builder(b.target)
        own.declarations[_WORDS] = _words()
        with own.function(_NAME, [(F64, "x"), (I64, "turn")]) as (number, turns):
            r, low, quadrant = _reduced(Lanes(own, number))
            own.returned = formula(r, low, quadrant + Lanes(own, turns)).value
        b.declarations |= own.declarations
        b.declarations[_NAME] = own.text
    return b.result(F64, f"call double @{_NAME}({x}, i64 {turn})")


@functools.cache
def _words() -> str:
    """2 / pi in words of 32 bits, as a constant of LLVM."""
    bits = 32 * (_LAST + 1)
    unit = 1 << (bits + 64)

    def arctan_of_inverse(n: int) -> int:
        total = term = unit // n
        k = 1
        while term:
            term //= -n * n
            k += 2
            total += term // k
        return total

    pi = 4 * (4 * arctan_of_inverse(5) - arctan_of_inverse(239))  # Machin
    whole = (2 * unit << bits) // pi
    words = [whole >> (bits - 32 * (i + 1)) & 0xFFFFFFFF for i in range(_LAST + 1)]
    values = ", ".join(f"i32 {w - (w >> 31 << 32)}" for w in words)
    return f"@{_WORDS} = internal constant [{len(words)} x i32] [{values}]"


def _reduced(x: Lanes) -> tuple[Lanes, Lanes, Lanes]:
    """r in two parts, and the quadrant; r of infinities and NaN is NaN."""
    b = x.b
    bits = x.bits
    m = (bits & ((1 << 52) - 1)) | (1 << 52)
    e = (bits.shift_unsigned(52) & 0x7FF) - 1075
    first = (e - 2) >> 5
    # Of infinities anything will do.
    first = Lanes(
        b, b.call("llvm.smin", I64, [first.at_least(0).value, b.number(I64, _LAST + 1 - _COUNT)])
    )
    shift = e - (first << 5) - 32  # -64 to 1
    begin = b.integer(first.value, b.target.index)
    table = Value(f"@{_WORDS}", PTR)
    words = [
        Lanes(b, b.integer(b.load(b.at(table, b.add(begin, i), "i32"), I32), "i64", signed=False))
        for i in range(_COUNT)
    ]
    # The product of m and the words, in limbs of 32 bits, the lowest first.
    limbs = [x.bits.like(0)] * (_COUNT + 3)
    for part, place in ((m & 0xFFFFFFFF, 0), (m.shift_unsigned(32), 1)):
        carry = part.like(0)
        for i, word in enumerate(reversed(words)):
            total = part * word + limbs[place + i] + carry
            limbs[place + i], carry = total & 0xFFFFFFFF, total.shift_unsigned(32)
        limbs[place + _COUNT] = carry
    # Bit 194 - shift of it stands for 4: it comes to lie behind the top, 126 + shift places higher.
    wide = [limbs[2 * i] | (limbs[2 * i + 1] << 32) for i in range(5)]
    up = shift + 126
    far = up >= 64
    wide = [
        Lanes(b, b.select(far.value, below.value, same.value))
        for same, below in zip(wide, [m.like(0), *wide[:4]], strict=True)
    ]
    up = up & 63
    high, low = (
        Lanes(b, b.call("llvm.fshl", I64, [wide[k].value, wide[k - 1].value, up.value]))
        for k in (4, 3)
    )
    quadrant = (high + (1 << 61)).shift_unsigned(62)
    rest = high - (quadrant << 62)
    top = (rest & -(1 << 11)).to("sitofp", "double") * 2.0**-62
    below = (rest & 0x7FF).to("uitofp", "double") + low.to("uitofp", "double") * 2.0**-64
    value, error = two_sum(top, below * 2.0**-62)
    r, missing = two_product(value, value.like(math.pi / 2))
    missing = missing + (value * _PI_2_LOW + error * (math.pi / 2))
    r, missing = two_sum(r, missing)
    negative = bits < 0
    quadrant = Lanes(b, b.select(negative.value, (-quadrant).value, quadrant.value))
    sign = x.like(1.0).with_sign_of(x)
    # 0 * infinity is NaN.
    return r * sign + (x * 0.0), missing * sign, quadrant
