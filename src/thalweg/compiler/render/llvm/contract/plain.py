"""Contractions as plain loops: those of integers and bools, and others too small for tiles."""

from __future__ import annotations

from thalweg.compiler.dims import ONE
from thalweg.compiler.ir.expression import Accumulator, Apply, Expression, Product, Total, walk
from thalweg.compiler.ir.program import Contract, Loops
from thalweg.compiler.ir.statement import Accumulate, Loop, Reset, Statement, Store
from thalweg.tensor.dtypes import bool_

__all__ = ["as_loops"]


def as_loops(kernel: Contract, dots: bool = False) -> Loops:
    """The same sums by a running total in a loop over k.

    Args:
        kernel: the contraction.
        dots: whether the lanes of vectors are neighbours along k; else along n, or m if n is 1.
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
    groups = [g for g in (kernel.n, kernel.m, kernel.batch) if any(v.extent != ONE for v in g)]
    inner = groups[0][-1] if groups and not dots else None
    rows = (*kernel.batch, *kernel.m, *kernel.n)
    if inner is not None:
        rows = (*(v for v in rows if v is not inner), inner)
    for v in reversed(rows):
        body = (Loop(v, "vector" if v is inner else "parallel", body),)
    return Loops(body, kernel.title, kernel.fused)


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
