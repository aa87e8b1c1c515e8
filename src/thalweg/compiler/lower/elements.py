"""One element of a value as an expression, seen through everything that is not stored.

Movement (reshape, transpose, slice ...) only changes the indices, so it costs nothing. Elementwise
operations are computed where they are used.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence

from thalweg.compiler.dims import ONE, ZERO, Dim, NotAffineError
from thalweg.compiler.graph import Number, Operation, Value
from thalweg.compiler.ir.expression import (
    Apply,
    Bits,
    Choose,
    Constant,
    Expression,
    Guard,
    Ordinal,
)
from thalweg.compiler.ir.index import Datum, Index, Quotient, Remainder
from thalweg.tensor.dtypes import int64

__all__ = [
    "VIEWS",
    "VIRTUAL",
    "Elements",
    "Place",
    "clamped",
    "delinearised",
    "linear",
    "row_major",
]

Place = tuple[Index, ...]
Key = tuple[Value, Place]


@functools.lru_cache(4096)
def row_major(shape: tuple[Dim, ...]) -> tuple[Dim, ...]:
    """The strides of a dense tensor, in elements."""
    strides = [ONE] * len(shape)
    for i in range(len(shape) - 2, -1, -1):
        strides[i] = strides[i + 1].times(shape[i + 1])
    return tuple(strides)


def linear(place: Sequence[Index], shape: Sequence[Dim]) -> Index:
    """The number of an element in row-major order."""
    found = Index()
    for index, stride in zip(place, row_major(tuple(shape)), strict=True):
        found = found.plus(index.times(stride))
    return found


def delinearised(number: Index, shape: Sequence[Dim]) -> Place:
    """The place of the element with a number in row-major order."""
    found: list[Index] = []
    rest = number
    for length, stride in zip(shape, row_major(tuple(shape)), strict=True):
        if length == ONE:
            found.append(Index())
            continue
        found.append(rest.divided(stride))
        rest = rest.remainder(stride)
    return tuple(found)


def _reshaped(place: Place, shape: Sequence[Dim], source: Sequence[Dim]) -> Place:
    """Where an element of a reshaped tensor lies in the source.

    Axes are handled in the smallest groups whose lengths have the same product, so that an index
    never needs more divisions than the change of shape itself.
    """
    found: list[Index] = []
    i = j = 0
    while i < len(shape) or j < len(source):
        a, b = i, j
        left = right = ONE
        if i < len(shape):
            left, i = left.times(shape[i]), i + 1
        if j < len(source):
            right, j = right.times(source[j]), j + 1
        while left != right:
            # Grow the side that has fewer elements; only one of them can depend on the batch alone.
            if (left.at_most(right) and i < len(shape)) or j >= len(source):
                left, i = left.times(shape[i]), i + 1
            else:
                right, j = right.times(source[j]), j + 1
        found.extend(delinearised(linear(place[a:i], shape[a:i]), source[b:j]))
    return tuple(found)


class Elements:
    """Gives elements of values, each (value, place) as one object.

    Args:
        producers: which operation gives each value.
        stored: the expression of an element of a value that is stored (or made by the kernel at
            hand), or None where it is to be computed from its operation.
    """

    def __init__(
        self,
        producers: dict[Value, Operation],
        stored: Callable[[Value, Place], Expression | None],
    ) -> None:
        self._producers = producers
        self._stored = stored
        self._known: dict[tuple[Value, Place], Expression] = {}

    def at(self, value: Value, place: Place) -> Expression:
        """The element of a value at a place (an index for each axis)."""
        known = self._known
        # Operands first, by hand, so that long chains do not become deep recursion.
        stack = [(value, place)]
        operands: dict[Key, list[Key]] = {}
        while stack:
            key = stack[-1]
            if key not in known:
                needed = operands.get(key)
                if needed is None:
                    found = self._stored(*key)
                    if found is not None:
                        known[key] = found
                        stack.pop()
                        continue
                    needed = operands[key] = self._operands(*key)
                    waiting = [k for k in needed if k not in known]
                    if waiting:
                        stack.extend(reversed(waiting))
                        continue
                known[key] = self._computed(*key, needed)
            stack.pop()
        return known[value, place]

    def of(self, value: Value, place: Place) -> Expression:
        """The element as its operation computes it, even if the value is stored."""
        needed = self._operands(value, place)
        for key in needed:
            self.at(*key)
        return self._computed(value, place, needed)

    def _operands(self, value: Value, place: Place) -> list[Key]:
        """The elements that one is computed from, where no rule asks for them itself."""
        operation = self._producers[value]
        if isinstance(operation.kind, Number) or operation.name in _RULES:
            return []
        move = _MOVES.get(operation.name)
        if move is not None:
            return [(operation.inputs[0], move(operation, place))]
        return [(x, place) for x in operation.inputs]

    def _computed(self, value: Value, place: Place, operands: list[Key]) -> Expression:
        operation = self._producers[value]
        kind = operation.kind
        if isinstance(kind, Number):
            if isinstance(kind.value, Dim):
                return Ordinal(Index.of(kind.value), value.dtype)
            return Constant(kind.value, value.dtype)
        rule = _RULES.get(operation.name)
        if rule is not None:
            return rule(self, operation, place)
        inputs = tuple(self._known[key] for key in operands)
        if operation.name in _MOVES or operation.family == "reduce":  # over no axes
            return inputs[0]
        return Apply(operation.name, inputs, value.dtype, operation.params)


def _reshape(op: Operation, place: Place) -> Place:
    return _reshaped(place, op.outputs[0].shape, op.inputs[0].shape)


def _transpose(op: Operation, place: Place) -> Place:
    inner = [Index()] * len(place)
    for index, axis in zip(place, op.params["axes"], strict=True):
        inner[axis] = index
    return tuple(inner)


def _broadcast(op: Operation, place: Place) -> Place:
    source = op.inputs[0].shape
    kept = place[len(place) - len(source) :]
    return tuple(Index() if n == ONE else i for i, n in zip(kept, source, strict=True))


def _slice(op: Operation, place: Place) -> Place:
    return tuple(
        i.times(step).plus(start)
        for i, start, step in zip(place, op.params["start"], op.params["step"], strict=True)
    )


def _reverse(op: Operation, place: Place) -> Place:
    axes = op.params["axes"]
    return tuple(
        i.times(-1).plus(n.minus(1)) if axis in axes else i
        for axis, (i, n) in enumerate(zip(place, op.inputs[0].shape, strict=True))
    )


def _pad(elements: Elements, op: Operation, place: Place) -> Expression:
    guards: list[Guard] = []
    inner: list[Index] = []
    params = op.params
    for i, n, low, high, gap in zip(
        place, op.inputs[0].shape, params["low"], params["high"], params["inner"], strict=True
    ):
        moved = i.plus(Dim.of(low).times(-1))
        between = Dim.of(gap)
        if between != ZERO:
            if between.scale:
                raise NotAffineError("pad: the gaps between elements grow with the batch.")
            # Elements stand further apart; what lies between them is padding. Shifted by a
            # multiple of the distance, so that what is divided is never negative.
            apart = between.offset + 1
            guards.append(Guard(moved, ZERO, n.minus(1).times(apart).plus(1)))
            shift = -(-Dim.of(low).offset // apart) * apart
            safe = moved.plus(shift)
            guards.append(Guard(Index.of(Remainder(safe, Dim.of(apart))), ZERO, ONE))
            inner.append(Index.of(Quotient(safe, Dim.of(apart))).plus(-shift // apart))
            continue
        if Dim.of(low) != ZERO or Dim.of(high) != ZERO:
            guards.append(Guard(moved, ZERO, n))
        inner.append(moved)
    inside = elements.at(op.inputs[0], tuple(inner))
    if not guards:
        return inside
    return Choose(tuple(guards), inside, elements.at(op.inputs[1], ()))


def _concat(elements: Elements, op: Operation, place: Place) -> Expression:
    axis = op.params["axis"]
    begins = [ZERO]
    for x in op.inputs[:-1]:
        begins.append(begins[-1].plus(x.shape[axis]))

    def part(k: int) -> Expression:
        index = place[axis].plus(begins[k].times(-1))
        return elements.at(op.inputs[k], (*place[:axis], index, *place[axis + 1 :]))

    found = part(len(op.inputs) - 1)
    for k in range(len(op.inputs) - 2, -1, -1):
        found = Choose((Guard(place[axis], begins[k], begins[k + 1]),), part(k), found)
    return found


def _iota(elements: Elements, op: Operation, place: Place) -> Expression:
    return Ordinal(place[op.params["axis"]], op.outputs[0].dtype)


def _random_bits(elements: Elements, op: Operation, place: Place) -> Expression:
    (key,) = op.inputs
    words = (
        elements.at(key, (Index.of(0),)),
        elements.at(key, (Index.of(1),)),
    )
    return Bits(words, linear(place, op.outputs[0].shape), op.outputs[0].dtype)


def _gather(elements: Elements, op: Operation, place: Place) -> Expression:
    x, indices = op.inputs
    axis = op.params["axis"]
    rank = len(indices.shape)
    number = elements.at(indices, place[axis : axis + rank])
    index = Index.of(Datum(clamped(number, x.shape[axis]), x.shape[axis]))
    return elements.at(x, (*place[:axis], index, *place[axis + rank :]))


def _dynamic_slice(elements: Elements, op: Operation, place: Place) -> Expression:
    x, start = op.inputs
    inner: list[Index] = []
    for axis, (i, n, m) in enumerate(zip(place, x.shape, op.outputs[0].shape, strict=True)):
        if n != m:  # a whole axis begins at 0
            number = elements.at(start, (Index.of(axis),))
            places = n.minus(m).plus(1)
            i = i.plus(Index.of(Datum(clamped(number, places), places)))
        inner.append(i)
    return elements.at(x, tuple(inner))


def clamped(number: Expression, length: Dim) -> Expression:
    """An integer moved to the nearest of 0 .. length - 1, as an int64."""
    dtype = number.dtype
    wide: Expression = number
    if dtype != int64:
        wide = Apply("cast", (number,), int64, {"dtype": int64})
    if dtype.kind == "u":
        # Beyond int64 there are no lengths; the comparison is made without a sign.
        wide = Apply("min", (number, Ordinal(Index.of(length.minus(1)), dtype)), dtype)
        return Apply("cast", (wide,), int64, {"dtype": int64})
    last = Ordinal(Index.of(length.minus(1)), int64)
    upper = Apply("min", (wide, last), int64)
    return Apply("max", (upper, Constant(0, int64)), int64)


# Where an element of a view lies in what is viewed.
_MOVES: dict[str, Callable[[Operation, Place], Place]] = {
    "reshape": _reshape,
    "transpose": _transpose,
    "broadcast_to": _broadcast,
    "slice": _slice,
    "reverse": _reverse,
}
_RULES: dict[str, Callable[[Elements, Operation, Place], Expression]] = {
    "pad": _pad,
    "concat": _concat,
    "iota": _iota,
    "random_bits": _random_bits,
    "gather": _gather,
    "dynamic_slice": _dynamic_slice,
}

# What can be computed element by element from its inputs, besides elementwise operations.
VIEWS = frozenset(_MOVES)
VIRTUAL = VIEWS | frozenset(_RULES)
