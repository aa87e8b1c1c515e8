"""Linear algebra primitives against NumPy and SciPy: values, rules and errors."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import scipy.linalg
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.primitives.applied import apply
from thalweg.primitives import Primitive, linalg
from thalweg.tensor import Tensor

Array = np.ndarray[Any, Any]
DTYPES = st.sampled_from([np.float32, np.float64, np.complex64, np.complex128])
BATCHES = st.sampled_from([(), (3,), (2, 1), (0,)])
SIZES = st.integers(0, 5)


def matrices(shape: tuple[int, ...], dtype: Any, seed: int = 0) -> Array:
    rng = np.random.default_rng(seed)
    x = rng.normal(size=shape) + 1j * rng.normal(size=shape)
    return (x if np.dtype(dtype).kind == "c" else x.real).astype(dtype)


def regular(batch: tuple[int, ...], n: int, dtype: Any) -> Array:
    """Square matrices far from singular."""
    return matrices((*batch, n, n), dtype) + (4 * np.eye(n)).astype(dtype)


def adjoint(x: Array) -> Array:
    return np.conj(np.swapaxes(x, -1, -2))


def close(found: Array, expected: Array) -> None:
    assert found.shape == expected.shape
    tolerance = 1e-4 if found.dtype.name in ("float32", "complex64") else 1e-11
    np.testing.assert_allclose(found, expected, rtol=tolerance, atol=tolerance)


@given(BATCHES, SIZES, DTYPES)
@settings(deadline=None, max_examples=30)
def test_square_functions(batch: tuple[int, ...], n: int, dtype: Any) -> None:
    x = regular(batch, n, dtype)
    close(apply(linalg.inv, x), np.linalg.inv(x))
    close(apply(linalg.det, x), np.linalg.det(x))
    sign, logarithm = apply(linalg.slogdet, x)
    close(sign * np.exp(logarithm), np.linalg.det(x))
    close(apply(linalg.adjugate, x), np.linalg.det(x)[..., None, None] * np.linalg.inv(x))


def test_adjugate_of_a_singular_matrix() -> None:
    x = np.array([[1.0, 2, 3], [4, 5, 6], [7, 8, 9]])
    close(apply(linalg.adjugate, x), np.array([[-3.0, 6, -3], [6, -12, 6], [-3, 6, -3]]))


@given(BATCHES, SIZES, DTYPES)
@settings(deadline=None, max_examples=30)
def test_cholesky(batch: tuple[int, ...], n: int, dtype: Any) -> None:
    x = matrices((*batch, n, n), dtype)
    x = x @ adjoint(x) + np.eye(n).astype(dtype)
    found = apply(linalg.cholesky, x)
    close(found, np.linalg.cholesky(x))
    # Of any matrix the Hermitian part is taken.
    skew = matrices((*batch, n, n), dtype, seed=1)
    close(apply(linalg.cholesky, x + skew - adjoint(skew)), found)


@given(BATCHES, SIZES, st.integers(0, 3), DTYPES, st.booleans(), st.booleans())
@settings(deadline=None, max_examples=40)
def test_solve(
    batch: tuple[int, ...], n: int, k: int, dtype: Any, lower: bool, turned: bool
) -> None:
    a, b = regular(batch, n, dtype), matrices((*batch, n, k), dtype, seed=1)
    close(apply(linalg.solve, a, b), np.linalg.solve(a, b))
    read = np.tril(a) if lower else np.triu(a)
    expected = np.linalg.solve(adjoint(read) if turned else read, b)
    close(apply(linalg.triangular_solve, a, b, lower=lower, adjoint=turned), expected)


@pytest.mark.parametrize("n", [31, 33, 100])
def test_triangular_solve_of_large_systems(n: int) -> None:
    a = regular((), n, np.float64) + 10 * np.eye(n)
    b = matrices((n, 3), np.float64)
    for lower in (True, False):
        found = apply(linalg.triangular_solve, a, b, lower=lower, adjoint=False)
        close(found, scipy.linalg.solve_triangular(a, b, lower=lower))


def test_triangular_solve_with_a_zero_on_the_diagonal_gives_infinity() -> None:
    a = np.array([[0.0, 0], [1, 1]])
    found = apply(linalg.triangular_solve, a, np.ones((2, 1)), lower=True, adjoint=False)
    np.testing.assert_array_equal(found[:, 0], [np.inf, -np.inf])


@given(BATCHES, SIZES, SIZES, DTYPES, st.sampled_from(["reduced", "complete"]))
@settings(deadline=None, max_examples=40)
def test_qr(batch: tuple[int, ...], m: int, n: int, dtype: Any, mode: str) -> None:
    x = matrices((*batch, m, n), dtype)
    q, r = apply(linalg.qr, x, mode=mode)
    close(q @ r, x)
    close(r, np.triu(r))
    close(
        adjoint(q) @ q,
        np.broadcast_to(np.eye(q.shape[-1], dtype=dtype), (*batch, *r.shape[-2:-1] * 2)),
    )


@given(BATCHES, SIZES, SIZES, DTYPES, st.booleans())
@settings(deadline=None, max_examples=40)
def test_svd(batch: tuple[int, ...], m: int, n: int, dtype: Any, full: bool) -> None:
    x = matrices((*batch, m, n), dtype)
    u, s, v = apply(linalg.svd, x, full_matrices=full, compute_uv=True)
    k = min(m, n)
    close((u[..., :k] * s[..., None, :]) @ v[..., :k, :], x)
    (only,) = apply(linalg.svd, x, full_matrices=full, compute_uv=False)
    close(only, s)


@given(BATCHES, SIZES, DTYPES)
@settings(deadline=None, max_examples=30)
def test_eigh_and_eig(batch: tuple[int, ...], n: int, dtype: Any) -> None:
    x = matrices((*batch, n, n), dtype)
    w, v = apply(linalg.eig, x)
    close(x @ v, v * w[..., None, :])
    w, v = apply(linalg.eigh, x)
    close((v * w[..., None, :]) @ adjoint(v), (x + adjoint(x)) / 2)
    close(w, np.sort(w))


@given(BATCHES, SIZES, SIZES, DTYPES)
@settings(deadline=None, max_examples=40)
def test_lu(batch: tuple[int, ...], m: int, n: int, dtype: Any) -> None:
    x = matrices((*batch, m, n), dtype)
    packed, pivots, permutation = apply(linalg.lu, x)
    k = min(m, n)
    lower = np.tril(packed, -1)[..., :k] + np.eye(m, k, dtype=dtype)
    upper = np.triu(packed)[..., :k, :]
    close(lower @ upper, np.take_along_axis(x, permutation[..., None].astype(np.int64), -2))
    if batch == () and k:
        expected, expected_pivots = scipy.linalg.lu_factor(x)
        close(packed, expected)
        np.testing.assert_array_equal(pivots, expected_pivots)


def test_lu_of_a_singular_matrix() -> None:
    packed, pivots, _ = apply(linalg.lu, np.array([[0.0, 1], [0, 2]]))
    np.testing.assert_array_equal(packed, [[0, 1], [0, 2]])
    np.testing.assert_array_equal(pivots, [0, 1])


SQUARE = np.zeros((2, 2))


@pytest.mark.parametrize(
    ("primitive", "inputs", "params", "message"),
    [
        (
            linalg.inv,
            [np.zeros((2, 3))],
            {},
            r"inv: the matrices must be square, got shape \(2, 3\)",
        ),
        (linalg.det, [np.zeros(3)], {}, "det: the input must have at least 2 axes"),
        (linalg.cholesky, [SQUARE.astype(np.float16)], {}, "cholesky: the input must be float32"),
        (linalg.eigh, [SQUARE.astype(np.int32)], {}, "eigh: the input must be .* got int32"),
        (linalg.inv, [SQUARE], {}, r"inv: the input \(shape \(2, 2\)\) is singular"),
        (linalg.solve, [SQUARE, SQUARE], {}, "solve: .* is singular"),
        (linalg.solve, [SQUARE, np.zeros(2)], {}, "solve: b must have the axes"),
        (linalg.solve, [SQUARE, SQUARE.astype(np.float32)], {}, "solve: b must be float64"),
        (linalg.cholesky, [-np.eye(2)], {}, "cholesky: .* is not positive definite"),
        (linalg.qr, [SQUARE], {"mode": "raw"}, "qr: mode must be"),
        (linalg.eig, [SQUARE * np.nan], {}, "eig: .* has NaN"),
    ],
)
def test_errors(
    primitive: Primitive, inputs: list[Array], params: dict[str, Any], message: str
) -> None:
    with pytest.raises((TypeError, ValueError), match=message):
        primitive(*[Tensor(x) for x in inputs], **params)
