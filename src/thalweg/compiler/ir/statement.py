"""Statements: the loops of a kernel and what they do."""

from __future__ import annotations

from dataclasses import dataclass

from thalweg.compiler.ir.expression import Accumulator, Buffer, Expression
from thalweg.compiler.ir.index import Index, Var

__all__ = ["Accumulate", "Loop", "Reset", "Statement", "Store"]


@dataclass(frozen=True, slots=True, eq=False)
class Loop:
    """Run the body for each value of a variable.

    Attributes:
        variable: what runs.
        kind: `parallel` (turns are independent; outermost loops of a kernel only: the workers
            share its turns among them), `serial` (in order, one after the other), `vector` (turns
            are independent, or all that joins them are accumulators; neighbouring turns are
            computed in the lanes of vectors), `unroll` (few turns, written out).
        body: what is done.
    """

    variable: Var
    kind: str
    body: tuple[Statement, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Store:
    """Write an element of a buffer; the index is an offset in elements."""

    buffer: Buffer
    index: Index
    value: Expression


@dataclass(frozen=True, slots=True, eq=False)
class Reset:
    """Begin an accumulator anew. It lives until the end of the block that holds this statement.

    Where the block lies inside the vector loop, each lane has a running value of its own; where
    the vector loop lies inside the block, the lanes are joined when that loop is over.
    """

    accumulator: Accumulator


@dataclass(frozen=True, slots=True, eq=False)
class Accumulate:
    """Bring a value into an accumulator.

    For argmax and argmin `place` is the index that competes; where guards in the value's index
    exclude a place, the value is a `Choose` with the neutral element.
    """

    accumulator: Accumulator
    value: Expression
    place: Index | None = None


Statement = Loop | Store | Reset | Accumulate
