"""Kernels along one axis of dense tensors: what lies before and behind it, elements in rows."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from thalweg.compiler.dims import Dim, product
from thalweg.compiler.render.llvm import elementwise
from thalweg.compiler.render.llvm.builder import Builder, Index, Value
from thalweg.tensor.dtypes import DType

__all__ = ["Around", "Elements", "across", "widths"]


@dataclass(frozen=True, slots=True)
class Around:
    """A dense tensor seen as (lead, length, trail): all axes before one, that one, all behind.

    An element lies at `(a * length + i) * trail + c`.
    """

    lead: Dim
    length: Dim
    trail: Dim

    @staticmethod
    def of(shape: Sequence[Dim], axis: int, axes: int = 1) -> Around:
        """Around an axis, or around so many neighbouring ones taken as one."""
        parts = shape[:axis], shape[axis : axis + axes], shape[axis + axes :]
        return Around(*(product(tuple(p)) for p in parts))


@dataclass(frozen=True, slots=True)
class Elements:
    """Elements of a dtype in memory, counted from a pointer."""

    b: Builder
    pointer: Value
    dtype: DType

    def at(self, offset: Index) -> Value:
        """The address of an element."""
        return self.b.at(self.pointer, offset, elementwise.memory(self.dtype).element)

    def load(self, offset: Index, lanes: int = 1) -> Value:
        """Neighbouring elements in computing form."""
        return elementwise.load(self.b, self.at(offset), self.dtype, lanes)

    def store(self, value: Value, offset: Index) -> None:
        """Write a value in computing form, rounded to the dtype."""
        elementwise.store(self.b, value, self.at(offset), self.dtype)

    def number(self, offset: Index) -> Value:
        """An integer as an index; as an unsigned number a negative one is large."""
        return self.b.as_index(self.load(offset), self.dtype.kind == "i")


def across(
    b: Builder, begin: Index, end: Index, widths: Sequence[int], body: Callable[[Index, int], None]
) -> None:
    """`body(first, count)` for neighbours in [begin, end): the widest vectors first.

    `widths` are powers of two, from wide to narrow; what remains is done one by one.
    """
    for lanes in widths:
        if lanes > 1:
            whole = b.add(begin, b.mul(b.div(b.sub(end, begin), lanes), lanes))
            with b.loop(begin, whole, lanes) as loop:
                body(loop.index, lanes)
            begin = whole
    if isinstance(begin, int) and isinstance(end, int) and begin >= end:
        return
    with b.loop(begin, end) as loop:
        body(loop.index, 1)


def widths(lanes: int, extent: Dim, together: int = 1) -> list[int]:
    """Widths for `across`: so many registers together, one register, what an extent leaves."""
    found = [lanes * together, lanes] if together > 1 else [lanes]
    if extent.static:
        rest = extent.offset
        found = [w for w in found if w <= extent.offset]
        for w in found:
            rest %= w
        if 1 < rest < lanes:
            found.append(1 << (rest.bit_length() - 1))
    return found
