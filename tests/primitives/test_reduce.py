"""Primitives that reduce axes: values, half precision, gradients, errors."""

from __future__ import annotations

from typing import Any

import ml_dtypes
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.gradients import check_gradients
from tests.ops.oracle import FLOATS, INTEGERS, TOLERANCE, exactly, shapes, values
from tests.primitives.applied import apply
from thalweg.autodiff import GradientTape
from thalweg.primitives import PRIMITIVES
from thalweg.tensor import Tensor
from thalweg.tensor.dtypes import DTYPES

Array = np.ndarray[Any, Any]

REAL = (*FLOATS, *INTEGERS)
REFERENCES: dict[str, tuple[Any, tuple[str, ...]]] = {
    "reduce_sum": (np.sum, (*REAL, "complex64", "complex128")),
    "reduce_prod": (np.prod, (*REAL, "complex64", "complex128")),
    "reduce_max": (np.max, (*REAL, "bool")),
    "reduce_min": (np.min, (*REAL, "bool")),
    "reduce_and": (np.all, ("bool",)),
    "reduce_or": (np.any, ("bool",)),
}
PLACES: dict[str, Any] = {"argmax": np.argmax, "argmin": np.argmin}
COVERED = {*REFERENCES, *PLACES}


@pytest.mark.parametrize("name", REFERENCES)
@given(shape=shapes(3), data=st.data())
@settings(max_examples=15)
def test_values(name: str, shape: tuple[int, ...], data: st.DataObject) -> None:
    reference, dtypes = REFERENCES[name]
    order = data.draw(st.permutations(range(len(shape))))
    axes = tuple(sorted(order[: data.draw(st.integers(0, len(shape)))]))
    if name in ("reduce_max", "reduce_min") and any(shape[a] == 0 for a in axes):
        return
    for dtype in dtypes:
        x = values(dtype, shape, 0, -2, 2)
        found = apply(PRIMITIVES[name], x, axes=axes)
        assert found.dtype == x.dtype
        expected = reference(exactly(x), axis=axes)
        if not axes:  # NumPy reduces all axes for (), we none
            expected = exactly(x)
        tolerance = 8 * TOLERANCE.get(dtype, 0)
        np.testing.assert_allclose(
            exactly(found), exactly(expected).astype(exactly(found).dtype), tolerance, tolerance
        )


@pytest.mark.parametrize("name", PLACES)
@given(shape=shapes(3, min_rank=1, min_side=1), data=st.data())
@settings(max_examples=15)
def test_places(name: str, shape: tuple[int, ...], data: st.DataObject) -> None:
    axis = data.draw(st.integers(0, len(shape) - 1))
    for dtype in (*REAL, "bool"):
        x = values(dtype, shape, 0, -2, 2)
        found = apply(PRIMITIVES[name], x, axis=axis)
        assert found.dtype == np.int32
        np.testing.assert_array_equal(found, PLACES[name](exactly(x), axis))
    x = np.array([1.0, np.nan, 3.0, np.nan])
    assert apply(PRIMITIVES[name], x, axis=0) == 1


@pytest.mark.parametrize("half", [np.dtype(np.float16), np.dtype(ml_dtypes.bfloat16)])
def test_half_precision_is_added_up_in_float32(half: Any) -> None:
    x = values(half.name, (20,), 0, 0.5, 1.5)
    for name in ("reduce_sum", "reduce_prod", "reduce_max"):
        wide = apply(PRIMITIVES[name], x.astype(np.float32), axes=(0,))
        found = apply(PRIMITIVES[name], x, axes=(0,))
        assert found == wide.astype(half)


@pytest.mark.parametrize("name", ["reduce_sum", "reduce_prod", "reduce_max", "reduce_min"])
@pytest.mark.parametrize("axes", [(), (0,), (1,), (0, 2), (0, 1, 2)])
def test_gradients(name: str, axes: tuple[int, ...]) -> None:
    x = values("float64", (2, 3, 2), 0)

    def squared(x: Tensor) -> Any:
        y = PRIMITIVES[name](x, axes=axes)
        return y * y

    check_gradients(squared, x, order=2, atol=1e-4)
    if name in ("reduce_sum", "reduce_prod"):
        check_gradients(squared, x + 1j * x[::-1], order=2, atol=1e-4)
    x[0, 1, 1] = x[1, 1, 0] = 0.0
    if name == "reduce_prod":
        check_gradients(squared, x, order=2, atol=1e-4)


def test_products_with_zeros_to_the_third_order() -> None:
    for zeros in ([0], [1, 2], [0, 1, 2, 3]):
        x = np.array([2.0, 3.0, 5.0, 7.0])
        x[zeros] = 0.0
        check_gradients(lambda x: PRIMITIVES["reduce_prod"](x, axes=(0,)), x, order=3, atol=1e-3)


def test_nothing_to_reduce() -> None:
    x = np.zeros((0, 3))
    for name, expected in (("reduce_sum", 0.0), ("reduce_prod", 1.0)):
        np.testing.assert_array_equal(apply(PRIMITIVES[name], x, axes=(0,)), np.full(3, expected))
        check_gradients(lambda x, n=name: PRIMITIVES[n](x, axes=(0,)), x, order=2)
    assert apply(PRIMITIVES["reduce_max"], x, axes=(1,)).shape == (0,)


def test_equal_extremes_share_the_gradient() -> None:
    x = Tensor(np.array([1.0, 3.0, 3.0, 3.0]))
    with GradientTape() as tape:
        tape.watch(x)
        y = PRIMITIVES["reduce_max"](x, axes=(0,))
    np.testing.assert_allclose(tape.gradient(y, x).numpy(), [0, 1 / 3, 1 / 3, 1 / 3])


@pytest.mark.parametrize("name", sorted(COVERED))
def test_errors(name: str) -> None:
    primitive = PRIMITIVES[name]
    accepted = REFERENCES[name][1] if name in REFERENCES else (*REAL, "bool")
    known: dict[str, Any] = {"axes": (0,)} if name in REFERENCES else {"axis": 0}
    for dtype in DTYPES.values():
        if dtype.name not in accepted:
            with pytest.raises(TypeError, match=f"got a tensor of {dtype.name}"):
                apply(primitive, np.ones(3, dtype), **known)
    wrong: dict[str, Any] = {"axes": (1,)} if name in REFERENCES else {"axis": 1}
    with pytest.raises(ValueError, match=r"axis .*1.* does not fit a tensor of shape \(3,\)"):
        apply(primitive, np.ones(3, accepted[-1]), **wrong)
    if name in ("reduce_max", "reduce_min", "argmax", "argmin"):
        with pytest.raises(ValueError, match="no elements on axis"):
            apply(primitive, np.ones((0, 3), accepted[-1]), **known)
