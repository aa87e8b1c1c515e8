from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from tests.compiler.models import CASES, ready, step_graph
from thalweg import ops
from thalweg.compiler.fingerprint import fingerprint
from thalweg.primitives.control_flow import bind_scan
from thalweg.primitives.graph import Graph, trace
from thalweg.primitives.host import print_
from thalweg.tensor import Tensor
from thalweg.tensor.tensor import TensorSpec

X = TensorSpec((3, 4), "float32")
ROW = np.arange(4, dtype=np.float32)


def of(function: Callable[..., Any], *specs: TensorSpec) -> Graph:
    return trace(lambda *x: [function(*x)], specs or (X,))


def plus(array: Any) -> Callable[..., Any]:
    return lambda x: x + Tensor(np.asarray(array, np.float32))


def scanned(number: float) -> Callable[..., Any]:
    return lambda x: bind_scan(lambda c: [ops.tanh(c * number)], [x], [], 5)[0]


def with_bits(bits: int) -> Any:
    return np.full((3, 4), np.uint32(bits).view(np.float32))


DIFFERENT: dict[str, Graph] = {
    "tanh": of(ops.tanh),
    "sin": of(ops.sin),
    "twice": of(lambda x: ops.tanh(ops.tanh(x))),
    "shape": of(ops.tanh, TensorSpec((4, 3), "float32")),
    "dtype": of(ops.tanh, TensorSpec((3, 4), "float64")),
    "axis 0": of(lambda x: ops.sum(x, axis=0)),
    "axis 1": of(lambda x: ops.sum(x, axis=1)),
    "kept": of(lambda x: ops.sum(x, axis=1, keepdims=True)),
    "two": of(lambda x, y: x - y, X, X),
    "exchanged": of(lambda x, y: y - x, X, X),
    "the same": of(lambda x, y: x - x, X, X),
    "output": trace(lambda x: [ops.tanh(x), x], [X]),
    "outputs": trace(lambda x: [x, ops.tanh(x)], [X]),
    "zero": of(plus(0.0)),
    "minus zero": of(plus(-0.0)),
    "nan": of(plus(with_bits(0x7FC00000))),
    "another nan": of(plus(with_bits(0x7FC00001))),
    "row": of(plus(ROW)),
    "reversed": of(plus(ROW[::-1])),
    "rows": of(plus(np.broadcast_to(ROW, (3, 4)))),
    "one each": of(plus(np.broadcast_to(ROW[:3, None], (3, 4)))),
    "scan": of(scanned(2.0)),
    "another scan": of(scanned(3.0)),
}


def test_different_graphs_have_different_fingerprints():
    found = {name: fingerprint(graph) for name, graph in DIFFERENT.items()}
    assert None not in found.values()
    assert len(set(found.values())) == len(found)


@pytest.mark.parametrize(
    "function", [ops.tanh, plus(ROW), scanned(2.0), plus(np.broadcast_to(ROW, (3, 4)))]
)
def test_a_trace_made_again_has_the_same(function):
    assert fingerprint(of(function)) == fingerprint(of(function))


def test_equal_constants_count_as_one():
    assert fingerprint(of(plus(ROW))) == fingerprint(of(plus(ROW.copy())))


@pytest.mark.parametrize("name", sorted(CASES))
def test_steps_of_models_made_again_have_the_same(name):
    graphs = [step_graph(*ready(name))[0] for _ in range(2)]
    assert fingerprint(graphs[0]) == fingerprint(graphs[1]) is not None


def test_what_else_counts():
    graph = of(ops.tanh)
    found = [fingerprint(graph, *more) for more in ((), (1,), (True,), ("1",), (1, 1), (1.0,))]
    assert len(set(found)) == len(found)


def test_what_holds_more_than_data_has_none():
    def printing(x):
        print_(x, parts=("x",), end="\n", file=object(), flush=False)
        return x

    assert fingerprint(of(printing)) is None


def test_a_graph_inside_of_another_has_none():
    inner = []

    def function(x):
        inner.append(trace(lambda y: [x + y], [X]))
        return x

    of(function)
    assert fingerprint(inner[0]) is None
