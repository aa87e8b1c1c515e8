"""diff, trapezoid and correlate against NumPy."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.gradients import check_gradients
from tests.ops.oracle import FLOATS, NUMBERS, close, exactly, shapes, values
from thalweg import ops


@given(shape=shapes(3, min_rank=1), n=st.integers(0, 3), data=st.data())
@settings(max_examples=30)
def test_diff(shape: tuple[int, ...], n: int, data: st.DataObject) -> None:
    axis = data.draw(st.integers(-len(shape), len(shape) - 1))
    for dtype in ("int32", "uint8", "float64", "bool", "complex128"):
        x = values(dtype, shape, 0)
        close(ops.diff(x, n, axis), np.diff(x, n, axis))


@given(shape=shapes(3, min_rank=1, min_side=1), data=st.data())
@settings(max_examples=30)
def test_trapezoid(shape: tuple[int, ...], data: st.DataObject) -> None:
    axis = data.draw(st.integers(-len(shape), len(shape) - 1))
    for dtype in NUMBERS:
        y = values(dtype, shape, 0)
        close(
            ops.trapezoid(y, dx=0.5, axis=axis),
            np.trapezoid(exactly(y), dx=0.5, axis=axis),
            scale=4,
        )
        line, full = values("float32", (shape[axis],), 1), values("float32", shape, 1)
        for x in (line, full):
            if y.dtype == np.float16 or y.dtype.name == "bfloat16":
                continue
            found = ops.trapezoid(y, x, axis=axis)
            close(found, np.trapezoid(exactly(y), exactly(x), axis=axis), scale=4)


@pytest.mark.parametrize("mode", ["valid", "same", "full"])
@given(n=st.integers(1, 6), m=st.integers(1, 6))
@settings(max_examples=30)
def test_correlate(mode: str, n: int, m: int) -> None:
    for dtype in NUMBERS:
        a, b = values(dtype, (n,), 0), values(dtype, (m,), 1)
        found = ops.correlate(a, b, mode)
        close(found, np.correlate(exactly(a) * 1.0, exactly(b) * 1.0, mode), scale=4)
        expected = dtype if dtype in FLOATS else "float64" if "int64" in dtype else "float32"
        assert found.dtype.name == expected


def test_gradients() -> None:
    x, y = values("float64", (2, 5), 0), values("float64", (5,), 1)
    check_gradients(lambda x: ops.diff(x, 2) ** 2, x, order=2)
    check_gradients(lambda x, y: ops.trapezoid(x, y) ** 2, x, y, order=2, atol=1e-5)
    for mode in ("valid", "same", "full"):
        check_gradients(lambda a, b, m=mode: ops.correlate(a, b, m), y, x[0, :3], order=2)
        check_gradients(lambda a, b, m=mode: ops.correlate(a, b, m), x[0, :2], y, order=2)


def test_errors() -> None:
    for call, message in (
        (lambda: ops.diff([1.0], -1), "diff: n must not be negative"),
        (lambda: ops.correlate([[1.0]], [1.0]), "correlate: x1 and x2 must have one axis"),
        (lambda: ops.correlate([1.0], [1.0], "all"), "correlate: mode must be 'valid', 'same'"),
    ):
        with pytest.raises(ValueError, match=message):
            call()
