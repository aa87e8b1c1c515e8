"""Programs on the GPU: what they read, write, decide and leave to this machine."""

from __future__ import annotations

import gc
import weakref

import numpy as np
import pytest

from tests.devices.programs import N, add, buffer, each, host, less, multiply, program, temporary
from tests.devices.webgpu import executable
from thalweg.compiler.dims import Dim
from thalweg.compiler.ir.expression import Apply, Load, Ordinal
from thalweg.compiler.ir.index import Index
from thalweg.compiler.ir.program import Cond, Copy, Piece, Scan, While
from thalweg.devices.webgpu.gpu import Gpu, grid
from thalweg.tensor.dtypes import DTYPES, bool_, float32, int32


def array(*values: float) -> np.ndarray:
    return np.array(values, np.float32)


def test_a_run_reads_inputs_updates_states_and_gives_new_outputs():
    state, x, y = buffer("state", 5), buffer("input", 5), buffer("output", 5)
    t = temporary(5, 0)
    made = executable(
        program([add(t, state, x), add(y, t, 1.0), multiply(state, t, 2.0)], [state], [x], [y])
    )
    values = np.zeros(5, np.float32)
    first = made.run([values], [np.arange(5, dtype=np.float32)])
    np.testing.assert_array_equal(first[0], [1, 2, 3, 4, 5])
    np.testing.assert_array_equal(values, [0, 2, 4, 6, 8])
    second = made.run([values], [np.ones(5, np.float32)])
    np.testing.assert_array_equal(second[0], [2, 4, 6, 8, 10])
    np.testing.assert_array_equal(first[0], [1, 2, 3, 4, 5])


def test_one_program_serves_every_batch_size():
    x, y, total = buffer("input", N.times(3)), buffer("output", N.times(3)), buffer("output", 1)
    scale = buffer("constant", 1)
    made = program([multiply(y, x, scale), each(total, lambda _: Load(x, Index()))], [], [x])
    made.outputs, made.constants, made.capacity = [y, total], [(scale, array(3.0))], 40
    made.output_shapes = [(N, Dim.of(3)), ()]
    found = executable(made)
    for n in (40, 1, 17, 40):
        values = np.random.default_rng(n).normal(size=(n, 3)).astype(np.float32)
        scaled, first = found.run([], [values], n)
        np.testing.assert_array_equal(scaled, values * np.float32(3))
        assert (scaled.shape, first.shape, first) == ((n, 3), (), values[0, 0])


@pytest.mark.parametrize("reverse", [False, True])
def test_scan_walks_over_pieces(reverse):
    xs, ys, carry = buffer("input", 12), buffer("output", 12), buffer("state", 3)
    x, y = buffer("piece", 3), buffer("piece", 3)
    body = (add(carry, carry, x), Copy(carry, y, Dim.of(3)))
    scan = Scan(body, Dim.of(4), reverse, (Piece(x, xs), Piece(y, ys)))
    values, start = np.arange(12, dtype=np.float32).reshape(4, 3), np.zeros(3, np.float32)
    (found,) = executable(program([scan], [carry], [xs], [ys])).run([start], [values])
    step = -1 if reverse else 1
    np.testing.assert_array_equal(found.reshape(4, 3), np.cumsum(values[::step], axis=0)[::step])
    np.testing.assert_array_equal(start, values.sum(axis=0))


def test_scans_nest_have_more_turns_than_slots_or_none():
    xs, total = buffer("input", N.times(24)), buffer("state", 2)
    row, cell = buffer("piece", N.times(8)), buffer("piece", 2)
    inner = Scan((add(total, total, cell),), N.times(4), False, (Piece(cell, row),))
    outer = Scan((inner, multiply(total, total, 0.5)), Dim.of(3), False, (Piece(row, xs),))
    never = Scan((add(total, total, total),), N.minus(N), False, ())
    made = executable(program([never, outer], [total], [xs], capacity=20))
    for n in (2, 20):
        values = np.random.default_rng(n).normal(size=(3, 4 * n, 2)).astype(np.float32)
        found, expected = np.zeros(2, np.float32), np.zeros(2)
        made.run([found], [values], n)
        for part in values:
            expected = (expected + part.sum(axis=0)) * 0.5
        np.testing.assert_allclose(found, expected, rtol=1e-5)


