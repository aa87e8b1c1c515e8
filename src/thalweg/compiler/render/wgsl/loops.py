"""The renderer of loop kernels: how their loops are shared among the invocations of a device.

One invocation for each turn of the outer loops; or, where long loops inside come to totals, a
workgroup for each turn (a row of a tensor), or for some neighbouring ones (columns).
"""

from __future__ import annotations

from dataclasses import dataclass
from math import prod

from thalweg.compiler.dims import ONE, ZERO, Dim
from thalweg.compiler.ir.index import Var
from thalweg.compiler.ir.program import Loops
from thalweg.compiler.ir.statement import Loop, Statement
from thalweg.compiler.render import uses
from thalweg.compiler.render.cost import flops
from thalweg.compiler.render.wgsl.expressions import Emitter
from thalweg.compiler.render.wgsl.forms import kind
from thalweg.compiler.render.wgsl.joining import Team
from thalweg.compiler.render.wgsl.kernel import Count, KernelShader
from thalweg.compiler.render.wgsl.layout import Room
from thalweg.compiler.render.wgsl.merging import independent
from thalweg.compiler.render.wgsl.nest import Nest, divisible
from thalweg.compiler.render.wgsl.splitting import Split

__all__ = ["render"]

# Invocations of a group where each works for itself.
_SIZE = 64
# Lanes of a group that works together, by how long its loops are.
_LANES, _MANY_LANES = 64, 256
_LONG = 2048
# Turns that a group works on together where totals go down the columns of a tensor.
_COLUMNS = 16
# Groups that are so few should be large, if they have much to do.
_FEW_GROUPS = 64
# Words of the rows that a group keeps in its workgroup memory.
_SHARED = 2048


@dataclass(frozen=True, slots=True)
class Machine:
    """When invocations should work together.

    Attributes:
        short: loops of fewer turns are left to one invocation.
        rows: more turns than this keep the machine busy without sharing what is done in each.
        columns: the same where totals go down the columns of a tensor.
        private: words of a row that an invocation may keep for itself.
    """

    short: int
    rows: int
    columns: int
    private: int


# A barrier in software costs more than many additions, and there are few processors to feed.
_MACHINES = {
    "gpu": Machine(short=24, rows=2**20, columns=4096, private=64),
    "software": Machine(short=48, rows=32, columns=64, private=1024),
}


def render(launch: Loops, room: Room) -> list[KernelShader]:
    """A loop kernel as shaders; loops that do not depend on each other are parts of one."""
    body = launch.body
    if not all(isinstance(s, Loop) and independent(s) for s in body):
        body = (Loop(Var("once", ONE), "parallel", body),)
    parts = [
        _Part(loop, room)
        for loop in body
        if isinstance(loop, Loop) and loop.variable.extent != ZERO
    ]
    alone = [part for part in parts if len(part.counts) > 1]
    together = [part for part in parts if len(part.counts) == 1]
    groups = [[part] for part in alone] + ([together] if together else [])
    first = [_first(part.split, room) for part in parts if part.split is not None]
    return first + [_shader(group, room) for group in groups]


def _first(split: Split, room: Room) -> KernelShader:
    """What many groups do before one of them does the rest."""
    e = Emitter(room.places)
    split.write(e, "group")
    return e.shader((Count(Dim(0, split.groups)),), split.size)


def _shader(parts: list[_Part], room: Room) -> KernelShader:
    """Parts in one kernel, each in workgroups of its own."""
    floats = all(kind(b.dtype) == "f32" for part in parts for b in part.buffers)
    e = Emitter(room.places, "f32" if floats else "u32")
    size = max(part.lanes for part in parts)
    if len(parts) == 1:
        parts[0].write(e, "group", size)
        counts = parts[0].sized(size)
    else:
        _write_in_turn(e, parts, "group", size)
        counts = (_sum([part.sized(size)[0] for part in parts]),)
    work, touched = ZERO, ZERO
    for part in parts:
        work, touched = work.plus(part.flops()), touched.plus(part.bytes())
    return e.shader(counts, size, work, touched)


