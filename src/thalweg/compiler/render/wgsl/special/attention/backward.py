"""The gradient of attention: weights are computed again, tile by tile (arXiv:2307.08691).

Two kernels: one goes along the sources for each block of times (gradients of queries), one along
the times for each block of sources (gradients of keys and values).
"""

from __future__ import annotations

from abc import ABC, abstractmethod

from thalweg.compiler.dims import Dim
from thalweg.compiler.ir.program import Special
from thalweg.compiler.render.wgsl.expressions import Emitter
from thalweg.compiler.render.wgsl.functions import number
from thalweg.compiler.render.wgsl.kernel import Count, KernelShader
from thalweg.compiler.render.wgsl.layout import Room
from thalweg.compiler.render.wgsl.special.around import write
from thalweg.compiler.render.wgsl.special.attention.setting import Setting
from thalweg.compiler.render.wgsl.special.attention.tiles import COLUMNS, Tiles, height_for

__all__ = ["render"]

_NAMES = "query key value out logarithm gradient to_query to_key to_value"
# Chunks of 32 elements that a group adds up of each gradient; more are shared among groups, which
# compute the weights again.
_CHUNKS = 4


def render(kernel: Special, room: Room) -> list[KernelShader]:
    """The kernels of `attention_gradient`."""
    return [_OfQueries(kernel, room).shader(), _OfSources(kernel, room).shader()]


