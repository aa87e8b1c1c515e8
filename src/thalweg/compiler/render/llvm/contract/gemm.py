"""The matrix product that all kernels of a module call on WebAssembly, where code must be small.

    sums[i, j] = sum over k of left[i, k] * right[k, j], for any strides of the operands

The sums have room for whole tiles: four rows of some vectors. So may right rows be read beyond
their end, into what lies behind them in memory; what comes of it stands among the sums that are too
many.

Few rows go through the right operand row by row, which is as fast as memory is. Else both operands
are packed, the left one in strips of rows and the right one in panels of columns, for a tile of
sums that stay in registers.
"""

from __future__ import annotations

import functools
from dataclasses import dataclass

from thalweg.compiler.render.llvm.builder import BOOL, PTR, Builder, Index, Type, Value
from thalweg.compiler.target import Target

__all__ = ["PACKED", "ROWS", "Matrix", "Size", "call", "scratch", "width"]

# Instead of the distance of columns: that a right operand lies in panels already.
PACKED = 1 << 30
# Rows of a tile, and its vectors in a row: V8 keeps no more than eight sums in registers.
ROWS, VECTORS = 4, 2
# A left operand whose rows are neighbours is packed too if k is this long.
_LONG = 256
# Rows of the right operand that a few rows of the left one are multiplied with at a time.
_TOGETHER = 4


@dataclass(frozen=True, slots=True)
class Matrix:
    """A matrix in memory: its first element, and elements from one row or column to the next."""

    at: Value
    row: Index
    column: Index


@dataclass(frozen=True, slots=True)
class Size:
    """Rows and columns of the sums, and how many products each is the sum of."""

    rows: Index
    columns: Index
    depth: Index


def scratch(b: Builder, element: str, size: Size) -> Index:
    """Elements of scratch memory that a product needs."""
    rows = b.mul(b.div(b.add(size.rows, ROWS - 1), ROWS), ROWS)
    return b.mul(b.add(rows, width(b.target, element)), size.depth)


def call(
    b: Builder,
    element: str,
    left: Matrix,
    right: Matrix,
    size: Size,
    sums: Matrix,
    room: Value,
    more: Value | None = None,
) -> None:
    """Call the product.

    Args:
        element: of all matrices.
        left, right: the operands.
        size: of the sums.
        sums: where they go, whole tiles; columns are neighbours.
        room: `scratch` elements.
        more: whether to add to what the sums are; never if None.
    """
    name, declarations = _function(b.target, element)
    b.declarations.update(declarations)
    numbers = (left.row, left.column, right.row, right.column, size.rows, size.columns, size.depth)
    given = [left.at, right.at, *map(b.index, numbers), sums.at, b.index(sums.row), room]
    given.append(b.number(BOOL, False) if more is None else more)
    b.line(f"call void @{name}({', '.join(map(str, given))})")


