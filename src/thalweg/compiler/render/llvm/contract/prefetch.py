"""Prefetches: a tile's epilogue finds in the cache what it reads and writes.

The lines are asked for before the loop along k, which takes longer than they do. Tiles walk down a
panel, a few lines from each row, and what the processor prefetches by itself comes too late then.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from thalweg.compiler.dims import ONE, ZERO
from thalweg.compiler.ir.expression import Buffer, Load, walk
from thalweg.compiler.ir.index import Index as Formula
from thalweg.compiler.ir.index import Var
from thalweg.compiler.ir.statement import Store
from thalweg.compiler.render.llvm import elementwise, uses
from thalweg.compiler.render.llvm.builder import PTR, Index
from thalweg.compiler.render.llvm.contract.estimate import typical
from thalweg.compiler.render.llvm.expressions import Emitter
from thalweg.compiler.target import Target

__all__ = ["Prefetches"]

_LINE = 64
# Tensors that take less of the second-level cache than this, together, are taken to lie in it.
_SMALL = 0.25


class Prefetches:
    """What the epilogues of a kernel's tiles touch, if it is worth asking for it early.

    Args:
        stores: the epilogue.
        row, column: the variables along which tiles have rows and columns.
        target: the processor.
    """

    def __init__(self, stores: Sequence[Store], row: Var, column: Var, target: Target) -> None:
        self.row, self.column = row, column
        # Each place once, for writing where it is written too.
        places: dict[tuple[Buffer, Formula], bool] = {(s.buffer, s.index): True for s in stores}
        for e in walk(*(s.value for s in stores)):
            if isinstance(e, Load):
                places.setdefault((e.buffer, e.index), False)
        # Runs of neighbours: the buffer, the index, along what, across what, whether written.
        self._runs: list[tuple[Buffer, Formula, Var, Var, bool]] = []
        for (buffer, index), written in places.items():
            for along, across in ((column, row), (row, column)):
                if (
                    index.stride(along) == ONE
                    and index.stride(across) not in (None, ZERO, ONE)
                    and not uses.data(index)
                ):
                    self._runs.append((buffer, index, along, across, written))
                    break
        large = sum(typical(b.size) * b.dtype.itemsize for b in {run[0] for run in self._runs})
        if large < _SMALL * target.l2:
            self._runs.clear()

    def emit(self, em: Emitter, env: Mapping[Var, Index], rows: int, width: int) -> None:
        """Ask for what a tile of some rows and columns will need; `env` is where it begins."""
        b = em.b
        lengths = {self.row: rows, self.column: width}
        for along, across in ((self.column, self.row), (self.row, self.column)):
            runs = [run for run in self._runs if run[2] is along]
            if not runs:
                continue
            with b.loop(0, lengths[across]) as loop, em.scope():
                here = {**env, across: b.add(env[across], loop.index)}
                for buffer, index, _, _, written in runs:
                    first = b.index(em.index(index, here))
                    held = elementwise.memory(buffer.dtype).element
                    for i in range(0, lengths[along], max(1, _LINE // buffer.dtype.itemsize)):
                        # Not `inbounds`: the last tile may go beyond the end.
                        where = b.add(first, i)
                        at = b.result(PTR, f"getelementptr {held}, {em.pointers[buffer]}, {where}")
                        b.prefetch(at, written)
