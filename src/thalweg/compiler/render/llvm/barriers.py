"""Where the workers must meet: before a launch that touches what others may still be touching.

Each worker runs the whole program and does its share of each kernel, so between two barriers it may
be ahead of another. A launch that reads what was written since the last barrier, or writes what was
read or written, needs one before it, unless worker 0 did all of it alone.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from thalweg.compiler.ir.expression import Buffer
from thalweg.compiler.ir.program import Cond, HostCall, Launch, Scan, While
from thalweg.compiler.render.llvm.leaves import Leaf, Leaves

__all__ = ["Barriers", "place"]


@dataclass(frozen=True, slots=True)
class _Access:
    """Bytes [low, high) of a piece of memory, touched by worker 0 alone or by all."""

    memory: object
    low: int
    high: int
    write: bool
    alone: bool

    def disturbs(self, other: _Access) -> bool:
        return (
            (self.write or other.write)
            and not (self.alone and other.alone)
            and self.memory == other.memory
            and self.low < other.high
            and other.low < self.high
        )


_Pending = frozenset[_Access]


@dataclass(slots=True, eq=False)
class Barriers:
    """The launches, by identity, before which a barrier stands.

    For a While it stands between the test and the look at its flag, for a Cond before the look at
    its flag.
    """

    before: set[int]

    def __contains__(self, launch: Launch) -> bool:
        return id(launch) in self.before


def place(launches: Sequence[Launch], leaves: Leaves) -> Barriers:
    """Find the barriers that a program needs."""
    walk = _Walk(leaves, set(), {})
    walk.block(launches, frozenset())
    return Barriers(walk.before)


@dataclass(slots=True, eq=False)
class _Walk:
    leaves: Leaves
    before: set[int]
    wholes: dict[Buffer, Buffer]  # of the pieces of scans

    def block(self, launches: Iterable[Launch], pending: _Pending) -> _Pending:
        """Go through a block; from what is pending before it to what is pending after it."""
        for launch in launches:
            pending = self._launch(launch, pending)
        return pending

    def _launch(self, launch: Launch, pending: _Pending) -> _Pending:
        if isinstance(launch, Scan):
            outside = self.wholes
            wholes = {p.inside: outside.get(p.whole, p.whole) for p in launch.pieces}
            self.wholes = {**outside, **wholes}
            pending = self._around(lambda p: self.block(launch.block, p), pending)
            self.wholes = outside
            return pending
        if isinstance(launch, While):
            return self._while(launch, pending)
        if isinstance(launch, Cond):
            seen = self._meet(launch, {self._access(launch.flag, False, False)}, pending)
            return self.block(launch.then, seen) | self.block(launch.otherwise, seen)
        leaf = self.leaves[launch]
        pending = self._meet(launch, self._accesses(leaf), pending)
        # After a host call all meet, to see whether it failed.
        return frozenset() if isinstance(launch, HostCall) else pending

    def _while(self, launch: While, pending: _Pending) -> _Pending:
        seen: _Pending = frozenset()
        look = {self._access(launch.flag, False, False)}

        def turn(before: _Pending) -> _Pending:
            nonlocal seen
            seen = self._meet(launch, look, self.block(launch.test, before))
            return self.block(launch.block, seen)

        self._around(turn, pending)
        return seen

    def _around(self, turn: Callable[[_Pending], _Pending], pending: _Pending) -> _Pending:
        """Go through the body of a loop until what is pending at its end is so at its start."""
        while True:
            after = turn(pending)
            if after <= pending:
                return pending
            pending |= after

    def _meet(self, launch: Launch, accesses: set[_Access], pending: _Pending) -> _Pending:
        if id(launch) in self.before or any(a.disturbs(p) for a in accesses for p in pending):
            self.before.add(id(launch))
            return frozenset(accesses)
        return pending | accesses

    def _accesses(self, leaf: Leaf) -> set[_Access]:
        touched, written = leaf.reads_and_writes
        writes = set(map(id, written))
        return {self._access(buffer, id(buffer) in writes, leaf.alone) for buffer in touched}

    def _access(self, buffer: Buffer, write: bool, alone: bool) -> _Access:
        whole = self.wholes.get(buffer, buffer)
        if whole.kind != "temporary":
            return _Access(whole, 0, 1, write, alone)
        size = whole.size.at(max(1, self.leaves.capacity)) * whole.dtype.itemsize
        return _Access("arena", whole.offset, whole.offset + size, write, alone)