def _write_in_turn(e: Emitter, parts: list[_Part], group: str, size: int) -> None:
    """The first part in the first workgroups, the others in those that follow.

    A chain of `else`, so that the barriers of one part do not come after a branch of another.
    """
    first, *others = parts
    count = e.groups(first.sized(size)[0])
    # The last one asks as well: there may be more workgroups than the parts have together.
    with e.block(f"if ({group} < {count})"):
        first.write(e, group, size)
    if others:
        with e.block("else"):
            _write_in_turn(e, others, e.let(f"{group} - {count}", "group"), size)


def _sum(counts: list[Count]) -> Count:
    """At least as many workgroups as the counts have together."""
    if all(count.dim.static for count in counts):
        return Count(Dim(0, sum(count.at(1) for count in counts)))
    per = max(count.per for count in counts)  # powers of two
    total = Dim(0, (per - 1) * (len(counts) - 1))
    for count in counts:
        total = total.plus(count.dim.times(per // count.per))
    return Count(total, per)


def _shared_loops(loop: Loop) -> tuple[tuple[Var, ...], tuple[Statement, ...]]:
    """The loops whose turns are shared, and what is done in each turn."""
    variables = [loop.variable]
    body = loop.body
    while len(body) == 1 and isinstance(body[0], Loop) and loop.kind != "vector":
        if not independent(body[0]):
            break
        loop = body[0]
        variables.append(loop.variable)
        body = loop.body
    return tuple(variables), body


class _Part:
    """Loops whose turns are shared, and the statements inside.

    Attributes:
        columns: 0: one invocation for each turn; else how many turns a workgroup does together.
        lanes: how many invocations a workgroup should have.
        counts: how many turns there are: lengths that can be multiplied are one.
        split: the loop that many groups begin with, in a kernel of its own.
    """

    def __init__(self, loop: Loop, room: Room) -> None:
        self.variables, self.body = _shared_loops(loop)
        self.room, self.capacity = room, max(room.capacity, 1)
        self.written = frozenset(uses.stored(self.body))
        self.buffers = uses.buffers(uses.expressions(self.body), self.body)
        self.scratch = [b for b in self.buffers if b.kind == "scratch"]
        self.counts = [ONE]
        for variable in reversed(self.variables):
            if _affine(self.counts[-1], variable.extent):
                self.counts[-1] = self.counts[-1].times(variable.extent)
            else:
                self.counts.append(variable.extent)
        self.columns = self._columns()
        once = self.columns == 1 and self.counts == [ONE]
        self.split = Split.of(self.body, room) if once else None
        self.lanes = _SIZE
        few = prod(count.at(self.capacity) for count in self.counts) <= _FEW_GROUPS
        if self.columns and few and self._length(self.body) >= _LONG:
            self.lanes = _MANY_LANES

    def _columns(self) -> int:
        """The mapping that suits the loops."""
        machine = _MACHINES[self.room.profile]
        static = all(b.size.static for b in self.scratch)
        private = static and sum(b.size.offset for b in self.scratch) <= machine.private
        turns = prod(count.at(self.capacity) for count in self.counts)
        long = [s for s in self.body if isinstance(s, Loop) and self._length((s,)) >= machine.short]
        if _has_vectors(self.body):
            return 0 if private and (not long or turns > machine.rows) else 1
        if long and turns <= machine.columns and not self.scratch and all(map(divisible, long)):
            return _COLUMNS
        return 0

    def _length(self, statements: tuple[Statement, ...]) -> int:
        """The turns of the longest nest of loops inside."""
        return max(
            (
                s.variable.extent.at(self.capacity) * max(1, self._length(s.body))
                for s in statements
                if isinstance(s, Loop)
            ),
            default=0,
        )

    def sized(self, size: int) -> tuple[Count, ...]:
        """The counts of workgroups of a size."""
        return (Count(self.counts[0], self.columns or size), *map(Count, self.counts[1:]))

    def write(self, e: Emitter, group: str, size: int) -> None:
        """Write what the workgroup of a number does."""
        if self.columns:
            self._together(e, group, size)
        else:
            self._apart(e, group, size)

    def _apart(self, e: Emitter, group: str, size: int) -> None:
        for buffer in self.scratch:
            e.locals[buffer] = e.fresh("row")
            count = max(1, buffer.size.offset)
            e.line(f"var {e.locals[buffer]}: array<{kind(buffer.dtype)}, {count}>;")
        turns = self._turns(e, group, size, "thread")
        number = self.counts[0]
        if number.static and number.offset % size == 0:
            Nest(e, self.written).block(self.body, self._places(e, turns), False)
            return
        with e.block(f"if ({turns[0]} < {e.length(number)})"):
            Nest(e, self.written).block(self.body, self._places(e, turns), False)

    def _together(self, e: Emitter, group: str, size: int) -> None:
        self._keep_rows(e, group)
        columns, number = self.columns, self.counts[0]
        if columns == 1:
            turns = self._turns(e, group, 1, "")
            nest = Nest(e, self.written, Team(size, subgroups=self.room.subgroups))
            if self.split is not None:
                nest.instead[self.split.loop] = self.split.join
            nest.block(self.body, self._places(e, turns), True)
            return
        turns = self._turns(e, group, columns, f"(thread & {columns - 1})")
        rank = e.quotient("thread", str(columns))
        first = f"{rank} == 0"
        if not number.static or number.offset % columns:
            # All must come to the barriers: who has no turn of its own does the last one again.
            inside = e.let(f"{turns[0]} < {e.length(number)}", "inside")
            turns[0] = e.let(f"min({turns[0]}, {e.length(number)} - 1)")
            first = f"{first} && {inside}"
        team = Team(size // columns, columns, rank, first)
        Nest(e, self.written, team).block(self.body, self._places(e, turns), True)

    def _keep_rows(self, e: Emitter, group: str) -> None:
        """Memory for the rows that a workgroup keeps while it works on them."""
        left = _SHARED
        groups = prod(count.at(self.capacity) for count in self.counts)
        for buffer in self.scratch:
            size = max(1, buffer.size.at(1), buffer.size.at(self.capacity))
            if buffer.size.static and size <= left:
                left -= size
                name = e.locals[buffer] = e.fresh("row")
                e.declare(f"var<workgroup> {name}: array<{kind(buffer.dtype)}, {size}>;")
            else:
                rows = self.room.words(groups * size, buffer.dtype)
                e.bases[buffer] = e.pure(f"{e.base(rows)} + {group} * {size}")

    def _turns(self, e: Emitter, group: str, per: int, place: str) -> list[str]:
        """The turn of this invocation in each of the counts.

        A workgroup does `per` turns of the first of them, this invocation the one at `place`.
        """
        found: list[str] = []
        counts = self.sized(per)
        for k, count in enumerate(counts):
            if k + 1 == len(counts):
                found.append(group)
                break
            number = e.groups(count)
            found.append(e.remainder(group, number))
            group = e.quotient(group, number)
        if place:
            found[0] = e.let(f"{found[0]} * {per} + {place}", "turn")
        return found

    def _places(self, e: Emitter, turns: list[str]) -> dict[Var, str]:
        """The variables' values in a turn."""
        env: dict[Var, str] = {}
        rest, known = turns[0], ONE
        turns = turns[1:]
        left = list(reversed(self.variables))
        for variable, outer in zip(left, [*left[1:], None], strict=True):
            known = known.times(variable.extent)
            extent = e.length(variable.extent)
            if outer is None or not _affine(known, outer.extent):
                env[variable] = rest
                if outer is not None:
                    rest, known, turns = turns[0], ONE, turns[1:]
            elif variable.extent == ONE:
                env[variable] = "0"
            else:
                env[variable] = e.remainder(rest, extent)
                rest = e.quotient(rest, extent)
        return env

    def flops(self) -> Dim:
        """Floating-point operations of all turns."""
        work = flops(self.body)
        for count in self.counts:
            work = work.times(count if _affine(work, count) else count.at(self.capacity))
        return work

    def bytes(self) -> Dim:
        """The bytes of all buffers that it touches."""
        total = ZERO
        for buffer in self.buffers:
            total = total.plus(buffer.size.times(4))
        return total


def _affine(a: Dim, b: Dim) -> bool:
    """Whether the product of two lengths is one."""
    return not (a.scale and b.scale)


def _has_vectors(statements: tuple[Statement, ...]) -> bool:
    return any(
        isinstance(s, Loop) and (s.kind == "vector" or _has_vectors(s.body)) for s in statements
    )
