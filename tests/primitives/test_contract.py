"""The contraction: values over all axes, dtypes, gradients, errors."""

from __future__ import annotations

import string
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.gradients import check_gradients
from tests.ops.oracle import TOLERANCE, exactly, values
from tests.primitives.applied import apply
from thalweg.primitives.contract import contract
from thalweg.tensor import Tensor
from thalweg.tensor.dtypes import DTYPES

Array = np.ndarray[Any, Any]
COVERED = {"contract"}


def einsum(a: Array, b: Array, axes: Any, batch: Any) -> Array:
    """The definition, by NumPy's einsum."""
    letters = iter(string.ascii_letters)
    left = [next(letters) for _ in range(a.ndim)]
    right = [next(letters) for _ in range(b.ndim)]
    for i, j in zip(*axes, strict=True):
        right[j] = left[i]
    for i, j in zip(*batch, strict=True):
        right[j] = left[i]
    kept = [left[i] for i in batch[0]]
    free_a = [left[i] for i in range(a.ndim) if i not in axes[0] and i not in batch[0]]
    free_b = [right[i] for i in range(b.ndim) if i not in axes[1] and i not in batch[1]]
    result = "".join(kept + free_a + free_b)
    found: Array = np.einsum(f"{''.join(left)},{''.join(right)}->{result}", a, b)
    return found


@st.composite
def problems(draw: st.DrawFn) -> tuple[tuple[int, ...], tuple[int, ...], Any, Any]:
    """Shapes, and which axes are summed over and kept, in any order."""
    summed, kept, free_a, free_b = (draw(st.integers(0, 2)) for _ in range(4))
    left = draw(st.permutations(range(summed + kept + free_a)))
    right = draw(st.permutations(range(summed + kept + free_b)))
    a = [draw(st.integers(0, 3)) for _ in left]
    b = [draw(st.integers(0, 3)) for _ in right]
    for i, j in zip(left[: summed + kept], right[: summed + kept], strict=True):
        b[j] = a[i]
    axes = tuple(left[:summed]), tuple(right[:summed])
    batch = tuple(left[summed : summed + kept]), tuple(right[summed : summed + kept])
    return tuple(a), tuple(b), axes, batch


@given(problems())
@settings(max_examples=150)
def test_values(problem: Any) -> None:
    a, b, axes, batch = problem
    x, y = values("float64", a, 0), values("float64", b, 1)
    found = apply(contract, x, y, axes=axes, batch=batch)
    np.testing.assert_allclose(found, einsum(x, y, axes, batch), 1e-12, 1e-12)


@pytest.mark.parametrize("dtype", DTYPES)
def test_dtypes(dtype: str) -> None:
    x, y = values(dtype, (3, 4), 0), values(dtype, (4, 2), 1)
    found = apply(contract, x, y, axes=((1,), (0,)), batch=((), ()))
    assert found.dtype == x.dtype
    tolerance = TOLERANCE.get(dtype, 0)
    wide = exactly(x) @ exactly(y)
    expected = wide.astype(found.dtype) if dtype != "bool" else wide
    np.testing.assert_allclose(exactly(found), exactly(expected), tolerance, 4 * tolerance)
    if "float16" in dtype:
        full = x.astype(np.float32) @ y.astype(np.float32)
        np.testing.assert_array_equal(exactly(found), exactly(full.astype(found.dtype)))


@given(problems())
@settings(max_examples=25)
def test_gradients(problem: Any) -> None:
    a, b, axes, batch = problem

    def squared(x: Tensor, y: Tensor) -> Any:
        found = contract(x, y, axes=axes, batch=batch)
        return found * found

    if np.prod(a) * np.prod(b) <= 64:
        check_gradients(
            squared, values("float64", a, 0), values("float64", b, 1), order=2, atol=1e-4
        )


def test_gradients_of_complex_numbers() -> None:
    x, y = values("complex128", (2, 3), 0), values("complex128", (3, 2), 1)
    check_gradients(lambda x, y: contract(x, y, axes=((1,), (0,)), batch=((), ())), x, y, order=2)


def test_errors() -> None:
    x = np.ones((2, 3), np.float32)
    with pytest.raises(ValueError, match=r"matmul: shapes \(2, 3\) and \(2, 3\) do not match"):
        apply(contract, x, x, axes=((1,), (0,)), batch=((), ()))
    with pytest.raises(ValueError, match="with batch axes"):
        apply(contract, x, x, axes=((), ()), batch=((1,), (0,)))
    with pytest.raises(ValueError, match="matmul: dtypes must agree, got float32 and float64"):
        apply(contract, x, np.ones((3, 2)), axes=((1,), (0,)), batch=((), ()))
