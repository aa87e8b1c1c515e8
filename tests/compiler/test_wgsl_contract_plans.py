"""The plans of contractions on WebGPU: within the limits of every adapter, fit for a shape."""

from __future__ import annotations

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.compiler.contractions import Case
from tests.compiler.wgsl_contractions import PROFILES
from thalweg.compiler.render.wgsl.contract import MACHINES, render
from thalweg.compiler.render.wgsl.contract.choose import choose
from thalweg.compiler.render.wgsl.contract.plan import Plan
from thalweg.compiler.render.wgsl.contract.problem import Problem
from thalweg.compiler.render.wgsl.layout import Place, Room

LENGTHS = st.sampled_from([1, 2, 3, 9, 10, 32, 50, 64, 100, 128, 288, 512, 784, 12800])


def chosen(lengths: tuple[int, int, int, int], profile: str, right: bool = False) -> Plan:
    return choose(Problem.of(Case(lengths, right=right).kernel()), MACHINES[profile], 1)


def texts(case: Case, profile: str) -> list[str]:
    places = {b: Place(64 * i) for i, b in enumerate((case.a, case.b, case.out))}
    return [s.code for s in render(case.kernel(), Room(places, 1, 256, profile=profile))]


@settings(max_examples=40, deadline=None)
@given(
    lengths=st.tuples(st.sampled_from([1, 8]), LENGTHS, LENGTHS, LENGTHS),
    left=st.booleans(),
    right=st.booleans(),
    profile=st.sampled_from(PROFILES),
)
def test_default_limits_hold(
    lengths: tuple[int, int, int, int], left: bool, right: bool, profile: str
) -> None:
    for text in texts(Case(lengths, left, right), profile):
        (size,) = re.findall(r"@workgroup_size\((\d+)\)", text)
        assert int(size) <= 256
        memory = re.findall(r"var<workgroup> \w+: array<(vec4<)?\w+>?, (\d+)>", text)
        assert len(memory) == text.count("var<workgroup>")
        assert sum(int(count) * (4 if wide else 1) for wide, count in memory) <= 4096
        if profile == "software":
            assert not memory
            assert "Barrier" not in text


def test_large_products_go_through_workgroup_memory() -> None:
    assert chosen((1, 1024, 1024, 1024), "gpu").staged
    assert not chosen((1, 1024, 1024, 1024), "software").staged


@pytest.mark.parametrize("right", [False, True], ids=["n", "t"])
def test_one_row_is_shared_along_k(right: bool) -> None:
    plan = chosen((1, 1, 512, 784), "gpu", right)
    assert plan.slices > 1
    # Neighbours read what lies next to each other: along n, or along k.
    assert (plan.slices_first or plan.wide == 1) == right


def test_few_sums_of_many_products_are_shared_by_workgroups() -> None:
    for profile in PROFILES:
        assert chosen((1, 9, 32, 73728), profile).parts > 1


def test_small_products_use_many_invocations() -> None:
    plan = chosen((1, 40, 50, 13), "gpu")
    assert plan.rows * plan.columns <= 4
