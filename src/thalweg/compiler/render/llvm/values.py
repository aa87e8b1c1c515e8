"""Types and values of LLVM IR, and how constants are written."""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import Any

import numpy as np

from thalweg.tensor.dtypes import DType, bfloat16, bool_, float16

__all__ = ["BOOL", "F32", "F64", "I32", "I64", "PTR", "Index", "Type", "Value", "literal", "suffix"]


@dataclass(frozen=True, slots=True)
class Type:
    """An LLVM type: an element (`float`, `i32`, `ptr`, ...) and a number of lanes (1: scalar)."""

    element: str
    lanes: int = 1

    def __str__(self) -> str:
        return self.element if self.lanes == 1 else f"<{self.lanes} x {self.element}>"

    def with_element(self, element: str) -> Type:
        """As many lanes of another element."""
        return Type(element, self.lanes)

    def with_lanes(self, lanes: int) -> Type:
        """The same element with another number of lanes."""
        return Type(self.element, lanes)

    @property
    def floating(self) -> bool:
        """Whether the element is a floating-point number."""
        return self.element in ("half", "bfloat", "float", "double")

    @property
    def bits(self) -> int:
        """Bits of an element."""
        known = {"half": 16, "bfloat": 16, "float": 32, "double": 64}
        return known[self.element] if self.element in known else int(self.element[1:])

    @staticmethod
    def of(dtype: DType, lanes: int = 1) -> Type:
        """The type that holds values of a dtype in registers (bool: i1; in memory it is i8)."""
        return Type(_ELEMENTS[np.dtype(dtype)], lanes)


_ELEMENTS: dict[Any, str] = {
    np.dtype(np.float32): "float",
    np.dtype(np.float64): "double",
    np.dtype(float16): "half",
    np.dtype(bfloat16): "bfloat",
    np.dtype(bool_): "i1",
    **{np.dtype(f"{sign}{bytes_}"): f"i{8 * bytes_}" for sign in "iu" for bytes_ in (1, 2, 4, 8)},
    # Complex numbers are moved only.
    np.dtype(np.complex64): "i64",
    np.dtype(np.complex128): "i128",
}

BOOL, I32, I64, PTR = Type("i1"), Type("i32"), Type("i64"), Type("ptr")
F32, F64 = Type("float"), Type("double")


@dataclass(frozen=True, slots=True)
class Value:
    """An SSA value or constant: its LLVM text and its type."""

    text: str
    type: Type

    def __str__(self) -> str:
        return f"{self.type} {self.text}"


# A value of the type of indices, or an integer known now.
Index = Value | int


def suffix(type_: Type) -> str:
    """How the names of intrinsics tell a type."""
    known = {"half": "f16", "bfloat": "bf16", "float": "f32", "double": "f64", "ptr": "p0"}
    element = known.get(type_.element, type_.element)
    return element if type_.lanes == 1 else f"v{type_.lanes}{element}"


def literal(type_: Type, value: float | int | bool) -> str:
    """A number as LLVM writes it; floats exactly, by their bits."""
    element = type_.element
    if element == "double":
        return f"0x{struct.unpack('<Q', struct.pack('<d', float(value)))[0]:016X}"
    if element == "float":
        # LLVM writes a float as the double with the same value.
        with np.errstate(over="ignore"):
            wide = float(np.float32(value))
        return f"0x{struct.unpack('<Q', struct.pack('<d', wide))[0]:016X}"
    if element == "half":
        return f"0xH{np.asarray(value).astype(float16).view(np.uint16):04X}"
    if element == "bfloat":
        return f"0xR{np.asarray(value).astype(bfloat16).view(np.uint16):04X}"
    if element == "i1":
        return "true" if value else "false"
    if element == "ptr":
        return "null"
    return str(int(value))
