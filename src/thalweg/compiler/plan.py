"""The memory plan: a place in one arena for every temporary.

Two temporaries may share bytes if they are never alive together. The large ones are placed first,
each into the smallest gap that holds it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from thalweg.compiler.ir.access import accesses
from thalweg.compiler.ir.expression import Buffer
from thalweg.compiler.ir.program import Cond, Launch, Program, Scan, While

__all__ = ["ALIGNMENT", "arrange", "bytes_of", "lifetimes", "plan"]

ALIGNMENT = 64


def plan(program: Program) -> None:
    """Give every temporary its offset, and the program the size of its arena."""
    offsets, program.arena = arrange(program, lambda b: bytes_of(b, program.capacity))
    for buffer, offset in offsets.items():
        buffer.offset = offset


def arrange(program: Program, room: Callable[[Buffer], int]) -> tuple[dict[Buffer, int], int]:
    """An offset for every temporary, and how much they take together.

    Args:
        program: whose temporaries.
        room: how much each of them takes, a multiple of the alignment.
    """
    alive = lifetimes(program)
    placed: list[tuple[int, int, int, int]] = []  # first, last, begin, end
    offsets: dict[Buffer, int] = {}
    end = 0
    for buffer in sorted(program.temporaries, key=lambda b: -room(b)):
        if buffer not in alive:
            offsets[buffer] = 0
            continue
        size, (first, last) = room(buffer), alive[buffer]
        taken = sorted(p[2:] for p in placed if p[0] <= last and first <= p[1])
        begin = offsets[buffer] = _smallest_gap(taken, size)
        placed.append((first, last, begin, begin + size))
        end = max(end, begin + size)
    return offsets, end


def bytes_of(buffer: Buffer, capacity: int) -> int:
    """The room that a buffer needs at the largest batch, a multiple of the alignment."""
    elements = max(buffer.size.at(1), buffer.size.at(max(capacity, 1)), 0)
    return -(-elements * buffer.dtype.itemsize // ALIGNMENT) * ALIGNMENT


def _smallest_gap(taken: list[tuple[int, int]], size: int) -> int:
    """Where to put `size` bytes between ranges sorted by their begin; behind them if need be."""
    best, best_room = -1, 0
    end = 0
    for begin, stop in taken:
        room = begin - end
        if room >= size and (best < 0 or room < best_room):
            best, best_room = end, room
        end = max(end, stop)
    return best if best >= 0 else end


@dataclass(slots=True)
class _Walk:
    """Moments are counted launch by launch; what happens inside loops is counted once."""

    now: int = 0
    touched: dict[Buffer, tuple[int, int]] = field(default_factory=dict)
    # Read before anything was written: the value comes from the turn before.
    from_before: set[Buffer] = field(default_factory=set)
    loops: list[tuple[int, int]] = field(default_factory=list)  # inner ones first
    wholes: dict[Buffer, Buffer] = field(default_factory=dict)

    def touch(self, buffer: Buffer, reads: bool = False) -> None:
        buffer = self.wholes.get(buffer, buffer)
        if buffer.kind != "temporary":
            return
        if buffer not in self.touched and reads:
            self.from_before.add(buffer)
        first, _ = self.touched.get(buffer, (self.now, self.now))
        self.touched[buffer] = (first, self.now)

    def block(self, launches: Iterable[Launch]) -> None:
        for launch in launches:
            self.now += 1
            reads, writes = accesses(launch)
            if isinstance(launch, While):
                begin = self.now
                self.block(launch.test)
                self.now += 1
                self.touch(launch.flag, reads=True)
                self.block(launch.block)
                self.loops.append((begin, self.now))
                continue
            for buffer in reads:
                self.touch(buffer, reads=True)
            for buffer in writes:
                self.touch(buffer)
            if isinstance(launch, Cond):
                self.block(launch.then)
                self.block(launch.otherwise)
            elif isinstance(launch, Scan):
                self._scan(launch)

    def _scan(self, launch: Scan) -> None:
        begin = self.now
        wholes = {}
        for piece in launch.pieces:
            wholes[piece.inside] = self.wholes.get(piece.whole, piece.whole)
        self.wholes |= wholes
        # Every turn has a piece of its own, so the whole is there from the first to the last.
        for whole in wholes.values():
            self.touch(whole)
        self.block(launch.block)
        self.now += 1
        for whole in wholes.values():
            self.touch(whole)
        self.loops.append((begin, self.now))


def lifetimes(program: Program) -> dict[Buffer, tuple[int, int]]:
    """The first and the last moment of each temporary that is used, both included."""
    walk = _Walk()
    walk.block(program.launches)
    found = {}
    for buffer, (first, last) in walk.touched.items():
        for begin, end in walk.loops:
            outside = first < begin or last > end
            overlaps = first <= end and begin <= last
            # What comes into a loop, leaves it, or goes from turn to turn lives all the time.
            if overlaps and (outside or buffer in walk.from_before):
                first, last = min(first, begin), max(last, end)
        found[buffer] = (first, last)
    return found
