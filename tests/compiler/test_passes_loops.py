"""Passes over control flow: what leaves a loop, what enters it, which loops become one."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.compiler.flows import arrays, check_same, flow_of, names
from tests.compiler.random_scans import SHAPES, scan_of
from thalweg import ops
from thalweg.autodiff import GradientTape
from thalweg.compiler.bodies import split_scan
from thalweg.compiler.evaluate import evaluate_flow
from thalweg.compiler.graph import Flow, Number, Operation
from thalweg.compiler.passes import optimize
from thalweg.primitives import host
from thalweg.primitives.control_flow import bind_cond, bind_scan, bind_while

N3 = ((None, 3), "float32")
W = ((3, 3), "float32")
STEPS = ((4, None, 3), "float32")


@pytest.fixture(autouse=True)
def _verified(monkeypatch):
    monkeypatch.setenv("THALWEG_VERIFY", "1")


def optimized(function, *shapes, rtol=1e-5) -> Flow:
    flow = flow_of(function, *shapes)
    after = optimize(flow)
    check_same(flow, after, shapes, rtol)
    return after


def only(flow: Flow, name: str) -> Operation:
    (found,) = [o for o in flow.operations if o.name == name]
    return found


def inside(flow: Flow, name: str = "scan", body: str = "body") -> list[str]:
    return names(only(flow, name).params[body])


# --- what enters and what leaves ----------------------------------------------------------------


def test_numbers_enter_and_fold():
    def function(x):
        one = ops.ones_like(x[0])
        (last,) = bind_scan(lambda c, e: [c * one + e * (one - 1)], [x[0]], [x], x.shape[0])
        return last

    flow = optimized(function, STEPS)
    assert not any(
        isinstance(o.kind, Number) and o.outputs[0] in only(flow, "scan").inputs
        for o in flow.operations
    )
    assert "contract" not in inside(flow)


def test_a_carry_that_never_changes_is_no_carry():
    def function(x, w):
        found = bind_scan(lambda c, k, e: [ops.tanh(c + e) * k[0], k], [x[0], w], [x], x.shape[0])
        return found

    flow = optimized(function, STEPS, W)
    assert only(flow, "scan").params["carries"] == 1


def test_results_that_nobody_needs_are_gone():
    def function(x):
        def step(c, d, e):
            return ops.tanh(c + e), d + ops.exp(e), ops.exp(d), c * 2

        return bind_scan(step, [x[0], x[0]], [x], x.shape[0])[0]

    flow = optimized(function, STEPS)
    assert inside(flow) == ["add", "tanh"]
    assert split_scan(only(flow, "scan")) == (0, 1, 1)


def test_results_that_are_inputs_or_the_same_are_not_stacked():
    def function(x, w):
        def step(c, e):
            y = ops.tanh(c + e)
            return y, y, y, e, w, ops.ones_like(e)

        return bind_scan(step, [x[0]], [x], x.shape[0])

    flow = optimized(function, STEPS, W)
    scan = only(flow, "scan")
    assert len(scan.outputs) == 2


def test_work_that_is_the_same_in_every_step_is_done_once():
    def function(x, w):
        def step(c, e):
            return ops.tanh(c + ops.matmul(e, ops.exp(w) * 2)), ops.sum(ops.tanh(w)) * e

        return bind_scan(step, [x[0]], [ops.tanh(x)], x.shape[0])

    flow = optimized(function, STEPS, W)
    assert "exp" in names(flow)
    assert "reduce_sum" in names(flow)
    assert not {"exp", "reduce_sum", "contract"} & set(inside(flow))


def test_views_stay_in_the_loop():
    def function(x, w):
        def step(c):
            return [ops.tanh(c + ops.reshape(w, (-1,))[:3])]

        return bind_scan(step, [x], [], 5)

    flow = optimized(function, N3, W)
    assert names(flow) == ["scan"]


def test_a_matrix_that_each_step_turns_is_turned_once():
    def function(x, w):
        def step(c):
            return [ops.tanh(ops.matmul(c, ops.transpose(w)))]

        return bind_scan(step, [x], [], 5)

    flow = optimized(function, N3, W)
    assert names(flow) == ["transpose", "scan"]
    body = only(flow, "scan").params["body"]
    (product,) = [o for o in body.operations if o.name == "contract"]
    assert product.params["axes"] == ((1,), (0,))


# --- while --------------------------------------------------------------------------------------


def test_a_while_loop_keeps_only_what_changes():
    def function(x, w):
        def body(i, y, fixed, unused):
            return i + 1, ops.tanh(y + ops.exp(w)[0]) * fixed[0], fixed, ops.exp(unused)

        zero = ops.zeros((), "int32")
        return bind_while(lambda i, y, f, u: [i < 4], body, [zero, x, w, x])[1]

    flow = optimized(function, N3, W)
    loop = only(flow, "while")
    assert len(loop.outputs) == 2
    assert "exp" in names(flow)
    assert "exp" not in inside(flow, "while")


def test_a_while_loop_whose_condition_reads_what_the_body_writes():
    def function(x):
        def body(total, y):
            return total + ops.sum(ops.abs(y)) + 1, y * 0.5

        start = ops.zeros(())
        return bind_while(lambda total, y: [total < 30], body, [start, x])[1]

    optimized(function, N3)


# --- cond ---------------------------------------------------------------------------------------


def test_a_known_condition_is_no_condition():
    def function(x):
        flag = ops.cast(x.shape[0], "int32") > 0
        return bind_cond(flag, lambda: [ops.exp(x)], lambda: [ops.tanh(x)])

    assert names(optimized(function, N3)) == ["exp"]


def test_branches_lose_what_nobody_needs():
    def function(x):
        def one():
            return ops.exp(x) + ops.ones((3,)), ops.sum(ops.tanh(x))

        def other():
            return x * 2, ops.max(x)

        return bind_cond(ops.sum(x) > 0, one, other)[0]

    flow = optimized(function, N3)
    cond = only(flow, "cond")
    assert len(cond.outputs) == 1
    assert names(cond.params["then"]) == ["exp", "add"]
    assert len(cond.inputs) == 3


# --- scans of few steps -------------------------------------------------------------------------


@pytest.mark.parametrize("steps", [0, 1])
def test_few_steps_are_no_loop(steps):
    def function(x):
        def step(c, e):
            return ops.tanh(c + e), c * 2

        return bind_scan(step, [x[0]], [x[:steps]], steps)

    assert "scan" not in names(optimized(function, STEPS))


# --- scans that become one ----------------------------------------------------------------------


def test_two_scans_over_the_same_steps_are_one():
    def function(x, w):
        def step(c, e):
            y = ops.tanh(ops.matmul(c, w) + e)
            return y, y

        def more(c, e):
            y = ops.tanh(ops.matmul(c, w) + e)
            return y, c, y * 2

        start = ops.zeros_like(x[0])
        return (
            *bind_scan(step, [start], [x], x.shape[0]),
            *bind_scan(more, [start], [x], x.shape[0]),
        )

    flow = optimized(function, STEPS, W)
    scan = only(flow, "scan")
    assert scan.params["carries"] == 1
    assert inside(flow).count("contract") == 1


def test_scans_the_other_way_round_stay_apart():
    def function(x):
        def step(c, e):
            return ops.tanh(c + e), c

        return (
            *bind_scan(step, [x[0]], [x], x.shape[0]),
            *bind_scan(step, [x[0]], [x], x.shape[0], reverse=True),
        )

    assert names(optimized(function, STEPS)).count("scan") == 2


def test_carries_that_go_the_same_way_are_one():
    def function(x):
        def step(a, b, c, d, e):
            return ops.tanh(a + e), ops.tanh(b + e), c * e + 1, d * e + a

        start = ops.zeros_like(x[0])
        return bind_scan(step, [start] * 4, [x], x.shape[0])

    assert only(optimized(function, STEPS), "scan").params["carries"] == 3


# --- gradients of recurrent layers --------------------------------------------------------------


def gradients(step_of):
    """The loss of a recurrence and its gradients."""

    def function(x, w, b):
        with GradientTape() as tape:
            tape.watch(x)
            tape.watch(w)
            tape.watch(b)
            start = ops.zeros_like(x[0])
            (last,) = bind_scan(lambda c, e: [step_of(c, e, w, b)], [start], [x], x.shape[0])
            loss = ops.sum(last * last)
        return loss, *tape.gradient(loss, [x, w, b])

    return function


def test_the_gradient_of_weights_is_one_contraction_after_the_scan():
    def step(c, e, w, b):
        return ops.tanh(ops.matmul(c, w) + e + b)

    flow = optimized(gradients(step), STEPS, W, ((3,), "float32"))
    scans = [o for o in flow.operations if o.name == "scan"]
    assert len(scans) == 2
    forward, backward = scans
    # One product a step each way, the weights' gradient outside, and the bias's too.
    assert names(forward.params["body"]).count("contract") == 1
    assert names(backward.params["body"]).count("contract") == 1
    assert "tanh" not in names(backward.params["body"])
    assert "reduce_sum" not in names(backward.params["body"])
    (product,) = [o for o in flow.operations if o.name == "contract"]
    assert product.params["axes"] == ((0, 1), (0, 1))
    assert forward.params["carries"] == backward.params["carries"] == 1


def test_a_product_with_each_step_is_one_before_the_scan_and_its_gradient_one_after():
    def step(c, e, w, b):
        return ops.tanh(c * b + ops.matmul(e, w))

    flow = optimized(gradients(step), STEPS, W, ((3,), "float32"))
    for scan in [o for o in flow.operations if o.name == "scan"]:
        assert "contract" not in names(scan.params["body"])


def test_gates_are_put_together_not_added():
    def step(c, e, w, b):
        gates = ops.matmul(c, ops.concatenate([w, w * 2], axis=1)) + b[0]
        return ops.tanh(gates[:, :3]) * ops.sigmoid(gates[:, 3:]) + e

    flow = optimized(gradients(step), STEPS, W, ((3,), "float32"), rtol=1e-4)
    backward = [o for o in flow.operations if o.name == "scan"][-1]
    assert "pad" not in names(backward.params["body"])
    assert "concat" in names(backward.params["body"])


@pytest.mark.parametrize("reverse", [False, True])
def test_sums_of_steps(reverse):
    def function(x, w):
        def step(total, difference, moved, c, e):
            y = ops.tanh(c + e)
            return (
                total + ops.matmul(ops.transpose(c), y),
                difference - ops.sum(y * e, axis=0),
                moved + ops.transpose(ops.matmul(ops.transpose(y), e)),
                y,
            )

        starts = [w, w[0], w, ops.zeros_like(x[0])]
        return bind_scan(step, starts, [x], x.shape[0], reverse=reverse)

    flow = optimized(function, STEPS, W)
    assert only(flow, "scan").params["carries"] == 1
    assert "contract" not in inside(flow)


def test_a_sum_that_a_step_looks_at_stays():
    def function(x):
        def step(total, e):
            return [total + ops.tanh(total) * e]

        return bind_scan(step, [x[0]], [x], x.shape[0])

    assert only(optimized(function, STEPS), "scan").params["carries"] == 1


def test_integer_sums_stay():
    def function(x):
        return bind_scan(lambda t, e: [t + e], [x[0]], [x], x.shape[0])

    assert only(optimized(function, ((4, None), "int32")), "scan").params["carries"] == 1


# --- effects ------------------------------------------------------------------------------------


def said(value, text):
    host.print_(value, parts=(text, host.Field(0)), end="\n", file="stdout", flush=False)


def test_what_is_said_is_said_in_order_and_as_often(capsys):
    def function(x):
        def step(c, e):
            said(ops.sum(e), "step ")
            return c + e, c

        said(x[0, 0, 0], "first ")
        bind_scan(step, [x[0]], [x], 2)

        def branch():
            said(x[0, 0, 0], "branch ")
            return [x]

        bind_cond(ops.sum(x) > -1e9, branch, lambda: [x * 2])
        said(x[0, 0, 0], "last ")
        return x * 1

    shapes = (((2, None, 3), "float32"),)
    flow = flow_of(function, *shapes)
    after = optimize(flow)
    for f in (flow, after):
        evaluate_flow(f, arrays(shapes, 2), 2)
    lines = capsys.readouterr().out.splitlines()
    assert lines[:5] == lines[5:]
    assert [line.split()[0] for line in lines[5:]] == ["first", "step", "step", "branch", "last"]


def test_checks_stay():
    def function(x):
        host.check(ops.all(x < 1e9), parts=("too large",), error=ValueError("no"), where="")
        return x + 0

    assert "check" in names(optimized(function, N3))


# --- loops in loops -----------------------------------------------------------------------------


def test_a_scan_in_a_scan():
    def function(x, w):
        def outer(c, e):
            def inner(d, f):
                return [ops.tanh(d + ops.matmul(f, w) * np.float32(1.0))]

            (d,) = bind_scan(inner, [c], [ops.stack([e, c])], 2)
            return d, d * 2

        with GradientTape() as tape:
            tape.watch(w)
            last, all_steps = bind_scan(outer, [x[0]], [x], x.shape[0])
            loss = ops.sum(last) + ops.sum(all_steps * all_steps)
        return loss, tape.gradient(loss, w)

    optimized(function, STEPS, W, rtol=1e-4)


def test_a_scan_over_the_batch():
    def function(x, w):
        with GradientTape() as tape:
            tape.watch(w)
            last, _ = bind_scan(
                lambda c, e: (ops.tanh(ops.matmul(c, w) + e), c), [w[0]], [x], x.shape[0]
            )
            loss = ops.sum(last)
        return loss, tape.gradient(loss, w)

    optimized(function, N3, W, rtol=1e-4)


# --- everything together ------------------------------------------------------------------------


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 10**9))
def test_random_recurrences_and_their_gradients(seed):
    flow = flow_of(scan_of(seed), *SHAPES)
    check_same(flow, optimize(flow), SHAPES, 2e-3)
