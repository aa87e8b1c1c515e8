"""Pooling and its gradients as loops whose lanes hold neighbouring channels.

All gather: what a window spreads over the image is computed once for each index of the image. Where
the maximum stands is found again from the image, or, where windows overlap or are large, by a
kernel that runs before and notes for each window the number of the place.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from thalweg.compiler.dims import ZERO, Dim, product
from thalweg.compiler.graph import Operation, Value
from thalweg.compiler.ir.expression import (
    Accumulator,
    Apply,
    Constant,
    Expression,
    Guard,
    Ordinal,
    Total,
)
from thalweg.compiler.ir.index import Index, Quotient, Remainder, Var
from thalweg.compiler.ir.program import Loops
from thalweg.compiler.ir.statement import Accumulate, Reset, Store
from thalweg.compiler.lower.folding import Folded, few, folded, serial
from thalweg.compiler.lower.geometry import (
    Axis,
    Lowered,
    Nest,
    Offset,
    Place,
    Read,
    Temporary,
    axes_of,
    element_loader,
    element_nest,
    guarded,
    image_index,
    linear,
    loop_nest,
    wide,
    widened,
)
from thalweg.tensor.dtypes import DType, bool_, int32

__all__ = ["maximum", "scatter", "select", "total", "total_gradient", "large_select"]


def _lowest(dtype: DType) -> float | int:
    return int(np.iinfo(dtype).min) if dtype.kind in "iu" else -np.inf


def _apply(name: str, *inputs: Expression) -> Expression:
    """A comparison or something between truth values."""
    return Apply(name, inputs, bool_)


def _select(condition: Expression, yes: Expression, no: Expression) -> Expression:
    return Apply("select", (condition, yes, no), yes.dtype)


@dataclass(frozen=True, slots=True)
class _Frame:
    """A place of a window, and how it reads an image there."""

    axes: tuple[Axis, ...]
    place: Place

    @staticmethod
    def of(operation: Operation, place: Place) -> _Frame:
        """At a place of what the windows give."""
        return _Frame(axes_of(operation, operation.params["window"]), place)

    @property
    def extents(self) -> list[int]:
        """The lengths of the window."""
        return [a.window for a in self.axes]

    def read(
        self, read: Read, image: Value, offset: Sequence[Offset], around: float | int
    ) -> Expression:
        """What the window holds at an offset; `around` stands in the padding."""
        b, *places, c = self.place
        index, guards = image_index(self.axes, places, offset)
        return guarded(guards, read(image, (b, *index, c)), around)


def maximum(operation: Operation, read: Read, place: Place) -> Folded:
    """An element of `window_max`."""
    (x,) = operation.inputs
    frame = _Frame.of(operation, place)
    around = _lowest(x.dtype)
    return folded("max", frame.extents, x.dtype, lambda k: frame.read(read, x, k, around))


def total(operation: Operation, read: Read, place: Place) -> Folded:
    """An element of `window_sum`."""
    (x,) = operation.inputs
    frame = _Frame.of(operation, place)
    dtype = wide(x.dtype)
    before, value = folded(
        "sum", frame.extents, dtype, lambda k: widened(frame.read(read, x, k, 0), dtype)
    )
    return before, widened(value, x.dtype)


# --- the place of the maximum -----------------------------------------------------------------


def _better(value: Expression, best: Expression) -> Expression:
    """Whether a value takes the place of the best one before it; the first NaN stays."""
    greater = _apply("gt", value, best)
    if value.dtype.kind in "iu":
        return greater
    not_less = _apply("not", _apply("le", value, best))
    return _apply("and", not_less, _apply("eq", best, best))


def _wins(values: Sequence[Expression]) -> list[Expression]:
    """For each but the first value, whether it is better than all before it."""
    found = []
    best = values[0]
    for value in values[1:]:
        better = _better(value, best)
        best = _select(better, value, best)
        found.append(better)
    return found


def _hits(values: Sequence[Expression]) -> list[Expression | None]:
    """For each value whether it is the first maximum; None for the only one."""
    wins = _wins(values)
    if not wins:
        return [None]
    hits: list[Expression | None] = []
    later: Expression | None = None
    for win in reversed(wins):
        hits.append(win if later is None else _apply("and", win, _apply("not", later)))
        later = win if later is None else _apply("or", win, later)
    assert later is not None
    hits.append(_apply("not", later))
    return hits[::-1]


def _which(
    operation: Operation, x: Value, shape: Sequence[Dim], read: Read, temporary: Temporary
) -> tuple[Loops, Callable[[Place], Expression]]:
    """A kernel that notes the number of the place of each maximum, and how to read it.

    Args:
        shape: that of what the windows give.
    """
    nest = element_nest(shape, lambda place: _number(_Frame.of(operation, place), x, read))
    buffer = temporary(int32, product(tuple(shape)))

    def store(place: Place, value: Expression) -> tuple[Store]:
        return (Store(buffer, linear(place, shape), value),)

    kernel = loop_nest([nest], store, "place of maximum", (operation.name,))
    return kernel, element_loader(buffer, shape)


def _number(frame: _Frame, x: Value, read: Read) -> Folded:
    """The number of the first place that holds the maximum."""
    around = _lowest(x.dtype)
    if few(frame.extents):
        wins = _wins([frame.read(read, x, k, around) for k in _offsets(frame)])
        value: Expression = Constant(0, int32)
        for number, win in enumerate(wins, start=1):
            value = _select(win, Constant(number, int32), value)
        return (), value
    best = Accumulator("argmax", x.dtype)
    extents = tuple(Dim(0, n) for n in frame.extents)
    loops = serial(
        frame.extents,
        lambda k: (Accumulate(best, frame.read(read, x, k, around), linear(k, extents)),),
    )
    return (Reset(best), *loops), Total(best, int32)


def _offsets(frame: _Frame) -> list[tuple[int, ...]]:
    return list(itertools.product(*map(range, frame.extents)))


def select(operation: Operation, read: Read, place: Place) -> Folded:
    """An element of `window_select` with a small window: of g, the one where x is largest."""
    x, g = operation.inputs
    frame = _Frame.of(operation, place)
    offsets = _offsets(frame)
    wins = _wins([frame.read(read, x, offset, _lowest(x.dtype)) for offset in offsets])
    value = frame.read(read, g, offsets[0], 0)
    for offset, win in zip(offsets[1:], wins, strict=True):
        value = _select(win, frame.read(read, g, offset, 0), value)
    return (), value


def large_select(operation: Operation, read: Read, temporary: Temporary) -> Lowered:
    """`window_select` with a large window."""
    x, g = operation.inputs
    shape = operation.outputs[0].shape
    kernel, which = _which(operation, x, shape, read, temporary)

    def element(place: Place) -> Folded:
        frame = _Frame.of(operation, place)
        extents = tuple(Dim(0, n) for n in frame.extents)
        number = which(place)

        def term(offset: tuple[Offset, ...]) -> Expression:
            own = Ordinal(linear(tuple(map(Index.of, offset)), extents), int32)
            value = frame.read(read, g, offset, 0)
            return _select(_apply("eq", number, own), value, Constant(0, g.dtype))

        # All but one term are zero, so the sum is exact.
        return folded("sum", frame.extents, g.dtype, term)

    return Lowered((kernel,), nests=(element_nest(shape, element),))


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
    kernel, which = _which(operation, x, g.shape, read, temporary)
    dtype = wide(g.dtype)
    window = tuple(Dim(0, a.window) for a in axes)

    def element(place: Place) -> Folded:
        gather = _Gather.of(operation, place)

        def term(number: tuple[Offset, ...]) -> Expression:
            places, offsets, guards = gather.windows(number)
            at = (place[0], *places, place[-1])
            own = _apply("eq", which(at), Ordinal(linear(offsets, window), int32))
            value = _select(own, read(g, at), Constant(0, g.dtype))
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
        around = Constant(_lowest(x.dtype), x.dtype)
        seen = [read(x, image(o)) if _held(o, stretches) else around for o in offsets]
        outward = read(g, (Index.of(b), *places, Index.of(c)))
        for offset, hit in zip(offsets, _hits(seen), strict=True):
            values[offset] = outward if hit is None else _select(hit, outward, zero)
    elements = tuple(
        (image(offset), values.get(offset, zero))
        for offset in itertools.product(*(s.offsets for s in stretches))
    )
    return Nest((b, *turns), c, elements)


def _held(offset: Sequence[int], stretches: Sequence[_Stretch]) -> bool:
    """Whether an offset lies in the image."""
    return all(k in s.offsets for k, s in zip(offset, stretches, strict=True))
