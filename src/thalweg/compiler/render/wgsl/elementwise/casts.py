"""Changes of dtype with NumPy's results.

Floats outside an integer's range, and NaN, come out as on the CPU: int32 gives its least number,
narrower integers are cut from that, uint32 is cut from the integer of 64 bits.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from thalweg.compiler.render.wgsl.forms import kind, pick, rounded, wrapped
from thalweg.compiler.render.wgsl.functions import functions
from thalweg.tensor.dtypes import DType, bfloat16, bool_, float16, float32, int64

if TYPE_CHECKING:
    from thalweg.compiler.render.wgsl.expressions import Emitter

__all__ = ["HELPERS", "bitcast", "cast", "next_after"]

HELPERS = functions("""
fn to_i32(x: f32) -> i32 {
  let fits = x >= -2147483648.0f && x < 2147483648.0f;
  return select(bitcast<i32>(0x80000000u), i32(select(0.0f, x, fits)), fits);
}

fn to_u32(x: f32) -> u32 {
  let size = abs(x);
  if (size < 2147483648.0f) {
    return bitcast<u32>(i32(x));
  }
  if (!(size < 9223372036854775808.0f)) {
    return 0u;
  }
  // A whole number by its size; what is left of it below 2 ** 32 is exact.
  return u32(x - floor(x * 2.32830644e-10f) * 4294967296.0f);
}

// Both parts are exact, and their sum is rounded once.
fn from_u32(x: u32) -> f32 {
  return f32(x >> 16u) * 65536.0f + f32(x & 0xffffu);
}

fn next_bits(bits: u32, sign: u32, up: bool, positive: bool, zero: bool) -> u32 {
  // Bits grow with the size of a number; the sign is apart.
  let moved = select(bits - 1u, bits + 1u, up == positive);
  return select(moved, select(sign | 1u, 1u, up), zero);
}
""")

_HALVES = {float16: "float16", bfloat16: "bfloat16"}


def cast(e: Emitter, source: DType, target: DType, x: str) -> str:
    """The value of dtype `source` as one of dtype `target`."""
    of, to = kind(source), kind(target)
    if source == target:
        return x
    if target == bool_:
        # NaN is true.
        return f"(!({x} == 0.0f))" if of == "f32" else f"({x} != {'0u' if of == 'u32' else '0'})"
    if of == "bool":
        one, zero = {"f32": ("1.0f", "0.0f"), "i32": ("1", "0"), "u32": ("1u", "0u")}[to]
        return pick(x, one, zero)
    if to == "f32":
        if of == "u32" and source.itemsize == 4:
            return rounded(e, f"{e.needs('from_u32')}({x})", target)
        return rounded(e, x if of == "f32" else f"f32({x})", target)
    if of == "f32":
        through = "to_u32" if target.kind == "u" and target.itemsize == 4 else "to_i32"
        whole = f"{e.needs(through)}({x})"
        if target.kind == "u" and through == "to_i32":
            whole = f"bitcast<u32>({whole})"
        return wrapped(whole, target)
    if target == int64 and of == "u32":
        return f"i32(min({x}, 0x7fffffffu))"
    value = x if of == to else f"{to}({x})"
    fits = target.itemsize > source.itemsize or (of == to and target.itemsize == source.itemsize)
    keeps = fits and (source.kind == "u" or target.kind == "i")
    return value if keeps else wrapped(value, target)


def bitcast(e: Emitter, source: DType, target: DType, x: str) -> str:
    """The same bytes as a dtype of the same size."""
    if source == target:
        return x
    return _of_bits(e, target, _bits(e, source, x))


def _bits(e: Emitter, source: DType, x: str) -> str:
    """The bits of a value as a u32; above the narrow ones there may be anything."""
    if source in _HALVES:
        return f"{e.needs(f'bits_of_{_HALVES[source]}')}({x})"
    of = kind(source)
    if of == "bool":
        return pick(x, "1u", "0u")
    return x if of == "u32" else f"bitcast<u32>({x})"


def _of_bits(e: Emitter, target: DType, bits: str) -> str:
    if target in _HALVES:
        return f"{e.needs(f'{_HALVES[target]}_of_bits')}({bits} & 0xffffu)"
    to = kind(target)
    if to == "bool":
        return f"(({bits} & 0xffu) != 0u)"
    return wrapped(bits if to == "u32" else f"bitcast<{to}>({bits})", target)


def next_after(e: Emitter, dtype: DType, x: str, y: str) -> str:
    """The next number of a dtype after x on the side of y; NaN where either is."""
    nan, step = e.needs("is_nan"), e.needs("next_bits")
    sign = "0x80000000u" if dtype == float32 else "0x8000u"
    arguments = f"{_bits(e, dtype, x)}, {sign}, {y} > {x}, {x} > 0.0f, {x} == 0.0f"
    moved = _of_bits(e, dtype, e.let(f"{step}({arguments})"))
    near = pick(f"{x} == {y}", y, moved)
    return pick(f"{nan}({x}) || {nan}({y})", f"{x} + {y}", near)
