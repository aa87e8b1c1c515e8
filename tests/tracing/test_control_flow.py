"""Variables read and assigned in branches and loops of traced functions: as in eager code."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import thalweg as tw
from thalweg import ops
from thalweg.tensor.tree import flatten

Program = Callable[[tw.Variable, tw.Variable, tw.Tensor], Any]


def agree(program: Program, *xs: float, calls: int = 2) -> None:
    """Assert that a program of two variables and a number does the same traced and eagerly."""
    eager = tw.Variable([1.0, 2.0], name="v"), tw.Variable(3.0, name="w")
    traced = tw.Variable([1.0, 2.0], name="v"), tw.Variable(3.0, name="w")
    function = tw.function(lambda x: program(*traced, x), autograph=False)
    for x in xs * calls:
        expected = program(*eager, tw.constant(x))
        found = function(tw.constant(x))
        for a, b in zip(flatten([found, *traced]), flatten([expected, *eager]), strict=True):
            assert (a is None) == (b is None)
            if a is not None:
                np.testing.assert_allclose(a, b, rtol=1e-5)
    assert function.experimental_get_tracing_count() == 1


def nothing(*_: Any) -> None:
    """What a branch returns that is there for its assignments."""


def test_cond_assigns_in_one_branch_or_both():
    def program(v, w, x):
        y = ops.cond(x > 0, lambda: ops.sum(v.assign_add([x, x])), lambda: w.assign(w * 2) + v[0])
        ops.cond(x > 1, lambda: nothing(v.assign(v * 2)), lambda: None)
        return y + w

    agree(program, 0.5, 2.0, -1.0)


def test_cond_reads_before_and_after_and_keeps_old_snapshots():
    def program(v, w, x):
        before = v.value

        def yes():
            first = v * 1
            v.assign(v + x)
            return first + v + before

        y = ops.cond(x > 0, yes, lambda: v - before)
        return y, v - before

    agree(program, 1.0, -1.0)


def test_nested_cond_and_switch():
    def program(v, w, x):
        def inner():
            return ops.cond(x > 2, lambda: w.assign_add(1.0), lambda: w.assign_sub(v[0]))

        y = ops.cond(x > 0, inner, lambda: w.value)
        z = ops.switch(
            ops.cast(x, "int32"),
            [lambda: v.assign(v + 1)[0], lambda: w.assign(7.0), lambda: v[1]],
        )
        return y, z, w * 1

    agree(program, 0.5, 1.5, 3.0, -1.0)


def test_while_loop_carries_what_it_assigns():
    def program(v, w, x):
        start = v.value

        def body(i):
            v.assign_add(start)
            w.assign(w * 0.5 + i)
            return i + 1

        found = ops.while_loop(lambda i: (i < 4) & (ops.sum(v) < 12.0), body, x)
        return found, v + w

    agree(program, 0.0, 3.0, 9.0)


def test_the_condition_of_a_while_loop_may_not_assign():
    v = tw.Variable(1.0, name="count")
    f = tw.function(lambda: ops.while_loop(lambda i: v.assign_add(1.0) < 5, lambda i: i + 1, 0))
    with pytest.raises(RuntimeError, match="cond assigns to Variable 'count'; it may only read"):
        f()
    assert float(v) == 1.0


def test_bounded_while_loop_and_fori_loop():
    def program(v, w, x):
        def body(i):
            w.assign_add(ops.sum(v) * 0.1)
            v.assign(v * 0.9)
            return i + 1

        i = ops.while_loop(lambda i: i < x, body, 0.0, maximum_iterations=5)
        total = ops.fori_loop(0, 3, lambda i, s: s + w.assign_add(ops.cast(i, "float32")), i)
        return total, ops.fori_loop(0, ops.cast(x, "int32"), lambda i, s: v.assign(s + v) * 1, v)

    agree(program, 2.0, 9.0, 0.0)


@pytest.mark.parametrize("reverse", [False, True])
def test_scan_and_map(reverse):
    xs = tw.constant([[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]])

    def program(v, w, x):
        def step(carry, element):
            v.assign(v * 0.5 + element * x)
            return carry + w, (ops.sum(v), w.assign_add(1.0))

        last, outputs = ops.scan(step, w, xs, reverse=reverse)
        mapped = ops.map(lambda e: v.assign_add(e)[0] * w, xs)
        return last, outputs, mapped, v * 1

    agree(program, 1.0, 2.0)


def test_loops_in_loops_and_branches_in_loops():
    def program(v, w, x):
        def row(carry, element):
            def inner(i):
                w.assign_add(element)
                return i + 1

            ops.while_loop(lambda i: i < 2, inner, 0)
            ops.cond(w > 6, lambda: nothing(v.assign(v + w)), lambda: None)
            return carry, ops.sum(v)

        return ops.scan(row, 0.0, tw.constant([1.0, 2.0, 3.0]))[1] * x

    agree(program, 1.0)


def test_random_numbers_in_loops_move_on():
    tw.set_random_seed(3)
    draw = tw.function(lambda: ops.scan(lambda c, _: (c, tw.random.normal((2,))), 0.0, length=3)[1])
    found = np.concatenate([draw(), draw()])
    assert len({row.tobytes() for row in found}) == 6
    tw.set_random_seed(3)
    expected = [tw.random.normal((2,)).numpy() for _ in range(6)]
    np.testing.assert_array_equal(found, expected)


def test_training_inside_a_loop():
    xs = np.random.default_rng(0).normal(size=(10, 4, 2)).astype("float32")
    ys = xs @ np.array([[1.0], [-2.0]], "float32")

    def make():
        w = tw.Variable(np.zeros((2, 1), "float32"))
        optimizer = tw.optimizers.Adam(0.1)
        optimizer.build([w])

        def step(x, y):
            with tw.GradientTape() as tape:
                loss = ops.mean(ops.square(x @ w - y))
            optimizer.apply_gradients([(tape.gradient(loss, w), w)])
            return loss

        return w, step

    w, step = make()
    expected = [float(step(tw.constant(x), tw.constant(y))) for x, y in zip(xs, ys, strict=True)]
    v, traced = make()
    epoch = tw.function(lambda xs, ys: ops.scan(lambda c, b: (c, traced(*b)), 0.0, (xs, ys))[1])
    np.testing.assert_allclose(epoch(xs, ys), expected, rtol=1e-4)
    np.testing.assert_allclose(v, w, rtol=1e-4)


def gradients(program: Program, x: float, way: str) -> list[Any]:
    """Of a program: eager, with a tape inside of the traced function, or around it."""
    v, w = tw.Variable([1.0, 2.0]), tw.Variable(3.0)
    traced = tw.function(lambda x: program(v, w, x), autograph=False)

    def run(x):
        with tw.GradientTape() as tape:
            tape.watch(x)
            y = traced(x) if way == "around" else program(v, w, x)
        return tape.gradient(y, [v, w, x], unconnected_gradients="zero")

    found = (tw.function(run, autograph=False) if way == "inside" else run)(tw.constant(x))
    return [np.asarray(g).tolist() for g in found]


def loop(v, w, x):
    def body(s, _):
        s = s * x + ops.sum(v) * w
        w.assign(w * 0.5)
        return s + w, None

    return ops.scan(body, 0.0, length=3)[0] + w


def branch(v, w, x):
    def yes():
        y = w * w
        w.assign(y * x)
        return y + w * 3

    return ops.cond(x > 0, yes, lambda: v[0] * w) + w * 5


def bounded(v, w, x):
    def body(i, s):
        v.assign(v + w)
        return i + 1, s * x + ops.sum(v * v)

    return ops.while_loop(lambda i, s: i < 2, body, (0, x), maximum_iterations=4)[1]


def nested(v, w, x):
    return ops.fori_loop(0, 2, lambda i, s: s + branch(v, w, x) * bounded(v, w, x), x)


def tape_inside(v, w, x):
    constant = w.value

    def body(s, _):
        w.assign(w * 0.5)
        with tw.GradientTape() as tape:
            y = w * w * constant * s
            y = y + ops.cond(x > 0, lambda: w * 2, lambda: ops.sum(v))
        w.assign(w + 0.1 * tape.gradient(y, w))
        return s + w, None

    return ops.scan(body, x, length=3)[0]


@pytest.mark.parametrize("program", [loop, branch, bounded, nested, tape_inside])
@pytest.mark.parametrize("x", [1.5, -0.5])
@pytest.mark.parametrize("way", ["inside", "around"])
def test_gradients_are_those_of_eager_code(program, x, way):
    found, expected = gradients(program, x, way), gradients(program, x, "eager")
    for a, b in zip(found, expected, strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-5)


@settings(max_examples=20, deadline=None)
@given(
    st.recursive(
        st.sampled_from(["add", "scale", "mix"]),
        lambda inner: st.tuples(
            st.sampled_from(["cond", "scan", "while"]), st.lists(inner, min_size=1, max_size=3)
        ),
        max_leaves=6,
    ),
    st.sampled_from([0.5, -1.0]),
)
def test_random_programs_agree_with_eager(tree, x):
    def run(tree, v, w, x):
        if tree == "add":
            v.assign_add([x, 1.0])
        elif tree == "scale":
            w.assign(w * 0.5 + x)
        elif tree == "mix":
            v.assign(v * 0.25 + w)
        else:
            kind, parts = tree

            def body():
                for part in parts:
                    run(part, v, w, x)

            if kind == "cond":
                ops.cond(ops.sum(v) > w, body, lambda: None)
            elif kind == "scan":
                ops.scan(lambda c, _: (c, body()), 0.0, length=2)
            else:
                ops.while_loop(lambda i: (i < 2) & (w < 9), lambda i: (body(), i + 1)[1], 0)
        return w.value

    agree(lambda v, w, x: run(tree, v, w, x), x)
