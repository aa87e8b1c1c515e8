"""BatchNormalization."""

from __future__ import annotations

import numpy as np
import pytest

from tests.layers.harness import run_layer_test, sample
from thalweg.layers import BatchNormalization

X = np.random.default_rng(0).normal(3, 2, (50, 6, 4)).astype(np.float32)
MASK = np.random.default_rng(1).uniform(size=(50, 6)) > 0.3


@pytest.mark.parametrize(
    ("options", "call", "weights"),
    [
        ({}, {}, 4),
        ({"axis": 1, "center": False, "scale": False}, {}, 2),
        ({"momentum": 0.5, "gamma_regularizer": "l2"}, {"training": True}, 4),
        ({"axis": 1}, {"training": True}, 4),
        ({}, {"training": True, "mask": np.array([[True, False, True], [True, True, False]])}, 4),
    ],
)
def test_batch_normalization(options, call, weights):
    run_layer_test(
        BatchNormalization,
        options,
        sample((2, 3, 4)),
        call_kwargs=call,
        expected_output_shape=(2, 3, 4),
        weights=weights,
        trainable=weights - 2,
    )


def test_training_normalises_the_batch_and_moves_the_averages():
    layer = BatchNormalization(momentum=0.9, epsilon=0.0)
    y = layer(X, training=True).numpy()
    np.testing.assert_allclose(y.mean((0, 1)), 0, atol=1e-5)
    np.testing.assert_allclose(y.std((0, 1)), 1, atol=1e-5)
    np.testing.assert_allclose(layer.moving_mean.numpy(), 0.1 * X.mean((0, 1)), rtol=1e-4)
    variance = 0.9 + 0.1 * X.var((0, 1))
    np.testing.assert_allclose(layer.moving_variance.numpy(), variance, rtol=1e-4)


def test_inference_uses_the_averages_and_leaves_them():
    layer = BatchNormalization(epsilon=0.0)
    layer.build(X.shape)
    before = [np.full(4, 2.0), np.ones(4), np.full(4, 3.0), np.full(4, 4.0)]
    layer.set_weights(before)
    np.testing.assert_allclose(layer(X).numpy(), 2 * (X - 3) / 2 + 1, rtol=1e-5)
    for old, new in zip(before, layer.get_weights(), strict=True):
        np.testing.assert_array_equal(old, new)


def test_frozen_layer_runs_in_inference_mode():
    layer = BatchNormalization()
    layer(X)
    layer.trainable = False
    before = layer.get_weights()
    np.testing.assert_array_equal(layer(X, training=True).numpy(), layer(X).numpy())
    for old, new in zip(before, layer.get_weights(), strict=True):
        np.testing.assert_array_equal(old, new)


def test_masked_places_do_not_count():
    layer = BatchNormalization(momentum=0.0)
    layer(X, training=True, mask=MASK)
    np.testing.assert_allclose(layer.moving_mean.numpy(), X[MASK].mean(0), rtol=1e-4)
    np.testing.assert_allclose(layer.moving_variance.numpy(), X[MASK].var(0), rtol=1e-4)


def test_half_precision_is_computed_in_float32():
    layer = BatchNormalization(dtype="mixed_float16", momentum=0.0)
    large = np.linspace(0, 60000, 4000, dtype=np.float32).reshape(-1, 1)
    y = layer(large, training=True).numpy()
    assert y.dtype == np.float16
    assert layer.moving_mean.dtype == np.float32
    np.testing.assert_allclose(layer.moving_variance.numpy(), large.var(), rtol=1e-2)
    np.testing.assert_allclose(y.astype(np.float32).std(), 1, rtol=1e-2)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"renorm": True}, "renorm is not supported"),
        ({"synchronized": True}, "synchronized is not supported"),
        ({"axis": [1, 2]}, "axis must be an integer"),
    ],
)
def test_arguments(options, message):
    with pytest.raises(ValueError, match=f"Layer 'b': {message}"):
        BatchNormalization(name="b", **options)


def test_shapes():
    with pytest.raises(ValueError, match="axis 3 is out of range"):
        BatchNormalization(axis=3)(X)
    with pytest.raises(ValueError, match="mask must have one axis less"):
        BatchNormalization()(X, training=True, mask=MASK[..., None])
