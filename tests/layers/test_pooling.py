"""Pooling, padding, cropping and repeating of places."""

from __future__ import annotations

import numpy as np
import pytest

from tests.layers.harness import run_layer_test, sample
from thalweg import layers
from thalweg.layers import (
    AdaptiveAveragePooling1D,
    AdaptiveAveragePooling2D,
    AdaptiveAveragePooling3D,
    AdaptiveMaxPooling1D,
    AdaptiveMaxPooling2D,
    AdaptiveMaxPooling3D,
    AveragePooling1D,
    AveragePooling2D,
    AveragePooling3D,
    Cropping1D,
    Cropping2D,
    Cropping3D,
    GlobalAveragePooling1D,
    GlobalAveragePooling2D,
    GlobalAveragePooling3D,
    GlobalMaxPooling1D,
    GlobalMaxPooling2D,
    GlobalMaxPooling3D,
    MaxPooling1D,
    MaxPooling2D,
    MaxPooling3D,
    UpSampling1D,
    UpSampling2D,
    UpSampling3D,
    ZeroPadding1D,
    ZeroPadding2D,
    ZeroPadding3D,
)

FIRST = {"data_format": "channels_first"}
SEQUENCE, IMAGE, VOLUME = sample((2, 5, 3)), sample((2, 5, 6, 3)), sample((1, 4, 4, 4, 2))


@pytest.mark.parametrize(
    ("cls", "options", "x", "expected"),
    [
        (MaxPooling1D, {}, SEQUENCE, (2, 2, 3)),
        (MaxPooling2D, {"pool_size": (3, 2), "strides": 1, "padding": "same"}, IMAGE, (2, 5, 6, 3)),
        (MaxPooling2D, FIRST, IMAGE, (2, 5, 3, 1)),
        (MaxPooling3D, {}, VOLUME, (1, 2, 2, 2, 2)),
        (AveragePooling1D, {"pool_size": 3, "strides": 2}, SEQUENCE, (2, 2, 3)),
        (AveragePooling2D, {"pool_size": 2, "padding": "same"}, IMAGE, (2, 3, 3, 3)),
        (AveragePooling3D, {"pool_size": 2, **FIRST}, VOLUME, (1, 4, 2, 2, 1)),
        (AdaptiveAveragePooling1D, {"output_size": 2}, SEQUENCE, (2, 2, 3)),
        (AdaptiveAveragePooling2D, {"output_size": (2, 4), **FIRST}, IMAGE, (2, 5, 2, 4)),
        (AdaptiveAveragePooling3D, {"output_size": 3}, VOLUME, (1, 3, 3, 3, 2)),
        (AdaptiveMaxPooling1D, {"output_size": 2, **FIRST}, SEQUENCE, (2, 5, 2)),
        (AdaptiveMaxPooling2D, {"output_size": (2, 4)}, IMAGE, (2, 2, 4, 3)),
        (AdaptiveMaxPooling3D, {"output_size": 3}, VOLUME, (1, 3, 3, 3, 2)),
        (GlobalAveragePooling1D, {}, SEQUENCE, (2, 3)),
        (GlobalAveragePooling1D, {"keepdims": True, **FIRST}, SEQUENCE, (2, 5, 1)),
        (GlobalAveragePooling2D, {}, IMAGE, (2, 3)),
        (GlobalAveragePooling2D, FIRST, IMAGE, (2, 5)),
        (GlobalAveragePooling3D, {"keepdims": True}, VOLUME, (1, 1, 1, 1, 2)),
        (GlobalMaxPooling1D, {}, SEQUENCE, (2, 3)),
        (GlobalMaxPooling2D, {"keepdims": True, **FIRST}, IMAGE, (2, 5, 1, 1)),
        (GlobalMaxPooling3D, {}, VOLUME, (1, 2)),
        (ZeroPadding1D, {"padding": (1, 2)}, SEQUENCE, (2, 8, 3)),
        (ZeroPadding2D, {"padding": (1, 2)}, IMAGE, (2, 7, 10, 3)),
        (ZeroPadding2D, {"padding": ((1, 0), (0, 2)), **FIRST}, IMAGE, (2, 5, 7, 5)),
        (ZeroPadding3D, {}, VOLUME, (1, 6, 6, 6, 2)),
        (Cropping1D, {"cropping": (2, 0)}, SEQUENCE, (2, 3, 3)),
        (Cropping2D, {"cropping": ((1, 0), (0, 2))}, IMAGE, (2, 4, 4, 3)),
        (Cropping2D, {"cropping": 1, **FIRST}, IMAGE, (2, 5, 4, 1)),
        (Cropping3D, {}, VOLUME, (1, 2, 2, 2, 2)),
        (UpSampling1D, {}, SEQUENCE, (2, 10, 3)),
        (UpSampling2D, {"size": (1, 3)}, IMAGE, (2, 5, 18, 3)),
        (UpSampling2D, FIRST, IMAGE, (2, 5, 12, 6)),
        (UpSampling3D, {}, VOLUME, (1, 8, 8, 8, 2)),
    ],
)
def test_layers_of_places(cls, options, x, expected):
    run_layer_test(cls, options, x, expected_output_shape=expected, weights=0)


