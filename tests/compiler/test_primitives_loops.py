"""Primitives in the bodies of scans, loops and branches."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.compiler.agreement import agree
from tests.compiler.cases import CASES, Case, applied
from thalweg import ops
from thalweg.primitives import elementwise as e

Array = np.ndarray[Any, Any]
STEPS = 3


def variants(x: Array, turned: bool) -> Array:
    """An array for each step; the second one back to front."""
    other = np.flip(x) if turned else x
    return np.stack([x, other, x])


def zeros(case: Case) -> list[Any]:
    specs = case.primitive.specs(*case.inputs, **case.params)
    return [e.splat(0, s.shape, s.dtype) for s in specs]


def looped(case: Case, sequences: Sequence[bool], reverse: bool) -> Callable[..., list[Any]]:
    """A function that applies the case in loops.

    Its arguments: how often the while loop turns, then the inputs; those that `sequences` says
    have one for each step of the scan.
    """

    def function(turns: Any, *inputs: Any) -> list[Any]:
        inside = [x for x, each in zip(inputs, sequences, strict=True) if each]
        outside = [x for x, each in zip(inputs, sequences, strict=True) if not each]

        def arguments(elements: Sequence[Any]) -> list[Any]:
            own, shared = iter(elements), iter(outside)
            return [next(own) if each else next(shared) for each in sequences]

        def step(state: Any, elements: Any) -> Any:
            count, last = state
            found = applied(case, arguments(elements))
            return (count + 1, found), (found[0], last[0])

        start = (ops.convert_to_tensor(0), zeros(case))
        if inside:
            (count, last), stacked = ops.scan(step, start, inside, reverse=reverse)
        else:
            (count, last), stacked = ops.scan(
                lambda state, _: step(state, ()), start, length=STEPS, reverse=reverse
            )
        first = arguments([x[0] for x in inside])
        i, of_loop = ops.while_loop(
            lambda i, ys: i < turns,
            lambda i, ys: (i + 1, applied(case, first)),
            (ops.convert_to_tensor(0), zeros(case)),
        )
        chosen = ops.cond(turns > 1, lambda: applied(case, first), lambda: last)
        return [count, i, *last, *stacked, *of_loop, *chosen]

    return function


def check_looped(cases: Sequence[Case], seed: int) -> None:
    random = np.random.default_rng(seed)
    for case in cases:
        sequences = [bool(random.integers(0, 2)) for _ in case.inputs]
        turned = case.primitive.family != "linalg" and case.primitive.name != "dynamic_slice"
        arrays = [
            variants(x, turned) if each else x
            for x, each in zip(case.inputs, sequences, strict=True)
        ]
        turns = np.asarray(random.integers(0, 4), np.int32)
        function = looped(case, sequences, bool(random.integers(0, 2)))
        agree(function, [turns, *arrays], case.ulps)


@pytest.mark.parametrize("name", sorted(CASES))
@given(data=st.data(), seed=st.integers(0, 10**6))
@settings(max_examples=2, deadline=None, database=None, derandomize=True)
def test_looped(name: str, data: st.DataObject, seed: int) -> None:
    check_looped([data.draw(CASES[name])], seed)
