"""Tracing: graphs, captures, inlining, and what symbolic tensors refuse."""

from __future__ import annotations

import copy
import pickle
from typing import Any

import numpy as np
import pytest

from tests.ops.oracle import values
from thalweg import ops
from thalweg.primitives import SymbolicTensor, elementwise, evaluate_graph, inline, trace
from thalweg.tensor import Tensor, TensorSpec

SPEC = TensorSpec((2, 3), "float64")


def test_a_graph_computes_what_eager_code_does() -> None:
    w = Tensor(values("float64", (3, 2), 1))

    def function(x: Tensor, n: Tensor) -> list[Tensor]:
        y = ops.tanh(ops.matmul(x, w)) * 2
        return [y, y[0], ops.cast(n, "float64") + ops.mean(y)]

    graph = trace(function, [SPEC, TensorSpec((), "int32")])
    x, n = values("float64", (2, 3), 0), np.array(4, np.int32)
    captured = [np.asarray(c) for c in graph.captured]
    expected = function(Tensor(x), Tensor(n))
    for found in (
        evaluate_graph(graph, [x, n], captured),
        inline(graph, [Tensor(x), Tensor(n)], graph.captured),
    ):
        for a, b in zip(found, expected, strict=True):
            np.testing.assert_array_equal(np.asarray(a), b.numpy())
    assert [y.shape for y in graph.outputs] == [y.shape for y in expected]
    assert any(outer is w for outer, _ in graph.captures)


def test_a_tensor_is_captured_once() -> None:
    w = Tensor(values("float64", (2, 3), 1))
    graph = trace(lambda x: [x * w + w, w], [SPEC])
    assert len(graph.captures) == 1
    assert graph.outputs[1] is graph.captures[0][1]


def test_traces_nest() -> None:
    """What an inner graph takes from the outer one is a capture that stands for a symbol there."""
    inner = []

    def outer(x: Tensor) -> list[Tensor]:
        y = x + 1
        inner.append(trace(lambda z: [z * y], [SPEC]))
        return [y]

    graph = trace(outer, [SPEC])
    (captured,) = [c for c in inner[0].captured if isinstance(c, SymbolicTensor)]
    assert captured is graph.outputs[0]


def test_an_error_leaves_no_trace_behind() -> None:
    def wrong(x: Tensor) -> list[Tensor]:
        return [ops.reshape(x, (7,))]

    with pytest.raises(ValueError, match="reshape"):
        trace(wrong, [SPEC])
    assert type(ops.ones(2) + 1) is Tensor


def test_the_text_of_a_graph() -> None:
    graph = trace(lambda x: [elementwise.exp(x)], [SPEC])
    assert repr(graph).splitlines() == [
        "graph(%0:float64[2, 3]; captures ) {",
        "  %1:float64[2, 3] = exp(%0)",
        "  return %1",
        "}",
    ]


@pytest.mark.parametrize(
    ("use", "wish"),
    [
        (lambda x: x.numpy(), "turn into a NumPy array"),
        (np.asarray, "turn into a NumPy array"),
        (lambda x: x.tolist(), "turn into a NumPy array"),
        (lambda x: float(x[0, 0]), "read as a Python number"),
        (lambda x: 1 if x[0, 0] > 0 else 2, "decide an `if` or `while` with"),
        (lambda x: [1, 2][ops.cast(x[0, 0], "int32")], "use as an index"),
        (pickle.dumps, "copy"),
    ],
)
def test_symbolic_tensors_have_no_values(use: Any, wish: str) -> None:
    with pytest.raises(TypeError, match=f"has no values to {wish}"):
        trace(lambda x: [use(x)], [SPEC])


def test_symbolic_tensors_have_a_shape_and_a_dtype() -> None:
    def function(x: Tensor) -> list[Tensor]:
        assert (x.shape, x.ndim, x.size, len(x)) == ((2, 3), 2, 6, 2)
        assert x.dtype == np.float64
        assert str(x) == "<SymbolicTensor shape=(2, 3) dtype=float64>"
        assert copy.deepcopy(x) is x
        assert len(list(x)) == 2
        return [x]

    trace(function, [SPEC])
