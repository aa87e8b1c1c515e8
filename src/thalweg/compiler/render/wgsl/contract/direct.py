"""Contractions straight from memory: each invocation reads the operands of its tile itself.

For products that are too small, too thin or too irregular to be staged through workgroup memory.
Where there are few sums and k is long, several invocations of a workgroup share the sums of a tile,
each with a slice of k; the slices meet in workgroup memory.
"""

from __future__ import annotations

from thalweg.compiler.ir.index import Var
from thalweg.compiler.render.wgsl.contract.epilogue import store, store_tile, within
from thalweg.compiler.render.wgsl.contract.nest import Nest
from thalweg.compiler.render.wgsl.contract.parts import part
from thalweg.compiler.render.wgsl.contract.places import Place, added, environment, exact, place
from thalweg.compiler.render.wgsl.contract.plan import Plan
from thalweg.compiler.render.wgsl.contract.problem import Problem
from thalweg.compiler.render.wgsl.contract.sums import Sums, plus, product_of
from thalweg.compiler.render.wgsl.expressions import Emitter

__all__ = ["write"]


def write(e: Emitter, problem: Problem, plan: Plan, typical: int) -> None:
    """The lines of a kernel.

    Args:
        e: takes them.
        problem: the contraction.
        plan: how it is cut up.
        typical: the batch size that lengths are compared at.
    """
    at = place(e, problem, plan)
    sums = Sums(e, problem.dtype, plan.rows, plan.columns)
    _add_up(e, problem, plan, at, sums, typical)
    if plan.slices > 1:
        _join(e, problem, plan, at, sums)
    else:
        store_tile(e, problem, plan, at, sums)


def _add_up(e: Emitter, problem: Problem, plan: Plan, at: Place, sums: Sums, typical: int) -> None:
    inside = frozenset(problem.k.variables)
    left, right = part(problem.left, inside), part(problem.right, inside)
    rows, columns = [], []
    for i in range(plan.rows):
        row = added(e, at.first_row, at.row, i * plan.tall)
        env = environment(e, problem.m, row, exact(problem.m, plan.height))
        rows.append(left.outside(e, at.batch | env))
    for j in range(plan.columns):
        column = added(e, at.first_column, at.column, j * plan.wide)
        env = environment(e, problem.n, column, exact(problem.n, plan.width))
        columns.append(right.outside(e, at.batch | env))

    def body(env: dict[Var, str]) -> None:
        by_left, by_right = left.inside(e, env), right.inside(e, env)
        values = [e.value(left.value, {**row, **env, **by_left}) for row in rows]
        others = [e.value(right.value, {**column, **env, **by_right}) for column in columns]
        sums.add(values, sums.vectors(others))

    share, sharers = at.slice, plan.slices * plan.parts
    if plan.parts > 1:
        whole = e.pure(f"{at.part} * {plan.slices}") if plan.slices > 1 else at.part
        share = added(e, whole, share)
    Nest(e, problem.k, plan.depth, share, sharers, typical).write(body)


def _join(e: Emitter, problem: Problem, plan: Plan, at: Place, sums: Sums) -> None:
    """Bring the slices together; all invocations share the places of the workgroup's tile."""
    total = plan.height * plan.width
    held = "u32" if sums.kind == "bool" else sums.kind
    e.declare(f"var<workgroup> slices: array<{held}, {total * plan.slices}>;")
    first = e.pure(f"{at.slice} * {total}")
    for i, vectors in enumerate(sums.names):
        for j in range(plan.columns):
            row = added(e, at.row, i * plan.tall)
            column = added(e, at.column, j * plan.wide)
            line = str(int(row) * plan.width) if row.isdigit() else e.pure(f"{row} * {plan.width}")
            value = sums.column(vectors, str(j))
            value = f"u32({value})" if sums.kind == "bool" else value
            e.line(f"slices[{added(e, first, line, column)}] = {value};")
    e.line("workgroupBarrier();")
    with e.block(f"for (var o = thread; o < {total}; o += {plan.size})"):
        sum_ = e.var(held, "slices[o]")
        with e.block(f"for (var s = o + {total}; s < {total * plan.slices}; s += {total})"):
            e.line(f"{sum_} = {plus(sum_, 'slices[s]', problem.dtype)};")
        row = added(e, at.first_row, e.pure(f"o / {plan.width}"))
        column = added(e, at.first_column, e.pure(f"o % {plan.width}"))
        with within(e, problem.m, row, plan.height), within(e, problem.n, column, plan.width):
            env = problem.m.environment(e, row) | problem.n.environment(e, column)
            value = f"({sum_} != 0u)" if sums.kind == "bool" else sum_
            store(e, problem, {**at.batch, **env}, product_of(e, value, problem.dtype))
