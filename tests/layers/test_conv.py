"""Convolutions."""

from __future__ import annotations

import numpy as np
import pytest

from tests.layers.harness import run_layer_test, sample
from thalweg import layers
from thalweg.layers import (
    Conv1D,
    Conv1DTranspose,
    Conv2D,
    Conv2DTranspose,
    Conv3D,
    Conv3DTranspose,
    DepthwiseConv1D,
    DepthwiseConv2D,
    SeparableConv1D,
    SeparableConv2D,
)

FIRST = "channels_first"


@pytest.mark.parametrize(
    ("cls", "options", "shape", "expected"),
    [
        (Conv1D, {"filters": 2, "kernel_size": 3}, (2, 6, 3), (2, 4, 2)),
        (
            Conv1D,
            {"filters": 2, "kernel_size": 2, "padding": "causal", "dilation_rate": 2},
            (2, 6, 3),
            (2, 6, 2),
        ),
        (
            Conv2D,
            {"filters": 2, "kernel_size": 3, "activation": "tanh"},
            (2, 5, 4, 2),
            (2, 3, 2, 2),
        ),
        (
            Conv2D,
            {"filters": 4, "kernel_size": (2, 3), "strides": (2, 1), "padding": "same"},
            (2, 5, 4, 2),
            (2, 3, 4, 4),
        ),
        (
            Conv2D,
            {"filters": 4, "kernel_size": 2, "groups": 2, "data_format": FIRST, "use_bias": False},
            (2, 2, 4, 3),
            (2, 4, 3, 2),
        ),
        (
            Conv2D,
            {"filters": 2, "kernel_size": 2, "data_format": FIRST},
            (2, 2, 4, 3),
            (2, 2, 3, 2),
        ),
        (Conv3D, {"filters": 2, "kernel_size": 2}, (1, 3, 3, 3, 1), (1, 2, 2, 2, 2)),
        (DepthwiseConv1D, {"kernel_size": 2, "strides": 2}, (2, 5, 2), (2, 2, 2)),
        (
            DepthwiseConv2D,
            {"kernel_size": 2, "depth_multiplier": 2, "padding": "same"},
            (1, 3, 3, 2),
            (1, 3, 3, 4),
        ),
        (
            SeparableConv1D,
            {"filters": 3, "kernel_size": 2, "data_format": FIRST},
            (1, 2, 4),
            (1, 3, 3),
        ),
        (
            SeparableConv2D,
            {"filters": 3, "kernel_size": 2, "depth_multiplier": 2, "dilation_rate": 2},
            (1, 4, 4, 2),
            (1, 2, 2, 3),
        ),
        (
            Conv1DTranspose,
            {"filters": 3, "kernel_size": 3, "strides": 2, "padding": "same"},
            (1, 4, 2),
            (1, 8, 3),
        ),
        (
            Conv2DTranspose,
            {"filters": 2, "kernel_size": 2, "strides": 2, "output_padding": 1},
            (1, 3, 2, 2),
            (1, 7, 5, 2),
        ),
        (
            Conv2DTranspose,
            {"filters": 2, "kernel_size": (3, 2), "data_format": FIRST},
            (1, 2, 3, 2),
            (1, 2, 5, 3),
        ),
        (Conv3DTranspose, {"filters": 1, "kernel_size": 2}, (1, 2, 2, 2, 2), (1, 3, 3, 3, 1)),
    ],
)
def test_convolutions(cls, options, shape, expected):
    run_layer_test(cls, options, sample(shape), expected_output_shape=expected)


def test_by_hand():
    layer = Conv1D(1, 2)
    layer.build((None, None, 1))
    layer.set_weights([[[[1.0]], [[-2.0]]], [10.0]])
    x = np.array([1.0, 2.0, 4.0], np.float32).reshape(1, 3, 1)
    np.testing.assert_array_equal(layer(x).numpy().ravel(), [10 + 1 - 4, 10 + 2 - 8])


def test_both_formats_give_the_same():
    x = sample((2, 5, 4, 3))
    last, first = (
        Conv2D(4, 3, activation="relu"),
        Conv2D(4, 3, activation="relu", data_format=FIRST),
    )
    expected = last(x).numpy()
    first.build((None, 3, 5, 4))
    first.set_weights(last.get_weights())
    found = first(x.transpose(0, 3, 1, 2)).numpy()
    np.testing.assert_allclose(found.transpose(0, 2, 3, 1), expected, rtol=1e-5, atol=1e-6)


def test_causal_outputs_see_no_later_step():
    layer = Conv1D(2, 3, padding="causal")
    x = sample((1, 6, 2))
    y = layer(x).numpy()
    x[:, 4:] = 7
    np.testing.assert_array_equal(layer(x).numpy()[:, :4], y[:, :4])


def test_spatial_lengths_may_be_unknown():
    symbol = Conv2D(4, 3, strides=2, padding="same")(layers.Input((None, None, 3)))
    assert symbol.shape == (None, None, None, 4)
    assert layers.Convolution2D is Conv2D


@pytest.mark.parametrize(
    ("run", "message"),
    [
        (lambda: Conv2D(0, 3, name="c"), "filters must be a positive integer, got 0"),
        (lambda: Conv2D(2, (3, 0), name="c"), r"kernel_size .* or 2 of them, got \(3, 0\)"),
        (lambda: Conv2D(2, (3, 3, 3), name="c"), r"or 2 of them, got \(3, 3, 3\)"),
        (lambda: Conv2D(2, 3, padding="full", name="c"), "padding must be 'valid' or 'same'"),
        (lambda: Conv2D(2, 3, padding="causal", name="c"), "padding must be 'valid' or 'same'"),
        (lambda: Conv2D(2, 3, strides=2, dilation_rate=2, name="c"), "cannot both be above 1"),
        (lambda: Conv2D(2, 3, data_format="NHWC", name="c"), "data_format must be"),
        (lambda: Conv2D(3, 3, groups=2, name="c"), "filters must be a multiple of groups=2"),
        (lambda: Conv2D(2, 3, groups=2, name="c")(sample((1, 4, 4, 3))), "got 3 channels"),
        (lambda: Conv2D(2, 3, name="c")(sample((4, 4, 3))), r"have 4 axes, got shape \(4, 4, 3\)"),
        (lambda: Conv2D(2, 3, name="c").build((None, 4, 4, None)), "axis -1 .* must be known"),
        (lambda: Conv1D(2, 3, padding="causal", data_format=FIRST, name="c"), "channels_last"),
        (lambda: Conv1DTranspose(2, 3, output_padding=1, name="c"), "must be below strides"),
    ],
)
def test_errors(run, message):
    with pytest.raises(ValueError, match=f"Layer 'c'.*{message}"):
        run()


def test_channels_must_not_change():
    layer = Conv2D(2, 3, name="c")
    layer(sample((1, 4, 4, 3)))
    with pytest.raises(ValueError, match=r"'c' expects axis -1 of its input to have length 3"):
        layer(sample((1, 4, 4, 2)))
