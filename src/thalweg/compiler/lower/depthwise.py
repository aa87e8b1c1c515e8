"""Convolution in which each channel has filters of its own, and its two gradients.

No product of matrices is in it: each output is a short sum, and lanes hold neighbouring channels.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence

from thalweg.compiler.dims import Dim
from thalweg.compiler.graph import Operation
from thalweg.compiler.ir.expression import Accumulator, Expression, Total
from thalweg.compiler.ir.index import Index, Var
from thalweg.compiler.ir.statement import Accumulate, Loop, Reset, Statement
from thalweg.compiler.lower.folding import Folded, few, folded
from thalweg.compiler.lower.geometry import (
    Axis,
    Lowered,
    Nest,
    Offset,
    Place,
    Read,
    axes_of,
    fixed,
    guarded,
    image_index,
    indices,
    multiplied,
    wide,
    widened,
)
from thalweg.compiler.lower.phases import Phase, meeting, phases_of

__all__ = ["filter_gradient", "forward", "input_gradient"]


def _multiplier(operation: Operation, filters: Dim) -> int:
    """How many filters each channel has."""
    groups: int = operation.params["groups"]
    return fixed(filters, operation) // groups


def forward(operation: Operation, read: Read, place: Place) -> Folded:
    """An element of `conv`: filter f reads channel f // multiplier."""
    x, w = operation.inputs
    axes = axes_of(operation, w.shape[:-2])
    dtype = wide(x.dtype)
    b, *places, f = place
    channel = f.divided(_multiplier(operation, w.shape[-1]))

    def term(offset: tuple[Offset, ...]) -> Expression:
        index, guards = image_index(axes, places, offset)
        value = guarded(guards, read(x, (b, *index, channel)), 0)
        weight = read(w, (*map(Index.of, offset), Index(), f))
        return multiplied(value, weight, dtype)

    before, value = folded("sum", [a.window for a in axes], dtype, term)
    return before, widened(value, x.dtype)


def input_gradient(operation: Operation, read: Read) -> Lowered:
    """`conv_input_gradient`: one nest for each phase of the strides."""
    axes = axes_of(operation, operation.inputs[1].shape[:-2])
    choices = itertools.product(*map(phases_of, axes))
    return Lowered(nests=tuple(_phase(operation, read, axes, p) for p in choices))


def _phase(operation: Operation, read: Read, axes: Sequence[Axis], phases: Sequence[Phase]) -> Nest:
    g, w = operation.inputs
    dtype = wide(g.dtype)
    multiplier = _multiplier(operation, w.shape[-1])
    b, c = Var("b", g.shape[0]), Var("c", operation.outputs[0].shape[-1])
    numbers = tuple(Var(f"q{i}", Dim(0, p.numbers)) for i, p in enumerate(phases))

    def term(offset: tuple[Offset, ...]) -> Expression:
        *taps, j = offset
        met = meeting(axes, phases, numbers, taps)
        f = Index.of(c).times(multiplier).plus(Index.of(j))
        value = guarded(met.guards, read(g, (Index.of(b), *met.place, f)), 0)
        return multiplied(value, read(w, (*met.offset, Index(), f)), dtype)

    before, value = folded("sum", [*(p.taps for p in phases), multiplier], dtype, term)
    target = meeting(axes, phases, numbers, (0,) * len(axes)).target
    place: Place = (Index.of(b), *target, Index.of(c))
    return Nest((b, *numbers), c, ((place, widened(value, g.dtype)),), before)


def filter_gradient(operation: Operation, read: Read) -> Lowered:
    """`conv_filter_gradient`: lanes of filters keep a running sum for each offset of the window.

    A window with many offsets keeps one sum at a time, in a loop over the offsets.
    """
    x, g = operation.inputs
    axes = axes_of(operation, operation.params["kernel"])
    dtype = wide(x.dtype)
    f = Var("f", g.shape[-1])
    channel = Index.of(f).divided(_multiplier(operation, g.shape[-1]))
    extents = [a.window for a in axes]

    def summed(sums: Sequence[tuple[tuple[Offset, ...], Accumulator]]) -> tuple[Statement, ...]:
        b = Var("b", x.shape[0])
        places = tuple(Var(f"o{i}", Dim(0, a.places)) for i, a in enumerate(axes))
        outward = read(g, indices((b, *places, f)))
        inner: tuple[Statement, ...] = ()
        for offset, accumulator in sums:
            index, guards = image_index(axes, indices(places), offset)
            value = guarded(guards, read(x, (Index.of(b), *index, channel)), 0)
            inner = (*inner, Accumulate(accumulator, multiplied(value, outward, dtype)))
        for variable in reversed((b, *places)):
            inner = (Loop(variable, "serial", inner),)
        return (*(Reset(accumulator) for _, accumulator in sums), *inner)

    def element(offset: tuple[Offset, ...], sum_: Accumulator) -> tuple[Place, Expression]:
        value = widened(Total(sum_, dtype), x.dtype)
        return (*map(Index.of, offset), Index(), Index.of(f)), value

    if few(extents):
        offsets = itertools.product(*map(range, extents))
        sums = [(offset, Accumulator("sum", dtype)) for offset in offsets]
        return Lowered(nests=(Nest((), f, tuple(element(*s) for s in sums), summed(sums)),))
    outer = tuple(Var(f"k{i}", Dim(0, n)) for i, n in enumerate(extents))
    only = (indices(outer), Accumulator("sum", dtype))
    return Lowered(nests=(Nest(outer, f, (element(*only),), summed([only])),))
