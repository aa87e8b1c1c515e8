"""Sums that several workgroups share: kept in scratch memory, then added by a second kernel."""

from __future__ import annotations

from dataclasses import replace

from thalweg.compiler.dims import Dim, product
from thalweg.compiler.ir.expression import Buffer, Product
from thalweg.compiler.ir.index import Index, Var
from thalweg.compiler.ir.statement import Store
from thalweg.compiler.render.wgsl.contract.epilogue import store
from thalweg.compiler.render.wgsl.contract.places import PART
from thalweg.compiler.render.wgsl.contract.problem import Problem
from thalweg.compiler.render.wgsl.contract.sums import plus, product_of
from thalweg.compiler.render.wgsl.expressions import Emitter
from thalweg.compiler.render.wgsl.forms import kind
from thalweg.compiler.render.wgsl.kernel import Count, KernelShader
from thalweg.compiler.render.wgsl.layout import Room
from thalweg.tensor.dtypes import float32

__all__ = ["finish", "split"]

# Invocations of a workgroup of the second kernel.
_SIZE = 64


def split(problem: Problem, parts: int, room: Room) -> tuple[Problem, Buffer]:
    """The contraction that keeps the sums of each part, and where it keeps them."""
    dtype = float32 if problem.dtype.kind not in "iub" else problem.dtype
    scratch = room.words(product(_extents(problem)).times(parts), dtype)
    index = Index.of(PART)
    for axis in (problem.batch, problem.m, problem.n):
        for v in axis.variables:
            index = index.times(v.extent).plus(Index.of(v))
    return replace(problem, epilogue=(Store(scratch, index, Product(dtype)),)), scratch


def finish(problem: Problem, parts: int, scratch: Buffer, room: Room) -> KernelShader:
    """The kernel that adds the parts of each sum and runs the epilogue."""
    e = Emitter(room.places, problem.element())
    sums = product(_extents(problem))
    at = e.let(f"group * {_SIZE} + thread", "i")
    count = e.length(sums)
    with e.block(f"if ({at} < {count})"):
        total = e.var(kind(scratch.dtype), e.load(scratch, at), "c")
        end = str(sums.offset * parts) if sums.static else f"{count} * {parts}"
        with e.block(f"for (var s = {at} + {count}; s < {end}; s += {count})"):
            e.line(f"{total} = {plus(total, e.load(scratch, 's'), problem.dtype)};")
        env: dict[Var, str] = {}
        rest = at
        for axis in (problem.n, problem.m):
            length = e.length(axis.extent)
            env |= axis.environment(e, e.pure(f"{rest} % {length}"))
            rest = e.pure(f"{rest} / {length}")
        env |= problem.batch.environment(e, rest)
        store(e, problem, env, product_of(e, total, problem.dtype))
    return e.shader((Count(sums, _SIZE),), _SIZE, sums.times(parts), sums.times(4 * parts))


def _extents(problem: Problem) -> tuple[Dim, Dim, Dim]:
    return problem.batch.extent, problem.m.extent, problem.n.extent
