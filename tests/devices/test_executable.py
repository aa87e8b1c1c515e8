from __future__ import annotations

import gc
import weakref

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.devices.programs import (
    N,
    add,
    buffer,
    each,
    host,
    less,
    multiply,
    program,
    temporary,
)
from thalweg import config, devices
from thalweg.compiler.dims import Dim
from thalweg.compiler.ir.expression import Apply, Load
from thalweg.compiler.ir.index import Index
from thalweg.compiler.ir.program import Cond, Copy, Piece, Scan, While
from thalweg.tensor.dtypes import bool_, float32


@pytest.fixture(params=[1, 2, 3])
def workers(request, monkeypatch):
    """So many workers take part in each run, however small, and share each kernel."""
    monkeypatch.setattr("thalweg.devices.cpu.executable.workers", lambda *_: request.param)
    monkeypatch.setattr("thalweg.compiler.render.llvm.leaves._SMALL", 0.0)
    return request.param


def array(*values: float) -> np.ndarray:
    return np.array(values, np.float32)


def test_a_run_reads_inputs_updates_states_and_gives_new_outputs(workers):
    state, x, y = buffer("state", 5), buffer("input", 5), buffer("output", 5)
    t = temporary(5, 0)
    executable = devices.load(
        program([add(t, state, x), add(y, t, 1.0), multiply(state, t, 2.0)], [state], [x], [y])
    )
    values = np.zeros(5, np.float32)
    first = executable.run([values], [np.arange(5, dtype=np.float32)])
    np.testing.assert_array_equal(first[0], [1, 2, 3, 4, 5])
    np.testing.assert_array_equal(values, [0, 2, 4, 6, 8])
    second = executable.run([values], [np.ones(5, np.float32)])
    np.testing.assert_array_equal(second[0], [2, 4, 6, 8, 10])
    np.testing.assert_array_equal(first[0], [1, 2, 3, 4, 5])


@given(n=st.integers(1, 40))
@settings(max_examples=10, deadline=None)
def test_one_program_serves_every_batch_size(n):
    x, y, total = buffer("input", N.times(3)), buffer("output", N.times(3)), buffer("output", 1)
    scale = buffer("constant", 1)
    made = program([multiply(y, x, scale), each(total, lambda _: Load(x, Index()))], [], [x])
    made.outputs, made.constants, made.capacity = [y, total], [(scale, array(3.0))], 40
    made.output_shapes = [(N, Dim.of(3)), ()]
    executable = devices.load(made)
    values = np.random.default_rng(n).normal(size=(n, 3)).astype(np.float32)
    found, first = executable.run([], [values], n)
    np.testing.assert_array_equal(found, values * np.float32(3))
    assert found.shape == (n, 3)
    assert first.shape == ()
    assert first == values[0, 0]


def test_scan_walks_over_pieces_in_both_directions(workers):
    xs, ys, carry = buffer("input", 12), buffer("output", 12), buffer("state", 3)
    x, y = buffer("piece", 3), buffer("piece", 3)
    body = (add(carry, carry, x), Copy(carry, y, Dim.of(3)))
    pieces = (Piece(x, xs), Piece(y, ys))
    for reverse in (False, True):
        scan = Scan(body, Dim.of(4), reverse, pieces)
        executable = devices.load(program([scan], [carry], [xs], [ys]))
        values = np.arange(12, dtype=np.float32).reshape(4, 3)
        start = np.zeros(3, np.float32)
        (found,) = executable.run([start], [values])
        step = -1 if reverse else 1
        expected = np.cumsum(values[::step], axis=0)[::step]
        np.testing.assert_array_equal(found.reshape(4, 3), expected)
        np.testing.assert_array_equal(start, values.sum(axis=0))


