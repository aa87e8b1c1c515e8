"""What the windows of pooling spread over the image, computed once for each index of the image.

Where the maximum stands is found again from the image, or, where windows overlap or are large, by a
kernel that runs before and notes for each window the number of the place.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass

from thalweg.compiler.dims import ZERO, Dim
from thalweg.compiler.graph import Operation, Value
from thalweg.compiler.ir.expression import (
    Constant,
    Expression,
    Guard,
    Ordinal,
)
from thalweg.compiler.ir.index import Index, Quotient, Remainder, Var
from thalweg.compiler.lower.elements import linear
from thalweg.compiler.lower.folding import Folded, few, folded
from thalweg.compiler.lower.geometry import (
    Axis,
    Lowered,
    Nest,
    Offset,
    Place,
    Read,
    Temporary,
    axes_of,
    element_nest,
    guarded,
    wide,
    widened,
)
from thalweg.compiler.lower.maxima import choice, hits, lowest, truth, which_maximum
from thalweg.tensor.dtypes import int32

__all__ = ["scatter", "total_gradient"]


# --- what windows spread over the image -------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Gather:
    """The windows that hold an index of the image.

    They are counted from the last one backwards: window j of an axis is `index // stride - j`, and
    holds the index at the offset `index % stride + j * stride`, padding included.
    """

    axes: tuple[Axis, ...]
    place: Place

    @staticmethod
    def of(operation: Operation, place: Place) -> _Gather:
        """For an element of the image."""
        return _Gather(axes_of(operation, operation.params["window"]), place)

    @property
    def extents(self) -> list[int]:
        """How many windows hold an index, at most."""
        return [-(-a.window // a.stride) for a in self.axes]

    def windows(self, number: Sequence[Offset]) -> tuple[Place, Place, tuple[Guard, ...]]:
        """Their places and offsets, and what must hold for them to be there."""
        places: list[Index] = []
        offsets: list[Index] = []
        guards: list[Guard] = []
        for axis, i, j in zip(self.axes, self.place[1:-1], number, strict=True):
            padded = i.plus(axis.low)
            if axis.stride == 1:
                place, rest = padded, Index()
            else:
                divisor = Dim(0, axis.stride)
                place = Index.of(Quotient(padded, divisor))
                rest = Index.of(Remainder(padded, divisor))
            back = Index.of(j)
            place = place.plus(back.times(-1))
            offset = rest.plus(back.times(axis.stride))
            most = j if isinstance(j, int) else -(-axis.window // axis.stride) - 1
            last = (axis.length - 1 + axis.low) // axis.stride
            if axis.low // axis.stride < most or last - (j if isinstance(j, int) else 0) >= (
                axis.places
            ):
                guards.append(Guard(place, ZERO, Dim(0, axis.places)))
            if (most + 1) * axis.stride > axis.window:
                guards.append(Guard(offset, ZERO, Dim(0, axis.window)))
            places.append(place)
            offsets.append(offset)
        return tuple(places), tuple(offsets), tuple(guards)


def total_gradient(operation: Operation, read: Read, place: Place) -> Folded:
    """An element of `window_sum_gradient`: every window gives its number to all that it holds."""
    (g,) = operation.inputs
    gather = _Gather.of(operation, place)
    dtype = wide(g.dtype)

    def term(number: tuple[Offset, ...]) -> Expression:
        places, _, guards = gather.windows(number)
        value = read(g, (place[0], *places, place[-1]))
        return widened(guarded(guards, value, 0), dtype)

    before, value = folded("sum", gather.extents, dtype, term)
    return before, widened(value, g.dtype)


def scatter(operation: Operation, read: Read, temporary: Temporary) -> Lowered:
    """`window_scatter`: every window gives its number to the place of its maximum."""
    x, g = operation.inputs
    axes = axes_of(operation, operation.params["window"])
    if few([a.window for a in axes]) and all(a.stride >= a.window for a in axes):
        return Lowered(nests=_apart(axes, x, g, read))
    kernel, which = which_maximum(operation, x, g.shape, read, temporary)
    dtype = wide(g.dtype)
    window = tuple(Dim(0, a.window) for a in axes)

    def element(place: Place) -> Folded:
        gather = _Gather.of(operation, place)

        def term(number: tuple[Offset, ...]) -> Expression:
            places, offsets, guards = gather.windows(number)
            at = (place[0], *places, place[-1])
            own = truth("eq", which(at), Ordinal(linear(offsets, window), int32))
            value = choice(own, read(g, at), Constant(0, g.dtype))
            return widened(guarded(guards, value, 0), dtype)

        before, value = folded("sum", gather.extents, dtype, term)
        return before, widened(value, g.dtype)

    return Lowered((kernel,), nests=(element_nest(x.shape, element),))


# --- windows that do not overlap --------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Stretch:
    """Neighbouring places of a window along one axis that have the same offsets in the image.

    Attributes:
        first: the first place; `count`: how many.
        offsets: those below the stride whose index lies in the image.
    """

    first: int
    count: int
    offsets: tuple[int, ...]


def _stretches(axis: Axis) -> list[_Stretch]:
    """Every index of the image once: place * stride + offset - low.

    There may be places beyond those of the window, for the indices that no window reaches.
    """
    last = (axis.length - 1 + axis.low) // axis.stride
    first = axis.low // axis.stride
    whole = axis.stride
    offsets = {
        q: tuple(r for r in range(whole) if axis.covers(*[q * whole + r - axis.low] * 2))
        for q in range(first, last + 1)
    }
    found: list[_Stretch] = []
    for q, own in offsets.items():
        before = found[-1] if found else None
        inside = q < axis.places
        if before and before.offsets == own and (before.first < axis.places) == inside:
            found[-1] = _Stretch(before.first, before.count + 1, own)
        else:
            found.append(_Stretch(q, 1, own))
    return found


def _apart(axes: tuple[Axis, ...], x: Value, g: Value, read: Read) -> tuple[Nest, ...]:
    """One turn for each window: it is read once, and all that it holds is written."""
    return tuple(
        _under(axes, stretches, x, g, read)
        for stretches in itertools.product(*map(_stretches, axes))
    )


def _under(
    axes: tuple[Axis, ...], stretches: Sequence[_Stretch], x: Value, g: Value, read: Read
) -> Nest:
    """The image under some windows, or under none, where it gets zeros."""
    b, c = Var("b", x.shape[0]), Var("c", x.shape[-1])
    turns = tuple(Var(f"q{i}", Dim(0, s.count)) for i, s in enumerate(stretches))
    places = [Index.of(q).plus(s.first) for q, s in zip(turns, stretches, strict=True)]

    def image(offset: Sequence[int]) -> Place:
        index = (a.read_at(p, k) for a, p, k in zip(axes, places, offset, strict=True))
        return (Index.of(b), *index, Index.of(c))

    zero = Constant(0, g.dtype)
    values: dict[tuple[int, ...], Expression] = {}
    if all(s.first < a.places for s, a in zip(stretches, axes, strict=True)):
        offsets = list(itertools.product(*(range(a.window) for a in axes)))
        around = Constant(lowest(x.dtype), x.dtype)
        seen = [read(x, image(o)) if _held(o, stretches) else around for o in offsets]
        outward = read(g, (Index.of(b), *places, Index.of(c)))
        for offset, hit in zip(offsets, hits(seen), strict=True):
            values[offset] = outward if hit is None else choice(hit, outward, zero)
    elements = tuple(
        (image(offset), values.get(offset, zero))
        for offset in itertools.product(*(s.offsets for s in stretches))
    )
    return Nest((b, *turns), c, elements)


def _held(offset: Sequence[int], stretches: Sequence[_Stretch]) -> bool:
    """Whether an offset lies in the image."""
    return all(k in s.offsets for k, s in zip(offset, stretches, strict=True))
