"""Shaders with a generator of their own: each way in which they share and order their work."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.compiler.agreement import agree
from tests.compiler.draws import extremes, numbers
from tests.compiler.flows import SIZES, specs, traced
from tests.compiler.wgsl_agreement import shaded, shaded_batches
from thalweg.compiler.render.llvm import special as of_the_cpu
from thalweg.compiler.render.wgsl import special
from thalweg.primitives import PRIMITIVES as P
from thalweg.primitives.graph import evaluate_graph
from thalweg.tensor.dtypes import DTYPES, DType, float32

Array = np.ndarray[Any, Any]

HERE = ("bfloat16", "bool", "float16", "float32", "int16", "int32", "int8", "uint16", "uint32",
        "uint8")  # fmt: skip


def test_there_is_a_generator_for_every_family() -> None:
    assert set(special.RENDERERS) == set(of_the_cpu.RENDERERS)


# --- scatter --------------------------------------------------------------------------------------

SCATTERED = [((9, 5, 3), 1), ((20, 130), 0), ((2, 40, 3), 1), ((50,), 0), ((1, 70), 0)]
# Each looks at all others; sorted in one block; in several blocks.
COUNTS = (7, 100, 1500)
IN_TURN = ("float32", "int8", "float16", "uint32", "bfloat16", "int32", "uint8")


@pytest.mark.parametrize("mode", ["add", "max", "min", "mul", "set"])
def test_scatter(mode: str) -> None:
    random = np.random.default_rng(0)
    arrays: list[Array] = []
    axes = []
    for k, (shape, axis) in enumerate(SCATTERED):
        count, dtype = COUNTS[k % 3], DTYPES[IN_TURN[k % len(IN_TURN)]]
        # Many updates of each place, some of them outside.
        indices = random.integers(-1, shape[axis] + 1, count).astype(np.int32)
        wanted = (*shape[:axis], count, *shape[axis + 1 :])
        x, updates = numbers(dtype, shape, k), numbers(dtype, wanted, k + 1)
        if mode == "mul":
            updates = np.sign(updates).astype(dtype)
        arrays += [x, indices, updates]
        axes.append(axis)

    def function(*xs: Any) -> list[Any]:
        groups = zip(xs[::3], xs[1::3], xs[2::3], axes, strict=True)
        return [P["scatter"](x, i, u, axis=a, mode=mode) for x, i, u, a in groups]

    agree(function, arrays, run=shaded)


@pytest.mark.parametrize("count", COUNTS)
def test_updates_are_added_in_their_order(count: int) -> None:
    """So the sums are those of the CPU to the last bit, and the same in every run."""
    random = np.random.default_rng(count)
    x, updates = random.standard_normal(6), random.standard_normal(count)
    x, updates = x.astype(np.float32), updates.astype(np.float32)
    indices = random.integers(0, 6, count).astype(np.uint8)
    wanted = x.copy()
    np.add.at(wanted, indices, updates)
    graph = traced(
        lambda *xs: P["scatter"](*xs, axis=0, mode="add"),
        [((6,), "float32"), ((count,), "uint8"), ((count,), "float32")],
        1,
    )
    np.testing.assert_array_equal(shaded(graph, [x, indices, updates])[0], wanted)


@pytest.mark.parametrize("dtype", ["bfloat16", "float16"])
def test_halves_are_added_up_in_float32(dtype: str) -> None:
    indices, ones = np.zeros(3000, np.int32), np.ones(3000, DTYPES[dtype])
    agree(
        lambda x, i, u: [P["scatter"](x, i, u, axis=0, mode="add")],
        [np.zeros(2, DTYPES[dtype]), indices, ones],
        run=shaded,
    )


# --- dynamic_update_slice -------------------------------------------------------------------------


@given(data=st.data())
@settings(max_examples=6, deadline=None, database=None, derandomize=True)
def test_updates(data: st.DataObject) -> None:
    arrays: list[Array] = []
    for dtype in ("bool", "float16", "int8", "uint32"):
        shape = tuple(data.draw(st.lists(st.integers(1, 9), min_size=1, max_size=4)))
        size = tuple(data.draw(st.integers(1, n)) for n in shape)
        start = [data.draw(st.integers(-2, n + 1)) for n in shape]
        # As unsigned numbers, the negative ones are beyond the end.
        kind = data.draw(st.sampled_from([np.int32, np.uint32, np.int8]))
        x, update = numbers(DTYPES[dtype], shape, 0), numbers(DTYPES[dtype], size, 1)
        arrays += [x, update, np.array(start).astype(kind)]

    def function(*xs: Any) -> list[Any]:
        groups = zip(xs[::3], xs[1::3], xs[2::3], strict=True)
        return [P["dynamic_update_slice"](x, u, s) for x, u, s in groups]

    agree(function, arrays, run=shaded)


# --- order ----------------------------------------------------------------------------------------


def tied(dtype: DType, shape: tuple[int, ...], seed: int) -> Array:
    """Numbers of all sizes, and many that are equal."""
    chosen = np.random.default_rng(seed).random(shape) < 0.5
    found = np.where(chosen, numbers(dtype, shape, seed), extremes(dtype, shape, seed))
    return np.asarray(found, dtype)


def orders(x: Any) -> list[Any]:
    return [P["argsort"](x, axis=1), *P["top_k"](x, k=min(3, x.shape[1]))]


@pytest.mark.parametrize("dtype", HERE)
def test_order(dtype: str) -> None:
    agree(orders, [tied(DTYPES[dtype], (3, 9), 0)], run=shaded)


@pytest.mark.parametrize("length", [1, 64, 1024, 1025, 2048, 5000])
def test_order_of_rows(length: int) -> None:
    """One block, several of them, and a last one that is not whole."""

    def function(x: Any, y: Any) -> list[Any]:
        return [*orders(x), P["argsort"](y, axis=0), *P["top_k"](x, k=length)]

    rows = tied(float32, (2, length), length)
    agree(function, [rows, np.ascontiguousarray(rows.T)], run=shaded)


# --- cumulative -----------------------------------------------------------------------------------

# One invocation for each sequence; one group for each, of one block and of several.
RUNNING = [((3, 5, 4), 1), ((2, 300), 1), ((1030, 3), 0), ((2, 2, 2100), 2)]


@pytest.mark.parametrize("name", ["cummax", "cummin", "cumprod", "cumsum"])
def test_cumulative(name: str) -> None:
    make = extremes if name in ("cummax", "cummin") else numbers
    chosen = ("float32", "int8", "bfloat16", "uint32")
    arrays = [
        make(DTYPES[dtype], shape, k)
        for k, ((shape, _), dtype) in enumerate(zip(RUNNING, chosen, strict=True))
    ]
    if name == "cumprod":
        arrays = [np.sign(x).astype(x.dtype) for x in arrays]

    def function(*xs: Any) -> list[Any]:
        return [
            P[name](x, axis=axis, reverse=reverse)
            for x, (_, axis) in zip(xs, RUNNING, strict=True)
            for reverse in (False, True)
        ]

    agree(function, arrays, run=shaded)


# --- any batch ------------------------------------------------------------------------------------


def batched(x: Any, i: Any, table: Any, start: Any) -> list[Any]:
    return [
        P["argsort"](x, axis=0),
        P["cumsum"](x, axis=0, reverse=True),
        P["scatter"](table, i, x, axis=0, mode="add"),
        P["scatter"](x, i, x, axis=0, mode="set"),
        P["dynamic_update_slice"](P["concat"](x, x, axis=0), x, start),
    ]


def test_any_batch() -> None:
    """One program for up to 3000 samples, which need several blocks, and for few."""
    shapes = [((None, 3), "float32"), ((None,), "int32"), ((7, 3), "float32"), ((2,), "int32")]
    traces = [traced(batched, shapes, n) for n in SIZES]
    run = shaded_batches(traces, SIZES, 3000)
    for n in (2, 65, 1025, 3000):
        graph = traced(batched, shapes, n)
        inputs = [numbers(s.dtype, s.shape, k) for k, s in enumerate(specs(shapes, n))]
        wanted = evaluate_graph(graph, inputs, [np.asarray(x) for x in graph.captured])
        for a, b in zip(run(inputs, n), wanted, strict=True):
            np.testing.assert_array_equal(a, b)
