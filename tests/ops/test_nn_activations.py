"""Activations against their formulas in float64, at the kinks and far out, and their gradients."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy import special

from tests.gradients import check_gradients
from thalweg import ops
from thalweg.autodiff import GradientTape
from thalweg.tensor import convert_to_tensor

Array = np.ndarray[Any, Any]

FORMULAS: dict[str, Callable[[Array], Any]] = {
    "relu": lambda x: np.maximum(x, 0),
    "relu6": lambda x: np.clip(x, 0, 6),
    "sigmoid": special.expit,
    "softplus": lambda x: np.logaddexp(x, 0),
    "softsign": lambda x: x / (1 + np.abs(x)),
    "silu": lambda x: x * special.expit(x),
    "log_sigmoid": special.log_expit,
    "leaky_relu": lambda x: np.where(x > 0, x, 0.2 * x),
    "hard_sigmoid": lambda x: np.clip(x / 6 + 0.5, 0, 1),
    "hard_silu": lambda x: x * np.clip(x / 6 + 0.5, 0, 1),
    "hard_tanh": lambda x: np.clip(x, -1, 1),
    "hard_shrink": lambda x: np.where(np.abs(x) > 0.5, x, 0),
    "soft_shrink": lambda x: np.sign(x) * np.maximum(np.abs(x) - 0.5, 0),
    "elu": lambda x: np.where(x > 0, x, np.expm1(np.minimum(x, 0))),
    "selu": lambda x: (
        1.0507009873554805 * np.where(x > 0, x, 1.6732632423543772 * np.expm1(np.minimum(x, 0)))
    ),
    "celu": lambda x: np.where(x > 0, x, np.expm1(np.minimum(x, 0))),
    "gelu": lambda x: 0.5 * x * (1 + np.tanh(np.sqrt(2 / np.pi) * (x + 0.044715 * x**3))),
    "sparse_plus": lambda x: np.where(x <= -1, 0, np.where(x < 1, (x + 1) ** 2 / 4, x)),
    "sparse_sigmoid": lambda x: np.clip((x + 1) / 2, 0, 1),
    "squareplus": lambda x: (x + np.sqrt(x**2 + 4)) / 2,
    "tanh_shrink": lambda x: x - np.tanh(x),
}
SMOOTH = ["sigmoid", "softplus", "silu", "log_sigmoid", "gelu", "squareplus", "tanh_shrink"]


@pytest.mark.parametrize("name", FORMULAS)
@given(x=arrays(np.float64, st.integers(0, 5), elements=st.floats(-50, 50)))
def test_formula(name: str, x: Array) -> None:
    found = np.asarray(getattr(ops, name)(x))
    np.testing.assert_allclose(found, FORMULAS[name](x), rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("name", FORMULAS)
def test_gradients(name: str) -> None:
    x = np.array([-8.3, -3.7, -1.4, -0.7, -0.3, 0.2, 0.6, 1.3, 2.9, 5.1, 7.2])
    check_gradients(getattr(ops, name), x, order=2)


@pytest.mark.parametrize("name", SMOOTH)
def test_derivatives_at_zero(name: str) -> None:
    check_gradients(getattr(ops, name), np.zeros(2), order=3, step=1e-4, atol=1e-5)


@pytest.mark.parametrize("name", FORMULAS)
@pytest.mark.parametrize("dtype", ["float32", "float16", "bfloat16"])
def test_far_out_nothing_breaks(name: str, dtype: str) -> None:
    far = [-1e4, -300.0, -90.0, 0.0, 90.0, 300.0, 1e4] if name != "squareplus" else [-80.0, 80.0]
    x = ops.cast(far, dtype)
    with GradientTape() as tape:
        tape.watch(x)
        y = getattr(ops, name)(x)
    assert y.dtype == x.dtype
    slope = tape.gradient(y, x)
    assert np.isfinite(np.asarray(y, np.float64)).all()
    if not (name == "gelu" and dtype == "float16"):  # x**3 is infinite
        assert np.isfinite(np.asarray(slope, np.float64)).all()


def slope_at(function: Callable[[Any], Any], at: float) -> float:
    x = convert_to_tensor(at)
    with GradientTape() as tape:
        tape.watch(x)
        y = function(x)
    return float(tape.gradient(y, x))


def test_slopes_at_the_kinks() -> None:
    assert slope_at(ops.relu, 0.0) == 0
    assert slope_at(ops.relu6, 0.0) == 0
    assert slope_at(ops.relu6, 6.0) == 0
    assert slope_at(ops.leaky_relu, 0.0) == pytest.approx(0.2)
    assert slope_at(ops.elu, 0.0) == 1
    assert slope_at(ops.softplus, 0.0) == 0.5
    assert slope_at(ops.log_sigmoid, 0.0) == 0.5


def test_nan_stays() -> None:
    for name in FORMULAS:
        if name not in ("hard_shrink", "leaky_relu", "sparse_plus"):
            assert np.isnan(np.asarray(getattr(ops, name)([np.nan]))).all(), name


def test_parameters() -> None:
    x = np.linspace(-3, 3, 13)
    np.testing.assert_allclose(ops.leaky_relu(x, 0.5), np.where(x > 0, x, x / 2))
    np.testing.assert_allclose(ops.elu(x, 0.5), np.where(x > 0, x, 0.5 * np.expm1(x)))
    np.testing.assert_allclose(ops.celu(x, 0.5), np.where(x > 0, x, 0.5 * np.expm1(x / 0.5)))
    np.testing.assert_allclose(ops.threshold(x, 1.0, 7.0), np.where(x > 1, x, 7))
    np.testing.assert_allclose(ops.hard_shrink(x, 2), np.where(np.abs(x) > 2, x, 0))
    np.testing.assert_allclose(ops.squareplus(x, 1), (x + np.sqrt(x**2 + 1)) / 2)
    exact = 0.5 * x * special.erfc(-x / np.sqrt(2))
    np.testing.assert_allclose(ops.gelu(x, approximate=False), exact, rtol=1e-14)
    check_gradients(lambda t: ops.gelu(t, approximate=False), x, order=2)


def test_integers_and_bools() -> None:
    assert ops.relu(np.array([-1, 2])).dtype == np.int64
    assert ops.relu(np.array([True])).dtype == np.int32
    assert ops.sigmoid([0, 1]).dtype == np.float32
    assert np.asarray(ops.hard_tanh(np.array([0, 9], np.uint8))).tolist() == [0, 1]


def test_swish_is_silu() -> None:
    assert ops.swish is ops.silu
    assert ops.hard_swish is ops.hard_silu


def test_glu() -> None:
    x = np.random.default_rng(0).normal(size=(3, 4, 2))
    expected = x[:, :2] * special.expit(x[:, 2:])
    np.testing.assert_allclose(ops.glu(x, axis=1), expected)
    check_gradients(lambda t: ops.glu(t, axis=-2), x, order=2)
    with pytest.raises(ValueError, match="glu: axis 0 of x must have even length"):
        ops.glu(x, axis=0)