def test_while_turns_until_its_flag_is_false():
    x, limitless = buffer("state", 7), buffer("temporary", 1, bool_)
    loop = While((less(limitless, x, 100.0),), limitless, (multiply(x, x, 2.0),))
    made = executable(program([loop], [x]))
    for start, expected in ((1.0, 128.0), (3.0, 192.0), (100.0, 100.0)):
        found = np.full(7, start, np.float32)
        made.run([found], [])
        np.testing.assert_array_equal(found, np.full(7, expected))


def test_cond_runs_one_branch_for_each_turn():
    xs, ys, flag = buffer("input", 6), buffer("output", 6), buffer("temporary", 1, bool_)
    x, y = buffer("piece", 2), buffer("piece", 2)
    choice = Cond(flag, (add(y, x, 1.0),), (multiply(y, x, -1.0),))
    scan = Scan((less(flag, x, 3.0), choice), Dim.of(3), False, (Piece(x, xs), Piece(y, ys)))
    made = executable(program([scan], [], [xs], [ys]))
    (found,) = made.run([], [array(0, 1, 5, 6, 2, 9)])
    np.testing.assert_array_equal(found, [1, 2, -5, -6, 3, 10])


def test_host_calls_are_computed_here():
    x, y, t = buffer("input", 6), buffer("output", 6), temporary(6, 0)
    sort = host(lambda v: np.sort(v), [t], [t])
    made = executable(program([add(t, x, 1.0), sort, multiply(y, t, 2.0)], [], [x], [y]))
    (found,) = made.run([], [array(3, 1, 2, 6, 5, 4)])
    np.testing.assert_array_equal(found, [4, 6, 8, 10, 12, 14])


def test_a_host_call_that_fails_says_so_and_the_next_run_is_well():
    x, y, wrong = buffer("state", 1), buffer("output", 1), [True]

    def call(values):
        if wrong:
            raise KeyError("no")
        return values

    made = executable(
        program([add(x, x, 1.0), host(call, [x], [y]), add(x, x, 10.0)], [x], [], [y])
    )
    state = array(0.0)
    with pytest.raises(KeyError, match="no"):
        made.run([state], [])
    np.testing.assert_array_equal(state, [1.0])
    wrong.clear()
    assert made.run([state], [])[0] == 2.0
    np.testing.assert_array_equal(state, [12.0])


def test_a_program_must_not_run_inside_itself():
    x = buffer("state", 1)
    made = executable(program([host(lambda v: made.run([array(1.0)], []), [x], [x])], [x]))
    with pytest.raises(RuntimeError, match="must not run the Program itself"):
        made.run([array(1.0)], [])


@pytest.mark.parametrize("order", [None, [5, 0, 3, 3, 6, 1, 2]])
def test_many_steps_gather_rows_and_collect_outputs(order):
    x, w = buffer("input", N.times(2)), buffer("state", 1)
    rate, y, last = buffer("input", 1), buffer("output", N.times(2)), buffer("output", 1)
    made = program(
        [
            multiply(y, x, rate),
            host(lambda v: v + 1, [w], [w]),  # reads back in between
            each(last, lambda _: Apply("add", (Load(x, Index()), Load(w, Index())), float32)),
        ],
        [w],
        [x, rate],
        [y, last],
        capacity=3,
    )
    made.output_shapes = [(N, Dim.of(2)), ()]
    found = executable(made)
    values, state = np.arange(14, dtype=np.float32).reshape(7, 2), array(0.0)
    numbers = None if order is None else np.array(order, np.int64)
    taken = values if order is None else values[order]
    rows, end = found.run_many([state], [values, array(10.0)], numbers, 3, 0, 3)
    np.testing.assert_array_equal(rows, 10 * taken)
    assert (end, state[0]) == (taken[6, 0] + 3, 3.0)
    rows, end = found.run_many([state], [values, array(10.0)], numbers, 3, 1, 1)
    np.testing.assert_array_equal(rows, 10 * taken[3:6])
    assert (end, state[0]) == (taken[3, 0] + 4, 4.0)


