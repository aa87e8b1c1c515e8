"""Padding against NumPy."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.gradients import check_gradients
from tests.ops.oracle import NUMBERS, close, exactly, shapes, values
from thalweg import ops

MODES = [
    "edge",
    "reflect",
    "symmetric",
    "wrap",
    "maximum",
    "minimum",
    "mean",
    "median",
    "linear_ramp",
]


@pytest.mark.parametrize("mode", ["constant", *MODES])
@given(shape=shapes(3, min_side=1), widths=st.lists(st.integers(0, 9), min_size=6, max_size=6))
@settings(max_examples=30)
def test_modes(mode: Any, shape: tuple[int, ...], widths: list[int]) -> None:
    x = values("float64", shape, 0)
    pairs = [(widths[2 * i], widths[2 * i + 1]) for i in range(len(shape))]
    if pairs:
        close(ops.pad(x, pairs, mode), np.pad(x, pairs, mode))


def test_widths() -> None:
    x = values("int32", (2, 3), 0)
    for width in (1, (1, 2), [(1, 2)], [(1, 0), (0, 2)], np.array([[1, 2], [3, 4]])):
        close(ops.pad(x, width), np.pad(x, width))


def test_dtypes_and_values() -> None:
    for dtype in (*NUMBERS, "bool", "complex64"):
        x = values(dtype, (2, 3), 0)
        close(ops.pad(x, 1), np.pad(exactly(x), 1))
        close(ops.pad(x, 1, constant_values=1), np.pad(exactly(x), 1, constant_values=1))
    for dtype in ("int32", "uint8"):
        x = np.array([[1, 2, 5], [4, 9, 6]], dtype)
        for mode in MODES:
            close(ops.pad(x, 2, mode), np.pad(x, 2, mode))
    assert ops.pad([1.0], 2, "empty").shape == (5,)


@pytest.mark.parametrize("mode", ["constant", *MODES])
def test_gradients(mode: str) -> None:
    x = values("float64", (2, 3), 0)
    check_gradients(lambda x: ops.pad(x, [(1, 0), (2, 4)], mode) ** 2, x, order=2)


def test_gradient_of_the_value() -> None:
    x = values("float64", (2,), 0)
    check_gradients(lambda x, v: ops.pad(x, 2, constant_values=v) ** 2, x, np.array(3.0), order=2)


def test_errors() -> None:
    x = ops.zeros((2, 3))
    for call, message in (
        (lambda: ops.pad(x, -1), "pad: pad_width must not be negative"),
        (lambda: ops.pad(x, [(1, 2)] * 3), "pad: pad_width must be a pair for each of 2 axes"),
        (lambda: ops.pad(x, 1, "mirror"), r"pad: mode must be one of constant, .* got 'mirror'"),
        (lambda: ops.pad(x, 1, "edge", 2), "pad: constant_values goes with mode 'constant'"),
        (lambda: ops.pad(np.zeros((0,)), 1, "edge"), "pad: mode 'edge' needs elements on axis 0"),
    ):
        with pytest.raises(ValueError, match=message):
            call()
