"""The gradient of a convolution's filters: tiles of offsets and channels by filters.

    for each group:
        for each chunk of the images' lines that the caches hold:
            copy the images, and the gradient that flows in, unless they can be read in place
            for each tile of this worker: add the chunk's products to the sums; these wait in
                scratch memory for the next chunk, or, after the last one, are given to the
                epilogue row by row

A line is what all but the last spatial axis leave; along the last axis the tile's innermost loop
runs.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from thalweg.compiler.ir.index import Index as Formula
from thalweg.compiler.ir.statement import Store
from thalweg.compiler.render.llvm.builder import BOOL, Index, Type, Value
from thalweg.compiler.render.llvm.contract.convolution_filter_plan import FilterPlan, Turns
from thalweg.compiler.render.llvm.contract.convolution_operands import (
    Env,
    address,
    copy_image,
    stepwise,
)
from thalweg.compiler.render.llvm.contract.epilogue import room
from thalweg.compiler.render.llvm.contract.tile import Column, Level, Place, emit_tile, split
from thalweg.compiler.render.llvm.expressions import Emitter, Lanes
from thalweg.compiler.render.llvm.kernel import length, share

__all__ = ["emit_filter_gradient"]


@dataclass(frozen=True, slots=True)
class _Tile:
    """One tile: its first row and column among the sums, what it reads first of the image."""

    row: Index
    column: Index
    filter: Index
    shift: Index


def emit_filter_gradient(
    plan: FilterPlan, em: Emitter, worker: Value, workers: Value, scratch: Value
) -> None:
    """Write the body of the function."""
    begin, end = share(em.b, plan.turns.offset, worker, workers)
    groups = [length(em.b, v.extent, em.n) for v in plan.kernel.batch]
    writer = _Writer(plan, em, scratch, (begin, end))

    def group(place: tuple[Index, ...]) -> None:
        env: Env = dict(zip(plan.kernel.batch, place, strict=True))
        with em.b.when(em.b.less(begin, end)), em.scope():
            writer.group(env)

    stepwise(em, groups, group)


class _Writer:
    """Writes the loops."""

    def __init__(
        self, plan: FilterPlan, em: Emitter, scratch: Value, turns: tuple[Index, Index]
    ) -> None:
        self.plan, self.em, self.b = plan, em, em.b
        self.view, self.kernel, self.element = plan.view, plan.kernel, plan.element
        self.sums = scratch
        self.image = em.b.at(scratch, plan.image_at, "i8")
        self.right = em.b.at(scratch, plan.right_at, "i8")
        self.begin, self.end = turns
        width = max(p.width for p in plan.tiling.panels)
        rows = max(t.outer.size * t.inner.size for t in plan.all_turns)
        self.tile = room(em.b, self.element, rows * width)
        self.zeros = room(em.b, self.element, width)
        for column in split(width, plan.target, plan.itemsize):
            self._store(self.zeros, [column], [em.b.zero(Type(self.element, column.lanes))])

    def group(self, env: Env) -> None:
        """All of one group."""
        b, plan = self.b, self.plan
        images = length(b, self.view.batch.extent, self.em.n)
        lines = b.mul(images, plan.lines)
        with b.loop(0, lines, plan.chunk) as loop, self.em.scope():
            last = b.min(b.add(loop.index, plan.chunk), lines)
            chunk = (loop.index, last)
            if plan.copied:
                self._copy_images(env, chunk)
            if plan.right is None:
                self._copy_right(env, chunk)
            first = b.icmp("eq", loop.index, b.index(0))
            done = b.icmp("eq", b.index(last), b.index(lines))
            self._tiles(lambda turns, tile: self._add(env, turns, tile, chunk, (first, done)))

    def _tiles(self, body: Callable[[Turns, _Tile], None]) -> None:
        """The worker's tiles."""
        b, plan = self.b, self.plan
        for turns in plan.all_turns:
            first = b.max(self.begin, turns.first)
            end = b.min(self.end, turns.first + turns.count)
            with b.loop(first, end) as loop, self.em.scope():
                rest: Index = b.sub(loop.index, turns.first)
                inner, rest = b.rem(rest, turns.inner.count), b.div(rest, turns.inner.count)
                outer, rest = b.rem(rest, turns.outer.count), b.div(rest, turns.outer.count)
                inner = b.add(b.mul(inner, turns.inner.size), turns.inner.first)
                outer = b.add(b.mul(outer, turns.outer.size), turns.outer.first)
                shift = b.add(b.mul(inner, plan.inner.step), b.mul(outer, plan.outer.step))
                row = b.add(b.mul(outer, plan.inner.extent), inner)
                size = plan.inner.extent * plan.outer.extent
                for rows in reversed(plan.looped):
                    at, rest = b.rem(rest, rows.extent), b.div(rest, rows.extent)
                    row = b.add(row, b.mul(at, size))
                    shift = b.add(shift, b.mul(at, rows.step))
                    size *= rows.extent
                column = b.mul(rest, turns.panel.width)
                filter_ = b.add(column, turns.panel.first)
                body(turns, _Tile(row, b.add(column, turns.begin), filter_, shift))

    # --- sums -----------------------------------------------------------------------------------

    def _row(self, tile: _Tile, turns: Turns, i: Index) -> Index:
        """The number of a tile's row among all rows of the sums."""
        b = self.b
        size = turns.inner.size
        down = b.mul(b.div(i, size), self.plan.inner.extent)
        return b.add(tile.row, b.add(down, b.rem(i, size)))

    def _finish(self, env: Env, turns: Turns, tile: _Tile) -> None:
        """The epilogue."""
        b, em, plan = self.b, self.em, self.plan
        stores = [s for s in self.kernel.epilogue if isinstance(s, Store)]
        with b.loop(0, turns.outer.size * turns.inner.size) as loop, em.scope():
            here = dict(env)
            rest = self._row(tile, turns, loop.index)
            for variable in reversed(self.kernel.m):
                extent = variable.extent.offset
                here[variable], rest = b.rem(rest, extent), b.div(rest, extent)
            start = b.at(self.tile, b.mul(loop.index, turns.panel.width), self.element)
            for column in turns.panel.columns:
                here[plan.filters] = b.add(tile.filter, column.offset)
                where = b.at(start, column.offset, self.element)
                em.product = b.load(where, Type(self.element, column.lanes))
                lanes = None
                if column.lanes > 1:
                    lanes = Lanes(plan.filters, column.lanes, column.mask(b))
                with em.scope():
                    for s in stores:
                        em.store(s, here, lanes)

    # --- one chunk of a tile --------------------------------------------------------------------

    def _add(
        self,
        env: Env,
        turns: Turns,
        tile: _Tile,
        chunk: tuple[Index, Index],
        ends: tuple[Value, Value],
    ) -> None:
        """The products of a chunk.

        Args:
            chunk: its first line, and the one after its last.
            ends: whether it is the first chunk, and whether it is the last.
        """
        b, plan = self.b, self.plan
        columns = turns.panel.columns
        pairs = itertools.product(range(turns.outer.size), range(turns.inner.size))
        shifts = [i * plan.outer.step + j * plan.inner.step for i, j in pairs]
        count = len(shifts)
        start = self._begun(turns, tile, ends[0])
        with b.loop(*chunk, carried=start) as loop, self.em.scope():
            here = self._line(env, loop.index)
            image = self._image(here, loop.index, chunk[0], tile)
            right, step = self._outward(here, loop.index, chunk[0], tile)

            def number(i: int, place: Place) -> Value:
                at = b.mul(place[0], plan.place_steps[-1])
                pointer = b.at(image, at, self.element)
                return b.load(b.at(pointer, shifts[i], self.element), Type(self.element))

            def vector(j: int, place: Place) -> Value:
                column = columns[j]
                pointer = b.at(right, b.mul(place[0], step), self.element)
                pointer = b.at(pointer, column.offset, self.element)
                type_ = Type(self.element, column.lanes)
                mask = column.mask(b)
                if mask is None or plan.right is None:
                    return b.load(pointer, type_)
                return b.masked_load(pointer, mask, type_)

            carried = [
                loop.carried[i * len(columns) : (i + 1) * len(columns)] for i in range(count)
            ]
            levels = [Level(plan.last.places)]
            found = emit_tile(b, self.element, count, columns, levels, number, vector, carried)
            loop.next([value for row in found for value in row])
        with b.when(ends[1]):
            for i in range(count):
                row = b.at(self.tile, i * turns.panel.width, self.element)
                self._store(row, columns, loop.results[i * len(columns) :])
            self._finish(env, turns, tile)
        with b.when(b.icmp("eq", ends[1], b.number(BOOL, False))):
            for i in range(count):
                offset = b.mul(self._row(tile, turns, i), plan.pitch)
                at = b.at(self.sums, b.add(offset, tile.column), self.element)
                self._store(at, columns, loop.results[i * len(columns) :])

    def _begun(self, turns: Turns, tile: _Tile, first: Value) -> list[Value]:
        """The sums of the chunks before: zeros for the first one."""
        b, plan = self.b, self.plan
        zero = b.index(0)
        base = b.select(first, self.zeros, b.at(self.sums, tile.column, self.element))
        step = b.select(first, zero, b.index(plan.pitch))
        found = []
        for i in range(turns.outer.size * turns.inner.size):
            row = b.at(base, b.mul(self._row(tile, turns, i), step), self.element)
            for column in turns.panel.columns:
                where = b.at(row, column.offset, self.element)
                found.append(b.load(where, Type(self.element, column.lanes)))
        return found

    def _store(self, row: Value, columns: Sequence[Column], values: Sequence[Value]) -> None:
        for column, value in zip(columns, values, strict=False):
            self.b.store(value, self.b.at(row, column.offset, self.element))

    def _line(self, env: Env, line: Index) -> Env:
        """The variables' values in a line."""
        b, here = self.b, dict(env)
        for axis in reversed(self.view.axes[:-1]):
            here[axis.place], line = b.rem(line, axis.places), b.div(line, axis.places)
        here[self.view.batch] = line
        here[self.plan.last.place] = 0
        return here

    def _image(self, env: Env, line: Index, first: Index, tile: _Tile) -> Value:
        """Where the tile's first row begins to read, in a line."""
        b, plan, view = self.b, self.plan, self.view
        if plan.copied:
            offset = b.mul(b.div(b.sub(line, first), plan.lines), view.image_size)
            for axis, step in zip(view.axes[:-1], plan.place_steps, strict=False):
                offset = b.add(offset, b.mul(env[axis.place], step))
            return b.at(self.image, b.add(offset, tile.shift), self.element)
        assert view.load is not None
        zeros = {v: Formula() for v in self.kernel.m}
        offset = self.em.index(view.load.index.replaced(zeros), env)
        pointer = self.em.pointers[view.load.buffer]
        return address(b, pointer, b.add(offset, tile.shift), self.element)

    def _outward(self, env: Env, line: Index, first: Index, tile: _Tile) -> tuple[Value, int]:
        """Where the tile's first column begins in a line, and how far it is to the next place."""
        b, plan = self.b, self.plan
        if plan.right is None:
            size = plan.last.places * plan.pitch
            offset = b.add(b.mul(b.sub(line, first), size), tile.column)
            return b.at(self.right, offset, self.element), plan.pitch
        offset = self.em.index(plan.right.index, {**env, plan.filters: tile.filter})
        step = plan.right.index.stride(plan.last.place)
        assert step is not None
        pointer = b.at(self.em.pointers[plan.right.buffer], offset, self.element)
        return pointer, step.offset

    # --- copies ---------------------------------------------------------------------------------

    def _copy_images(self, env: Env, chunk: tuple[Index, Index]) -> None:
        """The images of a chunk, one after the other."""
        b, plan = self.b, self.plan
        first, end = b.div(chunk[0], plan.lines), b.div(chunk[1], plan.lines)
        with b.loop(first, end) as loop, self.em.scope():
            offset = b.mul(b.sub(loop.index, first), self.view.image_size)
            to = b.at(self.image, offset, self.element)
            here = {**env, self.view.batch: loop.index}
            copy_image(self.em, self.view, to, here, self.element, plan.itemsize)

    def _copy_right(self, env: Env, chunk: tuple[Index, Index]) -> None:
        """The gradient that flows in, in the order of the packed panels."""
        b, em, plan = self.b, self.em, self.plan
        columns = split(plan.filters.extent.offset, plan.target, plan.itemsize)
        with b.loop(*chunk) as lines, em.scope():
            here = self._line(env, lines.index)
            with b.loop(0, plan.last.places) as loop, em.scope():
                here[plan.last.place] = loop.index
                place = b.mul(b.sub(lines.index, chunk[0]), plan.last.places)
                start = b.mul(b.add(place, loop.index), plan.pitch)
                for column in columns:
                    here[plan.filters] = column.offset
                    lanes = None
                    if column.lanes > 1:
                        lanes = Lanes(plan.filters, column.lanes, column.mask(b))
                    with em.scope():
                        value = em.value(self.kernel.right, here, lanes)
                    at = b.add(start, column.offset)
                    b.store(value, b.at(self.right, at, self.element))
