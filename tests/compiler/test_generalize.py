"""Traces of several batch sizes become one Flow that is right for every size."""

from __future__ import annotations

import numpy as np
import pytest

import thalweg as tw
from tests.compiler.flows import SIZES, arrays, expected, flow_of, specs
from tests.compiler.models import CASES, ready, step_graph
from thalweg import ops
from thalweg.compiler.dims import Dim, NotAffineError
from thalweg.compiler.evaluate import evaluate_flow
from thalweg.compiler.generalize import from_trace, generalize
from thalweg.compiler.graph import ArrayConstant, Number
from thalweg.compiler.verify import verify
from thalweg.primitives.graph import evaluate_graph, trace


def check(function, *shapes):
    flow = flow_of(function, *shapes)
    for n in (1, 2, 6):
        found = evaluate_flow(flow, arrays(shapes, n), n)
        for a, b in zip(found, expected(function, shapes, n), strict=True):
            np.testing.assert_array_equal(a, b)
            assert a.dtype == b.dtype
    return flow


def test_lengths_become_dims():
    flow = check(lambda x: ops.reshape(x, (-1,)), ((None, 3), "float32"))
    assert flow.inputs[0].shape == (Dim(1, 0), Dim(0, 3))
    assert flow.outputs[0].shape == (Dim(3, 0),)


def test_a_length_that_equals_a_traced_size_stays_static():
    flow = check(lambda x: x + 1.0, ((None, SIZES[0]), "float32"))
    assert flow.inputs[0].shape == (Dim(1, 0), Dim(0, SIZES[0]))


def test_counts_become_numbers_that_the_batch_decides():
    flow = check(lambda x: ops.mean(x), ((None, 4), "float32"))
    numbers = [o.kind.value for o in flow.operations if isinstance(o.kind, Number)]
    assert Dim(4, 0) in numbers


def test_variance_with_its_correction():
    check(lambda x: ops.var(x, axis=0), ((None, 4), "float32"))


@pytest.mark.parametrize("numerator", [1.0, -0.3, 2.0])
@pytest.mark.parametrize("correction", [0, 2])
def test_numbers_over_counts(numerator, correction):
    check(lambda x: x * (numerator / (x.shape[0] + correction)), ((None, 4), "float32"))
    check(lambda x: x * (numerator / (x.shape[0] * 4)), ((None, 4), "float64"))


def test_a_repeated_number_takes_no_memory():
    flow = check(lambda x: x * np.full((2, 3), 7.0, np.float32), ((None, 2, 3), "float32"))
    assert not any(isinstance(o.kind, ArrayConstant) for o in flow.operations)


def test_counting_along_the_batch_becomes_iota():
    flow = check(lambda x: x + ops.arange(x.shape[0]) * 5 + 2, ((None,), "int32"))
    assert "iota" in [o.name for o in flow.operations]


def test_counting_in_two_axes():
    def function(x):
        return x + np.arange(x.size, dtype=np.int32).reshape(x.shape)

    check(function, ((None, 4), "int32"))


def test_the_same_rows_for_every_sample():
    rows = np.arange(3, dtype=np.float32) ** 2

    def function(x):
        return x * np.tile(rows, (x.shape[0], 1))

    check(function, ((None, 3), "float32"))


def test_reading_the_batch_from_the_end():
    check(lambda x: ops.flip(x, axis=0)[1:] - x[:-1], ((None, 2), "float32"))


def test_one_tensor_captured_twice_is_one_constant():
    table = tw.constant(np.arange(12.0).reshape(3, 4))
    flow = check(lambda x: ops.matmul(x, table) + ops.sum(table), ((None, 3), "float32"))
    assert sum(isinstance(o.kind, ArrayConstant) for o in flow.operations) == 1


def test_bodies_of_control_flow():
    def function(x):
        def step(carry, row):
            return carry + row * ops.cast(x.shape[0], "float32"), carry

        return ops.scan(step, ops.zeros(x.shape[2:]), x[0])

    check(function, ((None, 4, 3), "float32"))


def test_a_scan_over_the_batch():
    def function(x):
        return ops.scan(lambda carry, row: (carry + row, carry), ops.zeros((3,)), x)

    flow = check(function, ((None, 3), "float32"))
    (scan,) = [o for o in flow.operations if o.name == "scan"]
    assert scan.params["length"] == Dim(1, 0)


def test_other_structure_is_refused():
    def function(x):
        return ops.exp(x) if x.shape[0] > 3 else x

    with pytest.raises(NotAffineError, match="operations differ"):
        flow_of(function, ((None,), "float32"))


def test_other_numbers_are_refused():
    with pytest.raises(NotAffineError, match="other values for each"):
        flow_of(lambda x: x * float(x.shape[0] ** 2), ((None,), "float32"))


def test_lengths_that_are_not_affine_are_refused():
    with pytest.raises(NotAffineError, match="not scale \\* n \\+ offset"):
        flow_of(lambda x: ops.zeros((x.shape[0] ** 2,)) + ops.sum(x), ((None,), "float32"))


def test_tensors_that_grow_with_the_square_are_refused():
    with pytest.raises(NotAffineError, match=r"shape \(n, n\)"):
        flow_of(lambda x: ops.matmul(x, ops.transpose(x)), ((None, 2), "float32"))


def test_what_fails_for_one_sample_is_refused():
    with pytest.raises(NotAffineError, match="For a batch of 1"):
        flow_of(lambda x: x[1:][1:], ((None,), "float32"))


def test_sizes_are_checked():
    graph = trace(lambda x: [x], specs([((None,), "float32")], 2))
    with pytest.raises(ValueError, match="three different sizes > 1"):
        generalize([graph, graph, graph], (1, 2, 3))


def test_one_trace_is_static():
    shapes = (((4, 3), "float32"),)
    graph = trace(lambda x: [ops.mean(x, axis=0)], specs(shapes, 1))
    flow = from_trace(graph)
    verify(flow)
    inputs = arrays(shapes, 1)
    (found,) = evaluate_flow(flow, inputs, 1)
    np.testing.assert_array_equal(found, inputs[0].mean(0))
    assert all(d.static for o in flow.operations for y in o.outputs for d in y.shape)


@pytest.mark.parametrize("mode", ["train", "test"])
@pytest.mark.parametrize("name", sorted(CASES))
def test_steps_of_models_are_right_for_every_batch(name, mode):
    model, data = ready(name)
    graphs = [step_graph(model, tuple(x[:n] for x in data), mode)[0] for n in SIZES]
    flow = generalize(graphs, SIZES)
    verify(flow)
    for n in (1, 4):
        part = tuple(x[:n] for x in data)
        graph, values = step_graph(model, part, mode)
        inputs = [np.asarray(x) for x in (*values, *map(tw.convert_to_tensor, part))]
        there = evaluate_graph(graph, inputs, [np.asarray(x) for x in graph.captured])
        here = evaluate_flow(flow, inputs, n)
        for a, b in zip(here, there, strict=True):
            np.testing.assert_array_equal(a, b)
