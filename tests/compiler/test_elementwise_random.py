"""Threefry in LLVM gives the bits of the primitive, from any index on."""

from __future__ import annotations

import ctypes
import functools
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.compiler.jit import compile_builder, function
from thalweg.compiler.render.llvm.builder import I32, I64, PTR, Builder
from thalweg.compiler.render.llvm.elementwise import random_bits
from thalweg.primitives.random import random_bits as primitive
from thalweg.primitives.random import threefry


@functools.cache
def bits(lanes: int, even: bool) -> Any:
    b = Builder()
    parameters = [(PTR, "out"), (I32, "key0"), (I32, "key1"), (I64, "first")]
    with b.function("bits", parameters, linkage="") as (out, key0, key1, first):
        b.store(random_bits(b, key0, key1, first, lanes, even), out)
    types = [ctypes.c_void_p, ctypes.c_uint32, ctypes.c_uint32, ctypes.c_int64]
    run = function(compile_builder(b), "bits", *types)

    def call(key: np.ndarray, index: int) -> np.ndarray:
        found = np.zeros(lanes, np.uint32)
        run(found.ctypes.data, int(key[0]), int(key[1]), index)
        return found

    return call


@pytest.mark.parametrize("even", [False, True])
@pytest.mark.parametrize("lanes", [1, 2, 4, 8, 16])
@settings(max_examples=20, deadline=None)
@given(
    key=st.tuples(st.integers(0, 2**32 - 1), st.integers(0, 2**32 - 1)),
    index=st.integers(0, 1_000),
)
def test_bits_are_the_primitives(lanes: int, even: bool, key: tuple[int, int], index: int):
    words = np.array(key, np.uint32)
    first = index * 2 if even else index
    whole = primitive.evaluate(words, shape=(first + lanes,))
    np.testing.assert_array_equal(bits(lanes, even)(words, first), whole[first:])


def test_counters_beyond_32_bits():
    key = np.array([1, 2], np.uint32)
    block = 2**32 + 5
    wanted = threefry(key, np.array([block % 2**32], np.uint32), np.array([1], np.uint32))
    found = bits(2, True)(key, 2 * block)
    np.testing.assert_array_equal(found, np.concatenate(wanted))
