"""Contractions compiled: every form, size, dtype and target against NumPy."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.compiler.contractions import Case, close, run
from tests.compiler.jit import TARGETS
from tests.compiler.kernels import Kernel
from thalweg.compiler.dims import Dim
from thalweg.compiler.target import AVX2, AVX512, Target

ZEN4 = replace(AVX512, narrow_is_as_fast=True)
ALL = [*TARGETS, *([ZEN4] if AVX512 in TARGETS else [])]
IDS = [t.name + ("-zen4" if t.narrow_is_as_fast else "") for t in ALL]
LENGTHS = st.sampled_from([1, 2, 3, 5, 8, 13, 16, 17, 24, 33, 50, 65])


@pytest.mark.parametrize("target", ALL, ids=IDS)
@settings(max_examples=12, deadline=None)
@given(
    lengths=st.tuples(st.sampled_from([1, 1, 2, 5, 17]), LENGTHS, LENGTHS, LENGTHS),
    left=st.booleans(),
    right=st.booleans(),
    dtype=st.sampled_from(["float32", "float32", "float64", "float16", "bfloat16"]),
    workers=st.integers(1, 3),
)
def test_any_product(
    target: Target,
    lengths: tuple[int, int, int, int],
    left: bool,
    right: bool,
    dtype: str,
    workers: int,
) -> None:
    found, expected = run(Case(lengths, left, right, dtype), target, workers=workers)
    close(found, expected, lengths[3], found.dtype)


@pytest.mark.parametrize("target", ALL, ids=IDS)
@settings(max_examples=8, deadline=None)
@given(
    which=st.sampled_from([0, 1, 2, 3]),
    lengths=st.tuples(st.sampled_from([1, 3]), LENGTHS, LENGTHS, LENGTHS),
    left=st.booleans(),
    right=st.booleans(),
    n=st.sampled_from([1, 2, 7, 16, 37, 64]),
    scale=st.sampled_from([1, 1, 3]),
    workers=st.integers(1, 3),
)
def test_any_batch_size(
    target: Target,
    which: int,
    lengths: tuple[int, int, int, int],
    left: bool,
    right: bool,
    n: int,
    scale: int,
    workers: int,
) -> None:
    mixed: list[Dim | int] = list(lengths)
    mixed[which] = Dim(scale, 0)
    case = Case((mixed[0], mixed[1], mixed[2], mixed[3]), left, right)
    found, expected = run(case, target, n, workers)
    close(found, expected, case.k.extent.at(n))


@pytest.mark.parametrize("dtype", ["int8", "uint16", "int32", "int64", "bool"])
def test_whole_numbers(dtype: str) -> None:
    found, expected = run(Case((2, 7, 9, 11), dtype=dtype), AVX2, workers=2)
    np.testing.assert_array_equal(found, expected)


@pytest.mark.parametrize("target", ALL, ids=IDS)
@pytest.mark.parametrize(
    "lengths", [(1, 3, 4, 0), (1, 0, 4, 3), (1, 3, 0, 4), (0, 3, 4, 5)], ids=str
)
def test_no_elements(target: Target, lengths: tuple[int, int, int, int]) -> None:
    found, expected = run(Case(lengths), target, workers=2)
    np.testing.assert_array_equal(found, expected)


# With little cache, k comes in blocks and operands are packed.
SMALL = [replace(t, l1=1024, l2=16 * 1024) for t in ALL]


@pytest.mark.parametrize("target", SMALL, ids=IDS)
@pytest.mark.parametrize("left", [False, True], ids=["n", "t"])
@pytest.mark.parametrize("right", [False, True], ids=["n", "t"])
def test_blocks_along_k(target: Target, left: bool, right: bool) -> None:
    found, expected = run(Case((2, 21, 70, 1000), left, right), target, workers=2)
    close(found, expected, 1000)
    found, expected = run(Case((1, 19, 35, Dim(7, 1)), left, right), target, 64, 2)
    close(found, expected, 449)


def test_rows_of_many_operands_are_packed() -> None:
    found, expected = run(Case((1, 200, 300, 400)), SMALL[0], workers=2)
    close(found, expected, 400)
    found, expected = run(Case((1, 1100, 40, 1000), left=True), ALL[0], workers=3)
    close(found, expected, 1000)


@pytest.mark.parametrize("target", ALL, ids=IDS)
def test_large(target: Target) -> None:
    found, expected = run(Case((1, 260, 270, 700)), target, workers=2)
    close(found, expected, 700)


def test_nan_and_infinity_go_through() -> None:
    case = Case((1, 9, 20, 5))
    a, b = case.arrays()
    a[0, 3, 2], b[0, 1, 7] = np.nan, np.inf
    found = np.zeros((1, 9, 20), np.float32)
    Kernel(case.kernel(), ALL[0])({case.a: a, case.b: b, case.out: found})
    with np.errstate(invalid="ignore"):
        np.testing.assert_array_equal(np.isnan(found), np.isnan(case.expected(a, b)))
    assert np.isinf(found[0, 0, 7])


@pytest.mark.parametrize("target", ALL, ids=IDS)
@pytest.mark.parametrize("columns", [1, 2, 3, 4])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("swapped", [False, True], ids=["columns", "rows"])
def test_few_columns_or_rows(target: Target, columns: int, dtype: str, swapped: bool) -> None:
    for batch, other, depth, n in ((1, 21, 50, 1), (3, Dim(1, 0), 37, 11), (1, 5, Dim(1, 0), 40)):
        sizes = (columns, other) if swapped else (other, columns)
        case = Case((batch, *sizes, depth), right=True, dtype=dtype)
        found, expected = run(case, target, n, 2)
        close(found, expected, case.k.extent.at(n), found.dtype)