def width(target: Target, element: str) -> int:
    """Columns of a tile."""
    return VECTORS * target.lanes(Type(element).bits // 8)


@functools.cache
def _function(target: Target, element: str) -> tuple[str, dict[str, str]]:
    """The function's name, and its text among what it needs."""
    name = f"thalweg_product_{element}"
    b = Builder(target)
    numbers = ("lr", "lk", "rk", "rc", "rows", "columns", "depth")
    parameters = [(PTR, "left"), (PTR, "right"), *((b.index_type, x) for x in numbers)]
    parameters += [(PTR, "sums"), (b.index_type, "pitch"), (PTR, "room"), (BOOL, "more")]
    with b.function(name, parameters) as (left, right, lr, lk, rk, rc, *rest):
        rows, columns, depth, sums, pitch, room, more = rest
        size = Size(rows, columns, depth)
        product = _Product(
            b,
            element,
            Matrix(left, lr, lk),
            Matrix(right, rk, rc),
            size,
            Matrix(sums, pitch, 1),
            more,
        )
        near = b.icmp("eq", rc, b.index(1))
        few = b.binary("and", b.less(rows, ROWS), near)
        with b.when(few), b.loop(0, rows) as loop:
            product.row(loop.index)
        with b.when(b.binary("xor", few, b.number(few.type, True))):
            product.tiles(room, near)
    return name, {**b.declarations, name: b.text}


class _Product:
    """Writes the function."""

    def __init__(
        self,
        b: Builder,
        element: str,
        left: Matrix,
        right: Matrix,
        size: Size,
        sums: Matrix,
        more: Value,
    ) -> None:
        self.b, self.element, self.more = b, element, more
        self.left, self.right, self.size, self.sums = left, right, size, sums
        self.lanes = b.target.lanes(Type(element).bits // 8)
        self.width = VECTORS * self.lanes
        self.one, self.vector = Type(element), Type(element, self.lanes)

    def at(self, pointer: Value, offset: Index) -> Value:
        return self.b.at(pointer, offset, self.element)

    # --- few rows

    def row(self, row: Index) -> None:
        """One row of sums, in memory while the rows of the right operand go by."""
        b = self.b
        numbers = self.at(self.left.at, b.mul(row, self.left.row))
        to = self.at(self.sums.at, b.mul(row, self.sums.row))
        new = b.binary("xor", self.more, b.number(BOOL, True))
        with b.when(new), b.loop(0, self.size.columns, self.lanes) as loop:
            b.store(b.zero(self.vector), self.at(to, loop.index))
        whole = b.mul(b.div(self.size.depth, _TOGETHER), _TOGETHER)
        for begin, end, step in ((0, whole, _TOGETHER), (whole, self.size.depth, 1)):
            with b.loop(begin, end, step) as loop:
                self._add(numbers, loop.index, step, to)

    def _add(self, numbers: Value, k: Value, count: int, to: Value) -> None:
        b = self.b
        places = [b.add(k, i) for i in range(count)]
        factors = [
            b.splat(b.load(self.at(numbers, b.mul(p, self.left.column)), self.one), self.lanes)
            for p in places
        ]
        lines = [self.at(self.right.at, b.mul(place, self.right.row)) for place in places]
        with b.loop(0, self.size.columns, self.width) as loop:
            at, *sources = [b.anchor(self.at(x, loop.index)) for x in (to, *lines)]
            for j in range(0, self.width, self.lanes):
                total = b.load(self.at(at, j), self.vector)
                for factor, source in zip(factors, sources, strict=True):
                    total = b.fma(factor, b.load(self.at(source, j), self.vector), total)
                b.store(total, self.at(at, j))

    # --- many rows

    def tiles(self, room: Value, near: Value) -> None:
        """All sums, tile by tile; `near`: whether the right operand's columns are neighbours."""
        b, size = self.b, self.size
        strips = b.div(b.add(size.rows, ROWS - 1), ROWS)
        even = b.icmp("eq", b.index(b.rem(size.rows, ROWS)), b.index(0))
        ready = b.binary("and", even, b.icmp("eq", b.index(self.left.row), b.index(1)))
        # Each k is another line of the cache.
        ready = b.binary("and", ready, b.less(size.depth, _LONG))
        packs = b.binary("xor", ready, b.number(BOOL, True))
        with b.when(packs), b.loop(0, strips) as loop:
            self._pack_strip(b.mul(loop.index, ROWS), room)
        panel = self.at(room, b.mul(b.mul(strips, ROWS), size.depth))
        first = b.select(ready, self.left.at, room)
        down = b.select(ready, b.index(1), b.index(size.depth))
        step = b.select(ready, b.index(self.left.column), b.index(ROWS))
        packed = b.icmp("eq", b.index(self.right.column), b.index(PACKED))
        with b.loop(0, size.columns, self.width) as columns:
            with b.when(near):
                self._copy_panel(columns.index, panel)
            with b.when(b.binary("xor", b.binary("or", near, packed), b.number(BOOL, True))):
                self._pack_panel(columns.index, panel)
            own = self.at(self.right.at, b.mul(columns.index, size.depth))
            source = b.select(packed, own, panel)
            with b.loop(0, size.rows, ROWS) as rows:
                to = b.add(b.mul(rows.index, self.sums.row), columns.index)
                strip = self.at(first, b.mul(rows.index, down))
                self._tile(strip, step, source, self.at(self.sums.at, to))

    def _pack_strip(self, row: Index, room: Value) -> None:
        """Rows side by side; those that are missing repeat the last one."""
        b, depth = self.b, self.size.depth
        last = b.sub(self.size.rows, 1)
        starts = [
            self.at(self.left.at, b.mul(b.min(b.add(row, i), last), self.left.row))
            for i in range(ROWS)
        ]
        to = self.at(room, b.mul(row, depth))
        with b.loop(0, depth) as loop:
            offset = b.mul(loop.index, self.left.column)
            ready = self.at(to, b.mul(loop.index, ROWS))
            for first in range(0, ROWS, self.lanes):
                vector = Value("poison", self.vector)
                for i, start in enumerate(starts[first : first + self.lanes]):
                    vector = b.insert(vector, b.load(self.at(start, offset), self.one), i)
                b.store(vector, self.at(ready, first))

    def _copy_panel(self, column: Index, panel: Value) -> None:
        b = self.b
        source = self.at(self.right.at, column)
        with b.loop(0, self.size.depth) as loop:
            place = b.anchor(self.at(panel, b.mul(loop.index, self.width)))
            line = b.anchor(self.at(source, b.mul(loop.index, self.right.row)))
            for j in range(0, self.width, self.lanes):
                b.store(b.load(self.at(line, j), self.vector), self.at(place, j))

    def _pack_panel(self, column: Index, panel: Value) -> None:
        """Columns side by side; those that are missing repeat the last one."""
        b = self.b
        last = b.sub(self.size.columns, 1)
        starts = [
            self.at(self.right.at, b.mul(b.min(b.add(column, j), last), self.right.column))
            for j in range(self.width)
        ]
        with b.loop(0, self.size.depth) as loop:
            place = b.anchor(self.at(panel, b.mul(loop.index, self.width)))
            offset = b.mul(loop.index, self.right.row)
            for j, start in enumerate(starts):
                b.store(b.load(self.at(start, offset), self.one), self.at(place, j))

    def _tile(self, strip: Value, step: Value, panel: Value, to: Value) -> None:
        b = self.b
        places = [
            self.at(self.at(to, b.mul(self.sums.row, i)), j * self.lanes)
            for i in range(ROWS)
            for j in range(VECTORS)
        ]
        zero = b.zero(self.vector)
        start = [b.select(self.more, b.load(place, self.vector), zero) for place in places]
        with b.loop(0, self.size.depth, carried=start) as loop:
            numbers = b.anchor(self.at(strip, b.mul(loop.index, step)))
            line = b.anchor(self.at(panel, b.mul(loop.index, self.width)))
            vectors = [b.load(self.at(line, j * self.lanes), self.vector) for j in range(VECTORS)]
            after: list[Value] = []
            for i in range(ROWS):
                factor = b.splat(b.load(self.at(numbers, i), self.one), self.lanes)
                for j, vector in enumerate(vectors):
                    after.append(b.fma(factor, vector, loop.carried[i * VECTORS + j]))
            loop.next(after)
        for place, value in zip(places, loop.results, strict=True):
            b.store(value, place)
