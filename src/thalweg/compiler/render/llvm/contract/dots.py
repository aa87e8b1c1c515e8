"""Products with few columns, both operands contiguous along k: vectors run along k.

Each sum of products is a vector of partial sums; the vectors of several rows are folded into one
with a row's sum in each lane, which the epilogue takes.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from thalweg.compiler.dims import ONE, Dim
from thalweg.compiler.ir.expression import walk
from thalweg.compiler.ir.index import Var
from thalweg.compiler.render import uses
from thalweg.compiler.render.llvm import elementwise
from thalweg.compiler.render.llvm.builder import Builder, Index, Type, Value
from thalweg.compiler.render.llvm.contract.flatten import Flat
from thalweg.compiler.render.llvm.contract.operands import Operand, describe
from thalweg.compiler.render.llvm.contract.products import flops
from thalweg.compiler.render.llvm.contract.tile import Column, Level, Place, emit_tile
from thalweg.compiler.render.llvm.expressions import Emitter, Lanes
from thalweg.compiler.render.llvm.kernel import NAME, KernelText, length, parameters, share
from thalweg.compiler.target import Target

__all__ = ["fits", "render"]

# Beyond this many columns tiles are faster.
_MOST_COLUMNS = 4
_MOST_ROWS = 8


def fits(flat: Flat, target: Target) -> bool:
    """Whether this is the way to do a contraction."""
    columns = flat.n.extent
    if not target.masks or not columns.static or not 1 <= columns.offset <= _MOST_COLUMNS:
        return False
    return all(
        side.place is not None and side.depth == ONE and flat.k.extent != ONE
        for side in (
            describe(flat.left, flat.m, flat.k, flat.dtype),
            describe(flat.right, flat.n, flat.k, flat.dtype),
        )
    )


def render(flat: Flat, target: Target) -> KernelText:
    """The kernel of a contraction that `fits`."""
    values = [flat.left, flat.right, *uses.roots(flat.epilogue)]
    buffers = tuple(uses.buffers(list(walk(*values)), flat.epilogue))
    columns = flat.n.extent.offset
    # Half of the registers hold sums; folding wants a power of two, no more than lanes.
    lanes = target.lanes(max(4, flat.dtype.itemsize))
    rows = min(_MOST_ROWS, lanes, 1 << (target.registers // 2 // columns).bit_length() - 1)
    b = Builder(target)
    with b.function(NAME, parameters(b, buffers)) as parts:
        *pointers, n, worker, workers, _ = parts
        em = Emitter(b, target, n, dict(zip(buffers, pointers, strict=True)))
        height = length(b, flat.m.extent, n)
        pieces = b.div(b.add(height, rows - 1), rows)
        turns = b.mul(length(b, flat.batch.extent, n), pieces)
        begin, end = share(b, turns, worker, workers)
        with b.loop(begin, end) as loop, em.scope():
            batch: Index = 0
            strip: Index = loop.index
            if flat.batch.extent != ONE:
                batch, strip = b.div(loop.index, pieces), b.rem(loop.index, pieces)
            _strip(em, flat, {flat.batch: batch, flat.m: b.mul(strip, rows)}, rows, height)
    return KernelText(
        b.text,
        b.declarations,
        buffers,
        tuple(uses.stored(flat.epilogue)),
        turns=Dim(0, turns) if isinstance(turns, int) else flat.m.extent,
        flops=flops(flat.batch, flat.m, flat.n, flat.k),
    )


def _strip(em: Emitter, flat: Flat, env: dict[Var, Index], rows: int, height: Index) -> None:
    """A few rows, of which some may not be there: these repeat the last one."""
    b = em.b
    element = elementwise.computing(flat.dtype).element
    lanes = em.target.lanes(8 if element == "double" else 4)
    columns = [Column(0, lanes, lanes)] * flat.n.extent.offset
    row = env[flat.m]
    last = b.sub(height, 1)
    left = _reader(
        em,
        describe(flat.left, flat.m, flat.k, flat.dtype),
        env,
        [b.min(b.add(row, i), last) for i in range(rows)],
        Type(element, lanes),
    )
    right = _reader(
        em,
        describe(flat.right, flat.n, flat.k, flat.dtype),
        env,
        list(range(len(columns))),
        Type(element, lanes),
    )
    depth = length(b, flat.k.extent, em.n)
    whole = b.div(depth, lanes)
    sums = emit_tile(
        b,
        element,
        rows,
        columns,
        [Level(whole)],
        lambda i, place: left(i, b.mul(place[0], lanes), None),
        lambda j, place: right(j, b.mul(place[0], lanes), None),
    )
    if not isinstance(depth, int) or depth % lanes:
        done = b.mul(whole, lanes)
        mask = b.mask(b.sub(depth, done), lanes)

        def tail(read: Callable[[int, Index, Value], Value]) -> Callable[[int, Place], Value]:
            return lambda i, place: read(i, done, mask)

        sums = emit_tile(b, element, rows, columns, [], tail(left), tail(right), sums)
    there = b.mask(b.sub(height, row), rows)
    for j in range(len(columns)):
        with em.scope():
            em.product = fold(b, [sums[i][j] for i in range(rows)])
            lanes_of_rows = Lanes(flat.m, rows, there) if rows > 1 else None
            for s in flat.epilogue:
                em.store(s, {**env, flat.n: j}, lanes_of_rows)


def _reader(
    em: Emitter, operand: Operand, env: dict[Var, Index], frees: Sequence[Index], type_: Type
) -> Callable[[int, Index, Value | None], Value]:
    """Reads vectors along k of some rows (or columns)."""
    b = em.b
    assert operand.place is not None
    base = em.index(operand.start(), env)
    step = length(b, operand.step, em.n)
    pointer = em.pointers[operand.place.buffer]
    starts = [b.at(pointer, b.add(base, b.mul(step, free)), type_.element) for free in frees]

    def read(i: int, k: Index, mask: Value | None) -> Value:
        where = b.at(starts[i], k, type_.element)
        return b.load(where, type_) if mask is None else b.masked_load(where, mask, type_)

    return read


def fold(b: Builder, vectors: Sequence[Value]) -> Value:
    """The sum of each vector's lanes, one in each lane; as many vectors as a power of two."""
    found, groups = list(vectors), 1
    while len(found) > 1:
        pairs = zip(found[::2], found[1::2], strict=True)
        found = [_halved(b, one, other, groups) for one, other in pairs]
        groups *= 2
    while found[0].type.lanes > groups:
        found = [_halved(b, found[0], None, groups)]
    return found[0]


def _halved(b: Builder, one: Value, other: Value | None, groups: int) -> Value:
    """Each group of lanes becomes half as long, by adding its halves; two vectors become one."""
    lanes = one.type.lanes
    half = lanes // groups // 2
    firsts = [g * 2 * half + i for g in range(groups) for i in range(half)]
    if other is not None:
        firsts += [lanes + place for place in firsts]
    low = b.shuffle(one, other or one, firsts)
    high = b.shuffle(one, other or one, [place + half for place in firsts])
    return b.fadd(low, high)