def test_epochs_begin_anew_and_keep_what_each_came_to():
    x, total, w = buffer("input", N), buffer("state", 1), buffer("state", 1)
    first, y = buffer("output", 1), buffer("output", 1)
    made = program(
        [
            each(first, lambda _: Load(x, Index())),
            add(total, total, first),
            host(lambda v, t: v + t, [w, total], [w]),
            add(y, total, 0.0),
        ],
        [total, w],
        [x],
        [first, y],
        capacity=2,
    )
    found = executable(made)
    orders = np.array([0, 1, 2, 2, 1, 0, 1, 1, 1], np.int64)
    states = [array(9.0), array(0.0)]
    a, b = found.run_epochs(states, [array(1, 2, 3)], orders, 2, 3, [(0, array(0.0))])
    np.testing.assert_array_equal(a, [3, 1, 2])
    np.testing.assert_array_equal(b, [4, 4, 4])
    np.testing.assert_array_equal(states, [[4], [1 + 4 + 3 + 4 + 2 + 4]])
    with pytest.raises(ValueError, match="expected 2 orders of 3 rows, got 9 rows"):
        found.run_epochs(states, [array(1, 2, 3)], orders, 2, 2, [])


ROWS = sorted({*DTYPES} - {"float64", "uint64", "complex64", "complex128"})


@pytest.mark.parametrize("dtype", ROWS)
def test_rows_of_every_dtype_are_gathered(dtype):
    x, other, y = (
        buffer("input", N.times(3), dtype),
        buffer("input", N),
        buffer("output", N.times(3), dtype),
    )
    made = program([Copy(x, y, N.times(3))], [], [x, other], [y], capacity=4)
    made.output_shapes = [(N, Dim.of(3))]
    values = np.random.default_rng(0).integers(-100, 100, (9, 3)).astype(DTYPES[dtype])
    order = np.array([8, 0, 3, 5, 1], np.int64)
    others = np.zeros(9, np.float32)
    (found,) = executable(made).run_many([], [values, others], order, 4, 0, 2)
    assert found.dtype == DTYPES[dtype]
    np.testing.assert_array_equal(found, values[order])


def test_rows_that_the_gpu_has_no_room_for_are_sent_in_parts(monkeypatch):
    x, y = buffer("input", N.times(2)), buffer("output", N.times(2))
    made = program([add(y, x, 1.0)], [], [x], [y], capacity=4)
    made.output_shapes = [(N, Dim.of(2))]
    found = executable(made)
    monkeypatch.setattr(found._gatherer, "dataset", lambda wholes: None)
    monkeypatch.setattr("thalweg.devices.webgpu.executable._PART", 256 * 5)
    monkeypatch.setattr("thalweg.devices.webgpu.results._TOGETHER", 20)
    values = np.arange(46, dtype=np.float32).reshape(23, 2)
    order = np.random.default_rng(0).permutation(23)
    for numbers in (None, order):
        (rows,) = found.run_many([], [values], numbers, 4, 1, 5)
        taken = values if numbers is None else values[numbers]
        np.testing.assert_array_equal(rows, taken[4:] + 1)


def test_data_are_sent_once(monkeypatch):
    x, total = buffer("input", N), buffer("state", 1)
    found = executable(program([each(total, lambda _: Load(x, Index()))], [total], [x], capacity=2))
    sent = []
    monkeypatch.setattr(
        Gpu,
        "storage",
        lambda self, size, make=Gpu.storage: (sent.append(size), make(self, size))[1],
    )
    values, state = array(1, 2, 3, 4), array(0.0)
    order = np.array([3, 2, 1, 0], np.int64)
    for _ in range(3):
        found.run_many([state], [values], order, 2, 0, 2)
    assert len(sent) == 2  # room for orders, and the data
    found.run_many([state], [values.copy()], order, 2, 0, 2)
    assert len(sent) == 3
    assert found._gatherer._known is None  # that copy is gone


def test_what_does_not_fit_is_refused():
    x, s, y = buffer("input", N), buffer("state", 4), buffer("output", N)
    found = executable(program([add(y, x, 1.0), add(s, s, 1.0)], [s], [x], [y], capacity=8))
    good, state = np.zeros(4, np.float32), np.zeros(4, np.float32)
    with pytest.raises(ValueError, match="batch must be of 1 to 8 samples, got 9"):
        found.run([state], [good], 9)
    with pytest.raises(ValueError, match="expected 1 inputs, got 0"):
        found.run([state], [], 4)
    with pytest.raises(ValueError, match="input 0 must be 4 values of float32, got 3 of float32"):
        found.run([state], [good[:3]], 4)
    with pytest.raises(ValueError, match="expected 1 states, got 2"):
        found.run([state, state], [good], 4)
    with pytest.raises(ValueError, match="state 0 must be 4 values of float32, got 4 of float64"):
        found.run([np.zeros(4)], [good], 4)
    with pytest.raises(ValueError, match="order must hold rows from 0 to 3"):
        found.run_many([state], [good], np.array([0, 4]), 2, 0, 1)
    with pytest.raises(ValueError, match="there are 4 rows, not enough for steps 1 to 1 of 8"):
        found.run_many([state], [good], None, 8, 1, 1)