def test_scans_nest(workers):
    xs, total = buffer("input", 24), buffer("state", 2)
    row, cell = buffer("piece", 8), buffer("piece", 2)
    inner = Scan((add(total, total, cell),), Dim.of(4), False, (Piece(cell, row),))
    outer = Scan((inner, multiply(total, total, 2.0)), Dim.of(3), False, (Piece(row, xs),))
    executable = devices.load(program([outer], [total], [xs]))
    values = np.arange(24, dtype=np.float32).reshape(3, 4, 2)
    found = np.zeros(2, np.float32)
    executable.run([found], [values])
    expected = np.zeros(2)
    for part in values:
        expected = (expected + part.sum(axis=0)) * 2
    np.testing.assert_array_equal(found, expected)


def test_a_scan_may_have_no_turns(workers):
    x, state = buffer("input", 1), buffer("state", 1)
    scan = Scan((add(state, state, x),), Dim(1, -1), False, ())
    executable = devices.load(program([scan], [state], [x], capacity=8))
    for n in (1, 2, 8):
        found = array(0.0)
        executable.run([found], [array(2.0)], n)
        assert found[0] == 2.0 * (n - 1)


def test_while_turns_until_its_flag_is_false(workers):
    x, limitless = buffer("state", 7), buffer("temporary", 1, bool_, offset=0)
    loop = While((less(limitless, x, 100.0),), limitless, (multiply(x, x, 2.0),))
    executable = devices.load(program([loop], [x]))
    for start in (1.0, 3.0, 100.0):
        found = np.full(7, start, np.float32)
        executable.run([found], [])
        expected = start
        while expected < 100:
            expected *= 2
        np.testing.assert_array_equal(found, np.full(7, expected))


def test_cond_runs_one_branch(workers):
    x, y, flag = buffer("input", 9), buffer("output", 9), buffer("temporary", 1, bool_, offset=64)
    made = [less(flag, x, 0.0), Cond(flag, (add(y, x, 10.0),), (multiply(y, x, 3.0),))]
    executable = devices.load(program(made, [], [x], [y]))
    for start in (-5.0, 5.0):
        values = np.arange(9, dtype=np.float32) + np.float32(start)
        (found,) = executable.run([], [values])
        np.testing.assert_array_equal(found, values + 10 if start < 0 else values * 3)


def test_host_calls_compute_with_numpy(workers):
    x, y, z = buffer("input", N), buffer("output", N), temporary(64, 0)
    z.size = N
    call = host(lambda v: np.sort(v), [x], [z])
    executable = devices.load(program([call, add(y, z, 1.0)], [], [x], [y], capacity=64))
    values = np.random.default_rng(0).normal(size=50).astype(np.float32)
    (found,) = executable.run([], [values], 50)
    np.testing.assert_array_equal(found, np.sort(values) + np.float32(1))


def test_an_exception_in_a_host_call_ends_the_run_and_leaves_the_executable_usable(workers):
    x, state = buffer("input", 3), buffer("state", 3)

    def check(values):
        with pytest.raises(ValueError, match="read-only"):
            values[0] = 1
        if values[0] < 0:
            raise ArithmeticError("negative")
        return values * 2

    def turn():
        return host(check, [x], [t])

    t = temporary(3, 0)
    scan = Scan((turn(), add(state, state, t)), Dim.of(3), False, ())
    executable = devices.load(program([scan, multiply(state, state, 2.0)], [state], [x]))
    found = np.zeros(3, np.float32)
    for _ in range(2):
        with pytest.raises(ArithmeticError, match="negative"):
            executable.run([found], [array(-1.0, 2.0, 3.0)])
        np.testing.assert_array_equal(found, np.zeros(3))
    executable.run([found], [array(1.0, 2.0, 3.0)])
    np.testing.assert_array_equal(found, [12, 24, 36])


def test_a_program_cannot_be_run_by_its_own_host_call():
    x = buffer("state", 1)
    executable = devices.load(program([host(lambda v: again(), [x], [x])], [x]))

    def again():
        executable.run([array(1.0)], [])

    with pytest.raises(RuntimeError, match="must not run the Program itself"):
        executable.run([array(1.0)], [])


