"""Convolutions over wide padding on WebAssembly: what reads padding is not multiplied.

Each pixel is multiplied with the filters of all offsets; then each place of the window adds up what
the pixels that it sees gave for it. Where there are clearly fewer pixels than places (as for the
gradient of the input of a convolution without padding) these are clearly fewer products.
"""

from __future__ import annotations

import math

from thalweg.compiler.dims import Dim
from thalweg.compiler.ir.index import Index as Formula
from thalweg.compiler.ir.program import Contract
from thalweg.compiler.render.llvm.builder import Index, Type, Value
from thalweg.compiler.render.llvm.contract import gemm
from thalweg.compiler.render.llvm.contract.convolution_view import View, in_place, view
from thalweg.compiler.render.llvm.contract.gemm import Matrix, Size
from thalweg.compiler.render.llvm.contract.windows_writer import Env, Writer
from thalweg.compiler.render.llvm.expressions import Emitter, Lanes
from thalweg.compiler.render.llvm.kernel import length, share

__all__ = ["Padded", "fits"]

# So many times more places than pixels, and bytes of products of one image.
_WINS, _MOST = 1.15, 512 * 1024
# Vectors of filters that are added up side by side.
_TOGETHER = 4


def fits(kernel: Contract) -> View | None:
    """How the image is read, where this is the way to do a convolution."""
    found = view(kernel)
    if found is None or found.load is None or not found.padding_known:
        return None
    if any(a.stride > 1 or a.dilation > 1 for a in found.axes):
        return None
    steps, _, channel = in_place(found.load, found)
    pixels = step = 1
    for axis, found_step in zip(reversed(found.axes), reversed(steps), strict=True):
        if axis.places > 1 and found_step != steps[-1] * step:
            return None
        size = axis.length if axis.guarded else axis.extent
        pixels, step = pixels * size, step * size
    places = math.prod(a.places for a in found.axes)
    columns = math.prod(a.offsets for a in found.axes) * kernel.n[0].extent.offset
    if channel != 1 or pixels * _WINS > places or pixels * columns * 4 > _MOST:
        return None
    return found


class Padded(Writer):
    """The body of the function."""

    def __init__(self, em: Emitter, kernel: Contract, scratch: Value, found: View) -> None:
        super().__init__(em, kernel, scratch)
        self.view = found
        self.sizes = [a.length if a.guarded else a.extent for a in found.axes]
        self.low = [a.low if a.guarded else 0 for a in found.axes]
        self.pixels = math.prod(self.sizes)
        self.wide = math.prod(a.offsets for a in found.axes) * self.count
        self.row = -(-self.wide // self.width) * self.width
        channels = self.channel.extent.offset
        rows = -(-self.pixels // gemm.ROWS) * gemm.ROWS
        self.sums = self.reserve(rows * self.row + self.lanes)
        self.room = self.reserve((rows + self.width) * channels)
        self.dense = self.reserve(channels * self.wide + self.lanes)

    def write(self, worker: Value, workers: Value) -> Dim:
        """See `Writer`."""
        samples = length(self.b, self.samples.extent, self.em.n)
        begin, end = share(self.b, samples, worker, workers)

        def group(env: Env, _: Index) -> None:
            right = self._right(env)
            with self.loop(begin, end) as sample:
                self._image({**env, self.samples: sample}, right)

        self.stepwise(self.kernel.batch, {}, group)
        return self.samples.extent

    def _right(self, env: Env) -> Matrix:
        """The filters with a row for each channel, a column for each offset and filter."""

        def run(at: Env, row: Index) -> None:
            with self.loop(0, self.count, self.lanes) as j:
                lanes = Lanes(self.filters, self.lanes)
                value = self.em.value(self.kernel.right, {**at, self.filters: j}, lanes)
                to = self.b.add(self.b.mul(row, self.count), j)
                self.b.store(value, self.b.at(self.dense, to, self.element))

        self.stepwise((self.channel, *self.offsets), env, run)
        return Matrix(self.dense, self.wide, 1)

    def _image(self, env: Env, right: Matrix) -> None:
        b, load = self.b, self.view.load
        assert load is not None
        steps, _, _ = in_place(load, self.view)
        zeros = {v: Formula() for v in (*self.places, *self.offsets, self.channel)}
        first = self.em.index(load.index.replaced(zeros), env)
        # Of the first pixel, which padding lies before.
        first = b.add(first, sum(n * s for n, s in zip(self.low, steps, strict=True)))
        pointer = b.at(self.em.pointers[load.buffer], first, self.element)
        step = steps[-1] if self.view.axes[-1].places > 1 else self.channel.extent.offset
        left = Matrix(pointer, step, 1)
        size = Size(self.pixels, self.wide, self.channel.extent.offset)
        gemm.call(b, self.element, left, right, size, Matrix(self.sums, self.row, 1), self.room)

        def place(at: Env, _: Index) -> None:
            together = _TOGETHER if self.count % (_TOGETHER * self.lanes) == 0 else 1
            with self.loop(0, self.count, together * self.lanes) as j:
                for i, total in enumerate(self._total(at, j, together)):
                    column = b.add(j, i * self.lanes)
                    self.give(total, {**at, self.filters: column}, b.sub(self.count, column))

        self.stepwise(self.places, env, place)

    def _total(self, env: Env, column: Index, count: int) -> list[Value]:
        """What the pixels that a place sees gave for some filters."""
        b = self.b
        vector = Type(self.element, self.lanes)

        def level(axis: int, pixel: Index, offset: Index, totals: list[Value]) -> list[Value]:
            if axis == len(self.view.axes):
                at = b.add(b.mul(pixel, self.row), b.add(b.mul(offset, self.count), column))
                where = b.anchor(b.at(self.sums, at, self.element))
                return [
                    b.fadd(total, b.load(b.at(where, i * self.lanes, self.element), vector))
                    for i, total in enumerate(totals)
                ]
            place, low = env[self.places[axis]], self.low[axis]
            extent = self.view.axes[axis].offsets
            begin = b.max(b.sub(low, place), 0)
            end = b.min(b.sub(self.sizes[axis] + low, place), extent)
            with b.loop(begin, end, carried=totals) as loop, self.em.scope():
                seen = b.sub(b.add(place, loop.index), low)
                loop.next(
                    level(
                        axis + 1,
                        b.add(b.mul(pixel, self.sizes[axis]), seen),
                        b.add(b.mul(offset, extent), loop.index),
                        loop.carried,
                    )
                )
            return loop.results

        return level(0, 0, 0, [b.zero(vector)] * count)
