"""maximum, minimum, clip and nan_to_num against NumPy."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.gradients import check_gradients
from tests.ops.oracle import NUMBERS, close, exactly, shapes, values
from thalweg import ops
from thalweg.autodiff import GradientTape

NAMES = ["maximum", "minimum", "fmax", "fmin"]


@pytest.mark.parametrize("name", NAMES)
@given(shape=shapes(), seed=st.integers(0, 9))
@settings(max_examples=8)
def test_values(name: str, shape: tuple[int, ...], seed: int) -> None:
    for dtype in (*NUMBERS, "bool"):
        x, y = values(dtype, shape, seed), values(dtype, shape[1:], seed + 50)
        close(getattr(ops, name)(x, y), getattr(np, name)(exactly(x), exactly(y)))


@pytest.mark.parametrize("name", NAMES)
def test_special_values_and_gradients(name: str) -> None:
    special = np.array([0.0, 1.0, -1.0, np.inf, -np.inf, np.nan])
    x, y = special[:, None], special[None]
    close(getattr(ops, name)(x, y), getattr(np, name)(x, y))
    a, b = values("float64", (3, 2), 0), values("float64", (2,), 1)
    check_gradients(getattr(ops, name), a, b, order=2)


@pytest.mark.parametrize("name", ["maximum", "minimum"])
def test_the_first_of_equals_gets_the_gradient(name: str) -> None:
    x, y = ops.convert_to_tensor(3.0), ops.convert_to_tensor(3.0)
    with GradientTape() as tape:
        tape.watch([x, y])
        found = getattr(ops, name)(x, y)
    assert [g.item() for g in tape.gradient(found, [x, y])] == [1.0, 0.0]


@given(shape=shapes(), seed=st.integers(0, 9))
@settings(max_examples=8)
def test_clip(shape: tuple[int, ...], seed: int) -> None:
    for dtype in NUMBERS:
        x = values(dtype, shape, seed)
        close(ops.clip(x, 1, 2), np.clip(exactly(x), 1, 2))
        close(ops.clip(x, None, 2), np.clip(exactly(x), None, 2))
        low = values(dtype, shape[1:], seed + 50, 0, 1)
        close(ops.clip(x, low, 2), np.clip(exactly(x), exactly(low), 2))


def test_clip_keeps_the_dtype_and_passes_gradients_inside() -> None:
    assert ops.clip(np.ones(2, np.int8), 0, 1).dtype == np.int8
    assert ops.clip(np.ones(2, np.bool_), 0, 1).dtype == np.int32
    assert ops.clip(np.ones(2, np.float16), 0.0, 1.0).dtype == np.float16
    x = ops.convert_to_tensor([-1.0, 0.0, 0.5, 1.0, 2.0])
    with GradientTape() as tape:
        tape.watch(x)
        y = ops.clip(x, 0.0, 1.0)
    assert tape.gradient(y, x).tolist() == [0.0, 1.0, 1.0, 1.0, 0.0]
    check_gradients(ops.clip, [-1.0, 0.3, 2.0], [0.0, 0.1, 0.2], [1.0, 1.1, 1.2], order=2)


@pytest.mark.parametrize("dtype", ["float16", "bfloat16", "float32", "float64"])
def test_nan_to_num(dtype: str) -> None:
    x = ops.cast([1.0, np.nan, np.inf, -np.inf], dtype)
    found = ops.nan_to_num(x)
    assert np.isfinite(exactly(found)).all()
    if dtype != "bfloat16":
        close(found, np.nan_to_num(np.asarray(x)))
    close(ops.nan_to_num(x, nan=1.0, posinf=2.0, neginf=-2.0), [1.0, 1.0, 2.0, -2.0])


def test_nan_to_num_of_other_dtypes() -> None:
    close(ops.nan_to_num([1, 2]), np.array([1, 2], np.int32))
    z = np.array([complex(np.nan, 1.0), complex(np.inf, -np.inf)], np.complex128)
    close(ops.nan_to_num(z, posinf=3.0, neginf=4.0), np.nan_to_num(z, posinf=3.0, neginf=4.0))
    check_gradients(ops.nan_to_num, [1.0, -2.0], order=2)
