"""Random bits: known answers, independence of the shape, errors."""

from __future__ import annotations

import numpy as np
import pytest

from tests.primitives.applied import apply
from thalweg.primitives.random import random_bits, threefry

COVERED = {"random_bits"}


def words(*values: int) -> np.ndarray[tuple[int], np.dtype[np.uint32]]:
    return np.array(values, np.uint32)


@pytest.mark.parametrize(
    ("key", "counter", "expected"),
    [
        # The known answers of Random123 (kat_vectors, threefry2x32 with 20 rounds).
        ((0, 0), (0, 0), (0x6B200159, 0x99BA4EFE)),
        ((0xFFFFFFFF,) * 2, (0xFFFFFFFF,) * 2, (0x1CB996FC, 0xBB002BE7)),
        ((0x13198A2E, 0x03707344), (0x243F6A88, 0x85A308D3), (0xC4923A9C, 0x483DF7A0)),
    ],
)
def test_known_answers(
    key: tuple[int, int], counter: tuple[int, int], expected: tuple[int, int]
) -> None:
    low, high = threefry(words(*key), words(counter[0]), words(counter[1]))
    assert (low[0], high[0]) == expected


def test_the_shape_only_arranges() -> None:
    key = words(1, 2)
    line = apply(random_bits, key, shape=(24,))
    for shape in ((2, 3, 4), (23,), (5,), (), (0,), (2, 0)):
        found = apply(random_bits, key, shape=shape)
        assert found.dtype == np.uint32
        count = int(np.prod(shape))
        np.testing.assert_array_equal(found.reshape(-1), line[:count])
    assert (line != apply(random_bits, words(1, 3), shape=(24,))).all()


def test_bits_are_even() -> None:
    bits = apply(random_bits, words(7, 7), shape=(1 << 14,))
    ones = np.unpackbits(bits.view(np.uint8)).reshape(-1, 32).mean(0)
    assert abs(ones - 0.5).max() < 0.02
    assert len(np.unique(bits)) > bits.size - 5


def test_errors() -> None:
    for key in (words(1), words(1, 2, 3), np.array([1, 2])):
        with pytest.raises(ValueError, match="random_bits: the key must be two uint32"):
            apply(random_bits, key, shape=(2,))
