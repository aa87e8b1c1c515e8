"""Nest: writes the statements of a loop kernel.

Statements are written for one invocation alone, or for a workgroup that does them together: then
the turns of a `vector` loop are shared among its lanes, whose running values are joined through
workgroup memory when the loop is over, and everything else is done by all lanes alike (but stored
by the first one).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from thalweg.compiler.dims import Dim
from thalweg.compiler.ir.access import statements as every
from thalweg.compiler.ir.expression import Accumulator, Buffer, Load, Ordinal, Total, walk
from thalweg.compiler.ir.index import Var
from thalweg.compiler.ir.statement import Accumulate, Loop, Reset, Statement, Store
from thalweg.compiler.render import uses
from thalweg.compiler.render.wgsl import accumulators, joining
from thalweg.compiler.render.wgsl.accumulators import Running
from thalweg.compiler.render.wgsl.expressions import Emitter
from thalweg.compiler.render.wgsl.joining import ALONE, Team
from thalweg.tensor.dtypes import int32

__all__ = ["Nest", "divisible"]

Env = dict[Var, str]


class Nest:
    """Writes blocks of statements.

    Args:
        emitter: writes the expressions.
        written: the buffers that the kernel writes: what is read from them stays in its loop.
        team: the invocations that work together.
    """

    def __init__(self, emitter: Emitter, written: frozenset[Buffer], team: Team = ALONE) -> None:
        self.e = emitter
        self.team = team
        self.written = written
        self.running: dict[Accumulator, Running] = {}
        # Accumulators whose values differ from lane to lane, until they are joined.
        self.spread: set[Accumulator] = set()
        # Buffers written, and those read, since the lanes last met.
        self.dirty: set[Buffer] = set()
        self.read: set[Buffer] = set()
        # Loops in whose place something else is written.
        self.instead: dict[Loop, Callable[[Emitter, Nest], None]] = {}

    def block(self, statements: Sequence[Statement], env: Env, together: bool) -> None:
        """Write statements; `together`: all lanes are at the same place."""
        own: set[Accumulator] = set()
        for i, s in enumerate(statements):
            rest = statements[i + 1 :]
            if together and self.team.lanes > 1:
                self._order(s)
            if isinstance(s, (Store, Accumulate)):
                self._use(s)
            if isinstance(s, Reset):
                own.add(s.accumulator)
                self._reset(s.accumulator, rest, together)
            elif isinstance(s, Accumulate):
                self._accumulate(s, env, together)
            elif isinstance(s, Store):
                self._store(s, env, rest if together else None)
            else:
                self._loop(s, env, together)
            later = uses.accumulated(rest)
            done = [a for a in uses.accumulated((s,)) if a in own and a not in later]
            self._finish(done)
            self.spread -= {*done}
        for a in own:  # what was begun and never added to
            self.running.pop(a, None)

    def _order(self, s: Statement) -> None:
        """Let the lanes meet before a statement that touches what others may still touch."""
        read = self._reads(s)
        if isinstance(s, Store):
            if read & self.dirty:
                self.meet()
            return
        if read & self.dirty or {*uses.stored((s,))} & (self.read | self.dirty):
            self.meet()
        self.read |= read

    def meet(self, more: Iterable[Buffer] = ()) -> None:
        """What the lanes have written is there for all, and what they read may be written."""
        touched = self.dirty | self.read | {*more}
        shared = {b for b in touched if b in self.e.locals}
        if shared:
            self.e.line("workgroupBarrier();")
        if touched - shared:
            self.e.line("storageBarrier();")
        self.dirty.clear()
        self.read.clear()

    def _reads(self, s: Statement) -> set[Buffer]:
        """The buffers that a statement reads; of a loop all that is read inside."""
        return {e.buffer for e in walk(*uses.roots((s,))) if isinstance(e, Load)}

    # --- accumulators

    def _reset(self, a: Accumulator, rest: Sequence[Statement], together: bool) -> None:
        self.running[a] = accumulators.begin(self.e, a)
        self.e.totals.pop(a, None)
        self.spread.discard(a)
        if together and self.team.lanes > 1 and self._is_shared(a, rest):
            self.spread.add(a)

    def _accumulate(self, s: Accumulate, env: Env, together: bool) -> None:
        value: Running = (self.e.value(s.value, env),)
        if s.place is not None:
            value = (*value, self.e.value(Ordinal(s.place, int32), env))
        if together and s.accumulator in self.spread:
            with self.e.block(f"if ({self.team.first})"):
                accumulators.bring(self.e, s.accumulator, self.running[s.accumulator], value)
        else:
            accumulators.bring(self.e, s.accumulator, self.running[s.accumulator], value)
        self.e.totals.pop(s.accumulator, None)

    def _use(self, s: Store | Accumulate) -> None:
        """Make known what the accumulators that a statement reads have come to so far."""
        read = {a for root in uses.roots((s,)) for a in self.e.cache.of(root).accumulators}
        running = [a for a in self.running if a in read and a not in self.e.totals]
        self._finish(running)
        for a in running:  # a copy, for it goes on
            self.e.totals[a] = self.e.let(f"({self.e.totals[a]})")

    def _finish(self, done: Sequence[Accumulator]) -> None:
        """What accumulators have come to, the lanes joined."""
        spread = [a for a in done if a in self.spread]
        values = [(a, self.running[a]) for a in spread]
        joined = dict(zip(spread, joining.joined(self.e, self.team, values), strict=True))
        for a in done:
            found = accumulators.started(self.e, a, joined.get(a, self.running[a]))
            self.e.totals[a] = accumulators.total(a, found)

    # --- stores

    def _store(self, s: Store, env: Env, rest: Sequence[Statement] | None) -> None:
        """Write a store; `rest` follows it where all lanes are at the same place."""
        if rest is None or self.team.lanes == 1:
            self.e.store(s, env)
        else:
            # All lanes compute it, so that what is remembered is known to all.
            value = self.e.value(s.value, env)
            index = self.e.index(s.index, env)
            # What all have read and one of them writes, if the others need what they read.
            needed = {b for r in rest for b in self._reads(r)} & self._reads(s)
            if s.buffer in self.read | self.dirty | needed:
                self.meet({s.buffer})
            self.read |= needed - {s.buffer}
            with self.e.block(f"if ({self.team.first})"):
                self.e.put(s.buffer, index, value)
        self.dirty.add(s.buffer)

    # --- loops

    def _loop(self, loop: Loop, env: Env, together: bool) -> None:
        if loop in self.instead:
            self.instead[loop](self.e, self)
            return
        shared = together and self.team.lanes > 1 and self._shares(loop)
        for a in uses.accumulated(loop.body):
            self.e.totals.pop(a, None)
        self.prepare(loop, env)
        name = self.e.fresh("x")
        first, step = (self.team.rank, str(self.team.lanes)) if shared else ("0", "1")
        extent = self.e.length(loop.variable.extent)
        turns = f"for (var {name} = {first}; {name} < {extent}; {name} += {step})"
        crossing = together and not shared and self._crosses(loop)
        with self.e.block(turns):
            before = dict(self.running), dict(self.e.totals)
            self.block(loop.body, {**env, loop.variable: name}, together and not shared)
            self.running, self.e.totals = before
            if crossing:
                self.meet()

    def prepare(self, loop: Loop, env: Env) -> None:
        """Compute what is the same in all turns of a loop before it."""
        # A loop without turns may go with empty buffers.
        if Dim(0, 1).at_most(loop.variable.extent):
            for e in uses.invariants(loop, self.written, self.e.cache):
                if not isinstance(e, Total):
                    self.e.value(e, env)

    def _crosses(self, loop: Loop) -> bool:
        """Whether lanes may read in one turn what others wrote in another, or the other way."""
        written = set(uses.stored(loop.body))
        return bool(written & self._reads(loop))

    def _shares(self, loop: Loop) -> bool:
        """Whether the lanes share the turns of a loop."""
        return loop.kind == "vector" if self.team.columns == 1 else divisible(loop)

    def _is_shared(self, a: Accumulator, statements: Sequence[Statement]) -> bool:
        """Whether something is brought into an accumulator inside of a shared loop."""
        for s in statements:
            if isinstance(s, Loop) and a not in uses.resets(s.body):
                if a in uses.accumulated(s.body) and self._shares(s):
                    return True
                if self._is_shared(a, s.body):
                    return True
        return False


def divisible(loop: Loop) -> bool:
    """Whether the turns of a loop are independent but for accumulators around it."""
    found = list(walk(*uses.roots((loop,))))
    read = {e.buffer for e in found if isinstance(e, Load)}
    totals = {e.accumulator for e in found if isinstance(e, Total)}
    return not totals & {*uses.accumulated(loop.body)} - {*uses.resets(loop.body)} and all(
        s.buffer not in read and loop.variable in s.index.variables()
        for s in every(loop.body)
        if isinstance(s, Store)
    )
