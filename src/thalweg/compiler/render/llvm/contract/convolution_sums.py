"""The sums of one tile of a convolution: the loops over offsets and channels.

Both operands have an address that is a sum of steps, one for each loop. Where the last loop over
offsets is over neighbours in memory, it is one with that over the channels.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from thalweg.compiler.render.llvm.builder import Builder, Index, Type, Value
from thalweg.compiler.render.llvm.contract.convolution_operands import address
from thalweg.compiler.render.llvm.contract.tile import Column, Level, Place, emit_tile
from thalweg.compiler.render.llvm.expressions import Emitter

__all__ = ["Levels", "Strip"]

# So many multiply-adds may be written out for the loops of a tile.
_WRITTEN_OUT = 160
# So many multiply-adds should stand in one turn of the innermost loop.
_TURN = 24

Sums = list[list[Value]]


@dataclass(frozen=True, slots=True)
class Levels:
    """Loops along k, the outermost first.

    Attributes:
        begins, extents: the first turn and how many there are.
        left: elements of the image from one turn to the next.
        right: rows of filters from one turn to the next.
    """

    begins: tuple[Index, ...]
    extents: tuple[Index, ...]
    left: tuple[int, ...]
    right: tuple[int, ...]

    def joined(self) -> Levels:
        """The last two loops as one, as often as they go through memory without a gap."""
        *begins, last = self.extents
        if len(self.extents) < 2 or not isinstance(last, int):
            return self
        extent = self.extents[-2]
        even = (
            isinstance(extent, int)
            and self.begins[-2] == 0
            and self.left[-2] == self.left[-1] * last
            and self.right[-2] == self.right[-1] * last
        )
        if not even or not isinstance(extent, int):
            return self
        return Levels(
            self.begins[:-1],
            (*begins[:-1], extent * last),
            (*self.left[:-2], self.left[-1]),
            (*self.right[:-2], self.right[-1]),
        ).joined()


class Strip:
    """One tile.

    Args:
        em: writes the code.
        element: of the sums.
        columns: the vectors of a row.
        shifts: elements of the image from the tile's first row to each of them.
        image: where the first row begins.
        filters: where the tile's filters begin.
        width: elements from one row of filters to the next.
    """

    def __init__(
        self,
        em: Emitter,
        element: str,
        columns: Sequence[Column],
        shifts: Sequence[int],
        image: Value,
        filters: Value,
        width: int,
    ) -> None:
        self.b: Builder = em.b
        self.element = element
        self.columns = columns
        self.shifts = shifts
        self.image, self.filters = image, filters
        self.width = width
        # How many innermost loops there are.
        self.bodies = 1

    def sums(
        self,
        levels: Levels,
        valid: Sequence[Sequence[int]] | None = None,
        start: Sums | None = None,
    ) -> Sums:
        """The sums of all rows and columns.

        Args:
            valid: for each turn of the last loop but one, the rows that take part in it.
            start: what to add to.
        """
        if valid is None:
            levels = levels.joined()
        else:
            self.bodies = len(valid)
        zeros = [[self.b.zero(Type(self.element, c.lanes)) for c in self.columns]]
        return self._nest(levels, 0, 0, 0, valid, start or zeros * len(self.shifts))

    def _nest(
        self,
        levels: Levels,
        level: int,
        left: Index,
        right: Index,
        valid: Sequence[Sequence[int]] | None,
        sums: Sums,
    ) -> Sums:
        """The loops from a level on; left and right are how far the outer ones have come."""
        b = self.b
        if level == len(levels.extents) - 1:
            return self._inner(levels, left, right, range(len(self.shifts)), sums)
        extent, begin = levels.extents[level], levels.begins[level]

        def turn(index: Index, sums: Sums) -> Sums:
            a = b.add(left, b.mul(b.add(index, begin), levels.left[level]))
            c = b.add(right, b.mul(b.add(index, begin), levels.right[level]))
            if valid is not None and level == len(levels.extents) - 2:
                assert isinstance(index, int)
                return self._inner(levels, a, c, valid[index], sums)
            return self._nest(levels, level + 1, a, c, valid, sums)

        written_out = valid is not None and level == len(levels.extents) - 2
        rest = levels.extents[level:]
        if all(isinstance(e, int) for e in rest):
            count = math.prod(e for e in rest if isinstance(e, int))
            size = len(self.shifts) * len(self.columns)
            written_out = written_out or count * size <= _WRITTEN_OUT
        if written_out and isinstance(extent, int):
            for k in range(extent):
                sums = turn(k, sums)
            return sums
        count = len(self.columns)
        with b.loop(0, extent, carried=[v for row in sums for v in row]) as loop:
            found = turn(loop.index, _rows(loop.carried, count))
            loop.next([v for row in found for v in row])
        return _rows(loop.results, count)

    def _inner(
        self, levels: Levels, left: Index, right: Index, rows: Sequence[int], sums: Sums
    ) -> Sums:
        """The innermost loop, for some of the rows."""
        if not rows:
            return sums
        b = self.b
        extent = levels.extents[-1]
        image = address(b, self.image, left, self.element)
        filters = b.at(self.filters, b.mul(right, self.width), self.element)
        known: dict[Place, tuple[Value, Value]] = {}

        def at(place: Place) -> tuple[Value, Value]:
            if place not in known:
                (k,) = place
                known[place] = (
                    b.at(image, b.mul(k, levels.left[-1]), self.element),
                    b.at(filters, b.mul(k, levels.right[-1] * self.width), self.element),
                )
            return known[place]

        def number(i: int, place: Place) -> Value:
            where = b.at(at(place)[0], self.shifts[rows[i]], self.element)
            return b.load(where, Type(self.element))

        def vector(j: int, place: Place) -> Value:
            column = self.columns[j]
            where = b.at(at(place)[1], column.offset, self.element)
            return b.load(where, Type(self.element, column.lanes))

        size = len(rows) * len(self.columns)
        unroll = max(1, -(-_TURN // size))
        if isinstance(extent, int) and extent * size <= _WRITTEN_OUT // self.bodies:
            unroll = extent
        found = emit_tile(
            b, self.element, len(rows), self.columns, [Level(extent, unroll)], number, vector,
            [sums[i] for i in rows],
        )  # fmt: skip
        after = list(sums)
        for i, row in zip(rows, found, strict=True):
            after[i] = row
        return after


def _rows(values: Sequence[Value], count: int) -> Sums:
    return [list(values[i : i + count]) for i in range(0, len(values), count)]
