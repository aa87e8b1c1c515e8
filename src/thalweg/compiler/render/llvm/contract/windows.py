"""Convolutions and their gradients on WebAssembly: images unfolded for the shared product.

An unfolded image is a matrix with a row for each place of the window and a column for each of its
offsets and channels. A chunk of it at a time is brought into scratch memory; for a convolution (and
the gradient of its input) it is the left operand, for the gradient of the filters the left operand
transposed, whose products over all chunks are added up.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

from thalweg.compiler.dims import ONE, ZERO, Dim
from thalweg.compiler.ir.expression import Load, walk
from thalweg.compiler.ir.index import Index as Formula
from thalweg.compiler.ir.index import Var
from thalweg.compiler.ir.program import Contract
from thalweg.compiler.render import uses
from thalweg.compiler.render.llvm import elementwise
from thalweg.compiler.render.llvm.builder import Builder, Index, Value
from thalweg.compiler.render.llvm.contract import gemm, windows_minimal, windows_padded
from thalweg.compiler.render.llvm.contract.gemm import Matrix, Size
from thalweg.compiler.render.llvm.contract.products import flops
from thalweg.compiler.render.llvm.contract.windows_writer import Env, Writer
from thalweg.compiler.render.llvm.expressions import Emitter, Lanes
from thalweg.compiler.render.llvm.kernel import NAME, KernelText, length, parameters, share
from thalweg.compiler.target import Target

__all__ = ["fits", "render"]

# Bytes of a chunk of an unfolded image, and of its sums.
_CHUNK, _SUMS = 96 * 1024, 128 * 1024


def fits(kernel: Contract) -> bool:
    """Whether `render` takes a contraction."""
    if kernel.window is None or len(kernel.n) != 1:
        return False
    _, *places = kernel.m if kernel.window.kind == "image" else kernel.k
    *offsets, channel = kernel.k if kernel.window.kind == "image" else kernel.m
    known = (*kernel.batch, *kernel.n, *places, *offsets, channel)
    return all(v.extent.static and v.extent != ZERO for v in known)


def render(kernel: Contract, target: Target) -> KernelText:
    """A convolution, or the gradient of its input or filters."""
    values = [kernel.left, kernel.right, *uses.roots(kernel.epilogue)]
    buffers = tuple(uses.buffers(list(walk(*values)), kernel.epilogue))
    b = Builder(target)
    with b.function(NAME, parameters(b, buffers)) as arguments:
        *pointers, n, worker, workers, scratch = arguments
        em = Emitter(b, target, n, dict(zip(buffers, pointers, strict=True)))
        assert kernel.window is not None
        padded = windows_padded.fits(kernel) if kernel.window.kind == "image" else None
        writer: Writer
        if windows_minimal.fits(kernel) and padded is None:
            writer = windows_minimal.Minimal(em, kernel, scratch)
        elif padded is not None:
            writer = windows_padded.Padded(em, kernel, scratch, padded)
        elif kernel.window.kind == "image":
            writer = _Images(em, kernel, scratch)
        else:
            writer = _Filters(em, kernel, scratch)
        with em.scope():
            turns = writer.write(worker, workers)
    return KernelText(
        b.text,
        b.declarations,
        buffers,
        tuple(uses.stored(kernel.epilogue)),
        Dim(0, writer.end),
        turns,
        flops(*kernel.batch, *kernel.m, *kernel.n, *kernel.k),
    )


class _Unfolded(Writer):
    """What both kinds share."""

    def __init__(self, em: Emitter, kernel: Contract, scratch: Value) -> None:
        super().__init__(em, kernel, scratch)
        self.columns = math.prod(v.extent.offset for v in (*self.offsets, self.channel))
        # With few channels the lanes of vectors are neighbouring places.
        self.across = self.channel.extent.offset < self.lanes
        self.line = math.prod(v.extent.offset for v in self.places[1:])
        self.pitch = -(-self.count // self.width) * self.width
        lines = min(
            _CHUNK // (self.line * self.columns * self.itemsize),
            _SUMS // (self.line * self.pitch * self.itemsize),
        )
        self.lines = max(1, min(self.places[0].extent.offset, lines))
        self.rows = self.lines * self.line
        # From one offset and channel to the next, with room for the last vector's end.
        self.apart = -(-(self.rows + self.lanes - 1) // self.lanes) * self.lanes
        self.unfolded = self.reserve(self.apart * self.columns + self.lanes)

    def _chunks(self, env: Env, body: Callable[[Env, Index, Index], None]) -> None:
        """The chunks of one image: `body` gets the first line, and how many there are."""
        whole = self.places[0].extent.offset
        with self.loop(0, whole, self.lines) as first:
            body(env, first, self.b.min(self.lines, self.b.sub(whole, first)))

    def _unfold(self, env: Env, first: Index, lines: Index) -> Matrix:
        """Bring a chunk into scratch memory; gives it with a row for each place."""
        if self.across:
            self._unfold_across(env, first, lines)
            return Matrix(self.unfolded, 1, self.apart)
        b, (outer, *inner) = self.b, self.places
        with self.loop(0, lines) as line:

            def place(here: Env, turn: Index) -> None:
                row = b.mul(b.add(b.mul(line, self.line), turn), self.columns)

                def run(at: Env, k: Index) -> None:
                    to = b.add(row, b.mul(k, self.channel.extent.offset))
                    with self.loop(0, self.channel.extent.offset, self.lanes) as c:
                        self._keep({**at, self.channel: c}, self.channel, b.add(to, c))

                self.stepwise(self.offsets, here, run)

            self.stepwise(inner, {**env, outer: b.add(first, line)}, place)
        return Matrix(self.unfolded, self.columns, 1)

    def _unfold_across(self, env: Env, first: Index, lines: Index) -> None:
        """A line for each offset and channel, with the places as neighbours."""
        b, (outer, *inner) = self.b, self.places
        columns = (*self.offsets, self.channel)
        if not inner:

            def along(at: Env, k: Index) -> None:
                with self.loop(0, lines, self.lanes) as x:
                    here = {**at, outer: b.add(first, x)}
                    self._keep(here, outer, b.add(b.mul(k, self.apart), x))

            self.stepwise(columns, env, along)
            return
        *slow, fast = inner
        with self.loop(0, lines) as line:

            def place(here: Env, turn: Index) -> None:
                row = b.add(b.mul(line, self.line), b.mul(turn, fast.extent.offset))

                def run(at: Env, k: Index) -> None:
                    to = b.add(b.mul(k, self.apart), row)
                    with self.loop(0, fast.extent.offset, self.lanes) as x:
                        self._keep({**at, fast: x}, fast, b.add(to, x))

                self.stepwise(columns, here, run)

            self.stepwise(slow, {**env, outer: b.add(first, line)}, place)

    def _keep(self, env: Env, variable: Var, place: Index) -> None:
        """A vector of the image; what is too much is written over, or stands behind the last."""
        value = self.em.value(self.kernel.left, env, Lanes(variable, self.lanes))
        self.b.store(value, self.b.at(self.unfolded, place, self.element))

    def _matrix(self, env: Env, rows: Sequence[Var], step: Dim | None) -> Matrix:
        """The right operand where it lies: rows along some variables, a filter for each column."""
        right = self.kernel.right
        assert isinstance(right, Load)
        assert step is not None
        zeros = {v: Formula() for v in (*rows, self.filters) if v not in env}
        offset = self.em.index(right.index.replaced(zeros), env)
        pointer = self.b.at(self.em.pointers[right.buffer], offset, self.element)
        return Matrix(pointer, length(self.b, step, self.em.n), 1)

    def _step(self, rows: Sequence[Var]) -> Dim | None:
        """From one row of the right operand to the next, where tiles can read it as it lies."""
        right = self.kernel.right
        plain = elementwise.memory(right.dtype) == elementwise.computing(self.kernel.dtype)
        if not isinstance(right, Load) or not plain or right.index.stride(self.filters) != ONE:
            return None
        step: Dim | None = None
        extent = 1
        for v in reversed(rows):
            if v.extent == ONE:
                continue
            found = right.index.stride(v)
            if step is None:
                step = found
            if step is None or found != step.times(extent):
                return None
            extent *= v.extent.offset
        return step if step is not None else ONE


class _Images(_Unfolded):
    """A convolution, or the gradient of its input."""

    def __init__(self, em: Emitter, kernel: Contract, scratch: Value) -> None:
        super().__init__(em, kernel, scratch)
        self.variables = (*self.offsets, self.channel)
        self.step = self._step(self.variables)
        whole = -(-self.rows // gemm.ROWS) * gemm.ROWS
        self.sums = self.reserve(whole * self.pitch)
        self.room = self.reserve((whole + self.width) * self.columns)
        self.dense = self.sums
        if self.step is None:
            self.dense = self.reserve(self.columns * self.pitch + self.lanes)

    def write(self, worker: Value, workers: Value) -> Dim:
        """See `Writer`."""
        samples = length(self.b, self.samples.extent, self.em.n)
        begin, end = share(self.b, samples, worker, workers)

        def group(env: Env, _: Index) -> None:
            right = self._right(env)
            with self.loop(begin, end) as sample:
                here = {**env, self.samples: sample}
                self._chunks(here, lambda e, first, lines: self._chunk(e, first, lines, right))

        self.stepwise(self.kernel.batch, {}, group)
        return self.samples.extent

    def _right(self, env: Env) -> Matrix:
        """The filters: where they lie, or with a row for each filter."""
        if self.step is not None:
            return self._matrix(env, self.variables, self.step)
        b, size = self.b, self.channel.extent.offset

        def run(at: Env, k: Index) -> None:
            with self.loop(0, size, self.lanes) as c:
                value = self.em.value(
                    self.kernel.right, {**at, self.channel: c}, Lanes(self.channel, self.lanes)
                )
                # Those of later filters write over what is too much.
                to = b.add(b.mul(k, size), c)
                b.store(value, b.at(self.dense, to, self.element))

        self.stepwise((self.filters, *self.offsets), env, run)
        return Matrix(self.dense, 1, self.columns)

    def _chunk(self, env: Env, first: Index, lines: Index, right: Matrix) -> None:
        b, (outer, *inner) = self.b, self.places
        left = self._unfold(env, first, lines)
        size = Size(b.mul(lines, self.line), self.count, self.columns)
        sums = Matrix(self.sums, self.pitch, 1)
        gemm.call(b, self.element, left, right, size, sums, self.room)
        with self.loop(0, lines) as line:

            def row(here: Env, turn: Index) -> None:
                number = b.add(b.mul(line, self.line), turn)
                self.finish(sums, number, here, 0, self.count)

            self.stepwise(inner, {**env, outer: b.add(first, line)}, row)


class _Filters(_Unfolded):
    """The gradient of the filters."""

    def __init__(self, em: Emitter, kernel: Contract, scratch: Value) -> None:
        super().__init__(em, kernel, scratch)
        self.step = self._step(self.places)
        whole = -(-self.columns // gemm.ROWS) * gemm.ROWS
        self.sums = self.reserve(whole * self.pitch)
        self.room = self.reserve((whole + self.width) * self.rows)
        self.dense = self.sums
        if self.step is None:
            self.dense = self.reserve(self.rows * self.pitch + self.lanes)

    def write(self, worker: Value, workers: Value) -> Dim:
        """See `Writer`."""
        b = self.b
        turns = self.pitch // self.width
        low, high = share(b, turns, worker, workers)
        low, high = b.mul(low, self.width), b.min(b.mul(high, self.width), self.count)
        samples = length(b, self.samples.extent, self.em.n)
        count = b.sub(high, low)
        sums = b.at(self.sums, low, self.element)

        def group(env: Env, _: Index) -> None:
            with self.loop(0, samples) as sample:
                here = {**env, self.samples: sample}
                self._chunks(here, lambda e, first, lines: self._chunk(e, first, lines, low, count))

            def row(here: Env, k: Index) -> None:
                self.finish(Matrix(sums, self.pitch, 1), k, here, low, count)

            self.stepwise((*self.offsets, self.channel), env, row)

        with b.when(b.less(low, high)), self.em.scope():
            self.stepwise(self.kernel.batch, {}, group)
        return Dim(0, turns)

    def _chunk(self, env: Env, first: Index, lines: Index, low: Index, count: Index) -> None:
        b, outer = self.b, self.places[0]
        image = self._unfold(env, first, lines)
        left = Matrix(image.at, image.column, image.row)
        if self.step is not None:
            right = self._matrix({**env, outer: first}, self.places, self.step)
            right = Matrix(b.at(right.at, low, self.element), right.row, 1)
        else:
            right = self._outward(env, first, lines, low, count)
        size = Size(self.columns, count, b.mul(lines, self.line))
        begins = b.binary("or", b.index(env[self.samples]), b.index(first))
        more = b.icmp("ne", begins, b.index(0))
        sums = Matrix(b.at(self.sums, low, self.element), self.pitch, 1)
        gemm.call(b, self.element, left, right, size, sums, self.room, more)

    def _outward(self, env: Env, first: Index, lines: Index, low: Index, count: Index) -> Matrix:
        """The gradient that flows in, dense."""
        b, (outer, *inner) = self.b, self.places
        with self.loop(0, lines) as line:

            def place(here: Env, turn: Index) -> None:
                row = b.mul(b.add(b.mul(line, self.line), turn), self.pitch)
                with self.loop(0, count, self.lanes) as j:
                    at = {**here, self.filters: b.add(low, j)}
                    value = self.em.value(self.kernel.right, at, Lanes(self.filters, self.lanes))
                    b.store(value, b.at(self.dense, b.add(row, j), self.element))

            self.stepwise(inner, {**env, outer: b.add(first, line)}, place)
        return Matrix(self.dense, self.pitch, 1)
