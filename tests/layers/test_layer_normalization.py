"""LayerNormalization, GroupNormalization, RMSNormalization, UnitNormalization."""

from __future__ import annotations

import numpy as np
import pytest

from tests.layers.harness import run_layer_test, sample
from thalweg.layers import (
    GroupNormalization,
    LayerNormalization,
    RMSNormalization,
    UnitNormalization,
)

X = sample((2, 3, 4))


@pytest.mark.parametrize(
    ("cls", "options", "weights"),
    [
        (LayerNormalization, {}, 2),
        (LayerNormalization, {"axis": [1, 2], "center": False}, 1),
        (LayerNormalization, {"axis": 1, "scale": False, "beta_initializer": "ones"}, 1),
        (GroupNormalization, {"groups": 2}, 2),
        (GroupNormalization, {"groups": -1, "axis": 1}, 2),
        (GroupNormalization, {"groups": 1, "axis": 1, "scale": False, "center": False}, 0),
        (RMSNormalization, {}, 1),
        (RMSNormalization, {"axis": [1, 2], "epsilon": 1e-3}, 1),
        (UnitNormalization, {}, 0),
        (UnitNormalization, {"axis": [1, 2]}, 0),
    ],
)
def test_normalisations(cls, options, weights):
    run_layer_test(cls, options, X, expected_output_shape=(2, 3, 4), weights=weights)


def test_each_sample_by_itself():
    y = LayerNormalization(epsilon=0.0)(X).numpy()
    np.testing.assert_allclose(y.mean(-1), 0, atol=1e-6)
    np.testing.assert_allclose(y.std(-1), 1, rtol=1e-5)
    y = LayerNormalization(axis=[1, 2], epsilon=0.0)(X).numpy()
    np.testing.assert_allclose(y.mean((1, 2)), 0, atol=1e-6)


def test_groups():
    y = GroupNormalization(2, epsilon=0.0)(X).numpy().reshape(2, 3, 2, 2)
    np.testing.assert_allclose(y.mean((1, 3)), 0, atol=1e-6)
    np.testing.assert_allclose(y.std((1, 3)), 1, rtol=1e-5)


def test_lengths():
    y = RMSNormalization()(X).numpy()
    np.testing.assert_allclose((y**2).mean(-1), 1, rtol=1e-4)
    y = UnitNormalization()(X).numpy()
    np.testing.assert_allclose((y**2).sum(-1), 1, rtol=1e-5)


@pytest.mark.parametrize(
    ("run", "message"),
    [
        (lambda: LayerNormalization(axis=5, name="n")(X), "axis 5 is out of range"),
        (lambda: GroupNormalization(3, name="n")(X), "multiple of groups=3, got 4 channels"),
        (lambda: GroupNormalization(0, name="n"), "groups must be a positive integer or -1"),
        (lambda: GroupNormalization(axis=0, name="n")(X), "axis 0 is out of range"),
        (lambda: LayerNormalization(rms_scaling=True, name="n"), "rms_scaling is not supported"),
    ],
)
def test_errors(run, message):
    with pytest.raises(ValueError, match=f"Layer 'n': .*{message}"):
        run()
