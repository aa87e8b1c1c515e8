"""Moments and normalisations against NumPy, in half precision too, and their gradients."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from tests.gradients import check_gradients
from thalweg import config, ops

Array = np.ndarray[Any, Any]


def values(*shape: int, seed: int = 0) -> Array:
    return np.random.default_rng(seed).normal(size=shape) * 2 + 1


@pytest.mark.parametrize("axes", [0, -1, (0, 2), (0, 1, 2)])
@pytest.mark.parametrize("keepdims", [False, True])
def test_moments(axes: Any, keepdims: bool) -> None:
    x = values(3, 4, 5)
    mean, variance = ops.moments(x, axes, keepdims)
    np.testing.assert_allclose(mean, x.mean(axes, keepdims=keepdims))
    np.testing.assert_allclose(variance, x.var(axes, keepdims=keepdims))
    check_gradients(lambda t: ops.moments(t, axes, keepdims), x, order=2)


def test_moments_in_half_precision_do_not_overflow() -> None:
    x = np.full((4, 2), 300.0, np.float16)
    x[:2] = -300
    mean, variance = ops.moments(x, 0)
    assert mean.dtype == variance.dtype == np.float16
    assert np.asarray(mean).tolist() == [0, 0]
    assert np.asarray(variance).tolist() == [np.finfo(np.float16).max] * 2
    with pytest.raises(ValueError, match="synchronized=True needs several processes"):
        ops.moments(x, 0, synchronized=True)


@pytest.mark.parametrize("axis", [-1, 1, 0])
def test_batch_normalization(axis: int) -> None:
    x = values(3, 4, 5)
    n = x.shape[axis]
    shape = [1, 1, 1]
    shape[axis] = n
    mean, offset, scale = (values(n, seed=i) for i in (1, 2, 3))
    variance = values(n, seed=4) ** 2
    m, v, b, g = (y.reshape(shape) for y in (mean, variance, offset, scale))
    plain = (x - m) / np.sqrt(v + 0.001)
    np.testing.assert_allclose(ops.batch_normalization(x, mean, variance, axis), plain)
    full = ops.batch_normalization(x, mean, variance, axis, offset, scale, 0.1)
    np.testing.assert_allclose(full, (x - m) / np.sqrt(v + 0.1) * g + b)
    check_gradients(
        lambda *a: ops.batch_normalization(*a[:3], axis, *a[3:]),
        x,
        mean,
        variance,
        offset,
        scale,
        order=2,
    )


def test_batch_normalization_errors_and_dtypes() -> None:
    x = values(3, 4)
    with pytest.raises(ValueError, match=r"mean must have shape \(4,\) for axis -1"):
        ops.batch_normalization(x, np.zeros(3), np.ones(4), -1)
    half = ops.batch_normalization(
        x.astype(np.float16), np.zeros(4, np.float16), np.ones(4, np.float16), -1
    )
    assert half.dtype == np.float16


@pytest.mark.parametrize("axis", [-1, (1, 2), 0, (0, 2)])
def test_layer_and_rms_normalization(axis: Any) -> None:
    x = values(3, 4, 5)
    axes = axis if isinstance(axis, tuple) else (axis,)
    shape = tuple(x.shape[a] for a in axes)
    gamma, beta = values(*shape, seed=1), values(*shape, seed=2)
    kept = [x.shape[i] if i in {a % 3 for a in axes} else 1 for i in range(3)]
    g, b = gamma.reshape(kept), beta.reshape(kept)
    mean, variance = x.mean(axis, keepdims=True), x.var(axis, keepdims=True)
    plain = (x - mean) / np.sqrt(variance + config.epsilon())
    np.testing.assert_allclose(ops.layer_normalization(x, axis=axis), plain)
    found = ops.layer_normalization(x, gamma, beta, axis, 0.1)
    np.testing.assert_allclose(found, (x - mean) / np.sqrt(variance + 0.1) * g + b)
    root = np.sqrt((x**2).mean(axis, keepdims=True) + 0.1)
    np.testing.assert_allclose(ops.rms_normalization(x, gamma, axis, 0.1), x / root * g)
    check_gradients(lambda *a: ops.layer_normalization(*a, axis), x, gamma, beta, order=2)
    check_gradients(lambda *a: ops.rms_normalization(*a, axis), x, gamma, order=2)


def test_layer_normalization_of_half_precision_is_computed_in_float32() -> None:
    x = (values(2, 64) * 100 + 1000).astype(np.float16)
    found = ops.layer_normalization(x)
    assert found.dtype == np.float16
    np.testing.assert_allclose(found, ops.layer_normalization(x.astype(np.float64)), atol=2e-3)
    with pytest.raises(ValueError, match=r"layer_normalization: gamma must have shape \(64,\)"):
        ops.layer_normalization(x, np.ones(3))


@pytest.mark.parametrize("order", [1, 2, 3])
@pytest.mark.parametrize("axis", [-1, 0])
def test_normalize(order: int, axis: int) -> None:
    x = values(3, 4)
    expected = x / np.linalg.norm(x, order, axis, keepdims=True)
    np.testing.assert_allclose(ops.normalize(x, axis, order), expected)
    check_gradients(lambda t: ops.normalize(t, axis, order), x, order=2)


def test_normalize_zeros() -> None:
    assert np.asarray(ops.normalize([0.0, 0.0])).tolist() == [0, 0]
    check_gradients(lambda t: ops.normalize(t, epsilon=0.5), np.zeros(2))
    half = ops.normalize(np.zeros(3, np.float16))
    assert half.dtype == np.float16
    assert np.asarray(half).tolist() == [0, 0, 0]
    with pytest.raises(ValueError, match="order must be a whole number from 1, got 0"):
        ops.normalize([1.0], order=0)
