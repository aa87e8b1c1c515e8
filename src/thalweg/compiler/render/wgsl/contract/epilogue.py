"""The epilogue: what is stored for each sum."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager as Context
from contextlib import contextmanager, nullcontext

from thalweg.compiler.ir.expression import Constant, Product, walk
from thalweg.compiler.ir.index import Var
from thalweg.compiler.render import uses
from thalweg.compiler.render.wgsl.contract.places import Place, added, exact, spread
from thalweg.compiler.render.wgsl.contract.plan import Plan
from thalweg.compiler.render.wgsl.contract.problem import Axis, Problem
from thalweg.compiler.render.wgsl.contract.sums import Sums, product_of
from thalweg.compiler.render.wgsl.expressions import Emitter

__all__ = ["store", "store_tile", "within"]

# An epilogue with no more to compute than this is written out for each column of a tile.
_SMALL = 6


def store(e: Emitter, problem: Problem, env: Mapping[Var, str], product: str) -> None:
    """All stores of one place."""
    e.product = product
    with e.scope():
        for s in problem.epilogue:
            e.store(s, env)


def within(e: Emitter, axis: Axis, at: str, tile: int) -> Context[None]:
    """A block for places below the end of an axis that is cut into tiles; none if all are."""
    if exact(axis, tile):
        return nullcontext()
    return e.block(f"if ({at} < {e.length(axis.extent)})")


def store_tile(e: Emitter, problem: Problem, plan: Plan, at: Place, sums: Sums) -> None:
    """The epilogue for each place of an invocation's tile.

    A loop runs over the rows: written out, an optimizer's update would be very long.
    """
    small = len(list(_computed(problem))) <= _SMALL
    known: dict[str, tuple[str, dict[Var, str]]] = {}
    if small:
        for j in map(str, range(plan.columns)):
            known[j] = _column(e, problem, plan, at, j)
    with _each(e, plan.rows) as i:
        row = added(e, at.first_row, at.below, spread(e, i, plan.tall, plan.staged))
        vectors = sums.row(i)
        with within(e, problem.m, row, plan.height):
            env = {**at.batch, **problem.m.environment(e, row)}
            places: list[Context[str]] = [nullcontext(j) for j in known] or [_each(e, plan.columns)]
            for where in places:
                with where as j:
                    column, last = known.get(j) or _column(e, problem, plan, at, j)
                    with within(e, problem.n, column, plan.width):
                        product = product_of(e, sums.column(vectors, j), problem.dtype)
                        store(e, problem, {**env, **last}, product)


def _column(
    e: Emitter, problem: Problem, plan: Plan, at: Place, j: str
) -> tuple[str, dict[Var, str]]:
    step = spread(e, j, plan.wide, plan.staged)
    column = added(e, at.first_column, at.behind, step)
    return column, problem.n.environment(e, column)


def _computed(problem: Problem) -> Iterator[object]:
    """What the epilogue computes or loads for each place."""
    for e in walk(*uses.roots(problem.epilogue)):
        if not isinstance(e, (Constant, Product)):
            yield e


@contextmanager
def _each(e: Emitter, count: int) -> Iterator[str]:
    """A loop over so many turns, unless there is but one."""
    if count == 1:
        yield "0"
        return
    name = e.fresh("t")
    with e.block(f"for (var {name} = 0; {name} < {count}; {name}++)"):
        yield name
