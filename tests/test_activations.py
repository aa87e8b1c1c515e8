"""Activations: each against its formula, its gradient, and every way to name it."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as nps
from scipy import special

import thalweg as tw
from tests.gradients import check_gradients
from thalweg import activations

X = np.linspace(-4.03, 4.01, 42).reshape(6, 7)


def softmax(x):
    return special.softmax(x, axis=-1)


FORMULAS = {
    "linear": lambda x: x,
    "relu": lambda x: np.maximum(x, 0),
    "leaky_relu": lambda x: np.where(x > 0, x, 0.2 * x),
    "relu6": lambda x: np.clip(x, 0, 6),
    "elu": lambda x: np.where(x > 0, x, np.expm1(x)),
    "selu": lambda x: 1.0507009873554805 * np.where(x > 0, x, 1.6732632423543772 * np.expm1(x)),
    "celu": lambda x: np.maximum(x, 0) + np.minimum(0, np.expm1(x)),
    "gelu": lambda x: x * special.ndtr(x),
    "sigmoid": special.expit,
    "hard_sigmoid": lambda x: np.clip(x / 6 + 0.5, 0, 1),
    "log_sigmoid": special.log_expit,
    "sparse_sigmoid": lambda x: np.clip((x + 1) / 2, 0, 1),
    "silu": lambda x: x * special.expit(x),
    "hard_silu": lambda x: x * np.clip(x / 6 + 0.5, 0, 1),
    "mish": lambda x: x * np.tanh(np.log1p(np.exp(x))),
    "tanh": np.tanh,
    "hard_tanh": lambda x: np.clip(x, -1, 1),
    "tanh_shrink": lambda x: x - np.tanh(x),
    "hard_shrink": lambda x: np.where(np.abs(x) > 0.5, x, 0),
    "soft_shrink": lambda x: np.sign(x) * np.maximum(np.abs(x) - 0.5, 0),
    "softplus": lambda x: np.logaddexp(x, 0),
    "sparse_plus": lambda x: np.where(x >= 1, x, np.where(x <= -1, 0, (x + 1) ** 2 / 4)),
    "squareplus": lambda x: (x + np.sqrt(x**2 + 4)) / 2,
    "softsign": lambda x: x / (1 + np.abs(x)),
    "exponential": np.exp,
    "softmax": softmax,
    "log_softmax": lambda x: np.log(softmax(x)),
}


@pytest.mark.parametrize("name", FORMULAS)
def test_formula_and_gradient(name):
    function = getattr(activations, name)
    found = function(tw.convert_to_tensor(X)).numpy()
    np.testing.assert_allclose(found, FORMULAS[name](X), rtol=1e-9, atol=1e-12)
    check_gradients(function, X[:2])
    found = function(tw.cast(X, "float32")).numpy()
    assert found.dtype == np.float32
    np.testing.assert_allclose(found, FORMULAS[name](X), rtol=2e-5, atol=1e-6)


@pytest.mark.parametrize("name", [*FORMULAS, "sparsemax", "glu"])
@pytest.mark.parametrize("dtype", ["float16", "bfloat16"])
def test_half_precision(name, dtype):
    x = tw.cast(X[:, :6], dtype)
    y = getattr(activations, name)(x)
    assert y.dtype.name == dtype
    assert np.isfinite(np.asarray(y).astype(np.float32)).all()


def test_every_function_is_covered():
    others = {"get", "serialize", "deserialize", "swish", "hard_swish", "sparsemax", "glu"}
    assert set(activations.__all__) == {*FORMULAS, *others, "threshold"}
    assert len(activations.__all__) == 35


@pytest.mark.parametrize("slope", [0.0, 0.1])
@pytest.mark.parametrize("top", [None, 2.5])
@pytest.mark.parametrize("threshold", [0.0, 1.5, -1.2])
def test_relu(slope, top, threshold):
    def function(x):
        return activations.relu(x, slope, top, threshold)

    expected = np.where(threshold < X, X, slope * (X - threshold))
    if top is not None:
        expected = np.where(threshold < X, np.minimum(expected, top), expected)
        # Between a threshold below zero and zero Keras cuts off as well.
        expected = np.where((threshold < X) & (X < 0), 0, expected)
    np.testing.assert_allclose(function(X).numpy(), expected, atol=1e-12)
    check_gradients(function, X[::2])


def test_arguments():
    np.testing.assert_allclose(activations.elu(-1.0, alpha=2.0).numpy(), 2 * math.expm1(-1))
    np.testing.assert_allclose(
        activations.celu(X, alpha=2.0).numpy(),
        np.maximum(X, 0) + np.minimum(0, 2 * np.expm1(X / 2)),
    )
    inner = math.sqrt(2 / math.pi) * (X + 0.044715 * X**3)
    np.testing.assert_allclose(
        activations.gelu(X, approximate=True).numpy(), 0.5 * X * (1 + np.tanh(inner)), atol=1e-12
    )
    np.testing.assert_allclose(activations.threshold(X, 1.0, -3.0).numpy(), np.where(X > 1, X, -3))
    np.testing.assert_allclose(
        activations.softmax(X, axis=0).numpy(), special.softmax(X, axis=0), rtol=1e-9
    )


def test_glu():
    a, b = np.split(X[:, :6], 2, axis=-1)
    np.testing.assert_allclose(activations.glu(X[:, :6]).numpy(), a * special.expit(b))
    check_gradients(activations.glu, X[:2, :4])


@settings(max_examples=30)
@given(nps.arrays(np.float64, (3, 5), elements=st.floats(-5, 5, width=32)))
def test_sparsemax_is_the_nearest_distribution(x):
    y = activations.sparsemax(x).numpy()
    np.testing.assert_allclose(y.sum(-1), 1, atol=1e-9)
    assert (y >= 0).all()
    # The optimum: the same amount is taken off every element that stays.
    for row, found in zip(x, y, strict=True):
        taken = (row - found)[found > 0]
        np.testing.assert_allclose(taken, taken[0], atol=1e-9)
        assert (row[found == 0] <= taken[0] + 1e-9).all()


@pytest.mark.parametrize(
    ("spelling", "name"),
    [
        ("relu", "relu"),
        ("hardSigmoid", "hard_sigmoid"),
        ("HARD_SIGMOID", "hard_sigmoid"),
        ("logSoftmax", "log_softmax"),
        ("swish", "silu"),
        ("hard_swish", "hard_silu"),
        ("hardSwish", "hard_silu"),
        ("softPlus", "softplus"),
        (None, "linear"),
    ],
)
def test_get_takes_every_spelling(spelling, name):
    assert activations.get(spelling) is getattr(activations, name)


def test_there_and_back():
    for name in FORMULAS:
        function = getattr(activations, name)
        assert activations.serialize(function) == name
        assert activations.deserialize(name) is function
        assert (
            activations.get(
                {
                    "module": "keras.activations",
                    "class_name": "function",
                    "config": name,
                    "registered_name": name,
                }
            )
            is function
        )


def shifted(x):
    return x + 1


def test_functions_of_ones_own():
    assert activations.get(shifted) is shifted
    described = activations.serialize(shifted)
    assert described["config"] == "shifted"
    assert activations.deserialize(described, {"shifted": shifted}) is shifted
    assert activations.deserialize("shifted", {"shifted": shifted}) is shifted
    with pytest.raises(ValueError, match="'shifted'"):
        activations.deserialize(described)


@pytest.mark.parametrize(
    ("identifier", "message"),
    [
        ("rleu", "Unknown activation 'rleu'; did you mean .*'relu'"),
        (3, "activation must be a name, a function or a configuration, got 3"),
    ],
)
def test_unknown(identifier, message):
    with pytest.raises(ValueError, match=message):
        activations.get(identifier)
