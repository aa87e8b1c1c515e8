"""Reductions that leave out NaN against NumPy."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.gradients import check_gradients
from tests.ops.oracle import NUMBERS, close, exactly, shapes, values
from tests.ops.test_reduction import some_axes
from thalweg import ops

NAMES = ["nansum", "nanprod", "nanmean", "nanvar", "nanstd", "nanmax", "nanmin"]


@pytest.mark.parametrize("name", NAMES)
@given(shape=shapes(min_side=1), data=st.data(), keepdims=st.booleans())
@settings(max_examples=15)
def test_values(name: str, shape: tuple[int, ...], data: st.DataObject, keepdims: bool) -> None:
    axis = some_axes(data, len(shape))
    for dtype in NUMBERS:
        x = values(dtype, shape, 0)
        if x.dtype.kind not in "iu":
            x[np.random.default_rng(1).random(shape) < 0.3] = np.nan
            if np.isnan(exactly(x)).all(axis=axis).any():
                continue
        elif name in ("nansum", "nanprod") and x.dtype.itemsize < 4:
            continue  # NumPy adds these up in 64 bits, we in 32
        found = getattr(ops, name)(x, axis=axis, keepdims=keepdims)
        close(found, getattr(np, name)(exactly(x), axis=axis, keepdims=keepdims), scale=8)


@pytest.mark.parametrize("name", ["nanargmax", "nanargmin"])
def test_places(name: str) -> None:
    x = np.array([[np.nan, 3.0, 1.0], [2.0, np.nan, 2.0]])
    for axis in (None, 0, 1):
        for keepdims in (False, True):
            found = getattr(ops, name)(x, axis=axis, keepdims=keepdims)
            assert found.dtype == np.int32
            close(found, getattr(np, name)(x, axis=axis, keepdims=keepdims))
    assert getattr(ops, name)([[np.nan, np.nan], [1.0, 2.0]], axis=1).tolist()[0] == -1


def test_nothing_but_nan() -> None:
    x = [float("nan")] * 2
    assert float(ops.nansum(x)) == 0.0
    assert float(ops.nanprod(x)) == 1.0
    for name in ("nanmean", "nanvar", "nanstd", "nanmax", "nanmin"):
        assert np.isnan(float(getattr(ops, name)(x)))


@pytest.mark.parametrize("name", NAMES)
def test_gradients(name: str) -> None:
    x = values("float64", (3, 4), 0)
    where = np.array([[True, True, False, True]] * 3)

    def function(x: object) -> object:
        return getattr(ops, name)(ops.where(where, x, float("nan")), axis=1) ** 2

    check_gradients(function, x, order=2, atol=1e-4)


def test_complex_numbers() -> None:
    z = values("complex128", (4,), 0)
    z[1] = complex(np.nan, 1)
    for name in ("nansum", "nanmean", "nanvar", "nanstd"):
        close(getattr(ops, name)(z), getattr(np, name)(z))
