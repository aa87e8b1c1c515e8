"""`dynamic_update_slice`: a block written into a tensor in place, where data says."""

from __future__ import annotations

from thalweg.compiler.dims import ONE, Dim, product
from thalweg.compiler.ir.program import Special
from thalweg.compiler.render.llvm.axis import Elements
from thalweg.compiler.render.llvm.builder import Builder, Index, Value
from thalweg.compiler.render.llvm.copy import copy_bytes
from thalweg.compiler.render.llvm.kernel import NAME, KernelText, length, parameters, share
from thalweg.compiler.target import Target

__all__ = ["render"]

_LINE = 64


def render(kernel: Special, target: Target) -> KernelText:
    """The kernel; its output is its first input, changed in place."""
    (out, shape), (update, size), (start, _) = kernel.inputs
    runs = _outer_axes(shape, size)
    run = product(size[runs:])
    turns = product(size[:runs])
    # One run alone is shared in cache lines.
    lines = Dim(0, -(-run.at(1) * out.dtype.itemsize // _LINE)) if turns == ONE else ONE
    b = Builder(target)
    passed = (out, update, start)
    with b.function(NAME, parameters(passed)) as (to, source, starts, n, worker, workers, _):
        numbers = Elements(b, starts, start.dtype)
        strides = [length(b, product(shape[i + 1 :]), n) for i in range(len(shape))]
        first: Index = 0
        for axis, (whole, part) in enumerate(zip(shape, size, strict=True)):
            if whole != part:
                most = b.sub(length(b, whole, n), length(b, part, n))
                begin = b.max(b.min(_signed(b, numbers, axis), most), 0)
                first = b.add(first, b.mul(begin, strides[axis]))
        element = f"i{8 * out.dtype.itemsize}"
        amount = length(b, run, n)
        if turns == ONE:
            _share_run(b, to, source, first, b.mul(amount, out.dtype.itemsize), worker, workers)
        else:
            lengths = [length(b, d, n) for d in size[:runs]]
            begin, end = share(b, length(b, turns, n), worker, workers)
            with b.loop(begin, end) as loop:
                place, rest = first, loop.index
                for axis in reversed(range(runs)):
                    place = b.add(place, b.mul(b.rem(rest, lengths[axis]), strides[axis]))
                    rest = b.index(b.div(rest, lengths[axis]))
                where = b.at(to, place, element)
                what = b.at(source, b.mul(loop.index, amount), element)
                copy_bytes(b, where, what, b.mul(amount, out.dtype.itemsize))
    return KernelText(
        b.text, b.declarations, passed, (out,), turns=lines if turns == ONE else turns
    )
