"""Dropout and its relatives."""

from __future__ import annotations

import numpy as np
import pytest

from tests.layers.harness import run_layer_test, sample
from thalweg.layers import (
    AlphaDropout,
    Dropout,
    GaussianDropout,
    GaussianNoise,
    SpatialDropout1D,
    SpatialDropout2D,
    SpatialDropout3D,
)

ONES = np.ones((200, 500), np.float32)


@pytest.mark.parametrize(
    ("cls", "options", "shape"),
    [
        (Dropout, {"rate": 0.4, "seed": 1}, (3, 4)),
        (Dropout, {"rate": 0.4, "noise_shape": (None, 1, 2)}, (3, 4, 2)),
        (Dropout, {"rate": 0.0}, (3, 4)),
        (SpatialDropout1D, {"rate": 0.5}, (2, 3, 4)),
        (SpatialDropout2D, {"rate": 0.5}, (2, 3, 4, 2)),
        (SpatialDropout2D, {"rate": 0.5, "data_format": "channels_first"}, (2, 3, 4, 2)),
        (SpatialDropout3D, {"rate": 0.5}, (2, 2, 2, 2, 3)),
        (AlphaDropout, {"rate": 0.3, "seed": 1}, (3, 4)),
        (GaussianDropout, {"rate": 0.3, "seed": 1}, (3, 4)),
        (GaussianNoise, {"stddev": 0.3, "seed": 1}, (3, 4)),
    ],
)
def test_noise_layers(cls, options, shape):
    x = sample(shape)
    layer = run_layer_test(cls, options, x, expected_output_shape=shape, weights=0)
    np.testing.assert_array_equal(layer(x).numpy(), x)
    np.testing.assert_array_equal(layer(x, training=False).numpy(), x)


def test_dropout_keeps_the_mean():
    y = Dropout(0.25, seed=3)(ONES, training=True).numpy()
    assert set(np.unique(y)) == {np.float32(0), np.float32(4 / 3)}
    np.testing.assert_allclose((y == 0).mean(), 0.25, atol=0.01)


def test_each_call_draws_a_new_mask_and_a_seed_repeats_them():
    layer, again = Dropout(0.5, seed=3), Dropout(0.5, seed=3)
    first, second = (layer(ONES, training=True).numpy() for _ in range(2))
    assert (first != second).any()
    np.testing.assert_array_equal(again(ONES, training=True).numpy(), first)
    np.testing.assert_array_equal(again(ONES, training=True).numpy(), second)
    assert (Dropout(0.5)(ONES, training=True).numpy() != first).any()


def test_noise_shape_is_shared():
    y = Dropout(0.5, noise_shape=(None, 1), seed=3)(ONES, training=True).numpy()
    assert (y == y[:, :1]).all()
    assert 0 < y.mean() < 2


def test_spatial_dropout_drops_whole_channels():
    x = np.ones((2, 5, 4, 30), np.float32)
    y = SpatialDropout2D(0.5, seed=1)(x, training=True).numpy()
    assert (y == y[:, :1, :1]).all()
    assert set(np.unique(y)) == {0, 2}
    first = SpatialDropout2D(0.5, data_format="channels_first", seed=1)
    y = first(x.transpose(0, 3, 1, 2), training=True).numpy()
    assert (y == y[:, :, :1, :1]).all()


def test_gaussian_noise_has_its_statistics():
    noise = GaussianNoise(0.5, seed=1)(ONES, training=True).numpy() - 1
    np.testing.assert_allclose([noise.mean(), noise.std()], [0, 0.5], atol=0.01)
    factor = GaussianDropout(0.2, seed=1)(ONES, training=True).numpy()
    np.testing.assert_allclose([factor.mean(), factor.std()], [1, 0.5], atol=0.01)


def test_alpha_dropout_keeps_mean_and_variance():
    x = np.random.default_rng(0).normal(size=(200, 500)).astype(np.float32)
    y = AlphaDropout(0.3, seed=1)(x, training=True).numpy()
    np.testing.assert_allclose([y.mean(), y.std()], [0, 1], atol=0.02)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Dropout(1.0, name="d"), "rate must be a number from 0 up to but not including 1"),
        (lambda: Dropout(-0.1, name="d"), "rate must be a number"),
        (lambda: Dropout("half", name="d"), "got 'half'"),
        (lambda: Dropout(0.5, noise_shape=(0, 1), name="d"), "noise_shape must be a list"),
        (lambda: GaussianNoise(-1, name="d"), "stddev must be a number that is not negative"),
        (lambda: AlphaDropout(2, name="d"), "rate must be a number"),
        (lambda: SpatialDropout2D(0.5, name="d")(ONES), "expects its input to have 4 axes"),
    ],
)
def test_errors(make, message):
    with pytest.raises(ValueError, match=f"Layer 'd'.*{message}"):
        make()
