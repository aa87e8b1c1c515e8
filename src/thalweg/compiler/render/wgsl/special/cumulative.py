"""Cumulative sums, products, maxima and minima along an axis, forward or from the end.

Many sequences: one invocation goes along each. Few long ones: a group goes along each in blocks,
whose running values it finds in log2 steps.
"""

from __future__ import annotations

from thalweg.compiler.ir.program import Special
from thalweg.compiler.render.wgsl import elementwise
from thalweg.compiler.render.wgsl.expressions import Emitter
from thalweg.compiler.render.wgsl.forms import kind, wrapped
from thalweg.compiler.render.wgsl.kernel import Count, KernelShader
from thalweg.compiler.render.wgsl.layout import Room
from thalweg.compiler.render.wgsl.special.around import SIZE, Around, each, largest, write
from thalweg.tensor.dtypes import DType, bfloat16, float16, float32

__all__ = ["render"]

_OPERATIONS = {"cumsum": "add", "cumprod": "mul", "cummax": "max", "cummin": "min"}
# Sequences up to this length have no use for a group, nor do so many sequences.
_SHORT, _MANY = 64, 4096
# Invocations of a group that shares a sequence, and the elements that each of them brings along.
_GROUP, _EACH = 256, 4


def render(kernel: Special, room: Room) -> list[KernelShader]:
    """The kernel."""
    around = Around.of(kernel.inputs[0][1], kernel.params["axis"])
    sequences = around.lead.times(around.trail)
    short = largest(around.length, room.capacity) <= _SHORT
    if short or largest(sequences, room.capacity) >= _MANY:
        return [_Cumulative(kernel, room, around).alone()]
    return [_Cumulative(kernel, room, around).shared()]


class _Cumulative:
    def __init__(self, kernel: Special, room: Room, around: Around) -> None:
        (self.x, _), (self.out, _) = kernel.inputs[0], kernel.outputs[0]
        self.e = Emitter(room.places)
        self.around, self.reverse = around, kernel.params["reverse"]
        self.operation = _OPERATIONS[kernel.family]
        dtype: DType = self.x.dtype
        # Halves are added up in float32.
        self.wide = float32 if dtype in (float16, bfloat16) else dtype
        self.kind = kind(dtype)
        self.total = around.lead.times(around.trail).times(around.length)

    def joined(self, before: str, value: str) -> str:
        return elementwise.emit(self.e, self.operation, [before, value], self.wide, {})

    def begin(self, sequence: str) -> None:
        """Where a sequence begins, and how long it is."""
        e, around = self.e, self.around
        trail = e.length(around.trail)
        write(
            e,
            f"""
            let length = {e.length(around.length)};
            let begin = {sequence} / {trail} * length * {trail} + {sequence} % {trail};
            """,
        )

    def place(self, step: str) -> str:
        """Where an element of the sequence lies."""
        number = f"(length - 1 - ({step}))" if self.reverse else f"({step})"
        return f"begin + {number} * {self.e.length(self.around.trail)}"

    def shader(self, group: int, size: int) -> KernelShader:
        around = self.around
        groups = Count(around.lead.times(around.trail), group)
        return self.e.shader((groups,), size, self.total, self.total.times(8))

    def alone(self) -> KernelShader:
        """One invocation for each sequence."""
        e = self.e
        each(e, self.around.lead.times(self.around.trail))
        self.begin("turn")
        with e.block("if (length > 0)"):
            first = e.let(self.place("0"))
            e.line(f"var total = {e.load(self.x, first)};")
            e.put(self.out, first, "total")
            with e.block("for (var step = 1; step < length; step++)"):
                at = e.let(self.place("step"))
                e.line(f"total = {self.joined('total', e.let(e.load(self.x, at)))};")
                e.put(self.out, at, wrapped("total", self.x.dtype))
        return self.shader(SIZE, SIZE)

    def shared(self) -> KernelShader:
        """One group for each sequence."""
        e = self.e
        e.declare(f"var<workgroup> sums: array<{self.kind}, {2 * _GROUP}>;")
        self.begin("group")
        e.line(f"var carry: {self.kind};")
        with e.block(f"for (var block = 0; block < length; block += {_GROUP * _EACH})"):
            e.line(f"let own = block + thread * {_EACH};")
            self.own_values()
            self.scan(f"value{_EACH - 1}")
            # The total of all that comes before; the very first element has none.
            e.line("let first = block == 0 && thread == 0;")
            e.line("var before = carry;")
            with e.block("if (thread > 0)"):
                e.line("before = sums[thread - 1];")
                with e.block("if (block > 0)"):
                    e.line(f"before = {self.joined('carry', 'before')};")
            for i in range(_EACH):
                with e.block(f"if (own + {i} < length)"):
                    e.line(f"var found = value{i};")
                    with e.block("if (!first)"):
                        e.line(f"found = {self.joined('before', f'value{i}')};")
                    at = e.let(self.place(f"own + {i}"))
                    e.put(self.out, at, wrapped("found", self.x.dtype))
            e.line(f"let all = sums[{_GROUP - 1}];")
            with e.block("if (block == 0)"):
                e.line("carry = all;")
            with e.block("else"):
                e.line(f"carry = {self.joined('carry', 'all')};")
            e.line("workgroupBarrier();")
        return self.shader(1, _GROUP)

    def own_values(self) -> None:
        """The running values of this invocation's elements alone; never used behind the end."""
        e = self.e
        for i in range(_EACH):
            e.line(f"var value{i}: {self.kind};")
            with e.block(f"if (own + {i} < length)"):
                found = e.let(e.load(self.x, e.let(self.place(f"own + {i}"))))
                e.line(f"value{i} = {self.joined(f'value{i - 1}', found) if i else found};")

    def scan(self, value: str) -> None:
        """The running values of one value of each invocation, in the first half of `sums`."""
        e = self.e
        e.line(f"sums[thread] = {value};")
        e.line("var half = 0;")
        with e.block(f"for (var step = 1; step < {_GROUP}; step *= 2)"):
            e.line("workgroupBarrier();")
            e.line("var sum = sums[half + thread];")
            with e.block("if (thread >= step)"):
                before = e.let("sums[half + thread - step]")
                e.line(f"sum = {self.joined(before, 'sum')};")
            # Read from one half, written to the other: after eight steps it is the first again.
            e.line(f"half = {_GROUP} - half;")
            e.line("sums[half + thread] = sum;")
        e.line("workgroupBarrier();")
