"""Which buffers a launch reads and writes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from thalweg.compiler.ir.expression import Buffer, Expression, Load, Ordinal, operands, walk
from thalweg.compiler.ir.index import Index
from thalweg.compiler.ir.program import (
    Cond,
    Contract,
    Copy,
    HostCall,
    Launch,
    Loops,
    Scan,
    Special,
    While,
)
from thalweg.compiler.ir.statement import Accumulate, Loop, Statement, Store
from thalweg.tensor.dtypes import int64

__all__ = ["accesses", "expressions", "statements"]


def accesses(launch: Launch) -> tuple[set[Buffer], set[Buffer]]:
    """The buffers that one launch itself reads, and those that it writes.

    Of `Scan`, `While` and `Cond` only what the structure reads: flags; not what is inside.
    """
    if isinstance(launch, (Special, HostCall)):
        return {b for b, _ in launch.inputs}, {b for b, _ in launch.outputs}
    if isinstance(launch, Copy):
        inside = {e.buffer for e in walk(*_datums(launch)) if isinstance(e, Load)}
        return {launch.source} | inside, {launch.target}
    if isinstance(launch, (While, Cond)):
        return {launch.flag}, set()
    if isinstance(launch, Scan):
        return set(), set()
    body = launch.body if isinstance(launch, Loops) else launch.epilogue
    roots = list(expressions(body))
    if isinstance(launch, Contract):
        roots += [launch.left, launch.right]
    reads = {e.buffer for e in walk(*roots) if isinstance(e, Load)}
    return reads, {s.buffer for s in statements(body) if isinstance(s, Store)}


def _datums(copy: Copy) -> list[Expression]:
    found: list[Expression] = []
    for index in (copy.source_offset, copy.target_offset):
        found.extend(_of_index(index))
    return found


def _of_index(index: Index) -> tuple[Expression, ...]:
    """The expressions that an index reads."""
    return operands(Ordinal(index, int64))


def statements(body: Iterable[Statement]) -> Iterator[Statement]:
    """All statements, those inside loops too, in order."""
    for statement in body:
        yield statement
        if isinstance(statement, Loop):
            yield from statements(statement.body)


def expressions(body: Iterable[Statement]) -> Iterator[Expression]:
    """The values that statements store or accumulate, and what their indices read."""
    for statement in statements(body):
        if isinstance(statement, Store):
            yield statement.value
            yield from _of_index(statement.index)
        elif isinstance(statement, Accumulate):
            yield statement.value
            if statement.place is not None:
                yield from _of_index(statement.place)
