"""Programs as shaders: few dispatches, structure, memory, and what is refused."""

from __future__ import annotations

import random
from itertools import pairwise
from typing import Any

import numpy as np
import pytest

import thalweg as tw
from tests.compiler.agreement import agree
from tests.compiler.draws import numbers
from tests.compiler.kernels import apply, at, buffer, load, var
from tests.compiler.models import step_graph
from tests.compiler.random_graphs import random_function
from tests.compiler.test_random_graphs import INPUTS
from tests.compiler.wgsl_agreement import shaded, shaded_batches
from thalweg import ops
from thalweg.compiler.compile import compile_graph
from thalweg.compiler.dims import Dim
from thalweg.compiler.ir.expression import Accumulator, Total
from thalweg.compiler.ir.program import Launch, Loops, Program
from thalweg.compiler.ir.statement import Accumulate, Loop, Reset, Store
from thalweg.compiler.render.wgsl.compacting import compacted
from thalweg.compiler.render.wgsl.kernel import Count, module
from thalweg.compiler.render.wgsl.layout import ALIGNMENT, Layout, Place
from thalweg.compiler.render.wgsl.merging import merged
from thalweg.compiler.render.wgsl.program import Dispatch, Turns, render
from thalweg.primitives import PRIMITIVES as P
from thalweg.primitives.graph import trace
from thalweg.tensor.dtypes import as_dtype, float32
from thalweg.tensor.tensor import TensorSpec

Array = np.ndarray[Any, Any]


@pytest.mark.parametrize("seed", range(300, 312))
def test_random_graphs(seed: int) -> None:
    choice = random.Random(seed)
    shapes = choice.sample(INPUTS, choice.randint(2, 5))
    arrays = [numbers(as_dtype(d), s, seed + i) for i, (s, d) in enumerate(shapes)]
    states = choice.randint(0, 2)
    function = random_function(seed, choice.randint(3, 25), states, choice.randint(1, 6))
    agree(function, arrays, states=states, run=shaded)


# --- dispatches


def step_of_mlp() -> Program:
    model = tw.Sequential(
        [tw.Input((20,)), *(tw.layers.Dense(16, "relu") for _ in range(2)), tw.layers.Dense(10)]
    )
    loss = tw.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(optimizer="adam", loss=loss)
    random_ = np.random.default_rng(0)
    data = random_.random((8, 20), np.float32), random_.integers(0, 10, 8)
    model.train_on_batch(*data)
    graph, values = step_graph(model, data)
    return compile_graph(graph, len(values)).program()


def test_a_step_takes_few_dispatches() -> None:
    program = step_of_mlp()
    rendered = render(program, Layout.of(program))
    assert len(rendered.steps) <= 15
    assert all(isinstance(step, Dispatch) for step in rendered.steps)
    work = sum(rendered.kernels[s.kernel].flops.at(1) for s in rendered.steps)
    assert work > 3 * 2 * 8 * (20 * 16 + 16 * 16 + 16 * 10)


def one(target: Any, *sources: Any) -> Loops:
    """A loop that adds up buffers into another."""
    i = var("i", 10)
    value: Any = load(sources[0], i)
    for source in sources[1:]:
        value = apply("add", value, load(source, i))
    return Loops((Loop(i, "vector", (Store(target, at(i), value),)),), repr(target))


def program_of(launches: list[Launch], buffers: list[Any]) -> Program:
    return Program(1, buffers, [], [], [], [], launches)


def test_launches_join_earlier_ones_that_they_do_not_depend_on() -> None:
    a, b, c, d = (buffer("state", "float32", 10) for _ in range(4))
    launches: list[Launch] = [one(b, a), one(c, b), one(d, a), one(a, b)]
    found = merged(program_of(launches, [a, b, c, d])).launches
    # The third passes the second; the last writes what the first and the third read.
    assert [len(x.body) for x in found if isinstance(x, Loops)] == [1, 2, 1]
    assert len(merged(program_of([one(b, a), one(b, c)], [a, b, c])).launches) == 2


def test_what_is_no_loop_is_one_turn_of_a_merged_kernel() -> None:
    a, b, c = (buffer("state", "float32", 10) for _ in range(3))
    i, total = var("i", 10), Accumulator("sum", float32)
    whole = Loops(
        (
            Reset(total),
            Loop(i, "vector", (Accumulate(total, load(a, i)),)),
            Store(c, at(0), Total(total, float32)),
        )
    )
    (found,) = merged(program_of([one(b, a), whole], [a, b, c])).launches
    assert isinstance(found, Loops)
    assert [s.kind for s in found.body if isinstance(s, Loop)] == ["vector", "parallel"]


# --- structure


def test_scans_and_their_pieces() -> None:
    def function(xs: Any, start: Any) -> list[Any]:
        last, outs = ops.scan(lambda c, x: (c * 0.5 + x, c + x), start, xs)
        back, more = ops.scan(lambda c, x: (c + x, c * x), start, xs, reverse=True)
        return [last, outs, back, more]

    xs, start = numbers(float32, (6, 3), 1), numbers(float32, (3,), 2)
    agree(function, [xs, start], ulps=2, run=shaded)


