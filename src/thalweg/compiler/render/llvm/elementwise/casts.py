"""Changes of dtype with NumPy's results.

Floats outside an integer's range, and NaN, come out as NumPy's do on x86 (its C casts compile to
`cvtt` instructions): int32 and int64 give their least number; narrower integers and uint32 are
cut from those; uint64 wraps numbers between -2**63 and 0 and gives 0 from 2**64 on. For uint32
below -2**31 or from 2**32 on, NumPy has two answers by the place in the array; this is its scalar
one. Halves become bits as they are, save that a signalling NaN becomes a quiet one.
"""

from __future__ import annotations

from thalweg.compiler.render.llvm.builder import Builder, Value
from thalweg.compiler.render.llvm.elementwise.forms import (
    HALVES,
    computing,
    from_memory,
    rounded,
    to_memory,
)
from thalweg.tensor.dtypes import DType, bool_, float16, float64

__all__ = ["bitcast", "cast"]


def cast(b: Builder, source: DType, target: DType, x: Value) -> Value:
    """The value of dtype `source` as one of dtype `target`."""
    if source == target:
        return x
    element = computing(target).element
    if target == bool_:
        if x.type.floating:
            return b.fcmp("une", x, b.zero(x.type))
        return b.icmp("ne", x, b.zero(x.type))
    if x.type.floating:
        if target.kind in "iu":
            return _to_integer(b, target, x)
        if source == float64 and target == float16:
            return rounded(b, _to_odd(b, x), target)
        if x.type.element != element:
            x = b.convert("fpext" if element == "double" else "fptrunc", x, element)
        return rounded(b, x, target)
    if target.kind in "iu":
        if computing(source).bits > computing(target).bits:
            return b.convert("trunc", x, element)
        if computing(source).bits == computing(target).bits:
            return x
        return b.convert("sext" if source.kind == "i" else "zext", x, element)
    return rounded(b, b.convert("sitofp" if source.kind == "i" else "uitofp", x, element), target)


def bitcast(b: Builder, source: DType, target: DType, x: Value) -> Value:
    """The same bytes as a dtype of the same size."""
    held = to_memory(b, x, source)
    held = b.convert("bitcast", held, "i16" if target in HALVES else _element(target))
    return from_memory(b, held, target)


def _element(dtype: DType) -> str:
    return "i8" if dtype == bool_ else computing(dtype).element


def _signed(b: Builder, x: Value, bits: int) -> Value:
    """A float as a signed integer; the least one where it does not fit."""
    limit = 2.0 ** (bits - 1)
    low = b.fcmp("oge", x, b.number(x.type, -limit))
    fits = b.binary("and", low, b.fcmp("olt", x, b.number(x.type, limit)))
    # Where it does not fit the conversion is poison, which select does not let through.
    whole = b.convert("fptosi", x, f"i{bits}")
    return b.select(fits, whole, b.number(whole.type, -(2 ** (bits - 1))))


def _to_integer(b: Builder, target: DType, x: Value) -> Value:
    bits = 8 * target.itemsize
    if target.kind == "u" and bits == 64:
        limit = b.number(x.type, 2.0**63)
        large = b.fcmp("oge", x, limit)
        whole = _signed(b, b.select(large, b.binary("fsub", x, limit), x), 64)
        top = b.number(whole.type, -(2**63))
        return b.select(large, b.binary("xor", whole, top), whole)
    through = 64 if bits == 64 or (target.kind == "u" and bits == 32) else 32
    whole = _signed(b, x, through)
    return whole if through == bits else b.convert("trunc", whole, f"i{bits}")


def _to_odd(b: Builder, x: Value) -> Value:
    """A double as a float rounded to odd, so that rounding it again rounds the double itself."""
    near = b.convert("fptrunc", x, "float")
    back = b.convert("fpext", near, "double")
    bits = b.convert("bitcast", near, "i32")
    one = b.number(bits.type, 1)
    beyond = b.fcmp("ogt", b.call("llvm.fabs", x.type, [back]), b.call("llvm.fabs", x.type, [x]))
    cut = b.select(beyond, b.binary("sub", bits, one), bits)
    inexact = b.fcmp("one", back, x)
    return b.convert("bitcast", b.select(inexact, b.binary("or", cut, one), bits), "float")
