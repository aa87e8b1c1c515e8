"""Loop kernels that do not depend on each other become one dispatch.

A dispatch costs a device some microseconds, whatever it does; a step of a small network is little
else. The parts of a merged kernel run side by side in workgroups of their own.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from thalweg.compiler.dims import ONE
from thalweg.compiler.ir.access import accesses
from thalweg.compiler.ir.expression import Buffer
from thalweg.compiler.ir.index import Var
from thalweg.compiler.ir.program import (
    Cond,
    Contract,
    Copy,
    Launch,
    Loops,
    Program,
    Scan,
    Special,
    While,
)
from thalweg.compiler.ir.statement import Loop, Statement
from thalweg.compiler.render import uses

__all__ = ["independent", "merged"]

# Parts of one kernel: with more of them its text and its workgroup memory grow large.
_MOST = 8

Touched = tuple[frozenset[Buffer], frozenset[Buffer]]


def merged(program: Program) -> Program:
    """The program with fewer launches; buffers are the same, lifetimes may be others."""
    return replace(program, launches=_block(program.launches))


def independent(loop: Loop) -> bool:
    """Whether the turns of an outermost loop may be shared."""
    if loop.kind == "parallel":
        return True
    begun = uses.resets(loop.body)
    return loop.kind == "vector" and all(a in begun for a in uses.accumulated(loop.body))


def _block(launches: Iterable[Launch]) -> list[Launch]:
    found: list[tuple[Launch, Touched | None]] = []
    for launch in launches:
        launch = _inside(launch)
        touched = _touched(launch)
        place = _place(launch, touched, found)
        if place is None:
            found.append((launch, touched))
            continue
        other, there = found[place]
        assert isinstance(other, Loops)
        assert isinstance(launch, Loops)
        assert touched is not None
        assert there is not None
        found[place] = _joined(other, launch), (there[0] | touched[0], there[1] | touched[1])
    return [launch for launch, _ in found]


def _inside(launch: Launch) -> Launch:
    """A launch with the blocks that it holds merged."""
    if isinstance(launch, Scan):
        return replace(launch, block=tuple(_block(launch.block)))
    if isinstance(launch, While):
        return replace(launch, test=tuple(_block(launch.test)), block=tuple(_block(launch.block)))
    if isinstance(launch, Cond):
        return replace(
            launch, then=tuple(_block(launch.then)), otherwise=tuple(_block(launch.otherwise))
        )
    return launch


def _touched(launch: Launch) -> Touched | None:
    """What a launch reads and what it writes; None where nothing may pass it."""
    if not isinstance(launch, (Loops, Contract, Special, Copy)):
        return None
    reads, writes = accesses(launch)
    return frozenset(reads), frozenset(writes)


def _place(
    launch: Launch, touched: Touched | None, found: list[tuple[Launch, Touched | None]]
) -> int | None:
    """Where a launch may join an earlier one, passing those between."""
    if not isinstance(launch, Loops) or touched is None:
        return None
    for place in range(len(found) - 1, -1, -1):
        other, there = found[place]
        if there is None or _conflict(touched, there):
            return None
        if isinstance(other, Loops) and len(_parts(other)) + len(_parts(launch)) <= _MOST:
            return place
    return None


def _conflict(a: Touched, b: Touched) -> bool:
    return bool(a[1] & (b[0] | b[1]) or b[1] & a[0])


def _joined(one: Loops, other: Loops) -> Loops:
    names = [x.title for x in (one, other) if x.title]
    return Loops((*_parts(one), *_parts(other)), ", ".join(names), (*one.fused, *other.fused))


def _parts(launch: Loops) -> tuple[Statement, ...]:
    """Loops whose turns are independent; what is not such a loop is one turn of one."""
    if all(isinstance(s, Loop) and independent(s) for s in launch.body):
        return launch.body
    return (Loop(Var("once", ONE), "parallel", launch.body),)
