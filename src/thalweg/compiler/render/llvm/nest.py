"""Nest: writes the statements of a loop kernel.

A block of statements is written for several strands at once: copies of it for neighbouring vectors
that run side by side, so that their instructions overlap and a loop inside is one loop for all.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from thalweg.compiler.dims import Dim
from thalweg.compiler.ir.expression import Accumulator, Buffer, Expression, Ordinal
from thalweg.compiler.ir.index import Var
from thalweg.compiler.ir.statement import Accumulate, Loop, Reset, Statement, Store
from thalweg.compiler.render import uses
from thalweg.compiler.render.llvm import accumulators
from thalweg.compiler.render.llvm.accumulators import Running
from thalweg.compiler.render.llvm.builder import Builder, Index, Value
from thalweg.compiler.render.llvm.expressions import Emitter
from thalweg.compiler.render.llvm.kernel import length
from thalweg.compiler.render.llvm.lanes import Lanes, Plan, plan, tail_parts
from thalweg.compiler.target import Target
from thalweg.tensor.dtypes import int32

__all__ = ["Nest", "Strand"]

# Single turns at the end of a static loop that are written out rather than looped over.
_WRITTEN_OUT = 4


@dataclass(slots=True)
class Strand:
    """One of the copies of a block that are written side by side.

    Attributes:
        env: the values of the loop variables.
        lanes: those of the vector loop around, None outside of one.
        running: the running values of each accumulator: one, or one for each vector of a vector
            loop inside the accumulator's block.
        spread: the accumulators whose lanes are joined when their vector loop is over.
        totals: what accumulators have come to; those that change have no entry until it is asked.
    """

    env: dict[Var, Index]
    lanes: Lanes | None = None
    running: dict[Accumulator, list[Running]] = field(default_factory=dict)
    spread: frozenset[Accumulator] = frozenset()
    totals: dict[Accumulator, Value] = field(default_factory=dict)

    def inside(self, variable: Var, value: Index) -> Strand:
        """The strand in a turn of a loop."""
        env = {**self.env, variable: value}
        return Strand(env, self.lanes, dict(self.running), self.spread, dict(self.totals))


class Nest:
    """Writes blocks of statements.

    Args:
        b: where to write.
        target: the processor.
        emitter: writes the expressions.
        written: the buffers that the kernel writes: what is read from them stays in its loop.

    Attributes:
        narrow: whether the last vector of a loop may have fewer lanes than the others; not where
            loops hand values on to each other.
    """

    def __init__(
        self, b: Builder, target: Target, emitter: Emitter, written: frozenset[Buffer]
    ) -> None:
        self.b = b
        self.target = target
        self.emitter = emitter
        self.written = written
        self.narrow = False
        self._plans: dict[Loop, Plan] = {}
        self._ordinals: dict[Accumulate, Ordinal] = {}

    def plan(self, loop: Loop) -> Plan:
        """How a vector loop runs."""
        if loop not in self._plans:
            self._plans[loop] = plan(loop, self.target)
        return self._plans[loop]

    def block(self, statements: Sequence[Statement], strands: list[Strand]) -> None:
        """Write statements, each for all strands."""
        own: set[Accumulator] = set()
        for i, s in enumerate(statements):
            if isinstance(s, Reset):
                own.add(s.accumulator)
                for strand in strands:
                    self._reset(s.accumulator, statements[i + 1 :], strand)
            elif isinstance(s, Accumulate):
                for strand in strands:
                    self._accumulate(s, strand)
            elif isinstance(s, Store):
                for strand in strands:
                    self._use(strand, uses.roots((s,)))
                    self.emitter.store(s, strand.env, strand.lanes)
            else:
                self._loop(s, strands)
            # Joined here, so that later loops find the total computed before them.
            later = uses.accumulated(statements[i + 1 :])
            for a in uses.accumulated((s,)):
                if a in own and a not in later:
                    for strand in strands:
                        self._total(a, strand)

    # --- accumulators

    def _reset(self, a: Accumulator, rest: Sequence[Statement], strand: Strand) -> None:
        b = self.b
        strand.totals.pop(a, None)
        lanes, copies = 1, 1
        if strand.lanes is not None:
            lanes = strand.lanes.count
        else:
            for loop in _vector_loops(rest):
                if a in uses.accumulated(loop.body) and a not in uses.resets(loop.body):
                    found = self.plan(loop)
                    lanes, copies = max(lanes, found.lanes), max(copies, found.copies)
            if lanes > 1:
                strand.spread |= {a}
                start = accumulators.begin(b, a, lanes)
                strand.running[a] = [start] * copies
                return
        strand.spread -= {a}
        first = accumulators.begin(b, a, lanes)
        if a.start is not None:
            first = accumulators.started(b, a, first)
        strand.running[a] = [first]

    def _accumulate(self, s: Accumulate, strand: Strand) -> None:
        a, b = s.accumulator, self.b
        lanes = strand.lanes
        self._use(strand, uses.roots((s,)))
        value: Running = (self.emitter.value(s.value, strand.env, lanes),)
        if s.place is not None:
            if s not in self._ordinals:
                self._ordinals[s] = Ordinal(s.place, int32)
            value = (*value, self.emitter.value(self._ordinals[s], strand.env, lanes))
        if lanes is not None and lanes.mask is not None and a in strand.spread:
            value = accumulators.hide(b, a, value, lanes.mask)
        old = strand.running[a][0]
        value = accumulators.widened(b, a, value, old[0].type.lanes)
        new = accumulators.bring(b, a, old, value)
        strand.running[a] = [new, *strand.running[a][1:]]
        strand.totals.pop(a, None)

    def _total(self, a: Accumulator, strand: Strand) -> None:
        if a in strand.totals:
            return
        parts = strand.running[a]
        running = accumulators.joined(self.b, a, parts) if a in strand.spread else parts[0]
        strand.totals[a] = accumulators.total(a, running)

    def _use(self, strand: Strand, roots: Sequence[Expression]) -> None:
        """Make the totals that expressions need those of a strand."""
        for root in roots:
            for a in self.emitter.cache.of(root).accumulators:
                if a in strand.running:
                    self._total(a, strand)
        self.emitter.totals = strand.totals

    # --- loops

    def _loop(self, loop: Loop, strands: list[Strand]) -> None:
        extent = length(self.b, loop.variable.extent, self.emitter.n)
        if extent == 0:
            return
        self.prepare(loop, strands)
        vector = loop.kind == "vector" and strands[0].lanes is None
        if loop.kind == "unroll" and isinstance(extent, int):
            for i in range(extent):
                self._turn(loop, strands, [s.inside(loop.variable, i) for s in strands])
        elif vector and self.plan(loop).lanes > 1:
            if isinstance(extent, int):
                self._static_vectors(loop, strands, extent)
            else:
                self.vectors(loop, strands, 0, extent)
        elif extent == 1:
            self._turn(loop, strands, [s.inside(loop.variable, 0) for s in strands])
        else:
            self.turns(loop, strands, 0, extent)

    def prepare(self, loop: Loop, strands: list[Strand]) -> None:
        """Compute before a loop what is the same in all its turns."""
        inside = set(uses.accumulated(loop.body)) | set(uses.resets(loop.body))
        for strand in strands:
            for root in uses.roots(loop.body):
                for a in self.emitter.cache.of(root).accumulators:
                    if a in strand.running and a not in inside:
                        self._total(a, strand)
        # A loop without turns may go with empty buffers.
        if Dim(0, 1).at_most(loop.variable.extent):
            for e in uses.invariants(loop, self.written, self.emitter.cache):
                for strand in strands:
                    self.emitter.totals = strand.totals
                    self.emitter.once(e, strand.env, strand.lanes)

    def _turn(self, loop: Loop, strands: list[Strand], inner: list[Strand]) -> None:
        """Write one turn; the strands' accumulators go on from it."""
        self.block(loop.body, inner)
        for strand, child in zip(strands, inner, strict=True):
            for a in self._outer(loop, strand):
                strand.running[a] = child.running[a]
                strand.totals.pop(a, None)

    def turns(self, loop: Loop, strands: list[Strand], begin: Index, end: Index) -> None:
        """Write a loop of single turns."""
        carried = self._carried(loop, strands)
        with self.b.loop(begin, end, 1, carried) as turning, self.emitter.scope():
            inner = [s.inside(loop.variable, turning.index) for s in strands]
            self._resume(loop, inner, turning.carried)
            self.block(loop.body, inner)
            turning.next(self._carried(loop, inner))
        self._resume(loop, strands, turning.results)

    def _outer(self, loop: Loop, strand: Strand) -> list[Accumulator]:
        """The accumulators of a strand that a loop inside brings values into."""
        begun = uses.resets(loop.body)
        return [a for a in uses.accumulated(loop.body) if a in strand.running and a not in begun]

    def _carried(self, loop: Loop, strands: list[Strand]) -> list[Value]:
        return [
            value
            for strand in strands
            for a in self._outer(loop, strand)
            for running in strand.running[a]
            for value in running
        ]

    def _resume(self, loop: Loop, strands: list[Strand], values: Sequence[Value]) -> None:
        """Give the strands the running values, in the order of `_carried`."""
        rest = iter(values)
        for strand in strands:
            for a in self._outer(loop, strand):
                strand.running[a] = [
                    tuple(next(rest) for _ in running) for running in strand.running[a]
                ]
                strand.totals.pop(a, None)

    # --- vector loops

    def _static_vectors(self, loop: Loop, strands: list[Strand], extent: int) -> None:
        p = self.plan(loop)
        step = p.lanes * p.copies
        whole = extent // step * step
        if p.uniform and extent > p.lanes:
            self.vectors(loop, strands, 0, extent)
            return
        if whole > step:
            self._full(loop, strands, 0, whole, p.copies)
        else:
            whole = 0
        last = extent // p.lanes * p.lanes
        if not p.masks and extent - last > _WRITTEN_OUT:
            self._group(loop, strands, [(at, p.lanes, None) for at in range(whole, last, p.lanes)])
            self.turns(loop, strands, last, extent)
            return
        parts: list[tuple[Index, int, Value | None]] = []
        for part in tail_parts(whole, extent, p, self.narrow):
            full = part.active == part.lanes
            mask = None if full else self.b.mask(part.active, part.lanes)
            parts.append((part.offset, part.lanes, mask))
        self._group(loop, strands, parts)

    def vectors(self, loop: Loop, strands: list[Strand], begin: Index, end: Index) -> None:
        """Write a vector loop between bounds known at run time; `begin` is where a vector may."""
        b, p = self.b, self.plan(loop)
        step = p.lanes * p.copies
        whole = begin
        if not p.uniform:
            count = b.sub(end, begin)
            whole = b.add(begin, b.mul(b.div(count, step), step))
            self._full(loop, strands, begin, whole, p.copies)
        if p.masks:
            carried = self._carried(loop, strands)
            with b.loop(whole, end, p.lanes, carried) as turning, self.emitter.scope():
                mask = b.mask(b.sub(end, turning.index), p.lanes)
                self._resume(loop, strands, turning.carried)
                self._group(loop, strands, [(turning.index, p.lanes, mask)])
                turning.next(self._carried(loop, strands))
            self._resume(loop, strands, turning.results)
            return
        if p.copies > 1:
            count = b.sub(end, whole)
            begin, whole = whole, b.add(whole, b.mul(b.div(count, p.lanes), p.lanes))
            self._full(loop, strands, begin, whole, 1)
        self.turns(loop, strands, whole, end)

    def _full(
        self, loop: Loop, strands: list[Strand], begin: Index, end: Index, copies: int
    ) -> None:
        """A loop over full vectors, some side by side."""
        b, lanes = self.b, self.plan(loop).lanes
        carried = self._carried(loop, strands)
        with b.loop(begin, end, lanes * copies, carried) as turning, self.emitter.scope():
            self._resume(loop, strands, turning.carried)
            parts = [(b.add(turning.index, u * lanes), lanes, None) for u in range(copies)]
            self._group(loop, strands, parts)
            turning.next(self._carried(loop, strands))
        self._resume(loop, strands, turning.results)

    def _group(
        self,
        loop: Loop,
        strands: list[Strand],
        parts: Sequence[tuple[Index, int, Value | None]],
    ) -> None:
        """Vectors side by side, as many at once as there are running values for."""
        if not parts:
            return
        outer = self._outer(loop, strands[0])
        room = min((len(strands[0].running[a]) for a in outer), default=len(parts))
        for first in range(0, len(parts), room):
            children: list[tuple[Strand, Strand, int]] = []
            for strand in strands:
                for u, (at, count, mask) in enumerate(parts[first : first + room]):
                    child = strand.inside(loop.variable, at)
                    if count > 1:
                        child.lanes = Lanes(loop.variable, count, mask, aligned=True)
                    for a in outer:
                        child.running[a] = [strand.running[a][u]]
                    children.append((strand, child, u))
            self.block(loop.body, [child for _, child, _ in children])
            for strand, child, u in children:
                for a in outer:
                    states = list(strand.running[a])
                    states[u] = child.running[a][0]
                    strand.running[a] = states
                    strand.totals.pop(a, None)


def _vector_loops(statements: Sequence[Statement]) -> list[Loop]:
    """The outermost vector loops."""
    found: list[Loop] = []
    for s in statements:
        if isinstance(s, Loop):
            found.extend([s] if s.kind == "vector" else _vector_loops(s.body))
    return found
