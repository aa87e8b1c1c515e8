"""vectorize against NumPy's."""

from __future__ import annotations

from typing import Any

import pytest

from tests.gradients import check_gradients
from tests.ops.oracle import close, values
from thalweg import ops


def test_elements() -> None:
    x, y = values("float32", (3, 1), 0), values("float32", (2,), 1)
    close(ops.vectorize(lambda a, b: a + 2 * b)(x, y), x + 2 * y)
    both = ops.vectorize(lambda a: (a, -a))(x)
    assert isinstance(both, tuple)
    close(both[1], -x)


def test_signature() -> None:
    x, y = values("float64", (2, 3, 4), 0), values("float64", (3, 4), 1)
    inner = ops.vectorize(lambda a, b: ops.sum(a * b), signature="(n),(n)->()")
    close(inner(x, y), (x * y).sum(-1))
    outer = ops.vectorize(lambda a, b: ops.outer(a, b), signature="(n), (m) -> (n, m)")
    close(outer(x, y[0]), x[..., :, None] * y[0])


def test_arguments_passed_on() -> None:
    function: Any = ops.vectorize(
        lambda a, power, scale=1.0: scale * a ** len(power), excluded={1, "scale"}
    )
    x = values("float64", (3,), 0)
    close(function(x, [0, 0], scale=2.0), 2 * x**2)


def test_gradients() -> None:
    function = ops.vectorize(lambda a, b: a * a * b)
    check_gradients(function, values("float64", (2, 1), 0), values("float64", (2,), 1), order=2)


def test_errors() -> None:
    with pytest.raises(ValueError, match="vectorize: signature must look like"):
        ops.vectorize(lambda x: x, signature="n->n")
    with pytest.raises(ValueError, match="vectorize: the signature takes 1 arguments, got 2"):
        ops.vectorize(lambda x: x, signature="()->()")(1.0, 2.0)
    with pytest.raises(ValueError, match="vectorize: axis n is 2 long in one argument and 3"):
        ops.vectorize(lambda x, y: x, signature="(n),(n)->()")([1.0, 2.0], [1.0, 2.0, 3.0])
