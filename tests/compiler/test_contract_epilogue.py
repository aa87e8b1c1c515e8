"""What contractions do with their sums and take as operands: fused stores, views, expressions."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from tests.compiler.contractions import Case, close
from tests.compiler.jit import TARGETS
from tests.compiler.kernels import Array, Kernel, apply, at, buffer, load, var
from thalweg.compiler.dims import Dim
from thalweg.compiler.ir.expression import Choose, Constant, Expression, Guard, Load, Product
from thalweg.compiler.ir.index import Datum, Index
from thalweg.compiler.ir.program import Contract
from thalweg.compiler.ir.statement import Store
from thalweg.compiler.target import AVX512, Target
from thalweg.tensor.dtypes import as_dtype

ZEN4 = replace(AVX512, narrow_is_as_fast=True)
ALL = [*TARGETS, *([ZEN4] if AVX512 in TARGETS else [])]
IDS = [t.name + ("-zen4" if t.narrow_is_as_fast else "") for t in ALL]
F32 = as_dtype("float32")
SHAPES = [(1, 17, 19, 5), (1, 40, 1, 9), (1, 6, 50, 13), (3, 9, 10, 7)]


def number(value: float) -> Constant:
    return Constant(value, F32)


def zeros(*shape: int) -> Array:
    return np.zeros(shape, np.float32)


@pytest.mark.parametrize("target", ALL, ids=IDS)
@pytest.mark.parametrize("lengths", SHAPES, ids=str)
def test_bias_relu_and_residual(target: Target, lengths: tuple[int, int, int, int]) -> None:
    case = Case(lengths)
    bias = buffer("input", "float32", case.n.extent)
    other, place = case.operand("input", case.m, case.n)
    total = apply("add", Product(F32), load(bias, case.n))
    total = apply("add", apply("max", total, number(0.0)), Load(other, place))
    a, b = case.arrays()
    shift = np.linspace(-2, 2, lengths[2], dtype=np.float32)
    residual = np.random.default_rng(1).standard_normal(lengths[:3]).astype(np.float32)
    found = zeros(*lengths[:3])
    kernel = Kernel(case.kernel(Store(case.out, case.place, total)), target)
    arrays = {case.a: a, case.b: b, bias: shift, other: residual, case.out: found}
    kernel(arrays, workers=2)
    expected = np.maximum(case.expected(a, b) + shift, 0) + residual
    close(found, expected, lengths[3])


@pytest.mark.parametrize("target", ALL, ids=IDS)
@pytest.mark.parametrize("left", [False, True], ids=["n", "t"])
@pytest.mark.parametrize("lengths", [(1, 33, 19, 12), (1, 64, 10, 40), (1, 5, 1, 8)], ids=str)
def test_an_optimizer_updates_in_place(
    target: Target, left: bool, lengths: tuple[int, int, int, int]
) -> None:
    # Adam without its corrections: long enough to be a loop over the tile's rows or columns.
    case = Case(lengths, left)
    (weight, place), (first, _), (second, _) = (
        case.operand("state", case.m, case.n) for _ in range(3)
    )
    g = Product(F32)
    m = apply("add", apply("mul", Load(first, place), number(0.9)), apply("mul", g, number(0.1)))
    v = apply(
        "add",
        apply("mul", Load(second, place), number(0.99)),
        apply("mul", apply("mul", g, g), number(0.01)),
    )
    step = apply("div", m, apply("add", apply("sqrt", v), number(1e-3)))
    moved = apply("sub", Load(weight, place), apply("mul", step, number(0.01)))
    stores = (Store(first, place, m), Store(second, place, v), Store(weight, place, moved))
    a, b = case.arrays()
    rng = np.random.default_rng(3)
    states = [rng.random(lengths[:3], np.float32) for _ in range(3)]
    w, mm, vv = (s.copy() for s in states)
    Kernel(case.kernel(*stores), target)(
        {case.a: a, case.b: b, weight: w, first: mm, second: vv}, workers=2
    )
    grad = case.expected(a, b)
    em = states[1] * 0.9 + grad * 0.1
    ev = states[2] * 0.99 + grad * grad * 0.01
    close(mm, em, lengths[3])
    np.testing.assert_allclose(vv, ev, rtol=1e-4)
    np.testing.assert_allclose(w, states[0] - em / (np.sqrt(ev) + 1e-3) * 0.01, rtol=1e-4)


@pytest.mark.parametrize("target", ALL, ids=IDS)
def test_a_transposed_result(target: Target) -> None:
    case = Case((1, 23, 37, 11))
    out, place = case.operand("output", case.n, case.m)
    a, b = case.arrays()
    found = zeros(1, 37, 23)
    Kernel(case.kernel(Store(out, place, Product(F32))), target)(
        {case.a: a, case.b: b, out: found}, workers=2
    )
    close(found, case.expected(a, b).swapaxes(1, 2), 11)


@pytest.mark.parametrize("target", ALL, ids=IDS)
@pytest.mark.parametrize("left", [False, True], ids=["n", "t"])
@pytest.mark.parametrize("right", [False, True], ids=["n", "t"])
def test_operands_are_expressions(target: Target, left: bool, right: bool) -> None:
    case = Case((2, 19, 21, Dim(1, 0)), left, right)
    half = case.values[0]
    mask = apply("gt", half, number(0.0), dtype=as_dtype("bool"))
    case.values = (
        apply("select", mask, half, number(0.0)),
        apply("mul", case.values[1], case.values[1]),
    )
    a, b = case.arrays(21)
    found = zeros(2, 19, 21)
    Kernel(case.kernel(), target)({case.a: a, case.b: b, case.out: found}, 21, 2)
    close(found, case.expected(np.maximum(a, 0), b * b), 21)


@pytest.mark.parametrize("target", ALL, ids=IDS)
def test_heads_of_attention_are_views(target: Target) -> None:
    # softmax(q k) v for tensors (batch, time, heads, size): batch and heads do not merge.
    count, time, heads, size = 2, 9, 3, 5
    b, h = var("b", count), var("h", heads)
    m, n, k = var("m", time), var("n", size), var("k", time)
    weights = buffer("input", "float32", count, heads, time, time)
    values = buffer("input", "float32", count, time, heads, size)
    out = buffer("output", "float32", count, time, heads, size)
    kernel = Contract(
        (b, h), (m,), (n,), (k,),
        load(weights, b, heads, h, time, m, time, k),
        load(values, b, time, k, heads, h, size, n),
        (Store(out, at(b, time, m, heads, h, size, n), Product(F32)),),
        F32,
    )  # fmt: skip
    rng = np.random.default_rng(0)
    w = rng.standard_normal((count, heads, time, time)).astype(np.float32)
    v = rng.standard_normal((count, time, heads, size)).astype(np.float32)
    found = zeros(count, time, heads, size)
    Kernel(kernel, target)({weights: w, values: v, out: found}, workers=3)
    close(found, np.einsum("bhmk,bkhn->bmhn", w, v), time)


@pytest.mark.parametrize("target", ALL, ids=IDS)
@pytest.mark.parametrize("merged", [True, False], ids=["merged", "apart"])
def test_several_variables_in_each_group(target: Target, merged: bool) -> None:
    # x (n, 3, 4, 5) . y (4, 5, 6, 7) over the last axes of one and the first of the other.
    i, j = var("i", Dim(1, 0)), var("j", 3)
    p, q, one = var("p", 4), var("q", 5), var("one", 1)
    r, s = var("r", 6), var("s", 7)
    x, y = buffer("input", "float32", Dim(1, 0), 3, 4, 5), buffer("input", "float32", 4, 5, 6, 7)
    out = buffer("output", "float32", Dim(1, 0), 3, 6, 7)
    order: tuple[Any, ...] = (i, 3, j, 6, r, 7, s)
    if not merged:
        out = buffer("output", "float32", 6, 3, 7, Dim(1, 0))
        order = (r, 3, j, 7, s, Dim(1, 0), i)
    kernel = Contract(
        (), (i, j), (one, r, s), (p, q),
        load(x, i, 3, j, 4, p, 5, q), load(y, p, 5, q, 6, r, 7, s),
        (Store(out, at(*order), Product(F32)),), F32,
    )  # fmt: skip
    rng = np.random.default_rng(0)
    left = rng.standard_normal((8, 3, 4, 5)).astype(np.float32)
    right = rng.standard_normal((4, 5, 6, 7)).astype(np.float32)
    expected = np.tensordot(left, right, 2)
    if not merged:
        expected = expected.transpose(2, 1, 3, 0)
    found = zeros(*expected.shape)
    Kernel(kernel, target)({x: left, y: right, out: found}, 8, 2)
    close(found, expected, 20)


@pytest.mark.parametrize("target", ALL, ids=IDS)
def test_gathered_and_padded_rows(target: Target) -> None:
    m, n, k = var("m", 12), var("n", 18), var("k", 10)
    table, which = buffer("input", "float32", 7, 10), buffer("input", "int32", 12)
    right, out = buffer("input", "float32", 8, 18), buffer("output", "float32", 12, 18)
    row = Index.of(Datum(load(which, m), Dim(0, 7))).times(10).plus(Index.of(k))
    shifted = Index.of(k).plus(-1)
    inside = (Guard(shifted, Dim(0, 0), Dim(0, 8)),)
    value: Expression = Load(right, shifted.times(18).plus(Index.of(n)))
    kernel = Contract(
        (), (m,), (n,), (k,), Load(table, row), Choose(inside, value, number(0.0)),
        (Store(out, at(m, 18, n), Product(F32)),), F32,
    )  # fmt: skip
    rng = np.random.default_rng(0)
    rows, places = rng.standard_normal((7, 10)).astype(np.float32), rng.integers(0, 7, 12)
    b, found = rng.standard_normal((8, 18)).astype(np.float32), zeros(12, 18)
    arrays = {table: rows, which: places.astype(np.int32), right: b, out: found}
    Kernel(kernel, target)(arrays, workers=2)
    close(found, rows[places] @ np.pad(b, ((1, 1), (0, 0))), 10)


def test_whole_numbers_have_epilogues() -> None:
    case = Case((1, 5, 6, 7), dtype="int32")
    int32 = as_dtype("int32")
    value = apply("add", Product(int32), Constant(3, int32))
    a, b = case.arrays()
    found = np.zeros((1, 5, 6), np.int32)
    Kernel(case.kernel(Store(case.out, case.place, value)))({case.a: a, case.b: b, case.out: found})
    np.testing.assert_array_equal(found, a @ b + 3)
