from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.devices.programs import add, buffer, host, multiply, program, temporary
from thalweg import devices
from thalweg.compiler.dims import Dim
from thalweg.compiler.ir.expression import Buffer
from thalweg.compiler.ir.index import Index, Var
from thalweg.compiler.ir.program import Cond, Copy, HostCall, Launch, Piece, Scan, Special, While
from thalweg.compiler.render.llvm import barriers
from thalweg.compiler.render.llvm.leaves import Functions, Leaves
from thalweg.compiler.render.llvm.program import render
from thalweg.compiler.target import AVX2
from thalweg.tensor.dtypes import float32

# Copies of this many floats are shared, those of fewer are left to worker 0.
LARGE = 1 << 16
BUFFERS = [
    *(temporary(size, 4 * place) for place in (0, 100, LARGE) for size in (200, LARGE)),
    buffer("state", LARGE),
    buffer("input", LARGE),
]
PIECE = buffer("piece", 200)


def copies(inside: bool) -> st.SearchStrategy[Launch]:
    places = st.sampled_from([*BUFFERS, PIECE] if inside else BUFFERS)
    size = st.sampled_from([200, 200, LARGE])
    return st.one_of(
        st.builds(lambda a, b, n: Copy(a, b, Dim.of(n)), places, places, size),
        st.builds(lambda a, b: host(lambda x: x, [a], [b]), places, places),
    )


def blocks(depth: int, inside: bool = False) -> st.SearchStrategy[tuple[Launch, ...]]:
    choices = [copies(inside)] * 3
    if depth:
        inner, scanned = blocks(depth - 1, inside), blocks(depth - 1, True)
        flag = st.sampled_from(BUFFERS)
        choices += [
            st.builds(
                lambda b, whole: Scan(b, Dim.of(5), False, (Piece(PIECE, whole),)), scanned, flag
            ),
            st.builds(While, inner, flag, inner),
            st.builds(Cond, flag, inner, inner),
        ]
    return st.lists(st.one_of(choices), max_size=4).map(tuple)


class Trace:
    """One way in which a program may run, as touches of memory and barriers."""

    def __init__(self, placed: barriers.Barriers, leaves: Leaves, choose) -> None:
        self.placed, self.leaves, self.choose = placed, leaves, choose
        self.wholes: dict[Buffer, Buffer] = {}
        self.events: list[object] = []
        self.launches = 0

    def run(self, block: tuple[Launch, ...]) -> None:
        for launch in block:
            if isinstance(launch, Scan):
                (piece,) = launch.pieces
                before = dict(self.wholes)
                self.wholes[piece.inside] = before.get(piece.whole, piece.whole)
                for _ in range(self.choose()):
                    self.run(launch.block)
                self.wholes = before
            elif isinstance(launch, While):
                for _ in range(self.choose()):
                    self.run(launch.test)
                    self.look(launch)
                    self.run(launch.block)
                self.run(launch.test)
                self.look(launch)
            elif isinstance(launch, Cond):
                self.look(launch)
                self.run(launch.then if self.choose() else launch.otherwise)
            else:
                self.meet(launch)
                leaf = self.leaves[launch]
                touched, written = leaf.reads_and_writes
                for b in touched:
                    self.touch(b, any(b is w for w in written), leaf.alone)
                if isinstance(launch, HostCall):
                    self.events.append("barrier")

    def look(self, launch: While | Cond) -> None:
        self.meet(launch)
        self.touch(launch.flag, False, False)

    def meet(self, launch: Launch) -> None:
        self.launches += 1
        if launch in self.placed:
            self.events.append("barrier")

    def touch(self, b: Buffer, write: bool, alone: bool) -> None:
        whole = self.wholes.get(b, b)
        if whole.kind == "temporary":
            place: object = "arena"
            low, high = whole.offset, whole.offset + 4 * whole.size.offset
        else:
            place, low, high = whole, 0, 1
        self.events.append((place, low, high, write, alone, self.launches))


def races(events: list[object]) -> list[tuple[object, object]]:
    found, since = [], []
    for event in events:
        if event == "barrier":
            since = []
            continue
        place, low, high, write, alone, launch = event
        for other in since:
            together = other[0] == place and other[1] < high and low < other[2]
            # Touches of one launch do not disturb each other: its renderer sees to that.
            if together and launch != other[5] and (write or other[3]) and not (alone and other[4]):
                found.append((other, event))
        since.append(event)
    return found


