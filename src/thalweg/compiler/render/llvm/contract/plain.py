"""Contractions of integers and bools, as plain loops."""

from __future__ import annotations

from thalweg.compiler.ir.expression import Accumulator, Apply, Expression, Product, Total, walk
from thalweg.compiler.ir.program import Contract, Loops
from thalweg.compiler.ir.statement import Accumulate, Loop, Reset, Statement, Store
from thalweg.tensor.dtypes import bool_

__all__ = ["as_loops"]


def as_loops(kernel: Contract) -> Loops:
    """The same sums by a running total in a loop over k."""
    dtype = kernel.dtype
    join, pair = ("or", "and") if dtype == bool_ else ("sum", "mul")
    total = Accumulator(join, dtype)
    value = Apply(pair, (kernel.left, kernel.right), dtype)
    sums: tuple[Statement, ...] = (Accumulate(total, value),)
    for v in reversed(kernel.k):
        sums = (Loop(v, "serial", sums),)
    result = Total(total, dtype)
    stores = tuple(
        Store(s.buffer, s.index, _replaced(s.value, result))
        for s in kernel.epilogue
        if isinstance(s, Store)
    )
    body: tuple[Statement, ...] = (Reset(total), *sums, *stores)
    inner = kernel.n or kernel.m or kernel.batch
    for v in reversed((*kernel.batch, *kernel.m, *kernel.n)):
        body = (Loop(v, "vector" if v is inner[-1] else "parallel", body),)
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
