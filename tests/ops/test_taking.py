"""take, where, select, nonzero against NumPy."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.gradients import check_gradients
from tests.ops.oracle import INTEGERS, NUMBERS, close, shapes, values
from thalweg import ops
from thalweg.primitives import trace
from thalweg.tensor import TensorSpec


@given(shape=shapes(3, min_rank=1, min_side=1), wanted=shapes(2), data=st.data())
@settings(max_examples=40)
def test_take(shape: tuple[int, ...], wanted: tuple[int, ...], data: st.DataObject) -> None:
    x = values("int32", shape, 0, -99, 99)
    axis = data.draw(st.integers(-x.ndim, x.ndim - 1))
    n = shape[axis]
    i = values("int64", wanted, 1, -n, n - 1)
    close(ops.take(x, i, axis), np.take(x, i, axis))
    j = values("int64", wanted, 1, -x.size, x.size - 1)
    close(ops.take(x, j), np.take(x, j))
    rows = list(shape)
    rows[axis] = data.draw(st.integers(0, 4))
    k = values("int64", rows, 2, -n, n - 1)
    close(ops.take_along_axis(x, k, axis), np.take_along_axis(x, k, axis))
    one = tuple(rows[axis] if i == axis % x.ndim else 1 for i in range(x.ndim))
    k = values("int64", one, 2, -n, n - 1)
    close(ops.take_along_axis(x, k, axis), np.take_along_axis(x, k, axis))
    close(ops.take_along_axis(x, [0, -1], None), np.take_along_axis(x, np.array([0, -1]), None))


@pytest.mark.parametrize("dtype", INTEGERS)
def test_indices_of_every_dtype(dtype: str) -> None:
    x = np.arange(10.0, dtype=np.float32).reshape(5, 2)
    i = np.array([4, 0, 3], dtype)
    close(ops.take(x, i, 0), x[i.astype(int)])
    close(ops.array(x)[ops.array(i)], x[i.astype(int)])
    close(ops.take_along_axis(x, i[:, None], 0), np.take_along_axis(x, i[:, None].astype(int), 0))


def test_indices_outside_are_moved_inside() -> None:
    close(ops.take([10, 20, 30], [5, -9, 1]), np.array([30, 10, 20], np.int32))
    found = ops.take_along_axis([[1, 2], [3, 4]], [[9], [-9]], 1)
    close(found, np.array([[2], [3]], np.int32))


@given(shape=shapes(3), cut=st.integers(0, 3), seed=st.integers(0, 9))
@settings(max_examples=30)
def test_where(shape: tuple[int, ...], cut: int, seed: int) -> None:
    condition = values("bool", shape[cut:], seed)
    for dtype in (*NUMBERS, "bool", "complex64"):
        x, y = values(dtype, shape, seed), values(dtype, shape[1:], seed + 1)
        close(ops.where(condition, x, y), np.where(condition, x, y))
        close(ops.where(condition, y, x), np.where(condition, y, x))
    close(
        ops.where(values("int32", shape, seed), 1.0, 0.0),
        np.where(values("int32", shape, seed), np.float32(1), np.float32(0)),
    )


@given(shape=shapes(3), seed=st.integers(0, 9))
@settings(max_examples=20)
def test_nonzero(shape: tuple[int, ...], seed: int) -> None:
    x = values("int32", (2, *shape), seed, -1, 1)
    for function in (ops.nonzero, ops.where):
        for found, expected in zip(function(x), np.nonzero(x), strict=True):
            close(found, expected)
            assert found.dtype == np.int32


def test_select() -> None:
    x = np.arange(6)
    conditions = [x < 2, x < 4]
    close(ops.select(conditions, [x, 10 * x], -1), np.select(conditions, [x, 10 * x], -1))
    close(ops.select([x > 9], [x * 0.5]), np.zeros(6))
    check_gradients(
        lambda a, b: ops.select(conditions, [a, b], 2.0) ** 2, x * 1.0, x * 2.0, order=2
    )


@given(shape=shapes(3, min_rank=1, min_side=1), wanted=shapes(2), seed=st.integers(0, 9))
@settings(max_examples=20)
def test_unravel_index(shape: tuple[int, ...], wanted: tuple[int, ...], seed: int) -> None:
    i = values("int64", wanted, seed, 0, int(np.prod(shape)) - 1)
    for found, expected in zip(
        ops.unravel_index(i, shape), np.unravel_index(i, shape), strict=True
    ):
        close(found, expected)


GRADIENTS: list[tuple[Callable[..., Any], int]] = [
    (lambda x: ops.take(x, [[2, 0], [-1, 2]], 0), 1),
    (lambda x: ops.take(x, [4, 4, 0]), 1),
    (lambda x: ops.take_along_axis(x, [[1, 1], [0, -1], [1, 0]], 1), 1),
    (lambda x, y: ops.where([[True, False]], x, y), 2),
    (lambda x: ops.where(x > 0, x, 0.5), 1),
]


@pytest.mark.parametrize(("function", "count"), GRADIENTS)
def test_gradients(function: Callable[..., Any], count: int) -> None:
    arrays = [values("float64", (3, 2), i) for i in range(count)]
    check_gradients(lambda *xs: function(*xs) ** 3, *arrays, order=2)


def test_errors() -> None:
    x = ops.zeros((2, 3))
    with pytest.raises(TypeError, match="take: indices must be integers, got float32"):
        ops.take(x, [0.5], 0)
    with pytest.raises(ValueError, match="take: axis 2 is out of range"):
        ops.take(x, [0], 2)
    with pytest.raises(ValueError, match="take_along_axis: indices must have as many axes as x"):
        ops.take_along_axis(x, [0], 0)
    with pytest.raises(ValueError, match="where: x1 and x2 must both be given"):
        ops.where(x, 1.0)
    with pytest.raises(ValueError, match=r"where: shapes \(2, 3\) and \(2, 2\) do not broadcast"):
        ops.where(x, x, np.zeros((2, 2)))
    with pytest.raises(ValueError, match="select: condlist and choicelist must be equally many"):
        ops.select([x > 0], [])
    for function in (ops.nonzero, ops.where):
        with pytest.raises(TypeError, match="nonzero: the shape of the result depends on values"):
            trace(lambda x, f=function: f(x), [TensorSpec((3,))])
