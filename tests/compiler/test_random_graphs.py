"""Random graphs give the same compiled as with NumPy, on every target and number of workers."""

from __future__ import annotations

import random
from typing import Any

import pytest

from tests.compiler.agreement import agree
from tests.compiler.draws import numbers
from tests.compiler.random_graphs import random_function
from thalweg.devices.cpu import host
from thalweg.tensor.dtypes import as_dtype

INPUTS = (
    ((4, 6), "float32"),
    ((6,), "float32"),
    ((3, 4, 6), "float32"),
    ((5,), "int32"),
    ((2, 1, 7), "float32"),
    ((), "float32"),
    ((4, 6), "bool"),
    ((16, 17), "float32"),
)


def check_random(seed: int) -> None:
    choice = random.Random(seed)
    shapes = choice.sample(INPUTS, choice.randint(2, 5))
    arrays = [numbers(as_dtype(d), s, seed + i) for i, (s, d) in enumerate(shapes)]
    states = choice.randint(0, 2)
    function = random_function(seed, choice.randint(3, 40), states, choice.randint(1, 9))
    agree(function, arrays, states=states)


@pytest.mark.parametrize("seed", range(40))
def test_random(seed: int) -> None:
    check_random(seed)


@pytest.mark.parametrize("seed", range(100, 112))
@pytest.mark.parametrize("target", ["avx2", "sse"])
def test_random_on_older_processors(seed: int, target: str, monkeypatch: Any) -> None:
    try:
        monkeypatch.setenv("THALWEG_TARGET", target)
        host.host()
    except ValueError as error:
        pytest.skip(str(error))
    check_random(seed)


@pytest.mark.parametrize("seed", range(200, 215))
def test_random_on_two_workers(seed: int, monkeypatch: Any) -> None:
    # Also kernels so small that one worker would be left alone with them.
    monkeypatch.setattr("thalweg.devices.cpu.executable.workers", lambda *_: 2)
    monkeypatch.setattr("thalweg.compiler.render.llvm.leaves._SMALL", 0.0)
    check_random(seed)
