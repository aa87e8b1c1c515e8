"""Linear algebra against NumPy, in batches, in several dtypes, and its gradients."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from tests.gradients import check_gradients
from tests.traced import check_traced
from thalweg import ops

Array = np.ndarray[Any, Any]


def values(*shape: int, seed: int = 0) -> Array:
    return np.random.default_rng(seed).normal(size=shape)


def positive(*shape: int) -> Array:
    x = values(*shape)
    return x @ x.swapaxes(-1, -2) + np.eye(shape[-1])


@pytest.mark.parametrize("shape", [(3, 3), (2, 3, 3)])
def test_factors(shape: tuple[int, ...]) -> None:
    a, x = positive(*shape), values(*shape)
    lower = np.linalg.cholesky(a)
    np.testing.assert_allclose(ops.cholesky(a), lower)
    np.testing.assert_allclose(ops.cholesky(a, upper=True), lower.swapaxes(-1, -2))
    np.testing.assert_allclose(ops.cholesky_inverse(lower), np.linalg.inv(a), atol=1e-10)
    upper = lower.swapaxes(-1, -2)
    np.testing.assert_allclose(
        ops.cholesky_inverse(upper, upper=True), np.linalg.inv(a), atol=1e-10
    )
    q, r = ops.qr(x)
    np.testing.assert_allclose(np.asarray(q) @ np.asarray(r), x, atol=1e-12)
    w, v = map(np.asarray, ops.eigh(a))
    np.testing.assert_allclose(v * w[..., None, :] @ v.swapaxes(-1, -2), a, atol=1e-10)
    w, v = map(np.asarray, ops.eig(x))
    np.testing.assert_allclose(x @ v, v * w[..., None, :], atol=1e-10)
    u, s, vh = map(np.asarray, ops.svd(x))
    np.testing.assert_allclose(u * s[..., None, :] @ vh, x, atol=1e-12)
    np.testing.assert_allclose(ops.svd(x, compute_uv=False), s)
    np.testing.assert_allclose(ops.det(x), np.linalg.det(x))
    np.testing.assert_allclose(ops.inv(x), np.linalg.inv(x))
    for found, expected in zip(ops.slogdet(x), np.linalg.slogdet(x), strict=True):
        np.testing.assert_allclose(found, expected)
    np.testing.assert_allclose(ops.logdet(x), np.linalg.slogdet(x)[1])


def test_lu_factor() -> None:
    x = values(4, 4)
    factors, pivots = map(np.asarray, ops.lu_factor(x))
    rows = np.arange(4)
    for i, p in enumerate(pivots):
        rows[[i, p]] = rows[[p, i]]
    product = (np.tril(factors, -1) + np.eye(4)) @ np.triu(factors)
    np.testing.assert_allclose(product, x[rows], atol=1e-12)
    assert pivots.dtype == np.int32


@pytest.mark.parametrize(
    ("a", "b"),
    [
        ((3, 3), (3,)),
        ((3, 3), (3, 2)),
        ((2, 3, 3), (2, 3)),
        ((2, 3, 3), (2, 3, 4)),
        ((2, 3, 3), (3, 4)),
        ((3, 3), (5, 3, 4)),
        ((2, 3, 3), (3,)),
    ],
)
def test_solve(a: tuple[int, ...], b: tuple[int, ...]) -> None:
    x, y = values(*a) + 2 * np.eye(3), values(*b, seed=1)
    vectors = len(b) == 1 or (len(b) == len(a) - 1 and b == a[:-1])
    right = y[..., None] if vectors else y
    expected = np.linalg.solve(
        x,
        np.broadcast_to(right, (*np.broadcast_shapes(a[:-2], right.shape[:-2]), *right.shape[-2:])),
    )
    expected = expected[..., 0] if vectors else expected
    np.testing.assert_allclose(ops.solve(x, y), expected)
    check_gradients(ops.solve, x, y)
    for lower in (False, True):
        part = np.tril(x) if lower else np.triu(x)
        found = ops.solve_triangular(x, y, lower=lower)
        np.testing.assert_allclose(found, ops.solve(part, y), atol=1e-10)
        check_gradients(lambda p, q, low=lower: ops.solve_triangular(p, q, low), x, y)


@pytest.mark.parametrize("shape", [(5, 3), (3, 5), (3, 3), (2, 4, 3)])
def test_pinv(shape: tuple[int, ...]) -> None:
    x = values(*shape)
    np.testing.assert_allclose(ops.pinv(x), np.linalg.pinv(x), atol=1e-12)
    check_gradients(ops.pinv, x, order=2)
    check_traced(ops.pinv, x, rtol=1e-10)


def test_pinv_of_equal_singular_values_and_of_low_rank() -> None:
    q, _ = np.linalg.qr(values(4, 4))
    check_gradients(ops.pinv, q, order=2)
    check_gradients(ops.pinv, q[:, :2], order=2)
    complex_matrix = values(3, 2) + 1j * values(3, 2, seed=1)
    check_gradients(ops.pinv, complex_matrix, order=2)
    # Along matrices of one rank the gradient holds for low rank too.
    left, right = values(4, 2), values(2, 3, seed=1)
    check_gradients(lambda a, b: ops.pinv(ops.matmul(a, b), rcond=1e-8), left, right)
    np.testing.assert_allclose(ops.pinv(np.diag([1.0, 0.1]), rcond=0.5), np.diag([1.0, 0]))


@pytest.mark.parametrize(("m", "n"), [(6, 3), (3, 6), (4, 4)])
def test_lstsq(m: int, n: int) -> None:
    a = values(m, n)
    for b in (values(m, seed=1), values(m, 2, seed=1)):
        np.testing.assert_allclose(ops.lstsq(a, b), np.linalg.lstsq(a, b)[0], atol=1e-10)
        check_gradients(ops.lstsq, a, b)


def test_rank_and_power() -> None:
    stack = np.stack([np.diag([1.0, 2, 0]), np.eye(3)])
    assert np.asarray(ops.matrix_rank(stack)).tolist() == [2, 3]
    assert int(ops.matrix_rank(np.diag([1.0, 2, 0.1]), tol=0.5)) == 2
    x = values(2, 3, 3)
    for n in (-3, -1, 0, 1, 2, 5):
        np.testing.assert_allclose(ops.matrix_power(x, n), np.linalg.matrix_power(x, n), rtol=1e-8)
    check_gradients(lambda t: ops.matrix_power(t, 3), x)
    assert ops.matrix_power(np.eye(2, dtype=np.int32), 3).dtype == np.int32


VECTOR_ORDERS = [None, 0, 1, 2, 3, -1, 0.5, np.inf, -np.inf]
MATRIX_ORDERS: list[Any] = [None, "fro", "nuc", 1, -1, 2, -2, np.inf, -np.inf]


@pytest.mark.parametrize("keepdims", [False, True])
def test_norm(keepdims: bool) -> None:
    x = values(3, 4, 5)
    z = x + 1j * values(3, 4, 5, seed=1)
    for order in VECTOR_ORDERS:
        for axis in (0, -1):
            for array in (x, z):
                expected = np.linalg.norm(array, order, axis, keepdims)
                np.testing.assert_allclose(ops.norm(array, order, axis, keepdims), expected)
    for order in MATRIX_ORDERS:
        for axes in ((0, 1), (-1, 0)):
            for array in (x, z):
                expected = np.linalg.norm(array, order, axes, keepdims)
                np.testing.assert_allclose(ops.norm(array, order, axes, keepdims), expected)
    np.testing.assert_allclose(ops.norm(x, keepdims=keepdims), np.linalg.norm(x, keepdims=keepdims))
    np.testing.assert_allclose(ops.norm(x[0], 1), np.linalg.norm(x[0], 1))
    np.testing.assert_allclose(ops.norm(x[0, 0], 1), np.linalg.norm(x[0, 0], 1))


def test_norm_gradients() -> None:
    x = values(3, 4)
    for order in (None, 1, 2, 3, np.inf):
        check_gradients(lambda t, o=order: ops.norm(t, o, axis=1), x, order=2)
    for order in ("fro", "nuc", 1, 2, np.inf):
        check_gradients(lambda t, o=order: ops.norm(t, o, axis=(0, 1)), x)
    check_gradients(ops.norm, values(2) + 1j * values(2, seed=1))


def test_norm_of_zero_has_gradient_zero() -> None:
    from thalweg.autodiff import GradientTape

    x = ops.zeros(3)
    with GradientTape() as tape:
        tape.watch(x)
        y = ops.norm(x)
    assert np.asarray(tape.gradient(y, x)).tolist() == [0, 0, 0]


def test_gradients_of_factors() -> None:
    a = positive(3, 3)
    check_gradients(lambda t: ops.cholesky(t, upper=True), a)
    check_gradients(lambda t: ops.cholesky_inverse(t), np.linalg.cholesky(a))
    check_gradients(ops.qr, values(4, 3))
    check_gradients(lambda t: ops.svd(t, compute_uv=False), values(4, 3))
    check_gradients(ops.logdet, values(2, 3, 3))


def test_dtypes() -> None:
    x = np.eye(3)
    assert ops.inv(x.astype(np.float16)).dtype == np.float16
    assert ops.det(x.astype(np.int32)).dtype == np.float32
    assert ops.solve(x.astype(np.float16), x.astype(np.float32)).dtype == np.float32
    assert ops.eig(x.astype(np.float32))[0].dtype == np.complex64
    assert all(y.dtype == np.float16 for y in ops.svd(x.astype(np.float16)))
    assert ops.norm(np.arange(3, dtype=np.int8)).dtype == np.float32
    assert ops.norm(np.arange(3, dtype=np.int64)).dtype == np.float32
    assert ops.norm(np.arange(3).astype(np.float16)).dtype == np.float16


def test_errors() -> None:
    x = values(3, 4)
    for function, message in [
        (lambda: ops.inv(x), r"inv: the matrices must be square, got shape \(3, 4\)"),
        (lambda: ops.cholesky(x[0]), "cholesky: the input must have at least 2 axes"),
        (lambda: ops.solve(np.eye(3), x[:2]), "solve: b must have as many rows as a"),
        (lambda: ops.norm(values(2, 2, 2), 1), "norm: ord 1 without axis"),
        (lambda: ops.norm(x, "fro", axis=(0, 0)), "names an axis twice"),
        (lambda: ops.norm(x, 3, axis=(0, 1)), "norm: ord for matrices must be"),
        (lambda: ops.norm(x, "nuc", axis=0), "norm: ord 'nuc' is for matrices"),
        (lambda: ops.matrix_power(x, 2), "matrix_power: x must hold square matrices"),
    ]:
        with pytest.raises(ValueError, match=message):
            function()
    with pytest.raises(TypeError, match="matrix_power: n must be an integer"):
        ops.matrix_power(np.eye(2), 0.5)
    with pytest.raises(np.linalg.LinAlgError, match="singular"):
        ops.inv(np.zeros((2, 2)))
    with pytest.raises(np.linalg.LinAlgError, match="positive definite"):
        ops.cholesky(-np.eye(2))
