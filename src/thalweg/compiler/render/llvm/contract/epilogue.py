"""The epilogue: what is done with a tile's sums, while they are in registers or in the L1 cache.

It is written out for each vector where it is short. A longer one is a loop over the rows of the
tile, which lies in memory of the stack then; and where what is stored is contiguous along the rows
of the tile instead of its columns, it is a loop over the columns.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from thalweg.compiler.dims import ONE, ZERO, Dim
from thalweg.compiler.ir.index import Var
from thalweg.compiler.ir.statement import Store
from thalweg.compiler.render.llvm import uses
from thalweg.compiler.render.llvm.builder import PTR, Builder, Index, Type, Value
from thalweg.compiler.render.llvm.contract.tile import Column, split
from thalweg.compiler.render.llvm.expressions import Emitter, Lanes
from thalweg.compiler.render.llvm.lanes import weight

__all__ = ["Epilogue", "room"]

# Instructions that a tile's epilogue may have when it is written out for every vector.
_LONGEST = 160


def room(b: Builder, element: str, count: int) -> Value:
    """Memory on the stack for some elements; call it at the beginning of a function."""
    return b.result(PTR, f"alloca [{count} x {element}], align 64")


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
        env: dict[Var, Index],
        active: Value | None,
        spare: Value | None,
    ) -> None:
        """Do it for a tile.

        Args:
            env: the first row and column, and batch.
            active: the lanes in use of the only column, where that is known only at run time.
            spare: memory for the tile, where it is not done in registers.
        """
        b = em.b
        loose = active is not None and columns[0].lanes > 1
        mask = b.mask(active, columns[0].lanes) if active is not None and loose else None
        if spare is None:
            for i, row in enumerate(sums):
                self._row(em, i, columns, env, mask, row.__getitem__)
            return
        element = sums[0][0].type.element
        width = sum(c.lanes for c in columns)
        for i, row in enumerate(sums):
            for value, column in zip(row, columns, strict=True):
                b.store(value, b.at(spare, i * width + column.offset, element))
        if self.across:
            self._columns(em, spare, Type(element), (len(sums), width), columns, env, active)
            return
        with b.loop(0, len(sums)) as loop:

            def read(j: int) -> Value:
                where = b.add(b.mul(loop.index, width), columns[j].offset)
                return b.load(b.at(spare, where, element), Type(element, columns[j].lanes))

            self._row(em, loop.index, columns, env, mask, read)

    def _row(
        self,
        em: Emitter,
        row: Index,
        columns: Sequence[Column],
        env: dict[Var, Index],
        mask: Value | None,
        read: Callable[[int], Value],
    ) -> None:
        b = em.b
        first = env[self.column]
        for j, column in enumerate(columns):
            here = {
                **env,
                self.row: b.add(env[self.row], row),
                self.column: b.add(first, column.offset),
            }
            lanes = None
            if column.lanes > 1:
                lanes = Lanes(self.column, column.lanes, mask or column.mask(b))
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
        env: dict[Var, Index],
        active: Value | None,
    ) -> None:
        """Column by column, with several rows in a vector."""
        b, (rows, width) = em.b, size
        count = sum(c.active for c in columns) if active is None else active
        with b.loop(0, count) as loop:
            for part in split(rows, em.target, one.bits // 8):
                found = [
                    b.load(b.at(tile, b.add(loop.index, i * width), one.element), one)
                    for i in range(part.offset, part.offset + part.active)
                ]
                here = {
                    **env,
                    self.row: b.add(env[self.row], part.offset),
                    self.column: b.add(env[self.column], loop.index),
                }
                lanes, product = None, found[0]
                if part.lanes > 1:
                    lanes = Lanes(self.row, part.lanes, part.mask(b))
                    product = b.zero(one.with_lanes(part.lanes))
                    for i, value in enumerate(found):
                        product = b.insert(product, value, i)
                with em.scope():
                    em.product = product
                    for s in self.stores:
                        em.store(s, here, lanes)


def _step(store: Store, variable: Var) -> Dim | None:
    """By how much a store's place grows with a variable."""
    return store.index.stride(variable) if variable.extent != ONE else ZERO