GRID = np.arange(16, dtype=np.float32).reshape(1, 4, 4, 1)


def test_pooling_by_hand():
    np.testing.assert_array_equal(MaxPooling2D()(GRID).numpy().ravel(), [5, 7, 13, 15])
    np.testing.assert_array_equal(AveragePooling2D(2)(GRID).numpy().ravel(), [2.5, 4.5, 10.5, 12.5])
    # Padding does not count.
    corner = AveragePooling2D(3, 1, padding="same")(GRID).numpy()[0, 0, 0, 0]
    assert corner == np.mean([0, 1, 4, 5])
    negative = MaxPooling2D(3, 1, padding="same")(GRID - 100).numpy()
    assert negative[0, 0, 0, 0] == -95


def test_masked_steps_do_not_count_in_the_mean():
    mask = np.array([[True, True, False, False, False], [True] * 5])
    found = GlobalAveragePooling1D()(SEQUENCE, mask=mask).numpy()
    expected = [SEQUENCE[0, :2].mean(0), SEQUENCE[1].mean(0)]
    np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-6)


def test_places_by_hand():
    padded = ZeroPadding2D(((1, 0), (0, 2)))(GRID).numpy()[0, ..., 0]
    np.testing.assert_array_equal(padded, np.pad(GRID[0, ..., 0], ((1, 0), (0, 2))))
    cropped = Cropping2D(((1, 0), (0, 2)))(GRID).numpy()
    np.testing.assert_array_equal(cropped, GRID[:, 1:, :2])
    large = UpSampling2D((2, 1))(GRID).numpy()
    np.testing.assert_array_equal(large, np.repeat(GRID, 2, axis=1))


def test_aliases():
    assert layers.MaxPool2D is MaxPooling2D
    assert layers.GlobalAvgPool1D is GlobalAveragePooling1D


@pytest.mark.parametrize(
    ("run", "message"),
    [
        (lambda: MaxPooling2D(0, name="p"), "pool_size must be a positive integer or 2 of them"),
        (lambda: MaxPooling2D(padding="causal", name="p"), "padding must be 'valid' or 'same'"),
        (lambda: MaxPooling2D(name="p")(SEQUENCE), "4 axes"),
        (lambda: Cropping2D(3, name="p")(IMAGE), r"leaves nothing of an input of shape \(2, 5, 6"),
        (lambda: ZeroPadding2D((1, 2, 3), name="p"), "padding must be an integer, 2 integers"),
        (lambda: ZeroPadding1D(-1, name="p"), "padding must be an integer from 0 on"),
        (lambda: UpSampling2D(interpolation="bicubic", name="p"), "must be 'nearest'"),
    ],
)
def test_errors(run, message):
    with pytest.raises(ValueError, match=f"Layer 'p'.*{message}"):
        run()
