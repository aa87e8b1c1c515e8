"""What contractions on WebGPU store and take as operands: updates, views, expressions."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.compiler.contractions import Case, close
from tests.compiler.kernels import apply, at, buffer, load, var
from tests.compiler.wgsl_contractions import PROFILES, run_kernel
from tests.compiler.windows import Convolution, arrays_for, convolutions, lowered, reference
from thalweg.compiler.dims import Dim
from thalweg.compiler.ir.expression import Choose, Constant, Guard, Load, Product
from thalweg.compiler.ir.index import Datum, Index
from thalweg.compiler.ir.program import Contract
from thalweg.compiler.ir.statement import Store
from thalweg.compiler.render.wgsl.contract.plan import Plan
from thalweg.tensor.dtypes import as_dtype, float32

PLANS = [Plan(4, 3, 4, 4), Plan(2, 4, 1, 4, slices=4), Plan(4, 4, 8, 8, depth=16, staged=True)]
PLAN_NAMES = ["direct", "slices", "staged"]


def number(value: float) -> Constant:
    return Constant(value, float32)


@pytest.mark.parametrize("plan", [*PLANS, Plan(8, 4, 2, 8, parts=2)], ids=[*PLAN_NAMES, "parts"])
def test_an_optimizer_updates_in_place(plan: Plan) -> None:
    # Adam without its corrections.
    case = Case((1, 33, 19, 12), left=True)
    (weight, place), (first, _), (second, _) = (
        case.operand("state", case.m, case.n) for _ in range(3)
    )
    g = Product(float32)
    m = apply("add", apply("mul", Load(first, place), number(0.9)), apply("mul", g, number(0.1)))
    square = apply("mul", apply("mul", g, g), number(0.01))
    v = apply("add", apply("mul", Load(second, place), number(0.99)), square)
    step = apply("div", m, apply("add", apply("sqrt", v), number(1e-3)))
    moved = apply("sub", Load(weight, place), apply("mul", step, number(0.01)))
    stores = (Store(first, place, m), Store(second, place, v), Store(weight, place, moved))
    a, b = case.arrays()
    w, mm, vv = (np.random.default_rng(i).random(33 * 19, np.float32) for i in range(3))
    arrays = {case.a: a.reshape(-1), case.b: b.reshape(-1), weight: w, first: mm, second: vv}
    found = run_kernel(case.kernel(*stores), arrays, plan=plan)
    grad = case.expected(a, b).reshape(-1)
    em = mm * 0.9 + grad * 0.1
    ev = vv * 0.99 + grad * grad * 0.01
    close(found[first], em, 12)
    np.testing.assert_allclose(found[second], ev, rtol=1e-5)
    ew = w - em / (np.sqrt(ev) + 1e-3) * 0.01
    np.testing.assert_allclose(found[weight], ew, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("plan", PLANS, ids=PLAN_NAMES)
def test_bias_relu_and_residual(plan: Plan) -> None:
    case = Case((2, 17, 19, 21))
    bias = buffer("input", "float32", case.n.extent)
    other, place = case.operand("input", case.m, case.n)
    total = apply("add", Product(float32), load(bias, case.n))
    total = apply("add", apply("max", total, number(0.0)), Load(other, place))
    a, b = case.arrays()
    shift = np.linspace(-2, 2, 19, dtype=np.float32)
    residual = np.random.default_rng(1).standard_normal((2, 17, 19)).astype(np.float32)
    arrays = {
        case.a: a.reshape(-1),
        case.b: b.reshape(-1),
        bias: shift,
        other: residual.reshape(-1),
        case.out: np.zeros(646, np.float32),
    }
    found = run_kernel(case.kernel(Store(case.out, case.place, total)), arrays, plan=plan)
    expected = np.maximum(case.expected(a, b) + shift, 0) + residual
    close(found[case.out].reshape(expected.shape), expected, 21)


@pytest.mark.parametrize("plan", PLANS, ids=PLAN_NAMES)
def test_operands_that_are_computed_gathered_or_chosen(plan: Plan) -> None:
    m, n, k = var("m", 13), var("n", 11), var("k", 9)
    rows, table = buffer("input", "int32", 13), buffer("input", "float32", 20, 9)
    weight, out = buffer("input", "float32", 9, 11), buffer("output", "float32", 13, 11)
    row = Index.of(Datum(load(rows, m), Dim(0, 20)))
    gathered = apply("mul", Load(table, row.times(9).plus(Index.of(k))), number(2.0))
    shifted = Index.of(k).plus(-2)  # two rows of zeros come before
    guard = Guard(shifted, Dim(0, 0), Dim(0, 9))
    chosen = Choose((guard,), Load(weight, shifted.times(11).plus(Index.of(n))), number(0.0))
    kernel = Contract(
        (), (m,), (n,), (k,), gathered, chosen,
        (Store(out, at(m, 11, n), Product(float32)),), float32,
    )  # fmt: skip
    rng = np.random.default_rng(5)
    picks = rng.integers(0, 20, 13).astype(np.int32)
    values, weights = (rng.standard_normal(s).astype(np.float32) for s in ((20, 9), (9, 11)))
    arrays = {
        rows: picks,
        table: values.reshape(-1),
        weight: weights.reshape(-1),
        out: np.zeros(143, np.float32),
    }
    found = run_kernel(kernel, arrays, plan=plan)[out].reshape(13, 11)
    padded = np.concatenate([np.zeros((2, 11), np.float32), weights])[:9]
    close(found, (2 * values[picks]) @ padded, 9)


@settings(max_examples=6, deadline=None)
@given(
    # Where each channel has filters of its own there is no contraction.
    case=convolutions().filter(lambda c: c.groups == 1 or c.channels > 1),
    dtype=st.sampled_from(["float32", "float32", "float16"]),
    n=st.integers(1, 4),
    profile=st.sampled_from(PROFILES),
)
def test_convolution(case: Convolution, dtype: str, n: int, profile: str) -> None:
    for name, inputs, params in case.operations():
        low = lowered(name, inputs, [as_dtype(dtype)] * len(inputs), params)
        arrays = arrays_for(inputs, dtype, n)
        memory = low.memory(arrays, n)
        for kernel in low.kernels:
            assert isinstance(kernel, Contract)
            memory = run_kernel(kernel, memory, n, profile, capacity=4)
        expected = reference(name, arrays, params, n)
        tolerance = 1e-5 if dtype == "float32" else 2e-3
        np.testing.assert_allclose(
            memory[low.output].reshape(expected.shape).astype(np.float64),
            expected.astype(np.float64),
            rtol=tolerance,
            atol=tolerance,
        )
