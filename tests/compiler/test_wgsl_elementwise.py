"""Elementwise primitives as WGSL: accuracy, special values, integers, halves and random bits."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pytest

from tests.compiler.agreement import wide
from tests.compiler.draws import extremes
from tests.compiler.ulp import ORACLES, expected, ulp_errors
from tests.compiler.wgsl_agreement import shaded
from thalweg.compiler.render.wgsl.elementwise import HELPERS, helpers
from thalweg.compiler.render.wgsl.functions import number
from thalweg.primitives import PRIMITIVES as P
from thalweg.primitives.graph import trace
from thalweg.tensor import Tensor
from thalweg.tensor.dtypes import DTYPES, bfloat16, bool_, float16, float32, int32, uint32

Array = np.ndarray[Any, Any]
COUNT = 3000
NARROW = ["bool", "int16", "int32", "int8", "uint16", "uint32", "uint8"]
# What is furthest from the truth, in units in the last place.
MOST = {"erfc": 8, "erfinv": 8}
BINARY = ("arctan2", "pow")
UNARY = sorted({*ORACLES} - {*BINARY, "lgamma"})


def run(function: Callable[..., Sequence[Any]], *arrays: Array) -> list[Array]:
    return shaded(trace(lambda *xs: list(function(*xs)), [Tensor(x) for x in arrays]), arrays)


def floats(seed: int) -> Array:
    """Numbers of all sizes and near what matters, with the special ones; no denormals."""
    random = np.random.default_rng(seed)
    parts = [
        random.uniform(-1, 1, COUNT),
        random.uniform(-20, 20, COUNT),
        random.standard_normal(COUNT) * 10.0 ** random.uniform(-20, 20, COUNT),
        extremes(float32, (COUNT,), seed),
    ]
    return np.concatenate(parts).astype(np.float32)


def errors(found: Array, wanted: Array) -> Array:
    """Errors in units in the last place; a device may take denormals for zeros."""
    tiny = np.finfo(np.float32).tiny
    with np.errstate(all="ignore"):
        small = (np.abs(wanted) < 1.01 * tiny) & (np.abs(found) < 1.01 * tiny)
    return np.where(small, 0, ulp_errors(found, wanted))


def test_functions_of_floats() -> None:
    x = floats(1)
    found = dict(zip(UNARY, run(lambda a: [P[name](a) for name in UNARY], x), strict=True))
    worst = {name: float(errors(y, expected(name, x)).max()) for name, y in found.items()}
    assert {k: v for k, v in worst.items() if v > MOST.get(k, 5)} == {}


def test_functions_of_two_floats() -> None:
    x, y = floats(2), floats(3)
    found = run(lambda a, b: [P[name](a, b) for name in BINARY], x, y)
    for name, z in zip(BINARY, found, strict=True):
        assert errors(z, expected(name, x, y)).max() <= 5, name


def test_lgamma() -> None:
    # Between the poles it is the difference of large numbers, with zeros where they meet.
    x = floats(4)
    (found,) = run(lambda a: [P["lgamma"](a)], x)
    wanted = expected("lgamma", x)
    assert errors(found, wanted)[x > 0].max() <= 6
    np.testing.assert_allclose(found, wanted.astype(np.float32), 2e-6, 2e-6)


def test_constant_exponents() -> None:
    x = floats(5)
    found = run(lambda a: [a ** float(k) for k in (-1, 1, 2, 3)], x)
    for k, y in zip((-1, 1, 2, 3), found, strict=True):
        assert errors(y, expected("pow", x, np.full_like(x, k))).max() <= 3, k


REALS = ("abs", "ceil", "floor", "neg", "round", "sign", "trunc")
PAIRS = ("add", "sub", "mul", "floor_div", "mod", "max", "min", "eq", "ne", "lt", "le", "gt", "ge")


def test_arithmetic_of_floats_with_special_values() -> None:
    x, y = floats(6), floats(7)
    y[::3] = x[::3]
    found = run(lambda a, b: [*(P[n](a) for n in REALS), *(P[n](a, b) for n in PAIRS)], x, y)
    found += run(lambda a, b: [P["isfinite"](a), P["nextafter"](a, b)], x, y)
    with np.errstate(all="ignore"):
        wanted = [P[n].evaluate(x) for n in REALS] + [P[n].evaluate(x, y) for n in PAIRS]
        wanted += [P["isfinite"].evaluate(x), P["nextafter"].evaluate(x, y)]
    for name, a, b in zip((*REALS, *PAIRS, "isfinite", "nextafter"), found, wanted, strict=True):
        if a.dtype == bool_:
            np.testing.assert_array_equal(a, b, name)
        else:  # x // y divides, which devices round in their way
            assert errors(a, b).max() <= (2 if name == "floor_div" else 0), name


@pytest.mark.parametrize("dtype", NARROW)
def test_integers_and_bools(dtype: str) -> None:
    of = DTYPES[dtype]
    x, y = (extremes(of, (COUNT,), seed) for seed in (1, 2))
    bits = 8 * of.itemsize
    pairs = [n for n in PAIRS if of != bool_ or n not in ("sub", "floor_div", "mod")]
    pairs += ["and", "or", "xor"]
    operations: list[tuple[str, tuple[Array, ...]]] = [(n, (x, y)) for n in pairs]
    operations.append(("not", (x,)))
    if of != bool_:
        amount = np.abs(y % bits).astype(of)
        exponent = (y % 9 - (3 if of.kind == "i" else 0)).astype(of)
        operations += [(n, (x,)) for n in ("abs", "neg", "sign")]
        operations += [("shift_left", (x, amount)), ("shift_right", (x, amount))]
        operations.append(("pow", (x, exponent)))
    given = [x, y, *(xs[1] for n, xs in operations if n in ("shift_left", "pow"))]
    places = {id(a): i for i, a in enumerate(given)}

    def function(*tensors: Any) -> list[Any]:
        return [P[n](*(tensors[places[id(a)]] for a in xs)) for n, xs in operations]

    with np.errstate(all="ignore"):
        wanted = [P[n].evaluate(*xs) for n, xs in operations]
    for (name, _), a, b in zip(operations, run(function, *given), wanted, strict=True):
        np.testing.assert_array_equal(a, b, name)


@pytest.mark.parametrize("source", ["bfloat16", "float16", "float32", *NARROW])
def test_casts(source: str) -> None:
    x = extremes(DTYPES[source], (COUNT,), 3)
    if source == "float32":
        large = np.random.default_rng(0).uniform(-(2.0**31), 2.0**32, COUNT)
        x = np.concatenate([x, large.astype(np.float32)])
    targets = [DTYPES[name] for name in ("bfloat16", "float16", "float32", *NARROW)]
    found = run(lambda a: [P["cast"](a, dtype=t) for t in targets], x)
    with np.errstate(all="ignore"):
        # For uint32 beyond these NumPy has two answers, by the place in the array.
        known = (wide(x) >= -(2.0**31)) & (wide(x) < 2.0**32)
        for target, a in zip(targets, found, strict=True):
            wanted = P["cast"].evaluate(x, dtype=target)
            of = known if target == uint32 else slice(None)
            message = f"{source} to {target}"
            np.testing.assert_array_equal(wide(a)[of], wide(wanted)[of], message)


@pytest.mark.parametrize("dtype", [bfloat16, float16], ids=str)
def test_halves_are_rounded_to_nearest_even(dtype: Any) -> None:
    bits = np.random.default_rng(2).integers(0, 2**32, 20000, np.uint32)
    bits[:4096] = np.arange(4096, dtype=np.uint32) * 4096 + 0x33000000  # near the least ones
    x = bits.view(np.float32)
    x[np.abs(x) < np.finfo(np.float32).tiny] = 0.0
    (found,) = run(lambda a: [P["cast"](a, dtype=dtype)], x)
    with np.errstate(all="ignore"):
        np.testing.assert_array_equal(wide(found), wide(x.astype(dtype)))


@pytest.mark.parametrize(
    ("one", "other"),
    [(float32, int32), (float32, uint32), (float16, DTYPES["int16"]), (bfloat16, DTYPES["uint16"])],
    ids=str,
)
def test_bits_are_the_same(one: Any, other: Any) -> None:
    x = np.random.default_rng(1).standard_normal(500).astype(one)
    bits = x.view(other)
    found = run(lambda a, b: [P["bitcast"](a, dtype=other), P["bitcast"](b, dtype=one)], x, bits)
    np.testing.assert_array_equal(found[0], bits)
    np.testing.assert_array_equal(found[1].view(other), bits)


def test_random_bits_are_those_of_the_cpu() -> None:
    key = np.array([0xDEADBEEF, 7], np.uint32)
    (found,) = run(lambda k: [P["random_bits"](k, shape=(1001,))], key)
    np.testing.assert_array_equal(found, P["random_bits"].evaluate(key, shape=(1001,)))


def test_the_library_names_what_it_calls() -> None:
    for name, text in HELPERS.items():
        assert text.startswith(f"fn {name}(")
        assert name in helpers(name)
    assert set(helpers("power_f32")) >= {"power_of_size", "log2_in_two", "is_nan", "from_bits"}


@pytest.mark.parametrize("value", [0.0, 1.0, -0.1, 3.4028234e38, 1.1754944e-38, 123456.789, -2e-7])
def test_numbers_are_written_exactly(value: float) -> None:
    text = number(value)
    assert text.startswith("(") == (value < 0)
    assert np.float32(text.strip("()").removesuffix("f")) == np.float32(value)
