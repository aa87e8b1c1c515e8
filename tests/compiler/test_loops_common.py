"""The kernels that training is made of, against NumPy, on every target and for several batches."""

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
    Total,
)
from thalweg.compiler.ir.index import Datum, Index
from thalweg.compiler.ir.program import Loops
from thalweg.compiler.ir.statement import Accumulate, Loop, Reset, Store
from thalweg.tensor.dtypes import bool_, float32, int32

N = Dim(1, 0)
BATCHES = [1, 2, 5]

each_target = pytest.mark.parametrize("target", TARGETS, ids=lambda t: t.name)


def number(value, dtype=float32):
    return Constant(value, dtype)


def random(*shape, seed=0):
    return np.random.default_rng(seed).normal(size=shape).astype(np.float32)


@each_target
@pytest.mark.parametrize("columns", [1, 3, 16, 50, 130])
def test_bias_and_relu(target, columns):
    i, j = var("i", N), var("j", columns)
    x, bias = buffer("input", "float32", N, columns), buffer("input", "float32", columns)
    y = buffer("output", "float32", N, columns)
    value = apply("max", apply("add", load(x, i, columns, j), load(bias, j)), number(0))
    inner = Loop(j, "vector", (Store(y, at(i, columns, j), value),))
    kernel = Kernel(Loops((Loop(i, "parallel", (inner,)),)), target)
    assert kernel.rendered.turns == N
    assert kernel.rendered.writes == (y,)
    assert kernel.rendered.flops == Dim(2 * columns, 0)
    for n in BATCHES:
        arrays = {x: random(n, columns), bias: random(columns), y: np.zeros((n, columns), "f")}
        kernel(arrays, n, workers=2)
        np.testing.assert_array_equal(arrays[y], np.maximum(arrays[x] + arrays[bias], 0))


@each_target
@pytest.mark.parametrize("scale", [1, 7, 64])
def test_flat_elementwise_of_any_batch(target, scale):
    size = Dim(scale, 0)
    i = var("i", size)
    x, y = buffer("input", "float32", size), buffer("output", "float32", size)
    value = apply("mul", load(x, i), number(2.5))
    kernel = Kernel(Loops((Loop(i, "vector", (Store(y, at(i), value),)),)), target)
    for n in [1, 2, 3, 17, 100]:
        for workers in (1, 3):
            arrays = {x: random(scale * n), y: np.zeros(scale * n, "f")}
            kernel(arrays, n, workers)
            np.testing.assert_array_equal(arrays[y], arrays[x] * np.float32(2.5))


def rows_kernel(columns, operation, target, dtype="float32", out=None):
    i, j = var("i", N), var("j", columns)
    x = buffer("input", dtype, N, columns)
    total = Accumulator(operation, x.dtype)
    result = int32 if operation.startswith("arg") else x.dtype
    y = buffer("output", out or result.name, N)
    place = Index.of(j) if operation.startswith("arg") else None
    body = (
        Reset(total),
        Loop(j, "vector", (Accumulate(total, load(x, i, columns, j), place),)),
        Store(y, at(i), Total(total, result)),
    )
    return Kernel(Loops((Loop(i, "parallel", body),)), target), x, y


@each_target
@pytest.mark.parametrize("columns", [5, 37, 200])
@pytest.mark.parametrize("operation", ["sum", "prod", "max", "min", "argmax", "argmin"])
def test_rows_reduced(target, columns, operation):
    kernel, x, y = rows_kernel(columns, operation, target)
    functions = {"argmax": np.argmax, "argmin": np.argmin}
    functions |= {"sum": np.sum, "prod": np.prod, "max": np.max, "min": np.min}
    for n in BATCHES:
        arrays = {x: random(n, columns, seed=columns), y: np.zeros(n, y.dtype)}
        kernel(arrays, n, workers=2)
        np.testing.assert_allclose(arrays[y], functions[operation](arrays[x], 1), 1e-5, 1e-5)


