"""gather and scatter: values, indices outside, gradients, errors."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.gradients import check_gradients
from tests.ops.oracle import INTEGERS, TOLERANCE, exactly, shapes, values
from tests.primitives.applied import apply
from thalweg.primitives.gather import gather, scatter
from thalweg.tensor import Tensor
from thalweg.tensor.dtypes import DTYPES

Array = np.ndarray[Any, Any]
COVERED = {"gather", "scatter"}
MODES = ("add", "max", "min", "mul", "set")


def scattered(x: Array, indices: Array, updates: Array, axis: int, mode: str) -> Array:
    """The definition: one update after the other; those outside are left out."""
    out = np.moveaxis(x, axis, 0).copy()
    rows = updates.reshape(*x.shape[:axis], indices.size, *x.shape[axis + 1 :])
    rows = np.moveaxis(rows, axis, 0)
    for i, row in zip(indices.reshape(-1), rows, strict=True):
        if 0 <= i < len(out):
            one = out[i]
            if mode == "add":
                out[i] = one + row
            elif mode == "mul":
                out[i] = one * row
            elif mode == "set":
                out[i] = row
            else:
                out[i] = np.maximum(one, row) if mode == "max" else np.minimum(one, row)
    return np.moveaxis(out, 0, axis)


@given(shape=shapes(3, min_rank=1), wanted=shapes(2), data=st.data())
@settings(max_examples=80)
def test_values(shape: tuple[int, ...], wanted: tuple[int, ...], data: st.DataObject) -> None:
    axis = data.draw(st.integers(0, len(shape) - 1))
    n = shape[axis]
    dtype = data.draw(st.sampled_from([*DTYPES]))
    x = values(dtype, shape, 0)
    indices = values(data.draw(st.sampled_from(INTEGERS)), wanted, 1, -2, n + 2)
    if n or not indices.size:
        found = apply(gather, x, indices, axis=axis)
        clipped = np.clip(indices.astype(np.int64), 0, max(n - 1, 0))
        np.testing.assert_array_equal(found, np.take(x, clipped, axis))
    updates = values(dtype, (*shape[:axis], *wanted, *shape[axis + 1 :]), 2)
    for mode in MODES:
        no_order = "complex" in dtype and mode in ("max", "min")
        if (dtype == "bool" and mode != "set") or no_order:
            continue
        found = apply(scatter, x, indices, updates, axis=axis, mode=mode)
        assert found.dtype == x.dtype
        expected = scattered(exactly(x), indices, exactly(updates), axis, mode)
        tolerance = 8 * TOLERANCE.get(dtype, 0)
        np.testing.assert_allclose(exactly(found), expected, tolerance, tolerance)


@pytest.mark.parametrize("dtype", ["float16", "bfloat16"])
def test_half_precision_is_added_up_in_float32(dtype: str) -> None:
    x = np.zeros(2, DTYPES[dtype])
    ones = np.ones(3000, DTYPES[dtype])
    found = apply(scatter, x, np.zeros(3000, np.int32), ones, axis=0, mode="add")
    assert float(found[0]) == float(np.float32(3000).astype(DTYPES[dtype]))


@pytest.mark.parametrize("axis", [0, 1])
def test_gradients_of_gather(axis: int) -> None:
    indices = Tensor(np.array([[0, 2], [2, 9], [-4, 1]], np.int32))

    def cubed(x: Tensor) -> Any:
        y = gather(x, indices, axis=axis)
        return y * y * y

    check_gradients(cubed, values("float64", (3, 3, 2), 0), order=2, atol=1e-4)
    check_gradients(cubed, values("complex128", (3, 3), 0), order=2, atol=1e-4)


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("axis", [0, 1])
@pytest.mark.parametrize("wanted", [(), (2,), (2, 2)])
def test_gradients_of_scatter(mode: str, axis: int, wanted: tuple[int, ...]) -> None:
    # One place twice, one outside.
    indices = Tensor(np.asarray(np.array([[2, 2], [0, 7]], np.int32)[(0,) * (2 - len(wanted))]))
    x = values("float64", (3, 3), 0)
    updates = values("float64", (*x.shape[:axis], *wanted, *x.shape[axis + 1 :]), 1)

    def squared(x: Tensor, updates: Tensor) -> Any:
        y = scatter(x, indices, updates, axis=axis, mode=mode)
        return y * y

    check_gradients(squared, x, updates, order=2, atol=1e-4)
    if mode == "add":
        check_gradients(squared, x + 1j, updates - 1j * updates, order=2, atol=1e-4)


def test_gradients_of_products_with_zeros() -> None:
    indices = Tensor(np.array([0, 0, 1, 1, 2], np.int32))
    x = np.array([2.0, 3.0, 0.0])
    updates = np.array([0.0, 5.0, 0.0, 0.0, 7.0])
    check_gradients(lambda x, u: scatter(x, indices, u, axis=0, mode="mul"), x, updates, order=1)


def test_nothing() -> None:
    x = values("float64", (3, 2), 0)
    none = np.zeros((0,), np.int32)
    assert apply(gather, x, none, axis=1).shape == (3, 0)
    for mode in MODES:
        found = apply(scatter, x, none, np.zeros((0, 2)), axis=0, mode=mode)
        np.testing.assert_array_equal(found, x)
    empty = np.zeros((0, 2))
    assert apply(gather, empty, none, axis=0).shape == (0, 2)
    check_gradients(lambda x: gather(x, Tensor(none), axis=0), x, order=2)


def test_errors() -> None:
    x = np.zeros((2, 3), np.float32)
    i = np.zeros(2, np.int32)
    with pytest.raises(TypeError, match="take: indices must be integers, got float64"):
        apply(gather, x, np.zeros(2), axis=0)
    with pytest.raises(ValueError, match="take: axis 2 does not fit a tensor of shape"):
        apply(gather, x, i, axis=2)
    with pytest.raises(ValueError, match=r"take: axis 0 of a tensor of shape \(0, 3\) has no"):
        apply(gather, x[:0], i, axis=0)
    with pytest.raises(TypeError, match="scatter: indices must be integers"):
        apply(scatter, x, np.zeros(2), x, axis=0, mode="add")
    with pytest.raises(ValueError, match=r"scatter: updates must have shape \(2, 3\) and dtype"):
        apply(scatter, x, i, x[:, :2], axis=0, mode="add")
    with pytest.raises(TypeError, match="scatter: a bool tensor has no add"):
        apply(scatter, x > 0, i, x > 0, axis=0, mode="add")
    with pytest.raises(TypeError, match="scatter: a complex64 tensor has no max"):
        apply(scatter, x + 1j, i, x + 1j, axis=0, mode="max")
