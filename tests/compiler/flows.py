"""Flows of functions for tests of the passes: traced for several batch sizes and compared."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from thalweg.compiler.evaluate import evaluate_flow
from thalweg.compiler.generalize import generalize
from thalweg.compiler.graph import Flow
from thalweg.compiler.verify import verify
from thalweg.primitives.graph import Graph, evaluate_graph, trace
from thalweg.tensor.tensor import TensorSpec

SIZES = (3, 5, 7)
# None stands for the batch size.
Shape = tuple[int | None, ...]


def specs(shapes: Sequence[tuple[Shape, str]], n: int) -> list[TensorSpec]:
    return [TensorSpec(tuple(n if d is None else d for d in s), dtype) for s, dtype in shapes]


def traced(function: Callable[..., Any], shapes: Sequence[tuple[Shape, str]], n: int) -> Graph:
    def flat(*inputs: Any) -> list[Any]:
        found = function(*inputs)
        return list(found) if isinstance(found, (tuple, list)) else [found]

    return trace(flat, specs(shapes, n))


def flow_of(function: Callable[..., Any], *shapes: tuple[Shape, str]) -> Flow:
    """The verified Flow of a function of tensors with these shapes and dtypes."""
    flow = generalize([traced(function, shapes, n) for n in SIZES], SIZES)
    verify(flow)
    return flow


def arrays(shapes: Sequence[tuple[Shape, str]], n: int, seed: int = 0) -> list[Any]:
    """Inputs for a batch of n."""
    generator = np.random.default_rng(seed + n)
    found = []
    for spec in specs(shapes, n):
        if spec.dtype.kind in "fV":
            found.append(generator.standard_normal(spec.shape).astype(spec.dtype))
        elif spec.dtype.kind == "b":
            found.append(generator.integers(0, 2, spec.shape).astype(bool))
        else:
            found.append(generator.integers(0, 4, spec.shape).astype(spec.dtype))
    return found


def expected(function: Callable[..., Any], shapes: Sequence[tuple[Shape, str]], n: int) -> Any:
    """What a trace for just this size gives."""
    graph = traced(function, shapes, n)
    return evaluate_graph(graph, arrays(shapes, n), [np.asarray(x) for x in graph.captured])


def check_same(before: Flow, after: Flow, shapes: Sequence[tuple[Shape, str]], rtol: float) -> None:
    """Assert that two Flows give the same for several batch sizes."""
    verify(after)
    for n in (1, 2, 4):
        inputs = arrays(shapes, n)
        there, here = evaluate_flow(before, inputs, n), evaluate_flow(after, inputs, n)
        for a, b in zip(there, here, strict=True):
            assert a.shape == b.shape
            assert a.dtype == b.dtype
            np.testing.assert_allclose(
                np.asarray(b, np.float64), np.asarray(a, np.float64), rtol=rtol, atol=rtol
            )


def names(flow: Flow) -> list[str]:
    """The names of the operations that are no constants."""
    return [o.name for o in flow.operations if o.family != "constant"]
