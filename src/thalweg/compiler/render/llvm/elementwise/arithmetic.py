"""Arithmetic, comparisons and logic of every dtype."""

from __future__ import annotations

from thalweg.compiler.render.llvm.builder import Builder, Value
from thalweg.compiler.render.llvm.elementwise import integers
from thalweg.compiler.render.llvm.elementwise.remainder import float_floor_divide, float_modulo
from thalweg.tensor.dtypes import DType

__all__ = [
    "absolute",
    "add",
    "compare",
    "floor_divide",
    "invert",
    "is_finite",
    "maximum",
    "minimum",
    "modulo",
    "multiply",
    "negative",
    "round_with",
    "sign",
    "subtract",
]


def negative(b: Builder, dtype: DType, x: Value) -> Value:
    """-x."""
    return b.fneg(x) if x.type.floating else b.binary("sub", b.zero(x.type), x)


def absolute(b: Builder, dtype: DType, x: Value) -> Value:
    """|x|."""
    return b.call("llvm.fabs", x.type, [x]) if x.type.floating else integers.absolute(b, dtype, x)


def sign(b: Builder, dtype: DType, x: Value) -> Value:
    """-1, 0 or 1; NaN of NaN."""
    if not x.type.floating:
        return integers.sign(b, dtype, x)
    zero = b.zero(x.type)
    unit = b.call("llvm.copysign", x.type, [b.number(x.type, 1.0), x])
    # Both zeros give +0; adding +0 keeps NaN.
    known = b.fcmp("one", x, zero)
    return b.select(known, unit, b.binary("fadd", x, zero))


def round_with(intrinsic: str, b: Builder, dtype: DType, x: Value) -> Value:
    """`llvm.floor`, `llvm.ceil`, `llvm.trunc` or `llvm.roundeven`; integers are whole already."""
    return b.call(intrinsic, x.type, [x]) if x.type.floating else x


def is_finite(b: Builder, dtype: DType, x: Value) -> Value:
    """Whether x is neither infinite nor NaN."""
    size = b.call("llvm.fabs", x.type, [x])
    return b.fcmp("olt", size, b.number(x.type, float("inf")))


def invert(b: Builder, dtype: DType, x: Value) -> Value:
    """All bits turned; for bool, logical not."""
    return b.binary("xor", x, b.number(x.type, True if dtype.kind == "b" else -1))


def add(b: Builder, dtype: DType, x: Value, y: Value) -> Value:
    """x + y; for bool, or."""
    if x.type.floating:
        return b.fadd(x, y)
    return b.binary("or" if dtype.kind == "b" else "add", x, y)


def subtract(b: Builder, dtype: DType, x: Value, y: Value) -> Value:
    """x - y."""
    return b.fsub(x, y) if x.type.floating else b.binary("sub", x, y)


def multiply(b: Builder, dtype: DType, x: Value, y: Value) -> Value:
    """x * y; for bool, and."""
    if x.type.floating:
        return b.fmul(x, y)
    return b.binary("and" if dtype.kind == "b" else "mul", x, y)


def floor_divide(b: Builder, dtype: DType, x: Value, y: Value) -> Value:
    """The quotient rounded down."""
    if x.type.floating:
        return float_floor_divide(b, x, y)
    return integers.floor_divide(b, dtype, x, y)


def modulo(b: Builder, dtype: DType, x: Value, y: Value) -> Value:
    """The rest of the division with the sign of y."""
    return float_modulo(b, x, y) if x.type.floating else integers.modulo(b, dtype, x, y)


def compare(predicate: str, b: Builder, dtype: DType, x: Value, y: Value) -> Value:
    """`eq ne lt le gt ge`; NaN differs from everything."""
    if x.type.floating:
        return b.fcmp("une" if predicate == "ne" else f"o{predicate}", x, y)
    if predicate in ("eq", "ne"):
        return b.icmp(predicate, x, y)
    return b.icmp(("s" if dtype.kind == "i" else "u") + predicate, x, y)


def _extreme(predicate: str, b: Builder, dtype: DType, x: Value, y: Value) -> Value:
    if x.type.floating:
        # Which zero is larger does not matter: x86 then needs one instruction and, where neither
        # operand is known not to be NaN, a second one for NaN.
        intrinsic = "llvm.maximum" if predicate == "gt" else "llvm.minimum"
        return b.call(intrinsic, x.type, [x, y], flags="nsz")
    return b.select(compare(predicate, b, dtype, x, y), x, y)


def maximum(b: Builder, dtype: DType, x: Value, y: Value) -> Value:
    """The larger one; NaN where either is NaN."""
    return _extreme("gt", b, dtype, x, y)


def minimum(b: Builder, dtype: DType, x: Value, y: Value) -> Value:
    """The smaller one; NaN where either is NaN."""
    return _extreme("lt", b, dtype, x, y)
