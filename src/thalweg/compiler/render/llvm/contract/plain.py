"""Contractions as plain loops: those of integers and bools, and others too small for tiles."""

from __future__ import annotations

from thalweg.compiler.dims import ONE, ZERO
from thalweg.compiler.ir.expression import (
    Accumulator,
    Apply,
    Expression,
    Load,
    Product,
    Total,
    walk,
)
from thalweg.compiler.ir.index import Var
from thalweg.compiler.ir.program import Contract, Loops
from thalweg.compiler.ir.statement import Accumulate, Loop, Reset, Statement, Store
from thalweg.tensor.dtypes import bool_

__all__ = ["as_loops"]


def as_loops(kernel: Contract, dots: bool = False) -> Loops:
    """The same sums by a running total in a loop over k.

    Args:
        kernel: the contraction.
        dots: whether the lanes of vectors are neighbours along k; else along n, m or the batch,
            whichever is nearest to neighbours in memory.
    """
    dtype = kernel.dtype
    join, pair = ("or", "and") if dtype == bool_ else ("sum", "mul")
    total = Accumulator(join, dtype)
    value = Apply(pair, (kernel.left, kernel.right), dtype)
    sums: tuple[Statement, ...] = (Accumulate(total, value),)
    for v in reversed(kernel.k):
        sums = (Loop(v, "vector" if dots and v is kernel.k[-1] else "serial", sums),)
    result = Total(total, dtype)
    stores = tuple(
        Store(s.buffer, s.index, _replaced(s.value, result))
        for s in kernel.epilogue
        if isinstance(s, Store)
    )
    body: tuple[Statement, ...] = (Reset(total), *sums, *stores)
    inner = None if dots else _lanes(kernel)
    rows = (*kernel.batch, *kernel.m, *kernel.n)
    if inner is not None:
        rows = (*(v for v in rows if v is not inner), inner)
    for v in reversed(rows):
        body = (Loop(v, "vector" if v is inner else "parallel", body),)
    return Loops(body, kernel.title, kernel.fused)


def _lanes(kernel: Contract) -> Var | None:
    """The variable of the results that vectors run along; None where there is one result."""
    groups = [[v for v in g if v.extent != ONE] for g in (kernel.n, kernel.m, kernel.batch)]
    stores = [s for s in kernel.epilogue if isinstance(s, Store)]
    values = walk(kernel.left, kernel.right, *(s.value for s in stores))
    indices = [e.index for e in values if isinstance(e, Load)] + [s.index for s in stores]

    def near(variable: Var) -> int:
        steps = [index.stride(variable) for index in indices]
        return sum(1 if step == ONE else -(step != ZERO) for step in steps)

    return max((g[-1] for g in groups if g), key=near, default=None)


def _replaced(root: Expression, result: Total) -> Expression:
    """An epilogue's value in terms of the total."""
    found: dict[int, Expression] = {}
    for e in walk(root):
        if isinstance(e, Product):
            found[id(e)] = result
        elif isinstance(e, Apply):
            inputs = tuple(found[id(x)] for x in e.inputs)
            found[id(e)] = Apply(e.name, inputs, e.dtype, e.params)
        else:
            found[id(e)] = e
    return found[id(root)]
