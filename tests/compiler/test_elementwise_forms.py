"""Loads and stores of every dtype, masks, and the conversions of half precision."""

from __future__ import annotations

import ctypes

import numpy as np
import pytest

from tests.compiler.jit import TARGETS, compile_builder, elementwise_loop, function
from thalweg.compiler.render.llvm import elementwise
from thalweg.compiler.render.llvm.builder import I64, PTR, Builder
from thalweg.compiler.target import AVX2, SSE, Target
from thalweg.tensor.dtypes import FLOATING, INTEGER, DType, as_dtype, bool_


@pytest.mark.parametrize("target", [AVX2, SSE], ids=lambda t: t.name)
@pytest.mark.parametrize("dtype", ["bfloat16", "float16"])
def test_all_halves_widen_exactly(dtype: str, target: Target):
    x = np.arange(2**16, dtype=np.uint16).view(as_dtype(dtype))
    loop = elementwise_loop("cast", (dtype,), "float32", 8, target, parameter="float32")
    np.testing.assert_array_equal(loop(x), x.astype(np.float32))


@pytest.mark.parametrize("target", [AVX2, SSE], ids=lambda t: t.name)
@pytest.mark.parametrize("source", ["float32", "float64"])
@pytest.mark.parametrize("dtype", ["bfloat16", "float16"])
def test_narrowing_rounds_to_nearest_even(dtype: str, source: str, target: Target):
    # All halves, the middles between neighbours, and numbers just beside the middles.
    halves = np.arange(2**16, dtype=np.uint16).view(as_dtype(dtype)).astype(np.float32)
    exact = np.sort(halves[np.isfinite(halves)]).astype(source)
    middle = exact[1:] / 2 + exact[:-1] / 2
    x = np.concatenate([exact, middle, np.nextafter(middle, np.inf), np.nextafter(middle, -np.inf)])
    beyond = np.array([7e4, -7e4, 1e30, -1e38, np.inf, -np.inf, np.nan], source)
    random = np.random.default_rng(0).integers(0, 2**32, 50_000, np.uint32).view(np.float32)
    with np.errstate(all="ignore"):
        x = np.concatenate([x, beyond, random.astype(source)])
        wanted = x.astype(as_dtype(dtype))
    found = elementwise_loop("cast", (source,), dtype, 8, target, parameter=dtype)(x)
    number = ~np.isnan(x)
    np.testing.assert_array_equal(found.view(np.uint16)[number], wanted.view(np.uint16)[number])
    assert np.isnan(found[~number].astype(np.float32)).all()


@pytest.mark.parametrize("target", TARGETS, ids=lambda t: t.name)
@pytest.mark.parametrize("dtype", [*FLOATING, *INTEGER, bool_], ids=lambda d: d.name)
def test_masks_leave_the_rest_alone(dtype: DType, target: Target):
    b = Builder(target)
    lanes = 8
    with b.function("copy", [(PTR, "x"), (PTR, "y"), (I64, "count")], linkage="") as values:
        x, y, count = values
        mask = b.mask(count, lanes)
        value = elementwise.load(b, x, dtype, lanes, mask)
        elementwise.store(b, value, y, dtype, mask)
        # Outside the mask the loaded lanes are zero.
        held = elementwise.memory(dtype).element
        elementwise.store(b, value, b.at(y, lanes, held), dtype)
    run = function(compile_builder(b), "copy", ctypes.c_void_p, ctypes.c_void_p, ctypes.c_int64)
    given = np.array([1, 0, 1, 1, 0, 1, 1, 1]).astype(dtype)
    for count in range(lanes + 1):
        found = np.ones(2 * lanes, dtype)
        run(given.ctypes.data, found.ctypes.data, count)
        np.testing.assert_array_equal(found[:count], given[:count])
        assert (found[count:lanes] == 1).all()
        np.testing.assert_array_equal(found[lanes : lanes + count], given[:count])
        assert (found[lanes + count :] == 0).all()


@pytest.mark.parametrize("lanes", [1, 4])
@pytest.mark.parametrize("dtype", [*FLOATING, *INTEGER, bool_], ids=lambda d: d.name)
def test_constants(dtype: DType, lanes: int):
    value = 1 if dtype.kind in "iub" else 0.1
    if dtype.kind == "u":
        value = int(np.iinfo(dtype).max)
    b = Builder()
    with b.function("fill", [(PTR, "x")], linkage="") as (x,):
        elementwise.store(b, elementwise.constant(b, dtype, value, lanes), x, dtype)
    found = np.zeros(lanes, dtype)
    function(compile_builder(b), "fill", ctypes.c_void_p)(found.ctypes.data)
    assert (found == np.asarray(value).astype(dtype)).all()
