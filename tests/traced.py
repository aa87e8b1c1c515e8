"""Runs a function in the traced world: as a graph, evaluated by the reference interpreter."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from thalweg.primitives.graph import Graph, evaluate_graph, trace
from thalweg.tensor import Tensor, convert_to_tensor
from thalweg.tensor.tree import flatten, pack

__all__ = ["check_traced", "run_traced"]


def run_traced(function: Callable[..., Any], *arrays: Any) -> tuple[Any, Graph]:
    """What the function returns as a graph (with arrays for tensors), and the graph."""
    tensors = [convert_to_tensor(a) for a in arrays]
    results: list[Any] = []

    def flat(*xs: Tensor) -> list[Tensor]:
        results.append(function(*xs))
        return [convert_to_tensor(y) for y in flatten(results[0]) if y is not None]

    graph = trace(flat, tensors)
    captures = [np.asarray(x) for x in graph.captured]
    values = iter(evaluate_graph(graph, [np.asarray(x) for x in tensors], captures))
    leaves = [None if y is None else next(values) for y in flatten(results[0])]
    return pack(results[0], leaves), graph


def check_traced(function: Callable[..., Any], *arrays: Any, rtol: float = 1e-12) -> None:
    """Assert that a function gives the same structure and numbers traced and eagerly."""
    eager = function(*[convert_to_tensor(a) for a in arrays])
    found, _ = run_traced(function, *arrays)
    there, here = flatten(eager), flatten(found)
    assert len(there) == len(here)
    for a, b in zip(there, here, strict=True):
        if a is None:
            assert b is None
            continue
        expected = np.asarray(convert_to_tensor(a))
        assert b.shape == expected.shape
        assert b.dtype == expected.dtype
        np.testing.assert_allclose(
            np.asarray(b, np.complex128), np.asarray(expected, np.complex128), rtol=rtol, atol=rtol
        )
