"""Addresses: indices as LLVM integers, and how they grow from lane to lane.

Over the lanes an index is either affine (then its value in the first lane and a stride say all) or
a vector of its own. A reshape leaves quotients and remainders of the lanes' variable: these are
affine where a vector cannot straddle a multiple of the divisor, and cost a comparison where it
straddles at most one.
"""

from __future__ import annotations

from collections.abc import Callable

from thalweg.compiler.dims import ONE, ZERO, Dim
from thalweg.compiler.ir.expression import (
    Apply,
    Constant,
    Expression,
    Guard,
    Load,
    Ordinal,
    walk,
)
from thalweg.compiler.ir.index import Atom, Datum, Quotient, Remainder, Var
from thalweg.compiler.ir.index import Index as Formula
from thalweg.compiler.render.llvm.builder import Builder, Index, Type, Value
from thalweg.compiler.render.llvm.kernel import length
from thalweg.compiler.render.llvm.lanes import Lanes, Place

__all__ = ["Addresses"]

_SMALL = 2**31


class Addresses:
    """Computes indices at places.

    Args:
        b: where to write.
        n: the batch size.
        read: the value of an expression at a place.
        varies: whether an expression differs from lane to lane there.
    """

    def __init__(
        self,
        b: Builder,
        n: Value,
        read: Callable[[Expression, Place], Value],
        varies: Callable[[Expression, Place], bool],
    ) -> None:
        self.b = b
        self.n = n
        self._read = read
        self._varies = varies

    def length(self, dim: Dim) -> Index:
        """A length as an index."""
        return length(self.b, dim, self.n)

    # --- how indices grow

    def stride(self, index: Formula, place: Place) -> Dim | None:
        """By how much an index grows from lane to lane; None where not evenly."""
        total = ZERO
        if place.lanes is None:
            return total
        for atom, coefficient in index.terms:
            step = self._stride_of(atom, place)
            if step is None or (step.scale and coefficient.scale):
                return None
            total = total.plus(step.times(coefficient))
        return total

    def _stride_of(self, atom: Atom, place: Place) -> Dim | None:
        lanes = place.lanes
        assert lanes is not None
        if isinstance(atom, Var):
            return ONE if atom is lanes.variable else ZERO
        if isinstance(atom, Datum):
            return ZERO if self._same(atom.expression, place) else None
        inner = self.stride(atom.index, place)
        if inner == ZERO:
            return ZERO
        if inner is None or not _stays(atom, inner, lanes):
            return None
        return inner if isinstance(atom, Remainder) else ZERO

    def _same(self, expression: Expression, place: Place) -> bool:
        """Whether data are one number for all lanes: rows of a table that vectors lie inside of."""
        if not self._varies(expression, place):
            return True
        parts = list(walk(expression))
        if not all(isinstance(e, (Apply, Constant, Load, Ordinal)) for e in parts):
            return False
        indices = [e.index for e in parts if isinstance(e, (Load, Ordinal))]
        return all(self.stride(index, place) == ZERO for index in indices)

    def even(self, index: Formula, lanes: Lanes) -> bool:
        """Whether an index is known to be even in the first lane."""
        return lanes.aligned and lanes.count % 2 == 0 and _multiple(index, 2, lanes)

    # --- values

    def value(self, index: Formula, place: Place) -> Index:
        """An index: in the first lane where it is affine over the lanes, else a vector."""
        b = self.b
        total: Index = 0
        vectors: list[Value] = []
        for atom, coefficient in self._ordered(index, place):
            found = self._atom(atom, place)
            if isinstance(found, Value) and found.type.lanes > 1:
                if coefficient != ONE:
                    factor = b.index(self.length(coefficient))
                    found = b.binary("mul nsw", found, b.splat(factor, found.type.lanes))
                vectors.append(found)
            else:
                total = b.add(total, b.mul(found, self.length(coefficient)))
        total = b.add(total, self.length(index.offset))
        if not vectors:
            return total
        assert place.lanes is not None
        result = self.spread(total, self._affine_part(index, place), place.lanes.count)
        for vector in vectors:
            result = b.binary("add nsw", result, vector)
        return result

    def lanes(self, index: Formula, place: Place) -> Value:
        """An index as a vector, one for each lane."""
        assert place.lanes is not None
        found = self.value(index, place)
        if isinstance(found, Value) and found.type.lanes > 1:
            return found
        stride = self.stride(index, place)
        assert stride is not None
        return self.spread(found, stride, place.lanes.count)

    def spread(self, first: Index, stride: Dim, count: int) -> Value:
        """`first`, `first + stride`, ... in the lanes."""
        b = self.b
        base = b.splat(b.index(first), count)
        if stride == ZERO:
            return base
        if stride.static:
            steps = b.ints(b.target.index, [stride.offset * i for i in range(count)])
        else:
            steps = b.ints(b.target.index, range(count))
            steps = b.binary("mul nsw", steps, b.splat(b.index(self.length(stride)), count))
        return b.binary("add nsw", base, steps)

    def _affine_part(self, index: Formula, place: Place) -> Dim:
        """The stride of the terms that are affine."""
        total = ZERO
        for atom, coefficient in index.terms:
            step = self._stride_of(atom, place)
            if step is not None:
                total = total.plus(step.times(coefficient))
        return total

    def _ordered(self, index: Formula, place: Place) -> list[tuple[Atom, Dim]]:
        """The terms, those that change least often first: LLVM moves these sums out of loops."""
        if len(index.terms) == 1:
            return list(index.terms)
        depth = {variable: i for i, variable in enumerate(place.env)}

        def rank(term: tuple[Atom, Dim]) -> int:
            atom = term[0]
            if isinstance(atom, Var):
                return depth.get(atom, 0)
            if isinstance(atom, Datum):
                return len(depth)
            return max((depth.get(v, 0) for v in atom.index.variables()), default=0)

        return sorted(index.terms, key=rank)

    def _atom(self, atom: Atom, place: Place) -> Index:
        b = self.b
        if isinstance(atom, Var):
            return place.env[atom]
        if isinstance(atom, Datum):
            found = self._read(atom.expression, place)
            return b.as_index(found, atom.expression.dtype.kind == "i")
        inner = self.stride(atom.index, place)
        divide = b.div if isinstance(atom, Quotient) else b.rem
        even = inner == ZERO or (
            inner is not None and place.lanes is not None and _stays(atom, inner, place.lanes)
        )
        if even:
            return divide(self.value(atom.index, place), self.length(atom.divisor))
        assert place.lanes is not None
        if inner is not None and _straddles_once(atom.divisor, inner, place.lanes.count):
            return self._straddling(atom, inner, place, place.lanes.count)
        return self._divided(atom, place, place.lanes.count)

    def _straddling(
        self, atom: Quotient | Remainder, stride: Dim, place: Place, count: int
    ) -> Value:
        """Lanes that pass at most one multiple of the divisor: one division for all of them."""
        b = self.b
        first = self.value(atom.index, place)
        divisor = self.length(atom.divisor)
        rest = self.spread(b.rem(first, divisor), stride, count)
        limit = b.splat(b.index(divisor), count)
        beyond = b.icmp("sge", rest, limit)
        if isinstance(atom, Remainder):
            return b.select(beyond, b.binary("sub nsw", rest, limit), rest)
        quotient = b.splat(b.index(b.div(first, divisor)), count)
        return b.binary("add nsw", quotient, b.convert("zext", beyond, b.target.index))

    def _divided(self, atom: Quotient | Remainder, place: Place, count: int) -> Value:
        b = self.b
        vector = self.lanes(atom.index, place)
        divisor = b.splat(b.index(self.length(atom.divisor)), count)
        instruction = "udiv" if isinstance(atom, Quotient) else "urem"
        most = atom.index.most()
        if atom.divisor.static and most is not None and most.static and most.offset < _SMALL:
            # Vectors of 32-bit integers are divided by a constant with a few multiplications.
            small = b.integer(vector, "i32")
            by = b.number(small.type, atom.divisor.offset)
            return b.integer(b.binary(instruction, small, by), b.target.index, signed=False)
        return b.binary(instruction, vector, divisor)

    # --- guards

    def guard(self, guard: Guard, place: Place) -> Value | None:
        """Whether `low <= index < high`: an i1, a vector of them, or None where it always holds."""
        b = self.b
        index = guard.index
        most = index.most()
        certain_low = guard.low.at_most(ZERO) and index.not_negative()
        certain_high = most is not None and most.plus(1).at_most(guard.high)
        if certain_low and certain_high:
            return None
        found = self.value(index, place)
        low, high = self.length(guard.low), self.length(guard.high)
        stride = self.stride(index, place)
        element = b.target.index
        if isinstance(found, Value) and found.type.lanes > 1:
            value = found
        elif stride is None or stride == ZERO or place.lanes is None:
            value = b.index(found)
        else:
            # Compared in 32 bits where that is enough: half as many registers.
            count = place.lanes.count
            if (
                stride.static
                and _is_small(index)
                and isinstance(low, int)
                and isinstance(high, int)
            ):
                element = "i32"
                base = b.integer(b.index(found), "i32")
                steps = b.ints("i32", [stride.offset * i for i in range(count)])
                value = b.binary("add nsw", b.splat(base, count), steps)
            else:
                value = self.spread(found, stride, count)
        one = Type(element)
        low_value = b.splat(Value(b.index(low).text, one), value.type.lanes)
        high_value = b.splat(Value(b.index(high).text, one), value.type.lanes)
        if certain_low:
            return b.icmp("slt", value, high_value)
        if certain_high:
            return b.icmp("sge", value, low_value)
        # As unsigned numbers what lies below `low` is large.
        if low == 0:
            return b.icmp("ult", value, high_value)
        span = b.splat(Value(b.index(b.sub(high, low)).text, one), value.type.lanes)
        return b.icmp("ult", b.binary("sub", value, low_value), span)


