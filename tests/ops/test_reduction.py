"""Reductions against NumPy."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.gradients import check_gradients
from tests.ops.oracle import NUMBERS, close, exactly, shapes, values
from thalweg import ops
from thalweg.autodiff import GradientTape

Function = Callable[..., Any]
SUMS = {
    "bool": "int32",
    "int8": "int32",
    "int16": "int32",
    "uint8": "uint32",
    "uint16": "uint32",
}


def some_axes(data: st.DataObject, rank: int) -> Any:
    kind = data.draw(st.sampled_from(["all", "one", "several"]))
    if kind == "all" or not rank:
        return None
    if kind == "one":
        return data.draw(st.integers(-rank, rank - 1))
    axes = data.draw(st.permutations(range(rank)))[: data.draw(st.integers(0, rank))]
    return tuple(a - rank * data.draw(st.integers(0, 1)) for a in axes)


@pytest.mark.parametrize("name", ["sum", "prod", "mean", "all", "any", "count_nonzero"])
@given(shape=shapes(), data=st.data(), keepdims=st.booleans())
@settings(max_examples=15)
def test_sums(name: str, shape: tuple[int, ...], data: st.DataObject, keepdims: bool) -> None:
    axis = some_axes(data, len(shape))
    options = {} if name == "count_nonzero" else {"keepdims": keepdims}
    for dtype in (*NUMBERS, "bool"):
        x = values(dtype, shape, 0, -2, 2)
        if name == "mean" and (x.size == 0 or x.dtype.kind not in "f"):
            continue
        found = getattr(ops, name)(x, axis=axis, **options)
        close(found, getattr(np, name)(exactly(x), axis=axis, **options), scale=8)
        if name in ("sum", "prod"):
            assert found.dtype.name == SUMS.get(dtype, dtype)
        if name == "count_nonzero":
            assert found.dtype == np.int32


@pytest.mark.parametrize("name", ["max", "min", "amax", "amin", "ptp"])
@given(shape=shapes(min_side=1), data=st.data(), keepdims=st.booleans())
@settings(max_examples=15)
def test_extremes(name: str, shape: tuple[int, ...], data: st.DataObject, keepdims: bool) -> None:
    axis = some_axes(data, len(shape))
    for dtype in NUMBERS:
        x = values(dtype, shape, 0)
        found = getattr(ops, name)(x, axis=axis, keepdims=keepdims)
        close(found, getattr(np, name)(exactly(x), axis=axis, keepdims=keepdims))
        assert found.dtype == x.dtype


@pytest.mark.parametrize("name", ["argmax", "argmin"])
@given(shape=shapes(min_side=1), data=st.data(), keepdims=st.booleans())
@settings(max_examples=15)
def test_places(name: str, shape: tuple[int, ...], data: st.DataObject, keepdims: bool) -> None:
    axis = data.draw(st.none() | st.integers(-len(shape), len(shape) - 1)) if shape else None
    for dtype in (*NUMBERS, "bool"):
        x = np.rint(exactly(values(dtype, shape, 0))).astype(values(dtype, (), 0).dtype)
        found = getattr(ops, name)(x, axis=axis, keepdims=keepdims)
        assert found.dtype == np.int32
        close(found, getattr(np, name)(x, axis=axis, keepdims=keepdims))


def test_the_least_that_a_maximum_can_be() -> None:
    x = np.array([[1.0, 5.0], [2.0, 3.0]])
    for name, numpy in (("max", np.max), ("min", np.min)):
        for axis in (None, 0, 1):
            for keepdims in (False, True):
                close(
                    getattr(ops, name)(x, axis=axis, keepdims=keepdims, initial=2.5),
                    numpy(x, axis=axis, keepdims=keepdims, initial=2.5),
                )
        found = getattr(ops, name)(np.zeros((0, 3)), axis=0, initial=7.0)
        close(found, np.full(3, 7.0))


def test_half_precision_is_added_up_in_full() -> None:
    x = np.full(4096, 30.0, np.float16)  # the sum is beyond float16, the mean is not
    assert float(ops.mean(x)) == 30.0
    ones = np.full(3000, 1.0, np.float16)
    assert float(ops.sum(ones)) == 3000.0
    assert float(ops.sum(ops.cast(np.ones(1000), "bfloat16"))) == 1000.0


def test_nan_and_nothing() -> None:
    x = [1.0, float("nan"), 3.0]
    for name in ("sum", "prod", "max", "min", "mean"):
        assert np.isnan(float(getattr(ops, name)(x)))
    assert int(ops.argmax(x)) == 1
    empty = np.zeros((0, 3), np.float32)
    close(ops.sum(empty, 0), np.zeros(3, np.float32))
    close(ops.prod(empty, 0), np.ones(3, np.float32))
    assert np.isnan(np.asarray(ops.mean(empty, 0))).all()
    assert bool(ops.all(empty))
    assert not bool(ops.any(empty))
    with pytest.raises(ValueError, match=r"max: no elements on axis \(0,\)"):
        ops.max(empty, 0)


def test_complex_sums() -> None:
    z = values("complex128", (3, 2), 0)
    for name in ("sum", "mean"):
        close(getattr(ops, name)(z, 0), getattr(np, name)(z, 0))
        check_gradients(getattr(ops, name), z)


GRADIENTS: list[Function] = [
    lambda x: ops.sum(x, 1) ** 2,
    lambda x: ops.sum(x, (0, 2), keepdims=True) ** 2,
    lambda x: ops.mean(x, 0) ** 2,
    lambda x: ops.prod(x, 1),
    lambda x: ops.prod(x),
    lambda x: ops.max(x, 1) ** 2,
    lambda x: ops.min(x, (0, 1)) ** 2,
    lambda x: ops.max(x, initial=0.5) ** 2,
    lambda x: ops.ptp(x, 2) ** 2,
]


@pytest.mark.parametrize("function", GRADIENTS)
def test_gradients(function: Function) -> None:
    check_gradients(function, values("float64", (2, 3, 2), 0), order=2, atol=1e-5)


def test_gradients_of_products_with_zeros() -> None:
    for zeros in ([], [1], [0, 2]):
        x = np.array([2.0, 3.0, 5.0, 7.0])
        x[zeros] = 0
        check_gradients(ops.prod, x, order=3, atol=1e-4)


@pytest.mark.parametrize("name", ["max", "min"])
def test_equal_extremes_share_the_gradient(name: str) -> None:
    x = ops.convert_to_tensor([[2.0, 2.0, 1.0], [1.0, 1.0, 2.0]])
    with GradientTape() as tape:
        tape.watch(x)
        y = getattr(ops, name)(x, axis=1)
    expected = {
        "max": [[0.5, 0.5, 0.0], [0.0, 0.0, 1.0]],
        "min": [[0.0, 0.0, 1.0], [0.5, 0.5, 0.0]],
    }
    assert tape.gradient(y, x).tolist() == expected[name]


def test_errors() -> None:
    x = ops.zeros((2, 3))
    with pytest.raises(ValueError, match="sum: axis 2 is out of range for a tensor with 2 axes"):
        ops.sum(x, 2)
    with pytest.raises(ValueError, match=r"mean: axis \(0, -2\) names an axis twice"):
        ops.mean(x, (0, -2))
    with pytest.raises(TypeError, match="argmax: x must be real, got complex64"):
        ops.argmax([1j])
