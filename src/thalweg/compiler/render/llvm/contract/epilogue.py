"""The epilogue: what is done with a tile's sums, while they are in registers or in the L1 cache."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from thalweg.compiler.ir.index import Var
from thalweg.compiler.ir.statement import Store
from thalweg.compiler.render.llvm import uses
from thalweg.compiler.render.llvm.builder import PTR, Builder, Index, Type, Value
from thalweg.compiler.render.llvm.contract.tile import Column
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

    def in_registers(self, vectors: int) -> bool:
        """Whether it is written out for every vector; else a loop over rows reads them back."""
        return self._weight * vectors <= _LONGEST

    def emit(
        self,
        em: Emitter,
        sums: Sequence[Sequence[Value]],
        columns: Sequence[Column],
        env: dict[Var, Index],
        mask: Value | None,
        spare: Value | None,
    ) -> None:
        """Do it for a tile.

        Args:
            env: the first row and column, and batch.
            mask: the lanes in use, where that is known only at run time.
            spare: memory for the tile, where it is not done in registers.
        """
        b = em.b
        if spare is None:
            for i, row in enumerate(sums):
                self._row(em, i, columns, env, mask, row.__getitem__)
            return
        element = sums[0][0].type.element
        width = sum(c.lanes for c in columns)
        for i, row in enumerate(sums):
            for value, column in zip(row, columns, strict=True):
                b.store(value, b.at(spare, i * width + column.offset, element))
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
