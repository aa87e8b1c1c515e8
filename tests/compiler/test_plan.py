"""The memory plan: nobody's bytes are overwritten while they are needed."""

from __future__ import annotations

import random
from collections.abc import Iterable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from thalweg.compiler.dims import ONE, Dim
from thalweg.compiler.ir.access import accesses
from thalweg.compiler.ir.expression import Buffer
from thalweg.compiler.ir.program import Cond, Launch, Piece, Program, Scan, Special, While
from thalweg.compiler.plan import ALIGNMENT, bytes_of, lifetimes, plan
from thalweg.compiler.verify_program import verify_program
from thalweg.tensor.dtypes import bool_, float32, float64


def temporary(number: int, size: Dim = ONE, dtype=float32) -> Buffer:
    return Buffer("temporary", dtype, size, number)


def work(reads: Iterable[Buffer], writes: Iterable[Buffer]) -> Special:
    def listed(buffers):
        return tuple((b, (b.size,)) for b in buffers)

    return Special("any", {}, listed(reads), listed(writes))


def program(temporaries: list[Buffer], launches: list[Launch], capacity: int = 4) -> Program:
    return Program(capacity, [], [], [], [], temporaries, launches)


class Machine:
    """Runs launches on an arena that remembers, for each cell, which write it holds."""

    def __init__(self, planned: Program, generator: random.Random) -> None:
        self.capacity = planned.capacity
        self.cells: dict[int, int] = {}
        self.last: dict[Buffer, int] = {}
        self.stamp = 0
        self.generator = generator
        # Pieces are seen as cells of the whole: one cell for each step.
        self.pieces: dict[Buffer, tuple[Buffer, int]] = {}

    def places(self, buffer: Buffer) -> range:
        begin = buffer.offset // ALIGNMENT
        return range(begin, begin + bytes_of(buffer, self.capacity) // ALIGNMENT)

    def write(self, buffer: Buffer) -> None:
        self.stamp += 1
        if buffer in self.pieces:
            whole, step = self.pieces[buffer]
            self.cells[self.places(whole)[step]] = self.stamp
            self.last[buffer] = self.stamp
            return
        self.last[buffer] = self.stamp
        self.cells.update(dict.fromkeys(self.places(buffer), self.stamp))

    def read(self, buffer: Buffer) -> None:
        for cell in self.places(buffer):
            assert self.cells[cell] == self.last[buffer], f"{buffer} was overwritten"

    def run(self, launches: Iterable[Launch]) -> None:
        for launch in launches:
            if isinstance(launch, Scan):
                for _ in range(3):
                    self.run(launch.block)
            elif isinstance(launch, While):
                for _ in range(3):
                    self.run(launch.test)
                    self.read(launch.flag)
                    self.run(launch.block)
                self.run(launch.test)
                self.read(launch.flag)
            elif isinstance(launch, Cond):
                self.read(launch.flag)
                self.run(launch.then if self.generator.random() < 0.5 else launch.otherwise)
            else:
                reads, writes = accesses(launch)
                for buffer in reads:
                    self.read(buffer)
                for buffer in writes:
                    self.write(buffer)


class Maker:
    """Random launches that read only what has been written."""

    def __init__(self, generator: random.Random) -> None:
        self.generator = generator
        sizes = [Dim(generator.randrange(3) * 16, generator.randrange(1, 90)) for _ in range(12)]
        self.buffers = [temporary(i, size) for i, size in enumerate(sizes)]
        self.flags = [temporary(20 + i, ONE, bool_) for i in range(3)]

    def block(self, written: set[Buffer], depth: int) -> list[Launch]:
        found: list[Launch] = []
        for _ in range(self.generator.randrange(1, 7)):
            kind = self.generator.random()
            if depth and kind < 0.15:
                found.append(Scan(tuple(self.block(written, depth - 1)), Dim(0, 3), False, ()))
            elif depth and kind < 0.25:
                flag = self.generator.choice(self.flags)
                test = [*self.block(written, 0), work([], [flag])]
                found.append(While(tuple(test), flag, tuple(self.block(written, depth - 1))))
            elif depth and kind < 0.35 and written & set(self.flags):
                flag = self.generator.choice(sorted(written & set(self.flags), key=repr))
                then, otherwise = set(written), set(written)
                blocks = [tuple(self.block(w, depth - 1)) for w in (then, otherwise)]
                written |= then & otherwise
                found.append(Cond(flag, *blocks))
            else:
                found.append(self.leaf(written))
        return found

    def leaf(self, written: set[Buffer]) -> Launch:
        known = sorted(written, key=repr)
        reads = self.generator.sample(known, min(len(known), self.generator.randrange(3)))
        choice = [b for b in (*self.buffers, *self.flags) if b not in reads]
        writes = self.generator.sample(choice, self.generator.randrange(1, 3))
        written.update(writes)
        return work(reads, writes)


@settings(max_examples=150, deadline=None)
@given(st.integers(0, 10**9))
def test_every_read_finds_what_was_written(seed):
    generator = random.Random(seed)
    maker = Maker(generator)
    launches = maker.block(set(), 2)
    planned = program([*maker.buffers, *maker.flags], launches)
    plan(planned)
    Machine(planned, generator).run(launches)
    verify_program(planned)


def test_what_is_never_alive_together_shares_bytes():
    a, b, c = (temporary(i, Dim(0, 64)) for i in range(3))
    planned = program([a, b, c], [work([], [a]), work([a], [b]), work([b], [c]), work([c], [])])
    plan(planned)
    assert planned.arena == 2 * 256
    assert a.offset == c.offset != b.offset


def test_offsets_are_aligned_and_fit_the_largest_batch():
    a, b = temporary(0, Dim(3, 1), float64), temporary(1, Dim(0, 5))
    planned = program([a, b], [work([], [a, b]), work([a, b], [])], capacity=10)
    plan(planned)
    assert (a.offset, b.offset) == (0, 256)
    assert planned.arena == 320


def test_the_smallest_gap_that_holds_it():
    big, middle, small = temporary(0, Dim(0, 256)), temporary(1, Dim(0, 64)), temporary(2)
    keep = [temporary(3, Dim(0, 128)), temporary(4, Dim(0, 32))]
    launches = [
        work([], [big, middle, *keep]),
        work([big, middle], []),
        work([], [small]),
        work([small, *keep], []),
    ]
    planned = program([big, middle, small, *keep], launches)
    plan(planned)
    verify_program(planned)
    assert small.offset == middle.offset


def test_the_whole_of_a_piece_lives_through_the_scan():
    whole, inside = temporary(0, Dim(0, 48)), Buffer("piece", float32, Dim(0, 16))
    other = temporary(1, Dim(0, 48))
    scan = Scan(
        (work([], [other]), work([other], [inside])), Dim(0, 3), False, (Piece(inside, whole),)
    )
    planned = program([whole, other], [scan, work([whole], [])])
    plan(planned)
    alive = lifetimes(planned)
    assert alive[whole][0] < alive[other][0]
    assert whole.offset != other.offset


def test_what_a_turn_leaves_to_the_next_lives_through_the_loop():
    state, scratch = temporary(0, Dim(0, 16)), temporary(1, Dim(0, 16))
    scan = Scan((work([state], [state]), work([], [scratch])), Dim(0, 3), False, ())
    planned = program([state, scratch], [work([], [state]), scan])
    plan(planned)
    assert state.offset != scratch.offset


def test_temporaries_that_nothing_touches_take_no_room():
    planned = program([temporary(0, Dim(0, 1000))], [])
    plan(planned)
    assert planned.arena == 0


@pytest.mark.parametrize("capacity", [0, 1])
def test_programs_without_a_batch(capacity):
    a = temporary(0, Dim(0, 3))
    planned = program([a], [work([], [a]), work([a], [])], capacity=capacity)
    plan(planned)
    assert planned.arena == ALIGNMENT
