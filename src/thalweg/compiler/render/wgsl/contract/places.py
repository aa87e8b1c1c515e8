"""Places: which part of a contraction a workgroup and each of its invocations compute."""

from __future__ import annotations

from dataclasses import dataclass

from thalweg.compiler.dims import ONE, Dim
from thalweg.compiler.ir.index import Var
from thalweg.compiler.render.wgsl.contract.plan import Plan
from thalweg.compiler.render.wgsl.contract.problem import Axis, Problem
from thalweg.compiler.render.wgsl.expressions import Emitter
from thalweg.compiler.render.wgsl.kernel import Count

__all__ = ["PART", "Place", "added", "counts", "environment", "exact", "place", "spread"]


@dataclass(slots=True)
class Place:
    """Names of where an invocation works.

    Attributes:
        batch: the variables of the batch.
        first_row, first_column: of the workgroup.
        row, column: which of the invocations side by side this is.
        below, behind: its first row and column within the workgroup; see `spread` for the others.
        slice: which part of k is its own, of all those that share its sums.
        part: which of the workgroups that share them.
    """

    batch: dict[Var, str]
    first_row: str
    first_column: str
    row: str
    column: str
    below: str
    behind: str
    slice: str
    part: str


# Which of the workgroups that share sums this is, in the epilogue.
PART = Var("part", ONE)


def counts(problem: Problem, plan: Plan) -> tuple[Count, ...]:
    """How many workgroups there are."""
    return (
        Count(problem.batch.extent),
        Count(Dim(0, plan.parts)),
        Count(problem.m.extent, plan.height),
        Count(problem.n.extent, plan.width),
    )


def place(e: Emitter, problem: Problem, plan: Plan) -> Place:
    """Where this invocation works; neighbouring workgroups share their rows."""
    rest = "group"
    along_n, rest = _taken(e, rest, problem.n.extent, plan.width)
    along_m, rest = _taken(e, rest, problem.m.extent, plan.height)
    part, rest = _taken(e, rest, Dim(0, plan.parts), 1)
    batch = problem.batch.environment(e, rest)
    lane = "thread"
    slices = "0"
    if plan.slices_first:
        slices, lane = _split(e, lane, plan.slices, plan.size)
    column, lane = _split(e, lane, plan.wide, plan.size if lane == "thread" else 0)
    row, lane = _split(e, lane, plan.tall, plan.tall * plan.slices)
    if not plan.slices_first:
        slices = lane if plan.slices > 1 else "0"
    return Place(
        {**batch, PART: part},
        _times(e, along_m, plan.height),
        _times(e, along_n, plan.width),
        row,
        column,
        _times(e, row, 4 if plan.staged else 1),
        _times(e, column, 4 if plan.staged else 1),
        slices,
        part,
    )


def _taken(e: Emitter, rest: str, extent: Dim, per: int) -> tuple[str, str]:
    """The number of the tile along an axis, and what is left of the number of the group."""
    if extent.static and extent.offset <= per:
        return "0", rest
    tiles = e.length(extent)
    if per > 1:
        tiles = (
            str(-(-extent.offset // per)) if extent.static else f"(({tiles} + {per - 1}) / {per})"
        )
        tiles = e.pure(tiles)
    return e.pure(f"{rest} % {tiles}"), e.pure(f"{rest} / {tiles}")


def _split(e: Emitter, lane: str, count: int, of: int) -> tuple[str, str]:
    """A number below `count`, and what is left; `of`: how many lanes there are, 0 if unknown."""
    if count == 1:
        return "0", lane
    if count == of:
        return lane, "0"
    return e.pure(f"{lane} % {count}"), e.pure(f"{lane} / {count}")


def _times(e: Emitter, number: str, factor: int) -> str:
    return number if number == "0" or factor == 1 else e.pure(f"{number} * {factor}")


def added(e: Emitter, *parts: str | int) -> str:
    """The sum of names and numbers, as a name or a number."""
    number = sum(int(p) for p in parts if isinstance(p, int) or p.isdigit())
    names = [p for p in parts if isinstance(p, str) and not p.isdigit()]
    if number or not names:
        names.append(str(number))
    return e.pure(" + ".join(names))


def spread(e: Emitter, number: str, step: int, quads: bool) -> str:
    """How far one of an invocation's rows or columns lies behind its first.

    Args:
        e: writes the lines.
        number: which one.
        step: how many invocations lie side by side.
        quads: whether each has four neighbours at a time.
    """
    if number.isdigit():
        i = int(number)
        return str(i // 4 * 4 * step + i % 4 if quads else i * step)
    if quads:
        return e.pure(f"({number} >> 2u) * {4 * step} + ({number} & 3)")
    return number if step == 1 else e.pure(f"{number} * {step}")


def exact(axis: Axis, tile: int) -> bool:
    """Whether tiles fill an axis."""
    return axis.extent.static and axis.extent.offset % tile == 0


def environment(e: Emitter, axis: Axis, at: str, inside: bool) -> dict[Var, str]:
    """The variables of an axis at a place, which is held below the end unless it is `inside`."""
    if not inside:
        at = e.pure(f"min({at}, {e.length(axis.extent)} - 1)")
    return axis.environment(e, at)
