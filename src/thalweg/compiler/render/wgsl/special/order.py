"""argsort and top-k."""

from __future__ import annotations

from thalweg.compiler.dims import Dim
from thalweg.compiler.ir.program import Special
from thalweg.compiler.render.wgsl.expressions import Emitter
from thalweg.compiler.render.wgsl.kernel import KernelShader
from thalweg.compiler.render.wgsl.layout import Room
from thalweg.compiler.render.wgsl.special.around import Around
from thalweg.compiler.render.wgsl.special.sort import Sort, order_of

__all__ = ["render_argsort", "render_top_k"]


def render_argsort(kernel: Special, room: Room) -> list[KernelShader]:
    """`argsort`: rising, stable, NaN last."""
    (x, shape), (out, _) = kernel.inputs[0], kernel.outputs[0]
    around = Around.of(shape, kernel.params["axis"])

    def at(e: Emitter, row: str, place: str) -> str:
        trail = e.length(around.trail)
        begin = f"{row} / {trail} * {e.length(around.length)} * {trail} + {row} % {trail}"
        return e.let(f"{begin} + {place} * {trail}")

    def order(e: Emitter, row: str, place: str) -> str:
        return order_of(e, e.load(x, at(e, row, place)), x.dtype)

    def finish(e: Emitter, row: str, place: str, _: str, index: str) -> None:
        e.put(out, at(e, row, place), f"i32({index})")

    rows = around.lead.times(around.trail)
    return Sort(room, rows, around.length, order, finish).shaders()


def render_top_k(kernel: Special, room: Room) -> list[KernelShader]:
    """`top_k` of the last axis: falling, of equal elements the first one first, NaN above all."""
    (x, shape), (values, _), (indices, _) = *kernel.inputs, *kernel.outputs
    around, wanted = Around.of(shape, len(shape) - 1), Dim.of(kernel.params["k"])

    def order(e: Emitter, row: str, place: str) -> str:
        at = e.let(f"{row} * {e.length(around.length)} + {place}")
        return f"~{order_of(e, e.load(x, at), x.dtype)}"

    def finish(e: Emitter, row: str, place: str, _: str, index: str) -> None:
        with e.block(f"if ({place} < {e.length(wanted)})"):
            number = e.let(f"i32({index})")
            to = e.let(f"{row} * {e.length(wanted)} + {place}")
            source = e.let(f"{row} * {e.length(around.length)} + {number}")
            e.put(indices, to, number)
            e.put(values, to, e.let(e.load(x, source)))

    return Sort(room, around.lead, around.length, order, finish, wanted).shaders()
