"""Compiled arithmetic, comparisons, logic and casts against the primitives' own evaluation."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.compiler.jit import TARGETS, elementwise_loop
from thalweg.compiler.render.llvm import elementwise
from thalweg.compiler.target import SSE
from thalweg.primitives import elementwise as table
from thalweg.primitives.primitive import Primitive
from thalweg.tensor.dtypes import FLOATING, INTEGER, as_dtype, bool_, complex64, float32, float64

PRIMITIVES = {p.name: p for p in vars(table).values() if isinstance(p, Primitive)}
DTYPES = [d.name for d in (*FLOATING, *INTEGER, bool_)]
FLOATS = [d.name for d in FLOATING]
INTEGERS = [d.name for d in INTEGER]

UNARY = {"neg": FLOATS + INTEGERS, "abs": FLOATS + INTEGERS, "sign": FLOATS + INTEGERS}
UNARY |= dict.fromkeys(("ceil", "floor", "round", "trunc"), FLOATS + INTEGERS)
UNARY |= {"isfinite": FLOATS, "not": [*INTEGERS, "bool"], "stop_gradient": DTYPES}
BINARY = dict.fromkeys(("add", "mul", "max", "min"), DTYPES)
BINARY |= dict.fromkeys(("eq", "ge", "gt", "le", "lt", "ne"), DTYPES)
BINARY |= {"sub": FLOATS + INTEGERS, "div": FLOATS, "nextafter": FLOATS, "pow": INTEGERS}
BINARY |= dict.fromkeys(("floor_div", "mod"), FLOATS + INTEGERS)
BINARY |= {name: [*INTEGERS, "bool"] for name in ("and", "or", "xor")}
BINARY |= dict.fromkeys(("shift_left", "shift_right"), INTEGERS)

SPECIAL = [0.0, 1.0, 0.5, 1.5, 2.5, 3.0, 7.0, 1e-7, 1e-40, 300.0, 7e4, 1e30, math.inf]
SPECIAL += [2.0**15, 2.0**16, 2.0**31, 2.0**32, 2.0**63, 2.0**64]


def values(dtype: str) -> st.SearchStrategy[np.ndarray]:
    """Arrays of any length with any bits, special values and small whole numbers."""
    kind = as_dtype(dtype)
    if kind == bool_:
        return st.lists(st.booleans(), min_size=1, max_size=40).map(np.array)
    bits = 8 * kind.itemsize
    anything = st.integers(0, 2**bits - 1)

    def from_bits(numbers: list[int]) -> np.ndarray:
        return np.array(numbers, f"u{kind.itemsize}").view(kind)

    if kind.kind in "iu":
        small = st.integers(-20 if kind.kind == "i" else 0, 20)
        border = st.sampled_from([0, 1, 2 ** (bits - 1) - 1, 2 ** (bits - 1), 2**bits - 1])
        element = st.one_of(anything, border, small.map(lambda v: v % 2**bits))
        return st.lists(element, min_size=1, max_size=40).map(from_bits)
    special = st.sampled_from([math.nan] + SPECIAL + [-v for v in SPECIAL])
    usual = st.one_of(special, st.integers(-20, 20).map(float), st.floats(-1e3, 1e3))

    def rounded(number: float) -> int:
        with np.errstate(over="ignore"):
            return int(np.array([number]).astype(kind).view(f"u{kind.itemsize}")[0])

    return st.lists(st.one_of(anything, usual.map(rounded)), min_size=1, max_size=40).map(from_bits)


def reference(name: str, *inputs: np.ndarray, **params: Any) -> np.ndarray:
    with np.errstate(all="ignore"):
        return np.asarray(PRIMITIVES[name].evaluate(*inputs, **params))


def assert_same(found: np.ndarray, wanted: np.ndarray) -> None:
    """Equal, NaN to NaN; signs of zeros count."""
    assert found.dtype == wanted.dtype
    if wanted.dtype.kind not in "iub":
        found, wanted = found.astype(np.float64), wanted.astype(np.float64)
        number = ~np.isnan(wanted)
        np.testing.assert_array_equal(np.signbit(found)[number], np.signbit(wanted)[number])
    np.testing.assert_array_equal(found, wanted)


MACHINES = [(TARGETS[0], 16), (TARGETS[-1], 4), (SSE, 1), (TARGETS[0], 8)]
CASES = [(n, d) for ops in (UNARY, BINARY) for n in sorted(ops) for d in ops[n]]


@pytest.mark.parametrize(("name", "dtype"), CASES)
@settings(max_examples=15, deadline=None)
@given(data=st.data())
def test_as_the_reference(name: str, dtype: str, data: st.DataObject):
    x = data.draw(values(dtype))
    inputs = [x]
    if name in BINARY:
        inputs.append(np.resize(data.draw(values(dtype)), x.shape))
    if name == "pow" and x.dtype.kind == "i":
        # NumPy raises for the one number whose size is negative too.
        inputs[1] = np.where(inputs[1] == np.iinfo(x.dtype).min, 5, inputs[1]).astype(x.dtype)
    wanted = reference(name, *inputs)
    if name in ("max", "min", "nextafter"):
        # Which zero is the larger one is open, and which of two equal ones is the next.
        inputs = [np.where(i == 0, np.zeros_like(i), i) for i in inputs]
        wanted = reference(name, *inputs)
    # One compilation a case; all cases together see all machines.
    target, lanes = MACHINES[CASES.index((name, dtype)) % len(MACHINES)]
    loop = elementwise_loop(name, (dtype,) * len(inputs), wanted.dtype.name, lanes, target)
    assert_same(loop(*inputs), wanted)


@pytest.mark.parametrize("name", ["floor_div", "mod"])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_remainder_of_far_apart_numbers(name: str, dtype: str):
    random = np.random.default_rng(0)
    unsigned = "u4" if dtype == "float32" else "u8"
    top = np.iinfo(unsigned).max
    x, y = (random.integers(0, top, 20_000, unsigned).view(dtype) for _ in range(2))
    found = elementwise_loop(name, (dtype, dtype), dtype, 8, TARGETS[0])(x, y)
    assert_same(found, reference(name, x, y))


@pytest.mark.parametrize("source", DTYPES)
@pytest.mark.parametrize("target", DTYPES)
@settings(max_examples=8, deadline=None)
@given(data=st.data())
def test_cast(source: str, target: str, data: st.DataObject):
    x = data.draw(values(source))
    if target == "uint32" and as_dtype(source) in FLOATING:
        # NumPy's answer beyond these depends on the place in the array.
        wide = x.astype(np.float64)
        x = np.where((wide > -(2.0**31)) & (wide < 2.0**32), x, np.ones_like(x))
    with np.errstate(all="ignore"):
        wanted = reference("cast", x, dtype=as_dtype(target))
    machine, lanes = MACHINES[(DTYPES.index(source) + DTYPES.index(target)) % len(MACHINES)]
    found = elementwise_loop("cast", (source,), target, lanes, machine, parameter=target)(x)
    assert_same(found, wanted)


@pytest.mark.parametrize(
    ("source", "target"),
    [(a, b) for a in DTYPES for b in DTYPES if as_dtype(a).itemsize == as_dtype(b).itemsize],
)
@settings(max_examples=5, deadline=None)
@given(data=st.data())
def test_bitcast(source: str, target: str, data: st.DataObject):
    x = data.draw(values(source))
    if target == "bool":
        x = x.astype(bool).astype(as_dtype(source))
    if source != target and as_dtype(source) in FLOATING:
        x = np.where(np.isnan(x), np.ones_like(x), x)
    wanted = reference("bitcast", x, dtype=as_dtype(target))
    found = elementwise_loop("bitcast", (source,), target, 4, TARGETS[0], parameter=target)(x)
    assert_same(found, wanted)


@pytest.mark.parametrize("dtype", DTYPES)
@settings(max_examples=5, deadline=None)
@given(data=st.data())
def test_select(dtype: str, data: st.DataObject):
    x = data.draw(values(dtype))
    y = np.resize(data.draw(values(dtype)), x.shape)
    condition = np.resize(data.draw(values("bool")), x.shape)
    loop = elementwise_loop("select", ("bool", dtype, dtype), dtype, 16, TARGETS[0])
    assert_same(loop(condition, x, y), np.where(condition, x, y))


def test_what_is_supported():
    assert not elementwise.supported("add", complex64)
    assert not elementwise.supported("cast", float32, {"dtype": complex64})
    assert elementwise.supported("cast", float32, {"dtype": float64})
    complex_only = {"complex", "conjugate", "imag", "real"}
    missing = {n for n in PRIMITIVES if not elementwise.supported(n, float32)}
    assert missing == {"bessel_i", "polygamma"} | complex_only
