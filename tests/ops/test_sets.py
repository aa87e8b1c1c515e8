"""isin and unique against NumPy."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.gradients import check_gradients
from tests.ops.oracle import NUMBERS, close, exactly, shapes, values
from thalweg import ops
from thalweg.primitives import trace
from thalweg.tensor import TensorSpec


@given(shape=shapes(2), other=shapes(2), invert=st.booleans(), seed=st.integers(0, 9))
@settings(max_examples=30)
def test_isin(shape: tuple[int, ...], other: tuple[int, ...], invert: bool, seed: int) -> None:
    for dtype in (*NUMBERS, "bool"):
        x, y = (np.rint(exactly(values(dtype, s, seed))) for s in (shape, other))
        kind = values(dtype, (), 0).dtype
        found = ops.isin(x.astype(kind), y.astype(kind), invert=invert)
        close(found, np.isin(x, y, invert=invert))


def test_isin_with_nan() -> None:
    nan = float("nan")
    assert ops.isin([nan, 1.0], [nan, 1.0]).tolist() == [False, True]


@given(shape=shapes(3), axis=st.none() | st.integers(-3, 2), seed=st.integers(0, 9))
@settings(max_examples=40)
def test_unique(shape: tuple[int, ...], axis: int | None, seed: int) -> None:
    if axis is not None and not -len(shape) <= axis < len(shape):
        axis = None
    for dtype in ("int32", "float32", "bool"):
        x = values(dtype, shape, seed, -1, 1)
        x = np.rint(x) if x.dtype.kind == "f" else x
        found = ops.unique(x, return_index=True, return_inverse=True, return_counts=True, axis=axis)
        expected = np.unique(
            x, return_index=True, return_inverse=True, return_counts=True, axis=axis
        )
        for a, b in zip(found, expected, strict=True):
            np.testing.assert_array_equal(np.asarray(a).reshape(b.shape), b)
        assert [t.dtype for t in found[1:]] == [np.int32] * 3
        close(ops.unique(x, axis=axis), expected[0])


def test_size() -> None:
    x = ops.array([3, 1, 3, 2])
    values_, index, counts = ops.unique(x, return_index=True, return_counts=True, size=5)
    assert values_.tolist() == [1, 2, 3, 1, 1]
    assert index.tolist() == [1, 3, 0, 1, 1]
    assert counts.tolist() == [1, 1, 2, 0, 0]
    assert ops.unique(x, size=5, fill_value=-1).tolist() == [1, 2, 3, -1, -1]
    assert ops.unique(x, size=2).tolist() == [1, 2]
    assert ops.unique([float("nan")] * 2).shape == (2,)
    assert ops.unique(ops.cast([2, 1, 2], "bfloat16")).dtype.name == "bfloat16"


def test_gradient_and_trace() -> None:
    check_gradients(lambda x: ops.unique(x) ** 2, [3.0, 1.0, 2.0], order=2)
    with pytest.raises(TypeError, match="unique: the shape of the result depends on values"):
        trace(lambda x: [ops.unique(x)], [TensorSpec((3,))])
