"""Pooling as loops whose lanes hold neighbouring channels."""

from __future__ import annotations

from thalweg.compiler.dims import Dim
from thalweg.compiler.graph import Operation
from thalweg.compiler.ir.expression import (
    Constant,
    Expression,
    Ordinal,
)
from thalweg.compiler.ir.index import Index
from thalweg.compiler.lower.elements import linear
from thalweg.compiler.lower.folding import Folded, folded
from thalweg.compiler.lower.geometry import (
    Lowered,
    Offset,
    Place,
    Read,
    Temporary,
    element_nest,
    wide,
    widened,
)
from thalweg.compiler.lower.maxima import (
    Frame,
    choice,
    lowest,
    offsets_of,
    truth,
    which_maximum,
    wins,
)
from thalweg.tensor.dtypes import int32

__all__ = ["large_select", "maximum", "select", "total"]


def maximum(operation: Operation, read: Read, place: Place) -> Folded:
    """An element of `window_max`."""
    (x,) = operation.inputs
    frame = Frame.of(operation, place)
    around = lowest(x.dtype)
    return folded("max", frame.extents, x.dtype, lambda k: frame.read(read, x, k, around))


def total(operation: Operation, read: Read, place: Place) -> Folded:
    """An element of `window_sum`."""
    (x,) = operation.inputs
    frame = Frame.of(operation, place)
    dtype = wide(x.dtype)
    before, value = folded(
        "sum", frame.extents, dtype, lambda k: widened(frame.read(read, x, k, 0), dtype)
    )
    return before, widened(value, x.dtype)


def select(operation: Operation, read: Read, place: Place) -> Folded:
    """An element of `window_select` with a small window: of g, the one where x is largest."""
    x, g = operation.inputs
    frame = Frame.of(operation, place)
    offsets = offsets_of(frame)
    better = wins([frame.read(read, x, offset, lowest(x.dtype)) for offset in offsets])
    value = frame.read(read, g, offsets[0], 0)
    for offset, win in zip(offsets[1:], better, strict=True):
        value = choice(win, frame.read(read, g, offset, 0), value)
    return (), value


def large_select(operation: Operation, read: Read, temporary: Temporary) -> Lowered:
    """`window_select` with a large window."""
    x, g = operation.inputs
    shape = operation.outputs[0].shape
    kernel, which = which_maximum(operation, x, shape, read, temporary)

    def element(place: Place) -> Folded:
        frame = Frame.of(operation, place)
        extents = tuple(Dim(0, n) for n in frame.extents)
        number = which(place)

        def term(offset: tuple[Offset, ...]) -> Expression:
            own = Ordinal(linear(tuple(map(Index.of, offset)), extents), int32)
            value = frame.read(read, g, offset, 0)
            return choice(truth("eq", number, own), value, Constant(0, g.dtype))

        # All but one term are zero, so the sum is exact.
        return folded("sum", frame.extents, g.dtype, term)

    return Lowered((kernel,), nests=(element_nest(shape, element),))
