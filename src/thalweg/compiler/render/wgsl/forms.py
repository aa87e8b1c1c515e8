"""Computing form and memory form of values, and the ways between them.

Memory holds a 32-bit word for each element. In registers floats of any width are f32, signed
integers i32, unsigned ones u32 (the narrow ones always within their range), bool is bool. int64 is
i32: in indices that are brought into their range, and where `dtypes` says that it does not matter.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import numpy as np

from thalweg.compiler.render.wgsl.functions import number
from thalweg.tensor.dtypes import DType, bfloat16, bool_, float16, int64

if TYPE_CHECKING:
    from thalweg.compiler.render.wgsl.expressions import Emitter

__all__ = [
    "constant",
    "from_memory",
    "kind",
    "literal",
    "pick",
    "rounded",
    "supported",
    "to_memory",
    "wrapped",
]

_LITERAL = re.compile(r"\(?-?\d[\w.+-]*\)?|true|false")
_KINDS = {"f": "f32", "i": "i32", "u": "u32", "b": "bool"}


def supported(dtype: DType) -> bool:
    """Whether WebGPU computes with a dtype: all but those of 64 bits and complex ones."""
    return dtype == bfloat16 or (dtype.kind in _KINDS and dtype.itemsize <= 4)


def kind(dtype: DType) -> str:
    """The WGSL type of values of a dtype in registers.

    Raises:
        TypeError: if WebGPU has none.
    """
    if dtype == int64:
        return "i32"
    if not supported(dtype):
        raise TypeError(f"WebGPU has no {dtype.name}; the cpu device computes with it.")
    return "f32" if dtype == bfloat16 else _KINDS[dtype.kind]


def literal(text: str) -> bool:
    """Whether a value is a literal."""
    return _LITERAL.fullmatch(text) is not None


def constant(e: Emitter, dtype: DType, value: Any) -> str:
    """A number in computing form, rounded to the dtype."""
    to = kind(dtype)
    held = np.asarray(value).astype(dtype)
    if to == "bool":
        return "true" if held else "false"
    if to == "u32":
        return f"{int(held)}u"
    if to == "i32":
        # int64 is taken as int32, so its ends become those of int32.
        whole = max(-(2**31), min(int(held), 2**31 - 1))
        if whole == -(2**31):
            return "i32(-2147483648)"
        return str(whole) if whole >= 0 else f"({whole})"
    single = np.asarray(held).astype(np.float32)
    if np.isfinite(single) and (single == 0 or abs(single) >= np.finfo(np.float32).tiny):
        if single == 0 and np.signbit(single):
            return f"{e.needs('from_bits')}(0x80000000u)"
        return number(float(single))
    bits = int(single.view(np.uint32))
    return f"{e.needs('from_bits')}({bits:#010x}u)"


def from_memory(word: str, dtype: DType, element: str = "u32") -> str:
    """A word of memory in computing form."""
    to = kind(dtype)
    if to == "bool":
        return f"({word if element == 'u32' else f'bitcast<u32>({word})'} != 0u)"
    return word if to == element else f"bitcast<{to}>({word})"


def to_memory(e: Emitter, value: str, dtype: DType, element: str = "u32") -> str:
    """A value as a word of memory; halves are rounded to nearest even, NaN stays NaN."""
    of = kind(dtype)
    if of == "bool":
        word = f"select(0u, 1u, {value})"
        return word if element == "u32" else f"bitcast<{element}>({word})"
    value = rounded(e, value, dtype)
    return value if of == element else f"bitcast<{element}>({value})"


def rounded(e: Emitter, value: str, dtype: DType) -> str:
    """A value in computing form, rounded to what its dtype can hold."""
    if dtype == float16:
        return f"{e.needs('round_float16')}({value})"
    if dtype == bfloat16:
        return f"{e.needs('round_bfloat16')}({value})"
    return value


def wrapped(value: str, dtype: DType) -> str:
    """An integer cut to the bits of a narrow dtype."""
    if dtype == bool_ or dtype.kind not in "iu" or dtype.itemsize >= 4:
        return value
    if dtype.kind == "u":
        return f"(({value}) & {(1 << (8 * dtype.itemsize)) - 1}u)"
    return f"extractBits({value}, 0u, {8 * dtype.itemsize}u)"


def pick(condition: str, then: str, otherwise: str) -> str:
    """One value or the other, both of which are computed."""
    return f"select({otherwise}, {then}, {condition})"
