"""Copy: elements from one buffer to another, as a kernel."""

from __future__ import annotations

from thalweg.compiler.ir.index import Index as Offset
from thalweg.compiler.ir.program import Copy
from thalweg.compiler.render.llvm.builder import Builder, Index, Type, Value
from thalweg.compiler.render.llvm.kernel import NAME, KernelText, length, parameters, share
from thalweg.compiler.target import Target

__all__ = ["copy_bytes", "render"]

_LINE = 64


def render(kernel: Copy, target: Target) -> KernelText:
    """A kernel whose workers copy neighbouring cache lines.

    Raises:
        NotImplementedError: if an offset depends on a loop variable or on data.
    """
    b = Builder(target)
    itemsize = kernel.source.dtype.itemsize
    element = f"i{8 * itemsize}"
    buffers = (kernel.source, kernel.target)
    with b.function(NAME, parameters(b, buffers)) as (source, place, n, worker, workers, _):
        source = b.at(source, _offset(b, kernel.source_offset, n), element)
        place = b.at(place, _offset(b, kernel.target_offset, n), element)
        size = b.mul(length(b, kernel.length, n), itemsize)
        # The workers' shares are whole lines, so that no two of them write to one.
        lines = b.div(b.add(size, _LINE - 1), _LINE)
        begin, end = share(b, lines, worker, workers)
        begin, end = b.mul(begin, _LINE), b.min(b.mul(end, _LINE), size)
        with b.when(b.less(begin, end)):
            copy_bytes(b, b.at(place, begin, "i8"), b.at(source, begin, "i8"), b.sub(end, begin))
    lines_of = kernel.length.times(itemsize)
    return KernelText(b.text, b.declarations, buffers, (kernel.target,), turns=lines_of)


def copy_bytes(b: Builder, to: Value, source: Value, size: Index) -> None:
    """Copy bytes between places that do not overlap; a few known at compile time need no call."""
    name = f"llvm.memcpy.p0.p0.{b.target.index}"
    b.declarations[name] = f"declare void @{name}(ptr, ptr, {b.target.index}, i1)"
    b.line(f"call void @{name}({to}, {source}, {b.index(size)}, {b.zero(Type('i1'))})")


def _offset(b: Builder, offset: Offset, n: Value) -> Index:
    if offset.terms:
        raise NotImplementedError(f"copy: offsets must be lengths, got {offset}.")
    return length(b, offset.offset, n)
