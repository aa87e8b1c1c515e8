"""Embedding."""

from __future__ import annotations

import numpy as np
import pytest

from tests.layers.harness import run_layer_test, sample
from thalweg.layers import Embedding, Input


@pytest.mark.parametrize("options", [{}, {"mask_zero": True}])
def test_embedding(options):
    run_layer_test(
        Embedding,
        {"input_dim": 3, "output_dim": 4, **options},
        sample((2, 5), "int32"),
        expected_output_shape=(2, 5, 4),
        weights=1,
        trainable=1,
    )


def test_rows_are_looked_up():
    table = np.arange(6.0).reshape(3, 2)
    layer = Embedding(3, 2, weights=table)
    np.testing.assert_array_equal(layer(np.array([[2, 0]])).numpy(), [[[4, 5], [0, 1]]])
    np.testing.assert_array_equal(layer(np.array([[2.0, 0.0]])).numpy(), [[[4, 5], [0, 1]]])


def test_mask_is_where_the_input_is_not_zero():
    y = Embedding(3, 2, mask_zero=True)(np.array([[2, 0, 1]]))
    np.testing.assert_array_equal(y._keras_mask.numpy(), [[True, False, True]])
    assert Embedding(3, 2)(np.array([[2, 0, 1]]))._keras_mask is None
    symbol = Embedding(3, 2, mask_zero=True)(Input((4,), dtype="int32"))
    assert symbol._keras_mask.shape == (None, 4)


@pytest.mark.parametrize("labels", [[[0, 3]], [[-1, 0]]])
def test_labels_out_of_range(labels):
    with pytest.raises(ValueError, match=r"Layer 'e': inputs must be from 0 to 2 \(input_dim=3\)"):
        Embedding(3, 2, name="e")(np.array(labels))
