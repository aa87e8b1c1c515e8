"""Computing form and memory form of values, and the ways between them.

Memory form is what tensors hold. In registers ("computing form") float16 and bfloat16 are carried
as float32 and bool as i1; everything else is the same in both. Complex numbers, which are moved
only, are integers of their size. bfloat16 is converted by integer
arithmetic: AVX-512's own instruction flushes denormals, and elsewhere LLVM would call libgcc, as
it would for float16 where the processor cannot convert it.
"""

from __future__ import annotations

import numpy as np

from thalweg.compiler.render.llvm.builder import Builder, Type, Value
from thalweg.tensor.dtypes import DType, bfloat16, bool_, float16

__all__ = [
    "HALVES",
    "computing",
    "constant",
    "from_memory",
    "load",
    "memory",
    "rounded",
    "store",
    "to_memory",
]

HALVES = (float16, bfloat16)
# Targets whose processors convert float16.
_CONVERTS_FLOAT16 = ("avx512", "avx2", "neon")


def computing(dtype: DType, lanes: int = 1) -> Type:
    """The type of values of a dtype in registers."""
    return Type("float", lanes) if dtype in HALVES else Type.of(dtype, lanes)


def memory(dtype: DType, lanes: int = 1) -> Type:
    """The type of values of a dtype in memory; halves as the integers that hold their bits."""
    if dtype in HALVES:
        return Type("i16", lanes)
    return Type("i8", lanes) if dtype == bool_ else Type.of(dtype, lanes)


def constant(b: Builder, dtype: DType, value: float | int | bool, lanes: int = 1) -> Value:
    """A number in computing form, rounded to the dtype."""
    if dtype in HALVES:
        value = float(np.asarray(value).astype(dtype))
    if dtype.kind == "c":
        value = int.from_bytes(np.asarray(value).astype(dtype).tobytes(), "little")
    return b.number(computing(dtype, lanes), value)


def load(
    b: Builder, pointer: Value, dtype: DType, lanes: int = 1, mask: Value | None = None
) -> Value:
    """Consecutive elements in computing form; lanes outside the mask are not read and are zero."""
    held = memory(dtype, lanes)
    value = b.load(pointer, held) if mask is None else b.masked_load(pointer, mask, held)
    return from_memory(b, value, dtype)


def store(
    b: Builder, value: Value, pointer: Value, dtype: DType, mask: Value | None = None
) -> None:
    """Write consecutive elements, rounded to their dtype; lanes outside the mask are left alone."""
    held = to_memory(b, value, dtype)
    if mask is None:
        b.store(held, pointer)
    else:
        b.masked_store(held, pointer, mask)


def from_memory(b: Builder, value: Value, dtype: DType) -> Value:
    """Memory form to computing form."""
    if dtype == bool_:
        return b.icmp("ne", value, b.zero(value.type))
    if dtype == bfloat16:
        wide = b.convert("zext", value, "i32")
        return b.convert("bitcast", b.binary("shl", wide, b.number(wide.type, 16)), "float")
    if dtype == float16:
        if b.target.name in _CONVERTS_FLOAT16:
            return b.convert("fpext", b.convert("bitcast", value, "half"), "float")
        return _widen_float16(b, value)
    return value


def to_memory(b: Builder, value: Value, dtype: DType) -> Value:
    """Computing form to memory form; halves are rounded to nearest even, NaN stays NaN."""
    if dtype == bool_:
        return b.convert("zext", value, "i8")
    if dtype == bfloat16:
        return _narrow_bfloat16(b, value)
    if dtype == float16:
        if b.target.name in _CONVERTS_FLOAT16:
            return b.convert("bitcast", b.convert("fptrunc", value, "half"), "i16")
        return _narrow_float16(b, value)
    return value


def rounded(b: Builder, value: Value, dtype: DType) -> Value:
    """A value in computing form, rounded to what its dtype can hold."""
    return from_memory(b, to_memory(b, value, dtype), dtype) if dtype in HALVES else value


def _narrow_bfloat16(b: Builder, value: Value) -> Value:
    bits = b.convert("bitcast", value, "i32")
    n = bits.type
    high = b.binary("lshr", bits, b.number(n, 16))
    odd = b.binary("and", high, b.number(n, 1))
    even = b.binary("add", b.binary("add", bits, b.number(n, 0x7FFF)), odd)
    even = b.binary("lshr", even, b.number(n, 16))
    # Adding could carry a NaN's bits to infinity or beyond; the quiet bit keeps it one.
    quiet = b.binary("or", high, b.number(n, 0x40))
    chosen = b.select(b.fcmp("uno", value, value), quiet, even)
    return b.convert("trunc", chosen, "i16")


def _widen_float16(b: Builder, value: Value) -> Value:
    wide = b.convert("zext", value, "i32")
    n = wide.type
    size = b.binary("and", wide, b.number(n, 0x7FFF))
    # The exponent's bias differs by 112; the product is exact, also for denormals.
    scaled = b.convert("bitcast", b.binary("shl", size, b.number(n, 13)), "float")
    scaled = b.binary("fmul", scaled, b.number(scaled.type, 2.0**112))
    bits = b.convert("bitcast", scaled, "i32")
    special = b.icmp("uge", size, b.number(n, 0x7C00))
    bits = b.select(special, b.binary("or", bits, b.number(n, 0x7F800000)), bits)
    sign = b.binary("shl", b.binary("and", wide, b.number(n, 0x8000)), b.number(n, 16))
    return b.convert("bitcast", b.binary("or", bits, sign), "float")


def _narrow_float16(b: Builder, value: Value) -> Value:
    bits = b.convert("bitcast", value, "i32")
    n = bits.type
    size = b.binary("and", bits, b.number(n, 0x7FFFFFFF))
    sign = b.binary("lshr", b.binary("xor", bits, size), b.number(n, 16))
    # Normal results: change the bias, round at bit 13 to even.
    odd = b.binary("and", b.binary("lshr", size, b.number(n, 13)), b.number(n, 1))
    normal = b.binary("add", b.binary("add", size, b.number(n, 0xC8000FFF)), odd)
    normal = b.binary("lshr", normal, b.number(n, 13))
    # Denormal results: adding 0.5 puts float32's last bit where float16's denormals have theirs.
    shifted = b.convert("bitcast", size, "float")
    shifted = b.binary("fadd", shifted, b.number(shifted.type, 0.5))
    denormal = b.binary("sub", b.convert("bitcast", shifted, "i32"), b.number(n, 0x3F000000))
    small = b.icmp("ult", size, b.number(n, 0x38800000))
    result = b.select(small, denormal, normal)
    infinite = b.icmp("uge", size, b.number(n, 0x47800000))
    nan = b.icmp("ugt", size, b.number(n, 0x7F800000))
    payload = b.binary("and", b.binary("lshr", size, b.number(n, 13)), b.number(n, 0x1FF))
    quiet = b.binary("or", payload, b.number(n, 0x7E00))
    special = b.select(nan, quiet, b.number(n, 0x7C00))
    result = b.select(infinite, special, result)
    return b.convert("trunc", b.binary("or", result, sign), "i16")
