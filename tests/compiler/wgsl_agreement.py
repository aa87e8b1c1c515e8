"""Graphs run through WebGPU: what the tests of the WGSL renderer compare with NumPy."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from tests.compiler import wgsl_runner
from thalweg.compiler.compile import compile_graph, compile_traces
from thalweg.primitives.graph import Graph

__all__ = ["shaded", "shaded_batches"]

Array = np.ndarray[Any, Any]


def shaded(graph: Graph, arrays: Sequence[Array], states: int = 0) -> list[Array]:
    """What the graph gives as shaders; of a graph with states first their new values."""
    program = compile_graph(graph, states).program()
    buffers = [*program.states, *program.inputs]
    held = wgsl_runner.run(program, dict(zip(buffers, arrays, strict=True)))
    found = [held[buffer] for buffer in (*program.states, *program.outputs)]
    shapes = [y.shape for y in graph.outputs]
    return [a.reshape(s) for a, s in zip(found, shapes, strict=True)]


def shaded_batches(
    traces: Sequence[Graph], sizes: Sequence[int], capacity: int
) -> Callable[[Sequence[Array], int], list[Array]]:
    """A function of inputs and their batch size, from traces for several sizes."""
    program = compile_traces(traces, sizes, 0).program(capacity)

    def run(arrays: Sequence[Array], n: int) -> list[Array]:
        held = wgsl_runner.run(program, dict(zip(program.inputs, arrays, strict=True)), n)
        shapes = [tuple(d.at(n) for d in shape) for shape in program.output_shapes]
        outputs = zip(program.outputs, shapes, strict=True)
        return [held[buffer].reshape(shape) for buffer, shape in outputs]

    return run
