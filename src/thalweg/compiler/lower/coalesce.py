"""Two loops made one where every index grows evenly through both.

Fewer, longer loops mean longer runs of neighbours for vectors, and fewer divisions.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from thalweg.compiler.dims import ONE, ZERO, Dim
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
from thalweg.compiler.ir.statement import Accumulate, Loop, Statement, Store

__all__ = ["coalesced_group", "coalesced_loops"]


def coalesced_loops(statement: Statement) -> Statement:
    """A nest of loops with neighbouring loops joined where that is possible."""
    if not isinstance(statement, Loop):
        return statement
    loop = Loop(statement.variable, statement.kind, tuple(map(coalesced_loops, statement.body)))
    while len(loop.body) == 1 and isinstance(loop.body[0], Loop):
        inner = loop.body[0]
        if inner.kind == "unroll" or loop.kind == "unroll":
            break
        if loop.kind == "serial" and inner.kind not in ("serial", "vector"):
            break
        joined = _join(loop.variable, inner.variable, list(_indices(inner.body, ())))
        if joined is None:
            break
        variable, replace = joined
        body = tuple(_rewritten(inner.body, replace))
        loop = Loop(variable, inner.kind, body)
    return loop


def coalesced_group(
    group: tuple[Var, ...], statements: Sequence[Statement], expressions: Sequence[Expression]
) -> tuple[tuple[Var, ...], tuple[Statement, ...], tuple[Expression, ...]]:
    """A group of variables of a contraction with neighbours joined, and what they stand in."""
    done: list[Var] = []
    body, values = tuple(statements), tuple(expressions)
    for variable in group:
        joined = None
        if done:
            joined = _join(done[-1], variable, list(_indices(body, values)))
        if joined is None:
            done.append(variable)
            continue
        done[-1], replace = joined
        memo: dict[int, Expression] = {}
        body = tuple(_rewritten(body, replace, memo))
        values = tuple(_value(e, replace, memo) for e in values)
    return tuple(done), body, values


Replace = Callable[[Index], Index]


def _join(outer: Var, inner: Var, indices: Iterable[Index]) -> tuple[Var, Replace] | None:
    """One variable for two, if all indices allow it."""
    if outer.extent.scale and inner.extent.scale:
        return None
    for index in indices:
        if not _even(index, outer, inner):
            return None
    variable = Var(inner.name, outer.extent.times(inner.extent))
    # A variable that is always 0 goes away; else the outer one, whose steps are whole inner loops.
    kept, gone = (outer, inner) if inner.extent == ONE else (inner, outer)

    def replace(index: Index) -> Index:
        terms: list[tuple[Atom, Dim]] = []
        for atom, coefficient in index.terms:
            if atom is not gone:
                terms.append((variable if atom is kept else atom, coefficient))
        return Index(tuple(terms), index.offset)

    return variable, replace


def _even(index: Index, outer: Var, inner: Var) -> bool:
    a = b = ZERO
    for atom, coefficient in index.terms:
        if atom is outer:
            a = coefficient
        elif atom is inner:
            b = coefficient
        elif isinstance(atom, (Quotient, Remainder)):
            used = atom.index.variables()
            if outer in used or inner in used:
                return False
    if ONE in (outer.extent, inner.extent):
        return True
    if b.scale and inner.extent.scale:
        return False
    return a == b.times(inner.extent)


def _indices(statements: Sequence[Statement], expressions: Sequence[Expression]) -> Iterable[Index]:
    """Every index below; those inside data are found with the expressions that hold them."""
    values: list[Expression] = list(expressions)
    stack = list(statements)
    while stack:
        statement = stack.pop()
        if isinstance(statement, Loop):
            stack.extend(statement.body)
        elif isinstance(statement, Store):
            yield statement.index
            values.extend(_data(statement.index))
            values.append(statement.value)
        elif isinstance(statement, Accumulate):
            if statement.place is not None:
                yield statement.place
            values.append(statement.value)
    for e in walk(*values):
        if isinstance(e, (Load, Ordinal)):
            yield e.index
        elif isinstance(e, Bits):
            yield e.counter
        elif isinstance(e, Choose):
            for guard in e.guards:
                yield guard.index


def _data(index: Index) -> Iterable[Expression]:
    for atom, _ in index.terms:
        if isinstance(atom, Datum):
            yield atom.expression
        elif isinstance(atom, (Quotient, Remainder)):
            yield from _data(atom.index)


def _rewritten(
    statements: Sequence[Statement], replace: Replace, memo: dict[int, Expression] | None = None
) -> Iterable[Statement]:
    memo = {} if memo is None else memo
    for s in statements:
        if isinstance(s, Loop):
            yield Loop(s.variable, s.kind, tuple(_rewritten(s.body, replace, memo)))
        elif isinstance(s, Store):
            index = _index(s.index, replace, memo)
            yield Store(s.buffer, index, _value(s.value, replace, memo))
        elif isinstance(s, Accumulate):
            place = None if s.place is None else _index(s.place, replace, memo)
            yield Accumulate(s.accumulator, _value(s.value, replace, memo), place)
        else:
            yield s


def _index(index: Index, replace: Replace, memo: dict[int, Expression]) -> Index:
    """With the variables replaced, also inside the data that it reads."""
    found = replace(index)
    if not any(True for _ in _data(found)):
        return found
    total = Index((), found.offset)
    for atom, coefficient in found.terms:
        inner = atom
        if isinstance(atom, Datum):
            inner = Datum(_value(atom.expression, replace, memo), atom.extent)
        elif isinstance(atom, Quotient):
            inner = Quotient(_index(atom.index, replace, memo), atom.divisor)
        elif isinstance(atom, Remainder):
            inner = Remainder(_index(atom.index, replace, memo), atom.divisor)
        total = total.plus(Index(((inner, coefficient),)))
    return total


def _value(root: Expression, replace: Replace, memo: dict[int, Expression]) -> Expression:
    for e in walk(root):
        if id(e) not in memo:
            memo[id(e)] = _node(e, replace, memo)
    return memo[id(root)]


def _node(e: Expression, replace: Replace, memo: dict[int, Expression]) -> Expression:
    if isinstance(e, Load):
        return Load(e.buffer, _index(e.index, replace, memo))
    if isinstance(e, Ordinal):
        return Ordinal(_index(e.index, replace, memo), e.dtype)
    if isinstance(e, Bits):
        key = (memo[id(e.key[0])], memo[id(e.key[1])])
        return Bits(key, _index(e.counter, replace, memo), e.dtype)
    if isinstance(e, Choose):
        guards = tuple(Guard(_index(g.index, replace, memo), g.low, g.high) for g in e.guards)
        return Choose(guards, memo[id(e.then)], memo[id(e.otherwise)])
    if isinstance(e, Apply):
        return Apply(e.name, tuple(memo[id(x)] for x in e.inputs), e.dtype, e.params)
    return e