@pytest.mark.parametrize("dtype", ["complex64", "float64", "uint64"])
def test_dtypes_that_webgpu_lacks_are_refused(dtype):
    x = buffer("state", 4, DTYPES[dtype])
    with pytest.raises(TypeError, match=f"WebGPU has no {dtype}.*cpu device"):
        executable(program([Copy(x, x, Dim.of(2))], [x]))


def test_int64_is_taken_as_int32_where_that_holds_it():
    x, y = buffer("input", 2, DTYPES["int64"]), buffer("output", 2, DTYPES["int64"])
    found = executable(program([Copy(x, y, Dim.of(2))], [], [x], [y]))
    (same,) = found.run([], [np.array([-(2**31), 2**31 - 1])])
    np.testing.assert_array_equal(same, [-(2**31), 2**31 - 1])
    with pytest.raises(ValueError, match="int64 as int32, which does not hold -1 to 2147483648"):
        found.run([], [np.array([-1, 2**31])])


def test_programs_larger_than_a_binding_are_refused():
    x, t = buffer("input", N), buffer("temporary", N.times(1 << 20))
    with pytest.raises(
        ValueError, match=r"Program needs 4,096 MB in one buffer, and the GPU .*can"
    ):
        executable(program([each(t, lambda i: Load(x, Index()))], [], [x], capacity=1024))


def test_more_groups_than_a_row_of_the_grid():
    size = 65536 * 64 + 1
    y = buffer("output", size, int32)
    (found,) = executable(program([each(y, lambda i: Ordinal(i, int32))], [], [], [y])).run([], [])
    np.testing.assert_array_equal(found, np.arange(size))
    assert [grid(k) for k in (1, 65535, 65536)] == [(1, 1), (65535, 1), (32768, 2)]


def test_arrays_as_states_may_be_others_each_time():
    state = buffer("state", 2)
    found = executable(program([add(state, state, 1.0)], [state]))
    a, b = np.zeros(2, np.float32), np.zeros(2, np.float32)
    for states in ([a], [a], [b], (a,)):
        found.run(states, [])
    np.testing.assert_array_equal(a, [3, 3])
    np.testing.assert_array_equal(b, [1, 1])


@pytest.mark.parametrize("times", [True, False])
def test_profile_times_each_dispatch_and_changes_no_state(times, monkeypatch):
    state, t = buffer("state", 1000), temporary(1000, 0)
    scan = Scan((add(t, state, 1.0), add(state, t, 1.0)), Dim.of(5), False, ())
    call = host(lambda v: v, [state], [state])
    found = executable(program([scan, multiply(state, state, 0.5), call], [state]))
    monkeypatch.setattr(found._gpu, "times", times)
    values = np.zeros(1000, np.float32)
    seconds = found.profile([values], [], repeats=2)
    assert len(seconds) == len(found.leaves) == 4
    assert all(t > 0 for t in seconds)
    assert found.dispatches() == 2 * 5 + 1
    np.testing.assert_array_equal(values, 0)
    found.run([values], [])
    np.testing.assert_array_equal(values, 5)


def test_texts_show_the_code():
    state = buffer("state", 100)
    found = executable(program([add(state, state, 1.0)], [state]))
    assert "@compute @workgroup_size" in found.wgsl
    for name in ("llvm", "asm"):
        with pytest.raises(ValueError, match="Program runs on the device 'webgpu', which has"):
            getattr(found, name)


def test_equal_shaders_share_a_pipeline():
    a, b = (buffer("state", 100) for _ in range(2))
    first, second = (executable(program([add(s, s, 1.0)], [s])) for s in (a, b))
    assert first._schedule._pipelines[0] is second._schedule._pipelines[0]


def test_an_executable_is_freed():
    state, x = buffer("state", 4), buffer("input", N)
    made = executable(program([add(state, state, 1.0)], [state], [x], capacity=2))
    made.run_many([np.zeros(4, np.float32)], [array(1, 2)], None, 2, 0, 1)
    gone = weakref.ref(made)
    del made
    gc.collect()
    assert gone() is None
