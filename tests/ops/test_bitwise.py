"""Operations on bits against NumPy."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.ops.oracle import INTEGERS, close, shapes, values
from thalweg import ops

NAMES = {"bitwise_and": np.bitwise_and, "bitwise_or": np.bitwise_or, "bitwise_xor": np.bitwise_xor}
SHIFTS = {
    "left_shift": np.left_shift,
    "bitwise_left_shift": np.left_shift,
    "right_shift": np.right_shift,
    "bitwise_right_shift": np.right_shift,
}


@pytest.mark.parametrize("name", [*NAMES, *SHIFTS])
@given(shape=shapes(), seed=st.integers(0, 9))
@settings(max_examples=8)
def test_two_arguments(name: str, shape: tuple[int, ...], seed: int) -> None:
    numpy = NAMES[name] if name in NAMES else SHIFTS[name]
    for dtype in INTEGERS:
        x = values(dtype, shape, seed, -100, 100)
        y = values(dtype, shape[1:], seed + 50, 0 if name in SHIFTS else -100, 6)
        close(getattr(ops, name)(x, y), numpy(x, y))


def test_inversion_and_bools() -> None:
    for dtype in (*INTEGERS, "bool"):
        x = values(dtype, (5,), 0, -100, 100)
        close(ops.bitwise_not(x), np.invert(x))
        close(ops.bitwise_invert(x), np.invert(x))
    x, y = np.array([True, True, False]), np.array([True, False, False])
    for name, numpy in NAMES.items():
        close(getattr(ops, name)(x, y), numpy(x, y))
    assert ops.left_shift(x, y).dtype == np.int32


def test_floats_have_no_bits() -> None:
    for name in [*NAMES, *SHIFTS]:
        with pytest.raises(TypeError, match=rf"{name}: the inputs must hold integers or bools"):
            getattr(ops, name)([1.0], [2])
    with pytest.raises(TypeError, match=r"bitwise_not: .* got float32"):
        ops.bitwise_not([1.0])
