"""Leaves: the dispatches of a Program, in order, for explaining what they do and cost."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from thalweg.compiler.dims import ZERO, Dim
from thalweg.compiler.ir.access import accesses
from thalweg.compiler.ir.expression import Buffer
from thalweg.compiler.render.wgsl.program import (
    Cond,
    Dispatch,
    Host,
    ShaderProgram,
    Step,
    Turns,
    While,
)

__all__ = ["Leaf", "around", "leaves"]


@dataclass(slots=True, eq=False)
class Leaf:
    """One dispatch, or what NumPy computes.

    Attributes:
        number: its place in the Program.
        launch: what it was made from; a launch may be several dispatches.
        times: how often it runs in a run, as far as is known (turns of the loops around it).
        work: floating-point operations and bytes, once.
    """

    number: int
    launch: Any
    times: int
    work: tuple[Dim, Dim]

    @property
    def reads_and_writes(self) -> tuple[tuple[Buffer, ...], tuple[Buffer, ...]]:
        """All buffers that it touches, and those that it writes."""
        reads, writes = accesses(self.launch)
        return tuple(reads | writes), tuple(writes)

    def flops(self) -> Dim:
        """Floating-point operations, once."""
        return self.work[0]

    def bytes(self) -> Dim:
        """Bytes that it touches, each once."""
        return self.work[1]


def leaves(program: ShaderProgram, capacity: int) -> tuple[Leaf, ...]:
    """The steps that do work, in order.

    Args:
        program: the shaders.
        capacity: the largest batch.
    """
    found: list[Leaf] = []
    for step, times in _flat(program.steps, 1, max(1, capacity)):
        if isinstance(step, Host):
            found.append(Leaf(len(found), step.call, times, (ZERO, ZERO)))
        else:
            kernel = program.kernels[step.kernel]
            found.append(Leaf(len(found), step.launch, times, (kernel.flops, kernel.bytes)))
    return tuple(found)


def _flat(steps: Iterable[Step], times: int, n: int) -> Iterator[tuple[Dispatch | Host, int]]:
    for step in steps:
        if isinstance(step, Turns):
            yield from _flat(step.block, times * step.length.at(n), n)
        elif isinstance(step, While):
            yield from _flat((*step.test, *step.block), times, n)
        elif isinstance(step, Cond):
            yield from _flat((*step.then, *step.otherwise), times, n)
        else:
            yield step, times


def around(
    steps: Iterable[Step], n: int, outside: tuple[str, ...] = ()
) -> Iterator[tuple[str, ...]]:
    """The loops and branches around each leaf, in the order of the leaves.

    Args:
        steps: the Program's.
        n: the batch size.
        outside: what is around all of them.
    """
    for step in steps:
        if isinstance(step, Turns):
            yield from around(step.block, n, (*outside, f"{step.length.at(n):,} times:"))
        elif isinstance(step, While):
            yield from around(step.test, n, (*outside, "while:"))
            yield from around(step.block, n, (*outside, "do:"))
        elif isinstance(step, Cond):
            yield from around(step.then, n, (*outside, "if:"))
            yield from around(step.otherwise, n, (*outside, "else:"))
        else:
            yield outside