def make_step(gathered: bool = True):
    """w += sum of x[i] * y[i]; rows of 2 and of 1; an output with rows, one without."""
    w, x, y = buffer("state", 2), buffer("input", N.times(2)), buffer("input", N)
    rate = buffer("input", 1)
    out, last = buffer("output", N.times(2)), buffer("output", 2)
    row, value = buffer("piece", 2), buffer("piece", 1)
    t = temporary(2, 0)
    turn = (multiply(t, row, value), multiply(t, t, rate), add(w, w, t))
    scan = Scan(turn, N, False, (Piece(row, x), Piece(value, y)))

    def double(i: Index) -> Apply:
        return Apply("add", (Load(x, i), Load(x, i)), float32)

    made = program([scan, each(out, double), Copy(w, last, Dim.of(2))], [w], [x, y, rate])
    made.outputs, made.capacity = [out, last], 16
    made.output_shapes = [(N, Dim.of(2)), (Dim.of(2),)]
    return devices.load(made)


@given(
    rows=st.integers(1, 40),
    batch=st.integers(1, 16),
    shuffled=st.booleans(),
    chunks=st.integers(1, 3),
    count=st.integers(1, 3),
)
@settings(max_examples=30, deadline=None)
def test_run_many_does_as_runs_one_after_the_other(rows, batch, shuffled, chunks, count):
    rng = np.random.default_rng(rows + 100 * batch)
    x = rng.integers(-4, 4, (rows, 2)).astype(np.float32)
    y = rng.integers(-4, 4, (rows, 1)).astype(np.float32)
    rate = array(0.5)
    order = rng.permutation(rows)[: max(1, rows - 2)] if shuffled else None
    length = rows if order is None else len(order)
    steps = -(-length // batch)
    executable = make_step()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("thalweg.devices.cpu.executable.workers", lambda *_: count)
        expected, places = np.zeros(2, np.float32), np.arange(rows) if order is None else order
        rows_out, lasts = [], []
        for s in range(steps):
            place = places[s * batch : (s + 1) * batch]
            a, b = executable.run([expected], [x[place], y[place], rate], len(place))
            rows_out.append(a)
            lasts.append(b)
        found, outputs = np.zeros(2, np.float32), []
        for part in np.array_split(np.arange(steps), chunks):
            if len(part):
                a, b = executable.run_many(
                    [found], [x, y, rate], order, batch, int(part[0]), len(part)
                )
                outputs.append(a)
    np.testing.assert_array_equal(found, expected)
    np.testing.assert_array_equal(np.concatenate(outputs), np.concatenate(rows_out))
    np.testing.assert_array_equal(b, lasts[-1])


def test_run_many_refuses_rows_that_are_not_there():
    executable, w = make_step(), np.zeros(2, np.float32)
    x, y, rate = np.ones((6, 2), np.float32), np.ones((6, 1), np.float32), array(1.0)
    with pytest.raises(ValueError, match="rows from 0 to 5"):
        executable.run_many([w], [x, y, rate], np.array([0, 6]), 2, 0, 1)
    with pytest.raises(ValueError, match="not enough for steps 0 to 3"):
        executable.run_many([w], [x, y, rate], None, 2, 0, 4)
    with pytest.raises(ValueError, match="as many rows"):
        executable.run_many([w], [x, y[:5], rate], None, 2, 0, 1)
    with pytest.raises(ValueError, match="vector of int64"):
        executable.run_many([w], [x, y, rate], np.arange(6, dtype=np.int32), 2, 0, 1)
    with pytest.raises(ValueError, match="1 to 16 samples"):
        executable.run_many([w], [x, y, rate], None, 17, 0, 1)
    np.testing.assert_array_equal(w, 0)


def test_arrays_that_do_not_fit_are_refused():
    state, x = buffer("state", 4), buffer("input", 4)
    executable = devices.load(program([add(state, state, x)], [state], [x]))
    good = np.zeros(4, np.float32)
    with pytest.raises(ValueError, match="input 0 must be 4 values of float32"):
        executable.run([good], [np.zeros(4)])
    with pytest.raises(ValueError, match="input 0 must be 4 values of float32, got 3"):
        executable.run([good], [np.zeros(3, np.float32)])
    with pytest.raises(ValueError, match="state 0 must be 4 values of float32"):
        executable.run([np.zeros(4)], [good])
    with pytest.raises(ValueError, match="state 0 must be a writable, C-contiguous"):
        executable.run([np.zeros(8, np.float32)[::2]], [good])
    with pytest.raises(ValueError, match="state 0 must be an array, got float32"):
        executable.run([np.float32(1)], [good])
    with pytest.raises(ValueError, match="expected 1 inputs, got 0"):
        executable.run([good], [])
    with pytest.raises(ValueError, match="expected 1 states, got 2"):
        executable.run([good, good], [good])


def test_inputs_in_another_order_are_copied():
    x, y = buffer("input", 6), buffer("output", 6)
    executable = devices.load(program([add(y, x, 1.0)], [], [x], [y]))
    values = np.arange(6, dtype=np.float32).reshape(2, 3).T
    (found,) = executable.run([], [values])
    np.testing.assert_array_equal(found, values.ravel() + 1)
    frozen = np.arange(12, dtype=np.float32)[::2]
    frozen.flags.writeable = False
    (found,) = executable.run([], [frozen])
    np.testing.assert_array_equal(found, frozen + 1)


def test_numbers_of_numpy_are_taken_as_inputs():
    x, y = buffer("input", 1), buffer("output", 1)
    executable = devices.load(program([add(y, x, 1.0)], [], [x], [y]))
    assert executable.run([], [np.float32(2.5)])[0] == 3.5


def test_other_states_are_noticed_in_lists_and_tuples():
    state = buffer("state", 2)
    executable = devices.load(program([add(state, state, 1.0)], [state]))
    a, b = np.zeros(2, np.float32), np.zeros(2, np.float32)
    states = [a]
    executable.run(states, [])
    executable.run(states, [])
    states[0] = b
    executable.run(states, [])
    both = (a,), (b,)
    for chosen in (both[0], both[0], both[1]):
        executable.run(chosen, [])
    np.testing.assert_array_equal(a, [4, 4])
    np.testing.assert_array_equal(b, [2, 2])


def test_profile_times_each_launch_and_changes_no_state(workers):
    state, t = buffer("state", 1000), temporary(1000, 0)
    scan = Scan((add(t, state, 1.0), add(state, t, 1.0)), Dim.of(50), False, ())
    executable = devices.load(program([scan, multiply(state, state, 0.5)], [state]))
    values = np.zeros(1000, np.float32)
    times = executable.profile([values], [], repeats=3)
    assert len(times) == len(executable.leaves) == 3
    assert all(t > 0 for t in times)
    np.testing.assert_array_equal(values, 0)
    executable.run([values], [])
    np.testing.assert_array_equal(values, 50)


def test_texts_show_the_code():
    state = buffer("state", 100)
    executable = devices.load(program([add(state, state, 1.0)], [state]))
    assert "define internal void @kernel0(" in executable.llvm
    assert "thalweg_run:" in executable.asm


def test_an_executable_is_freed():
    state = buffer("state", 4)
    executable = devices.load(program([host(lambda v: v, [state], [state])], [state]))
    executable.run([np.zeros(4, np.float32)], [])
    gone = weakref.ref(executable)
    del executable
    gc.collect()
    assert gone() is None


def test_large_arenas_begin_a_huge_page():
    n = 1 << 20
    x, t = buffer("state", n), temporary(n, 0)
    executable = devices.load(program([add(t, x, 1.0), add(x, t, 1.0)], [x], arena=4 * n))
    assert executable.workers() == min(config.threads(), 2)
    values = np.zeros(n, np.float32)
    executable.run([values], [])
    np.testing.assert_array_equal(values, 2)
