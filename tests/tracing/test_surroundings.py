"""Traced functions called in other functions, models and scopes; eagerly; from threads."""

from __future__ import annotations

import threading

import numpy as np
import pytest

import thalweg as tw
from tests.tracing.helpers import A, counting

# Lists that grow show when something is traced.
pytestmark = pytest.mark.filterwarnings("ignore::thalweg.tracing.autograph.TracingWarning")


def test_a_function_called_in_a_function_becomes_part_of_it():
    v = tw.Variable(1.0)
    inner, traces = counting(lambda x: v.assign_add(x) * 2)

    @tw.function
    def outer(x):
        return inner(x) + inner(x + 1)

    assert float(outer(tw.constant(1.0))) == 2 * 2 + 2 * 4
    assert float(v) == 4.0
    assert len(traces) == 2
    assert inner.experimental_get_tracing_count() == 0
    nodes = outer.get_concrete_function(tw.constant(1.0)).graph.nodes
    assert {n.primitive.name for n in nodes} == {"add", "mul", "stop_gradient"}


def test_recursion_on_python_values_works_and_without_an_end_says_so():
    @tw.function
    def power(x, n):
        return x if n == 1 else x * power(x, n - 1)

    assert float(power(tw.constant(2.0), 5)) == 32.0

    @tw.function
    def forever(x):
        return forever(x + 1)

    with pytest.raises(RecursionError, match="function 'forever': it calls itself without an end"):
        forever(tw.constant(1.0))
    assert float(power(tw.constant(2.0), 3)) == 8.0


def test_symbolic_inputs_of_functional_models():
    @tw.function
    def f(x):
        return tw.ops.relu(x) * 2

    inputs = tw.Input((3,))
    model = tw.Model(inputs, f(inputs))
    x = np.array([[-1.0, 0.5, 2.0]], "float32")
    np.testing.assert_array_equal(model(x), np.maximum(x, 0) * 2)


def test_in_a_stateless_scope_assignments_stay_in_it():
    from thalweg.tensor.scope import StatelessScope

    v = tw.Variable(1.0)
    f = tw.function(lambda x: v.assign_add(x))
    f(tw.constant(1.0))
    with StatelessScope([(v, 10.0)]) as scope:
        assert float(f(tw.constant(1.0))) == 11.0
    assert float(scope.get_current_value(v)) == 11.0
    assert float(v) == 2.0


def test_run_functions_eagerly():
    f, traces = counting(lambda x: (x * 2, 3))
    f(A)
    tw.config.run_functions_eagerly(True)
    try:
        found = [f(A) for _ in range(3)]
    finally:
        tw.config.run_functions_eagerly(False)
    assert len(traces) == 4
    np.testing.assert_array_equal(found[0][0], A * 2)
    assert int(found[0][1]) == 3
    f(A)
    assert len(traces) == 4


def test_two_threads_call_one_function():
    v = tw.Variable(0.0)
    f, traces = counting(lambda x: v.assign_add(x) * 0 + x)
    wrong = []

    def work(value):
        for _ in range(200):
            if float(f(tw.constant(value))) != value:
                wrong.append(value)
            float(v)

    threads = [threading.Thread(target=work, args=(value,)) for value in (1.0, 2.0)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    assert wrong == []
    assert float(v) == 600.0
    assert len(traces) == 1


def test_random_numbers_move_on_and_follow_the_seed():
    draw = tw.function(lambda: tw.random.normal((3,)))
    tw.set_random_seed(1)
    traced = [draw().numpy() for _ in range(3)]
    tw.set_random_seed(1)
    eager = [tw.random.normal((3,)).numpy() for _ in range(3)]
    tw.set_random_seed(1)
    again = [draw().numpy() for _ in range(3)]
    np.testing.assert_array_equal(traced, eager)
    np.testing.assert_array_equal(traced, again)
    assert len({t.tobytes() for t in traced}) == 3


def test_lambdas_on_one_line_stay_apart():
    v = tw.Variable(1.0)
    add, double = tw.function(lambda: v.assign_add(1.0)), tw.function(lambda: v.assign(v * 2))
    assert [float(f()) for f in (add, double, add)] == [2.0, 4.0, 5.0]
