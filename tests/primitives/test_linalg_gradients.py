"""Gradients of the linear algebra primitives against central differences, up to second order."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from tests.gradients import check_gradients
from thalweg.primitives import elementwise as e
from thalweg.primitives import linalg
from thalweg.primitives.linalg.matrices import adjoint, row
from thalweg.tensor import Tensor

Array = np.ndarray[Any, Any]
Function = Callable[..., Any]


def values(*shape: int, seed: int = 0) -> Array:
    return np.random.default_rng(seed).normal(size=shape)


def complex_values(*shape: int, seed: int = 0) -> Array:
    return np.asarray(values(*shape, seed=seed) + 1j * values(*shape, seed=seed + 100))


def regular(x: Array) -> Array:
    """Square matrices made far from singular."""
    return np.asarray(x + 3 * np.eye(x.shape[-1]))


def square_of(x: Tensor) -> Tensor:
    """|x|**2, which the phase of x does not touch."""
    return x * e.conj(x)


def svd(x: Tensor) -> Any:
    return linalg.svd(x, full_matrices=False, compute_uv=True)


def qr(x: Tensor) -> Any:
    return linalg.qr(x, mode="reduced")


# What LAPACK leaves open, the phase of complex vectors and the sign of eigenvectors, is taken out.


def eigh_without_phase(x: Tensor) -> tuple[Tensor, ...]:
    w, v = linalg.eigh(x)
    return w, square_of(v), (v * row(w * w * w)) @ adjoint(v)


def eig_without_sign(x: Tensor) -> tuple[Tensor, ...]:
    w, v = linalg.eig(x)
    return w, v * v, square_of(v)


def svd_without_phase(x: Tensor) -> tuple[Tensor, ...]:
    u, s, v = svd(x)
    return square_of(u), s, square_of(v), (u * row(s * s)) @ v


def cholesky_of_positive(x: Tensor) -> Any:
    return linalg.cholesky(x @ adjoint(x) + Tensor(np.eye(x.shape[-1])))


SQUARE: list[tuple[str, Function, Function]] = [
    # name, function of a real matrix, function of a complex matrix
    ("inv", linalg.inv, linalg.inv),
    ("det", linalg.det, linalg.det),
    ("adjugate", linalg.adjugate, linalg.adjugate),
    ("slogdet", linalg.slogdet, linalg.slogdet),
    ("cholesky", cholesky_of_positive, cholesky_of_positive),
    ("eigh", linalg.eigh, eigh_without_phase),
    ("eig", eig_without_sign, eig_without_sign),
    ("lu", linalg.lu, linalg.lu),
]
IDS = [case[0] for case in SQUARE]


@pytest.mark.parametrize(("of_real", "of_complex"), [c[1:] for c in SQUARE], ids=IDS)
def test_square(of_real: Function, of_complex: Function) -> None:
    check_gradients(of_real, regular(values(2, 3, 3, seed=1)), order=2)
    check_gradients(of_real, regular(values(1, 1)), order=2)
    check_gradients(of_complex, regular(complex_values(3, 3, seed=3)), order=2)


def test_every_element_of_an_unsymmetric_input_counts() -> None:
    x = values(3, 3)
    skew = values(3, 3, seed=1)
    check_gradients(linalg.cholesky, x @ x.T + np.eye(3) + skew - skew.T, order=2)


@pytest.mark.parametrize("lower", [True, False])
@pytest.mark.parametrize("turned", [True, False])
def test_triangular_solve(lower: bool, turned: bool) -> None:
    def function(a: Tensor, b: Tensor) -> Any:
        return linalg.triangular_solve(a, b, lower=lower, adjoint=turned)

    check_gradients(function, regular(values(2, 3, 3)), values(2, 3, 2), order=2)
    check_gradients(function, regular(complex_values(2, 2)), complex_values(2, 2), order=2)


def test_solve() -> None:
    check_gradients(linalg.solve, regular(values(2, 3, 3)), values(2, 3, 2), order=2)
    check_gradients(linalg.solve, regular(complex_values(2, 2)), complex_values(2, 2), order=2)


@pytest.mark.parametrize("shape", [(3, 3), (4, 3), (2, 4), (3, 1), (1, 3)])
def test_rectangular(shape: tuple[int, int]) -> None:
    check_gradients(qr, values(2, *shape), order=2)
    check_gradients(svd, values(2, *shape), order=2)
    check_gradients(qr, complex_values(*shape, seed=1), order=2)
    check_gradients(svd_without_phase, complex_values(*shape, seed=1), order=2)


@pytest.mark.parametrize("full", [True, False])
def test_singular_values_alone(full: bool) -> None:
    def with_vectors(x: Tensor) -> Any:
        return linalg.svd(x, full_matrices=full, compute_uv=True)[1]

    def without_vectors(x: Tensor) -> Any:
        return linalg.svd(x, full_matrices=full, compute_uv=False)

    check_gradients(with_vectors, values(3, 4), order=2)
    check_gradients(without_vectors, values(3, 4), order=2)


@pytest.mark.parametrize("index", [0, 1])
@pytest.mark.parametrize("function", [qr, linalg.eigh, eig_without_sign, svd, linalg.slogdet])
def test_one_output_of_several(function: Function, index: int) -> None:
    check_gradients(lambda x: function(x)[index], regular(values(3, 3, seed=1)))


def test_det_of_singular_matrices() -> None:
    for x in (values(3, 2) @ values(2, 3), np.outer([1.0, 2, 3], [1, -1, 2]), np.zeros((2, 2))):
        check_gradients(linalg.det, x)


def test_equal_eigenvalues_do_not_disturb_another() -> None:
    def largest(x: Tensor) -> Tensor:
        w, v = linalg.eigh(x)
        return w[2] + v[0, 0] * 0

    check_gradients(largest, np.diag([1.0, 1.0, 3.0]))


@pytest.mark.parametrize(
    ("function", "message"),
    [
        (
            lambda x: linalg.qr(x, mode="complete"),
            "qr: mode 'complete' has no gradient for matrices of shape \\(4, 3\\)",
        ),
        (
            lambda x: linalg.svd(x, full_matrices=True, compute_uv=True),
            "svd: full_matrices=True has no gradient through u and v",
        ),
        (linalg.lu, "lu_factor: the gradient needs square matrices"),
    ],
)
def test_missing_gradients_say_so(function: Function, message: str) -> None:
    with pytest.raises(NotImplementedError, match=message):
        check_gradients(function, values(4, 3))
