"""Rounding against NumPy."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.ops.oracle import FLOATS, INTEGERS, close, exactly, shapes, values
from thalweg import ops


@pytest.mark.parametrize("name", ["floor", "ceil", "trunc", "round"])
@given(shape=shapes(), seed=st.integers(0, 9))
@settings(max_examples=8)
def test_values(name: str, shape: tuple[int, ...], seed: int) -> None:
    for dtype in FLOATS:
        x = values(dtype, shape, seed)
        close(getattr(ops, name)(x), getattr(np, name)(exactly(x)))


@pytest.mark.parametrize("name", ["floor", "ceil", "trunc", "round"])
def test_halves_infinities_and_integers(name: str) -> None:
    x = np.array([0.5, 1.5, 2.5, -0.5, -1.5, -0.0, np.inf, -np.inf, np.nan])
    found = np.asarray(getattr(ops, name)(x))
    np.testing.assert_array_equal(found, getattr(np, name)(x))
    np.testing.assert_array_equal(np.signbit(found[:8]), np.signbit(getattr(np, name)(x))[:8])
    for dtype in INTEGERS:
        y = values(dtype, (4,), 0)
        found = getattr(ops, name)(y)
        np.testing.assert_array_equal(np.asarray(found), y)
        assert found.dtype == (np.float32 if name in ("floor", "ceil") else y.dtype)


@pytest.mark.parametrize("decimals", [-2, -1, 0, 1, 2])
def test_decimals(decimals: int) -> None:
    x = values("float64", (50,), 0, -500, 500)
    close(ops.round(x, decimals), np.round(x, decimals))
    n = np.arange(-160, 160, 5, dtype=np.int32)
    close(ops.round(n, decimals), np.round(n, decimals))
    z = values("complex128", (5,), 0, -500, 500)
    close(ops.round(z, decimals), np.round(z, decimals))


def test_units_beyond_the_dtype() -> None:
    assert ops.round(np.array([127, -128], np.int8), -3).tolist() == [0, 0]
    assert ops.round(np.array([200, 149, 50], np.uint8), -2).tolist() == [200, 100, 0]


def test_nextafter() -> None:
    for dtype in ("float16", "float32", "float64"):
        x = np.array([0.0, 1.0, -1.0, 1e-7, np.inf, 3.0], dtype)
        y = np.array([1.0, 2.0, 2.0, -1.0, 0.0, 3.0], dtype)
        np.testing.assert_array_equal(np.asarray(ops.nextafter(x, y)), np.nextafter(x, y))
    assert float(ops.nextafter(ops.cast(1.0, "bfloat16"), ops.cast(2.0, "bfloat16"))) == 1 + 2**-7
