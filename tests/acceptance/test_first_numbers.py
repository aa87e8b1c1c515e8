"""Small calculations that can be checked by hand."""

import numpy as np
import pytest

import thalweg as tw
from tests.examples.scripts import load


def test_simple_nn_layer() -> None:
    layer = load("simple_nn_layer").simple_nn_layer
    found = layer(tw.constant([[-2, -1], [3, 4]]), tw.constant([[3, 4], [1, 2]]))
    np.testing.assert_array_equal(found.numpy(), [[0, 0], [13, 20]])


def test_two_dense_layers_have_32_parameters() -> None:
    model = tw.Sequential([tw.Input((3,)), tw.layers.Dense(5), tw.layers.Dense(2)])
    assert model.count_params() == 32


def test_the_backward_pass_of_one_number() -> None:
    walk = load("gradient_walk")
    loss, slopes = walk.backward_pass(tw.Variable(0.0), tw.constant(2.0), tw.constant(5.0))
    assert loss.numpy() == 25
    assert [float(slopes[edge]) for edge in ("difference", "product", "v")] == [-10, -10, -20]


def test_two_features_move_as_a_hand_calculation_does() -> None:
    example = load("two_features")
    features = np.array([[2, 3, 1], [1, 1, 1], [3, -1, 1], [-1, 1, 1], [-3, -2, 1]], dtype=float)
    targets = np.array([18, 10, 8, 6, -7], dtype=float)
    by_hand = np.array([5.0, 8.0, -2.0])
    variables = [tw.Variable(float(value)) for value in by_hand]
    for _ in range(200):
        difference = features @ by_hand - targets
        loss = example.step(*variables)
        assert float(loss) == pytest.approx(np.mean(difference**2), rel=1e-4, abs=1e-6)
        by_hand -= 0.02 * 2 / 5 * features.T @ difference
        assert [float(v) for v in variables] == pytest.approx(list(by_hand), abs=1e-4)
    assert list(by_hand) == pytest.approx([2, 3, 5], abs=0.05)
