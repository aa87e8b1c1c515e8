"""The text of loop kernels: nothing is computed twice, or further inside than it must be."""

from __future__ import annotations

import numpy as np
import pytest

from tests.compiler.kernels import TARGETS, Kernel, apply, at, buffer, load, var
from thalweg.compiler.dims import Dim
from thalweg.compiler.ir.expression import (
    Accumulator,
    Choose,
    Constant,
    Guard,
    Load,
    Ordinal,
    Product,
    Total,
)
from thalweg.compiler.ir.index import Index
from thalweg.compiler.ir.program import Loops
from thalweg.compiler.ir.statement import Accumulate, Loop, Reset, Store
from thalweg.compiler.render.llvm.builder import F32, I64, PTR, Builder, Type, Value
from thalweg.compiler.render.llvm.expressions import Emitter, Lanes
from thalweg.compiler.render.llvm.lanes import plan
from thalweg.compiler.target import AVX2, AVX512, SSE
from thalweg.tensor.dtypes import float32, float64

N = Dim(1, 0)


def text_of(kernel: Loops, target=AVX512) -> str:
    return Kernel(kernel, target).rendered.text


def rows(columns, value_of):
    i, j = var("i", N), var("j", columns)
    out = buffer("output", "float32", N, columns)
    store = Store(out, at(i, columns, j), value_of(i, j))
    return Loops((Loop(i, "parallel", (Loop(j, "vector", (store,)),)),))


def test_what_is_the_same_in_all_turns_is_loaded_before_them():
    rate, factor = buffer("input", "float32", 1), buffer("input", "float32", N)

    def value(i, j):
        return apply("mul", apply("sqrt", load(rate, 0)), load(factor, i))

    text = text_of(rows(4096, value))
    # One scalar each, however often the vector loop is unrolled; the root before all loops.
    assert text.count("load float") == 2
    assert text.count("llvm.sqrt") == 1
    assert text.index("llvm.sqrt") < text.index("loop")


def test_what_the_kernel_writes_is_read_where_it_is_used():
    i, j = var("i", 8), var("j", 3)
    x, out = buffer("state", "float32", 1), buffer("output", "float32", 8)
    body = (
        Store(x, Index(), apply("add", load(x, 0), Constant(1, float32))),
        Loop(j, "serial", (Store(out, at(j), load(x, 0)),)),
    )
    kernel = Kernel(Loops((Loop(i, "serial", body),)))
    arrays = {x: np.zeros(1, "f"), out: np.zeros(8, "f")}
    kernel(arrays)
    np.testing.assert_array_equal(arrays[x], [8])
    np.testing.assert_array_equal(arrays[out], [8, 8, 8, 0, 0, 0, 0, 0])


def test_a_shared_expression_is_computed_once():
    x = buffer("input", "float32", N, 16)

    def value(i, j):
        root = apply("exp", load(x, i, 16, j))
        return apply("add", root, apply("mul", root, root))

    text = text_of(rows(16, value))
    assert text.count("load <16 x float>") == 1


@pytest.mark.parametrize("columns", [16, 50, 128, 4096])
@pytest.mark.parametrize("target", TARGETS, ids=lambda t: t.name)
def test_simple_kernels_are_short(columns, target):
    x, bias = buffer("input", "float32", N, columns), buffer("input", "float32", columns)

    def value(i, j):
        return apply(
            "max", apply("add", load(x, i, columns, j), load(bias, j)), Constant(0, float32)
        )

    assert text_of(rows(columns, value), target).count("\n") < 160


def test_guards_that_always_hold_cost_nothing():
    x = buffer("input", "float32", N, 40)

    def value(i, j):
        guards = (Guard(Index.of(j), Dim(0, 0), Dim(0, 40)), Guard(Index.of(i), Dim(0, 0), N))
        return Choose(guards, load(x, i, 40, j), Constant(0, float32))

    assert "select" not in text_of(rows(40, value))


def test_aligned_quotients_need_no_vector_division():
    x, scale = buffer("input", "float32", N, 256), buffer("input", "float32", 4)

    def value(i, j):
        group = Index.of(j).divided(64)
        return apply("mul", load(x, i, 256, j), Load(scale, group))

    text = text_of(rows(256, value))
    assert "gather" not in text
    assert "x i64> " not in text


