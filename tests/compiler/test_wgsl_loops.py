"""Loop kernels as WGSL: every way to share their loops gives what the kernel means."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.compiler.interpret import Interpreter
from tests.compiler.kernels import apply, at, buffer, load, var
from tests.compiler.wgsl_runner import run_launch, run_shaders
from thalweg.compiler.dims import Dim
from thalweg.compiler.ir.expression import Accumulator, Apply, Buffer, Constant, Ordinal, Total
from thalweg.compiler.ir.index import Index
from thalweg.compiler.ir.program import Copy, Loops
from thalweg.compiler.ir.statement import Accumulate, Loop, Reset, Statement, Store
from thalweg.compiler.render import uses
from thalweg.compiler.render.wgsl import loops
from thalweg.compiler.render.wgsl.kernel import KernelShader
from thalweg.compiler.render.wgsl.layout import Place, Room, words
from thalweg.tensor.dtypes import as_dtype, float32, int32

Array = np.ndarray[Any, Any]
N = Dim(1, 0)
PROFILES = ["gpu", "software"]


def fill(b: Buffer, n: int, seed: int) -> Array:
    random = np.random.default_rng(seed)
    size = b.size.at(n)
    if b.dtype.kind == "b":
        return random.random(size) < 0.5
    if b.dtype.kind in "iu":
        return random.integers(0, 100, size).astype(b.dtype)
    return (random.integers(-40, 41, size) / 8).astype(b.dtype)


def rendered(
    kernel: Loops, buffers: list[Buffer], n: int, profile: str = "gpu", subgroups: bool = False
) -> tuple[list[KernelShader], dict[Buffer, Place], Room]:
    places, end = {}, 0
    for b in buffers:
        places[b] = Place(end)
        end += words(b, n)
    room = Room(dict(places), n, end, subgroups, profile)
    return loops.render(kernel, room), places, room


def check(
    kernel: Loops,
    buffers: list[Buffer],
    n: int = 1,
    profile: str = "gpu",
    tolerance: float = 0.0,
    subgroups: bool = False,
    **given: Array,
) -> list[KernelShader]:
    """Run a kernel and its meaning on the same numbers."""
    arrays = {b: given.get(b.name, fill(b, n, i)) for i, b in enumerate(buffers)}
    shaders, places, room = rendered(kernel, buffers, n, profile, subgroups)
    found = run_shaders(shaders, places, room.end, arrays, n)
    expected = {b: a.copy() for b, a in arrays.items()}
    rows = {b: fill(b, n, 0) for b in uses.stored(kernel.body) if b.kind == "scratch"}
    Interpreter(expected | rows, n).run(kernel)
    for b in buffers:
        a, c = found[b].astype(np.float64), expected[b].astype(np.float64)
        np.testing.assert_allclose(a, c, tolerance, tolerance)
    return shaders


def number(value: float) -> Constant:
    return Constant(value, float32)


def total_of(x: Buffer, columns: int, operation: str = "sum") -> tuple[Loops, Buffer]:
    """A total for each of n rows."""
    i, j = var("i", N), var("j", columns)
    places = operation.startswith("arg")
    result = int32 if places else x.dtype
    out = buffer("output", result.name, N)
    total = Accumulator(operation, x.dtype)
    body: tuple[Statement, ...] = (
        Reset(total),
        Loop(
            j,
            "vector",
            (Accumulate(total, load(x, i, columns, j), Index.of(j) if places else None),),
        ),
        Store(out, at(i), Total(total, result)),
    )
    return Loops((Loop(i, "parallel", body),)), out


@settings(max_examples=12, deadline=None, derandomize=True, database=None)
@given(
    st.sampled_from(["bfloat16", "float32", "int32", "int8", "uint32", "uint8"]),
    st.sampled_from(["sum", "prod", "max", "min", "argmax", "argmin"]),
    st.sampled_from([1, 3, 23, 65, 300]),
    st.sampled_from([1, 3, 40]),
    st.sampled_from(PROFILES),
)
def test_totals_of_rows(dtype: str, operation: str, columns: int, n: int, profile: str) -> None:
    x = buffer("input", dtype, N, columns)
    x.name = "x"
    kernel, out = total_of(x, columns, operation)
    values = fill(x, n, 3)
    if operation == "prod":  # powers of two: exact in any order
        values = 2 ** (values.astype(np.int64) % 3 - 1.0) if x.dtype.kind in "fV" else values % 3
        values = np.asarray(values).astype(x.dtype)
    check(kernel, [x, out], n, profile, 0.01 if dtype == "bfloat16" else 0.0, x=values)


@pytest.mark.parametrize("operation", ["max", "min", "argmax", "argmin"])
@pytest.mark.parametrize("subgroups", [False, True])
def test_nan_wins_and_the_first_of_equals(operation: str, subgroups: bool) -> None:
    columns = 200
    x = buffer("input", "float32", N, columns)
    x.name = "x"
    values = np.random.default_rng(1).integers(-3, 4, (6, columns)).astype(np.float32)
    values[1, 50] = values[1, 150] = np.nan
    values[2] = 1.0
    values[3] = -np.inf
    values[4, 199] = np.inf
    kernel, out = total_of(x, columns, operation)
    check(kernel, [x, out], 6, subgroups=subgroups, x=values.reshape(-1))


@pytest.mark.parametrize("dtype", ["bool"])
@pytest.mark.parametrize("operation", ["and", "or", "argmax", "max"])
def test_totals_of_bools(dtype: str, operation: str) -> None:
    x = buffer("input", dtype, N, 70)
    kernel, out = total_of(x, 70, operation)
    check(kernel, [x, out], 5, subgroups=True)


def softmax(columns: int) -> tuple[Loops, list[Buffer]]:
    """A row is kept while its total is not known."""
    i = var("i", N)
    j, k, h = var("j", columns), var("k", columns), var("h", columns)
    x, y = buffer("input", "float32", N, columns), buffer("output", "float32", N, columns)
    row = buffer("scratch", "float32", columns)
    most, total = Accumulator("max", float32), Accumulator("sum", float32)
    power = apply("exp", apply("sub", load(x, i, columns, k), Total(most, float32)))
    body = (
        Reset(most),
        Loop(j, "vector", (Accumulate(most, load(x, i, columns, j)),)),
        Reset(total),
        Loop(k, "vector", (Store(row, at(k), power), Accumulate(total, power))),
        Loop(
            h,
            "vector",
            (Store(y, at(i, columns, h), apply("div", load(row, h), Total(total, float32))),),
        ),
    )
    return Loops((Loop(i, "parallel", body),)), [x, y]


@pytest.mark.parametrize("profile", PROFILES)
@pytest.mark.parametrize(("columns", "n"), [(3, 40), (10, 3), (65, 3), (65, 40), (3000, 3)])
def test_softmax(columns: int, n: int, profile: str) -> None:
    kernel, buffers = softmax(columns)
    check(kernel, buffers, n, profile, 1e-6)


def test_softmax_with_subgroups() -> None:
    kernel, buffers = softmax(100)
    (shader,) = check(kernel, buffers, 5, tolerance=1e-6, subgroups=True)
    assert shader.features == {"subgroups"}


@pytest.mark.parametrize("profile", PROFILES)
@pytest.mark.parametrize(("rows", "columns"), [(3, 7), (130, 1), (130, 50), (40, 300)])
def test_totals_of_columns(rows: int, columns: int, profile: str) -> None:
    i, j = var("i", rows), var("j", columns)
    x, w = buffer("input", "float32", rows, columns), buffer("state", "float32", columns)
    scaled = buffer("output", "float32", rows, columns)
    total = Accumulator("sum", float32, start=0.5)
    twice = apply("mul", load(x, i, columns, j), number(2.0))
    inner = (Store(scaled, at(i, columns, j), twice), Accumulate(total, twice))
    body = (
        Reset(total),
        Loop(i, "serial", inner),
        Store(w, at(j), apply("sub", load(w, j), Total(total, float32))),
    )
    check(Loops((Loop(j, "vector", body),)), [x, w, scaled], 1, profile)


def everything(count: int, operation: str) -> tuple[Loops, list[Buffer]]:
    i = var("i", count)
    places = operation.startswith("arg")
    x = buffer("input", "float32", count)
    out = buffer("state", "int32" if places else "float32", 1)
    total = Accumulator(operation, float32)
    value = Accumulate(total, load(x, i), Index.of(i) if places else None)
    new = Apply("add", (load(out, 0), Total(total, out.dtype)), out.dtype)
    body = (Reset(total), Loop(i, "vector", (value,)), Store(out, at(0), new))
    return Loops(body), [x, out]


@pytest.mark.parametrize("operation", ["sum", "max", "argmin"])
@pytest.mark.parametrize(("count", "kernels"), [(1, 1), (300, 1), (70001, 2)])
def test_everything_in_one_total(count: int, kernels: int, operation: str) -> None:
    kernel, buffers = everything(count, operation)
    assert len(check(kernel, buffers)) == kernels


def test_a_running_total_is_read_while_it_runs() -> None:
    i, j = var("i", 3), var("j", 5)
    x, y = buffer("input", "float32", 3, 5), buffer("output", "float32", 3, 5)
    total = Accumulator("sum", float32, start=2.0)
    turn = (
        Accumulate(total, load(x, i, 5, j)),
        Store(y, at(i, 5, j), Total(total, float32)),
    )
    check(Loops((Loop(i, "parallel", (Reset(total), Loop(j, "serial", turn))),)), [x, y])


def test_an_array_updated_while_others_use_its_old_values() -> None:
    i, j = var("i", 4), var("j", 100)
    x, y = buffer("state", "float32", 4), buffer("output", "float32", 4, 100)
    total = Accumulator("max", float32)
    old, new = load(x, i), load(x, i)
    body = (
        Reset(total),
        Loop(j, "vector", (Accumulate(total, apply("mul", old, Ordinal(Index.of(j), float32))),)),
        Store(x, at(i), apply("add", old, Total(total, float32))),
        Loop(j, "vector", (Store(y, at(i, 100, j), apply("sub", new, old)),)),
    )
    values = fill(x, 1, 1)
    shaders, places, room = rendered(Loops((Loop(i, "parallel", body),)), [x, y], 1)
    found = run_shaders(shaders, places, room.end, {x: values, y: fill(y, 1, 2)})
    most = np.maximum(99 * values, 0)
    np.testing.assert_array_equal(found[x], values + most)
    np.testing.assert_array_equal(found[y].reshape(4, 100), np.repeat(most[:, None], 100, 1))


@pytest.mark.parametrize("n", [1, 5, 64])
def test_parts_side_by_side(n: int) -> None:
    """Loops of all kinds in one kernel, each in workgroups of its own."""
    rows, buffers = softmax(40)
    i, j, k = var("i", N), var("j", 3), var("k", 200)
    x, y = buffer("input", "float32", N, 3), buffer("output", "int32", N, 3)
    z, w = buffer("input", "float32", 200, 3), buffer("output", "float32", 3)
    doubled = apply("cast", apply("mul", load(x, i, 3, j), number(2.0)), dtype=int32)
    doubled = Apply("cast", doubled.inputs, int32, {"dtype": int32})
    total = Accumulator("sum", float32)
    t = var("t", 3)
    columns = (
        Reset(total),
        Loop(k, "serial", (Accumulate(total, load(z, k, 3, t)),)),
        Store(w, at(t), Total(total, float32)),
    )
    kernel = Loops(
        (
            *rows.body,
            Loop(i, "parallel", (Loop(j, "vector", (Store(y, at(i, 3, j), doubled),)),)),
            Loop(t, "vector", columns),
        )
    )
    shaders = check(kernel, [*buffers, x, y, z, w], n, tolerance=1e-6)
    assert len(shaders) == 1


def test_the_square_of_the_batch() -> None:
    i, j = var("i", N), var("j", N)
    x = buffer("input", "float32", N)
    # A buffer's size is affine in the batch, so what is stored is what all rows agree on.
    y = buffer("output", "float32", N)
    inner = Loop(j, "vector", (Store(y, at(j), apply("neg", load(x, j))),))
    check(Loops((Loop(i, "parallel", (inner,)),)), [x, y], 70)


@pytest.mark.parametrize("count", [1, 64, 1000])
def test_copy(count: int) -> None:
    source, target = buffer("input", "int16", count + 7), buffer("state", "int16", count + 3)
    arrays = {source: fill(source, 1, 1), target: fill(target, 1, 2)}
    copy = Copy(source, target, Dim(0, count), at(5), at(2))
    found = run_launch(copy, arrays)[target]
    wanted = arrays[target].copy()
    wanted[2 : 2 + count] = arrays[source][5 : 5 + count]
    np.testing.assert_array_equal(found, wanted)


def test_more_groups_than_one_row_of_the_grid() -> None:
    i = var("i", 65536 * 64 + 3)
    x = buffer("output", "uint8", i.extent)
    value = Apply("cast", (Ordinal(Index.of(i), int32),), x.dtype, {"dtype": as_dtype("uint8")})
    kernel = Loops((Loop(i, "vector", (Store(x, at(i), value),)),))
    shaders, places, room = rendered(kernel, [x], 1)
    assert shaders[0].count(1) > 65535
    found = run_shaders(shaders, places, room.end, {x: np.zeros(x.size.at(1), np.uint8)})[x]
    np.testing.assert_array_equal(found, np.arange(x.size.at(1)).astype(np.uint8))
