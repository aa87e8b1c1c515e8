"""Roots, exponentials, logarithms and trigonometry against NumPy and SciPy."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import scipy.special
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.gradients import check_gradients
from tests.ops.oracle import NUMBERS, close, exactly, shapes, silently, values
from thalweg import ops

Function = Callable[..., Any]
COMPLEX = ("complex64", "complex128")

# name, reference, domain, whether complex numbers are taken
UNARY: list[tuple[str, Function, tuple[float, float], bool]] = [
    ("sqrt", np.sqrt, (0.1, 3), True),
    ("cbrt", np.cbrt, (0.5, 3), False),
    ("exp", np.exp, (-2, 2), True),
    ("exp2", np.exp2, (-2, 2), False),
    ("expm1", np.expm1, (-2, 2), True),
    ("log", np.log, (0.5, 3), True),
    ("log2", np.log2, (0.5, 3), False),
    ("log10", np.log10, (0.5, 3), False),
    ("log1p", np.log1p, (-0.5, 3), True),
    ("sin", np.sin, (-3, 3), True),
    ("cos", np.cos, (-3, 3), True),
    ("tan", np.tan, (-1, 1), True),
    ("arcsin", np.arcsin, (-0.9, 0.9), False),
    ("arccos", np.arccos, (-0.9, 0.9), False),
    ("arctan", np.arctan, (-3, 3), False),
    ("sinh", np.sinh, (-2, 2), True),
    ("cosh", np.cosh, (-2, 2), True),
    ("tanh", np.tanh, (-2, 2), True),
    ("arcsinh", np.arcsinh, (-3, 3), False),
    ("arccosh", np.arccosh, (1.5, 3), False),
    ("arctanh", np.arctanh, (-0.8, 0.8), False),
    ("deg2rad", np.deg2rad, (-360, 360), False),
    ("rad2deg", np.rad2deg, (-3, 3), False),
    ("sinc", np.sinc, (-3, 3), False),
    ("i0", scipy.special.i0, (-3, 3), False),
]
BINARY: list[tuple[str, Function, tuple[float, float]]] = [
    ("arctan2", np.arctan2, (0.5, 3)),
    ("logaddexp", np.logaddexp, (-3, 3)),
    ("logaddexp2", np.logaddexp2, (-3, 3)),
]


@pytest.mark.parametrize(
    ("name", "reference", "domain", "is_complex"), UNARY, ids=[row[0] for row in UNARY]
)
@given(shape=shapes(), seed=st.integers(0, 9))
@settings(max_examples=6)
def test_one_argument(
    name: str,
    reference: Function,
    domain: tuple[float, float],
    is_complex: bool,
    shape: tuple[int, ...],
    seed: int,
) -> None:
    for dtype in NUMBERS + (COMPLEX if is_complex else ()):
        x = values(dtype, shape, seed, *domain)
        close(getattr(ops, name)(x), reference(exactly(x) * 1.0), scale=4)


@pytest.mark.parametrize(("name", "reference", "domain"), BINARY, ids=[row[0] for row in BINARY])
@given(shape=shapes(), seed=st.integers(0, 9))
@settings(max_examples=6)
def test_two_arguments(
    name: str,
    reference: Function,
    domain: tuple[float, float],
    shape: tuple[int, ...],
    seed: int,
) -> None:
    for dtype in NUMBERS:
        x = values(dtype, shape, seed, *domain)
        y = values(dtype, shape[:1] and shape[-1:], seed + 50, *domain)
        close(getattr(ops, name)(x, y), reference(exactly(x) * 1.0, exactly(y) * 1.0), scale=4)


@pytest.mark.parametrize(("name", "reference", "_"), BINARY, ids=[row[0] for row in BINARY])
def test_special_values_of_two(name: str, reference: Function, _: Any) -> None:
    x = np.array([0.0, -0.0, 1.0, -2.5, np.inf, -np.inf, np.nan, 1e300, -1e300])
    found = getattr(ops, name)(x[:, None], x[None])
    np.testing.assert_allclose(np.asarray(found), silently(reference)(x[:, None], x[None]))


@pytest.mark.parametrize("name", [row[0] for row in UNARY if row[0] not in ("sinc", "i0")])
def test_special_values_of_one(name: str) -> None:
    x = np.array([0.0, -0.0, 1.0, -1.0, np.inf, -np.inf, np.nan, 1e-300, 1e300])
    found = np.asarray(getattr(ops, name)(x))
    np.testing.assert_allclose(found, silently(getattr(np, name))(x))


@pytest.mark.parametrize(
    ("name", "reference", "domain", "is_complex"), UNARY, ids=[row[0] for row in UNARY]
)
def test_gradients(
    name: str, reference: Function, domain: tuple[float, float], is_complex: bool
) -> None:
    function = getattr(ops, name)
    check_gradients(function, values("float64", (2, 3), 1, *domain), order=2, atol=1e-5)
    if is_complex:
        z = values("complex128", (3,), 1, 0.3, 0.9)
        check_gradients(function, z, order=2, atol=1e-4, rtol=1e-4)


@pytest.mark.parametrize(("name", "reference", "domain"), BINARY, ids=[row[0] for row in BINARY])
def test_gradients_of_two(name: str, reference: Function, domain: tuple[float, float]) -> None:
    x, y = values("float64", (2, 3), 1, *domain), values("float64", (3,), 2, *domain)
    check_gradients(getattr(ops, name), x, y, order=2, atol=1e-5)


def test_gradients_of_equal_arguments_are_shared() -> None:
    x = np.array([0.0, 1.5])
    check_gradients(ops.logaddexp, x, x.copy(), order=2)
    check_gradients(ops.logaddexp2, x, x.copy(), order=2)


def test_sinc_is_smooth_at_zero() -> None:
    check_gradients(ops.sinc, np.array([0.0, 1e-4, 0.0318, 0.032]), order=3, atol=1e-4)
