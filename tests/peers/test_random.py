"""The random operations: signatures, shapes, dtypes and moments against Keras."""

from __future__ import annotations

import inspect
from typing import Any

import keras
import numpy as np
import pytest

from thalweg import random

pytestmark = pytest.mark.peer


NAMES = [
    *("beta", "binomial", "categorical", "dropout", "gamma", "normal", "randint", "shuffle"),
    *("truncated_normal", "uniform"),
]


@pytest.mark.parametrize("name", NAMES)
def test_signature(name: str) -> None:
    theirs = inspect.signature(getattr(keras.random, name)).parameters
    ours = inspect.signature(getattr(random, name)).parameters
    assert [(n, p.default) for n, p in ours.items()] == [(n, p.default) for n, p in theirs.items()]


CALLS: list[tuple[str, tuple[Any, ...], dict[str, Any]]] = [
    ("normal", ((4000, 3), 1.0, 2.0), {}),
    ("normal", ((4000,),), {"dtype": "float16"}),
    ("uniform", ((4000, 3), -1.0, 3.0), {}),
    ("uniform", ((4000,),), {"dtype": "bfloat16"}),
    ("truncated_normal", ((4000, 3), 1.0, 2.0), {}),
    ("randint", ((4000, 3), -5, 6), {}),
    ("randint", ((4000,), 0, 100), {"dtype": "int8"}),
    ("randint", ((4000,), 0, 100), {"dtype": "uint32"}),
    ("gamma", ((4000, 3), [0.5, 2.0, 9.0]), {}),
    ("beta", ((4000, 3), [0.5, 2.0, 9.0], 2.0), {}),
    ("binomial", ((4000, 3), [5.0, 50.0, 500.0], 0.3), {}),
    ("categorical", (np.log([[0.2, 0.3, 0.5]] * 2), 4000), {}),
    ("categorical", (np.log([[0.2, 0.3, 0.5]] * 2), 4000), {"dtype": "int8"}),
    ("dropout", (np.ones((4000, 2), np.float32), 0.3), {}),
    ("dropout", (np.ones((4000, 2), np.float32), 0.3, (4000, 1)), {}),
    ("shuffle", (np.arange(12, dtype=np.int32).reshape(3, 4), 1), {}),
]


@pytest.mark.parametrize(("name", "args", "kwargs"), CALLS)
def test_shapes_dtypes_moments(name: str, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
    if name == "beta":
        given = (args[0], np.array(args[1], np.float32), args[2])
    elif name in ("gamma", "binomial"):
        given = (args[0], np.array(args[1], np.float32), *args[2:])
    else:
        given = args
    theirs = getattr(keras.random, name)(*given, seed=1, **kwargs)
    ours = getattr(random, name)(*given, seed=1, **kwargs)
    assert ours.shape == tuple(theirs.shape)
    assert ours.dtype.name == keras.ops.dtype(theirs)
    a, b = np.asarray(ours).astype(np.float64), np.asarray(theirs).astype(np.float64)
    error = 6 * b.std(0) / np.sqrt(len(b) / 2) + 1e-6
    if name != "shuffle" and name != "categorical":
        assert (np.abs(a.mean(0) - b.mean(0)) < error).all()
        assert (np.abs(a.std(0) - b.std(0)) < error * 3).all()
    if name == "shuffle":
        assert (np.sort(a, 1) == np.sort(b, 1)).all()


def test_int_seed_repeats_as_in_keras() -> None:
    for module in (random, keras.random):
        generator = module.SeedGenerator(3)
        first = np.asarray(module.normal((3,), seed=generator))
        second = np.asarray(module.normal((3,), seed=generator))
        assert not np.array_equal(first, second)
        again = np.asarray(module.normal((3,), seed=module.SeedGenerator(3)))
        assert np.array_equal(first, again)
