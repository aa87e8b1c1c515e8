"""Primitives in the middle of others: what is fused, moved, updated in place or used twice."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.compiler.agreement import Run, agree, compiled
from tests.compiler.cases import CASES, Case, applied
from thalweg.primitives import PRIMITIVES as P
from thalweg.primitives import elementwise as e
from thalweg.tensor import Tensor
from thalweg.tensor.dtypes import bool_, int8

Shape = tuple[int, ...]


def each(x: Any, number: int) -> Shape:
    return (number,) * len(x.shape)


def backward(x: Any) -> Shape:
    return tuple(range(len(x.shape)))[::-1]


def within(x: Any, low: int, high: int, inner: int) -> Any:
    """Padded, and cut out again."""
    zero = e.splat(0, (), x.dtype)
    wide = P["pad"](x, zero, low=each(x, low), high=each(x, high), inner=each(x, inner))
    stop = tuple(low + ((n - 1) * (inner + 1) + 1 if n else 0) for n in x.shape)
    return P["slice"](wide, start=each(x, low), stop=stop, step=each(x, inner + 1))


def joined(x: Any) -> Any:
    """Behind itself, and cut off again."""
    if not x.shape:
        return x
    n, rest = x.shape[0], x.shape[1:]
    twice = P["concat"](P["reverse"](x, axes=(0,)), x, axis=0)
    return P["slice"](twice, start=(n, *each(x, 0)[1:]), stop=(2 * n, *rest), step=each(x, 1))


def computed(x: Any) -> Any:
    """By an operation that leaves numbers as they are, which the passes do not know."""
    if x.dtype.kind == "c":
        return e.conjugate(x)
    if x.dtype == bool_:
        never = e.lt(e.cast(x, dtype=int8), e.splat(-1, x.shape, int8))
        return e.or_(x, never)
    least = np.iinfo(x.dtype).min if x.dtype.kind in "iu" else -np.inf
    return e.max_(x, e.splat(least, x.shape, x.dtype))


# The same elements, through something that hides the buffer they lie in.
BEFORE: dict[str, Callable[[Any], Any]] = {
    "as it is": lambda x: x,
    "computed": computed,
    "reshaped": lambda x: P["reshape"](P["reshape"](x, shape=(x.size,)), shape=x.shape),
    "transposed": lambda x: P["transpose"](
        computed(P["transpose"](x, axes=backward(x))), axes=backward(x)
    ),
    "reversed": lambda x: P["reverse"](
        computed(P["reverse"](x, axes=backward(x)[:1])), axes=backward(x)[:1]
    ),
    "padded": lambda x: within(x, 1, 2, 0),
    "spread": lambda x: within(computed(x), 0, 0, 1),
    "joined": joined,
    "gathered": lambda x: (
        P["gather"](x, Tensor(np.arange(x.shape[0], dtype=np.int32)), axis=0)
        if x.shape and x.size
        else x
    ),
}


def reduced(y: Any, choice: random.Random) -> Any:
    """Over some axes, in a way that is exact."""
    axes = tuple(sorted(choice.sample(range(len(y.shape)), choice.randint(0, len(y.shape)))))
    if y.dtype == bool_:
        return P["reduce_and"](y, axes=axes)
    return P["reduce_max"](y, axes=axes) if y.size and y.dtype.kind != "c" else y


def surrounded(case: Case, seed: int) -> Callable[..., list[Any]]:
    """A function that applies the case to what was computed, and uses its outputs in many ways.

    The first argument is a state of the shape of the first output.
    """

    def function(state: Any, *inputs: Any) -> list[Any]:
        choice = random.Random(seed)
        ways = [BEFORE[choice.choice(sorted(BEFORE))] for _ in inputs]
        outputs = applied(case, [way(x) for way, x in zip(ways, inputs, strict=True)])
        found: list[Any] = []
        for y in outputs:
            way = BEFORE[choice.choice(sorted(BEFORE))]
            found += [y, way(y), reduced(y, choice), y]
            order = tuple(choice.sample(range(len(y.shape)), len(y.shape)))
            found.append(P["transpose"](computed(y), axes=order))
        keep = e.splat(choice.random() < 0.5, state.shape, bool_)
        new = e.select(keep, state, BEFORE[choice.choice(sorted(BEFORE))](outputs[0]))
        return [new, computed(state), *found]

    return function


def check_surrounded(cases: Sequence[Case], seed: int, run: Run = compiled) -> None:
    for case in cases:
        spec = case.primitive.specs(*case.inputs, **case.params)[0]
        state = np.ones(spec.shape, spec.dtype)
        agree(surrounded(case, seed), [state, *case.inputs], case.ulps, 1, run)


@pytest.mark.parametrize("name", sorted(CASES))
@given(data=st.data(), seed=st.integers(0, 10**6))
@settings(max_examples=4, deadline=None, database=None, derandomize=True)
def test_surrounded(name: str, data: st.DataObject, seed: int) -> None:
    check_surrounded([data.draw(CASES[name])], seed)
