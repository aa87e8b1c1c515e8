"""Contractions rendered for WebGPU and run: what their tests share."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from tests.compiler.contractions import Case
from tests.compiler.kernels import Array
from tests.compiler.wgsl_runner import run_shaders
from thalweg.compiler.ir.expression import Buffer
from thalweg.compiler.ir.program import Contract
from thalweg.compiler.render.wgsl.contract import render, shaders
from thalweg.compiler.render.wgsl.contract.plan import Plan
from thalweg.compiler.render.wgsl.contract.problem import Problem
from thalweg.compiler.render.wgsl.layout import Place, Room, words
from thalweg.tensor.dtypes import as_dtype

PROFILES = ["gpu", "software"]


def run_kernel(
    kernel: Contract,
    arrays: Mapping[Buffer, Array],
    n: int = 1,
    profile: str = "gpu",
    plan: Plan | None = None,
    capacity: int = 0,
) -> dict[Buffer, Array]:
    """What the buffers hold after the kernel; with the plan that is given, or else the chosen one.

    Args:
        kernel: the contraction.
        arrays: what its buffers hold before.
        n: the batch size.
        profile: what it is rendered for.
        plan: how it is cut up.
        capacity: the largest batch, if that is not n.
    """
    capacity = capacity or n
    places: dict[Buffer, Place] = {}
    end = 64  # what is read at negative indices is not what was written
    for buffer in arrays:
        places[buffer] = Place(end)
        end += words(buffer, capacity)
    room = Room(places, capacity, end, profile=profile)
    rendered = shaders(Problem.of(kernel), plan, room) if plan else render(kernel, room)
    return run_shaders(rendered, room.places, room.end, arrays, n)


def run(
    case: Case, n: int = 1, profile: str = "gpu", plan: Plan | None = None, capacity: int = 0
) -> tuple[Array, Array]:
    """What a plain product gives and what NumPy gives."""
    a, b = case.arrays(n)
    expected = case.expected(a, b)
    # Anything that is not written shows.
    before = np.full(expected.size, 77, as_dtype(case.dtype))
    arrays = {case.a: a.reshape(-1), case.b: b.reshape(-1), case.out: before}
    found = run_kernel(case.kernel(), arrays, n, profile, plan, capacity)[case.out]
    return found.reshape(expected.shape), expected
