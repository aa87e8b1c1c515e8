"""The products of attention: scores, and mixtures of rows.

A mixture is a block of sums of rows (of keys, values, queries, gradients), each times a number that
stands among the scores or weights of a block.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from thalweg.compiler.render.llvm import elementwise
from thalweg.compiler.render.llvm.attention.helpers import Helpers
from thalweg.compiler.render.llvm.attention.setting import Setting, stride
from thalweg.compiler.render.llvm.builder import Builder, Index, Type, Value
from thalweg.compiler.render.llvm.contract.tile import Column, Level, Place, emit_tile
from thalweg.tensor.dtypes import bool_

__all__ = ["Visible", "mix", "products"]


@dataclass(frozen=True, slots=True)
class Visible:
    """Which places of a tile count.

    Attributes:
        behind: the first source of the block less the first time (for causal attention).
        live: how many sources of the block there are.
        mask: bytes of the mask at the block's first source, None without one; transposed where the
            mask depends on the time.
    """

    behind: Value
    live: Value
    mask: Value | None

    def lanes(self, b: Builder, s: Setting, row: Index) -> Value:
        """The lanes that count, for a source of the block."""
        inside = b.splat(b.less(row, self.live), s.block)
        if s.causal:
            own = b.ints(b.target.index, range(s.block))
            past = b.icmp("sge", own, b.splat(b.index(b.add(row, self.behind)), s.block))
            inside = b.binary("and", inside, past)
        if s.mask is not None and self.mask is not None:
            safe = b.min(row, b.sub(self.live, 1))
            if s.mask.step(2):
                at = b.at(self.mask, b.mul(safe, s.block), "i8")
                seen = elementwise.load(b, at, bool_, s.block)
            else:
                at = b.at(self.mask, b.mul(safe, s.mask.step(3)), "i8")
                seen = b.splat(elementwise.load(b, at, bool_), s.block)
            inside = b.binary("and", inside, seen)
        return inside


def products(
    b: Builder,
    s: Setting,
    rows: Value,
    row: Index,
    columns: Sequence[Column],
    size: int,
    across: Value,
) -> list[Value]:
    """A tile of sums for a block of times: rows of keys or values, over the elements of a row."""
    length = stride(columns)
    first = b.at(rows, b.mul(row, length), s.element)

    def left(i: int, place: Place) -> Value:
        return b.load(b.at(first, b.add(i * length, place[0]), s.element), s.scalar)

    def right(j: int, place: Place) -> Value:
        return b.load(b.at(across, b.mul(place[0], s.block), s.element), s.vector)

    whole = [Column(0, s.block, s.block)]
    sums = emit_tile(b, s.element, s.rows, whole, [Level(size)], left, right)
    return [line[0] for line in sums]


def mix(
    helpers: Helpers,
    b: Builder,
    s: Setting,
    numbers: Value,
    steps: tuple[int, int],
    rows: Value,
    length: int,
    count: Index,
    to: Value,
    shape: tuple[int, Sequence[Column]],
) -> None:
    """Add a tile of mixtures to rows in scratch memory.

    Args:
        numbers: of the first mixture and row.
        steps: from one mixture to the next among the numbers, and from one row to the next.
        rows: what is mixed.
        length: from one row to the next, and from one mixture to the next in `to`.
        count: how many rows are mixed.
        shape: how many mixtures, and the columns of a row that are done.
    """
    height, columns = shape

    def body(b: Builder, given: list[Value]) -> None:
        numbers, rows, count, to = given

        def place(i: int, column: Column) -> Value:
            return b.at(to, i * length + column.offset, s.element)

        def left(i: int, at: Place) -> Value:
            where = b.add(b.mul(at[0], steps[1]), i * steps[0])
            return b.load(b.at(numbers, where, s.element), s.scalar)

        def right(j: int, at: Place) -> Value:
            where = b.add(b.mul(at[0], length), columns[j].offset)
            return b.load(b.at(rows, where, s.element), Type(s.element, columns[j].lanes))

        start = [
            [b.load(place(i, c), Type(s.element, c.lanes)) for c in columns] for i in range(height)
        ]
        levels = [Level(count)]
        sums = emit_tile(b, s.element, height, columns, levels, left, right, start)
        for i, line in enumerate(sums):
            for column, value in zip(columns, line, strict=True):
                b.store(value, place(i, column))

    shown = "_".join(str(c.lanes) for c in columns)
    name = f"mix_{height}_{steps[0]}_{steps[1]}_{length}_{columns[0].offset}_{shown}"
    helpers.call(b, name, [numbers, rows, count, to], body)
