"""cond, while and scan: values, gradients of two orders, nesting, in a trace, errors."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest

from tests.gradients import check_gradients
from tests.ops.oracle import values
from thalweg import ops
from thalweg.autodiff import GradientTape
from thalweg.primitives import control_flow, evaluate_graph, trace
from thalweg.primitives.control_flow import bind_cond, bind_scan, bind_while
from thalweg.tensor import Tensor, TensorSpec

Array = np.ndarray[Any, Any]
COVERED = {"cond", "while", "scan"}


def tensor(x: Any, dtype: Any = np.float64) -> Tensor:
    return Tensor(np.asarray(x, dtype))


# --- cond ------------------------------------------------------------------------------------


def branch(pred: bool, x: Tensor, w: Tensor) -> Any:
    return bind_cond(tensor(pred, np.bool_), lambda: (x * x * w, x), lambda: (ops.sin(x), x * w))


@pytest.mark.parametrize("pred", [True, False])
def test_cond(pred: bool) -> None:
    x, w = values("float64", (3,), 0), values("float64", (3,), 1)
    first, second = branch(pred, Tensor(x), Tensor(w))
    np.testing.assert_allclose(first.numpy(), x * x * w if pred else np.sin(x))
    np.testing.assert_allclose(second.numpy(), x if pred else x * w)
    check_gradients(lambda x, w: branch(pred, x, w), x, w, order=2)


def test_cond_of_what_flows_only_through_one_branch() -> None:
    x = tensor([1.0, 2.0])
    for pred, expected in ((True, [2.0, 4.0]), (False, [0.0, 0.0])):
        with GradientTape() as tape:
            tape.watch(x)
            (y,) = bind_cond(
                tensor(pred, np.bool_), lambda: (x * x,), lambda: (ops.zeros(2, "float64"),)
            )
        assert tape.gradient(y, x).tolist() == expected


def test_cond_errors() -> None:
    x = tensor([1.0])
    with pytest.raises(ValueError, match="cond: pred must be one bool, got shape"):
        bind_cond(tensor([True], np.bool_), lambda: (x,), lambda: (x,))
    with pytest.raises(ValueError, match="cond: both branches must return the same shapes"):
        bind_cond(tensor(True, np.bool_), lambda: (x,), lambda: (ops.concatenate([x, x]),))


# --- while -----------------------------------------------------------------------------------


def doubled_until(limit: Tensor, x: Tensor) -> Sequence[Tensor]:
    return bind_while(
        lambda i, x: (ops.sum(x) < limit,), lambda i, x: (i + 1, x * 2), (tensor(0, np.int32), x)
    )


def test_while() -> None:
    count, x = doubled_until(tensor(100.0), tensor([1.0, 2.0]))
    assert int(count) == 6
    assert x.tolist() == [64.0, 128.0]
    count, x = doubled_until(tensor(1.0), tensor([1.0, 2.0]))
    assert int(count) == 0


def test_while_errors() -> None:
    x = tensor([1.0])
    with pytest.raises(ValueError, match="while_loop: cond must return one bool"):
        bind_while(lambda x: (x > 0,), lambda x: (x,), (x,))
    with pytest.raises(ValueError, match="while_loop: loop variable 0 must keep its shape"):
        bind_while(lambda x: (x[0] > 0,), lambda x: (ops.concatenate([x, x]),), (x,))
    with pytest.raises(
        ValueError, match="while_loop: the body returns 2 loop variables, expected 1"
    ):
        bind_while(lambda x: (x[0] > 0,), lambda x: (x, x), (x,))
    with GradientTape() as tape:
        tape.watch(x)
        _, y = doubled_until(tensor(100.0), x)
    with pytest.raises(ValueError, match="pass maximum_iterations"):
        tape.gradient(y, x)


# --- scan ------------------------------------------------------------------------------------


def recurrence(x: Tensor, h: Tensor, w: Tensor, reverse: bool = False) -> Sequence[Tensor]:
    """h <- tanh(w h + x_t), counting steps, and what h was."""

    def step(h: Tensor, count: Tensor, x_t: Tensor) -> Sequence[Tensor]:
        new = ops.tanh(ops.matmul(w, h) + x_t)
        return new, count + 1, h * x_t, count

    return bind_scan(step, (h, tensor(0, np.int32)), (x,), x.shape[0], reverse)


@pytest.mark.parametrize("reverse", [False, True])
def test_scan(reverse: bool) -> None:
    x, h, w = values("float64", (4, 2), 0), values("float64", (2,), 1), values("float64", (2, 2), 2)
    last, count, seen, counts = recurrence(Tensor(x), Tensor(h), Tensor(w), reverse)
    state, rows = h, np.zeros((4, 2))
    for t in range(4)[:: -1 if reverse else 1]:
        rows[t] = state * x[t]
        state = np.tanh(w @ state + x[t])
    np.testing.assert_allclose(last.numpy(), state)
    np.testing.assert_allclose(seen.numpy(), rows)
    assert int(count) == 4
    assert counts.tolist() == ([3, 2, 1, 0] if reverse else [0, 1, 2, 3])


@pytest.mark.parametrize("reverse", [False, True])
def test_gradients_of_scan(reverse: bool) -> None:
    x, h, w = values("float64", (3, 2), 0), values("float64", (2,), 1), values("float64", (2, 2), 2)

    def function(x: Tensor, h: Tensor, w: Tensor) -> Any:
        found = recurrence(x, h, w, reverse)
        return found[0], found[2]

    check_gradients(function, x, h, w, order=2, atol=1e-5)
    check_gradients(lambda x, h, w: function(x, h, w)[1], x, h, w, order=1)


def test_scan_without_steps() -> None:
    x, h, w = np.zeros((0, 2)), values("float64", (2,), 1), values("float64", (2, 2), 2)
    last, _, seen, _ = recurrence(Tensor(x), Tensor(h), Tensor(w))
    assert last.tolist() == h.tolist()
    assert seen.shape == (0, 2)
    check_gradients(lambda x, h, w: recurrence(x, h, w)[0], x, h, w, order=2)


def test_scan_errors() -> None:
    x = tensor([1.0, 2.0])
    with pytest.raises(ValueError, match="scan: each of xs needs 3 steps on its first axis"):
        bind_scan(lambda c, x: (c + x,), (x[0],), (x,), 3)
    with pytest.raises(ValueError, match="scan: loop variable 0 must keep its shape and dtype"):
        bind_scan(lambda c, t: (ops.cast(c, "float32"),), (x[0],), (x,), 2)


# --- one inside the other, and all in a trace --------------------------------------------------


def nested(x: Tensor, w: Tensor) -> Tensor:
    """A branch inside of a loop inside of a loop; `w` is read from two levels outside."""

    def outer(total: Tensor, row: Tensor) -> Sequence[Tensor]:
        def inner(s: Tensor, element: Tensor) -> Sequence[Tensor]:
            positive = element > 0
            (y,) = bind_cond(positive, lambda: (element * w,), lambda: (ops.sin(s) * element,))
            return (s + y,)

        (s,) = bind_scan(inner, (total,), (row,), row.shape[0])
        return s * w, s

    last, sums = bind_scan(outer, (ops.zeros((), "float64"),), (x,), x.shape[0])
    return last + ops.sum(sums)


def test_nested() -> None:
    x, w = values("float64", (2, 3), 0), np.array(0.7)
    total, sums = 0.0, 0.0
    for row in x:
        for element in row:
            total += element * w if element > 0 else np.sin(total) * element
        sums += total
        total *= w
    assert float(nested(Tensor(x), Tensor(w))) == pytest.approx(total + sums)
    check_gradients(nested, x, w, order=2, atol=1e-5)


def test_gradients_in_a_trace() -> None:
    """A traced function may contain the gradient; it computes what eager code does."""
    x, w = values("float64", (2, 3), 0), np.array(0.7)

    def slope(x: Tensor, w: Tensor) -> list[Tensor]:
        with GradientTape() as tape:
            tape.watch([x, w])
            y = nested(x, w)
        found: list[Tensor] = tape.gradient(y, [x, w])
        return found

    graph = trace(slope, [TensorSpec((2, 3), "float64"), TensorSpec((), "float64")])
    assert {"scan"} <= {node.primitive.name for node in graph.nodes}
    found = evaluate_graph(graph, [x, w], [np.asarray(c) for c in graph.captured])
    for a, b in zip(found, slope(Tensor(x), Tensor(w)), strict=True):
        np.testing.assert_allclose(a, b.numpy())


def test_bodies_are_graphs() -> None:
    graph = trace(
        lambda x: recurrence(x, x[0], ops.ones((2, 2), "float64")), [TensorSpec((3, 2), "float64")]
    )
    (node,) = [node for node in graph.nodes if node.primitive is control_flow.scan]
    assert node.params["length"] == 3
    assert "matmul" not in repr(graph)
    assert "body=<graph>" in repr(graph)
