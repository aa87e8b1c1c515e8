"""Gradient tapes around traced functions and in them."""

from __future__ import annotations

import numpy as np
import pytest

import thalweg as tw

# Lists that grow show when something is traced.
pytestmark = pytest.mark.filterwarnings("ignore::thalweg.tracing.autograph.TracingWarning")


def test_a_tape_around_and_a_tape_inside_give_the_gradients_of_eager_code():
    v = tw.Variable([1.0, 2.0])
    x = tw.constant([3.0, -1.0])

    def forward(x):
        return tw.ops.sum(tw.ops.sin(v * x) ** 2)

    def both(x):
        with tw.GradientTape() as tape:
            tape.watch(x)
            y = forward(x)
        return tape.gradient(y, [v, x])

    expected = both(x)
    for a, b in zip(tw.function(both)(x), expected, strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-6)
    traced = tw.function(forward)
    for _ in range(2):
        with tw.GradientTape() as tape:
            tape.watch(x)
            y = traced(x)
        for a, b in zip(tape.gradient(y, [v, x]), expected, strict=True):
            np.testing.assert_allclose(a, b, rtol=1e-6)


def test_a_tape_around_sees_assignments_as_in_eager_code():
    v, w = tw.Variable(3.0), tw.Variable(1.0)

    def body():
        value = v * v
        v.assign(value)
        w.assign(2.0)
        return v * w * w + value

    def gradients(function):
        v.assign(3.0)
        w.assign(1.0)
        with tw.GradientTape() as tape:
            y = function() * 2
            v.assign_add(1.0)
            y = y + v
        return [float(g) for g in (y, *tape.gradient(y, [v, w]), v, w)]

    expected = gradients(body)
    traced = tw.function(body)
    assert gradients(traced) == gradients(traced) == expected


def test_second_order_through_a_call():
    f = tw.function(lambda x: x**3)
    x = tw.constant(2.0)
    with tw.GradientTape() as outer:
        outer.watch(x)
        with tw.GradientTape() as inner:
            inner.watch(x)
            y = f(x)
        slope = inner.gradient(y, x)
    assert float(outer.gradient(slope, x)) == 12.0


def test_a_tape_that_watches_nothing_of_it_does_not_slow_it_down(monkeypatch):
    from thalweg.tracing.concrete import ConcreteFunction

    state, weight = tw.Variable(0.0, trainable=False), tw.Variable(1.0)
    f = tw.function(lambda x: state.assign_add(x))
    f(tw.constant(1.0))
    monkeypatch.setattr(ConcreteFunction, "_replay", lambda *_: pytest.fail("replayed"))
    with tw.GradientTape() as tape:
        y = f(tw.constant(1.0)) * weight
    assert float(tape.gradient(y, weight)) == 2.0


@tw.custom_gradient
def tripled(x):
    """Whose gradient says that it is ten times its argument."""
    return x * 3, lambda upstream: upstream * 10


def test_gradients_of_ones_own_count_inside_and_around():
    x = tw.constant(2.0)

    def slope(x):
        with tw.GradientTape() as tape:
            tape.watch(x)
            y = tripled(x) * 2
        return tape.gradient(y, x)

    assert float(tw.function(slope)(x)) == 20.0
    f = tw.function(lambda x: tripled(x) * 2)
    for _ in range(2):
        assert float(f(x)) == 12.0
        with tw.GradientTape() as tape:
            tape.watch(x)
            y = f(x)
        assert float(tape.gradient(y, x)) == 20.0


def test_a_gradient_of_ones_own_in_a_loop_is_never_silently_left_out():
    def outside(x):
        with tw.GradientTape() as tape:
            tape.watch(x)
            y = tw.ops.scan(lambda s, _: (tripled(s), None), x, length=2)[0]
        return tape.gradient(y, x)

    assert float(outside(tw.constant(2.0))) == 100.0
    with pytest.raises(ValueError, match=r"with a gradient of its own .* use the tape inside"):
        tw.function(outside)(tw.constant(2.0))
