"""Every primitive, compiled, gives what its NumPy reference gives."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.compiler.agreement import Run, assert_agree, compiled, reference
from tests.compiler.cases import CASES, STRUCTURE, Case, applied
from thalweg.primitives import PRIMITIVES
from thalweg.primitives.graph import trace
from thalweg.tensor import Tensor


def test_no_primitive_is_forgotten() -> None:
    assert {*CASES, *STRUCTURE} == set(PRIMITIVES)


def check_together(cases: list[Case], run: Run = compiled) -> None:
    """Several applications in one program, each with inputs of its own."""
    sizes = [len(case.inputs) for case in cases]
    arrays = [a for case in cases for a in case.inputs]

    def function(*xs: Any) -> list[Any]:
        found, begin = [], 0
        for case, size in zip(cases, sizes, strict=True):
            found.extend(applied(case, xs[begin : begin + size]))
            begin += size
        return found

    graph = trace(function, [Tensor(np.asarray(a)) for a in arrays])
    found, wanted = run(graph, arrays, 0), reference(graph, arrays)
    outputs = [case for case in cases for _ in case.primitive.specs(*case.inputs, **case.params)]
    for case, a, b in zip(outputs, found, wanted, strict=True):
        shapes = [(x.shape, x.dtype.name) for x in case.inputs]
        assert_agree(a, b, case.ulps, f"{case.primitive.name} of {shapes} {case.params}")


@pytest.mark.parametrize("name", sorted(CASES))
@given(data=st.data())
@settings(max_examples=3, deadline=None, database=None, derandomize=True)
def test_alone(name: str, data: st.DataObject) -> None:
    check_together(data.draw(st.lists(CASES[name], min_size=6, max_size=10)))
