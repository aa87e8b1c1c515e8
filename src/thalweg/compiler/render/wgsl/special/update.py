"""`dynamic_update_slice`: a block written into a tensor in place, where data says."""

from __future__ import annotations

from thalweg.compiler.dims import ONE, product
from thalweg.compiler.ir.program import Special
from thalweg.compiler.render.wgsl.expressions import Emitter
from thalweg.compiler.render.wgsl.kernel import Count, KernelShader
from thalweg.compiler.render.wgsl.layout import Room
from thalweg.compiler.render.wgsl.special.around import SIZE, each

__all__ = ["render"]


def render(kernel: Special, room: Room) -> list[KernelShader]:
    """One invocation for each element of the block; the output is the first input."""
    (out, shape), (update, size), (start, _) = kernel.inputs
    e = Emitter(room.places)
    each(e, update.size)
    place, rest = "0", "turn"
    for axis in reversed(range(len(shape))):
        whole, part = shape[axis], size[axis]
        step = e.length(product(shape[axis + 1 :]))
        if axis:
            inside = e.let(f"{rest} % {e.length(part)}")
            rest = e.let(f"{rest} / {e.length(part)}")
        else:
            inside = rest
        if whole != part:
            # A block that would stand out is moved inside.
            number = e.load(start, str(axis))
            most = e.length(whole.minus(part))
            if start.dtype.kind == "u":
                number = f"i32(min({number}, 0x7fffffffu))"
            inside = e.let(f"{inside} + clamp({number}, 0, {most})")
        if part != ONE or whole != part:
            place = e.let(f"{place} + {inside} * {step}")
    e.put(out, place, e.load(update, "turn"))
    count = update.size
    return [e.shader((Count(count, SIZE),), SIZE, count, count.times(8))]