def _is_small(index: Formula) -> bool:
    """Whether no value of an index needs more than 32 bits."""
    most = index.most()
    least = index.times(-1).most()
    return all(d is not None and d.static and abs(d.offset) < _SMALL for d in (most, least))


def _stays(atom: Quotient | Remainder, stride: Dim, lanes: Lanes) -> bool:
    """Whether no vector straddles a multiple of the divisor."""
    if not lanes.aligned or not stride.static or stride.offset <= 0 or not atom.divisor.static:
        return False
    span = stride.offset * lanes.count
    return atom.divisor.offset % span == 0 and _multiple(atom.index, span, lanes)


def _multiple(index: Formula, span: int, lanes: Lanes) -> bool:
    """Whether an index, in the first lane, is a multiple of a number."""
    if index.offset.scale % span or index.offset.offset % span:
        return False
    for atom, coefficient in index.terms:
        if coefficient.scale % span == 0 and coefficient.offset % span == 0:
            continue
        if not coefficient.static:
            return False
        if atom is lanes.variable and coefficient.offset * lanes.count % span == 0:
            continue
        if (
            isinstance(atom, Remainder)
            and coefficient == ONE
            and atom.divisor.static
            and atom.divisor.offset % span == 0
            and _multiple(atom.index, span, lanes)
        ):
            continue
        return False
    return True


def _straddles_once(divisor: Dim, stride: Dim, count: int) -> bool:
    """Whether a vector can pass at most one multiple of the divisor."""
    return stride.static and stride.offset > 0 and Dim(0, stride.offset * count).at_most(divisor)
