"""What the functions must know of float32 and float64, and powers of two in either."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps

from thalweg.compiler.render.llvm.elementwise.lanes import Lanes, fma

__all__ = ["Format", "in_double", "nearest", "power_of_two", "scale", "scale_far", "of"]


@dataclass(frozen=True, slots=True)
class Format:
    """A floating-point format.

    Attributes:
        fraction: bits after the point of the significand.
        bias: of the exponent.
        magic: adding it rounds to an integer, which the last bits then hold.
        ln2_high, ln2_low: log(2) in two parts; the product of the first with an exponent is exact.
    """

    fraction: int
    bias: int
    magic: float
    ln2_high: float
    ln2_low: float

    @property
    def least(self) -> float:
        """The smallest normal number."""
        return 2.0 ** (1 - self.bias)

    @property
    def one(self) -> int:
        """The bits of 1."""
        return self.bias << self.fraction


_FLOAT32 = Format(23, 127, 1.5 * 2.0**23, 0.693145751953125, 1.428606765330187045e-06)
# The split of fdlibm.
_FLOAT64 = Format(52, 1023, 1.5 * 2.0**52, 6.93147180369123816490e-01, 1.90821492927058770002e-10)


def of(x: Lanes) -> Format:
    """The format of a value."""
    return _FLOAT64 if x.value.type.element == "double" else _FLOAT32


def in_double(formula: Callable[..., Lanes]) -> Callable[..., Lanes]:
    """Computes a formula for float32 in float64, which leaves the rounding of the result alone."""

    @wraps(formula)
    def widened(*arguments: Lanes) -> Lanes:
        if arguments[0].value.type.element == "double":
            return formula(*arguments)
        return formula(*[a.to("fpext", "double") for a in arguments]).to("fptrunc", "float")

    return widened


def nearest(x: Lanes, factor: float) -> tuple[Lanes, Lanes]:
    """The integer nearest to x * factor (below 2 ** 22 in size), as a float and as an integer."""
    magic = of(x).magic
    shifted = fma(x, factor, magic)
    return shifted - magic, shifted.bits - x.like(magic).bits


def power_of_two(like: Lanes, n: Lanes) -> Lanes:
    """2 ** n for an integer n that gives a normal number."""
    form = of(like)
    return ((n + form.bias) << form.fraction).from_bits


# The widths of x86's `scalef`, by element and lanes: name, bits of the mask.
_SCALEF = {
    ("float", 4): ("ps.128", 8),
    ("float", 8): ("ps.256", 8),
    ("float", 16): ("ps.512", 16),
    ("double", 2): ("pd.128", 8),
    ("double", 4): ("pd.256", 8),
    ("double", 8): ("pd.512", 8),
}


def _scalef(x: Lanes, n: Lanes) -> Lanes | None:
    """AVX-512's instruction for x * 2 ** n, where there is one of this width."""
    t = x.value.type
    if x.b.target.name != "avx512" or (t.element, t.lanes) not in _SCALEF:
        return None
    width, bits = _SCALEF[t.element, t.lanes]
    name = f"llvm.x86.avx512.mask.scalef.{width}"
    rounding, mode = (", i32", ", i32 4") if width.endswith("512") else ("", "")
    x.b.declarations[name] = f"declare {t} @{name}({t}, {t}, {t}, i{bits}{rounding})"
    call = f"call {t} @{name}({x.value}, {n.value}, {x.value}, i{bits} -1{mode})"
    return Lanes(x.b, x.b.result(t, call))


def scale(x: Lanes, n: Lanes, whole: Lanes) -> Lanes:
    """x * 2 ** n, where 2 ** n is a normal number.

    Args:
        x: the factor.
        n: the power as a float.
        whole: the same as an integer.
    """
    return _scalef(x, n) or x * power_of_two(x, whole)


def scale_far(x: Lanes, n: Lanes, whole: Lanes) -> Lanes:
    """x * 2 ** n rounded once, for x near 1, also where the result overflows or is denormal."""
    direct = _scalef(x, n)
    if direct is not None:
        return direct
    half = whole >> 1
    return x * power_of_two(x, half) * power_of_two(x, whole - half)
