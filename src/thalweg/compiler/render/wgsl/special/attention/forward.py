"""Attention: tile after tile of scores, with running maxima and sums (arXiv:2205.14135)."""

from __future__ import annotations

from thalweg.compiler.dims import Dim
from thalweg.compiler.ir.program import Special
from thalweg.compiler.render.wgsl.expressions import Emitter
from thalweg.compiler.render.wgsl.functions import number
from thalweg.compiler.render.wgsl.kernel import Count, KernelShader
from thalweg.compiler.render.wgsl.layout import Room
from thalweg.compiler.render.wgsl.special.around import write
from thalweg.compiler.render.wgsl.special.attention.setting import Setting
from thalweg.compiler.render.wgsl.special.attention.tiles import COLUMNS, Tiles, height_for
from thalweg.primitives.attention_formula import lowest
from thalweg.tensor.dtypes import float32

__all__ = ["render"]

# Chunks of 32 elements of a value that a group adds up; wider values are shared among groups.
_CHUNKS = 4


def render(kernel: Special, room: Room) -> list[KernelShader]:
    """The kernel of `attention`: one group for each head and block of times."""
    return [_Forward(kernel, room).shader()]


class _Forward:
    def __init__(self, kernel: Special, room: Room) -> None:
        self.s = Setting(kernel, "query key value out logarithm")
        self.e = Emitter(room.places)
        self.height = height_for(self.s.times)
        self.blocks = -(-self.s.times // self.height)
        chunks = -(-self.s.value_size // COLUMNS)
        self.parts = -(-chunks // _CHUNKS)
        self.chunks = min(chunks, _CHUNKS)

    def shader(self) -> KernelShader:
        s, e = self.s, self.e
        tiles = Tiles(e, self.height, 1)
        self.begin()
        tiles.sums("sum", self.chunks)
        limit = f"min({s.sources}, first + {self.height})" if s.causal else str(s.sources)
        with e.block(f"for (var source = 0; source < {limit}; source += {COLUMNS})"):
            tiles.products("score", s.rows["query"], "first", s.rows["key"], "source")
            self.weights(tiles)
            for c in range(self.chunks):
                tiles.mix("sum", 0, c, s.rows["value"], "source", self.column(c))
                if c == 0:
                    self.totals()
        tiles.barrier()
        for c in range(self.chunks):
            tiles.give(
                "sum", c, s.rows["out"], "first", self.column(c), "(1.0f / total[ty * 4 + {i}])"
            )
        self.finish()
        if s.mask is not None:
            self.unseen()
        work = 2 * s.heads * s.times * s.sources * (s.size * self.parts + s.value_size)
        rows = s.heads * s.times * (s.size + s.value_size) + s.groups * s.sources * (
            s.size + s.value_size
        )
        groups = (Count(s.batch), Count(Dim(0, s.heads * self.blocks * self.parts)))
        flops = s.batch.times(work // (2 if s.causal else 1))
        return e.shader(groups, tiles.threads, flops, s.batch.times(4 * rows))

    def column(self, chunk: int) -> str:
        """The first element of a chunk of values."""
        if self.parts == 1:
            return str(chunk * COLUMNS)
        return f"(part * {self.chunks * COLUMNS} + {chunk * COLUMNS})"

    def begin(self) -> None:
        """Where this group works; no score seen yet."""
        s, e = self.s, self.e
        for name in ("top", "total", "factor"):
            e.declare(f"var<workgroup> {name}: array<f32, {self.height}>;")
        e.declare(f"var<workgroup> partial: array<f32, {self.height * COLUMNS // 4}>;")
        write(
            e,
            f"""
            let part = group % {self.parts};
            let first = group / {self.parts} % {self.blocks} * {self.height};
            let head = group / {self.parts * self.blocks} % {s.heads};
            let batch = group / {self.parts * self.blocks * s.heads};
            """,
        )
        for name in ("query", "out"):
            s.rows[name].begin(e, "batch", "head")
        for name in ("key", "value"):
            s.rows[name].begin(e, "batch", f"head / {s.repeats}")
        s.begin_mask(e)
        with e.block(f"if (thread < {self.height})"):
            e.line(f"top[thread] = {number(lowest(float32))};")
            e.line("total[thread] = 0.0f;")

    def weights(self, tiles: Tiles) -> None:
        """Scores become powers; the maxima of the rows grow."""
        s, e = self.s, self.e
        e.line("let own = source + tx * 4 + vec4(0, 1, 2, 3);")
        for i in range(4):
            self.visible(i)
            e.line(f"score{i} *= {number(s.scale)};")
            e.line(f"let shown{i} = select(vec4({number(lowest(float32))}), score{i}, seen{i});")
            most = f"max(max(shown{i}.x, shown{i}.y), max(shown{i}.z, shown{i}.w))"
            e.line(f"partial[(ty * 4 + {i}) * {COLUMNS // 4} + tx] = {most};")
        tiles.barrier()
        with e.block(f"if (thread < {self.height})"):
            e.line("var most = top[thread];")
            with e.block(f"for (var i = 0; i < {COLUMNS // 4}; i++)"):
                e.line(f"most = max(most, partial[thread * {COLUMNS // 4} + i]);")
            e.line(f"factor[thread] = {e.needs('exp_f32')}(top[thread] - most);")
            e.line("top[thread] = most;")
        tiles.barrier()
        for i in range(4):
            e.line(f"let off{i} = score{i} - vec4(top[ty * 4 + {i}]);")
            powers = ", ".join(f"{e.needs('exp_f32')}(off{i}.{x})" for x in "xyzw")
            e.line(f"let power{i} = select(vec4<f32>(), vec4({powers}), seen{i});")
            total = " + ".join(f"power{i}.{x}" for x in "xyzw")
            e.line(f"partial[(ty * 4 + {i}) * {COLUMNS // 4} + tx] = {total};")
            for c in range(self.chunks):
                e.line(f"sum_{c}_{i} *= factor[ty * 4 + {i}];")
        tiles.hold(0, "power")

    def visible(self, i: int) -> None:
        """Which of the four scores of a row count."""
        s, e = self.s, self.e
        e.line(f"let time{i} = first + ty * 4 + {i};")
        shown = f"(own < vec4({s.sources})) & vec4(time{i} < {s.times})"
        if s.causal:
            shown += f" & (own <= vec4(time{i}))"
        e.line(f"var seen{i} = {shown};")
        if s.mask is not None:
            for x in "xyzw":
                e.line(f"if (seen{i}.{x}) {{ seen{i}.{x} = {s.seen(e, f'time{i}', f'own.{x}')}; }}")

    def totals(self) -> None:
        """The sums of the rows grow; `partial` was written before the last barrier."""
        e = self.e
        with e.block(f"if (thread < {self.height})"):
            e.line("var more = total[thread] * factor[thread];")
            with e.block(f"for (var i = 0; i < {COLUMNS // 4}; i++)"):
                e.line(f"more += partial[thread * {COLUMNS // 4} + i];")
            e.line("total[thread] = more;")

    def finish(self) -> None:
        """The logarithms of the sums of powers."""
        s, e = self.s, self.e
        mine = f"thread < {self.height} && first + thread < {s.times}"
        with e.block(f"if ({mine} && part == 0)"):
            e.line(f"var found = top[thread] + {e.needs('log_f32')}(total[thread]);")
            if s.mask is not None:
                nothing = f"{e.needs('from_bits')}(0xff800000u)"
                e.line(f"if (total[thread] == 0.0f) {{ found = {nothing}; }}")
            e.put(s.buffers["logarithm"], s.logarithm("first + thread"), "found")

    def unseen(self) -> None:
        """The mean of all values is what a time gets that may attend to nothing."""
        s, e = self.s, self.e
        value, out = s.rows["value"], s.rows["out"]
        # Another invocation has written something there.
        e.line("storageBarrier();")
        last = min(self.chunks * COLUMNS, s.value_size)
        with e.block(f"for (var i = thread; i < {self.height} * {last}; i += {2 * self.height})"):
            write(
                e,
                f"""
                let row = i / {last};
                let column = part * {last} + i % {last};
                let time = first + row;
                """,
            )
            wanted = f"time < {s.times} && column < {s.value_size} && total[row] == 0.0f"
            with e.block(f"if ({wanted})"):
                e.line("var sum = 0.0f;")
                with e.block(f"for (var other = 0; other < {s.sources}; other++)"):
                    e.line(f"sum += {value.load(e, 'other', 'column')};")
                e.put(out.buffer, out.at("time", "column"), f"sum / {s.sources}.0f")
