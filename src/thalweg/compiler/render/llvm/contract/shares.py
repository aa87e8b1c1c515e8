"""What each worker does of a contraction: batches, rows or columns."""

from __future__ import annotations

from collections.abc import Callable

from thalweg.compiler.dims import ONE, Dim
from thalweg.compiler.render.llvm.builder import Index, Value
from thalweg.compiler.render.llvm.contract.flatten import Flat
from thalweg.compiler.render.llvm.expressions import Emitter
from thalweg.compiler.render.llvm.kernel import length, share

__all__ = ["Range", "shares"]

# From the first to before the end.
Range = tuple[Index, Index]


def shares(
    em: Emitter,
    flat: Flat,
    shared: str,
    size: int,
    worker: Value,
    workers: Value,
    part: Callable[[Index, Range, Range], None],
) -> Dim:
    """Write the share of a worker; gives how many turns there are (about, where n decides).

    Args:
        em: writes the code.
        flat: the contraction.
        shared: what the workers share: `m`, `n` or `batch`; ``: nothing, worker 0 does all.
        size: how many rows or columns are one turn.
        worker, workers: which one of how many.
        part: writes the work on the rows and columns of one batch.
    """
    b = em.b
    if not shared:
        batches = length(b, flat.batch.extent, em.n)
        with b.loop(0, batches) as loop, em.scope():
            part(loop.index, *((0, length(b, v.extent, em.n)) for v in (flat.m, flat.n)))
        return ONE
    height, width = (length(b, v.extent, em.n) for v in (flat.m, flat.n))
    extent = flat.m.extent if shared == "m" else flat.n.extent
    whole = height if shared == "m" else width
    pieces: Index = 1 if shared == "batch" else b.div(b.add(whole, size - 1), size)
    turns = b.mul(length(b, flat.batch.extent, em.n), pieces)
    begin, end = share(b, turns, worker, workers)

    def some(batch: Index, low: Index, high: Index) -> None:
        mine = b.mul(low, size), b.min(b.mul(high, size), whole)
        part(batch, mine if shared == "m" else (0, height), mine if shared == "n" else (0, width))

    if turns == 1 or flat.batch.extent == ONE:
        with b.when(b.less(begin, end)), em.scope():
            some(0, *((0, 1) if turns == 1 else (begin, end)))
    elif pieces == 1:
        with b.loop(begin, end) as loop, em.scope():
            some(loop.index, 0, 1)
    else:
        last = b.div(b.add(end, b.sub(pieces, 1)), pieces)
        with b.loop(b.div(begin, pieces), last) as loop, em.scope():
            first = b.mul(loop.index, pieces)
            low = b.max(b.sub(begin, first), 0)
            some(loop.index, low, b.min(b.sub(end, first), pieces))
    if isinstance(turns, int):
        return Dim(0, turns)
    return flat.batch.extent if shared == "batch" or extent == ONE else extent
