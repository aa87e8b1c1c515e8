"""argsort, top-k and the cumulative primitives: values, gradients, errors."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.gradients import check_gradients
from tests.ops.oracle import FLOATS, INTEGERS, TOLERANCE, exactly, shapes, values
from tests.primitives.applied import apply
from thalweg.primitives import PRIMITIVES
from thalweg.primitives.order import argsort, top_k
from thalweg.tensor import Tensor
from thalweg.tensor.dtypes import DTYPES

REAL = (*FLOATS, *INTEGERS)
RUNNING: dict[str, tuple[np.ufunc, tuple[str, ...]]] = {
    "cumsum": (np.add, (*REAL, "complex64", "complex128")),
    "cumprod": (np.multiply, (*REAL, "complex64", "complex128")),
    "cummax": (np.maximum, REAL),
    "cummin": (np.minimum, REAL),
}
COVERED = {"argsort", "top_k", *RUNNING}


@given(shape=shapes(3, min_rank=1), data=st.data())
@settings(max_examples=20)
def test_argsort(shape: tuple[int, ...], data: st.DataObject) -> None:
    axis = data.draw(st.integers(0, len(shape) - 1))
    for dtype in (*REAL, "bool"):
        x = values(dtype, shape, 0)
        found = apply(argsort, x, axis=axis)
        np.testing.assert_array_equal(found, np.argsort(exactly(x), axis, kind="stable"))


@given(shape=shapes(3, min_rank=1), data=st.data())
@settings(max_examples=20)
def test_top_k(shape: tuple[int, ...], data: st.DataObject) -> None:
    k = data.draw(st.integers(0, shape[-1]))
    for dtype in (*REAL, "bool"):
        x = values(dtype, shape, 0, -1, 1)
        found, index = apply(top_k, x, k=k)
        wide = exactly(x).astype(float)
        expected = np.argsort(-wide, -1, kind="stable")[..., :k]
        np.testing.assert_array_equal(index, expected)
        np.testing.assert_array_equal(exactly(found), np.take_along_axis(exactly(x), expected, -1))


@pytest.mark.parametrize("name", RUNNING)
@given(shape=shapes(3, min_rank=1), reverse=st.booleans(), data=st.data())
@settings(max_examples=15)
def test_running(name: str, shape: tuple[int, ...], reverse: bool, data: st.DataObject) -> None:
    ufunc, dtypes = RUNNING[name]
    axis = data.draw(st.integers(0, len(shape) - 1))
    for dtype in dtypes:
        x = values(dtype, shape, 0, -2, 2)
        found = apply(PRIMITIVES[name], x, axis=axis, reverse=reverse)
        wide = np.flip(exactly(x), axis) if reverse else exactly(x)
        expected = ufunc.accumulate(wide, axis)
        expected = np.flip(expected, axis) if reverse else expected
        assert found.dtype == x.dtype
        tolerance = 8 * TOLERANCE.get(dtype, 0)
        np.testing.assert_allclose(exactly(found), expected, tolerance, tolerance)


def test_half_precision_is_added_up_in_float32() -> None:
    ones = np.ones(3000, np.float16)
    found = apply(PRIMITIVES["cumsum"], ones, axis=0, reverse=False)
    assert found[-1] == 3000


def test_gradients_of_top_k() -> None:
    x = values("float64", (2, 5), 0)

    def cubed(x: Tensor) -> Any:
        y = top_k(x, k=3)[0]
        return y * y * y

    check_gradients(cubed, x, order=2, atol=1e-4)


@pytest.mark.parametrize("name", RUNNING)
@pytest.mark.parametrize("reverse", [False, True])
@pytest.mark.parametrize("axis", [0, 1])
def test_gradients(name: str, reverse: bool, axis: int) -> None:
    def squared(x: Tensor) -> Any:
        y = PRIMITIVES[name](x, axis=axis, reverse=reverse)
        return y * y

    x = values("float64", (4, 3), 0)
    check_gradients(squared, x, order=2, atol=1e-4)
    check_gradients(squared, x[:1, :1], order=2)
    check_gradients(squared, x[:0], order=2)
    if name in ("cumsum", "cumprod"):
        check_gradients(squared, x + 1j * x[::-1], order=2, atol=1e-4)
    if name == "cumprod":
        x[1, 1] = x[3, 1] = x[0, 2] = 0.0
        check_gradients(squared, x, order=2, atol=1e-4)


@pytest.mark.parametrize("name", ["argsort", *RUNNING])
def test_errors(name: str) -> None:
    accepted = RUNNING[name][1] if name in RUNNING else (*REAL, "bool")
    more: dict[str, Any] = {"reverse": False} if name in RUNNING else {}
    with pytest.raises(ValueError, match=f"{name}: axis 1 does not fit a tensor of shape"):
        apply(PRIMITIVES[name], np.ones(3), axis=1, **more)
    for dtype in DTYPES.values():
        if dtype.name not in accepted:
            with pytest.raises(TypeError, match=f"{name}: got a tensor of {dtype.name}"):
                apply(PRIMITIVES[name], np.ones(3, dtype), axis=0, **more)


def test_errors_of_top_k() -> None:
    with pytest.raises(ValueError, match=r"top_k: k must lie in 0\.\.3 for shape \(2, 3\), got 4"):
        apply(top_k, np.ones((2, 3)), k=4)
    with pytest.raises(ValueError, match="top_k: axis -1 does not fit"):
        apply(top_k, np.ones(()), k=1)
