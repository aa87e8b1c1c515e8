"""Variables that a traced function reads, assigns and makes; errors leave them alone."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import thalweg as tw
from tests.tracing.helpers import A

# Lists that grow show when something is traced.
pytestmark = pytest.mark.filterwarnings("ignore::thalweg.tracing.autograph.TracingWarning")


def test_captured_variables_are_read_and_assigned_each_time():
    v, w = tw.Variable(1.0), tw.Variable(10.0)

    @tw.function
    def f(x):
        v.assign_add(x)
        return v * w

    assert [float(f(tw.constant(2.0))) for _ in range(2)] == [30.0, 50.0]
    assert float(v) == 5.0
    v.assign(0.0)
    w.assign(1.0)
    assert float(f(tw.constant(2.0))) == 2.0
    (concrete,) = [f.get_concrete_function(tw.constant(2.0))]
    assert set(map(id, concrete.variables)) == {id(v), id(w)}
    graph = concrete.graph
    kept = [a is b for a, b in zip(graph.inputs, graph.outputs, strict=False)][:2]
    assert sorted(kept) == [False, True]


def test_variables_swap():
    v, w = tw.Variable([1.0, 2.0]), tw.Variable([3.0, 4.0])

    @tw.function
    def swap():
        old = v.value
        v.assign(w)
        w.assign(old)

    for _ in range(3):
        assert swap() is None
    np.testing.assert_array_equal(v, [3.0, 4.0])
    np.testing.assert_array_equal(w, [1.0, 2.0])


def test_a_snapshot_taken_before_a_call_keeps_its_value():
    v = tw.Variable([1.0, 2.0])
    f = tw.function(lambda: v.assign_add([1.0, 1.0]))
    before, array = v.value, v.numpy()
    after = f()
    middle = v.value
    f()
    np.testing.assert_array_equal(before, [1.0, 2.0])
    np.testing.assert_array_equal(array, [1.0, 2.0])
    np.testing.assert_array_equal(after, [2.0, 3.0])
    np.testing.assert_array_equal(middle, [2.0, 3.0])
    np.testing.assert_array_equal(v, [3.0, 4.0])


def test_two_functions_share_a_variable():
    v = tw.Variable(1.0)
    add, double = tw.function(lambda: v.assign_add(1.0)), tw.function(lambda: v.assign(v * 2))
    assert [float(f()) for f in (add, double, add, add, double)] == [2.0, 4.0, 5.0, 6.0, 12.0]
    assert float(v) == 12.0


def test_variables_as_arguments_count_by_identity():
    seen = []

    @tw.function
    def increment(variable, amount):
        seen.append(1)
        return variable.assign_add(amount)

    v, w = tw.Variable(1.0), tw.Variable(2.0)
    for _ in range(3):
        increment(v, tw.constant(1.0))
        increment(w, tw.constant(2.0))
    assert (float(v), float(w)) == (4.0, 8.0)
    assert len(seen) == 2


def test_a_variable_that_is_only_looked_at_is_no_state():
    v = tw.Variable(A)
    f = tw.function(lambda x: x * v.shape[0] + float(v.ndim))
    assert float(f(tw.constant(1.0))) == 4.0
    assert f.get_concrete_function(tw.constant(1.0)).variables == ()


def test_variables_are_made_in_the_first_call_only():
    made = []

    @tw.function
    def f(x):
        if not made:
            made.append(tw.Variable(2.0, name="scale"))
        return made[0].assign_add(x)

    assert [float(f(tw.constant(1.0))) for _ in range(2)] == [3.0, 4.0]
    assert len(made) == 1

    @tw.function
    def bad(x):
        return tw.Variable(1.0, name="mine") * x

    with pytest.raises(ValueError, match="function 'bad': it makes Variable 'mine' each time"):
        bad(tw.constant(1.0))


def test_an_error_while_tracing_changes_nothing():
    v = tw.Variable(1.0)
    fail = [True]

    @tw.function
    def f(x):
        v.assign_add(x)
        if fail:
            raise KeyError("no")
        return v.value

    with pytest.raises(KeyError):
        f(tw.constant(1.0))
    assert float(v) == 1.0
    v.assign_add(1.0)  # eager again
    fail.clear()
    assert float(f(tw.constant(1.0))) == 3.0


def test_an_error_while_running_changes_nothing():
    v = tw.Variable([1.0, 2.0])
    f = tw.function(lambda: v.assign_add([1.0, 1.0]))
    f()

    class Failing:
        holder = None

        def runner(self):
            return self

        def run(self, states, inputs):
            raise MemoryError

    concrete = f.get_concrete_function()
    good, concrete.executable = concrete.executable, Failing()
    with pytest.raises(MemoryError):
        f()
    concrete.executable = good
    np.testing.assert_array_equal(v, [2.0, 3.0])
    np.testing.assert_array_equal(f(), [3.0, 4.0])


def test_a_leaked_symbol_says_where_it_came_from():
    kept = []

    @tw.function
    def leak(x):
        kept.append(x * 2)
        return x

    leak(A)
    with pytest.raises(TypeError, match=r"'use': it uses a symbolic tensor .* another trace"):
        tw.function(lambda x: x + kept[0], name="use")(A)
    with pytest.raises(TypeError, match="function 'leak': an argument has no values, it is <Symb"):
        leak(kept[0])


@settings(max_examples=25, deadline=None)
@given(
    st.lists(
        st.tuples(
            st.sampled_from(["add", "scale", "swap", "copy", "square"]),
            st.integers(0, 2),
            st.integers(0, 2),
        ),
        min_size=1,
        max_size=8,
    ),
    st.integers(1, 3),
)
def test_random_programs_on_variables_agree_with_eager(program, calls):
    start = [1.0, 2.0, 0.5]

    def run(variables, x):
        y = x
        for name, i, j in program:
            a, b = variables[i], variables[j]
            if name == "add":
                a.assign_add(b * 0.5 + y)
            elif name == "scale":
                a.assign(a * 0.5)
            elif name == "copy":
                a.assign(b)
            elif name == "square":
                y = a * b + y * 0.25
            else:
                first, second = a.value, b.value
                a.assign(second)
                b.assign(first)
        return [y, variables[0]]

    eager, traced = ([tw.Variable(s) for s in start] for _ in range(2))
    function = tw.function(lambda x: run(traced, x))
    for n in range(calls):
        expected = run(eager, tw.constant(float(n)))
        found = function(tw.constant(float(n)))
        np.testing.assert_allclose(found[0], expected[0], rtol=1e-6)
        np.testing.assert_allclose([float(v) for v in traced], [float(v) for v in eager], rtol=1e-6)
