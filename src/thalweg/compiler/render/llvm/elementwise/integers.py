"""Integer operations with NumPy's results: wraparound, and 0 for division by zero."""

from __future__ import annotations

from thalweg.compiler.render.llvm.builder import Builder, Value
from thalweg.tensor.dtypes import DType

__all__ = ["absolute", "floor_divide", "modulo", "power", "shift_left", "shift_right", "sign"]


def absolute(b: Builder, dtype: DType, x: Value) -> Value:
    """|x|; the most negative integer stays as it is."""
    if dtype.kind == "u":
        return x
    return b.select(b.icmp("slt", x, b.zero(x.type)), b.binary("sub", b.zero(x.type), x), x)


def sign(b: Builder, dtype: DType, x: Value) -> Value:
    """-1, 0 or 1."""
    zero, one = b.zero(x.type), b.number(x.type, 1)
    positive = b.select(b.icmp("ne", x, zero), one, zero)
    if dtype.kind == "u":
        return positive
    return b.select(b.icmp("slt", x, zero), b.number(x.type, -1), positive)


def _quotient(b: Builder, dtype: DType, x: Value, y: Value) -> tuple[Value, Value]:
    """x / y cut to an integer, and whether y is 0 (x stands for the quotient there)."""
    t = x.type
    by_zero = b.icmp("eq", y, b.zero(t))
    unsafe = by_zero
    if dtype.kind == "i":
        least = b.number(t, -(2 ** (t.bits - 1)))
        overflow = b.binary(
            "and", b.icmp("eq", x, least), b.icmp("eq", y, b.number(t, -1))
        )  # the quotient wraps back to x
        unsafe = b.binary("or", by_zero, overflow)
    y = b.select(unsafe, b.number(t, 1), y)
    kind = "s" if dtype.kind == "i" else "u"
    if t.bits == 64:
        return b.binary(f"{kind}div", x, y), by_zero
    # Processors divide float64 vectors but not integer ones; 53 bits hold the quotient exactly.
    top = b.convert(f"{kind}itofp", x, "double")
    bottom = b.convert(f"{kind}itofp", y, "double")
    return b.convert(f"fpto{kind}i", b.fdiv(top, bottom), t.element), by_zero


def _divide(b: Builder, dtype: DType, x: Value, y: Value) -> tuple[Value, Value]:
    """The quotient rounded down and the rest; both 0 where y is 0."""
    t = x.type
    quotient, by_zero = _quotient(b, dtype, x, y)
    rest = b.binary("sub", x, b.binary("mul", quotient, y))
    if dtype.kind == "i":
        opposite = b.icmp("slt", b.binary("xor", rest, y), b.zero(t))
        down = b.binary("and", opposite, b.icmp("ne", rest, b.zero(t)))
        quotient = b.select(down, b.binary("sub", quotient, b.number(t, 1)), quotient)
        rest = b.select(down, b.binary("add", rest, y), rest)
    return b.select(by_zero, b.zero(t), quotient), b.select(by_zero, b.zero(t), rest)


def floor_divide(b: Builder, dtype: DType, x: Value, y: Value) -> Value:
    """The quotient rounded down; 0 where y is 0."""
    return _divide(b, dtype, x, y)[0]


def modulo(b: Builder, dtype: DType, x: Value, y: Value) -> Value:
    """The rest with the sign of y; 0 where y is 0."""
    return _divide(b, dtype, x, y)[1]


def power(b: Builder, dtype: DType, x: Value, y: Value) -> Value:
    """x ** y with wraparound; negative powers are cut to 0, save those of 1 and -1."""
    t = x.type
    one, zero = b.number(t, 1), b.zero(t)
    signed = dtype.kind == "i"
    result, square = one, x
    for k in range(t.bits - signed):
        if k:
            square = b.binary("mul", square, square)
        bit = b.icmp("ne", b.binary("and", y, b.number(t, 1 << k)), zero)
        result = b.select(bit, b.binary("mul", result, square), result)
    if not signed:
        return result
    minus = b.number(t, -1)
    odd = b.icmp("ne", b.binary("and", y, one), zero)
    of_minus_one = b.select(odd, minus, one)
    inverse = b.select(b.icmp("eq", x, minus), of_minus_one, zero)
    inverse = b.select(b.icmp("eq", x, one), one, inverse)
    return b.select(b.icmp("slt", y, zero), inverse, result)


def shift_left(b: Builder, dtype: DType, x: Value, y: Value) -> Value:
    """x * 2 ** y with wraparound; 0 where y is negative or not below the width."""
    inside = b.icmp("ult", y, b.number(y.type, y.type.bits))
    amount = b.select(inside, y, b.zero(y.type))
    return b.select(inside, b.binary("shl", x, amount), b.zero(x.type))


def shift_right(b: Builder, dtype: DType, x: Value, y: Value) -> Value:
    """floor(x / 2 ** y); only the sign is left where y is negative or not below the width."""
    width = y.type.bits
    inside = b.icmp("ult", y, b.number(y.type, width))
    if dtype.kind == "i":
        amount = b.select(inside, y, b.number(y.type, width - 1))
        return b.binary("ashr", x, amount)
    amount = b.select(inside, y, b.zero(y.type))
    return b.select(inside, b.binary("lshr", x, amount), b.zero(x.type))
