"""CategoryEncoding."""

from __future__ import annotations

import numpy as np
import pytest

from tests.layers.harness import run_layer_test
from thalweg.layers import CategoryEncoding

LABELS = np.array([[2, 0, 0, 1], [1, 1, 1, 3]], np.int32)


@pytest.mark.parametrize(
    ("mode", "x", "expected"),
    [
        ("multi_hot", LABELS, [[1, 1, 1, 0], [0, 1, 0, 1]]),
        ("count", LABELS, [[2, 1, 1, 0], [0, 3, 0, 1]]),
        ("one_hot", LABELS[:, :1], [[0, 0, 1, 0], [0, 1, 0, 0]]),
        ("one_hot", LABELS[:, 0], [[0, 0, 1, 0], [0, 1, 0, 0]]),
        ("one_hot", LABELS, np.eye(4)[LABELS]),
    ],
)
def test_category_encoding(mode, x, expected):
    options = {"num_tokens": 4, "output_mode": mode}
    shape = np.shape(expected)
    layer = run_layer_test(CategoryEncoding, options, x, expected_output_shape=shape, weights=0)
    np.testing.assert_array_equal(layer(x).numpy(), expected)


def test_one_sample_without_a_batch():
    layer = CategoryEncoding(4)
    np.testing.assert_array_equal(layer(np.array([2, 0])).numpy(), [1, 0, 1, 0])


def test_count_weights():
    layer = CategoryEncoding(3, output_mode="count")
    weights = np.array([[0.5, 0.25, 2.0]], np.float32)
    y = layer(np.array([[0, 0, 2]]), count_weights=weights)
    np.testing.assert_array_equal(y.numpy(), [[0.75, 0, 2]])


@pytest.mark.parametrize(
    ("run", "message"),
    [
        (lambda: CategoryEncoding(3, name="c")(LABELS), r"from 0 to 2 .* values from 0 to 3"),
        (lambda: CategoryEncoding(9, name="c")(LABELS - 1), "values from -1 to 2"),
        (lambda: CategoryEncoding(name="c"), "num_tokens must be a positive integer, got None"),
        (lambda: CategoryEncoding(3, "int", name="c"), "output_mode must be 'one_hot', "),
        (lambda: CategoryEncoding(3, sparse=True, name="c"), "sparse is not supported"),
        (
            lambda: CategoryEncoding(9, name="c")(LABELS, count_weights=LABELS * 1.0),
            "count_weights need output_mode='count'",
        ),
    ],
)
def test_errors(run, message):
    with pytest.raises(ValueError, match=f"Layer 'c': .*{message}"):
        run()
