"""Bringing the places of a window together: few of them are written out, many are loops."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Sequence

from thalweg.compiler.dims import Dim
from thalweg.compiler.ir.expression import Accumulator, Apply, Constant, Expression, Total
from thalweg.compiler.ir.index import Index, Var
from thalweg.compiler.ir.statement import Accumulate, Loop, Reset, Statement
from thalweg.compiler.lower.geometry import Offset
from thalweg.tensor.dtypes import DType

__all__ = ["Folded", "Term", "few", "folded", "serial"]

# What one place of the window gives.
Term = Callable[[tuple[Offset, ...]], Expression]
# Statements to run first, and the value that is there after them.
Folded = tuple[tuple[Statement, ...], Expression]

# Windows with at most this many places are written out.
_FEW = 32
_BINARY = {"sum": "add", "max": "max"}


def few(extents: Sequence[int]) -> bool:
    """Whether a window is small enough to be written out."""
    return math.prod(extents) <= _FEW


def folded(operation: str, extents: Sequence[int], dtype: DType, term: Term) -> Folded:
    """The `sum` or `max` of a term over all places of a window, in row-major order.

    A sum over no places is zero.
    """
    if few(extents):
        value: Expression | None = None
        for place in itertools.product(*map(range, extents)):
            found = term(place)
            value = found if value is None else Apply(_BINARY[operation], (value, found), dtype)
        return (), Constant(0, dtype) if value is None else value
    accumulator = Accumulator(operation, dtype)
    loops = serial(extents, lambda place: (Accumulate(accumulator, term(place)),))
    return (Reset(accumulator), *loops), Total(accumulator, dtype)


def serial(
    extents: Sequence[int], body: Callable[[tuple[Index, ...]], tuple[Statement, ...]]
) -> tuple[Statement, ...]:
    """Loops over all places of a window, one after the other in row-major order."""
    variables = [Var(f"k{i}", Dim(0, n)) for i, n in enumerate(extents)]
    inner = body(tuple(map(Index.of, variables)))
    for variable in reversed(variables):
        inner = (Loop(variable, "serial", inner),)
    return inner
