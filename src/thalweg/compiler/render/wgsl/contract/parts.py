"""Indices in two parts: what is known outside of a loop, and what changes inside it.

A load at `512*m + 32*q + k` becomes one at `outer + inner`, where the variable `outer` stands for
`512*m + 32*q`, computed once for a row, and `inner` for `k`, computed once for all rows.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from thalweg.compiler.dims import ZERO
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
from thalweg.compiler.ir.index import Index, Var
from thalweg.compiler.render import uses
from thalweg.compiler.render.wgsl.expressions import Emitter

__all__ = ["Parts", "part"]

Environment = dict[Var, str]


@dataclass(frozen=True, slots=True)
class Parts:
    """A value in terms of variables that stand for parts of its indices.

    Attributes:
        value: the expression; indices that do not come apart are in terms of the loop variables.
        outer: what does not change inside, by the variable that stands for it.
        inner: what depends on nothing else than the variables inside.
    """

    value: Expression
    outer: Mapping[Var, Index]
    inner: Mapping[Var, Index]

    def outside(self, e: Emitter, env: Mapping[Var, str]) -> Environment:
        """The environment with the outer parts, computed here."""
        return {**env, **{v: e.index(index, env) for v, index in self.outer.items()}}

    def inside(self, e: Emitter, env: Mapping[Var, str]) -> Environment:
        """The inner parts, computed here."""
        return {v: e.index(index, env) for v, index in self.inner.items()}


def part(value: Expression, variables: frozenset[Var]) -> Parts:
    """Take the indices of an expression apart.

    Args:
        value: the expression.
        variables: those that change inside.
    """
    return _Parting(variables).parts(value)


class _Parting:
    def __init__(self, variables: frozenset[Var]) -> None:
        self.variables = variables
        self.outer: dict[Index, Var] = {}
        self.inner: dict[Index, Var] = {}
        self.found: dict[Expression, Expression] = {}

    def parts(self, root: Expression) -> Parts:
        for e in walk(root):
            self.found[e] = self.one(e)
        return Parts(
            self.found[root],
            {v: index for index, v in self.outer.items()},
            {v: index for index, v in self.inner.items()},
        )

    def one(self, e: Expression) -> Expression:
        if isinstance(e, Load):
            return Load(e.buffer, self.index(e.index))
        if isinstance(e, Ordinal):
            return Ordinal(self.index(e.index), e.dtype)
        if isinstance(e, Bits):
            key = (self.found[e.key[0]], self.found[e.key[1]])
            return Bits(key, self.index(e.counter), e.dtype)
        if isinstance(e, Apply):
            return Apply(e.name, tuple(self.found[x] for x in e.inputs), e.dtype, e.params)
        if isinstance(e, Choose):
            guards = tuple(Guard(self.index(g.index), g.low, g.high) for g in e.guards)
            return Choose(guards, self.found[e.then], self.found[e.otherwise])
        return e

    def index(self, index: Index) -> Index:
        """The same number; where data is read in it, it stays as it is."""
        if uses.data(index):
            return index
        outer, inner, mixed = Index(), Index(), Index((), index.offset)
        for atom, coefficient in index.terms:
            term = Index(((atom, coefficient),))
            depends = term.variables()
            if depends <= self.variables:
                inner = inner.plus(term)
            elif depends & self.variables:
                mixed = mixed.plus(term)
            else:
                outer = outer.plus(term)
        return mixed.plus(self.named(self.outer, outer)).plus(self.named(self.inner, inner))

    def named(self, names: dict[Index, Var], index: Index) -> Index:
        """A variable in its place if that saves anything; it begins at 0: no term is negative."""
        if index in names:
            return Index.of(names[index])
        most = index.most()
        simple = len(index.terms) < 1 or (
            len(index.terms) == 1 and index == Index.of(index.terms[0][0])
        )
        if simple or most is None or not index.not_negative() or index.offset != ZERO:
            return index
        names[index] = Var(f"part{len(names)}", most.plus(1))
        return Index.of(names[index])
