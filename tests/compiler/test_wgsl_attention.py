"""Shaders of attention and its gradient against NumPy: sizes, masks, dtypes, heads in groups."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from tests.compiler.agreement import reference
from tests.compiler.test_attention import TOLERANCES, assert_near, problem
from tests.compiler.wgsl_agreement import shaded, shaded_batches
from tests.primitives.test_attention import Problem
from thalweg.compiler.compile import compile_graph
from thalweg.compiler.ir.program import Special
from thalweg.compiler.render.wgsl.layout import Layout
from thalweg.compiler.render.wgsl.program import render
from thalweg.primitives.attention import attention, attention_gradient
from thalweg.primitives.graph import Graph, trace
from thalweg.tensor import Tensor
from thalweg.tensor.tensor import TensorSpec

Array = np.ndarray[Any, Any]


def both(p: Problem) -> Any:
    """Attention and its gradient, as a function of arrays."""

    def function(q: Any, k: Any, v: Any, g: Any, *mask: Any) -> list[Any]:
        found = attention(q, k, v, *mask, **p.params)
        return [*found, *attention_gradient(q, k, v, *found, g, *mask, **p.params)]

    return function


def check(p: Problem) -> None:
    arrays = [*p.arrays, *p.mask]
    graph = trace(both(p), [Tensor(x) for x in arrays])
    tolerance = TOLERANCES[p.arrays[0].dtype.name]
    for a, b in zip(shaded(graph, arrays), reference(graph, arrays), strict=True):
        assert_near(a, np.asarray(b), tolerance)


@pytest.mark.parametrize(
    "p",
    [
        # Several tiles of times and sources, neither whole; heads in groups.
        problem((2, 37, 70, 4, 2, 20, 9), (2, 1, 37)),
        problem((2, 35, 70, 2, 2, 16, 4), (2, 1, 1), causal=True),
        problem((1, 9, 9, 2, 1, 70, 40), (1, 2, 9), causal=True, dtype="bfloat16"),
        # Keys and values that groups share, part by part.
        problem((1, 5, 33, 1, 1, 140, 150), (1, 1, 5)),
    ],
    ids=["groups", "mask", "half", "wide"],
)
def test_shapes(p: Problem) -> None:
    check(p)


def alone(q: Any, k: Any, v: Any) -> list[Any]:
    return list(attention(q, k, v, scale=0.3, causal=False))


def test_large_scores() -> None:
    """Running maxima keep the powers finite; what is far below them is zero."""
    q, k, v, _ = problem((1, 20, 70, 1, 1, 4, 4)).arrays
    arrays = [q * 50, k * 50, v]
    graph = trace(alone, [Tensor(x) for x in arrays])
    exact = attention.evaluate(*[x.astype(np.float64) for x in arrays], scale=0.3, causal=False)
    # A score of thousands is off by some units of its last place, and its power by as much.
    for a, b in zip(shaded(graph, arrays), exact, strict=True):
        np.testing.assert_allclose(a, b, 2e-3, 2e-3)


def test_nan_stays_in_its_rows() -> None:
    q, k, v, _ = problem((1, 20, 70, 1, 1, 4, 4)).arrays
    q[0, 7, 0, 2] = np.nan
    graph = trace(alone, [Tensor(x) for x in (q, k, v)])
    out = shaded(graph, [q, k, v])[0]
    np.testing.assert_array_equal(np.isnan(out[0, :, 0, 0]), np.arange(20) == 7)


def test_any_batch() -> None:
    p = problem((1, 9, 9, 2, 2, 8, 8), causal=True)

    def traced(n: int) -> Graph:
        return trace(both(p), [TensorSpec((n, *x.shape[1:]), x.dtype) for x in p.arrays])

    run = shaded_batches([traced(n) for n in (3, 5, 7)], (3, 5, 7), 8)
    for n in (1, 8):
        arrays = [np.concatenate([x * (i + 1) for i in range(n)]) for x in p.arrays]
        for a, b in zip(run(arrays, n), reference(traced(n), arrays), strict=True):
            assert_near(a, np.asarray(b), 2e-5)


@pytest.mark.parametrize("size", [64, 300])
def test_within_the_limits_of_every_adapter(size: int) -> None:
    """16 KiB of workgroup memory and 256 invocations, whatever the sizes."""
    p = problem((1, 70, 70, 2, 1, size, size), (1, 1, 70))
    graph = trace(both(p), [TensorSpec(x.shape, x.dtype) for x in (*p.arrays, *p.mask)])
    program = compile_graph(graph, 0).program()
    assert all(isinstance(x, Special) for x in program.launches)
    for shader in render(program, Layout.of(program)).kernels:
        assert shader.size <= 256
        lines = [x for x in shader.code.splitlines() if x.startswith("var<workgroup>")]
        assert sum(_bytes(line) for line in lines) <= 16 * 1024


def _bytes(line: str) -> int:
    """How many bytes a workgroup variable takes: `... name: array<element, count>;`."""
    element, count = line.split("array<", 1)[1].removesuffix(">;").rsplit(", ", 1)
    return {"f32": 4, "vec4<f32>": 16}[element] * int(count)
