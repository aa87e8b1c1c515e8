"""Contractions: products of matrices and convolutions of all kinds, with a fused epilogue.

`plan` cuts one up; `direct` writes kernels that read memory as they go, `staged` kernels that bring
tiles of the operands into workgroup memory first.
"""

from __future__ import annotations

from thalweg.compiler.dims import ZERO, Dim, NotAffineError, product
from thalweg.compiler.ir.program import Contract
from thalweg.compiler.render.wgsl.contract import direct, joined, staged
from thalweg.compiler.render.wgsl.contract.choose import choose
from thalweg.compiler.render.wgsl.contract.places import counts
from thalweg.compiler.render.wgsl.contract.plan import GPU, SOFTWARE, Plan
from thalweg.compiler.render.wgsl.contract.problem import Problem
from thalweg.compiler.render.wgsl.expressions import Emitter
from thalweg.compiler.render.wgsl.kernel import KernelShader
from thalweg.compiler.render.wgsl.layout import Room

__all__ = ["MACHINES", "render", "shaders"]

# What a Program can be rendered for.
MACHINES = {"gpu": GPU, "software": SOFTWARE}


def render(kernel: Contract, room: Room) -> list[KernelShader]:
    """The shaders of a contraction, which run one after another.

    Raises:
        NotAffineError: if the length of a group grows with the square of the batch size.
        TypeError: if the epilogue holds anything but stores.
    """
    problem = Problem.of(kernel)
    if any(axis.extent == ZERO for axis in (problem.batch, problem.m, problem.n)):
        return []
    return shaders(problem, choose(problem, MACHINES[room.profile], room.capacity), room)


def shaders(problem: Problem, plan: Plan, room: Room) -> list[KernelShader]:
    """The shaders of a contraction that is cut up in a certain way."""
    if plan.swapped:
        problem = problem.swapped()
    if plan.parts == 1:
        return [_shader(problem, plan, room)]
    first, scratch = joined.split(problem, plan.parts, room)
    return [_shader(first, plan, room), joined.finish(problem, plan.parts, scratch, room)]


def _shader(problem: Problem, plan: Plan, room: Room) -> KernelShader:
    e = Emitter(room.places, problem.element())
    if plan.staged:
        staged.write(e, problem, plan)
    else:
        direct.write(e, problem, plan, room.capacity)
    return e.shader(counts(problem, plan), plan.size, *_work(problem, room.capacity))


def _work(problem: Problem, capacity: int) -> tuple[Dim, Dim]:
    """Operations, and bytes if everything is read once; for people and for estimates."""
    batch, m, n, k = (a.extent for a in (problem.batch, problem.m, problem.n, problem.k))
    stored = 4 * len(problem.epilogue)
    try:
        sums = product((batch, m, n))
        read = product((batch, m, k)).plus(product((batch, k, n)))
        return sums.times(k).times(2), sums.times(stored).plus(read.times(4))
    except NotAffineError:
        b, m_, n_, k_ = (d.at(capacity) for d in (batch, m, n, k))
        read_ = b * k_ * (m_ + n_)
        return Dim(0, 2 * b * m_ * n_ * k_), Dim(0, stored * b * m_ * n_ + 4 * read_)