class _Gradient(ABC):
    """Writes one kernel.

    Args:
        kernel: what is to be computed.
        room: where buffers lie.
        rows: how many rows tiles are cut from.
        kept: how many tiles are held at a time.
        size: the longest row of the gradients.
    """

    def __init__(self, kernel: Special, room: Room, rows: str, kept: int) -> None:
        self.s = s = Setting(kernel, _NAMES)
        self.e = Emitter(room.places)
        count = s.rows[rows].count
        size = max(s.rows[rows].size, s.value_size if kept > 1 else 0)
        self.height = height_for(count)
        self.blocks = -(-count // self.height)
        chunks, most = -(-size // COLUMNS), _CHUNKS // kept
        self.parts = -(-chunks // most)
        self.chunks = min(chunks, most)
        self.tiles = Tiles(self.e, self.height, kept)

    def begin(self, heads: int, own: str) -> None:
        """Where this group works."""
        write(
            self.e,
            f"""
            let part = group % {self.parts};
            let first = group / {self.parts} % {self.blocks} * {self.height};
            let {own} = group / {self.parts * self.blocks} % {heads};
            let batch = group / {self.parts * self.blocks * heads};
            """,
        )

    def column(self, chunk: int) -> str:
        """The first element of a chunk."""
        if self.parts == 1:
            return str(chunk * COLUMNS)
        return f"(part * {self.chunks * COLUMNS} + {chunk * COLUMNS})"

    def times(self, count: int) -> None:
        """Declare the logarithms of so many times, and the means of their gradients.

        `unseeing` is the weight of every source for a time that may attend to nothing, else 0.
        """
        self.e.declare(f"var<workgroup> logarithms: array<f32, {count}>;")
        self.e.declare(f"var<workgroup> means: array<f32, {count}>;")
        if self.s.mask is not None:
            self.e.declare(f"var<workgroup> unseeing: array<f32, {count}>;")

    def prepare(self, count: int, first: str) -> None:
        """The logarithms of times, and the sums of outputs times their gradients."""
        s, e = self.s, self.e
        out, gradient = s.rows["out"], s.rows["gradient"]
        with e.block(f"for (var i = thread; i < {count}; i += {self.tiles.threads})"):
            e.line(f"let time = {first} + i;")
            e.line("var mean = 0.0f;")
            e.line("var logarithm = 0.0f;")
            with e.block(f"if (time < {s.times})"):
                e.line(f"logarithm = {e.load(s.buffers['logarithm'], s.logarithm('time'))};")
                with e.block(f"for (var d = 0; d < {s.value_size}; d++)"):
                    e.line(f"mean += {out.load(e, 'time', 'd')} * {gradient.load(e, 'time', 'd')};")
            if s.mask is not None:
                e.line("let nothing = bitcast<u32>(logarithm) == 0xff800000u;")
                e.line(f"unseeing[i] = select(0.0f, {number(1 / s.sources)}, nothing);")
                # Its weights of scores are zero: any finite number will do.
                e.line("if (nothing) { logarithm = 0.0f; }")
            e.line("logarithms[i] = logarithm;")
            e.line("means[i] = mean;")

    def weights(self) -> None:
        """From scores and products to weights and the gradients of scores, row by row."""
        s, e = self.s, self.e
        e.line("let across = other + tx * 4 + vec4(0, 1, 2, 3);")
        for i in range(4):
            e.line(f"let down{i} = first + ty * 4 + {i};")
            log, mean = self.of_times(i)
            e.line(f"var seen{i} = {self.visible(i)};")
            if s.mask is not None:
                for x in "xyzw":
                    place = self.place(i, x)
                    e.line(f"if (seen{i}.{x}) {{ seen{i}.{x} = {s.seen(e, *place)}; }}")
            e.line(f"let off{i} = score{i} * {number(s.scale)} - {log};")
            powers = ", ".join(f"{e.needs('exp_f32')}(off{i}.{x})" for x in "xyzw")
            e.line(f"var weight{i} = select(vec4<f32>(), vec4({powers}), seen{i});")
            e.line(f"let change{i} = weight{i} * (product{i} - {mean});")

    @abstractmethod
    def of_times(self, i: int) -> tuple[str, str]:
        """The logarithms and the means for the four places of a row, as vectors."""

    @abstractmethod
    def place(self, i: int, x: str) -> tuple[str, str]:
        """The time and the source of a place."""

    @abstractmethod
    def visible(self, i: int) -> str:
        """Which of the four places of a row there are."""

    def done(self, groups: int, work: int) -> KernelShader:
        s = self.s
        counts = (Count(s.batch), Count(Dim(0, groups * self.blocks * self.parts)))
        flops = s.batch.times(2 * s.heads * s.times * s.sources * work // (2 if s.causal else 1))
        rows = sum(x.count * x.heads * x.size for x in s.rows.values())
        return self.e.shader(counts, self.tiles.threads, flops, s.batch.times(4 * rows))


class _OfQueries(_Gradient):
    """Rows are times, columns sources."""

    def __init__(self, kernel: Special, room: Room) -> None:
        super().__init__(kernel, room, "query", 1)

    def shader(self) -> KernelShader:
        s, e, tiles = self.s, self.e, self.tiles
        self.begin(s.heads, "head")
        self.times(self.height)
        for name in ("query", "out", "gradient", "to_query"):
            s.rows[name].begin(e, "batch", "head")
        for name in ("key", "value"):
            s.rows[name].begin(e, "batch", f"head / {s.repeats}")
        s.begin_mask(e)
        self.prepare(self.height, "first")
        tiles.sums("sum", self.chunks)
        limit = f"min({s.sources}, first + {self.height})" if s.causal else str(s.sources)
        with e.block(f"for (var other = 0; other < {limit}; other += {COLUMNS})"):
            tiles.products("score", s.rows["query"], "first", s.rows["key"], "other")
            tiles.products("product", s.rows["gradient"], "first", s.rows["value"], "other")
            self.weights()
            tiles.barrier()
            tiles.hold(0, "change")
            for c in range(self.chunks):
                tiles.mix("sum", 0, c, s.rows["key"], "other", self.column(c))
        for c in range(self.chunks):
            scale = number(s.scale)
            tiles.give("sum", c, s.rows["to_query"], "first", self.column(c), scale)
        return self.done(s.heads, (s.size + s.value_size) * self.parts + s.size)

    def of_times(self, i: int) -> tuple[str, str]:
        return f"vec4(logarithms[ty * 4 + {i}])", f"vec4(means[ty * 4 + {i}])"

    def place(self, i: int, x: str) -> tuple[str, str]:
        return f"down{i}", f"across.{x}"

    def visible(self, i: int) -> str:
        s = self.s
        shown = f"(across < vec4({s.sources})) & vec4(down{i} < {s.times})"
        return f"{shown} & (across <= vec4(down{i}))" if s.causal else shown


class _OfSources(_Gradient):
    """Rows are sources, columns times."""

    def __init__(self, kernel: Special, room: Room) -> None:
        super().__init__(kernel, room, "key", 2)

    def shader(self) -> KernelShader:
        s, e, tiles = self.s, self.e, self.tiles
        self.begin(s.groups, "key_head")
        self.times(COLUMNS)
        for name in ("key", "value", "to_key", "to_value"):
            s.rows[name].begin(e, "batch", "key_head")
        tiles.sums("key_sum", self.chunks)
        tiles.sums("value_sum", self.chunks)
        # Earlier times do not see these sources; with a mask they may see nothing at all, and then
        # all sources count.
        start = f"first / {COLUMNS} * {COLUMNS}" if s.causal and s.mask is None else "0"
        with e.block(f"for (var turn = 0; turn < {s.repeats}; turn++)"):
            e.line(f"let head = key_head * {s.repeats} + turn;")
            for name in ("query", "out", "gradient"):
                s.rows[name].begin(e, "batch", "head")
            s.begin_mask(e)
            with e.block(f"for (var other = {start}; other < {s.times}; other += {COLUMNS})"):
                tiles.barrier()
                self.prepare(COLUMNS, "other")
                tiles.products("score", s.rows["key"], "first", s.rows["query"], "other")
                tiles.products("product", s.rows["value"], "first", s.rows["gradient"], "other")
                self.weights()
                if s.mask is not None:
                    self.unseen()
                tiles.barrier()
                tiles.hold(0, "weight")
                tiles.hold(1, "change")
                for c in range(self.chunks):
                    column = self.column(c)
                    tiles.mix("value_sum", 0, c, s.rows["gradient"], "other", column)
                    tiles.mix("key_sum", 1, c, s.rows["query"], "other", column)
        for c in range(self.chunks):
            column = self.column(c)
            tiles.give("value_sum", c, s.rows["to_value"], "first", column, "1.0f")
            tiles.give("key_sum", c, s.rows["to_key"], "first", column, number(s.scale))
        work = (s.size + s.value_size) * (self.parts + 1)
        return self.done(s.groups, work)

    def vector(self, name: str) -> str:
        return f"vec4({', '.join(f'{name}[tx * 4 + {k}]' for k in range(4))})"

    def of_times(self, i: int) -> tuple[str, str]:
        return self.vector("logarithms"), self.vector("means")

    def place(self, i: int, x: str) -> tuple[str, str]:
        return f"across.{x}", f"down{i}"

    def visible(self, i: int) -> str:
        s = self.s
        shown = f"(across < vec4({s.times})) & vec4(down{i} < {s.sources})"
        return f"{shown} & (vec4(down{i}) <= across)" if s.causal else shown

    def unseen(self) -> None:
        """Times that attend to nothing gave the mean of all values."""
        for i in range(4):
            more = f"select(0.0f, 1.0f, down{i} < {self.s.sources}) * {self.vector('unseeing')}"
            self.e.line(f"weight{i} += {more};")
