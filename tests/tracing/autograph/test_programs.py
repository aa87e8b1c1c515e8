"""Random programs of conditions, loops and jumps give what Python gives."""

from __future__ import annotations

from typing import Any

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.tracing.autograph.harness import defined, eager, traced
from tests.tracing.autograph.programs import program

XS = np.array([2, -1, 3], np.int32)


def outcome(run: Any, function: Any, *values: Any) -> Any:
    try:
        return float(run(function, *values))
    except UnboundLocalError:
        return "no value"


@settings(max_examples=40)
@given(st.integers(0, 10**9), st.integers(-3, 5), st.integers(-3, 5))
def test_random_programs(seed: int, a: int, b: int) -> None:
    function = defined(program(seed), "f", f"<program {seed}>")
    values = np.int32(a), np.int32(b), XS
    expected = outcome(eager, function, *values)
    found = outcome(traced, function, *values)
    if isinstance(expected, str) or isinstance(found, str):
        assert found == expected
    else:
        np.testing.assert_allclose(found, expected, rtol=1e-4)
