"""The epilogue: what is done with a tile's sums, while they are in registers or in the L1 cache.

It is written out for each vector where it is short. A longer one is a loop over the rows of the
tile, which lies in memory of the stack then; and where what is stored is contiguous along the rows
of the tile instead of its columns, it is a loop over the columns.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from thalweg.compiler.dims import ONE, ZERO, Dim
from thalweg.compiler.ir.index import Var
from thalweg.compiler.ir.statement import Store
from thalweg.compiler.render import uses
from thalweg.compiler.render.llvm.builder import PTR, Builder, Index, Type, Value
from thalweg.compiler.render.llvm.contract.tile import Column, split
from thalweg.compiler.render.llvm.expressions import Emitter, Lanes
from thalweg.compiler.render.llvm.lanes import weight

__all__ = ["Epilogue", "Part", "room"]

# Instructions that a tile's epilogue may have when it is written out for every vector.
_LONGEST = 160


def room(b: Builder, element: str, count: int) -> Value:
    """Memory on the stack for some elements; call it at the beginning of a function."""
    return b.result(PTR, f"alloca [{count} x {element}], align 64")


@dataclass(frozen=True, slots=True)
class Part:
    """Where a tile lies.

    Attributes:
        env: the first row and column, and the batch.
        active: the lanes in use of the only column, where that is known only at run time.
        rows: how many rows there are from the first one on, where that may be less than the tile's.
    """

    env: Mapping[Var, Index]
    active: Value | None
    rows: Value | None


class Epilogue:
    """Writes stores for the vectors of a tile.

    Args:
        stores: what to do.
        row, column: the variables along which tiles have rows and columns.
    """

    def __init__(self, stores: Sequence[Store], row: Var, column: Var) -> None:
        self.stores = stores
        self.row = row
        self.column = column
        self._weight = weight(uses.expressions(stores)) + len(stores)
        # Whether vectors should hold several rows of one column.
        self.across = any(
            _step(s, column) not in (ZERO, ONE) and _step(s, row) == ONE for s in stores
        )

    def in_registers(self, vectors: int) -> bool:
        """Whether it is written out for every vector; else a loop over rows reads them back."""
        return not self.across and self._weight * vectors <= _LONGEST

    def emit(
        self,
        em: Emitter,
        sums: Sequence[Sequence[Value]],
        columns: Sequence[Column],
        part: Part,
        spare: Value | None,
    ) -> None:
        """Do it for a tile.

        Args:
            part: where the tile lies.
            spare: memory for the tile, where it is not done in registers.
        """
        b = em.b
        if spare is None:
            for i, row in enumerate(sums):
                with _only(b, i, part.rows):
                    self._row(em, i, columns, part, row.__getitem__)
            return
        element = sums[0][0].type.element
        width = sum(c.lanes for c in columns)
        for i, row in enumerate(sums):
            for value, column in zip(row, columns, strict=True):
                b.store(value, b.at(spare, i * width + column.offset, element))
        if self.across:
            self._columns(em, spare, Type(element), (len(sums), width), columns, part)
            return
        count: Index = len(sums) if part.rows is None else b.min(len(sums), part.rows)
        with b.loop(0, count) as loop:

            def read(j: int) -> Value:
                where = b.add(b.mul(loop.index, width), columns[j].offset)
                return b.load(b.at(spare, where, element), Type(element, columns[j].lanes))

            self._row(em, loop.index, columns, part, read)

    def _row(
        self,
        em: Emitter,
        row: Index,
        columns: Sequence[Column],
        part: Part,
        read: Callable[[int], Value],
    ) -> None:
        b = em.b
        for j, column in enumerate(columns):
            here = {
                **part.env,
                self.row: b.add(part.env[self.row], row),
                self.column: b.add(part.env[self.column], column.offset),
            }
            lanes = None
            if column.lanes > 1:
                mask = column.mask(b)
                if part.active is not None:
                    mask = b.mask(part.active, column.lanes)
                lanes = Lanes(self.column, column.lanes, mask)
            with em.scope():
                em.product = read(j)
                for s in self.stores:
                    em.store(s, here, lanes)

    def _columns(
        self,
        em: Emitter,
        tile: Value,
        one: Type,
        size: tuple[int, int],
        columns: Sequence[Column],
        part: Part,
    ) -> None:
        """Column by column, with several rows in a vector."""
        b, (rows, width) = em.b, size
        count = sum(c.active for c in columns) if part.active is None else part.active
        with b.loop(0, count) as loop:
            for some in split(rows, em.target, one.bits // 8):
                with _only(b, some.offset, part.rows):
                    found = [
                        b.load(b.at(tile, b.add(loop.index, i * width), one.element), one)
                        for i in range(some.offset, some.offset + some.active)
                    ]
                    here = {
                        **part.env,
                        self.row: b.add(part.env[self.row], some.offset),
                        self.column: b.add(part.env[self.column], loop.index),
                    }
                    lanes, product = None, found[0]
                    if some.lanes > 1:
                        mask = some.mask(b)
                        if part.rows is not None:
                            there = b.sub(b.min(rows, part.rows), some.offset)
                            mask = b.mask(there, some.lanes)
                        lanes = Lanes(self.row, some.lanes, mask)
                        product = b.zero(one.with_lanes(some.lanes))
                        for i, value in enumerate(found):
                            product = b.insert(product, value, i)
                    with em.scope():
                        em.product = product
                        for s in self.stores:
                            em.store(s, here, lanes)


@contextmanager
def _only(b: Builder, row: int, rows: Value | None) -> Iterator[None]:
    """Only if a row is there; the first one always is."""
    if rows is None or row == 0:
        yield
    else:
        with b.when(b.less(row, rows)):
            yield


def _step(store: Store, variable: Var) -> Dim | None:
    """By how much a store's place grows with a variable."""
    return store.index.stride(variable) if variable.extent != ONE else ZERO
