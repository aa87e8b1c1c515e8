"""custom_gradient, recompute_grad, and the functional forms."""

from __future__ import annotations

import numpy as np
import pytest

import thalweg as tw
from thalweg import ops


def test_custom_gradient_is_used():
    @tw.custom_gradient
    def clipped(x):
        return x * 1.0, lambda upstream: ops.clip(upstream, -0.1, 0.1)

    x = tw.Variable(2.0)
    with tw.GradientTape() as tape:
        y = clipped(x) * 5.0
    assert np.isclose(tape.gradient(y, x), 0.1)


def test_custom_gradient_of_several_arguments_and_results():
    @tw.custom_gradient
    def f(a, b):
        return (a + b, a * b), lambda da, db: (da + db * b, da + db * a)

    a, b = tw.Variable(2.0), tw.Variable(3.0)
    with tw.GradientTape() as tape:
        s, p = f(a, b)
        y = s + 10 * p
    da, db = tape.gradient(y, [a, b])
    assert (float(da), float(db)) == (31.0, 21.0)


def test_custom_gradient_may_return_an_argument():
    @tw.custom_gradient
    def doubled_backward(x):
        return x, lambda g: 2 * g

    x = tw.constant(1.0)
    with tw.GradientTape() as tape:
        tape.watch(x)
        y = doubled_backward(x)
    assert tape.gradient(y, x).numpy() == 2.0


def test_custom_gradient_with_variables():
    v = tw.Variable(3.0)

    @tw.custom_gradient
    def without(x):
        return x * v, lambda g: g

    with pytest.raises(TypeError, match="variables=None"):
        without(tw.constant(1.0))

    @tw.custom_gradient
    def f(x):
        def grad(g, variables=None):
            return g * v, [g * x * 100 for _ in variables]

        return x * v, grad

    x = tw.constant(2.0)
    with tw.GradientTape() as tape:
        tape.watch(x)
        y = f(x)
    to_x, to_v = tape.gradient(y, [x, v])
    assert (float(to_x), float(to_v)) == (3.0, 200.0)


def test_custom_gradient_of_higher_order():
    @tw.custom_gradient
    def cube(x):
        return x * x * x, lambda g: g * 3 * x * x

    x = tw.Variable(2.0)
    with tw.GradientTape() as outer:
        with tw.GradientTape() as inner:
            y = cube(x)
        first = inner.gradient(y, x)
    assert outer.gradient(first, x).numpy() == 12.0


def test_custom_gradient_with_wrong_count():
    @tw.custom_gradient
    def f(a, b):
        return a * b, lambda g: g

    a = tw.Variable(1.0)
    with tw.GradientTape() as tape:
        y = f(a, a * 2)
    with pytest.raises(ValueError, match="1 gradients for 2"):
        tape.gradient(y, a)


def test_recompute_grad_runs_twice_and_finds_variables():
    calls = []
    v = tw.Variable(3.0)

    @tw.recompute_grad
    def f(x):
        calls.append(1)
        return x * x * v

    x = tw.constant(2.0)
    with tw.GradientTape() as tape:
        tape.watch(x)
        y = f(x)
        v.assign(100.0)  # the backward pass must use the value of the forward pass
    assert len(calls) == 1
    to_x, to_v = tape.gradient(y, [x, v])
    assert len(calls) == 2
    assert (float(to_x), float(to_v)) == (12.0, 4.0)


def test_recompute_grad_second_order():
    x = tw.Variable(2.0)
    with tw.GradientTape() as outer:
        with tw.GradientTape() as inner:
            y = tw.recompute_grad(lambda t: t * t * t)(x)
        first = inner.gradient(y, x)
    assert outer.gradient(first, x).numpy() == 12.0


def test_grad_of_grad():
    cube = lambda x: x * x * x  # noqa: E731
    assert tw.grad(tw.grad(cube))(tw.constant(2.0)).numpy() == 12.0


def test_functional_forms():
    x, y = tw.constant(2.0), tw.constant(5.0)
    da, db = tw.grads(lambda a, b: a * a * b)([x, y])
    assert (float(da), float(db)) == (20.0, 4.0)
    value, (da, db) = tw.value_and_grads(lambda a, b: a * a * b)([x, x])
    assert (float(value), float(da), float(db)) == (8.0, 8.0, 4.0)
    assert float(tw.grad(lambda a: a * a)(x, tw.constant(10.0))) == 40.0
    with pytest.raises(ValueError, match="argument 1"):
        tw.grads(lambda a, b: a * 1.0)([x, y])


def test_variable_grads():
    v, w = tw.Variable(2.0, name="v"), tw.Variable(3.0, name="w")
    value, found = tw.variable_grads(lambda: v * v * w)
    assert float(value) == 12.0
    assert {k: float(g) for k, g in found.items()} == {"v": 12.0, "w": 4.0}
    with pytest.raises(ValueError, match="no trainable variable"):
        tw.variable_grads(lambda: tw.constant(1.0))
