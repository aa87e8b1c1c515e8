"""Convolutions with three offsets along lines by fewer products (Winograd's F(2, 3), WebAssembly).

Two neighbouring places see four pixels d of a line, through filters g:

    m0 = (d0 - d2) g0                      place 0: m0 + m1 + m2
    m1 = (d1 + d2) (g0 + g1 + g2) / 2      place 1: m1 - m2 - m3
    m2 = (d2 - d1) (g0 - g1 + g2) / 2
    m3 = (d1 - d3) g2

Summed over channels and the lines of the window, these are four matrix products where six would be
needed. Source: Lavin and Gray, Fast Algorithms for Convolutional Neural Networks, 2015.
"""

from __future__ import annotations

from thalweg.compiler.dims import Dim
from thalweg.compiler.ir.program import Contract
from thalweg.compiler.render.llvm.builder import Index, Type, Value
from thalweg.compiler.render.llvm.contract import gemm
from thalweg.compiler.render.llvm.contract.gemm import PACKED, Matrix, Size
from thalweg.compiler.render.llvm.contract.windows_writer import Env, Writer
from thalweg.compiler.render.llvm.expressions import Emitter, Lanes
from thalweg.compiler.render.llvm.kernel import length, share

__all__ = ["Minimal", "fits"]

# Places and offsets of one piece of a line, and the products that they take.
_PLACES, _OFFSETS, _PRODUCTS = 2, 3, 4
# With fewer channels or filters bringing them into shape takes longer than is won.
_LEAST = 16
# What part of the products there may be at most.
_WINS = 0.85


def fits(kernel: Contract) -> bool:
    """Whether this is the way to do a convolution."""
    window = kernel.window
    _, *places = kernel.m
    *offsets, channel = kernel.k
    if window is None or window.kind != "image" or len(places) != 2:
        return False
    if (*window.strides, *window.dilation) != (1,) * 4 or offsets[1].extent.offset != _OFFSETS:
        return False
    channels, filters = channel.extent.offset, kernel.n[0].extent.offset
    if channels < _LEAST or channels % _LEAST or filters < _LEAST:
        return False
    lines, line = (v.extent.offset for v in places)
    pieces, strips = -(-line // _PLACES), -(-lines // gemm.ROWS)
    products = pieces * _PRODUCTS * strips * gemm.ROWS
    return products < _WINS * line * _OFFSETS * lines


class Minimal(Writer):
    """The body of the function."""

    def __init__(self, em: Emitter, kernel: Contract, scratch: Value) -> None:
        super().__init__(em, kernel, scratch)
        self.lines, self.line = (v.extent.offset for v in self.places)
        self.channels = self.channel.extent.offset
        # Lines of the image, and products of one sum.
        self.seen = self.lines + self.offsets[0].extent.offset - 1
        self.depth = self.offsets[0].extent.offset * self.channels
        self.pitch = -(-self.count // self.width) * self.width
        rows = -(-self.lines // gemm.ROWS) * gemm.ROWS
        # Elements from one of the four to the next.
        self.image, self.sum = self.seen * self.channels, rows * self.pitch
        self.filter = self.depth * self.pitch
        self.images = self.reserve(_PRODUCTS * self.image)
        self.sums = self.reserve(_PRODUCTS * self.sum)
        self.turned = self.reserve(_PRODUCTS * self.filter)
        self.room = self.reserve((rows + self.width) * self.depth)

    def write(self, worker: Value, workers: Value) -> Dim:
        """See `Writer`."""
        samples = length(self.b, self.samples.extent, self.em.n)
        begin, end = share(self.b, samples, worker, workers)

        def group(env: Env, _: Index) -> None:
            self.stepwise((self.offsets[0], self.channel), env, self._filters)
            with self.loop(begin, end) as sample, self.loop(0, self.line, _PLACES) as place:
                self._piece({**env, self.samples: sample}, place)

        self.stepwise(self.kernel.batch, {}, group)
        return self.samples.extent

    def _at(self, base: Value, place: Index) -> Value:
        return self.b.at(base, place, self.element)

    def _filters(self, env: Env, k: Index) -> None:
        """The filters of one channel and line of the window, in panels."""
        b = self.b
        with self.loop(0, self.count, self.lanes) as j:
            lanes = Lanes(self.filters, self.lanes)
            g0, g1, g2 = (
                self.em.value(
                    self.kernel.right, {**env, self.filters: j, self.offsets[1]: i}, lanes
                )
                for i in range(_OFFSETS)
            )
            half = b.number(g0.type, 0.5)
            ends = b.fadd(g0, g2)
            turned = (*(g0, b.fmul(b.fadd(ends, g1), half), b.fmul(b.fsub(ends, g1), half), g2),)
            panel = b.mul(b.div(j, self.width), self.depth * self.width)
            place = b.add(panel, b.add(b.mul(k, self.width), b.rem(j, self.width)))
            at = b.anchor(self._at(self.turned, place))
            for i, value in enumerate(turned):
                b.store(value, self._at(at, i * self.filter))

    def _piece(self, env: Env, first: Value | int) -> None:
        """Two places of all lines."""
        b = self.b
        with self.loop(0, self.seen) as line:
            self._pixels(env, first, line)
        with self.loop(0, _PRODUCTS) as i:
            left = Matrix(self._at(self.images, b.mul(i, self.image)), self.channels, 1)
            right = Matrix(self._at(self.turned, b.mul(i, self.filter)), self.width, PACKED)
            sums = Matrix(self._at(self.sums, b.mul(i, self.sum)), self.pitch, 1)
            size = Size(self.lines, self.count, self.depth)
            gemm.call(b, self.element, left, right, size, sums, self.room)
        with self.loop(0, self.lines * self.pitch, self.lanes) as j:
            at = b.anchor(self._at(self.sums, j))
            places = [self._at(at, i * self.sum) for i in range(_PRODUCTS)]
            m0, m1, m2, m3 = (b.load(p, Type(self.element, self.lanes)) for p in places)
            b.store(b.fadd(b.fadd(m0, m1), m2), places[0])
            b.store(b.fsub(b.fsub(m1, m2), m3), places[1])
        with self.loop(0, b.min(_PLACES, b.sub(self.line, first))) as i:
            sums = Matrix(self._at(self.sums, b.mul(i, self.sum)), self.pitch, 1)
            here = {**env, self.places[1]: b.add(first, i)}
            with self.loop(0, self.lines) as line:
                self.finish(sums, line, {**here, self.places[0]: line}, 0, self.count)

    def _pixels(self, env: Env, first: Value | int, line: Index) -> None:
        """What the four products take of a line of the image."""
        b = self.b
        # Any place and offset that see the line.
        place = b.min(line, self.lines - 1)
        here = {**env, self.places[0]: place, self.offsets[0]: b.sub(line, place)}
        last = b.min(b.add(first, 1), self.line - 1)
        with self.loop(0, self.channels, self.lanes) as c:
            d0, d1, d2, d3 = (
                self.em.value(
                    self.kernel.left,
                    {**here, self.places[1]: x, self.offsets[1]: offset, self.channel: c},
                    Lanes(self.channel, self.lanes),
                )
                for x, offset in ((first, 0), (first, 1), (first, 2), (last, 2))
            )
            at = b.anchor(self._at(self.images, b.add(b.mul(line, self.channels), c)))
            pixels = (b.fsub(d0, d2), b.fadd(d1, d2), b.fsub(d2, d1), b.fsub(d1, d3))
            for i, value in enumerate(pixels):
                b.store(value, self._at(at, i * self.image))
