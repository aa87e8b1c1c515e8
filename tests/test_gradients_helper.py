"""The gradient checker finds wrong gradients of each order."""

from __future__ import annotations

import numpy as np
import pytest

from tests.gradients import check_gradients
from thalweg import ops

X = np.array([0.5, -1.5, 2.0])


def test_right_gradients_pass() -> None:
    check_gradients(lambda x, y: [x * y, ops.sin(x)], X, X + 1, order=3, atol=1e-4)
    check_gradients(lambda x, i: ops.take(x, i), X, [0, 2, 2], order=2)
    check_gradients(lambda x: {"a": ops.abs(x), "b": x * x}, X + 1j, order=2)
    check_gradients(lambda x: ops.ones(2), X, order=2)


def test_a_wrong_first_order_fails() -> None:
    with pytest.raises(AssertionError, match="gradient of order 1 towards argument 0"):
        check_gradients(lambda x: x * ops.stop_gradient(x), X)
    with pytest.raises(AssertionError, match="gradient of order 1 towards argument 1"):
        check_gradients(lambda x, y: x * ops.stop_gradient(y), X, X)


def test_a_wrong_second_order_fails() -> None:
    """The value x**2 and the gradient 2 x are right, but the gradient is a constant."""

    def function(x: object) -> object:
        fixed = ops.stop_gradient(x)
        return fixed * fixed + 2 * fixed * (x - fixed)

    check_gradients(function, X)
    with pytest.raises(AssertionError, match="gradient of order 2 towards argument 0"):
        check_gradients(function, X, order=2)
