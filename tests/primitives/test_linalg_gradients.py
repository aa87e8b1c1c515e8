"""Gradients of the linear algebra primitives against central differences."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from tests.gradients import check_gradients
from thalweg.primitives import elementwise as e
from thalweg.primitives import linalg
from thalweg.primitives.linalg.matrices import adjoint, row
from thalweg.primitives.reduce import reduce_sum
from thalweg.tensor import Tensor

Array = np.ndarray[Any, Any]
Function = Callable[..., Any]


def weighted(*outputs: Tensor) -> Tensor:
    """One real number to which every real and imaginary part adds with a weight of its own."""
    rng = np.random.default_rng(7)
    total: Any = 0.0
    for y in outputs:
        for part in (e.real(y), e.imag(y)) if y.dtype.kind == "c" else (y,):
            weights = Tensor(rng.normal(size=y.shape))
            total = total + reduce_sum(part * weights, axes=tuple(range(y.ndim)))
    return total  # type: ignore[no-any-return]


def real_case(function: Function) -> Function:
    """The function's outputs as one number."""

    def of_arrays(*inputs: Tensor) -> Tensor:
        found = function(*inputs)
        return weighted(*found) if isinstance(found, tuple) else weighted(found)

    return of_arrays


def complex_case(function: Function) -> Function:
    """The same for complex inputs, each made of two real ones."""
    whole = real_case(function)

    def of_parts(*parts: Tensor) -> Tensor:
        pairs = zip(parts[::2], parts[1::2], strict=True)
        found: Tensor = whole(*[e.complex_(re, im) for re, im in pairs])
        return found

    return of_parts


def values(*shape: int, seed: int = 0) -> Array:
    return np.random.default_rng(seed).normal(size=shape)


def regular(*shape: int, seed: int = 0) -> Array:
    return values(*shape, seed=seed) + 3 * np.eye(shape[-1])


def square_of(x: Tensor) -> Tensor:
    """|x|**2, which the phase of x does not touch."""
    return x * e.conj(x)


def eigh_without_phase(x: Tensor) -> tuple[Tensor, ...]:
    w, v = linalg.eigh(x)
    return w, square_of(v), (v * row(w * w * w)) @ adjoint(v)


def eig_without_sign(x: Tensor) -> tuple[Tensor, ...]:
    w, v = linalg.eig(x)
    return w, v * v, square_of(v)


def svd(x: Tensor) -> Any:
    return linalg.svd(x, full_matrices=False, compute_uv=True)


def svd_without_phase(x: Tensor) -> tuple[Tensor, ...]:
    u, s, v = svd(x)
    return square_of(u), s, square_of(v), (u * row(s * s)) @ v


def qr(x: Tensor) -> Any:
    return linalg.qr(x, mode="reduced")


def lu(x: Tensor) -> Any:
    return linalg.lu(x)[0]


def positive(x: Tensor) -> Tensor:
    found: Tensor = x @ adjoint(x) + Tensor(np.eye(x.shape[-1]))
    return found


SQUARE: list[tuple[str, Function, Function]] = [
    # name, function of a real matrix, function of a complex matrix
    ("inv", linalg.inv, linalg.inv),
    ("det", linalg.det, linalg.det),
    ("adjugate", linalg.adjugate, linalg.adjugate),
    ("slogdet", linalg.slogdet, linalg.slogdet),
    ("cholesky", lambda x: linalg.cholesky(positive(x)), lambda x: linalg.cholesky(positive(x))),
    ("eigh", linalg.eigh, eigh_without_phase),
    ("eig", eig_without_sign, eig_without_sign),
    ("lu", lu, lu),
]
IDS = [case[0] for case in SQUARE]


@pytest.mark.parametrize(("function", "of_complex"), [c[1:] for c in SQUARE], ids=IDS)
@pytest.mark.parametrize("order", [1, 2])
def test_square(function: Function, of_complex: Function, order: int) -> None:
    x = np.stack([regular(3, 3, seed=1), regular(3, 3, seed=2)])
    check_gradients(real_case(function), x, order=order)
    check_gradients(real_case(function), values(1, 1) + 2, order=order)
    parts = regular(3, 3, seed=3), values(3, 3, seed=4)
    check_gradients(complex_case(of_complex), *parts, order=order)