def test_a_scan_inside_a_scan() -> None:
    def inner(c: Any, x: Any) -> tuple[Any, Any]:
        return ops.scan(lambda d, y: (d + y, d * y), c, x)

    def function(xs: Any, start: Any) -> list[Any]:
        return list(ops.scan(inner, start, xs))

    agree(function, [numbers(float32, (3, 4, 2), 1), numbers(float32, (2,), 2)], run=shaded)
    spec = [TensorSpec((3, 4, 2), float32), TensorSpec((2,), float32)]
    program = compile_graph(trace(function, spec)).program()
    steps = render(program, Layout.of(program)).steps
    (outer,) = [s for s in steps if isinstance(s, Turns)]
    assert any(isinstance(s, Turns) for s in outer.block)


def test_loops_and_branches_that_data_decide_on() -> None:
    def grown(x: Any) -> list[Any]:
        return [ops.while_loop(lambda y: ops.max(y) < 100.0, lambda y: (y * 2.0,), (x,))[0]]

    def branch(x: Any) -> list[Any]:
        return [ops.cond(ops.sum(x) > 0.0, lambda: x + 1.0, lambda: x - 1.0)]

    x = np.array([1, 2, 3], np.float32)
    for array in (x, x + 200):
        agree(grown, [array], run=shaded)
    for array in (x, -x):
        agree(branch, [array], run=shaded)


def test_what_the_host_computes() -> None:
    x = np.eye(3, dtype=np.float32) * 4
    agree(lambda a: [P["cholesky"](a) + 1.0, a * 2.0], [x], run=shaded)


def test_any_batch() -> None:
    def function(x: Any, w: Any) -> list[Any]:
        y = ops.softmax(ops.matmul(x, w))
        return [y, ops.sum(y, axis=0), ops.mean(y), ops.argmax(x, axis=1)]

    sizes = (3, 5, 7)
    traces = [
        trace(function, [TensorSpec((n, 6), float32), TensorSpec((6, 4), float32)]) for n in sizes
    ]
    run = shaded_batches(traces, sizes, 40)
    w = numbers(float32, (6, 4), 1)
    for n in (1, 2, 40):
        x = numbers(float32, (n, 6), n)
        y = np.exp(x @ w - (x @ w).max(1, keepdims=True))
        y /= y.sum(1, keepdims=True)
        for a, b in zip(run([x, w], n), (y, y.sum(0), y.mean(), x.argmax(1)), strict=True):
            np.testing.assert_allclose(a, b, 1e-5, 1e-6)


# --- memory


def test_places_are_aligned_and_apart() -> None:
    program = step_of_mlp()
    layout = Layout.of(program)
    assert all(place % ALIGNMENT == 0 for place in layout.places.values())
    kept = [*program.states, *program.inputs, *program.outputs]
    ends = sorted((layout.places[b], layout.places[b] + b.size.at(1)) for b in kept)
    assert all(a[1] <= b[0] for a, b in pairwise(ends))
    assert max(layout.places[b] + b.size.at(1) for b in layout.places) <= layout.words
    assert render(program, layout).layout.words >= layout.words


def test_programs_share_the_places_of_their_states() -> None:
    program = step_of_mlp()
    first = Layout.of(program)
    states = {b: first.places[b] for b in program.states}
    again = Layout.of(program, states, 10_000_000 // ALIGNMENT * ALIGNMENT)
    assert all(again.places[b] == place for b, place in states.items())
    others = [place for b, place in again.places.items() if b not in states]
    assert min(others) >= 10_000_000 // ALIGNMENT * ALIGNMENT


def test_the_alignment_of_pieces() -> None:
    assert Place(64).aligned(4)
    assert Place(64, ((0, Dim(4, 8)),)).aligned(4)
    assert not Place(64, ((0, Dim(1, 8)),)).aligned(4)


def test_counts() -> None:
    assert [Count(Dim(3, 1), 4).at(n) for n in (0, 1, 2)] == [1, 1, 2]


def test_equal_kernels_are_one() -> None:
    program = step_of_mlp()
    rendered = render(program, Layout.of(program))
    codes = [kernel.code for kernel in rendered.kernels]
    assert len(set(codes)) == len(codes)
    assert all("fn main(" in module(kernel) for kernel in rendered.kernels)


# --- what is refused


@pytest.mark.parametrize("dtype", ["float64", "int64", "uint64"])
def test_sums_of_64_bits_are_refused(dtype: str) -> None:
    graph = trace(lambda x: [ops.sum(x, axis=0)], [TensorSpec((4, 3), as_dtype(dtype))])
    program = compile_graph(graph).program()
    with pytest.raises(TypeError, match=f"WebGPU has no {dtype}.*run it on the cpu device"):
        render(program, Layout.of(program))


def test_labels_of_64_bits_are_compared_and_cast() -> None:
    x = np.array([3, -1, 2, 2], np.int64)

    def function(a: Any) -> list[Any]:
        return [ops.equal(a, 2), ops.cast(a, "float32") * 0.5, ops.one_hot(a, 4)]

    agree(function, [x], run=shaded)


# --- text


def test_values_used_once_are_written_where_they_are_used() -> None:
    lines = ["  let a = b + 1;", "  let c = f(a);", "  let d = c * c;", "  m[i] = d;"]
    assert compacted(lines) == ["  let c = f((b + 1));", "  m[i] = (c * c);"]


def test_nothing_is_moved_past_what_is_done() -> None:
    lines = ["  let a = m[0];", "  m[0] = 1f;", "  m[1] = a;"]
    assert compacted(lines) == lines
    lines = ["  let a = m[0];", "  for (var i = a; i < 3; i++) {", "    s += 1;", "  }"]
    assert compacted(lines) == lines
    lines = ["  let a = m[0];", "  if (b) {", "    m[1] = a;", "  }"]
    assert compacted(lines) == lines
