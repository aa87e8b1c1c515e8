"""Keras's small helpers."""

from __future__ import annotations

import numpy as np
import pytest

import thalweg as tw
from thalweg import utils


def test_to_categorical():
    np.testing.assert_array_equal(utils.to_categorical([[1], [0]], 3), [[0, 1, 0], [1, 0, 0]])
    assert utils.to_categorical(np.zeros((2, 4)), 5).shape == (2, 4, 5)
    with pytest.raises(ValueError, match=r"0\.\.2, got 3"):
        utils.to_categorical([0, 3], 3)
    with pytest.raises(ValueError, match="got -1"):
        utils.to_categorical([-1, 2])
    with pytest.raises(ValueError, match="num_classes is needed"):
        utils.to_categorical([])


def test_normalize():
    x = np.array([[3.0, 4.0], [0.0, 0.0]])
    np.testing.assert_allclose(utils.normalize(x), [[0.6, 0.8], [0, 0]])
    np.testing.assert_allclose(utils.normalize(x, axis=0, order=1), [[1, 1], [0, 0]])


def test_clear_session_starts_names_anew():
    utils.clear_session()
    assert tw.layers.Dense(1).name == "dense"
    assert tw.layers.Dense(1).name == "dense_1"
    utils.clear_session()
    assert tw.layers.Dense(1).name == "dense"
