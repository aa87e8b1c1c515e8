"""Programs with many kernels, deep graphs and long loops compile, and in no unreasonable way."""

from __future__ import annotations

from typing import Any

import numpy as np

import thalweg as tw
from tests.compiler.agreement import compiled, reference
from thalweg import devices, ops
from thalweg.compiler.compile import compile_graph
from thalweg.primitives.graph import Graph, trace
from thalweg.tensor.tensor import TensorSpec


def test_a_chain_of_five_thousand_operations():
    def function(x):
        for k in range(5000):
            x = ops.sin(x) if k % 3 == 0 else x * 1.01 + 0.25 if k % 3 == 1 else ops.tanh(x)
        return [x]

    x = np.linspace(-1, 1, 40, dtype=np.float32)
    graph = trace(function, [TensorSpec(x.shape, x.dtype)])
    np.testing.assert_allclose(compiled(graph, [x])[0], reference(graph, [x])[0], rtol=1e-5)


def test_a_chain_of_views_and_operations():
    def function(x):
        for k in range(1500):
            x = ops.transpose(ops.reshape(x + 1.0, (3, 4) if k % 2 else (4, 3)))
        return [x]

    x = np.arange(12, dtype=np.float32).reshape(3, 4)
    graph = trace(function, [TensorSpec(x.shape, x.dtype)])
    np.testing.assert_array_equal(compiled(graph, [x])[0], reference(graph, [x])[0])


def test_two_thousand_kernels():
    shapes = [(1 + k % 25, 1 + k % 10) for k in range(2000)]

    def function(*xs):
        return [ops.sum(x * 2.0, axis=-1) for x in xs]

    arrays = [np.full(shape, k, np.float32) for k, shape in enumerate(shapes)]
    graph = trace(function, [TensorSpec(shape, np.float32) for shape in shapes])
    executable = devices.load(compile_graph(graph).program())
    assert len(executable.leaves) == 2000
    for k, (found, shape) in enumerate(zip(executable.run([], arrays), shapes, strict=True)):
        np.testing.assert_array_equal(found, np.full(shape[0], 2.0 * k * shape[1], np.float32))


def test_two_thousand_states_are_updated_in_place():
    shapes = [(1 + k % 7,) for k in range(2000)]

    def function(*values):
        states, gradients = values[:2000], values[2000:]
        new = [v - 0.5 * g for v, g in zip(states, gradients, strict=True)]
        return [*new, ops.sum(states[0])]

    graph = trace(function, [TensorSpec(s, np.float32) for s in (*shapes, *shapes)])
    executable = devices.load(compile_graph(graph, 2000).program())
    assert executable.arena == 0
    states = [np.full(s, k, np.float32) for k, s in enumerate(shapes)]
    (first,) = executable.run(states, [np.ones(s, np.float32) for s in shapes])
    assert first == 0
    for k, state in enumerate(states):
        np.testing.assert_array_equal(state, np.full(state.shape, k - 0.5, np.float32))


def recurrent(steps: int) -> Graph:
    model = tw.Sequential([tw.Input((steps, 3)), tw.layers.LSTM(4), tw.layers.Dense(1)])

    def function(x: Any) -> list[Any]:
        with tw.GradientTape() as tape:
            y = ops.sum(model(x))
        return [y, *tape.gradient(y, model.trainable_variables)]

    return trace(function, [TensorSpec((2, steps, 3), np.float32)])


def test_a_long_loop_compiles_as_a_short_one():
    short, long = recurrent(10), recurrent(1000)
    assert len(short.nodes) == len(long.nodes)
    programs = [devices.load(compile_graph(graph).program()) for graph in (short, long)]
    assert len(programs[0].leaves) == len(programs[1].leaves)
    few, many = (p.llvm.count("\n") for p in programs)
    assert abs(many - few) < 0.05 * few
