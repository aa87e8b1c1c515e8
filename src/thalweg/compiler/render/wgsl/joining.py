"""Joining the running values of the lanes of a workgroup, through workgroup memory or subgroups."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from thalweg.compiler.ir.expression import Accumulator
from thalweg.compiler.render.wgsl import accumulators
from thalweg.compiler.render.wgsl.accumulators import Running
from thalweg.compiler.render.wgsl.expressions import Emitter
from thalweg.tensor.dtypes import bool_

__all__ = ["ALONE", "Team", "joined"]


@dataclass(frozen=True, slots=True)
class Team:
    """Invocations of a workgroup that work together.

    Attributes:
        lanes: how many there are, a power of two; 1: each invocation works for itself.
        columns: how many teams there are in a workgroup, which all do the same side by side; lane
            r of team c is number `r * columns + c` of the group.
        rank: the number of this lane in its team.
        subgroups: whether lanes may hand values to each other without memory.
        first: whether this is the lane that stores what they all know.
    """

    lanes: int
    columns: int = 1
    rank: str = "thread"
    first: str = "thread == 0"
    subgroups: bool = False


ALONE = Team(1)


def joined(e: Emitter, team: Team, values: Sequence[tuple[Accumulator, Running]]) -> list[Running]:
    """The values of all lanes as one, known to all of them.

    In two steps: some lanes join as many values each, then every lane joins theirs. All lanes must
    be at the same place.

    Args:
        e: where to write.
        team: the lanes.
        values: accumulators with the running values of this lane.
    """
    lanes, columns = team.lanes, team.columns
    if lanes == 1 or not values:
        return [running for _, running in values]
    if team.subgroups and columns == 1 and not any(a.dtype == bool_ for a, _ in values):
        return _joined_by_subgroups(e, lanes, values)
    first = 1 << (lanes.bit_length() // 2)  # values that are joined in the first step
    second = lanes // first
    kinds = [accumulators.kinds(a) for a, _ in values]
    size, few_size = lanes * columns, second * columns
    many = [_memory(e, "many", k, of, size) for k, of in enumerate(kinds)]
    few = [_memory(e, "few", k, of, few_size) for k, of in enumerate(kinds)]
    for names, (_, running) in zip(many, values, strict=True):
        for name, value in zip(names, running, strict=True):
            e.line(f"{name}[thread] = {value};")
    e.line("workgroupBarrier();")
    with e.block(f"if (thread < {few_size})"):
        for names, fewer, (a, _) in zip(many, few, values, strict=True):
            found = _folded(e, a, names, first, "thread", few_size)
            for name, value in zip(fewer, found, strict=True):
                e.line(f"{name}[thread] = {value};")
    e.line("workgroupBarrier();")
    column = "0" if columns == 1 else e.remainder("thread", str(columns))
    return [
        _folded(e, a, fewer, second, column, columns)
        for fewer, (a, _) in zip(few, values, strict=True)
    ]


def _joined_by_subgroups(
    e: Emitter, lanes: int, values: Sequence[tuple[Accumulator, Running]]
) -> list[Running]:
    """The same, where the lanes of a subgroup join theirs by shuffles first."""
    e.features.add("subgroups")
    e.builtins = ", @builtin(subgroup_size) width: u32, @builtin(subgroup_invocation_id) place: u32"
    with e.block("for (var step = 1u; step < width; step = step << 1u)"):
        for a, running in values:
            other = tuple(e.let(f"subgroupShuffleXor({name}, step)") for name in running)
            accumulators.bring(e, a, running, other)
    # Two memories in turn, so that a barrier is enough: who comes to the second has read the first.
    e.joins += 1
    kinds = [accumulators.kinds(a) for a, _ in values]
    few = [_memory(e, f"few{e.joins % 2}_", k, of, lanes) for k, of in enumerate(kinds)]
    with e.block("if (place == 0u)"):
        for names, (_, running) in zip(few, values, strict=True):
            for name, value in zip(names, running, strict=True):
                e.line(f"{name}[lane / width] = {value};")
    e.line("workgroupBarrier();")
    count = f"i32({lanes}u / min(width, {lanes}u))"
    return [_folded(e, a, names, count, "0", 1) for names, (a, _) in zip(few, values, strict=True)]


def _memory(e: Emitter, prefix: str, number: int, kinds: tuple[str, ...], size: int) -> list[str]:
    """Workgroup memory, the same for all values of a kind that are joined at one time."""
    names = [f"{prefix}{size}_{kind}_{number}_{part}" for part, kind in enumerate(kinds)]
    for name, kind in zip(names, kinds, strict=True):
        e.declare(f"var<workgroup> {name}: array<{kind}, {size}>;")
    return names


def _folded(
    e: Emitter, a: Accumulator, names: list[str], count: int | str, first: str, step: int
) -> Running:
    """The elements at `first`, `first + step`, ..., so many of them, as one."""
    found = tuple(
        e.var(kind, f"{name}[{first}]", "f")
        for kind, name in zip(accumulators.kinds(a), names, strict=True)
    )
    if count != 1:
        with e.block(f"for (var k = 1; k < {count}; k++)"):
            at = "k" if step == 1 else f"k * {step}"
            at = at if first == "0" else f"{first} + {at}"
            accumulators.bring(e, a, found, tuple(e.let(f"{name}[{at}]") for name in names))
    return found