def test_every_element_of_an_unsymmetric_input_counts() -> None:
    x = values(3, 3)
    check_gradients(real_case(linalg.cholesky), x @ x.T + np.eye(3), order=2)


@pytest.mark.parametrize("lower", [True, False])
@pytest.mark.parametrize("turned", [True, False])
@pytest.mark.parametrize("order", [1, 2])
def test_triangular_solve(lower: bool, turned: bool, order: int) -> None:
    def function(a: Tensor, b: Tensor) -> Any:
        return linalg.triangular_solve(a, b, lower=lower, adjoint=turned)

    check_gradients(real_case(function), regular(2, 3, 3), values(2, 3, 2), order=order)
    parts = regular(2, 2), values(2, 2, seed=1), values(2, 2, seed=2), values(2, 2, seed=3)
    check_gradients(complex_case(function), *parts, order=order)


@pytest.mark.parametrize("order", [1, 2])
def test_solve(order: int) -> None:
    check_gradients(real_case(linalg.solve), regular(2, 3, 3), values(2, 3, 2), order=order)
    parts = regular(2, 2), values(2, 2, seed=1), values(2, 2, seed=2), values(2, 2, seed=3)
    check_gradients(complex_case(linalg.solve), *parts, order=order)


@pytest.mark.parametrize("shape", [(3, 3), (4, 3), (2, 4), (3, 1), (1, 3)])
@pytest.mark.parametrize("order", [1, 2])
def test_rectangular(shape: tuple[int, int], order: int) -> None:
    x = values(2, *shape)
    check_gradients(real_case(qr), x, order=order)
    check_gradients(real_case(svd), x, order=order)
    parts = values(*shape, seed=1), values(*shape, seed=2)
    check_gradients(complex_case(qr), *parts, order=order)
    check_gradients(complex_case(svd_without_phase), *parts, order=order)


@pytest.mark.parametrize("full", [True, False])
@pytest.mark.parametrize("order", [1, 2])
def test_singular_values_alone(full: bool, order: int) -> None:
    def with_vectors(x: Tensor) -> Any:
        return linalg.svd(x, full_matrices=full, compute_uv=True)[1]

    def without_vectors(x: Tensor) -> Any:
        return linalg.svd(x, full_matrices=full, compute_uv=False)

    for function in (with_vectors, without_vectors):
        check_gradients(real_case(function), values(3, 4), order=order)


@pytest.mark.parametrize("index", [0, 1])
def test_one_output_of_a_decomposition(index: int) -> None:
    for decomposition in (qr, linalg.eigh, eig_without_sign, svd, linalg.slogdet):
        check_gradients(real_case(lambda x, d=decomposition: d(x)[index]), regular(3, 3), order=1)


def test_det_of_singular_matrices() -> None:
    for x in (values(3, 2) @ values(2, 3), np.outer([1.0, 2, 3], [1, -1, 2]), np.zeros((2, 2))):
        check_gradients(real_case(linalg.det), x, order=1)


def test_equal_eigenvalues_do_not_disturb_another() -> None:
    def third(x: Tensor) -> Tensor:
        w, v = linalg.eigh(x)
        found: Tensor = w * Tensor(np.array([0.0, 0.0, 1.0])) + reduce_sum(v * 0, axes=(0,))
        return found

    check_gradients(real_case(third), np.diag([1.0, 1.0, 3.0]), order=1)


@pytest.mark.parametrize(
    ("function", "shape", "message"),
    [
        (lambda x: linalg.qr(x, mode="complete"), (4, 3), "qr: mode 'complete' has no gradient"),
        (
            lambda x: linalg.svd(x, full_matrices=True, compute_uv=True),
            (4, 3),
            "svd: full_matrices=True has no gradient through u and v",
        ),
        (lu, (4, 3), "lu_factor: the gradient needs square matrices"),
    ],
)
def test_missing_gradients_say_so(function: Function, shape: tuple[int, int], message: str) -> None:
    with pytest.raises(NotImplementedError, match=message):
        check_gradients(real_case(function), values(*shape), order=1)
