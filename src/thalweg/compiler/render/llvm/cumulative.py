"""Cumulative sums, products, maxima and minima along an axis, forward or from the end.

Where neighbours in memory are different sequences they fill the lanes of vectors; where they are
one sequence, a vector of it is brought to its running values in log2(lanes) steps.
"""

from __future__ import annotations

import math
from functools import partial

import numpy as np

from thalweg.compiler.dims import ONE, Dim
from thalweg.compiler.graph import Operation
from thalweg.compiler.ir.program import Special
from thalweg.compiler.render.llvm import elementwise
from thalweg.compiler.render.llvm.axis import Around, Elements, across, widths
from thalweg.compiler.render.llvm.builder import Builder, Index, Value
from thalweg.compiler.render.llvm.kernel import NAME, KernelText, length, parameters, share
from thalweg.compiler.target import Target
from thalweg.tensor.dtypes import DType, bfloat16, float16, float32, real_of

__all__ = ["render", "takes"]

_OPERATIONS = {"cumsum": "add", "cumprod": "mul", "cummax": "max", "cummin": "min"}
# Columns that are one turn.
_BLOCK = 64
# Vectors that are computed side by side, so that each need not wait for the one before.
_TOGETHER = 4


def takes(operation: Operation) -> bool:
    """Whether there is a kernel: for all but products of complex numbers."""
    return operation.inputs[0].dtype.kind != "c" or operation.name == "cumsum"


def render(kernel: Special, target: Target) -> KernelText:
    """The kernel."""
    (x, shape), (out, _) = kernel.inputs[0], kernel.outputs[0]
    around, dtype = Around.of(shape, kernel.params["axis"]), x.dtype
    if dtype.kind == "c":  # real and imaginary parts are sequences of their own
        around, dtype = Around(around.lead, around.length, around.trail.times(2)), real_of(dtype)
    lanes = target.lanes(max(dtype.itemsize, 4))
    together = widths(lanes, around.trail, _TOGETHER)
    b = Builder(target)
    passed = (x, out)
    with b.function(NAME, parameters(b, passed)) as (source, to, n, worker, workers, _):
        steps, trail = length(b, around.length, n), length(b, around.trail, n)
        running = _Running(
            Elements(b, source, dtype),
            Elements(b, to, dtype),
            _OPERATIONS[kernel.family],
            kernel.params["reverse"],
            steps,
            trail,
        )
        count = b.div(b.add(trail, _BLOCK - 1), _BLOCK)
        turns = b.mul(length(b, around.lead, n), count)
        begin, end = share(b, turns, worker, workers)
        with b.loop(begin, end) as loop:
            part, block = b.div(loop.index, count), b.rem(loop.index, count)
            first = b.mul(part, b.mul(steps, trail))
            if around.trail == ONE:
                running.row(first, lanes)
            else:
                low = b.mul(block, _BLOCK)
                high = b.min(b.add(low, _BLOCK), trail)
                across(b, low, high, together, partial(running.columns, first))
    flops = around.lead.times(around.length).times(around.trail)
    blocks = Dim(-(-around.trail.scale // _BLOCK), -(-around.trail.offset // _BLOCK))
    shared = around.lead.times(blocks)
    return KernelText(b.text, b.declarations, passed, (out,), turns=shared, flops=flops)


class _Running:
    """Writes running values.

    Args:
        source, to: the elements.
        operation: the elementwise primitive that joins two values.
        reverse: whether to go from the end to the front.
        steps: elements of a sequence.
        apart: from one element of a sequence to the next.
    """

    def __init__(
        self,
        source: Elements,
        to: Elements,
        operation: str,
        reverse: bool,
        steps: Index,
        apart: Index,
    ) -> None:
        self.b = source.b
        # Halves are added up in float32.
        self.wide = float32 if source.dtype in (float16, bfloat16) else source.dtype
        self.source, self.to, self.operation, self.reverse = source, to, operation, reverse
        self.steps, self.apart = steps, apart

    def joined(self, before: Value, value: Value) -> Value:
        return elementwise.emit(self.b, self.operation, [before, value], self.wide, {})

    def neutral(self, lanes: int) -> Value:
        return elementwise.constant(self.b, self.wide, _neutral(self.operation, self.wide), lanes)

    def columns(self, part: Index, column: Index, lanes: int) -> None:
        """Sequences side by side."""
        b = self.b
        first = b.add(part, column)

        def at(step: Index) -> Index:
            if self.reverse:
                step = b.sub(b.sub(self.steps, 1), step)
            return b.add(first, b.mul(step, self.apart))

        with b.loop(0, self.steps, carried=[self.neutral(lanes)]) as loop:
            place = at(loop.index)
            found = self.joined(loop.carried[0], self.source.load(place, lanes))
            self.to.store(found, place)
            loop.next([found])

    def row(self, first: Index, lanes: int) -> None:
        """One sequence whose elements are neighbours."""
        b = self.b
        neutral = self.neutral(1)
        whole = b.mul(b.div(self.steps, lanes), lanes)
        total = neutral
        if lanes > 1:
            with b.loop(0, whole, lanes, carried=[neutral]) as loop:
                place = b.add(first, self.place(loop.index, lanes))
                values = self.scanned(self.source.load(place, lanes))
                found = self.joined(b.splat(loop.carried[0], lanes), values)
                self.to.store(found, place)
                loop.next([b.extract(found, 0 if self.reverse else lanes - 1)])
            total = loop.results[0]
        with b.loop(whole if lanes > 1 else 0, self.steps, carried=[total]) as loop:
            place = b.add(first, self.place(loop.index, 1))
            found = self.joined(loop.carried[0], self.source.load(place))
            self.to.store(found, place)
            loop.next([found])

    def place(self, step: Index, lanes: int) -> Index:
        if not self.reverse:
            return step
        return self.b.sub(self.b.sub(self.steps, lanes), step)

    def scanned(self, values: Value) -> Value:
        """Running values inside a vector."""
        b, lanes = self.b, values.type.lanes
        neutral = self.neutral(lanes)
        for step in range(int(math.log2(lanes))):
            by = 1 << step
            if self.reverse:
                order = [i + by if i + by < lanes else lanes for i in range(lanes)]
            else:
                order = [i - by if i >= by else lanes for i in range(lanes)]
            values = self.joined(b.shuffle(values, neutral, order), values)
        return values


def _neutral(operation: str, dtype: DType) -> float:
    """What changes nothing."""
    if operation in ("add", "mul"):
        # -0 leaves a zero's sign as it is.
        return {"add": -0.0 if dtype.kind not in "iu" else 0, "mul": 1}[operation]
    if dtype.kind not in "iu":
        return -math.inf if operation == "max" else math.inf
    limits = np.iinfo(dtype)
    return int(limits.min if operation == "max" else limits.max)
