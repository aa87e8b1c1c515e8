"""Flatten, Reshape, Permute, RepeatVector, Identity, Masking, ActivityRegularization, Lambda."""

from __future__ import annotations

import numpy as np
import pytest

from tests.layers.harness import run_layer_test, sample
from thalweg.layers import (
    LSTM,
    ActivityRegularization,
    Dense,
    Flatten,
    Identity,
    Lambda,
    Masking,
    Permute,
    RepeatVector,
    Reshape,
)
from thalweg.registry import deserialize_keras_object, serialize_keras_object

X = sample((2, 4, 6))
IMAGE = sample((2, 5, 6, 3))


@pytest.mark.parametrize(
    ("cls", "options", "x", "expected"),
    [
        (Flatten, {}, IMAGE, (2, 90)),
        (Flatten, {}, sample((3,)), (3, 1)),
        (Flatten, {"data_format": "channels_first"}, IMAGE, (2, 90)),
        (Reshape, {"target_shape": (3, -1)}, X, (2, 3, 8)),
        (Reshape, {"target_shape": (24,)}, X, (2, 24)),
        (Reshape, {"target_shape": ()}, sample((3, 1)), (3,)),
        (Permute, {"dims": (3, 1, 2)}, IMAGE, (2, 3, 5, 6)),
        (RepeatVector, {"n": 3}, sample((2, 4)), (2, 3, 4)),
        (Identity, {}, X, (2, 4, 6)),
        (Masking, {"mask_value": 0.0}, X, (2, 4, 6)),
        (ActivityRegularization, {"l1": 0.1, "l2": 0.2}, X, (2, 4, 6)),
    ],
)
def test_moving_layers(cls, options, x, expected):
    run_layer_test(cls, options, x, expected_output_shape=expected, weights=0)


def test_flatten_orders_both_formats_alike():
    first = Flatten("channels_first")(IMAGE.transpose(0, 3, 1, 2))
    np.testing.assert_array_equal(first.numpy(), Flatten()(IMAGE).numpy())


def test_permute_moves_values():
    np.testing.assert_array_equal(Permute((2, 1))(X).numpy(), X.transpose(0, 2, 1))


@pytest.mark.parametrize(
    ("layer", "message"),
    [
        (lambda: Reshape((5, 5), name="r")(X), r"shape \(4, 6\) cannot become .* \(5, 5\)"),
        (lambda: Reshape((5, -1), name="r")(X), r"shape \(4, 6\) cannot become .* \(5, -1\)"),
        (lambda: Reshape((-1, -1), name="r"), "target_shape must be lengths"),
        (lambda: Permute((1, 3), name="r"), "dims must hold each of 1 to 2 once"),
        (lambda: RepeatVector(0, name="r"), "n must be a positive integer, got 0"),
        (lambda: RepeatVector(2, name="r")(X), "its input to have 2 axes"),
    ],
)
def test_errors(layer, message):
    with pytest.raises(ValueError, match=f"Layer 'r'.*{message}"):
        layer()


def test_masking_marks_and_clears_padding():
    x = np.array([[[1.0, 2.0], [-1.0, -1.0], [-1.0, 3.0]]], np.float32)
    y = Masking(-1.0)(x)
    np.testing.assert_array_equal(y.numpy(), [[[1, 2], [0, 0], [-1, 3]]])
    np.testing.assert_array_equal(y._keras_mask.numpy(), [[True, False, True]])
    lstm = LSTM(3)
    np.testing.assert_array_equal(lstm(y).numpy(), lstm(x[:, [0, 2]]).numpy())


def test_activity_is_penalised():
    layer = ActivityRegularization(0.1, 0.2)
    layer(np.array([[1.0, -2.0], [3.0, 0.0]], np.float32))
    np.testing.assert_allclose(layer.losses[0].numpy(), (0.1 * 6 + 0.2 * 14) / 2, rtol=1e-6)


def double(x, by=2):
    return x * by


def masked_or_training(x, mask=None, training=None):
    return x + (0 if mask is None else 1) + (2 if training else 0)


def test_lambda():
    layer = run_layer_test(
        Lambda,
        {"function": double, "arguments": {"by": 3}},
        X,
        expected_output_shape=(2, 4, 6),
        custom_objects={"double": double},
    )
    np.testing.assert_allclose(layer(X).numpy(), 3 * X)


def test_lambda_passes_mask_and_training():
    layer = Lambda(masked_or_training)
    zero = np.zeros((1, 1), np.float32)
    assert layer(zero).numpy() == 0
    assert layer(zero, training=True).numpy() == 2
    assert layer(zero, mask=np.array([True]), training=True).numpy() == 3


def test_lambda_never_writes_or_reads_code():
    with pytest.raises(ValueError, match="no code is ever saved"):
        Lambda(lambda x: x).get_config()
    described = serialize_keras_object(Lambda(double))
    with pytest.raises(ValueError, match="'double'"):
        deserialize_keras_object(described)


def test_layers_without_support_drop_the_mask():
    y = Masking()(sample((2, 4, 3)))
    assert Dense(2)(y)._keras_mask is not None
    assert Flatten()(y)._keras_mask is None
