"""Activation layers."""

from __future__ import annotations

import numpy as np
import pytest

from tests.layers.harness import run_layer_test, sample
from thalweg.layers import ELU, Activation, LeakyReLU, PReLU, ReLU, Softmax

X = sample((2, 5, 3))


@pytest.mark.parametrize(
    ("cls", "options"),
    [
        (Activation, {"activation": "sigmoid"}),
        (Activation, {"activation": "swish"}),
        (ReLU, {}),
        (ReLU, {"max_value": 0.55, "negative_slope": 0.1, "threshold": 0.21}),
        (LeakyReLU, {"negative_slope": 0.1}),
        (ELU, {"alpha": 0.5}),
        (Softmax, {}),
        (Softmax, {"axis": [1, 2]}),
        (PReLU, {}),
        (PReLU, {"shared_axes": [1], "alpha_initializer": "ones"}),
    ],
)
def test_activation_layers(cls, options):
    run_layer_test(cls, options, X, expected_output_shape=(2, 5, 3))


def test_masked_softmax():
    mask = np.array([[True, False, True], [False, False, False]])
    y = Softmax()(np.zeros((2, 3), np.float32), mask=mask)
    np.testing.assert_allclose(y.numpy(), [[0.5, 0, 0.5], [0, 0, 0]])


def test_any_function_of_a_tensor():
    layer = Activation(lambda x: x + 1)
    assert layer(np.array([1.0])).numpy() == 2
    with pytest.raises(ValueError, match="no code is ever saved"):
        layer.get_config()


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: ReLU(max_value=-1, name="a"), "max_value must be a number that is not negative"),
        (lambda: LeakyReLU("0.3", name="a"), "negative_slope must be a number"),
        (lambda: PReLU(name="a").build((None, None, 3)), "the length of axis 1 .* must be known"),
    ],
)
def test_errors(make, message):
    with pytest.raises(ValueError, match=f"Layer 'a': {message}"):
        make()
