"""What expressions and statements depend on: loop variables, accumulators, buffers."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from thalweg.compiler.ir.expression import (
    Accumulator,
    Apply,
    Bits,
    Buffer,
    Choose,
    Constant,
    Expression,
    Load,
    Ordinal,
    Product,
    Total,
    operands,
    walk,
)
from thalweg.compiler.ir.index import Datum, Index, Quotient, Remainder, Var
from thalweg.compiler.ir.statement import Accumulate, Loop, Reset, Statement, Store

__all__ = [
    "NOTHING",
    "Uses",
    "UsesCache",
    "accumulated",
    "bound",
    "buffers",
    "certain",
    "data",
    "expressions",
    "invariants",
    "order",
    "resets",
    "roots",
    "stored",
    "writes",
]


@dataclass(frozen=True, slots=True)
class Uses:
    """What a value depends on."""

    variables: frozenset[Var] = frozenset()
    accumulators: frozenset[Accumulator] = frozenset()
    buffers: frozenset[Buffer] = frozenset()
    product: bool = False

    def joined(self, other: Uses) -> Uses:
        """What either depends on."""
        if other is NOTHING:
            return self
        if self is NOTHING:
            return other
        return Uses(
            self.variables | other.variables,
            self.accumulators | other.accumulators,
            self.buffers | other.buffers,
            self.product or other.product,
        )


NOTHING = Uses()


class UsesCache:
    """Remembers what expressions depend on."""

    def __init__(self) -> None:
        self._found: dict[Expression, Uses] = {}

    def of(self, expression: Expression) -> Uses:
        """What an expression depends on."""
        if expression not in self._found:
            for e in walk(expression):
                if e not in self._found:
                    self._found[e] = self._one(e)
        return self._found[expression]

    def of_index(self, index: Index) -> Uses:
        """What an index depends on."""
        found = Uses(index.variables())
        for expression in data(index):
            found = found.joined(self.of(expression))
        return found

    def _one(self, e: Expression) -> Uses:
        found = NOTHING
        for inner in operands(e):
            found = found.joined(self._found[inner])
        if isinstance(e, Load):
            found = found.joined(Uses(e.index.variables(), buffers=frozenset({e.buffer})))
        elif isinstance(e, Ordinal):
            found = found.joined(Uses(e.index.variables()))
        elif isinstance(e, Bits):
            found = found.joined(Uses(e.counter.variables()))
        elif isinstance(e, Choose):
            for guard in e.guards:
                found = found.joined(Uses(guard.index.variables()))
        elif isinstance(e, Total):
            found = found.joined(Uses(accumulators=frozenset({e.accumulator})))
        elif isinstance(e, Product):
            found = found.joined(Uses(product=True))
        return found


def data(index: Index) -> list[Expression]:
    """The expressions whose values an index contains."""
    found: list[Expression] = []
    for atom, _ in index.terms:
        if isinstance(atom, Datum):
            found.append(atom.expression)
        elif isinstance(atom, (Quotient, Remainder)):
            found.extend(data(atom.index))
    return found


def order(root: Expression) -> list[Expression]:
    """What an expression needs, operands first, without what only one side of a Choose needs."""
    found: list[Expression] = []
    seen: set[Expression] = set()
    stack: list[tuple[Expression, bool]] = [(root, False)]
    while stack:
        current, ready = stack.pop()
        if ready:
            found.append(current)
            continue
        if current in seen:
            continue
        seen.add(current)
        stack.append((current, True))
        stack.extend((child, False) for child in reversed(certain(current)))
    return found


def certain(e: Expression) -> list[Expression]:
    """The operands that are computed whatever the guards say."""
    if isinstance(e, Choose):
        return [x for guard in e.guards for x in data(guard.index)]
    return list(operands(e))


def roots(statements: Iterable[Statement]) -> list[Expression]:
    """The expressions that statements compute, those inside indices too."""
    found: list[Expression] = []
    for s in statements:
        if isinstance(s, Loop):
            found.extend(roots(s.body))
        elif isinstance(s, Store):
            found.extend((*data(s.index), s.value))
        elif isinstance(s, Accumulate):
            found.append(s.value)
            if s.place is not None:
                found.extend(data(s.place))
    return found


def expressions(statements: Sequence[Statement]) -> list[Expression]:
    """Every expression below statements, each once."""
    return list(walk(*roots(statements)))


def accumulated(statements: Iterable[Statement]) -> list[Accumulator]:
    """The accumulators that something is brought into, each once."""
    found: dict[Accumulator, None] = {}
    for s in statements:
        if isinstance(s, Accumulate):
            found[s.accumulator] = None
        elif isinstance(s, Loop):
            found.update(dict.fromkeys(accumulated(s.body)))
    return list(found)


def resets(statements: Iterable[Statement]) -> list[Accumulator]:
    """The accumulators that begin inside."""
    found: list[Accumulator] = []
    for s in statements:
        if isinstance(s, Reset):
            found.append(s.accumulator)
        elif isinstance(s, Loop):
            found.extend(resets(s.body))
    return found


def stored(statements: Iterable[Statement]) -> list[Buffer]:
    """The buffers that are written, each once."""
    found: dict[Buffer, None] = {}
    for s in statements:
        if isinstance(s, Store):
            found[s.buffer] = None
        elif isinstance(s, Loop):
            found.update(dict.fromkeys(stored(s.body)))
    return list(found)


def writes(statements: Iterable[Statement], buffer: Buffer) -> int:
    """How many statements write a buffer."""
    return sum(
        writes(s.body, buffer)
        if isinstance(s, Loop)
        else int(isinstance(s, Store) and s.buffer is buffer)
        for s in statements
    )


def buffers(found: Sequence[Expression], statements: Iterable[Statement]) -> list[Buffer]:
    """The buffers that expressions read, then those that statements write, each once."""
    read = dict.fromkeys(e.buffer for e in found if isinstance(e, Load))
    return list(read | dict.fromkeys(stored(statements)))


def bound(statements: Iterable[Statement]) -> set[Var]:
    """The variables of the loops inside."""
    found: set[Var] = set()
    for s in statements:
        if isinstance(s, Loop):
            found |= {s.variable} | bound(s.body)
    return found


def invariants(loop: Loop, written: frozenset[Buffer], cache: UsesCache) -> list[Expression]:
    """The largest expressions that are the same in every turn of a loop and read memory or work.

    What only one side of a Choose needs stays where it is: it may not be computed elsewhere.
    """
    inside = bound((loop,))
    changing = frozenset(accumulated(loop.body)) | frozenset(resets(loop.body))
    found: dict[Expression, None] = {}
    seen: set[Expression] = set()
    stack = list(reversed(roots(loop.body)))
    while stack:
        e = stack.pop()
        if e in seen or isinstance(e, (Constant, Total, Product)):
            continue
        seen.add(e)
        u = cache.of(e)
        if u.variables & inside or u.accumulators & changing or u.buffers & written:
            stack.extend(reversed(certain(e)))
        elif u is not NOTHING or isinstance(e, Apply):
            found[e] = None
    return list(found)
