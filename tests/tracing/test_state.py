"""Functions of variables as pure functions of their values."""

from __future__ import annotations

import numpy as np
import pytest

import thalweg as tw
from thalweg.primitives import evaluate_graph, trace
from thalweg.tracing.state import commit, functionalize, present_values


def test_values_go_in_and_out_and_variables_stay():
    v, w = tw.Variable([1.0, 2.0]), tw.Variable(3.0)

    def function(x):
        v.assign_add(x)
        return v * w

    pure = functionalize(function, [v, w])
    outputs, values = pure(
        [tw.ops.convert_to_tensor([5.0, 5.0]), tw.ops.convert_to_tensor(2.0)], [1.0, 0.0]
    )
    np.testing.assert_array_equal(outputs, [12.0, 10.0])
    np.testing.assert_array_equal(values[0], [6.0, 5.0])
    np.testing.assert_array_equal(values[1], 2.0)
    np.testing.assert_array_equal(v, [1.0, 2.0])
    commit([v, w], values)
    np.testing.assert_array_equal(v, [6.0, 5.0])


def test_a_variable_outside_of_the_state_is_a_constant():
    v, other = tw.Variable(1.0), tw.Variable(4.0)
    pure = functionalize(lambda: v * other, [v])
    assert float(pure([tw.ops.convert_to_tensor(2.0)])[0]) == 8.0


def test_assigning_a_variable_outside_of_the_state_is_an_error():
    v = tw.Variable(1.0, name="stray")
    pure = functionalize(lambda: v.assign(2.0), [])
    with pytest.raises(RuntimeError, match="'stray' is assigned in a step but does not belong"):
        pure([])
    assert float(v) == 1.0


def test_gradients_stop_at_an_assignment_and_tell_variables_apart():
    v, w = tw.Variable(3.0), tw.Variable(1.0)

    def function():
        with tw.GradientTape() as tape:
            value = v * v
            v.assign(value)
            w.assign(value)
            y = v * w * w
        return tape.gradient(y, [v, w])

    outputs, _ = functionalize(function, [v, w])(present_values([v, w]))
    # v is 9 and w is 9 when y is computed: dy/dv = w * w, dy/dw = 2 * v * w.
    assert [float(g) for g in outputs] == [81.0, 162.0]


def test_it_can_be_traced_and_replayed():
    v = tw.Variable([1.0, 2.0])

    def step(x):
        with tw.GradientTape() as tape:
            loss = tw.ops.sum(tw.ops.square(v * x))
        v.assign_sub(0.1 * tape.gradient(loss, v))
        return loss

    pure = functionalize(step, [v])
    x = np.array([3.0, 1.0], "float32")
    graph = trace(
        lambda value, x: [*(r := pure([value], x))[1], r[0]], [v, tw.ops.convert_to_tensor(x)]
    )
    assert not any(c is v._tensor for c in graph.captured)  # constants only
    replayed = evaluate_graph(graph, [v.numpy(), x], [c.numpy() for c in graph.captured])
    outputs, values = pure(present_values([v]), tw.ops.convert_to_tensor(x))
    np.testing.assert_array_equal(replayed[0], values[0])
    np.testing.assert_array_equal(replayed[1], outputs)


def test_an_error_inside_leaves_everything_as_it_was():
    v = tw.Variable(1.0)

    def function():
        v.assign(5.0)
        raise KeyError("no")

    with pytest.raises(KeyError):
        functionalize(function, [v])(present_values([v]))
    assert float(v) == 1.0
    v.assign(2.0)  # outside again
    assert float(v) == 2.0
