"""Many steps in one call of a WebAssembly module, and kernels that several programs share."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from tests.compiler.flows import SIZES, traced
from tests.web.wasm_runner import Placed, request
from thalweg import ops
from thalweg.compiler.compile import compile_traces
from thalweg.compiler.render.llvm.merge import merge
from thalweg.compiler.render.llvm.table import Job
from thalweg.compiler.render.llvm.together import Part, render_together
from thalweg.compiler.target import SIMD128

Array = np.ndarray[Any, Any]

# A state, samples of 5 numbers, their weights, and a number for all of them.
SHAPES = (((5,), "float32"), ((None, 5), "float32"), ((None,), "int32"), ((), "float32"))
BATCH = 4


def function(state: Any, x: Any, weight: Any, rate: Any) -> list[Any]:
    rows = ops.tanh(x + state) * ops.cast(weight, "float32")[:, None]
    total = ops.sum(rows, axis=0)
    return [state * 0.9 + total * rate, rows, ops.sum(total)]


def python(state: Array, x: Array, weight: Array, rate: float) -> tuple[Array, Array, Any]:
    rows = np.tanh(x + state) * weight[:, None]
    return state * np.float32(0.9) + rows.sum(0) * np.float32(rate), rows, rows.sum()


def placed() -> Placed:
    graphs = [traced(function, SHAPES, n) for n in SIZES]
    return Placed(compile_traces(graphs, SIZES, 1).program(BATCH), name="go")


@pytest.mark.parametrize("shuffled", [False, True])
def test_steps_do_as_runs_one_after_the_other(shuffled: bool) -> None:
    random = np.random.default_rng(4)
    count, epochs, where = 10, 3, placed()
    x = random.standard_normal((count, 5)).astype(np.float32)
    weight = random.integers(1, 4, count).astype(np.int32)
    state, rate = random.standard_normal(5).astype(np.float32), 0.1
    steps = -(-count // BATCH)
    orders = [random.permutation(count) if shuffled else np.arange(count) for _ in range(epochs)]

    begin = where.end
    room: dict[str, int] = {}
    for name, size in (
        *(("x", x.nbytes), ("weight", weight.nbytes), ("orders", 8 * count * epochs)),
        *(("staged x", 2 * 128), ("staged weight", 2 * 64), ("pointers", 24), ("staging", 24)),
        *(("initial", 20), ("resets", 24), ("rows", 20 * count * epochs), ("single", 4 * epochs)),
    ):
        room[name] = begin
        begin = -(-(begin + size) // 64) * 64 + 64
    words = np.zeros(Job.SIZE, np.int64)
    words[[Job.WHOLES, Job.STAGING]] = room["pointers"], room["staging"]
    words[Job.ORDER] = room["orders"] if shuffled else 0
    words[[Job.ROWS, Job.BATCH, Job.FIRST, Job.STEPS]] = count, BATCH, 0, steps
    words[[Job.EPOCHS, Job.RESETS, Job.RESET_LIST]] = epochs, 1, room["resets"]
    layout = where.layout
    writes = {
        where.job: words,
        where.states[0]: np.zeros(5, np.float32),
        where.inputs[2]: np.float32(rate),
        where.table + 4 * layout.outputs: np.array([room["rows"], room["single"]], np.uint32),
        room["x"]: x,
        room["weight"]: weight,
        room["orders"]: np.concatenate(orders).astype(np.int64),
        room["pointers"]: np.array([room["x"], room["weight"], where.inputs[2]], np.int64),
        room["staging"]: np.array([room["staged x"], room["staged weight"], 0], np.int64),
        room["initial"]: state,
        room["resets"]: np.array([where.states[0], room["initial"], 20], np.int64),
    }
    found = request(
        where.module,
        begin // 65536 + 2,
        {place: np.asarray(a).tobytes() for place, a in writes.items()},
        [("go_steps", 1, where.job, 0, 1)],
        [(where.states[0], 20), (room["single"], 4 * epochs)],
    )
    singles = []
    for order in orders:
        now = state
        for step in range(steps):
            some = order[step * BATCH : (step + 1) * BATCH]
            now, _, single = python(now, x[some], weight[some], rate)
        singles.append(single)
    np.testing.assert_allclose(np.frombuffer(found.parts[0], np.float32), now, 1e-5)
    np.testing.assert_allclose(np.frombuffer(found.parts[1], np.float32), singles, 1e-5)


def test_outputs_with_rows_follow_one_another() -> None:
    random = np.random.default_rng(5)
    count, where = 10, placed()
    x = random.standard_normal((count, 5)).astype(np.float32)
    weight, state = np.ones(count, np.int32), np.zeros(5, np.float32)
    places = [where.end + 4096 * k for k in range(5)]
    words = np.zeros(Job.SIZE, np.int64)
    words[[Job.WHOLES, Job.STAGING, Job.EPOCHS]] = places[0], places[0], 1
    words[[Job.ROWS, Job.BATCH, Job.FIRST, Job.STEPS]] = count, BATCH, 1, 2
    writes = {
        where.job: words,
        where.states[0]: state,
        where.inputs[2]: np.float32(0.0),
        where.table + 4 * where.layout.outputs: np.array(places[3:5], np.uint32),
        places[0]: np.array([places[1], places[2], where.inputs[2]], np.int64),
        places[1]: x,
        places[2]: weight,
    }
    found = request(
        where.module,
        places[-1] // 65536 + 2,
        {place: np.asarray(a).tobytes() for place, a in writes.items()},
        [("go_steps", 1, where.job, 0, 1)],
        [(places[3], 4 * 5 * 6)],
    )
    rows = np.frombuffer(found.parts[0], np.float32).reshape(6, 5)
    np.testing.assert_allclose(rows, np.tanh(x[4:]), 1e-5)


def test_programs_share_their_kernels() -> None:
    graphs = [traced(function, SHAPES, n) for n in SIZES]
    program = compile_traces(graphs, SIZES, 1).program(BATCH)
    one = render_together([Part("one", program, 1024, 4096)], SIMD128)
    two = render_together([Part(x, program, 1024, 4096) for x in ("one", "two")], SIMD128)
    assert one.text.count("define internal void @kernel") == two.text.count(
        "define internal void @kernel"
    )
    assert two.exports == ("one", "one_steps", "two", "two_steps")


TEXT = """define internal void @N(ptr %b0, i32 %n, ptr %scratch) nounwind {
entry:
  %v1 = mul nsw i32 %n, {a}
  %v2 = getelementptr inbounds float, ptr %b0, i32 {a}
  %v3 = add nsw i32 %v1, {b}
  %v4 = udiv i32 %v3, {c}
  store i32 %v4, ptr %v2, align 4
  ret void
}"""


def filled(a: int, b: int, c: int = 3) -> str:
    return TEXT.replace("{a}", str(a)).replace("{b}", str(b)).replace("{c}", str(c))


def test_kernels_that_differ_in_lengths_are_one() -> None:
    texts, became = merge([filled(5, 7), filled(6, 7), filled(5, 8, 4)])
    assert len(texts) == 2  # to divide by another number is another function
    assert [m.number for m in became] == [0, 0, 1]
    assert became[0].lengths == (5,)
    assert became[1].lengths == (6,)
    assert became[2].lengths == ()
    assert "ptr %scratch, i32 %length0)" in texts[0]
    assert "mul nsw i32 %n, %length0" in texts[0]
    assert "ptr %b0, i32 %length0" in texts[0]
    assert "i32 %v1, 7" in texts[0]
    assert texts[1] == filled(5, 8, 4)


def test_layers_of_several_sizes_are_right() -> None:
    shapes = (((None, 6), "float32"), ((6, 9), "float32"), ((9, 7), "float32"), ((7, 9), "float32"))

    def layers(x: Any, *weights: Any) -> list[Any]:
        for w in weights:
            x = ops.tanh(ops.matmul(x, w))
        return [x]

    graphs = [traced(layers, shapes, n) for n in SIZES]
    where = Placed(compile_traces(graphs, SIZES, 0).program(BATCH))
    assert where.text.text.count("define internal void @kernel") == 1
    random = np.random.default_rng(6)
    for n in (1, 3, BATCH):
        x, *weights = (
            random.standard_normal([n if d is None else d for d in s]).astype(np.float32)
            for s, _ in shapes
        )
        _, (found,), _ = where.run([], [x, *weights], n)
        for w in weights:
            x = np.tanh(x @ w)
        np.testing.assert_allclose(found, x, 1e-5, 1e-6)
