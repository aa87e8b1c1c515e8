"""Control flow in both worlds: Python's own, and the primitives of a graph."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from tests.gradients import check_gradients
from tests.traced import check_traced, run_traced
from thalweg import ops
from thalweg.autodiff import GradientTape
from thalweg.tensor import Tensor, Variable

Array = np.ndarray[Any, Any]


def gradient_of(function: Callable[..., Any]) -> Callable[..., Any]:
    """Value and gradient by a tape, to be run in either world."""

    def run(*xs: Tensor) -> Any:
        watched = [x for x in xs if x.dtype.kind == "f"]
        with GradientTape() as tape:
            tape.watch(watched)
            y = function(*xs)
        return y, tape.gradient(y, watched)

    return run


def second_gradient_of(function: Callable[..., Any]) -> Callable[..., Any]:
    def run(*xs: Tensor) -> Any:
        with GradientTape() as outer:
            outer.watch(xs)
            with GradientTape() as inner:
                inner.watch(xs)
                y = function(*xs)
            slope = inner.gradient(y, xs[0])
        return outer.gradient(slope, xs)

    return run


def names(function: Callable[..., Any], *arrays: Any) -> list[str]:
    return [node.primitive.name for node in run_traced(function, *arrays)[1].nodes]


X = np.array([0.5, 1.5, -0.7])


# --- cond ---------------------------------------------------------------------------------------


def branching(x: Tensor) -> Tensor:
    return ops.cond(ops.sum(x) > 1, lambda: ops.exp(x) * 2, lambda: x * x * x)


@pytest.mark.parametrize("x", [X, X - 1])
def test_cond(x: Array) -> None:
    check_traced(branching, x)
    check_traced(gradient_of(branching), x)
    check_traced(second_gradient_of(branching), x)
    check_gradients(branching, x, order=2)
    assert "cond" in names(branching, x)


def test_cond_calls_only_the_chosen_branch_eagerly() -> None:
    def never() -> Tensor:
        raise AssertionError("not to be called")

    assert float(ops.cond(ops.convert_to_tensor(True), lambda: ops.ones(()), never)) == 1
    assert float(ops.cond(False, never, lambda: ops.ones(()))) == 1
    assert float(ops.cond(ops.convert_to_tensor([[2]]), lambda: ops.ones(()), never)) == 1
    # What a trace knows already is decided there.
    check_traced(lambda x: ops.cond(True, lambda: x + 1, never), X)
    assert "cond" not in names(lambda x: ops.cond(1 > 2, never, lambda: x + 1), X)


def test_cond_with_structures() -> None:
    def run(x: Tensor) -> Any:
        return ops.cond(
            x[0] > 0,
            lambda: {"a": (x, None), "b": [x * 2]},
            lambda: {"a": (-x, None), "b": [x / 2]},
        )

    check_traced(run, X)
    check_traced(run, -X)


def test_cond_mismatches_in_a_trace() -> None:
    def run(then: Callable[[Tensor], Any], otherwise: Callable[[Tensor], Any]) -> None:
        run_traced(lambda x: ops.cond(x[0] > 0, lambda: then(x), lambda: otherwise(x)), X)

    with pytest.raises(ValueError, match="cond: both branches must return the same structure"):
        run(lambda x: (x, x), lambda x: [x, x])
    with pytest.raises(ValueError, match="cond: both branches must return the same shapes"):
        run(lambda x: x, lambda x: ops.cast(x, "float32"))
    with pytest.raises(ValueError, match="cond: both branches must return the same shapes"):
        run(lambda x: x, lambda x: x[:2])
    with pytest.raises(ValueError, match="cond: pred must be one bool, got shape"):
        ops.cond(X > 0, lambda: X, lambda: X)


def test_variables_in_branches() -> None:
    v = Variable(X)
    with GradientTape() as tape:
        y = ops.cond(ops.sum(v) > 1, lambda: v * 3, lambda: v * 2)
    np.testing.assert_array_equal(tape.gradient(y, v), [3, 3, 3])


def test_switch() -> None:
    branches = [lambda x: x, lambda x: x * x, lambda x: ops.sin(x), lambda x: x * 4]

    def run(i: Tensor, x: Tensor) -> Tensor:
        return ops.switch(i, branches, x)

    for index in (-2, 0, 1, 2, 3, 7):
        check_traced(run, index, X)
        check_traced(gradient_of(run), index, X)
        expected = branches[min(max(index, 0), 3)](ops.convert_to_tensor(X))
        np.testing.assert_allclose(run(ops.convert_to_tensor(index), X), expected)
    with pytest.raises(ValueError, match="switch: branches must hold at least one"):
        ops.switch(0, [])
    with pytest.raises(ValueError, match="switch: index must be one integer"):
        ops.switch(0.5, branches, X)


# --- while_loop ---------------------------------------------------------------------------------


def doubling(x: Tensor, limit: int | None = None) -> Any:
    """Doubles until the sum of squares passes 100."""
    return ops.while_loop(
        lambda n, y: ops.sum(y * y) < 100.0,
        lambda n, y: (n + 1, y * 2 + ops.sin(y)),
        (0, x),
        maximum_iterations=limit,
    )


@pytest.mark.parametrize("limit", [None, 2, 50])
def test_while_loop(limit: int | None) -> None:
    check_traced(lambda x: doubling(x, limit), X)
    check_gradients(lambda x: doubling(x, limit)[1], X, order=2)


def test_while_loop_gradient_in_a_trace_needs_a_bound() -> None:
    def bounded(x: Tensor) -> Tensor:
        return ops.sum(doubling(x, 12)[1])

    check_traced(gradient_of(bounded), X)
    check_traced(second_gradient_of(bounded), X)
    assert "scan" in names(bounded, X)
    assert "while" in names(doubling, X)
    with pytest.raises(ValueError, match="pass maximum_iterations"):
        run_traced(gradient_of(lambda x: doubling(x)[1]), X)


def test_while_loop_with_a_bound_known_at_run_time() -> None:
    def run(n: Tensor, x: Tensor) -> Tensor:
        return ops.while_loop(lambda y: y[0] < 1e9, lambda y: y * 2, x, maximum_iterations=n)

    for n in (0, 3):
        check_traced(run, n, X)
        np.testing.assert_allclose(
            run(ops.convert_to_tensor(n), ops.convert_to_tensor(X)), X * 2**n
        )


def test_while_loop_structures() -> None:
    def run(x: Tensor) -> Any:
        return ops.while_loop(
            lambda state, n: n < 3,
            lambda state, n: ({"a": state["b"] + 1, "b": state["a"]}, n + 1),
            [{"a": x, "b": x * 2}, 0],
        )

    check_traced(run, X)
    single = ops.while_loop(lambda x: x < 5, lambda x: x + 2, ops.convert_to_tensor(0))
    assert int(single) == 6
    (one,) = ops.while_loop(lambda x: x < 5, lambda x: x + 2, (0,))
    assert int(one) == 6


@pytest.mark.parametrize("traced", [False, True])
def test_while_loop_keeps_shapes_dtypes_and_structure(traced: bool) -> None:
    def run(function: Callable[[Tensor], Any]) -> None:
        run_traced(function, X) if traced else function(ops.convert_to_tensor(X))

    message = r"while_loop: loop variable 0 must keep its shape and dtype, it was \(\) of int32"
    with pytest.raises(ValueError, match=message):
        run(lambda x: ops.while_loop(lambda i: x[0] < i + 9, lambda i: i + 0.5, 0))
    with pytest.raises(ValueError, match=r"must keep its shape .* returns \(2,\)"):
        run(lambda x: ops.while_loop(lambda y: y[0] < 9, lambda y: y[:2], x))
    with pytest.raises(ValueError, match="in the structure in which it gets them"):
        run(lambda x: ops.while_loop(lambda y, z: y[0] < 9, lambda y, z: (y,), (x, x)))
    with pytest.raises(ValueError, match="the result of cond must be one bool"):
        run(lambda x: ops.while_loop(lambda y: y < 9, lambda y: y, x))


# --- fori_loop, scan, map -----------------------------------------------------------------------


def test_fori_loop() -> None:
    def run(x: Tensor) -> Tensor:
        return ops.fori_loop(1, 5, lambda i, y: y * x + ops.cast(i, "float64"), x)

    check_traced(run, X)
    check_traced(gradient_of(run), X)
    check_gradients(run, X, order=2)

    def known_at_run_time(n: Tensor, x: Tensor) -> Tensor:
        return ops.fori_loop(0, n, lambda i, y: y + x * ops.cast(i, "float64"), x)

    for n in (0, 4):
        check_traced(known_at_run_time, n, X)
    with pytest.raises(ValueError, match="fori_loop: value 0 must keep its shape and dtype"):
        ops.fori_loop(0, 2, lambda i, y: y > 0, X)


def running(x: Tensor, reverse: bool = False) -> Any:
    def step(state: Any, element: Any) -> Any:
        total, product = state
        new = (total + element["a"] * product, product * ops.cos(element["b"]))
        return new, [new[0] * 2, None]

    xs = {"a": x, "b": x * x}
    return ops.scan(step, (ops.zeros((), "float64"), ops.ones((), "float64")), xs, reverse=reverse)


@pytest.mark.parametrize("reverse", [False, True])
def test_scan(reverse: bool) -> None:
    def run(x: Tensor) -> Any:
        return running(x, reverse)

    check_traced(run, X)
    check_traced(gradient_of(lambda x: ops.sum(run(x)[1][0]) + run(x)[0][0]), X)
    check_traced(second_gradient_of(lambda x: ops.sum(run(x)[1][0] * run(x)[0][0])), X)
    check_gradients(lambda x: [run(x)[0], run(x)[1][0]], X, order=2)


def test_scan_order() -> None:
    last, sums = ops.scan(lambda s, x: (s + x, s), 0, np.arange(1, 4, dtype=np.int32))
    assert int(last) == 6
    assert np.asarray(sums).tolist() == [0, 1, 3]
    last, sums = ops.scan(lambda s, x: (s + x, s), 0, np.arange(1, 4, dtype=np.int32), reverse=True)
    assert np.asarray(sums).tolist() == [5, 3, 0]


def test_scan_without_sequences_and_without_steps() -> None:
    def run(x: Tensor) -> Any:
        return ops.scan(lambda s, _: (s * 2, s), x, length=3)

    check_traced(run, X)
    last, ys = ops.scan(lambda s, x: (s + x, (s > x, s * 2)), X, np.zeros((0, 3)))
    np.testing.assert_array_equal(last, X)
    assert ys[0].shape == ys[1].shape == (0, 3)
    assert ys[0].dtype == np.bool_
    check_traced(lambda x: ops.scan(lambda s, e: (s + e, s), x, np.zeros((0, 3))), X)


@pytest.mark.parametrize("traced", [False, True])
def test_scan_errors(traced: bool) -> None:
    def run(function: Callable[[Tensor], Any]) -> None:
        run_traced(function, X) if traced else function(ops.convert_to_tensor(X))

    with pytest.raises(ValueError, match="scan: f must return two things"):
        run(lambda x: ops.scan(lambda s, e: s + e, 0.0, x))
    with pytest.raises(ValueError, match="scan: state 0 must keep its shape and dtype"):
        run(lambda x: ops.scan(lambda s, e: (s + e, None), 0.0, x))
    with pytest.raises(ValueError, match="scan: the sequences need a first axis of one length"):
        run(lambda x: ops.scan(lambda s, e: (s, e), 0.0, (x, x[:2])))
    with pytest.raises(ValueError, match="scan: the sequences need a first axis of one length"):
        run(lambda x: ops.scan(lambda s, e: (s, e), 0.0))
    with pytest.raises(ValueError, match="scan: unroll must be"):
        run(lambda x: ops.scan(lambda s, e: (s, e), 0.0, x, unroll=0))


def test_loops_inside_loops() -> None:
    def run(x: Tensor) -> Tensor:
        def row(state: Tensor, r: Tensor) -> Any:
            y = ops.while_loop(
                lambda y: ops.sum(y * y) < 20.0, lambda y: y * 1.5 + r, state, maximum_iterations=9
            )
            return y / 3, ops.cond(y[0] > 1, lambda: ops.sum(y * x[0]), lambda: y[1])

        return ops.scan(row, x[0], x)[1]

    x = np.random.default_rng(0).normal(size=(3, 2))
    check_traced(run, x)
    check_traced(gradient_of(run), x, rtol=1e-9)
    check_gradients(run, x, rtol=1e-4)


@pytest.mark.parametrize("name", ["map", "vectorized_map"])
def test_map(name: str) -> None:
    function = getattr(ops, name)

    def run(x: Tensor) -> Any:
        return function(lambda e: (ops.sin(e["a"]) * e["b"], e["a"]), {"a": x, "b": x * 2})

    check_traced(run, X)
    check_traced(gradient_of(lambda x: run(x)[0]), X)
    np.testing.assert_allclose(run(ops.convert_to_tensor(X))[0], np.sin(X) * X * 2)
    with pytest.raises(ValueError, match="map: xs must hold at least one tensor"):
        function(lambda e: e, ())


@pytest.mark.parametrize("n", [1, 2, 3, 7, 8])
@pytest.mark.parametrize("reverse", [False, True])
def test_associative_scan(n: int, reverse: bool) -> None:
    x = np.random.default_rng(0).normal(size=(2, n))
    runs = np.flip(x, 1) if reverse else x
    expected = np.cumprod(runs, 1)
    found = ops.associative_scan(lambda a, b: a * b, x, reverse, axis=1)
    np.testing.assert_allclose(found, np.flip(expected, 1) if reverse else expected)

    # Affine maps: not commutative, and a structure.
    def affine(pairs: Any) -> Any:
        return ops.associative_scan(
            lambda p, q: (p[0] * q[0], p[1] * q[0] + q[1]), pairs, reverse, axis=-1
        )

    check_traced(lambda a: affine((a, a * 2)), x)
    check_gradients(lambda a: affine((a, a * 2)), x, order=2)


def test_assigning_in_a_traced_branch_needs_a_function_around() -> None:
    v = Variable(1.0, name="count")
    with pytest.raises(RuntimeError, match="Variable 'count': a symbolic value cannot be assigned"):
        run_traced(lambda x: ops.cond(x[0] > 0, lambda: v.assign_add(1.0), lambda: v * 1), X)
    assert float(v) == 1.0
