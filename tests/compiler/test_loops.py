"""Any loop kernel against its meaning: random shapes, dtypes, targets, batches and workers."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.compiler.interpret import Interpreter
from tests.compiler.kernels import TARGETS, Kernel, apply, at, buffer, load, var
from thalweg.compiler.dims import Dim
from thalweg.compiler.ir.expression import (
    Accumulator,
    Apply,
    Bits,
    Buffer,
    Choose,
    Constant,
    Guard,
    Load,
    Ordinal,
    Total,
)
from thalweg.compiler.ir.index import Datum, Index
from thalweg.compiler.ir.program import Loops
from thalweg.compiler.ir.statement import Accumulate, Loop, Reset, Store
from thalweg.compiler.target import AVX2, AVX512, SSE
from thalweg.tensor.dtypes import DTYPES, as_dtype, bool_, float32, int32, uint32

N = Dim(1, 0)
REAL = sorted(name for name, dtype in DTYPES.items() if dtype.kind != "c")

targets = st.sampled_from(TARGETS)
batches = st.integers(1, 5)
lengths = st.one_of(st.integers(1, 9), st.sampled_from([15, 16, 17, 31, 33, 48, 64, 70, 130]))
each_target = pytest.mark.parametrize("target", TARGETS, ids=lambda t: t.name)


def fill(b: Buffer, n: int, seed: int) -> np.ndarray:
    draw = np.random.default_rng(seed)
    size = b.size.at(n)
    if b.dtype == bool_:
        return draw.random(size) < 0.5
    if b.dtype.kind in "iu":
        return draw.integers(0, 100, size).astype(b.dtype)
    return draw.normal(size=size).astype(b.dtype)


def check(kernel: Loops, buffers, target, n, workers, exact=True, **given):
    """Run a kernel and its meaning on the same numbers."""
    compiled = Kernel(kernel, target)
    arrays = {b: fill(b, n, i) for i, b in enumerate(buffers)}
    for b in buffers:
        if b.name in given:
            arrays[b] = given[b.name]
    expected = {b: a.copy() for b, a in arrays.items()}
    # What lies behind an array is not written.
    guarded = {b: np.append(a, np.ones(32, a.dtype)) for b, a in arrays.items()}
    arrays = {b: guarded[b][: a.size] for b, a in arrays.items()}
    compiled(arrays, n, workers)
    assert all((guarded[b][a.size :] == 1).all() for b, a in arrays.items())
    Interpreter(expected, n).run(kernel)
    for b in buffers:
        if exact:
            np.testing.assert_array_equal(arrays[b], expected[b])
        else:
            rough = 0.02 if b.dtype.itemsize == 2 else 1e-5
            left, right = arrays[b].astype(np.float64), expected[b].astype(np.float64)
            np.testing.assert_allclose(left, right, rough, rough)


@settings(max_examples=40, deadline=None)
@given(st.sampled_from(REAL), lengths, targets, batches, st.integers(1, 3))
def test_elementwise_of_every_dtype(dtype, columns, target, n, workers):
    i, j = var("i", N), var("j", columns)
    x, y = buffer("input", dtype, N, columns), buffer("input", dtype, columns)
    out = buffer("output", dtype, N, columns)
    value = apply("max", load(x, i, columns, j), load(y, j))
    nest = Loop(i, "parallel", (Loop(j, "vector", (Store(out, at(i, columns, j), value),)),))
    check(Loops((nest,)), [x, y, out], target, n, workers)


@settings(max_examples=40, deadline=None)
@given(
    st.sampled_from(REAL),
    st.sampled_from(["sum", "prod", "max", "min", "argmax", "argmin", "and", "or"]),
    lengths,
    targets,
    batches,
)
def test_reductions_of_every_dtype(dtype, operation, columns, target, n):
    if operation in ("and", "or"):
        dtype = "bool"
    elif dtype == "bool" and operation in ("sum", "prod"):
        dtype = "int8"
    i, j = var("i", N), var("j", columns)
    x = buffer("input", dtype, N, columns)
    places = operation.startswith("arg")
    result = int32 if places else x.dtype
    total = Accumulator(operation, x.dtype)
    out = buffer("output", result.name, N)
    place = Index.of(j) if places else None
    body = (
        Reset(total),
        Loop(j, "vector", (Accumulate(total, load(x, i, columns, j), place),)),
        Store(out, at(i), Total(total, result)),
    )
    check(Loops((Loop(i, "parallel", body),)), [x, out], target, n, 2, exact=False)


@settings(max_examples=30, deadline=None)
@given(
    st.sampled_from(REAL),
    st.sampled_from(["sum", "max", "min", "argmax", "argmin"]),
    st.integers(1, 6),
    lengths,
    targets,
    batches,
)
def test_reductions_over_rows(dtype, operation, rows, columns, target, n):
    """Each lane has an accumulator of its own; the loop inside is serial."""
    dtype = "uint8" if dtype == "bool" else dtype
    i, k, j = var("i", N), var("k", rows), var("j", columns)
    x = buffer("input", dtype, N, rows, columns)
    places = operation.startswith("arg")
    result = int32 if places else x.dtype
    total = Accumulator(operation, x.dtype, start=None if places else 3)
    out = buffer("output", result.name, N, columns)
    value = load(x, i, rows, k, columns, j)
    body = (
        Reset(total),
        Loop(k, "serial", (Accumulate(total, value, Index.of(k) if places else None),)),
        Store(out, at(i, columns, j), Total(total, result)),
    )
    nest = Loop(i, "parallel", (Loop(j, "vector", body),))
    check(Loops((nest,)), [x, out], target, n, 1, exact=False)


@settings(max_examples=40, deadline=None)
@given(lengths, st.integers(1, 20), st.integers(1, 20), targets, batches, st.booleans(), st.data())
def test_reshaped_reads(columns, a, b, target, n, batch, data):
    """Quotients and remainders by static lengths and by those that depend on the batch."""
    size = N.times(columns) if batch else Dim(0, columns * a)
    j = var("j", size)
    x, out = buffer("input", "float32", size.times(2)), buffer("output", "float32", size)
    divisor = data.draw(st.sampled_from([Dim(0, a), Dim(0, 16), Dim(0, 64), Dim(1, 0), Dim(2, 1)]))
    quotient, remainder = Index.of(j).divided(divisor), Index.of(j).remainder(divisor)
    # The places are i + i // d and 2 i - (i - i % d): both below twice the size.
    one = Load(x, Index.of(j).plus(quotient))
    other = Load(x, remainder)
    inner = remainder.divided(b)
    value = apply("add", apply("sub", one, other), Ordinal(inner, float32))
    check(Loops((Loop(j, "vector", (Store(out, at(j), value),)),)), [x, out], target, n, 2)


@settings(max_examples=30, deadline=None)
@given(lengths, st.sampled_from([-2, -1, 0, 2, 3, 17]), st.sampled_from(REAL), targets, batches)
def test_strided_reads(columns, stride, dtype, target, n):
    i, j = var("i", N), var("j", columns)
    span = abs(stride) * columns + 1
    x, out = buffer("input", dtype, N, span), buffer("output", dtype, N, columns)
    start = span - 1 if stride < 0 else 0
    value = Load(x, at(i, span, Index.of(j).times(stride).plus(start)))
    nest = Loop(i, "parallel", (Loop(j, "vector", (Store(out, at(i, columns, j), value),)),))
    check(Loops((nest,)), [x, out], target, n, 1)


@settings(max_examples=30, deadline=None)
@given(lengths, st.sampled_from([-2, -1, 2, 3]), st.sampled_from(REAL), targets)
def test_strided_writes(columns, stride, dtype, target):
    j = var("j", columns)
    span = abs(stride) * columns + 1
    x, out = buffer("input", dtype, columns), buffer("output", dtype, span)
    place = Index.of(j).times(stride).plus(span - 1 if stride < 0 else 0)
    check(Loops((Loop(j, "vector", (Store(out, place, load(x, j)),)),)), [x, out], target, 1, 1)


@settings(max_examples=40, deadline=None)
@given(
    lengths,
    st.integers(-3, 12),
    st.integers(-3, 12),
    st.sampled_from(["float32", "int64", "bfloat16", "bool"]),
    targets,
    batches,
    st.booleans(),
)
def test_guards_of_lanes_and_rows(columns, low, length, dtype, target, n, gathered):
    """Padding and slicing: what the guards exclude is not read."""
    i, j = var("i", N), var("j", columns)
    length = max(length, 1)
    x, out = buffer("input", dtype, length), buffer("output", dtype, N, columns)
    place = Index.of(j).plus(Index.of(i)).plus(-low)
    guards = (
        Guard(place, Dim(0, 0), Dim(0, length)),
        Guard(Index.of(i), Dim(0, 0), Dim(1, -1)),
    )
    inner = place
    if gathered:
        inner = Index.of(Datum(Ordinal(place, int32), Dim(0, length)))
    value = Choose(guards, Load(x, inner), Constant(1, x.dtype))
    nest = Loop(i, "parallel", (Loop(j, "vector", (Store(out, at(i, columns, j), value),)),))
    check(Loops((nest,)), [x, out], target, n, 1)


@settings(max_examples=40, deadline=None)
@given(
    lengths,
    lengths,
    st.sampled_from(["float32", "float64", "bfloat16", "bool", "int16"]),
    targets,
    batches,
    st.sampled_from([0, 1, 2]),
    st.integers(1, 3),
)
def test_layouts_exchanged(rows, columns, dtype, target, n, which, workers):
    """Reads run along another loop than writes; one of the lengths may be the batch."""
    shape = [Dim(0, 3), Dim(0, rows), Dim(0, columns)]
    shape[which] = N.times(5)
    a, b, c = shape
    i, j, k = (var(name, extent) for name, extent in zip("ijk", shape, strict=True))
    size = N.times(5)
    for number in (3, rows, columns)[:which] + (3, rows, columns)[which + 1 :]:
        size = size.times(number)
    x, out = (Buffer(kind, as_dtype(dtype), size) for kind in ("input", "output"))
    y = Buffer("input", x.dtype, b)

    def place(*terms):  # row-major, where at most one length is the batch's
        total = Index()
        for at_most, (variable, _) in enumerate(terms):
            stride = Dim(0, 1)
            for _, extent in terms[at_most + 1 :]:
                stride = stride.times(extent)
            total = total.plus(Index.of(variable).times(stride))
        return total

    value = apply("max", Load(x, place((i, a), (j, b), (k, c))), load(y, j))
    store = Store(out, place((i, a), (k, c), (j, b)), value)
    nest = Loop(i, "parallel", (Loop(k, "parallel", (Loop(j, "vector", (store,)),)),))
    check(Loops((nest,)), [x, y, out], target, n, workers)


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 5), lengths, targets, batches)
def test_one_side_of_a_choice_inside_another(split, columns, target, n):
    i, j = var("i", N), var("j", columns)
    a, b = buffer("input", "float32", columns + 5), buffer("input", "float32", N)
    out = buffer("output", "float32", N, columns)
    deep = Choose(
        (Guard(Index.of(i), Dim(0, 1), Dim(1, 0)),),
        Load(b, Index.of(i).plus(-1)),
        Load(b, Index.of(i)),
    )
    value = Choose((Guard(Index.of(j), Dim(0, split), Dim(0, 40)),), deep, load(a, j))
    total = apply("add", value, load(b, i))
    nest = Loop(i, "parallel", (Loop(j, "vector", (Store(out, at(i, columns, j), total),)),))
    check(Loops((nest,)), [a, b, out], target, n, 2)


@settings(max_examples=20, deadline=None)
@given(
    lengths,
    st.sampled_from(["int8", "int32", "uint16", "int64", "float16", "float32", "float64"]),
    targets,
    batches,
)
def test_ordinals(columns, dtype, target, n):
    i, j = var("i", N), var("j", columns)
    out = buffer("output", dtype, N, columns)
    value = Ordinal(at(i, 3, j), out.dtype)
    nest = Loop(i, "parallel", (Loop(j, "vector", (Store(out, at(i, columns, j), value),)),))
    check(Loops((nest,)), [out], target, n, 1)


@settings(max_examples=10, deadline=None)
@given(st.sampled_from([1, 2, 7, 33]), st.integers(0, 3), st.sampled_from([1, 2]), targets)
def test_random_bits(columns, start, stride, target):
    j = var("j", columns)
    key, out = buffer("input", "uint32", 2), buffer("output", "uint32", columns)
    value = Bits((load(key, 0), load(key, 1)), Index.of(j).times(stride).plus(start), uint32)
    check(Loops((Loop(j, "vector", (Store(out, at(j), value),)),)), [key, out], target, 1, 1)


@each_target
def test_an_array_updated_while_others_use_its_old_values(target):
    """One expression is one value, although its buffer is written in between."""
    i = var("i", 37)
    a, b = buffer("state", "float32", 37), buffer("state", "float32", 37)
    old = apply("mul", load(a, i), Constant(0.5, float32))
    body = (Store(a, at(i), old), Store(b, at(i), apply("sub", load(b, i), old)))
    kernel = Kernel(Loops((Loop(i, "vector", body),)), target)
    first, second = fill(a, 1, 0), fill(b, 1, 1)
    arrays = {a: first.copy(), b: second.copy()}
    kernel(arrays)
    np.testing.assert_array_equal(arrays[a], first / 2)
    np.testing.assert_array_equal(arrays[b], second - first / 2)


@each_target
def test_a_place_found_by_argmax_is_read(target):
    """The total of each lane is an index: a gather, inside the vector loop."""
    k, j = var("k", 5), var("j", 21)
    x, y, out = (buffer(kind, "float32", 5, 21) for kind in ("input", "input", "output"))
    out = buffer("output", "float32", 21)
    best = Accumulator("argmax", float32)
    place = Index.of(Datum(Total(best, int32), Dim(0, 5)))
    body = (
        Reset(best),
        Loop(k, "serial", (Accumulate(best, load(x, k, 21, j), Index.of(k)),)),
        Store(out, at(j), load(y, place, 21, j)),
    )
    check(Loops((Loop(j, "vector", body),)), [x, y, out], target, 1, 1)


@each_target
def test_a_running_total_is_read_while_it_runs(target):
    i, j = var("i", 6), var("j", 19)
    x, out = buffer("input", "float32", 6, 19), buffer("output", "float32", 6, 19)
    total = Accumulator("sum", float32)
    body = (
        Accumulate(total, load(x, i, 19, j)),
        Store(out, at(i, 19, j), Total(total, float32)),
    )
    nest = Loop(j, "vector", (Reset(total), Loop(i, "serial", body)))
    check(Loops((nest,)), [x, out], target, 1, 1, exact=False)


@each_target
def test_several_loops_are_shared_one_by_one(target):
    a, b, c = (var(name, extent) for name, extent in (("a", 7), ("b", N), ("c", 300)))
    x, y, z = (buffer("output", "float32", v.extent) for v in (a, b, c))
    body = (
        Loop(a, "vector", (Store(x, at(a), Ordinal(at(a), float32)),)),
        Loop(b, "parallel", (Store(y, at(b), Ordinal(at(b), float32)),)),
        Loop(c, "vector", (Store(z, at(c), Ordinal(at(c), float32)),)),
    )
    check(Loops(body), [x, y, z], target, 3, 2)


@each_target
@pytest.mark.parametrize("columns", [5000, 9001])
def test_few_long_rows_are_split(target, columns):
    i, j = var("i", 3), var("j", columns)
    x, out = buffer("input", "float32", 3, columns), buffer("output", "float32", 3, columns)
    value = apply("neg", load(x, i, columns, j))
    nest = Loop(i, "parallel", (Loop(j, "vector", (Store(out, at(i, columns, j), value),)),))
    kernel = Kernel(Loops((nest,)), target)
    assert kernel.rendered.turns == Dim(0, 3 * -(-columns // 2048))
    arrays = {x: fill(x, 1, 0), out: np.zeros(3 * columns, "f")}
    kernel(arrays, 1, workers=3)
    np.testing.assert_array_equal(arrays[out], -arrays[x])


@pytest.mark.parametrize("target", [AVX512, AVX2, SSE], ids=lambda t: t.name)
def test_nested_parallel_loops(target):
    i, j, k = var("i", N), var("j", 3), var("k", N.plus(2))
    x = buffer("input", "float32", 3, N.plus(2))
    out = Buffer("output", float32, Dim(0, 300))
    width = N.plus(2)
    place = at(i).times(30).plus(at(j, width, k))
    store = Store(out, place, apply("add", load(x, j, width, k), Ordinal(at(i), float32)))
    nest = Loop(i, "parallel", (Loop(j, "parallel", (Loop(k, "parallel", (store,)),)),))
    check(Loops((nest,)), [x, out], target, 4, 3)


def test_a_long_chain_is_no_deep_recursion():
    i = var("i", 8)
    x, out = buffer("input", "float32", 8), buffer("output", "float32", 8)
    value = load(x, i)
    for _ in range(3000):
        value = Apply("add", (value, Constant(1, as_dtype("float32"))), float32)
    kernel = Kernel(Loops((Loop(i, "vector", (Store(out, at(i), value),)),)))
    arrays = {x: np.zeros(8, "f"), out: np.zeros(8, "f")}
    kernel(arrays)
    np.testing.assert_array_equal(arrays[out], np.full(8, 3000))