@each_target
@pytest.mark.parametrize("operation", ["max", "min", "argmax", "argmin"])
def test_nan_wins_and_the_first_of_equals(target, operation):
    columns = 45
    kernel, x, y = rows_kernel(columns, operation, target)
    rows = np.ones((8, columns), np.float32)
    for i, places in enumerate([(), (3,), (44,), (20, 30), (0,), (17, 2)]):
        rows[i, list(places)] = np.nan
    rows[6, 40] = rows[6, 33] = 5
    rows[6, 41] = rows[6, 34] = -5
    rows[7] = -np.inf if operation.endswith("max") else np.inf
    arrays = {x: rows, y: np.zeros(8, y.dtype)}
    kernel(arrays, 8)
    expected = getattr(np, operation)(rows, 1)
    np.testing.assert_array_equal(arrays[y], expected)


@each_target
@pytest.mark.parametrize("columns", [3, 10, 65, 300])
def test_softmax_of_rows(target, columns):
    i = var("i", N)
    j, k, m = (var(name, columns) for name in "jkm")
    x, y = buffer("input", "float32", N, columns), buffer("output", "float32", N, columns)
    scratch = buffer("scratch", "float32", columns)
    top, total = Accumulator("max", float32), Accumulator("sum", float32)
    power = apply("exp", apply("sub", load(x, i, columns, k), Total(top, float32)))
    share = apply("div", load(scratch, m), Total(total, float32))
    body = (
        Reset(top),
        Loop(j, "vector", (Accumulate(top, load(x, i, columns, j)),)),
        Reset(total),
        Loop(k, "vector", (Accumulate(total, power), Store(scratch, at(k), power))),
        Loop(m, "vector", (Store(y, at(i, columns, m), share),)),
    )
    kernel = Kernel(Loops((Loop(i, "parallel", body),)), target)
    assert kernel.rendered.scratch == Dim(0, -(-columns * 4 // 64) * 64)
    assert scratch not in kernel.rendered.buffers
    for n in BATCHES:
        arrays = {x: random(n, columns), y: np.zeros((n, columns), "f")}
        kernel(arrays, n, workers=2)
        powers = np.exp(arrays[x] - arrays[x].max(1, keepdims=True))
        np.testing.assert_allclose(arrays[y], powers / powers.sum(1, keepdims=True), 1e-5)


@each_target
@pytest.mark.parametrize("columns", [8, 128])
def test_layer_normalisation(target, columns):
    i = var("i", N)
    j, k, m = (var(name, columns) for name in "jkm")
    x, y = buffer("input", "float32", N, columns), buffer("output", "float32", N, columns)
    gain, bias = buffer("input", "float32", columns), buffer("input", "float32", columns)
    total, squares = Accumulator("sum", float32), Accumulator("sum", float32)
    mean = apply("mul", Total(total, float32), number(1 / columns))
    offset = apply("sub", load(x, i, columns, k), mean)
    variance = apply("mul", Total(squares, float32), number(1 / columns))
    scale = apply("rsqrt", apply("add", variance, number(1e-3)))
    normal = apply("mul", apply("sub", load(x, i, columns, m), mean), scale)
    value = apply("add", apply("mul", normal, load(gain, m)), load(bias, m))
    body = (
        Reset(total),
        Loop(j, "vector", (Accumulate(total, load(x, i, columns, j)),)),
        Reset(squares),
        Loop(k, "vector", (Accumulate(squares, apply("mul", offset, offset)),)),
        Loop(m, "vector", (Store(y, at(i, columns, m), value),)),
    )
    kernel = Kernel(Loops((Loop(i, "parallel", body),)), target)
    for n in BATCHES:
        arrays = {x: random(n, columns), gain: random(columns), bias: random(columns)}
        arrays[y] = np.zeros((n, columns), "f")
        kernel(arrays, n, workers=3)
        z = arrays[x] - arrays[x].mean(1, keepdims=True)
        z = z / np.sqrt((z * z).mean(1, keepdims=True) + 1e-3)
        np.testing.assert_allclose(arrays[y], z * arrays[gain] + arrays[bias], 1e-4, 1e-5)


@each_target
@pytest.mark.parametrize("columns", [1, 10, 64, 150])
@pytest.mark.parametrize("kind", ["vector", "parallel"])
def test_columns_summed(target, columns, kind):
    i, j = var("i", N), var("j", columns)
    x, y = buffer("input", "float32", N, columns), buffer("output", "float32", columns)
    total = Accumulator("sum", float32)
    body = (
        Reset(total),
        Loop(i, "serial", (Accumulate(total, load(x, i, columns, j)),)),
        Store(y, at(j), Total(total, float32)),
    )
    kernel = Kernel(Loops((Loop(j, kind, body),)), target)
    for n in [1, 2, 40]:
        arrays = {x: random(n, columns), y: np.zeros(columns, "f")}
        kernel(arrays, n, workers=2)
        np.testing.assert_allclose(arrays[y], arrays[x].sum(0), 1e-5, 1e-5)


@each_target
def test_everything_summed_with_a_start(target):
    i, j = var("i", N), var("j", 33)
    x, y = buffer("input", "float32", N, 33), buffer("output", "float32", 1)
    total = Accumulator("sum", float32, start=2.0)
    rows = Loop(j, "vector", (Accumulate(total, load(x, i, 33, j)),))
    body = (Reset(total), Loop(i, "serial", (rows,)), Store(y, Index(), Total(total, float32)))
    kernel = Kernel(Loops(body), target)
    assert kernel.rendered.turns == Dim(0, 1)
    for n in [1, 6]:
        arrays = {x: random(n, 33), y: np.zeros(1, "f")}
        kernel(arrays, n, workers=3)
        np.testing.assert_allclose(arrays[y], arrays[x].sum() + 2, 1e-5)


@each_target
@pytest.mark.parametrize("size", [1, 50, 650, 5000])
def test_adam_in_place(target, size):
    i = var("i", size)
    w, m, v = (buffer("state", "float32", size) for _ in range(3))
    g, rate = buffer("input", "float32", size), buffer("input", "float32", 1)
    grad, one = load(g, i), number(1.0)
    new_m = apply("add", load(m, i), apply("mul", apply("sub", grad, load(m, i)), number(0.1)))
    square = apply("mul", grad, grad)
    new_v = apply("add", load(v, i), apply("mul", apply("sub", square, load(v, i)), number(0.001)))
    step = apply("div", new_m, apply("add", apply("sqrt", new_v), number(1e-7)))
    scale = apply("mul", load(rate, 0), one)
    new_w = apply("sub", load(w, i), apply("mul", step, scale))
    body = (Store(m, at(i), new_m), Store(v, at(i), new_v), Store(w, at(i), new_w))
    kernel = Kernel(Loops((Loop(i, "vector", body),)), target)
    assert set(kernel.rendered.writes) == {m, v, w}
    for workers in (1, 3):
        arrays = {w: random(size), m: random(size, seed=1), v: random(size, seed=2) ** 2}
        arrays |= {g: random(size, seed=3), rate: np.full(1, 0.01, "f")}
        old = {b: a.copy() for b, a in arrays.items()}
        kernel(arrays, 1, workers)
        am = old[m] + (old[g] - old[m]) * np.float32(0.1)
        av = old[v] + (old[g] ** 2 - old[v]) * np.float32(0.001)
        aw = old[w] - am / (np.sqrt(av) + np.float32(1e-7)) * np.float32(0.01)
        np.testing.assert_allclose(arrays[m], am, 1e-5, 1e-6)
        np.testing.assert_allclose(arrays[v], av, 1e-5, 1e-6)
        np.testing.assert_allclose(arrays[w], aw, 1e-4, 1e-5)


@each_target
@pytest.mark.parametrize("channels", [3, 32])
def test_pooling(target, channels):
    height = width = 4
    p, q, c = var("p", N.times(height)), var("q", width), var("c", channels)
    di, dj = var("di", 2), var("dj", 2)
    x = buffer("input", "float32", N, 2 * height, 2 * width, channels)
    y = buffer("output", "float32", N, height, width, channels)
    top = Accumulator("max", float32)
    row = at(p, 2, di)
    element = load(x, row, 2 * width, at(q, 2, dj), channels, c)
    window = Loop(di, "unroll", (Loop(dj, "unroll", (Accumulate(top, element),)),))
    body = (Reset(top), window, Store(y, at(p, width, q, channels, c), Total(top, float32)))
    nest = Loop(p, "parallel", (Loop(q, "serial", (Loop(c, "vector", body),)),))
    kernel = Kernel(Loops((nest,)), target)
    for n in BATCHES:
        arrays = {x: random(n, 2 * height, 2 * width, channels)}
        arrays[y] = np.zeros((n, height, width, channels), "f")
        kernel(arrays, n, workers=2)
        expected = arrays[x].reshape(n, height, 2, width, 2, channels).max((2, 4))
        np.testing.assert_array_equal(arrays[y], expected)


@each_target
@pytest.mark.parametrize("columns", [1, 20])
def test_rows_gathered(target, columns):
    i, j = var("i", N), var("j", columns)
    table, ids = buffer("input", "float32", 9, columns), buffer("input", "int32", N)
    y = buffer("output", "float32", N, columns)
    row = Index.of(Datum(load(ids, i), Dim(0, 9)))
    inner = Loop(j, "vector", (Store(y, at(i, columns, j), load(table, row, columns, j)),))
    kernel = Kernel(Loops((Loop(i, "parallel", (inner,)),)), target)
    for n in BATCHES:
        arrays = {table: random(9, columns), ids: np.arange(n, dtype=np.int32) * 5 % 9}
        arrays[y] = np.zeros((n, columns), "f")
        kernel(arrays, n)
        np.testing.assert_array_equal(arrays[y], arrays[table][arrays[ids]])


@each_target
def test_elements_gathered_by_lane(target):
    i, size = var("i", N.times(3)), N.times(3)
    table, ids = buffer("input", "float32", 11), buffer("input", "int64", size)
    y = buffer("output", "float32", size)
    place = Index.of(Datum(load(ids, i), Dim(0, 11)))
    kernel = Kernel(Loops((Loop(i, "vector", (Store(y, at(i), load(table, place)),)),)), target)
    for n in [1, 2, 20]:
        arrays = {table: random(11), ids: np.arange(3 * n) * 7 % 11, y: np.zeros(3 * n, "f")}
        kernel(arrays, n)
        np.testing.assert_array_equal(arrays[y], arrays[table][arrays[ids]])


@each_target
@pytest.mark.parametrize(("rows", "columns"), [(1, 5), (16, 16), (20, 7), (33, 50), (64, 48)])
@pytest.mark.parametrize("dtype", ["float32", "float64", "int8"])
def test_transposing_copy(target, rows, columns, dtype):
    i, j = var("i", columns), var("j", rows)
    x, y = buffer("input", dtype, rows, columns), buffer("output", dtype, columns, rows)
    inner = Loop(j, "vector", (Store(y, at(i, rows, j), load(x, j, columns, i)),))
    kernel = Kernel(Loops((Loop(i, "parallel", (inner,)),)), target)
    source = (random(rows, columns) * 50).astype(dtype)
    for workers in (1, 2):
        arrays = {x: source, y: np.zeros((columns, rows), dtype)}
        kernel(arrays, 1, workers)
        np.testing.assert_array_equal(arrays[y], source.T)


@each_target
@pytest.mark.parametrize("axis", [0, 1])
def test_concatenation(target, axis):
    shapes = [(N, 5), (N, 21)] if axis else [(N, 12), (N.times(2), 12)]
    i, j = var("i", N if axis else N.times(3)), var("j", 26 if axis else 12)
    a, b = (buffer("input", "float32", *s) for s in shapes)
    columns = j.extent.offset
    y = buffer("output", "float32", i.extent, columns)
    if axis:
        guard = Guard(Index.of(j), Dim(0, 0), Dim(0, 5))
        other = load(b, i, 21, Index.of(j).plus(-5))
        value = Choose((guard,), load(a, i, 5, j), other)
    else:
        guard = Guard(Index.of(i), Dim(0, 0), N)
        other = load(b, Index.of(i).plus(N.times(-1)), 12, j)
        value = Choose((guard,), load(a, i, 12, j), other)
    inner = Loop(j, "vector", (Store(y, at(i, columns, j), value),))
    kernel = Kernel(Loops((Loop(i, "parallel", (inner,)),)), target)
    for n in BATCHES:
        first = random(*(d.at(n) if isinstance(d, Dim) else d for d in shapes[0]))
        second = random(*(d.at(n) if isinstance(d, Dim) else d for d in shapes[1]), seed=1)
        whole = np.concatenate([first, second], axis)
        arrays = {a: first, b: second, y: np.zeros_like(whole)}
        kernel(arrays, n, workers=2)
        np.testing.assert_array_equal(arrays[y], whole)


@each_target
def test_padding_reads_nothing_outside(target):
    i, j = var("i", 9), var("j", 40)
    x, y = buffer("input", "float32", 5, 33), buffer("output", "float32", 9, 40)
    guards = (
        Guard(Index.of(i).plus(-2), Dim(0, 0), Dim(0, 5)),
        Guard(Index.of(j).plus(-3), Dim(0, 0), Dim(0, 33)),
    )
    inside = load(x, Index.of(i).plus(-2), 33, Index.of(j).plus(-3))
    value = Choose(guards, apply("add", inside, number(1)), number(7))
    inner = Loop(j, "vector", (Store(y, at(i, 40, j), value),))
    kernel = Kernel(Loops((Loop(i, "parallel", (inner,)),)), target)
    arrays = {x: random(5, 33), y: np.zeros((9, 40), "f")}
    kernel(arrays)
    expected = np.pad(arrays[x] + 1, ((2, 2), (3, 4)), constant_values=7)
    np.testing.assert_array_equal(arrays[y], expected)


@each_target
@pytest.mark.parametrize("operation", ["and", "or"])
def test_bools_reduced(target, operation):
    kernel, x, y = rows_kernel(37, operation, target, "bool")
    rows = np.random.default_rng(0).random((9, 37)) < (0.97 if operation == "and" else 0.03)
    arrays = {x: rows, y: np.zeros(9, bool_)}
    kernel(arrays, 9)
    np.testing.assert_array_equal(arrays[y], getattr(np, f"logical_{operation}").reduce(rows, 1))


@each_target
def test_rows_longer_than_the_batch(target):
    """A row of 2n - 1 elements, which a batch of one leaves with a single one."""
    length = Dim(2, -1)
    i, j = var("i", 3), var("j", length)
    x, y = buffer("input", "float32", 3, length), buffer("output", "float32", 3)
    total = Accumulator("sum", float32)
    body = (
        Reset(total),
        Loop(j, "vector", (Accumulate(total, load(x, i, length, j)),)),
        Store(y, at(i), Total(total, float32)),
    )
    kernel = Kernel(Loops((Loop(i, "parallel", body),)), target)
    for n in [1, 2, 9, 60]:
        arrays = {x: random(3, 2 * n - 1), y: np.zeros(3, "f")}
        kernel(arrays, n)
        np.testing.assert_allclose(arrays[y], arrays[x].sum(1), 1e-5, 1e-5)


@each_target
def test_no_elements(target):
    i, j = var("i", N), var("j", 0)
    x, y = buffer("input", "float32", N, 0), buffer("output", "float32", N)
    total = Accumulator("sum", float32)
    empty = Loop(j, "vector", (Accumulate(total, load(x, i, 0, j)),))
    body = (Reset(total), empty, Store(y, at(i), Total(total, float32)))
    kernel = Kernel(Loops((Loop(i, "parallel", body),)), target)
    arrays = {x: np.zeros((3, 0), "f"), y: np.ones(3, "f")}
    kernel(arrays, 3)
    np.testing.assert_array_equal(arrays[y], np.zeros(3))