def test_a_row_in_registers_is_not_read_back():
    i, j, k = var("i", N), var("j", 20), var("k", 20)
    x, out = buffer("input", "float32", N, 20), buffer("output", "float32", N, 20)
    scratch, total = buffer("scratch", "float32", 20), Accumulator("sum", float32)
    power = apply("exp", load(x, i, 20, j))
    share = apply("div", load(scratch, k), Total(total, float32))
    body = (
        Reset(total),
        Loop(j, "vector", (Store(scratch, at(j), power), Accumulate(total, power))),
        Loop(k, "vector", (Store(out, at(i, 20, k), share),)),
    )
    text = text_of(Loops((Loop(i, "parallel", body),)))
    loads = text.count("load <16 x float>") + text.count("@llvm.masked.load.v16f32")
    assert loads == 2


def test_plans():
    def loop(extent, dtype, name="add"):
        j = var("j", extent)
        x = buffer("input", dtype, extent)
        value = apply(name, load(x, j), load(x, j))
        return Loop(j, "vector", (Store(buffer("output", dtype, extent), at(j), value),))

    assert plan(loop(1000, "float32"), AVX512).lanes == 16
    assert plan(loop(1000, "float64"), AVX512).lanes == 8
    assert plan(loop(1000, "float16"), AVX512).lanes == 16
    assert plan(loop(1000, "int8"), AVX512).lanes == 32
    assert plan(loop(N, "float32"), SSE).lanes == 4
    # A short row takes the narrowest vector that holds it, or none.
    assert plan(loop(5, "float32"), AVX512).lanes == 8
    assert plan(loop(1, "float32"), AVX512).lanes == 1
    assert plan(loop(3, "float32"), SSE).lanes == 2
    # AVX2 masks elements of four and eight bytes only.
    assert plan(loop(1000, "float32"), AVX2).masks
    assert not plan(loop(1000, "int16"), AVX2).masks


def emitter(b, values, buffers):
    return Emitter(b, b.target, values[-1], dict(zip(buffers, values, strict=False)))


def test_the_epilogue_of_a_product():
    """As contractions use it: the product is a vector, the row's scale one number."""
    m, n = var("m", 4), var("n", 16)
    scale, out = buffer("input", "float32", 4), buffer("output", "float32", 4, 16)
    value = apply("mul", Product(float32), load(scale, m))
    b = Builder(AVX512)
    with b.function("tile", [(PTR, "x"), (PTR, "y"), (I64, "n")]) as values:
        em = emitter(b, values, [scale, out])
        for row in range(2):
            with em.scope():
                em.product = b.number(Type("float", 16), row)
                em.store(Store(out, at(m, 16, n), value), {m: row, n: 0}, Lanes(n, 16))
    assert b.text.count("store <16 x float>") == 2
    assert b.text.count("fmul contract <16 x float>") == 2
    assert "load <16 x float>" not in b.text


def test_values_are_remembered_in_their_scope_only():
    i = var("i", 4)
    x = buffer("input", "float32", 4)
    element = load(x, i)
    b = Builder(AVX2)
    with b.function("f", [(PTR, "x"), (I64, "n")]) as values:
        em = emitter(b, values, [x])
        with em.scope():
            first = em.value(element, {i: 0})
            with em.scope():
                assert em.value(element, {i: 0}) == first
                inner = em.value(element, {i: 1})
            assert em.value(element, {i: 1}) != inner
            em.give(element, {i: 2}, None, Value("%given", F32))
            assert em.value(element, {i: 2}).text == "%given"


def test_indices():
    i, j = var("i", N), var("j", 8)
    b = Builder(AVX2)
    with b.function("f", [(I64, "n")]) as values:
        em = emitter(b, values, [])
        assert em.index(at(i, 8, j), {i: 2, j: 3}) == 19
        # Affine over the lanes: the first lane's.
        assert em.index(at(i, 8, j), {i: 2, j: 0}, Lanes(j, 8)) == 16
        straddling = em.index(Index.of(j).plus(3).divided(5), {j: 0}, Lanes(j, 8))
        assert isinstance(straddling, Value)
        assert straddling.type == Type("i64", 8)
        spread = em.value(Ordinal(at(j), float64), {j: 0}, Lanes(j, 8))
        assert spread.type == Type("double", 8)
