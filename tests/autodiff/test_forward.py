"""jvp: the derivative in one direction."""

from __future__ import annotations

import numpy as np
import pytest

import thalweg as tw
from thalweg import ops


def test_jvp_is_the_jacobian_times_the_direction():
    rng = np.random.default_rng(0)
    w, x, t = rng.normal(size=(3, 4)), rng.normal(size=4), rng.normal(size=4)

    def f(v):
        return ops.tanh(ops.matmul(w, v)) * ops.sum(v * v)

    y, slope = ops.jvp(f, (x,), (t,))
    step = 1e-6
    ahead, behind = f(tw.constant(x + step * t)), f(tw.constant(x - step * t))
    np.testing.assert_allclose(slope, (ahead - behind) / (2 * step), rtol=1e-8)
    np.testing.assert_allclose(y, f(tw.constant(x)))


def test_several_arguments_results_and_aux():
    value, slope, more = ops.jvp(
        lambda a, b: ({"sum": a + b, "product": a * b}, "more"),
        (2.0, 3.0),
        (10.0, 1.0),
        has_aux=True,
    )
    assert (float(value["sum"]), float(value["product"])) == (5.0, 6.0)
    assert (float(slope["sum"]), float(slope["product"])) == (11.0, 32.0)
    assert more == "more"


def test_what_does_not_depend_has_slope_zero():
    _, slope = ops.jvp(lambda x: (x * 2.0, tw.constant(7.0)), (1.0,), (1.0,))
    assert [float(s) for s in slope] == [2.0, 0.0]
    _, slope = ops.linalg.jvp(lambda x: ops.ones((2,)), (1.0,), (1.0,))
    np.testing.assert_array_equal(slope, [0.0, 0.0])


def test_errors():
    with pytest.raises(ValueError, match="1 primals and 2 tangents"):
        ops.jvp(lambda x: x, (1.0,), (1.0, 2.0))
    with pytest.raises(ValueError, match=r"tangents\[0\] has shape \(2,\)"):
        ops.jvp(lambda x: x, (1.0,), ([1.0, 2.0],))


def test_custom_gradient_is_an_operation_of_keras_too():
    f = ops.custom_gradient(lambda x: (x * 2.0, lambda upstream: upstream * 100.0))
    assert float(tw.grad(f)(tw.constant(1.0))) == 100.0
