"""Flat contractions: one loop variable for each of batch, m, n and k.

A group of several variables becomes one that runs over all of them. Where an index goes through a
group without gaps it stays affine; elsewhere quotients and remainders recover the parts.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from thalweg.compiler.dims import ONE, ZERO, Dim, NotAffineError, product
from thalweg.compiler.ir.expression import (
    Apply,
    Bits,
    Choose,
    Expression,
    Guard,
    Load,
    Ordinal,
    walk,
)
from thalweg.compiler.ir.index import Atom, Datum, Index, Quotient, Remainder, Var
from thalweg.compiler.ir.program import Contract
from thalweg.compiler.ir.statement import Store
from thalweg.tensor.dtypes import DType

__all__ = ["Flat", "flatten"]


@dataclass(frozen=True, slots=True, eq=False)
class Flat:
    """A `Contract` whose groups are one variable each (of extent 1 where a group is empty)."""

    batch: Var
    m: Var
    n: Var
    k: Var
    left: Expression
    right: Expression
    epilogue: tuple[Store, ...]
    dtype: DType

    def swapped(self) -> Flat:
        """The same sums with the roles of m and n, and of left and right, exchanged."""
        return Flat(
            self.batch, self.n, self.m, self.k, self.right, self.left, self.epilogue, self.dtype
        )


def flatten(kernel: Contract) -> Flat:
    """A contraction in terms of four variables.

    Raises:
        TypeError: if the epilogue holds anything but stores.
    """
    groups = [_Group(name, getattr(kernel, name)) for name in ("batch", "m", "n", "k")]
    rewrite = _Rewriter([g for g in groups if not g.trivial])
    stores: list[Store] = []
    for s in kernel.epilogue:
        if not isinstance(s, Store):
            raise TypeError(f"The epilogue of {kernel.title!r} must be stores, got {s!r}.")
        stores.append(Store(s.buffer, rewrite.index(s.index), rewrite.expression(s.value)))
    batch, m, n, k = (g.flat for g in groups)
    return Flat(
        batch,
        m,
        n,
        k,
        rewrite.expression(kernel.left),
        rewrite.expression(kernel.right),
        tuple(stores),
        kernel.dtype,
    )


class _Group:
    """The variables of one group and the flat one that stands for them."""

    def __init__(self, name: str, variables: Sequence[Var]) -> None:
        self.ones = [v for v in variables if v.extent == ONE]
        self.parts = [v for v in variables if v.extent != ONE]
        self.trivial = len(self.parts) < 2 and not self.ones
        if len(self.parts) == 1:
            self.flat = self.parts[0]
        else:
            self.flat = Var(name, product(tuple(v.extent for v in self.parts)))

    def within(self, index: Index) -> dict[Var, Index] | Index:
        """The index itself where the flat variable takes it over; else what to put in for each."""
        zeros = {v: Index() for v in self.ones}
        if len(self.parts) < 2:
            return zeros
        step = self._step(index)
        if step is not None:
            rest = index.replaced(zeros | {v: Index() for v in self.parts})
            return rest.plus(Index.of(self.flat).times(step))
        values, whole = zeros, Index.of(self.flat)
        for v in reversed(self.parts[1:]):
            values[v] = whole.remainder(v.extent)
            whole = whole.divided(v.extent)
        values[self.parts[0]] = whole
        return values

    def _step(self, index: Index) -> Dim | None:
        """By how much an index grows with the flat variable; None where not evenly."""
        steps = [index.stride(v) for v in self.parts]
        last = steps[-1]
        expected: Dim | None = last
        for v, step in zip(reversed(self.parts), reversed(steps), strict=True):
            if step is None or step != expected:
                return None
            try:
                expected = step.times(v.extent)
            except NotAffineError:
                expected = ZERO if step == ZERO else None
        return last


class _Rewriter:
    """Puts the flat variables in the place of the parts; shared expressions stay shared."""

    def __init__(self, groups: Sequence[_Group]) -> None:
        self.groups = groups
        self._found: dict[int, Expression] = {}

    def index(self, index: Index) -> Index:
        """An index in terms of the flat variables, inside data too."""
        for group in self.groups:
            found = group.within(index)
            index = found if isinstance(found, Index) else index.replaced(found)
        return self._data(index)

    def expression(self, root: Expression) -> Expression:
        """An expression in terms of the flat variables."""
        if not self.groups:
            return root
        for e in walk(root):
            if id(e) not in self._found:
                self._found[id(e)] = self._one(e)
        return self._found[id(root)]

    def _one(self, e: Expression) -> Expression:
        if isinstance(e, Load):
            return Load(e.buffer, self.index(e.index))
        if isinstance(e, Ordinal):
            return Ordinal(self.index(e.index), e.dtype)
        if isinstance(e, Apply):
            return Apply(e.name, tuple(self._found[id(x)] for x in e.inputs), e.dtype, e.params)
        if isinstance(e, Bits):
            key = (self._found[id(e.key[0])], self._found[id(e.key[1])])
            return Bits(key, self.index(e.counter), e.dtype)
        if isinstance(e, Choose):
            guards = tuple(Guard(self.index(g.index), g.low, g.high) for g in e.guards)
            return Choose(guards, self._found[id(e.then)], self._found[id(e.otherwise)])
        return e

    def _data(self, index: Index) -> Index:
        found = Index((), index.offset)
        for atom, coefficient in index.terms:
            found = found.plus(Index(((self._atom(atom), coefficient),)))
        return found

    def _atom(self, atom: Atom) -> Atom:
        if isinstance(atom, Datum):
            return Datum(self._found[id(atom.expression)], atom.extent)
        if isinstance(atom, Quotient):
            return Quotient(self._data(atom.index), atom.divisor)
        if isinstance(atom, Remainder):
            return Remainder(self._data(atom.index), atom.divisor)
        return atom
