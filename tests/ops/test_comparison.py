"""Comparisons, logic and tests of values against NumPy."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.ops.oracle import NUMBERS, close, exactly, shapes, silently, values
from thalweg import ops

Function = Callable[..., Any]

COMPARISONS = ["equal", "not_equal", "less", "less_equal", "greater", "greater_equal"]
LOGIC = ["logical_and", "logical_or", "logical_xor"]
SPECIAL = np.array([0.0, -0.0, 1.0, -1.0, np.inf, -np.inf, np.nan])


@pytest.mark.parametrize("name", [*COMPARISONS, *LOGIC])
@given(shape=shapes(), seed=st.integers(0, 9))
@settings(max_examples=8)
def test_two_arguments(name: str, shape: tuple[int, ...], seed: int) -> None:
    for dtype in (*NUMBERS, "bool"):
        x = values(dtype, shape, seed, -1.5, 1.5)
        y = values(dtype, shape[1:], seed + 50, -1.5, 1.5)
        if x.dtype.kind not in "biu":  # so that some of them are equal
            x, y = np.rint(x), np.rint(y)
        found = getattr(ops, name)(x, y)
        assert found.dtype == np.bool_
        close(found, getattr(np, name)(exactly(x), exactly(y)))


@pytest.mark.parametrize("name", [*COMPARISONS, *LOGIC])
def test_special_values_of_two(name: str) -> None:
    x, y = SPECIAL[:, None], SPECIAL[None]
    close(getattr(ops, name)(x, y), getattr(np, name)(x, y))


@pytest.mark.parametrize(
    "name", ["isfinite", "isnan", "isinf", "isposinf", "isneginf", "signbit", "logical_not"]
)
def test_special_values_of_one(name: str) -> None:
    function, reference = getattr(ops, name), getattr(np, name)
    close(function(SPECIAL), reference(SPECIAL))
    for dtype in NUMBERS:
        x = values(dtype, (5,), 3)
        close(function(x), reference(exactly(x)))
        if x.dtype.kind not in "iu":
            special = SPECIAL.astype(x.dtype)
            close(function(special), reference(SPECIAL))
    close(
        function([True, False]),
        [False, True] if name == "logical_not" else reference(np.array([1.0, 0.0])),
    )


@pytest.mark.parametrize("name", ["isfinite", "isnan", "isinf", "equal", "not_equal"])
def test_complex_numbers(name: str) -> None:
    with np.errstate(invalid="ignore"):
        x = np.add.outer(SPECIAL, 1j * SPECIAL)
    arguments = (x, x.T) if "equal" in name else (x,)
    close(getattr(ops, name)(*arguments), getattr(np, name)(*arguments))


@pytest.mark.parametrize("equal_nan", [False, True])
def test_isclose(equal_nan: bool) -> None:
    x = np.array([0.0, 1.0, 1.0 + 1e-6, 1.1, -1.0, np.inf, -np.inf, np.nan, 1e-9])
    for rtol, atol in ((1e-5, 1e-8), (0.2, 0.0), (0.0, 0.2)):
        arguments: Any = (x[:, None], x[None], rtol, atol, equal_nan)
        close(ops.isclose(*arguments), silently(np.isclose)(*arguments))
    assert bool(ops.allclose(x[:5], x[:5] + 1e-9))
    assert not bool(ops.allclose(x[:5], x[:5] + 0.1))
    assert bool(ops.allclose(x, x, equal_nan=True))
    assert not bool(ops.allclose(x, x))


def test_the_order_of_complex_numbers_does_not_exist() -> None:
    with pytest.raises(TypeError, match="less: the input must be one of"):
        ops.less([1j], [2j])
