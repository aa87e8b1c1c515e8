"""Dense and EinsumDense."""

from __future__ import annotations

import numpy as np
import pytest

from tests.layers.harness import run_layer_test, sample
from thalweg.layers import Dense, EinsumDense


@pytest.mark.parametrize(
    ("options", "shape", "expected"),
    [
        ({"units": 2, "activation": "tanh"}, (2, 3), (2, 2)),
        ({"units": 2, "use_bias": False}, (2, 4, 3), (2, 4, 2)),
        ({"units": 1, "kernel_regularizer": "l2", "bias_constraint": "non_neg"}, (3, 2), (3, 1)),
    ],
)
def test_dense(options, shape, expected):
    weights = 1 if options.get("use_bias") is False else 2
    run_layer_test(
        Dense,
        options,
        sample(shape),
        expected_output_shape=expected,
        weights=weights,
        trainable=weights,
        order=2,
    )


def test_by_hand():
    layer = Dense(2, activation="relu")
    layer.build((None, 2))
    layer.set_weights([[[3, 4], [1, 2]], [1, -30]])
    np.testing.assert_array_equal(layer(np.array([[3.0, 4.0]])).numpy(), [[14, 0]])


def test_weights_start_as_asked():
    layer = Dense(400, kernel_initializer="he_uniform", bias_initializer="ones")
    layer.build((None, 600))
    limit = np.sqrt(6 / 600)
    kernel = layer.kernel.numpy()
    assert np.abs(kernel).max() <= limit
    np.testing.assert_allclose(kernel.std(), limit / np.sqrt(3), rtol=0.01)
    assert (layer.bias.numpy() == 1).all()


@pytest.mark.parametrize(
    ("run", "message"),
    [
        (lambda: Dense(0, name="d"), "units must be a positive integer, got 0"),
        (lambda: Dense(2.5, name="d"), "units must be a positive integer, got 2.5"),
        (lambda: Dense(2, lora_rank=4, name="d"), "lora_rank is not supported, got 4"),
        (lambda: Dense(2, name="d").build((2, None)), "length of axis -1 of its input must be"),
        (lambda: Dense(2, name="d")(sample((3,))), r"at least 2 axes, got shape \(3,\)"),
    ],
)
def test_errors(run, message):
    with pytest.raises(ValueError, match=f"Layer 'd'.*{message}"):
        run()


def test_features_must_not_change():
    layer = Dense(2, name="d")
    layer(sample((4, 3)))
    with pytest.raises(ValueError, match=r"'d' expects axis -1 .* length 3, got shape \(4, 2\)"):
        layer(sample((4, 2)))
    with pytest.raises(ValueError, match="Unknown activation 'rleu'; did you mean"):
        Dense(2, activation="rleu")
    with pytest.raises(ValueError, match="Unknown initializer"):
        Dense(2, kernel_initializer="glorrot")


@pytest.mark.parametrize(
    ("options", "shape", "expected"),
    [
        (
            {"equation": "abc,cde->abde", "output_shape": (None, 2, 3), "bias_axes": "de"},
            (2, 4, 3),
            (2, 4, 2, 3),
        ),
        ({"equation": "...a,ab->...b", "output_shape": 3, "bias_axes": "b"}, (2, 4, 3), (2, 4, 3)),
        (
            {"equation": "ab...,bc->ac...", "output_shape": 4, "bias_axes": "c"},
            (2, 3, 5),
            (2, 4, 5),
        ),
        ({"equation": "ab,bc->ac", "output_shape": 4, "activation": "relu"}, (2, 3), (2, 4)),
    ],
)
def test_einsum_dense(options, shape, expected):
    run_layer_test(EinsumDense, options, sample(shape), expected_output_shape=expected)


def test_fans_of_einsum_dense_follow_the_equation():
    layer = EinsumDense("abc,cde->abde", (None, 20, 30), kernel_initializer="lecun_uniform")
    layer.build((None, 4, 50))
    assert np.abs(layer.kernel.numpy()).max() <= np.sqrt(3 / 50)
    np.testing.assert_allclose(layer.kernel.numpy().std(), np.sqrt(1 / 50), rtol=0.02)


@pytest.mark.parametrize(
    ("options", "shape", "message"),
    [
        ({"equation": "ab,bc", "output_shape": 3}, (2, 2), "equation must be like"),
        ({"equation": "...ab,bc->ac...", "output_shape": 3}, (2, 2), "equation must be like"),
        ({"equation": "abc,cd->abd", "output_shape": 3}, (2, 2, 2), "must have a length"),
        ({"equation": "abc,cd->abd", "output_shape": (5, 3)}, (2, 2, 2), "has length 5 for 'b'"),
        ({"equation": "ab,bc->ac", "output_shape": 3}, (2, 2, 2), "does not fit the equation"),
        ({"equation": "ab,bc->ac", "output_shape": (None,)}, (2, 2), "leaves lengths open"),
        (
            {"equation": "ab,bc->ac", "output_shape": 3, "bias_axes": "x"},
            (2, 2),
            "must be letters of the output",
        ),
    ],
)
def test_einsum_dense_says_what_is_wrong(options, shape, message):
    with pytest.raises(ValueError, match=f"Layer 'e': .*{message}"):
        EinsumDense(name="e", **options)(sample(shape))
