"""Contractions as shaders: every form, size, dtype, plan and profile against NumPy."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.compiler.contractions import Case, close
from tests.compiler.wgsl_contractions import PROFILES, run, run_kernel
from thalweg.compiler.dims import Dim
from thalweg.compiler.render.wgsl.contract.plan import Plan

LENGTHS = st.sampled_from([1, 2, 3, 5, 8, 13, 16, 17, 33, 65])
PROFILE = st.sampled_from(PROFILES)


@settings(max_examples=14, deadline=None)
@given(
    lengths=st.tuples(st.sampled_from([1, 1, 2, 5]), LENGTHS, LENGTHS, LENGTHS),
    left=st.booleans(),
    right=st.booleans(),
    dtype=st.sampled_from(["float32", "float32", "float16", "bfloat16"]),
    profile=PROFILE,
)
def test_any_product(
    lengths: tuple[int, int, int, int], left: bool, right: bool, dtype: str, profile: str
) -> None:
    found, expected = run(Case(lengths, left, right, dtype), profile=profile)
    close(found, expected, lengths[3], found.dtype)


@settings(max_examples=8, deadline=None)
@given(
    which=st.sampled_from([0, 1, 2, 3]),
    lengths=st.tuples(st.sampled_from([1, 3]), LENGTHS, LENGTHS, LENGTHS),
    left=st.booleans(),
    right=st.booleans(),
    n=st.sampled_from([1, 2, 7, 16, 37]),
    scale=st.sampled_from([1, 1, 3]),
    profile=PROFILE,
)
def test_any_batch_size(
    which: int,
    lengths: tuple[int, int, int, int],
    left: bool,
    right: bool,
    n: int,
    scale: int,
    profile: str,
) -> None:
    mixed: list[Dim | int] = list(lengths)
    mixed[which] = Dim(scale, 0)
    case = Case((mixed[0], mixed[1], mixed[2], mixed[3]), left, right)
    found, expected = run(case, n, profile, capacity=64)
    close(found, expected, case.k.extent.at(n))


PLANS = {
    "one sum each": Plan(1, 1, 2, 16),
    "odd tiles": Plan(3, 5, 4, 4, depth=3),
    "along m": Plan(8, 8, 32, 1, depth=2),
    "swapped": Plan(4, 8, 2, 8, swapped=True),
    "slices": Plan(3, 6, 2, 2, slices=8, depth=2),
    "slices first": Plan(2, 8, 1, 2, slices=16, slices_first=True),
    "parts": Plan(4, 4, 2, 8, parts=3, depth=2),
    "slices and parts": Plan(2, 3, 2, 4, slices=4, parts=5),
    "staged": Plan(4, 4, 8, 8, depth=16, staged=True),
    "staged, high": Plan(8, 4, 8, 4, depth=8, staged=True),
    "staged, wide": Plan(4, 8, 4, 16, depth=16, staged=True),
    "staged, large": Plan(8, 8, 8, 8, depth=16, staged=True),
    "staged parts": Plan(4, 4, 8, 8, parts=3, depth=16, staged=True),
}


@pytest.mark.parametrize("plan", PLANS.values(), ids=PLANS)
@pytest.mark.parametrize("transposed", [False, True], ids=["n", "t"])
def test_any_plan(plan: Plan, transposed: bool) -> None:
    found, expected = run(Case((2, 37, 29, 53), transposed, transposed), plan=plan)
    close(found, expected, 53)


LATE = ["odd tiles", "slices and parts", "staged, high", "staged parts"]


@pytest.mark.parametrize("plan", [PLANS[name] for name in LATE], ids=LATE)
@pytest.mark.parametrize(
    "lengths", [(1, Dim(1, 0), 35, 20), (1, 9, Dim(3, 1), 40), (1, 18, 20, Dim(1, 0))], ids="mnk"
)
def test_any_plan_where_a_length_is_known_late(
    plan: Plan, lengths: tuple[int, int, int, int]
) -> None:
    found, expected = run(Case(lengths), 41, plan=plan, capacity=64)
    close(found, expected, 41)


@pytest.mark.parametrize("plan", [PLANS["odd tiles"], PLANS["slices and parts"], PLANS["staged"]])
@pytest.mark.parametrize("dtype", ["int8", "uint32"])
def test_whole_numbers(dtype: str, plan: Plan) -> None:
    found, expected = run(Case((2, 7, 9, 31), dtype=dtype), plan=plan)
    np.testing.assert_array_equal(found, expected)


@pytest.mark.parametrize("profile", PROFILES)
@pytest.mark.parametrize("lengths", [(2, 7, 9, 5), (1, 2, 3, 700)], ids=str)
def test_bools(lengths: tuple[int, int, int, int], profile: str) -> None:
    found, expected = run(Case(lengths, dtype="bool"), profile=profile)
    np.testing.assert_array_equal(found, expected)


@pytest.mark.parametrize("profile", PROFILES)
@pytest.mark.parametrize(
    "lengths", [(1, 3, 4, 0), (1, 0, 4, 3), (1, 3, 0, 4), (0, 3, 4, 5)], ids=str
)
def test_no_elements(lengths: tuple[int, int, int, int], profile: str) -> None:
    found, expected = run(Case(lengths), profile=profile)
    np.testing.assert_array_equal(found, expected)


@pytest.mark.parametrize("profile", PROFILES)
@pytest.mark.parametrize(
    "lengths",
    [(1, 1, 300, 500), (1, 400, 1, 300), (1, 1, 1, 2000), (1, 9, 32, 9000), (1, 260, 270, 300)],
    ids=str,
)
def test_shapes_with_plans_of_their_own(lengths: tuple[int, int, int, int], profile: str) -> None:
    found, expected = run(Case(lengths, right=lengths[1] > 1), profile=profile)
    close(found, expected, lengths[3])


@pytest.mark.parametrize("profile", PROFILES)
def test_nan_and_infinity_stay_where_they_are(profile: str) -> None:
    case = Case((1, 19, 21, 5))
    a, b = case.arrays()
    a[0, 3, 2], b[0, 1, 7] = np.nan, np.inf
    arrays = {case.a: a.reshape(-1), case.b: b.reshape(-1), case.out: np.zeros(399, np.float32)}
    found = run_kernel(case.kernel(), arrays, profile=profile)[case.out].reshape(1, 19, 21)
    finite = np.ones((1, 19, 21), bool)
    finite[0, 3, :] = finite[0, :, 7] = False
    np.testing.assert_array_equal(np.isfinite(found), finite)
