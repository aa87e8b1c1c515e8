"""The parts of complex numbers against NumPy."""

from __future__ import annotations

import numpy as np
import pytest

from tests.gradients import check_gradients
from tests.ops.oracle import FLOATS, close, exactly, values
from thalweg import ops


@pytest.mark.parametrize("name", ["real", "imag", "conj", "conjugate", "angle", "isreal"])
def test_values(name: str) -> None:
    for dtype in (*FLOATS, "complex64", "complex128", "int32"):
        x = values(dtype, (2, 3), 0)
        close(getattr(ops, name)(x), getattr(np, name)(exactly(x)))
    z = np.array([1 + 0j, 1j, 0j])
    close(getattr(ops, name)(z), getattr(np, name)(z))


@pytest.mark.parametrize("name", ["real", "imag", "conj", "angle"])
def test_gradients(name: str) -> None:
    z = values("complex128", (2, 3), 0, 0.5, 2)
    check_gradients(getattr(ops, name), z, order=2, atol=1e-5)


def test_angle_of_a_nan() -> None:
    np.testing.assert_array_equal(
        np.asarray(ops.angle([np.nan, -1.0])), np.float32([np.nan, np.pi])
    )
