"""Convolution: tiles of places of the window by filters.

for each group:
pack the filters, unless they lie in panels already
for each share of the images (and, of large filters, for each panel):
copy the image, unless it can be read where it is
for each panel, for each block of places: a tile, then its epilogue
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from thalweg.compiler.ir.expression import Load
from thalweg.compiler.ir.index import Index as Formula
from thalweg.compiler.ir.index import Var
from thalweg.compiler.render.llvm.builder import Index, Value
from thalweg.compiler.render.llvm.contract.convolution_image_plan import ImagePlan
from thalweg.compiler.render.llvm.contract.convolution_operands import (
    Env,
    address,
    copy_image,
    pack_filters,
    stepwise,
)
from thalweg.compiler.render.llvm.contract.convolution_sums import Levels, Strip
from thalweg.compiler.render.llvm.contract.convolution_tiling import Blocks, Panel, Tiling
from thalweg.compiler.render.llvm.contract.epilogue import Part, room
from thalweg.compiler.render.llvm.expressions import Emitter
from thalweg.compiler.render.llvm.kernel import length, share

__all__ = ["emit_convolution"]


def emit_convolution(
    plan: ImagePlan, em: Emitter, worker: Value, workers: Value, scratch: Value
) -> None:
    """Write the body of the function."""
    writer = _Writer(plan, em, scratch)
    groups = [length(em.b, v.extent, em.n) for v in plan.kernel.batch]
    begin, end = share(em.b, length(em.b, plan.turns, em.n), worker, workers)

    def group(place: tuple[Index, ...]) -> None:
        env: Env = dict(zip(plan.kernel.batch, place, strict=True))
        with em.b.when(em.b.less(begin, end)), em.scope():
            writer.group(env, begin, end)

    stepwise(em, groups, group)


class _Writer:
    """Writes the loops."""

    def __init__(self, plan: ImagePlan, em: Emitter, scratch: Value) -> None:
        self.plan, self.em, self.b = plan, em, em.b
        self.view, self.kernel = plan.view, plan.kernel
        self.tiling: Tiling = plan.tiling
        self.element = plan.element
        self.filters = scratch
        self.image = em.b.at(scratch, plan.image_at, "i8")
        rows = max(x.size for x in plan.inner)
        vectors = rows * max(len(p.columns) for p in plan.tiling.panels)
        width = max(p.width for p in plan.tiling.panels)
        self.spare: Value | None = None
        if not plan.epilogue.in_registers(vectors):
            self.spare = room(em.b, plan.element, rows * width)

    def group(self, env: Env, begin: Index, end: Index) -> None:
        """One group: its filters are packed, then the turns are done."""
        plan, em, b = self.plan, self.em, self.b
        if plan.packed:
            *offsets, channel = self.kernel.k
            variables = (plan.filters, tuple(offsets), channel)
            pack_filters(
                em, self.kernel.right, variables, self.tiling.panels, self.filters, env,
                self.kernel.dtype,
            )  # fmt: skip
        else:
            assert isinstance(self.kernel.right, Load)
            zeros = {v: Formula() for v in (*self.kernel.k, plan.filters)}
            start = em.index(self.kernel.right.index.replaced(zeros), env)
            pointer = em.pointers[self.kernel.right.buffer]
            self.filters = b.at(pointer, start, self.element)
        if plan.panels_outside:
            for panel, number, at in self._panels():
                self._images(env, begin, end, [(panel, number, at)])
        else:
            self._images(env, begin, end, None)

    def _panels(self) -> Iterator[tuple[Panel, Index, Value]]:
        """Each panel, in loops where there are several alike: its number and address."""
        begin = 0
        for panel in self.tiling.panels:
            size = panel.width * self.plan.depth
            with self._loop(panel.count) as number:
                offset = self.b.add(self.b.mul(number, size), begin)
                yield panel, number, self.b.at(self.filters, offset, self.element)
            begin += panel.count * size

    @contextmanager
    def _loop(self, count: int, first: Index = 0, step: int = 1) -> Iterator[Index]:
        """A loop, or just its turn where there is one."""
        if count == 1:
            with self.em.scope():
                yield first
            return
        with self.b.loop(0, count) as loop, self.em.scope():
            yield self.b.add(self.b.mul(loop.index, step), first)

    def _images(
        self,
        env: Env,
        begin: Index,
        end: Index,
        panels: Sequence[tuple[Panel, Index, Value]] | None,
    ) -> None:
        """The share of the images, each in lines (of three axes) and blocks of places."""
        b, plan = self.b, self.plan
        last = b.div(b.add(end, plan.blocks - 1), plan.blocks)
        first = b.div(begin, plan.blocks)
        with b.loop(first, last) as loop, self.em.scope():
            turn = b.mul(loop.index, plan.blocks)
            low = b.max(b.sub(begin, turn), 0)
            high = b.min(b.sub(end, turn), plan.blocks)
            here = dict(env)
            rest: Index = loop.index
            for axis in reversed(self.view.axes[:-2]):
                here[axis.place] = b.rem(rest, axis.places)
                rest = b.div(rest, axis.places)
            here[self.view.batch] = rest
            self._image(here, b.icmp("eq", b.index(loop.index), b.index(first)))
            for panel, number, at in panels or self._panels():
                here[plan.filters] = b.add(b.mul(number, panel.width), panel.first)
                self._lines(here, panel, at, low, high)

    def _image(self, env: Env, first: Value) -> None:
        """Bring the image where tiles can read it."""
        b, plan, view = self.b, self.plan, self.view
        if plan.copied:
            outer = [env[a.place] for a in view.axes[:-2]]
            own = {v: env[v] for v in (*self.kernel.batch, view.batch)}
            if not outer:
                copy_image(self.em, view, self.image, own, self.element, plan.itemsize)
                return
            # A worker meets the lines of an image one after the other.
            new = first
            begins = b.index(0)
            for at in outer:
                begins = b.index(b.add(begins, at))
            new = b.binary("or", first, b.icmp("eq", begins, b.index(0)))
            with b.when(new), self.em.scope():
                copy_image(self.em, view, self.image, own, self.element, plan.itemsize)

    def _lines(self, env: Env, panel: Panel, filters: Value, low: Index, high: Index) -> None:
        """Blocks of places [low, high) of one image or line."""
        b, view = self.b, self.view
        first = 0
        for block in self.tiling.outer:
            begin, end = b.max(low, first), b.min(high, first + block.count)
            with b.loop(begin, end) as loop, self.em.scope():
                number = b.sub(loop.index, first)
                place = b.add(b.mul(number, block.size), block.first)
                here = dict(env)
                if len(view.axes) > 1:
                    here[view.axes[-2].place] = place
                for inner in self.plan.inner:
                    with self._loop(inner.count, inner.first, inner.size) as at:
                        here[view.axes[-1].place] = at
                        self._tile(here, panel, filters, block, inner)
            first += block.count

    # --- one tile -------------------------------------------------------------------------------

    def _tile(self, env: Env, panel: Panel, filters: Value, outer: Blocks, inner: Blocks) -> None:
        plan, b, view = self.plan, self.b, self.view
        steps = plan.steps
        down = steps.places[-2] if len(view.axes) > 1 else 0
        shifts = [
            i * down + j * steps.places[-1]
            for i, j in itertools.product(range(outer.size), range(inner.size))
        ]
        strip = Strip(
            self.em, plan.element, panel.columns, shifts, self._base(env), filters,
            panel.width if plan.packed else plan.filters.extent.offset,
        )  # fmt: skip
        sums = strip.sums(self._levels(env), self._valid(inner))
        for i in range(outer.size):
            here = dict(env)
            if len(view.axes) > 1:
                row = view.axes[-2].place
                here[row] = b.add(env[row], i)
            part = sums[i * inner.size : (i + 1) * inner.size]
            place = Part(here, None, None)
            plan.epilogue.emit(self.em, part, panel.columns, place, self.spare)

    def _levels(self, env: Env) -> Levels:
        """The loops over the offsets and the channels."""
        b, plan, view = self.b, self.plan, self.view
        begins: list[Index] = []
        extents: list[Index] = []
        for axis, bounded in zip(view.axes, (*plan.bounded, False), strict=True):
            if not bounded:
                begins.append(0)
                extents.append(axis.offsets)
                continue
            # Offsets k with 0 <= place * stride + k * dilation - low < length.
            at = b.sub(b.mul(env[axis.place], axis.stride), axis.low)
            d = axis.dilation
            low = b.div(b.max(b.add(b.sub(0, at), d - 1), 0), d)
            high = b.min(b.div(b.max(b.add(b.sub(axis.length, at), d - 1), 0), d), axis.offsets)
            begins.append(low)
            extents.append(b.max(b.sub(high, low), 0))
        lengths = [a.offsets for a in view.axes]
        rows = [math.prod(lengths[i + 1 :]) * view.channels for i in range(len(lengths))]
        return Levels(
            (*begins, 0),
            (*extents, view.channels),
            (*plan.steps.offsets, plan.steps.channel),
            (*rows, 1),
        )

    def _valid(self, inner: Blocks) -> list[list[int]] | None:
        """For each offset along the last axis, the places that it does not shift into padding."""
        if not self.plan.clipped:
            return None
        axis = self.view.axes[-1]
        valid = [axis.valid(inner.first + j) for j in range(inner.size)]
        if all(len(offsets) == axis.offsets for offsets in valid):
            return None
        return [[j for j, v in enumerate(valid) if k in v] for k in range(axis.offsets)]

    def _base(self, env: Env) -> Value:
        """The address of what the tile's first place reads at offset 0 and channel 0."""
        b, plan, view = self.b, self.plan, self.view
        if plan.copied:
            offset: Index = 0
            for axis, step in zip(view.axes, plan.steps.places, strict=True):
                offset = b.add(offset, b.mul(env[axis.place], step))
            return b.at(self.image, offset, self.element)
        assert view.load is not None
        zeros = {v: Formula() for v in self._inner_variables()}
        offset = self.em.index(view.load.index.replaced(zeros), env)
        return address(b, self.em.pointers[view.load.buffer], offset, self.element)

    def _inner_variables(self) -> list[Var]:
        return [*(a.offset for a in self.view.axes), self.view.channel]
