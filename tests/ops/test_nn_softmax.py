"""softmax, log_softmax, logsumexp, sparsemax, and the cross-entropies built on them."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays
from scipy import special

from tests.gradients import check_gradients
from thalweg import config, ops
from thalweg.autodiff import GradientTape
from thalweg.tensor import convert_to_tensor

Array = np.ndarray[Any, Any]
logits = arrays(
    np.float64, array_shapes(min_dims=1, max_dims=3, max_side=4), elements=st.floats(-1e3, 1e3)
)


def values(*shape: int, seed: int = 0) -> Array:
    return np.random.default_rng(seed).normal(size=shape)


def chances(*shape: int, seed: int = 0) -> Array:
    x = np.random.default_rng(seed).uniform(0.1, 1, size=shape)
    return x / x.sum(-1, keepdims=True)


@given(logits, st.booleans())
def test_softmax_and_logarithms(x: Array, everything: bool) -> None:
    axis = None if everything else -1
    np.testing.assert_allclose(ops.softmax(x, axis), special.softmax(x, axis), rtol=1e-10)
    expected = special.log_softmax(x, axis)
    np.testing.assert_allclose(ops.log_softmax(x, axis), expected, rtol=1e-10, atol=1e-10)
    expected = special.logsumexp(x, axis)
    np.testing.assert_allclose(ops.logsumexp(x, axis), expected, rtol=1e-10, atol=1e-10)


@pytest.mark.parametrize("axis", [-1, 0, (0, 2), None])
def test_softmax_gradients(axis: Any) -> None:
    x = values(2, 3, 4) * 2
    for function in (ops.softmax, ops.log_softmax, ops.logsumexp):
        check_gradients(lambda t, f=function: f(t, axis=axis), x, order=2)


def test_large_logits() -> None:
    x = np.array([[1e5, -1e5, 1e5]], np.float32)
    np.testing.assert_allclose(ops.softmax(x), [[0.5, 0, 0.5]])
    assert np.isfinite(np.asarray(ops.log_softmax(x))).all()
    assert np.isneginf(np.asarray(ops.logsumexp([-np.inf, -np.inf])))
    assert np.isposinf(np.asarray(ops.logsumexp([0.0, np.inf])))


def nearest_on_simplex(z: Array) -> Array:
    """By bisection of the tau with sum(max(z - tau, 0)) = 1."""
    low, high = z.min() - 1, z.max()
    for _ in range(200):
        middle = (low + high) / 2
        low, high = (middle, high) if np.maximum(z - middle, 0).sum() > 1 else (low, middle)
    return np.maximum(z - low, 0)


@given(arrays(np.float64, st.integers(1, 6), elements=st.floats(-3, 3)))
def test_sparsemax(z: Array) -> None:
    np.testing.assert_allclose(ops.sparsemax(z), nearest_on_simplex(z), atol=1e-9)


def test_sparsemax_along_an_axis() -> None:
    x = values(3, 5, 2)
    found = np.asarray(ops.sparsemax(x, axis=1))
    np.testing.assert_allclose(found.sum(1), 1)
    np.testing.assert_allclose(found[1, :, 0], nearest_on_simplex(x[1, :, 0]), atol=1e-9)
    check_gradients(lambda t: ops.sparsemax(t, axis=1), x, order=2)


# --- cross-entropies ------------------------------------------------------------------------------


@pytest.mark.parametrize("axis", [-1, 1])
def test_categorical(axis: int) -> None:
    truth, output = chances(4, 3, 5), chances(4, 3, 5, seed=1) * 2
    normal = output / output.sum(axis, keepdims=True)
    expected = -(truth * np.log(normal)).sum(axis)
    np.testing.assert_allclose(ops.categorical_crossentropy(truth, output, axis=axis), expected)
    x = values(4, 3, 5) * 5
    expected = -(truth * special.log_softmax(x, axis)).sum(axis)
    found = ops.categorical_crossentropy(truth, x, from_logits=True, axis=axis)
    np.testing.assert_allclose(found, expected)


@pytest.mark.parametrize("axis", [-1, 1])
def test_sparse_categorical(axis: int) -> None:
    x = values(4, 3, 5)
    n = x.shape[axis]
    labels = np.random.default_rng(0).integers(0, n, np.delete(x.shape, axis))
    expected = -np.take_along_axis(
        special.log_softmax(x, axis), np.expand_dims(labels, axis), axis
    ).squeeze(axis)
    found = ops.sparse_categorical_crossentropy(labels, x, from_logits=True, axis=axis)
    np.testing.assert_allclose(found, expected)
    found = ops.sparse_categorical_crossentropy(labels, special.softmax(x, axis), axis=axis)
    np.testing.assert_allclose(found, expected)


def test_sparse_categorical_with_impossible_classes() -> None:
    x = np.array([[0.0, -np.inf, 1.0]])
    found = ops.sparse_categorical_crossentropy([2], x, from_logits=True)
    np.testing.assert_allclose(found, np.log(1 + np.exp(-1.0)))
    # A label that names no class counts nothing.
    np.testing.assert_array_equal(ops.sparse_categorical_crossentropy([7], values(1, 3) ** 2), 0)


def test_binary() -> None:
    z, truth = values(20) * 30, chances(20)
    expected = np.logaddexp(0, z) - truth * z
    np.testing.assert_allclose(ops.binary_crossentropy(truth, z, from_logits=True), expected)
    p = special.expit(values(20))
    expected = -truth * np.log(p) - (1 - truth) * np.log1p(-p)
    np.testing.assert_allclose(ops.binary_crossentropy(truth, p), expected)


def test_certain_and_wrong_is_finite() -> None:
    e = config.epsilon()
    for dtype in ("float32", "float16", "bfloat16"):
        p = ops.cast([0.0, 1.0], dtype)
        found = ops.binary_crossentropy([1, 0], p)
        assert found.dtype == p.dtype
        np.testing.assert_allclose(np.asarray(found, np.float32), -np.log(e), rtol=0.02)
        found = ops.categorical_crossentropy([1, 0], p)
        np.testing.assert_allclose(np.asarray(found, np.float32), -np.log(e), rtol=0.02)


@pytest.mark.parametrize("from_logits", [False, True])
def test_gradients_of_losses(from_logits: bool) -> None:
    x = values(3, 4) if from_logits else chances(3, 4)
    truth = chances(3, 4, seed=1)
    check_gradients(lambda t, y: ops.categorical_crossentropy(t, y, from_logits), truth, x, order=2)
    check_gradients(
        lambda y: ops.sparse_categorical_crossentropy([3, 0, 2], y, from_logits), x, order=2
    )
    check_gradients(lambda t, y: ops.binary_crossentropy(t, y, from_logits), truth, x, order=2)


def test_gradient_of_logits_is_prediction_less_truth() -> None:
    """Also at 0, where many formulas of the binary loss have no slope."""
    x = convert_to_tensor(np.zeros((2, 3)))
    truth = np.array([[1.0, 0, 1], [0, 0, 1]])
    with GradientTape(persistent=True) as tape:
        tape.watch(x)
        binary = ops.binary_crossentropy(truth, x, from_logits=True)
        sparse = ops.sparse_categorical_crossentropy([0, 2], x, from_logits=True)
    np.testing.assert_allclose(tape.gradient(binary, x), 0.5 - truth)
    np.testing.assert_allclose(tape.gradient(sparse, x), 1 / 3 - np.eye(3)[[0, 2]])


def test_errors() -> None:
    with pytest.raises(ValueError, match=r"same shape, got \(2,\) and \(3,\)"):
        ops.binary_crossentropy(np.zeros(2), np.zeros(3))
    with pytest.raises(ValueError, match="categorical_crossentropy: target and output"):
        ops.categorical_crossentropy(np.zeros((2, 3)), np.zeros((2, 4)))
    with pytest.raises(ValueError, match=r"target must have shape \(2,\)"):
        ops.sparse_categorical_crossentropy(np.zeros(3, int), np.zeros((2, 4)))
    with pytest.raises(ValueError, match="softmax: axis 2 is out of range"):
        ops.softmax(np.zeros((2, 3)), axis=2)
    with pytest.raises(ValueError, match="needs an axis for the classes"):
        ops.categorical_crossentropy(1.0, 1.0)


# --- labels ---------------------------------------------------------------------------------------


def test_one_hot() -> None:
    labels = np.array([[0, 2], [-1, 3]])
    expected = np.zeros((2, 2, 3))
    expected[0, 0, 0] = expected[0, 1, 2] = 1
    np.testing.assert_array_equal(ops.one_hot(labels, 3), expected)
    np.testing.assert_array_equal(ops.one_hot(labels, 3, axis=0), expected.transpose(2, 0, 1))
    np.testing.assert_array_equal(ops.one_hot(labels, 3, axis=1), expected.transpose(0, 2, 1))
    assert ops.one_hot(labels, 3).dtype == np.float32
    assert ops.one_hot(labels, 3, dtype="bool").dtype == np.bool_
    assert np.asarray(ops.one_hot(1, 3)).tolist() == [0, 1, 0]
    with pytest.raises(TypeError, match="one_hot: the labels must be integers, got float32"):
        ops.one_hot([1.0], 3)


def test_multi_hot() -> None:
    labels = np.array([[0, 2, 2], [-1, 3, 1]])
    assert np.asarray(ops.multi_hot(labels, 3)).tolist() == [[1, 0, 1], [0, 1, 0]]
    assert np.asarray(ops.multi_hot(labels[0], 4)).tolist() == [1, 0, 1, 0]
    with pytest.raises(ValueError, match="num_classes must be given"):
        ops.multi_hot(labels)
    with pytest.raises(ValueError, match="at least one axis"):
        ops.multi_hot(1, 3)
