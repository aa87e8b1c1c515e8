"""Convolution: tiles of places of the window by filters.

    for each group:
        pack the filters, unless they lie in panels already
        for each share of the images (and, of large filters, for each panel):
            copy the image, unless it can be read where it is
            for each panel, for each block of places: a tile, then its epilogue

Along the last axis a tile's places may reach into the padding: if one tile covers the whole axis,
each offset of the window multiplies just the places that it does not shift out of the image. Along
the other axes the loops over the offsets leave the padding out.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from thalweg.compiler.dims import ONE, Dim
from thalweg.compiler.ir.expression import Load
from thalweg.compiler.ir.index import Index as Formula
from thalweg.compiler.ir.index import Var
from thalweg.compiler.ir.program import Contract
from thalweg.compiler.ir.statement import Store
from thalweg.compiler.render.llvm.builder import Index, Value
from thalweg.compiler.render.llvm.contract.convolution_operands import (
    Env,
    address,
    copy_image,
    pack_filters,
    stepwise,
)
from thalweg.compiler.render.llvm.contract.convolution_sums import Levels, Strip
from thalweg.compiler.render.llvm.contract.convolution_tiling import (
    Blocks,
    Panel,
    Tiling,
    tiling,
)
from thalweg.compiler.render.llvm.contract.convolution_view import View, in_place
from thalweg.compiler.render.llvm.contract.epilogue import Epilogue, Part, room
from thalweg.compiler.render.llvm.expressions import Emitter
from thalweg.compiler.render.llvm.kernel import length, share
from thalweg.compiler.target import Target

__all__ = ["ImageKernel"]

# Filters of more than this part of the second-level cache are gone through panel by panel.
_LARGE = 0.5


@dataclass(frozen=True, slots=True)
class _Steps:
    """Elements from one to the next in the image that tiles read."""

    places: tuple[int, ...]
    offsets: tuple[int, ...]
    channel: int


class ImageKernel:
    """Decides how to compute a convolution, and writes the body of its function.

    Attributes:
        scratch: bytes of scratch memory.
        turns: how many turns the workers share.
    """

    def __init__(self, kernel: Contract, view: View, target: Target) -> None:
        self.kernel, self.view, self.target = kernel, view, target
        self.element = "double" if kernel.dtype.itemsize == 8 else "float"
        self.itemsize = 8 if self.element == "double" else 4
        (self.filters,) = kernel.n
        axes = view.axes
        self.depth = math.prod(a.offsets for a in axes) * view.channels
        outer = axes[-2].places if len(axes) > 1 else 1
        count = self.filters.extent.offset
        whole = tiling(target, outer, axes[-1].places, count, self.depth, self.itemsize)
        rows = tiling(target, 1, axes[-1].places, count, self.depth, self.itemsize)
        one = len(rows.inner) == 1 and rows.inner[0].count == 1
        # Which offsets read padding is known for a tile that is one line of places.
        self.clipped = view.padding_known and view.padded and one and _worth(view, whole, rows)
        self.tiling = rows.repeated(outer) if self.clipped else whole
        guarded = axes[-1].guarded and not self.clipped
        lines = all(block.size == 1 for block in self.tiling.outer)
        # The axes along which the loops over the offsets leave out the padding.
        self.bounded = tuple(
            view.padding_known and a.guarded and (i < len(axes) - 2 or lines)
            for i, a in enumerate(axes[:-1])
        )
        open_ = any(a.guarded and not b for a, b in zip(axes, self.bounded, strict=False))
        padding = not view.padding_known or guarded or open_
        self.copied = view.load is None or padding or view.crowded
        self.steps = self._image_steps()
        self.packed = self._filter_steps() is None
        self.panels_outside = self.packed and self._filter_bytes() > _LARGE * target.l2
        self.image_at = self._filter_bytes() if self.packed else 0
        size = view.image_size * self.itemsize if self.copied else 0
        self.scratch = Dim(0, _lines(self.image_at + size))
        self.lines = math.prod(a.places for a in axes[:-2])
        self.blocks = sum(x.count for x in self.tiling.outer)
        self.turns = view.batch.extent.times(self.lines * self.blocks)
        stores = [s for s in kernel.epilogue if isinstance(s, Store)]
        self.epilogue = Epilogue(stores, axes[-1].place, self.filters)

    def _filter_bytes(self) -> int:
        return _lines(self.depth * self.tiling.packed_width * self.itemsize)

    def _image_steps(self) -> _Steps:
        view = self.view
        if not self.copied:
            assert view.load is not None
            return _Steps(*in_place(view.load, view))
        steps = view.image_steps()
        pairs = list(zip(view.axes, steps, strict=True))
        return _Steps(
            tuple(a.stride * s for a, s in pairs), tuple(a.dilation * s for a, s in pairs), 1
        )

    def _filter_steps(self) -> int | None:
        """Elements between rows of filters that can stay where they are; None if they cannot."""
        right, (panel, *others) = self.kernel.right, self.tiling.panels
        if others or panel.count > 1 or not all(c.full for c in panel.columns):
            return None
        if (
            not isinstance(right, Load)
            or right.dtype != self.kernel.dtype
            or self.itemsize > (right.dtype.itemsize)
        ):
            return None
        if right.index.stride(self.filters) != ONE:
            return None
        expected = self.filters.extent.offset
        for variable in reversed(self.kernel.k):
            if variable.extent != ONE and right.index.stride(variable) != Dim(0, expected):
                return None
            expected *= variable.extent.offset
        return self.filters.extent.offset

    # --- the function ---------------------------------------------------------------------------

    def emit(self, em: Emitter, worker: Value, workers: Value, scratch: Value) -> None:
        """Write the body."""
        writer = _Writer(self, em, scratch)
        groups = [length(em.b, v.extent, em.n) for v in self.kernel.batch]
        turns = length(em.b, self.turns, em.n)
        begin, end = share(em.b, turns, worker, workers)

        def group(place: tuple[Index, ...]) -> None:
            env: Env = dict(zip(self.kernel.batch, place, strict=True))
            with em.b.when(em.b.less(begin, end)), em.scope():
                writer.group(env, begin, end)

        stepwise(em, groups, group)


class _Writer:
    """Writes the loops."""

    def __init__(self, plan: ImageKernel, em: Emitter, scratch: Value) -> None:
        self.plan, self.em, self.b = plan, em, em.b
        self.view, self.kernel = plan.view, plan.kernel
        self.tiling: Tiling = plan.tiling
        self.element = plan.element
        self.filters = scratch
        self.image = em.b.at(scratch, plan.image_at, "i8")
        rows = max(x.size for x in plan.tiling.inner)
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
                for inner in self.tiling.inner:
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
        return [[j for j in range(inner.size) if k in axis.valid(j)] for k in range(axis.offsets)]

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


def _worth(view: View, whole: Tiling, rows: Tiling) -> bool:
    """Whether leaving out the padding wins more than tiles of single lines cost."""
    last = view.axes[-1]
    valid = sum(len(last.valid(j)) for j in range(last.places))
    lines = view.axes[-2].places if len(view.axes) > 1 else 1
    share = valid / (last.places * last.offsets)
    if len(view.axes) > 1:
        down = view.axes[-2]
        share *= sum(len(down.valid(j)) for j in range(down.places)) / (down.places * down.offsets)
    return rows.cycles * lines * share < whole.cycles


def _lines(size: int) -> int:
    """A size in whole cache lines."""
    return -(-size // 64) * 64
