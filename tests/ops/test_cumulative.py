"""Running sums and products against NumPy."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.gradients import check_gradients
from tests.ops.oracle import NUMBERS, close, exactly, shapes, values
from thalweg import ops

NAMES = ["cumsum", "cumprod", "nancumsum", "nancumprod"]


@pytest.mark.parametrize("name", NAMES)
@given(shape=shapes(3, min_rank=1), data=st.data())
@settings(max_examples=15)
def test_values(name: str, shape: tuple[int, ...], data: st.DataObject) -> None:
    axis = data.draw(st.none() | st.integers(-len(shape), len(shape) - 1))
    for dtype in (*NUMBERS, "bool"):
        x = values(dtype, shape, 0, -2, 2)
        if x.dtype.kind == "f" and "nan" in name and x.size:
            x.reshape(-1)[0] = np.nan
        wide = exactly(x) if x.dtype.kind not in "biu" else x
        found = getattr(ops, name)(x, axis)
        assert found.dtype.name == ("int32" if dtype == "bool" else dtype)
        close(
            found,
            getattr(np, name)(wide, axis, dtype=None if wide.dtype.kind in "fc" else found.dtype),
            scale=8,
        )


def test_dtype() -> None:
    assert ops.cumsum(np.ones(3, np.int8), dtype="int64").dtype == np.int64
    close(ops.cumprod([True, True], dtype="float32"), np.ones(2, np.float32))


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("axis", [None, 0, 1])
def test_gradients(name: str, axis: int | None) -> None:
    x = values("float64", (3, 4), 0)
    check_gradients(lambda x: getattr(ops, name)(x, axis) ** 2, x, order=2, atol=1e-4)
    x[1, 2] = x[0, 1] = x[2, 2] = 0.0
    check_gradients(lambda x: getattr(ops, name)(x, axis), x, order=2, atol=1e-4)
