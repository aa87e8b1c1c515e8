"""Scatter: updates brought into rows of a tensor in place, at numbers known only at run time.

There are no atomic operations: the first update of a row (`set`: the last one) brings in all
updates of that row, in their order, so results are the same in every run. With many updates they
are sorted by row first, so that those of one row are neighbours.
"""

from __future__ import annotations

from thalweg.compiler.dims import product
from thalweg.compiler.ir.program import Special
from thalweg.compiler.render.wgsl import elementwise
from thalweg.compiler.render.wgsl.expressions import Emitter
from thalweg.compiler.render.wgsl.forms import wrapped
from thalweg.compiler.render.wgsl.kernel import Count, KernelShader
from thalweg.compiler.render.wgsl.layout import Room
from thalweg.compiler.render.wgsl.special.around import SIZE, Around, each, largest, write
from thalweg.compiler.render.wgsl.special.sort import Sort
from thalweg.tensor.dtypes import bfloat16, float16, float32, uint32

__all__ = ["render"]

# With up to so many updates each looks at all the others.
_FEW = 64


def render(kernel: Special, room: Room) -> list[KernelShader]:
    """The kernels; their output is their first input, changed in place."""
    scatter = _Scatter(kernel, room)
    if largest(scatter.count, room.capacity) <= _FEW:
        return [scatter.direct()]
    return scatter.by_row()


class _Scatter:
    def __init__(self, kernel: Special, room: Room) -> None:
        (self.out, shape), (self.numbers, wanted), (self.updates, _) = kernel.inputs
        self.room, self.mode = room, kernel.params["mode"]
        self.around, self.count = Around.of(shape, kernel.params["axis"]), product(wanted)
        # Halves are rounded once, after all updates.
        self.wide = float32 if self.out.dtype in (float16, bfloat16) else self.out.dtype

    def number(self, e: Emitter, turn: str) -> str:
        """The row of an update; a negative one is beyond all rows."""
        return f"u32({e.load(self.numbers, turn)})"

    def begin(self) -> Emitter:
        """One invocation for each element of the updates, by `part`, `own` and `column`."""
        e = Emitter(self.room.places)
        each(e, self.updates.size)
        trail = e.length(self.around.trail)
        write(
            e,
            f"""
            let rows = u32({e.length(self.around.length)});
            let count = {e.length(self.count)};
            let column = turn % {trail};
            let own = turn / {trail} % count;
            let part = turn / {trail} / count;
            """,
        )
        return e

    def at(self, e: Emitter) -> str:
        """Where the element of the row `row` lies."""
        trail = e.length(self.around.trail)
        return e.let(f"(part * i32(rows) + i32(row)) * {trail} + column")

    def update(self, e: Emitter, turn: str) -> str:
        """An element of an update."""
        at = e.let(f"(part * count + {turn}) * {e.length(self.around.trail)} + column")
        return e.let(e.load(self.updates, at))

    def join(self, e: Emitter, turn: str) -> None:
        """Bring an update into `total`."""
        found = elementwise.emit(e, self.mode, ["total", self.update(e, turn)], self.wide, {})
        e.line(f"total = {found};")

    def shader(self, e: Emitter) -> KernelShader:
        size = self.updates.size
        return e.shader((Count(size, SIZE),), SIZE, size, size.times(12))

    def direct(self) -> KernelShader:
        """Each update looks for others of its row."""
        e = self.begin()
        e.line(f"let row = {self.number(e, 'own')};")
        e.line("if (row >= rows) { return; }")
        bounds = "own + 1; other < count" if self.mode == "set" else "0; other < own"
        with e.block(f"for (var other = {bounds}; other++)"):
            e.line(f"if ({self.number(e, 'other')} == row) {{ return; }}")
        at = self.at(e)
        if self.mode == "set":
            e.put(self.out, at, self.update(e, "own"))
            return self.shader(e)
        e.line(f"var total = {e.load(self.out, at)};")
        with (
            e.block("for (var other = own; other < count; other++)"),
            e.block(f"if ({self.number(e, 'other')} == row)"),
        ):
            self.join(e, "other")
        e.put(self.out, at, wrapped("total", self.out.dtype))
        return self.shader(e)

    def by_row(self) -> list[KernelShader]:
        """Updates are sorted by row; then the first one of each row goes on to the next row."""
        rows = self.room.words(self.count, uint32)
        turns = self.room.words(self.count, uint32)

        def order(e: Emitter, _: str, place: str) -> str:
            return self.number(e, place)

        def finish(e: Emitter, _: str, place: str, row: str, turn: str) -> None:
            e.put(rows, place, row)
            e.put(turns, place, turn)

        sort = Sort(self.room, product(()), self.count, order, finish)
        e = self.begin()
        e.line(f"let row = {e.load(rows, 'own')};")
        e.line("if (row >= rows) { return; }")
        if self.mode == "set":
            e.line(f"if (own + 1 < count && {e.load(rows, 'own + 1')} == row) {{ return; }}")
            e.put(self.out, self.at(e), self.update(e, e.let(f"i32({e.load(turns, 'own')})")))
            return [*sort.shaders(), self.shader(e)]
        e.line("if (own > 0) {")
        e.line(f"  if ({e.load(rows, 'own - 1')} == row) {{ return; }}")
        e.line("}")
        at = self.at(e)
        e.line(f"var total = {e.load(self.out, at)};")
        with e.block("for (var other = own; other < count; other++)"):
            e.line(f"if ({e.load(rows, 'other')} != row) {{ break; }}")
            self.join(e, e.let(f"i32({e.load(turns, 'other')})"))
        e.put(self.out, at, wrapped("total", self.out.dtype))
        return [*sort.shaders(), self.shader(e)]
