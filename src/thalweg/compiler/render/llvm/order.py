"""argsort and top-k: rows are sorted by merging, a few largest are selected in one pass."""

from __future__ import annotations

from collections.abc import Callable

from thalweg.compiler.dims import ONE, Dim
from thalweg.compiler.ir.program import Special
from thalweg.compiler.render.llvm.axis import Around, Elements
from thalweg.compiler.render.llvm.builder import Builder, Index, Value
from thalweg.compiler.render.llvm.kernel import NAME, KernelText, length, parameters, share
from thalweg.compiler.render.llvm.sort import Keys, select, sort, sort_scratch
from thalweg.compiler.target import Target
from thalweg.tensor.dtypes import int32

__all__ = ["render_argsort", "render_top_k"]

# Up to so many of the largest are kept in order while a row goes by.
_FEW = 64
# Comparisons for each element, roughly.
_COMPARISONS = 10


def render_argsort(kernel: Special, target: Target) -> KernelText:
    """`argsort`: rising, stable, NaN last."""
    (x, shape), (out, _) = kernel.inputs[0], kernel.outputs[0]
    around = Around.of(shape, kernel.params["axis"])
    b = Builder(target)
    keys = Keys(b, x.dtype, falling=False)
    turns = around.lead.times(around.trail)
    with b.function(NAME, parameters(b, (x, out))) as (source, to, n, worker, workers, scratch):
        elements, found = Elements(b, source, x.dtype), Elements(b, to, int32)
        steps, trail = length(b, around.length, n), length(b, around.trail, n)
        begin, end = share(b, length(b, turns, n), worker, workers)
        with b.loop(begin, end) as loop:
            part, column = b.div(loop.index, trail), b.rem(loop.index, trail)
            first = b.add(b.mul(part, b.mul(steps, trail)), column)
            key = _key_of(keys, elements, first, trail)
            sorted_keys = sort(keys, scratch, steps, key)
            with b.loop(0, steps) as row:
                index = keys.index(keys.load(sorted_keys, row.index))
                found.store(index, b.add(first, b.mul(row.index, trail)))
    return KernelText(
        b.text,
        b.declarations,
        (x, out),
        (out,),
        sort_scratch(around.length, keys.itemsize),
        turns,
        turns.times(around.length).times(_COMPARISONS),
    )


def render_top_k(kernel: Special, target: Target) -> KernelText:
    """`top_k` of the last axis: falling, of equal elements the first one first, NaN above all."""
    (x, shape), (values, _), (indices, _) = *kernel.inputs, *kernel.outputs
    around, wanted = Around.of(shape, len(shape) - 1), Dim.of(kernel.params["k"])
    b = Builder(target)
    keys = Keys(b, x.dtype, falling=True)
    few = wanted.offset if wanted.static and wanted.offset <= _FEW else 0
    passed = (x, values, indices)
    with b.function(NAME, parameters(b, passed)) as (
        source,
        to,
        places,
        n,
        worker,
        workers,
        scratch,
    ):
        elements, largest = Elements(b, source, x.dtype), Elements(b, to, x.dtype)
        numbers = Elements(b, places, int32)
        steps, k = length(b, around.length, n), length(b, wanted, n)
        begin, end = share(b, length(b, around.lead, n), worker, workers)
        with b.loop(begin, end) as loop:
            first = b.mul(loop.index, steps)
            key = _key_of(keys, elements, first, 1)
            if few:
                found = select(keys, scratch, steps, key, few)
            else:
                found = sort(keys, scratch, steps, key)
            with b.loop(0, k) as row:
                index = keys.index(keys.load(found, row.index))
                place = b.add(b.mul(loop.index, k), row.index)
                numbers.store(index, place)
                element = b.add(first, b.integer(index, b.target.index, signed=False))
                largest.store(elements.load(element), place)
    room = Dim(0, few * keys.itemsize) if few else sort_scratch(around.length, keys.itemsize)
    comparisons = around.lead.times(around.length).times(ONE if few else _COMPARISONS)
    return KernelText(
        b.text, b.declarations, passed, (values, indices), room, around.lead, comparisons
    )


def _key_of(keys: Keys, elements: Elements, first: Index, apart: Index) -> Callable[[Index], Value]:
    """The key of each element of a row that begins somewhere."""
    b = elements.b

    def key(place: Index) -> Value:
        return keys.key(elements.load(b.add(first, b.mul(place, apart))), place)

    return key
