"""Tiles: copies between layouts, where reads run along another loop than writes.

The elements of a square tile are loaded along the loop that reads run along, transposed in
registers, kept in scratch memory, and used from there along the loop that writes run along.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from thalweg.compiler.dims import ONE, ZERO, Dim
from thalweg.compiler.ir.expression import Load
from thalweg.compiler.ir.index import Var
from thalweg.compiler.ir.statement import Loop, Statement, Store
from thalweg.compiler.render import uses
from thalweg.compiler.render.llvm import elementwise
from thalweg.compiler.render.llvm.builder import Builder, Index, Value
from thalweg.compiler.render.llvm.kernel import length
from thalweg.compiler.render.llvm.lanes import Lanes, Place
from thalweg.compiler.render.llvm.nest import Nest

__all__ = ["LARGEST", "Tiles", "find", "transposed"]

# The widest tile that is transposed in registers: each row is one of them.
_WIDEST = 16
_NARROWEST = 4
# Bytes of the largest elements, complex numbers.
LARGEST = 16


@dataclass(frozen=True, slots=True)
class Tiles:
    """A vector loop that is better done in tiles.

    Attributes:
        across: which of the parallel loops around the reads run along.
        loop: the vector loop, which the writes run along.
        loads: what is read along `across`.
        size: rows and columns of a tile.
    """

    across: int
    loop: Loop
    loads: tuple[Load, ...]
    size: int


def find(nest: Nest, variables: Sequence[Var], body: Sequence[Statement]) -> Tiles | None:
    """How the body of nested parallel loops is done in tiles, if it is to be."""
    if len(body) != 1 or not isinstance(body[0], Loop) or body[0].kind != "vector":
        return None
    loop = body[0]
    stores = [s for s in loop.body if isinstance(s, Store)]
    plan = nest.plan(loop)
    if len(stores) < len(loop.body) or not _NARROWEST <= plan.lanes <= _WIDEST:
        return None
    env: dict[Var, Index] = dict.fromkeys((*variables, loop.variable), 0)

    def runs_along(load: Load, variable: Var) -> Dim | None:
        place = Place(env, Lanes(variable, plan.lanes, aligned=True))
        return nest.emitter.addresses.stride(load.index, place)

    loads = {
        e: None
        for root in uses.roots(stores)
        for e in uses.order(root)
        if isinstance(e, Load) and runs_along(e, loop.variable) not in (ZERO, ONE)
    }
    for i in range(len(variables) - 1, -1, -1):
        if not Dim(0, _NARROWEST).at_most(variables[i].extent):
            continue
        found = tuple(e for e in loads if runs_along(e, variables[i]) == ONE)
        if found and not any(e.buffer in nest.written for e in found):
            return Tiles(i, loop, found, plan.lanes)
    return None


def write(
    nest: Nest, tiles: Tiles, env: dict[Var, Index], across: Var, begin: Index, scratch: Value
) -> None:
    """Write one band of tiles: `size` turns of the loop across, all of the vector loop.

    Args:
        nest: what writes statements.
        tiles: how.
        env: the values of the other variables.
        across: the variable that reads run along.
        begin: its first value.
        scratch: memory for the tiles of all loads.
    """
    b, size = nest.b, tiles.size
    variable = tiles.loop.variable
    extent = length(b, variable.extent, nest.emitter.n)
    rows = b.min(b.sub(length(b, across.extent, nest.emitter.n), begin), size)
    masks = nest.plan(tiles.loop).masks
    whole = extent if masks else b.mul(b.div(extent, size), size)
    even = _even(variable.extent, size)
    full_rows = _even(across.extent, size)
    row_mask = None if full_rows else b.mask(rows, size)
    if not masks and not full_rows:
        # A band with fewer rows than a tile has is done the plain way.
        few = b.less(rows, size)
        with b.when(few), nest.emitter.scope():
            _plain(nest, tiles.loop, env, across, begin, rows, 0, extent)
        whole = nest.b.index(whole)
        whole = b.select(few, b.index(0), whole)
        row_mask = None
    with b.loop(0, whole, size) as turning, nest.emitter.scope():
        at = turning.index
        left = None if even or not masks else b.sub(extent, at)
        inner = {**env, across: begin, variable: at}
        for i, e in enumerate(tiles.loads):
            place = _tile(b, scratch, i, size)
            _stage(nest, e, inner, across, variable, left, row_mask, size, place)
        mask = None if left is None else b.mask(left, size)
        with b.loop(0, size if row_mask is None else rows, 1) as row, nest.emitter.scope():
            lanes = Lanes(variable, size, mask, aligned=True)
            inner = {**env, across: b.add(begin, row.index), variable: at}
            for i, e in enumerate(tiles.loads):
                held = elementwise.memory(e.dtype, size)
                where = b.at(_tile(b, scratch, i, size), b.mul(row.index, size), held.element)
                value = elementwise.load(b, where, e.dtype, size)
                nest.emitter.give(e, inner, lanes, value)
            for s in tiles.loop.body:
                assert isinstance(s, Store)
                nest.emitter.store(s, inner, lanes)
    if not masks and not even:
        if not full_rows:
            # A band that was done the plain way is done.
            rows = b.select(few, b.index(0), b.index(rows))
        _plain(nest, tiles.loop, env, across, begin, rows, whole, extent)


def _tile(b: Builder, scratch: Value, number: int, size: int) -> Value:
    """Where the tile of a load is kept."""
    return b.at(scratch, number * size * size * LARGEST, "i8")


def _plain(
    nest: Nest,
    loop: Loop,
    env: dict[Var, Index],
    across: Var,
    begin: Index,
    rows: Index,
    low: Index,
    high: Index,
) -> None:
    """The turns that fill no tile, one element at a time."""
    b = nest.b
    with b.loop(0, rows) as row, b.loop(low, high) as turning, nest.emitter.scope():
        inner = {**env, across: b.add(begin, row.index), loop.variable: turning.index}
        for s in loop.body:
            assert isinstance(s, Store)
            nest.emitter.store(s, inner)


def _stage(
    nest: Nest,
    e: Load,
    env: dict[Var, Index],
    across: Var,
    variable: Var,
    left: Index | None,
    mask: Value | None,
    size: int,
    place: Value,
) -> None:
    """Load a tile along `across` and keep it transposed."""
    b = nest.b
    held = elementwise.memory(e.dtype, size)
    first = env[variable]
    rows = []
    for j in range(size):
        # Past the end the last row is read again; what comes of it is not stored.
        step: Index = j if left is None else b.min(j, b.sub(left, 1))
        inner = {**env, variable: b.add(first, step)}
        index = nest.emitter.index(e.index, inner, Lanes(across, size, aligned=True))
        where = b.at(nest.emitter.pointers[e.buffer], index, held.element)
        rows.append(b.load(where, held) if mask is None else b.masked_load(where, mask, held))
    for j, row in enumerate(transposed(b, rows)):
        b.store(row, b.at(place, j * size, held.element))


def transposed(b: Builder, rows: list[Value]) -> list[Value]:
    """The columns of as many rows as each has lanes (a power of two)."""
    size = len(rows)
    rows = list(rows)
    step = size // 2
    while step:
        # Exchange the off-diagonal blocks of `step` lanes of each pair of rows.
        upper = [i if not i & step else size + i - step for i in range(size)]
        lower = [i + step if not i & step else size + i for i in range(size)]
        for i in range(size):
            if not i & step:
                one, other = rows[i], rows[i + step]
                rows[i] = b.shuffle(one, other, upper)
                rows[i + step] = b.shuffle(one, other, lower)
        step //= 2
    return rows


def _even(extent: Dim, size: int) -> bool:
    return extent.scale % size == 0 and extent.offset % size == 0
