"""The matrix product that all kernels of a module call on WebAssembly, where code must be small.

    sums[i, j] = sum over k of left[i, k] * right[k, j], for any strides

Few rows go through the right operand row by row, which is as fast as memory is. Else both operands
are packed, the left one in strips of rows and the right one in panels of columns, for a tile of
sums that stay in registers.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from thalweg.compiler.render.llvm.builder import PTR, Builder, Index, Type, Value
from thalweg.compiler.target import Target

__all__ = ["Matrix", "Size", "call", "scratch"]

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
    return b.add(b.mul(b.add(rows, _width(b.target, element)), size.depth), ROWS * _width(b.target, element))


def call(
    b: Builder, element: str, left: Matrix, right: Matrix, size: Size, sums: Matrix, room: Value
) -> None:
    """Call the product.

    Args:
        element: of all matrices.
        left, right: the operands.
        size: of the sums.
        sums: where they go; columns are neighbours.
        room: `scratch` elements.
    """
    name, declarations = _function(b.target, element)
    b.declarations.update(declarations)
    numbers = (left.row, left.column, right.row, right.column, size.rows, size.columns, size.depth)
    given = [left.at, right.at, *map(b.index, numbers), sums.at, b.index(sums.row), room]
    b.line(f"call void @{name}({', '.join(map(str, given))})")


def _width(target: Target, element: str) -> int:
    """Columns of a tile."""
    return VECTORS * target.lanes(Type(element).bits // 8)


@functools.cache
def _function(target: Target, element: str) -> tuple[str, dict[str, str]]:
    """The function's name, and its text among what it needs."""
    name = f"thalweg_product_{element}"
    b = Builder(target)
    numbers = ("lr", "lk", "rk", "rc", "rows", "columns", "depth")
    parameters = [(PTR, "left"), (PTR, "right"), *((b.index_type, x) for x in numbers)]
    parameters += [(PTR, "sums"), (b.index_type, "pitch"), (PTR, "room")]
    with b.function(name, parameters) as (left, right, lr, lk, rk, rc, *rest):
        rows, columns, depth, sums, pitch, room = rest
        size = Size(rows, columns, depth)
        product = _Product(
            b, element, Matrix(left, lr, lk), Matrix(right, rk, rc), size, Matrix(sums, pitch, 1)
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
        self, b: Builder, element: str, left: Matrix, right: Matrix, size: Size, sums: Matrix
    ) -> None:
        self.b, self.element = b, element
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
        self._across(lambda j, type_: b.store(b.zero(type_), self.at(to, j)))
        whole = b.mul(b.div(self.size.depth, _TOGETHER), _TOGETHER)
        for begin, end, step in ((0, whole, _TOGETHER), (whole, self.size.depth, 1)):
            with b.loop(begin, end, step) as loop:
                self._add(numbers, loop.index, step, to)

    def _add(self, numbers: Value, k: Value, count: int, to: Value) -> None:
        b = self.b
        places = [b.add(k, i) for i in range(count)]
        factors = [
            b.load(self.at(numbers, b.mul(place, self.left.column)), self.one) for place in places
        ]
        lines = [self.at(self.right.at, b.mul(place, self.right.row)) for place in places]

        def some(j: Value, type_: Type) -> None:
            total = b.load(self.at(to, j), type_)
            for factor, line in zip(factors, lines, strict=True):
                spread = b.splat(factor, type_.lanes)
                total = b.fma(spread, b.load(self.at(line, j), type_), total)
            b.store(total, self.at(to, j))

        self._across(some)

    def _across(self, body: Callable[[Value, Type], None]) -> None:
        """The columns, as vectors, then one by one."""
        b = self.b
        whole = b.mul(b.div(self.size.columns, self.lanes), self.lanes)
        with b.loop(0, whole, self.lanes) as loop:
            body(loop.index, self.vector)
        with b.loop(whole, self.size.columns) as loop:
            body(loop.index, self.one)

    # --- many rows

    def tiles(self, room: Value, near: Value) -> None:
        """All sums, tile by tile; `near`: whether the right operand's columns are neighbours."""
        b, size = self.b, self.size
        strips = b.div(b.add(size.rows, ROWS - 1), ROWS)
        even = b.icmp("eq", b.index(b.rem(size.rows, ROWS)), b.index(0))
        ready = b.binary("and", even, b.icmp("eq", b.index(self.left.row), b.index(1)))
        # Each k is another line of the cache.
        ready = b.binary("and", ready, b.less(size.depth, _LONG))
        with b.when(b.binary("xor", ready, b.number(ready.type, True))):
            with b.loop(0, strips) as loop:
                self._pack_strip(b.mul(loop.index, ROWS), room)
        panel = self.at(room, b.mul(b.mul(strips, ROWS), size.depth))
        spare = self.at(panel, b.mul(size.depth, self.width))
        first = b.select(ready, self.left.at, room)
        down = b.select(ready, b.index(1), b.index(size.depth))
        step = b.select(ready, b.index(self.left.column), b.index(ROWS))
        with b.loop(0, size.columns, self.width) as columns:
            count = b.min(self.width, b.sub(size.columns, columns.index))
            full = b.icmp("eq", b.index(count), b.index(self.width))
            simple = b.binary("and", full, near)
            with b.when(simple):
                self._copy_panel(columns.index, panel)
            with b.when(b.binary("xor", simple, b.number(simple.type, True))):
                self._pack_panel(columns.index, count, panel)
            with b.loop(0, size.rows, ROWS) as rows:
                strip = self.at(first, b.mul(rows.index, down))
                tile = self._tile(strip, step, panel)
                self._give(tile, rows.index, columns.index, count, full, spare)

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
            place = b.anchor(self.at(to, b.mul(loop.index, ROWS)))
            offset = b.mul(loop.index, self.left.column)
            for i, start in enumerate(starts):
                b.store(b.load(self.at(start, offset), self.one), self.at(place, i))

    def _copy_panel(self, column: Index, panel: Value) -> None:
        b = self.b
        source = self.at(self.right.at, column)
        with b.loop(0, self.size.depth) as loop:
            place = b.anchor(self.at(panel, b.mul(loop.index, self.width)))
            line = b.anchor(self.at(source, b.mul(loop.index, self.right.row)))
            for j in range(0, self.width, self.lanes):
                b.store(b.load(self.at(line, j), self.vector), self.at(place, j))

    def _pack_panel(self, column: Index, count: Index, panel: Value) -> None:
        """Columns side by side; those that are missing repeat the last one."""
        b = self.b
        source = self.at(self.right.at, b.mul(column, self.right.column))
        last = b.sub(count, 1)
        starts = [
            self.at(source, b.mul(b.min(j, last), self.right.column)) for j in range(self.width)
        ]
        with b.loop(0, self.size.depth) as loop:
            place = b.anchor(self.at(panel, b.mul(loop.index, self.width)))
            offset = b.mul(loop.index, self.right.row)
            for j, start in enumerate(starts):
                b.store(b.load(self.at(start, offset), self.one), self.at(place, j))

    def _tile(self, strip: Value, step: Value, panel: Value) -> list[list[Value]]:
        b = self.b
        zeros = [b.zero(self.vector)] * (ROWS * VECTORS)
        with b.loop(0, self.size.depth, carried=zeros) as loop:
            numbers = b.anchor(self.at(strip, b.mul(loop.index, step)))
            line = b.anchor(self.at(panel, b.mul(loop.index, self.width)))
            vectors = [
                b.load(self.at(line, j * self.lanes), self.vector) for j in range(VECTORS)
            ]
            after: list[Value] = []
            for i in range(ROWS):
                factor = b.splat(b.load(self.at(numbers, i), self.one), self.lanes)
                for j, vector in enumerate(vectors):
                    after.append(b.fma(factor, vector, loop.carried[i * VECTORS + j]))
            loop.next(after)
        return [loop.results[i * VECTORS : (i + 1) * VECTORS] for i in range(ROWS)]

    def _give(
        self,
        tile: Sequence[Sequence[Value]],
        row: Index,
        column: Index,
        count: Index,
        full: Value,
        spare: Value,
    ) -> None:
        """Store a tile; of one that reaches beyond the end, what is inside."""
        b = self.b
        to = self.at(self.sums.at, b.add(b.mul(row, self.sums.row), column))
        height = b.min(ROWS, b.sub(self.size.rows, row))
        whole = b.binary("and", full, b.icmp("eq", b.index(height), b.index(ROWS)))
        begin = b.select(whole, to, spare)
        pitch = b.select(whole, b.index(self.sums.row), b.index(self.width))
        for i, vectors in enumerate(tile):
            line = self.at(begin, b.mul(pitch, i))
            for j, vector in enumerate(vectors):
                b.store(vector, self.at(line, j * self.lanes))
        with b.when(b.binary("xor", whole, b.number(whole.type, True))):
            with b.loop(0, height) as i, b.loop(0, count) as j:
                value = b.load(self.at(spare, b.add(b.mul(i.index, self.width), j.index)), self.one)
                b.store(value, self.at(to, b.add(b.mul(i.index, self.sums.row), j.index)))