@given(block=blocks(2), data=st.data())
@settings(max_examples=100, deadline=None)
def test_workers_meet_wherever_data_crosses(block, data):
    leaves = Leaves.of(block, 0, Functions(AVX2))
    placed = barriers.place(block, leaves)
    choices = data.draw(st.lists(st.integers(0, 3), max_size=40))
    turns = iter(choices)
    trace = Trace(placed, leaves, lambda: next(turns, 0))
    trace.run(block)
    assert races(trace.events) == []


def test_kernels_that_do_not_touch_the_same_need_no_barrier():
    a, b = temporary(LARGE, 0), temporary(LARGE, 4 * LARGE)
    x, y = buffer("input", LARGE), buffer("input", LARGE)
    made = [Copy(x, a, a.size), Copy(y, b, b.size), Copy(x, a, a.size)]
    found = barriers.place(made, Leaves.of(made, 0, Functions(AVX2)))
    assert [launch in found for launch in made] == [False, False, True]


def test_what_worker_0_does_alone_needs_no_barrier():
    a, b, x = temporary(10, 0), temporary(10, 64), buffer("state", 10)
    made = [Copy(x, a, a.size), Copy(a, b, a.size), Copy(b, x, a.size)]
    found = barriers.place(made, Leaves.of(made, 0, Functions(AVX2)))
    assert not any(launch in found for launch in made)


def test_a_loop_that_goes_round_meets_itself():
    a, b = temporary(LARGE, 0), temporary(LARGE, 4 * LARGE)
    body = (Copy(a, b, a.size), Copy(b, a, a.size))
    scan = Scan(body, Dim.of(3), False, ())
    found = barriers.place([scan], Leaves.of([scan], 0, Functions(AVX2)))
    assert [launch in found for launch in body] == [True, True]


def test_kernels_with_the_same_text_are_one_function():
    a, b, c = buffer("state", 100), buffer("state", 100), buffer("state", 99)
    module = render(program([add(a, b, 1.0), add(b, a, 1.0), add(c, a, 1.0)], [a, b, c]), AVX2)
    assert module.text.count("define internal void @kernel") == 2
    assert [leaf.function for leaf in module.leaves] == ["kernel0", "kernel0", "kernel1"]


def test_leaves_know_what_they_cost():
    x, y = buffer("input", Dim(100, 0)), buffer("output", Dim(100, 0))
    scan = Scan((add(y, x, 1.0),), Dim.of(7), False, ())
    made = program([scan, multiply(y, y, 2.0)], [], [x], [y], capacity=32)
    first, second = render(made, AVX2).leaves
    assert (first.times, second.times) == (7, 1)
    assert first.bytes() == Dim(800, 0)
    assert second.bytes() == Dim(400, 0)


def test_a_special_kernel_without_generator_is_refused():
    a = buffer("state", 4)
    kernel = Special("weaving", {}, ((a, (a.size,)),), ())
    with pytest.raises(NotImplementedError, match="no generator for 'weaving' kernels"):
        render(program([kernel], [a]), AVX2)


@given(
    size=st.integers(0, 300),
    before=st.integers(0, 5),
    after=st.integers(0, 5),
    dtype=st.sampled_from(["bool", "float16", "float32", "float64"]),
    workers=st.integers(1, 3),
)
@settings(max_examples=25, deadline=None)
def test_copies_move_elements(size, before, after, dtype, workers):
    x = buffer("input", size + before, dtype)
    y = buffer("state", size + after, dtype)
    move = Copy(x, y, Dim.of(size), Index.of(before), Index.of(after))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("thalweg.devices.cpu.executable.workers", lambda *_: workers)
        patch.setattr("thalweg.compiler.render.llvm.leaves._SMALL", 0.0)
        values = np.random.default_rng(size).integers(0, 2, size + before).astype(dtype)
        found = np.ones(size + after, dtype)
        devices.load(program([move], [y], [x])).run([found], [values])
    np.testing.assert_array_equal(found[after:], values[before:])
    assert (found[:after] == 1).all()


def test_copies_with_offsets_from_variables_are_refused():
    a = buffer("state", 4)
    move = Copy(a, a, Dim.of(1), Index.of(Var("i", Dim.of(3))))
    with pytest.raises(NotImplementedError, match="offsets must be lengths"):
        render(program([move], [a]), AVX2)


def test_many_kernels_make_one_program():
    count = 500
    state = buffer("state", 64)
    places = [temporary(64, 256 * k) for k in range(count)]
    launches = [
        add(b, a, float(k)) for k, (a, b) in enumerate(zip([state, *places], places, strict=False))
    ]
    launches.append(add(state, places[-1], 0.0))
    executable = devices.load(program(launches, [state], arena=256 * count))
    values = np.zeros(64, float32)
    executable.run([values], [])
    np.testing.assert_array_equal(values, sum(range(count)))
