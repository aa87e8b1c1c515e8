"""Sorting and searching against NumPy."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.gradients import check_gradients
from tests.ops.oracle import NUMBERS, close, exactly, shapes, values
from thalweg import ops


@given(shape=shapes(3, min_rank=1), data=st.data(), seed=st.integers(0, 9))
@settings(max_examples=25)
def test_sort(shape: tuple[int, ...], data: st.DataObject, seed: int) -> None:
    axis = data.draw(st.none() | st.integers(-len(shape), len(shape) - 1))
    for dtype in (*NUMBERS, "bool"):
        x = values(dtype, shape, seed)
        if x.dtype.kind == "f" and x.size:
            x.reshape(-1)[0] = np.nan
        close(ops.sort(x, axis), np.sort(exactly(x), axis))
        close(ops.argsort(x, axis), np.argsort(exactly(x), axis, kind="stable"))


def test_argsort_keeps_the_order_of_equals() -> None:
    x = np.array([2, 1, 2, 1, 2, 1] * 20)
    close(ops.argsort(x), np.argsort(x, kind="stable"))


def test_argpartition() -> None:
    x = values("float32", (3, 9), 0)
    for kth in (0, 4, -1):
        picked = np.take_along_axis(x, np.asarray(ops.argpartition(x, kth)), -1)
        place = kth % 9
        assert (picked[:, :place] <= picked[:, place : place + 1]).all()
        assert (picked[:, place:] >= picked[:, place : place + 1]).all()
    with pytest.raises(ValueError, match=r"argpartition: kth must lie in -9..8, got 9"):
        ops.argpartition(x, 9)


@given(n=st.integers(0, 20), shape=shapes(2), seed=st.integers(0, 9))
@settings(max_examples=40)
def test_searchsorted(n: int, shape: tuple[int, ...], seed: int) -> None:
    for dtype in NUMBERS:
        sequence = np.sort(exactly(values(dtype, (n,), seed))).astype(values(dtype, (), 0).dtype)
        wanted = values(dtype, shape, seed)
        for side in ("left", "right"):
            found = ops.searchsorted(sequence, wanted, side)
            assert found.dtype == np.int32
            close(found, np.searchsorted(exactly(sequence), exactly(wanted), side))
        close(ops.digitize(wanted, sequence), np.digitize(exactly(wanted), exactly(sequence)))


def test_searchsorted_with_nan_and_other_dtypes() -> None:
    nan = float("nan")
    sequence = np.array([1.0, 2.0, nan, nan])
    for side in ("left", "right"):
        found = ops.searchsorted(sequence, [nan, 0.0, 9.0], side)
        close(found, np.searchsorted(sequence, [nan, 0.0, 9.0], side))
    close(ops.searchsorted([1, 3, 5], [2.5, 3.0]), np.array([1, 1], np.int32))
    close(ops.digitize([1, 2], [0.5, 1.5]), np.array([1, 2], np.int32))
    for call, message in (
        (lambda: ops.searchsorted([[1]], [1]), "searchsorted: sorted_sequence must have one axis"),
        (lambda: ops.searchsorted([1], [1], "up"), "searchsorted: side must be 'left' or 'right'"),
        (lambda: ops.digitize([1], 1), "digitize: bins must have one axis"),
    ):
        with pytest.raises(ValueError, match=message):
            call()


def test_gradients() -> None:
    x = values("float64", (3, 4), 0)
    for axis in (None, 0, 1):
        check_gradients(lambda x, a=axis: ops.sort(x, a) ** 2, x, order=2)
