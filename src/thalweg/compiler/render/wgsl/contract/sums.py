"""Sums: the running totals of one invocation, a tile of rows and columns in registers.

A row is kept in vectors of up to four neighbouring columns of the tile: less text, and four
products in one line. Floats of any width are added up in f32, narrow integers in 32 bits.
"""

from __future__ import annotations

from collections.abc import Sequence

from thalweg.compiler.render.wgsl.expressions import Emitter
from thalweg.compiler.render.wgsl.forms import kind, wrapped
from thalweg.tensor.dtypes import DType

__all__ = ["Sums", "plus", "product_of"]

_ZERO = {"f32": "0.0f", "i32": "0", "u32": "0u", "bool": "false"}


def plus(one: str, other: str, dtype: DType) -> str:
    """Two totals of one place as one."""
    return f"{one} {'|' if kind(dtype) == 'bool' else '+'} {other}"


def product_of(e: Emitter, total: str, dtype: DType) -> str:
    """A total as what `Product` stands for."""
    return e.let(wrapped(total, dtype), "p")


class Sums:
    """The totals, which begin at zero where this is made.

    Args:
        e: writes the lines.
        dtype: of the contraction.
        rows, columns: of the tile.
    """

    def __init__(self, e: Emitter, dtype: DType, rows: int, columns: int) -> None:
        self.e, self.dtype = e, dtype
        self.kind = kind(dtype)
        self.zero = _ZERO[self.kind]
        self.widths = [min(4, columns - first) for first in range(0, columns, 4)]
        self.names = [
            [e.var(self.type(w), f"{self.type(w)}()", "c") for w in self.widths]
            for _ in range(rows)
        ]

    def type(self, width: int) -> str:
        """The type of so many columns."""
        return self.kind if width == 1 else f"vec{width}<{self.kind}>"

    def vectors(self, values: Sequence[str]) -> list[str]:
        """The values of the columns as vectors."""
        found, first = [], 0
        for width in self.widths:
            text = values[first]
            if width > 1:
                text = f"{self.type(width)}({', '.join(values[first : first + width])})"
            found.append(self.e.let(text, "b"))
            first += width
        return found

    def add(self, left: Sequence[str], right: Sequence[str]) -> None:
        """Add the products of the values of the rows and the vectors of the columns."""
        for value, row in zip(left, self.names, strict=True):
            for total, width, vector in zip(row, self.widths, right, strict=True):
                wide = value if width == 1 else f"{self.type(width)}({value})"
                self.e.line(f"{total} = {self._joined(total, wide, vector)};")

    def _joined(self, total: str, left: str, right: str) -> str:
        if self.kind == "f32":
            return f"fma({left}, {right}, {total})"
        if self.kind == "bool":
            return f"{total} | ({left} & {right})"
        return f"{total} + {left} * {right}"

    def row(self, place: str) -> list[str]:
        """The vectors of the row at a place that is known at run time, as variables."""
        if len(self.names) == 1:
            return self.names[0]
        found = [self.e.var(self.type(w), f"{self.type(w)}()", "q") for w in self.widths]
        with self.e.block(f"switch ({place})"):
            for i, names in enumerate(self.names):
                label = "default" if i == len(self.names) - 1 else f"case {i}"
                copies = " ".join(f"{q} = {c};" for q, c in zip(found, names, strict=True))
                self.e.line(f"{label}: {{ {copies} }}")
        return found

    def column(self, vectors: Sequence[str], place: str) -> str:
        """The total of the column at a place, in a row given as vectors."""
        if place.isdigit():
            width = self.widths[int(place) // 4]
            text = vectors[int(place) // 4]
            return text if width == 1 else f"{text}.{'xyzw'[int(place) % 4]}"
        picked = vectors[0]
        if self.widths[0] == 1:
            return picked
        for chunk, (vector, width) in enumerate(zip(vectors[1:], self.widths[1:], strict=True)):
            full = vector
            if width < 4:
                parts = [vector] if width == 1 else [f"{vector}.{x}" for x in "xyzw"[:width]]
                full = f"vec4<{self.kind}>({', '.join([*parts, *[self.zero] * (4 - width)])})"
            picked = f"select({picked}, {full}, {place} >= {4 * (chunk + 1)})"
        at = place if len(vectors) == 1 else f"{place} & 3"
        return f"{self.e.let(picked, 'q')}[{at}]"
