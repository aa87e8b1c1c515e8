"""Prefetches: a tile's epilogue finds in the cache what it reads and writes.

Tiles walk down a panel, a few lines from each row, which the processor does not foresee. All lines
at a time would wait for one another, so they are asked for row by row during the loop along k.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from thalweg.compiler.dims import ONE, ZERO
from thalweg.compiler.ir.expression import Buffer, Load, walk
from thalweg.compiler.ir.index import Index as Formula
from thalweg.compiler.ir.index import Var
from thalweg.compiler.ir.statement import Store
from thalweg.compiler.render import uses
from thalweg.compiler.render.llvm import elementwise
from thalweg.compiler.render.llvm.builder import PTR, Index
from thalweg.compiler.render.llvm.contract.estimate import typical
from thalweg.compiler.render.llvm.contract.tile import IN_FLIGHT
from thalweg.compiler.render.llvm.expressions import Emitter
from thalweg.compiler.target import Target

__all__ = ["Prefetches"]

_LINE = 64
# Tensors that take less of the second-level cache than this, together, are taken to lie in it.
_SMALL = 0.25
# How much of k there must be for each row.
_SHORTEST = 8


class Prefetches:
    """What the epilogues of a kernel's tiles touch, if it is worth asking for it early.

    Args:
        stores: the epilogue.
        row, column: the variables along which tiles have rows and columns.
        target: the processor.
    """

    def __init__(self, stores: Sequence[Store], row: Var, column: Var, target: Target) -> None:
        self.row = row
        # Each place once, for writing where it is written too.
        places = {(s.buffer, s.index): True for s in stores}
        for e in walk(*(s.value for s in stores)):
            if isinstance(e, Load):
                places.setdefault((e.buffer, e.index), False)
        self._runs: list[tuple[Buffer, Formula, bool]] = [
            (buffer, index, written)
            for (buffer, index), written in places.items()
            if index.stride(column) == ONE
            and index.stride(row) not in (None, ZERO, ONE)
            and not uses.data(index)
        ]
        bytes_ = {run[0]: typical(run[0].size) * run[0].dtype.itemsize for run in self._runs}
        if sum(bytes_.values()) < _SMALL * target.l2:
            self._runs.clear()

    def fit(self, sums: int, rows: int, extent: Index) -> bool:
        """Whether a tile of so many rows and vectors of sums has them along a length of k."""
        short = isinstance(extent, int) and extent < _SHORTEST * rows
        return bool(self._runs) and sums >= IN_FLIGHT and not short

    def emit(self, em: Emitter, env: Mapping[Var, Index], row: Index, width: int) -> None:
        """Ask for what one row of a tile will need; `env` is where the tile begins."""
        b = em.b
        here = {**env, self.row: b.add(env[self.row], row)}
        for buffer, index, written in self._runs:
            first = em.index(index, here)
            held = elementwise.memory(buffer.dtype).element
            for i in range(0, width, max(1, _LINE // buffer.dtype.itemsize)):
                # Not `inbounds`: the last tile may go beyond the end.
                where = b.index(b.add(first, i))
                at = b.result(PTR, f"getelementptr {held}, {em.pointers[buffer]}, {where}")
                b.prefetch(at, written)
