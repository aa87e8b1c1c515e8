"""Rescaling and Normalization."""

from __future__ import annotations

import numpy as np
import pytest

from tests.layers.harness import run_layer_test, sample
from thalweg.layers import Normalization, Rescaling

X = sample((4, 5, 3))
DATA = np.random.default_rng(0).normal(3, 2, (40, 5, 3)).astype(np.float32)


@pytest.mark.parametrize(
    ("options", "x"),
    [
        ({"scale": 2.0, "offset": -1.0}, X),
        ({"scale": [1.0, 2.0, 3.0], "offset": [0.0, 1.0, 2.0]}, X),
        ({"scale": 1 / 255}, sample((2, 3), "uint8")),
    ],
)
def test_rescaling(options, x):
    layer = run_layer_test(Rescaling, options, x, expected_output_shape=x.shape, weights=0)
    expected = x * np.asarray(options["scale"]) + np.asarray(options.get("offset", 0.0))
    np.testing.assert_allclose(layer(x).numpy(), expected, rtol=1e-6)


@pytest.mark.parametrize(
    ("options", "weights"),
    [
        ({}, 3),
        ({"axis": None}, 3),
        ({"axis": (1, -1)}, 3),
        ({"mean": [1.0, 2.0, 3.0], "variance": [1.0, 2.0, 3.0]}, 0),
        ({"axis": None, "mean": 1.0, "variance": 4.0, "invert": True}, 0),
    ],
)
def test_normalization(options, weights):
    run_layer_test(
        Normalization, options, X, expected_output_shape=(4, 5, 3), weights=weights, trainable=0
    )


@pytest.mark.parametrize("axis", [-1, None, 1, (1, 2), (2, -2)])
@pytest.mark.parametrize("kind", ["array", "batches", "pairs", "list"])
def test_adapt(axis, kind):
    layer = Normalization(axis=axis)
    batches = [DATA[:7], DATA[7:8], DATA[8:]]
    given = {
        "array": DATA,
        "batches": (b for b in batches),
        "pairs": ((b, None) for b in batches),
        "list": DATA.tolist(),
    }
    layer.adapt(given[kind])
    kept = () if axis is None else axis if isinstance(axis, tuple) else (axis,)
    over = tuple(a for a in range(3) if a not in {k % 3 for k in kept})
    mean, variance = DATA.mean(over, dtype=np.float64), DATA.var(over, dtype=np.float64)
    np.testing.assert_allclose(layer.adapt_mean.numpy(), mean, rtol=1e-6)
    np.testing.assert_allclose(layer.adapt_variance.numpy(), variance, rtol=1e-6)
    y = layer(DATA).numpy()
    np.testing.assert_allclose(y.mean(over), 0, atol=1e-5)
    np.testing.assert_allclose(y.std(over), 1, atol=1e-5)


def test_adapt_again_forgets():
    layer = Normalization()
    layer.adapt(DATA * 10)
    layer.adapt(DATA)
    np.testing.assert_allclose(layer(DATA).numpy().mean(), 0, atol=1e-5)


def test_invert_undoes():
    layer, back = Normalization(), Normalization(invert=True)
    layer.adapt(DATA)
    back.adapt(DATA)
    np.testing.assert_allclose(back(layer(DATA)).numpy(), DATA, atol=1e-5)


def test_constant_features_do_not_divide_by_zero():
    layer = Normalization()
    layer.adapt(np.ones((4, 2), np.float32))
    np.testing.assert_array_equal(layer(np.ones((4, 2))).numpy(), np.zeros((4, 2)))


@pytest.mark.parametrize(
    ("run", "message"),
    [
        (lambda n: n.adapt([]), "adapt.* got no data"),
        (lambda n: n.adapt(np.zeros((0, 3))), "adapt.* got no data"),
        (lambda n: n.adapt(np.array([[1.0, np.nan]])), "NaN or infinite"),
        (lambda n: n.adapt(3), "expects an array or an iterable of batches, got int"),
        (lambda n: n.adapt([np.ones((2, 3)), np.ones((2, 4))]), r"shape \(None, 3\), got \(2, 4\)"),
    ],
)
def test_adapt_says_what_is_wrong(run, message):
    with pytest.raises(ValueError, match=f"Layer 'n': .*{message}"):
        run(Normalization(name="n"))


def test_arguments():
    with pytest.raises(ValueError, match="mean and variance must be given together"):
        Normalization(mean=1.0)
    with pytest.raises(ValueError, match="nothing to learn"):
        Normalization(mean=1.0, variance=1.0).adapt(DATA)
    with pytest.raises(ValueError, match=r"axis \(3,\) is out of range"):
        Normalization(axis=3)(X)
    with pytest.raises(ValueError, match="length of axis 1 of its input must be known"):
        Normalization(axis=1).build((None, None, 3))
