"""nextafter: the next number of a dtype towards another."""

from __future__ import annotations

from thalweg.compiler.render.llvm.builder import Builder, Value
from thalweg.compiler.render.llvm.elementwise.forms import HALVES, from_memory, to_memory
from thalweg.compiler.render.llvm.elementwise.lanes import Lanes, where
from thalweg.tensor.dtypes import DType

__all__ = ["next_after"]


def next_after(b: Builder, dtype: DType, x: Value, y: Value) -> Value:
    """The neighbour of x on the side of y; y where they are equal, NaN where either is."""
    start, goal = Lanes(b, x), Lanes(b, y)
    held = Lanes(b, to_memory(b, x, dtype))
    bits = held if dtype in HALVES else held.bits
    up = goal > start
    # Bits grow with the size of a number; the sign is apart.
    away = ~(up ^ (start > 0.0))
    moved = where(away, bits + 1, bits - 1)
    top = 1 << (bits.value.type.bits - 1)
    from_zero = where(up, bits.like(1), bits.like(top | 1))
    moved = where(start.equals(0.0), from_zero, moved)
    next_one = Lanes(b, from_memory(b, moved.value, dtype)) if dtype in HALVES else moved.from_bits
    result = where(start.equals(goal), goal, next_one)
    return where(start.nan | goal.nan, start + goal, result).value
