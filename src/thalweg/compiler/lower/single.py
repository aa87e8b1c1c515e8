"""Convolution to one filter, and the gradient of it: no row of filters would fill a vector.

Lanes hold neighbouring channels instead, as they do in depthwise convolution.
"""

from __future__ import annotations

import itertools

from thalweg.compiler.dims import Dim
from thalweg.compiler.graph import Operation
from thalweg.compiler.ir.expression import Accumulator, Total
from thalweg.compiler.ir.index import Index, Var
from thalweg.compiler.ir.statement import Accumulate, Loop, Reset, Statement
from thalweg.compiler.lower.folding import few
from thalweg.compiler.lower.geometry import (
    Lowered,
    Nest,
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

__all__ = ["filter_gradient", "forward", "is_single"]

# With fewer channels than this, places of the window along the rows of a tile do better.
_CHANNELS = 16


def is_single(operation: Operation) -> bool:
    """Whether `forward` or `filter_gradient` should take a convolution."""
    x, other = operation.inputs
    gradient = operation.name == "conv_filter_gradient"
    window = operation.params["kernel"] if gradient else other.shape[:-2]
    return (
        operation.name in ("conv", "conv_filter_gradient")
        and operation.params["groups"] == 1
        and fixed(other.shape[-1], operation) == 1
        and fixed(x.shape[-1], operation) >= _CHANNELS
        and few([a.window for a in axes_of(operation, window)])
    )


def forward(operation: Operation, read: Read) -> Lowered:
    """`conv`: the products of all channels are added up at each place of the window."""
    x, w = operation.inputs
    axes = axes_of(operation, w.shape[:-2])
    dtype = wide(x.dtype)
    b, c = Var("b", x.shape[0]), Var("c", x.shape[-1])
    places = tuple(Var(f"o{i}", Dim(0, a.places)) for i, a in enumerate(axes))
    total = Accumulator("sum", dtype)
    terms: list[Statement] = []
    for offset in itertools.product(*(range(a.window) for a in axes)):
        index, guards = image_index(axes, indices(places), offset)
        value = guarded(guards, read(x, (Index.of(b), *index, Index.of(c))), 0)
        weight = read(w, (*map(Index.of, offset), Index.of(c), Index()))
        terms.append(Accumulate(total, multiplied(value, weight, dtype)))
    before = (Reset(total), Loop(c, "vector", tuple(terms)))
    place = (*indices((b, *places)), Index())
    element = (place, widened(Total(total, dtype), x.dtype))
    return Lowered(nests=(Nest((b, *places), None, (element,), before),))


def filter_gradient(operation: Operation, read: Read) -> Lowered:
    """`conv_filter_gradient`: lanes of channels keep a sum for each offset of the window."""
    x, g = operation.inputs
    axes = axes_of(operation, operation.params["kernel"])
    dtype = wide(x.dtype)
    b, c = Var("b", x.shape[0]), Var("c", x.shape[-1])
    places = tuple(Var(f"o{i}", Dim(0, a.places)) for i, a in enumerate(axes))
    outward = read(g, (*indices((b, *places)), Index()))
    offsets = list(itertools.product(*(range(a.window) for a in axes)))
    sums = [Accumulator("sum", dtype) for _ in offsets]
    inner: tuple[Statement, ...] = ()
    for offset, accumulator in zip(offsets, sums, strict=True):
        index, guards = image_index(axes, indices(places), offset)
        value = guarded(guards, read(x, (Index.of(b), *index, Index.of(c))), 0)
        inner = (*inner, Accumulate(accumulator, multiplied(value, outward, dtype)))
    for variable in reversed((b, *places)):
        inner = (Loop(variable, "serial", inner),)
    elements = tuple(
        ((*map(Index.of, offset), Index.of(c), Index()), widened(Total(a, dtype), x.dtype))
        for offset, a in zip(offsets, sums, strict=True)
    )
    return Lowered(nests=(Nest((), c, elements, (*map(Reset, sums), *inner)),))
