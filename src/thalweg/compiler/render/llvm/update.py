"""`dynamic_update_slice`: a block written into a tensor in place, where data says."""

from __future__ import annotations

from thalweg.compiler.dims import ONE, Dim, product
from thalweg.compiler.ir.program import Special
from thalweg.compiler.render.llvm.axis import Elements
from thalweg.compiler.render.llvm.builder import Builder, Index
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
    lines = _lines(run.times(out.dtype.itemsize))
    b = Builder(target)
    passed = (out, update, start)
    with b.function(NAME, parameters(b, passed)) as (to, source, starts, n, worker, workers, _):
        numbers = Elements(b, starts, start.dtype)
        strides = [length(b, product(shape[i + 1 :]), n) for i in range(len(shape))]
        first: Index = 0
        for axis, (whole, part) in enumerate(zip(shape, size, strict=True)):
            if whole != part:
                most = b.sub(length(b, whole, n), length(b, part, n))
                begin = b.max(b.min(numbers.number(axis), most), 0)
                first = b.add(first, b.mul(begin, strides[axis]))
        element = f"i{8 * out.dtype.itemsize}"
        amount = length(b, run, n)
        if turns == ONE:
            total = b.mul(amount, out.dtype.itemsize)
            begin, end = share(b, length(b, lines, n), worker, workers)
            begin, end = b.mul(begin, _LINE), b.min(b.mul(end, _LINE), total)
            with b.when(b.less(begin, end)):
                where = b.at(b.at(to, first, element), begin, "i8")
                copy_bytes(b, where, b.at(source, begin, "i8"), b.sub(end, begin))
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
        b.text,
        b.declarations,
        passed,
        (out,),
        turns=lines if turns == ONE else turns,
        bytes=update.size.times(2 * out.dtype.itemsize),
    )


def _outer_axes(shape: tuple[Dim, ...], size: tuple[Dim, ...]) -> int:
    """How many axes lie around runs of neighbouring elements."""
    axis = len(shape)
    while axis:
        axis -= 1
        if shape[axis] != size[axis]:
            break
    return axis


def _lines(size: Dim) -> Dim:
    """At least as many cache lines as so many bytes fill."""
    return Dim(-(-size.scale // _LINE), -(-size.offset // _LINE))
