"""Index: an integer computed from loop variables, as a sum of terms.

`offset + sum(coefficient * atom)`: an atom is a loop variable, a quotient or remainder of another
index (what a reshape leaves that does not merge), or an integer read from data (what a gather
leaves). Coefficients may depend on the batch size. Indices are compared by value.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from thalweg.compiler.dims import ONE, ZERO, Dim

__all__ = ["Atom", "Datum", "Index", "Quotient", "Remainder", "Var"]


@dataclass(frozen=True, slots=True, eq=False)
class Var:
    """A loop variable: it runs from 0 to `extent` - 1. Two variables are never the same."""

    name: str
    extent: Dim

    def __repr__(self) -> str:
        return f"{self.name}<{self.extent}"


@dataclass(frozen=True, slots=True)
class Quotient:
    """`index // divisor`; the index is not negative."""

    index: Index
    divisor: Dim


@dataclass(frozen=True, slots=True)
class Remainder:
    """`index % divisor`; the index is not negative."""

    index: Index
    divisor: Dim


@dataclass(frozen=True, slots=True)
class Datum:
    """An integer that an expression computes, already known to lie in 0 .. extent - 1."""

    expression: Any  # an Expression; compared by identity
    extent: Dim


Atom = Var | Quotient | Remainder | Datum


@dataclass(frozen=True, slots=True)
class Index:
    """`offset + sum(coefficient * atom for atom, coefficient in terms)`."""

    terms: tuple[tuple[Atom, Dim], ...] = ()
    offset: Dim = ZERO

    @staticmethod
    def of(value: Index | Atom | Dim | int) -> Index:
        """An index from a variable or a number."""
        if isinstance(value, Index):
            return value
        if isinstance(value, (int, Dim)):
            return Index((), Dim.of(value))
        return Index(((value, ONE),))

    def plus(self, other: Index | Dim | int) -> Index:
        """The sum."""
        b = other if type(other) is Index else Index.of(other)
        if not b.terms:
            return self if b.offset == ZERO else Index(self.terms, self.offset.plus(b.offset))
        if not self.terms and self.offset == ZERO:
            return b
        found = dict(self.terms)
        for atom, coefficient in b.terms:
            found[atom] = found[atom].plus(coefficient) if atom in found else coefficient
        joined = _join_parts(found)
        terms = tuple((a, c) for a, c in found.items() if c != ZERO)
        return Index(terms, self.offset.plus(b.offset).plus(joined))

    def times(self, factor: Dim | int) -> Index:
        """The product with a number."""
        if factor == ONE or factor == 1:
            return self
        if factor in (0, ZERO):
            return Index()
        terms = tuple((a, c.times(factor)) for a, c in self.terms)
        return Index(terms, self.offset.times(factor))

    def divided(self, divisor: Dim | int) -> Index:
        """`self // divisor`, simplified where it can be proved."""
        return self._split(Dim.of(divisor))[0]

    def remainder(self, divisor: Dim | int) -> Index:
        """`self % divisor`, simplified where it can be proved."""
        return self._split(Dim.of(divisor))[1]

    def _split(self, divisor: Dim) -> tuple[Index, Index]:
        if divisor == ONE:
            return self, Index()
        outer, rest = Index(), Index()
        for atom, coefficient in self.terms:
            quotient = coefficient.divided(divisor)
            term = Index(((atom, coefficient),))
            if quotient is None:
                rest = rest.plus(term)
            else:
                outer = outer.plus(Index(((atom, quotient),)))
        quotient = self.offset.divided(divisor)
        if quotient is not None:
            outer = outer.plus(quotient)
        elif self.offset.static and divisor.static:
            outer = outer.plus(self.offset.offset // divisor.offset)
            rest = rest.plus(self.offset.offset % divisor.offset)
        else:
            rest = rest.plus(self.offset)
        if rest == Index():
            return outer, rest
        most = rest.most()
        if most is not None and most.plus(1).at_most(divisor) and rest.not_negative():
            return outer, rest
        if not rest.not_negative():  # the whole is never negative, though this part of it may be
            return Index.of(Quotient(self, divisor)), Index.of(Remainder(self, divisor))
        return outer.plus(Index.of(Quotient(rest, divisor))), Index.of(Remainder(rest, divisor))

    def not_negative(self) -> bool:
        """Whether no term is negative (a proof, not a guess)."""
        return all(ZERO.at_most(c) for _, c in self.terms) and ZERO.at_most(self.offset)

    def most(self) -> Dim | None:
        """An upper bound, None where it is not affine in the batch size."""
        total = self.offset
        for atom, coefficient in self.terms:
            if not ZERO.at_most(coefficient):
                continue  # the atom is at least 0
            bound = _most(atom)
            if bound is None or (coefficient.scale and bound.scale):
                return None
            total = total.plus(coefficient.times(bound))
        return total

    def variables(self) -> frozenset[Var]:
        """The loop variables that it depends on (not those inside data)."""
        found: set[Var] = set()
        for atom, _ in self.terms:
            if isinstance(atom, Var):
                found.add(atom)
            elif isinstance(atom, (Quotient, Remainder)):
                found |= atom.index.variables()
        return frozenset(found)

    def replaced(self, values: dict[Var, Index]) -> Index:
        """With indices in the place of variables (not inside data)."""
        found = Index((), self.offset)
        for atom, coefficient in self.terms:
            if isinstance(atom, Var):
                inner = values.get(atom, Index.of(atom))
            elif isinstance(atom, Quotient):
                inner = atom.index.replaced(values).divided(atom.divisor)
            elif isinstance(atom, Remainder):
                inner = atom.index.replaced(values).remainder(atom.divisor)
            else:
                inner = Index.of(atom)
            found = found.plus(inner.times(coefficient))
        return found

    def stride(self, variable: Var) -> Dim | None:
        """By how much it grows with a variable; None where not by the same amount each time."""
        total = ZERO
        for atom, coefficient in self.terms:
            if atom is variable:
                total = total.plus(coefficient)
            elif isinstance(atom, Datum) or (
                isinstance(atom, (Quotient, Remainder)) and variable in atom.index.variables()
            ):
                return None
        return total

    def __str__(self) -> str:
        parts = [_show(atom, c) for atom, c in self.terms]
        if self.offset != ZERO or not parts:
            parts.append(str(self.offset))
        return " + ".join(parts)


def _join_parts(terms: dict[Atom, Dim]) -> Dim:
    """`(x // d) * (d * c) + (x % d) * c` is `x * c`: what a reshape there and back leaves.

    Changes `terms` and gives the offset to add.
    """
    offset = ZERO
    for atom, coefficient in list(terms.items()):
        if not isinstance(atom, Remainder) or (coefficient.scale and atom.divisor.scale):
            continue
        whole = Quotient(atom.index, atom.divisor)
        if terms.get(atom) != coefficient or terms.get(whole) != coefficient.times(atom.divisor):
            continue
        del terms[atom], terms[whole]
        joined = atom.index.times(coefficient)
        offset = offset.plus(joined.offset)
        for inner, factor in joined.terms:
            terms[inner] = terms[inner].plus(factor) if inner in terms else factor
        offset = offset.plus(_join_parts(terms))
    return offset


def _most(atom: Atom) -> Dim | None:
    if isinstance(atom, (Var, Datum)):
        return atom.extent.minus(1)
    if isinstance(atom, Remainder):
        return atom.divisor.minus(1)
    most = atom.index.most()
    if most is None or atom.divisor.scale or most.scale % atom.divisor.offset:
        return None
    # floor((s n + o) / d) with d dividing s
    return Dim(most.scale // atom.divisor.offset, most.offset // atom.divisor.offset)


def _show(atom: Atom, coefficient: Dim) -> str:
    if isinstance(atom, Var):
        text = atom.name
    elif isinstance(atom, Quotient):
        text = f"({atom.index}) // {atom.divisor}"
    elif isinstance(atom, Remainder):
        text = f"({atom.index}) % {atom.divisor}"
    else:
        text = f"data<{atom.extent}"
    return text if coefficient == ONE else f"{coefficient}*{text}"
