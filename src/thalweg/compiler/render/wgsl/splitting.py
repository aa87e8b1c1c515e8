"""Totals of a whole tensor, in two kernels: many workgroups come to parts of it, one joins them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from thalweg.compiler.dims import Dim
from thalweg.compiler.ir.expression import Accumulator, Buffer
from thalweg.compiler.ir.statement import Accumulate, Loop, Reset, Statement
from thalweg.compiler.render import uses
from thalweg.compiler.render.wgsl import accumulators, joining
from thalweg.compiler.render.wgsl.expressions import Emitter
from thalweg.compiler.render.wgsl.joining import Team
from thalweg.compiler.render.wgsl.layout import Room
from thalweg.compiler.render.wgsl.nest import Nest, divisible

__all__ = ["Split"]

# Turns that one workgroup does alone, and the most groups that share them otherwise.
_ALONE, _MOST = 16384, 64
_SIZE = 256
_DTYPES = {name: np.dtype(to) for name, to in (
    ("f32", "float32"), ("i32", "int32"), ("u32", "uint32"), ("bool", "bool"),
)}  # fmt: skip


@dataclass(slots=True)
class Split:
    """A loop whose turns are shared among workgroups.

    Attributes:
        loop: the first one of the statements of a kernel.
        groups: how many workgroups share its turns.
        parts: for each accumulator, buffers for what each group has come to.
    """

    loop: Loop
    groups: int
    parts: dict[Accumulator, list[Buffer]]

    @staticmethod
    def of(body: tuple[Statement, ...], room: Room) -> Split | None:
        """How to split statements that are done once, if that pays."""
        loop = next((s for s in body if not isinstance(s, Reset)), None)
        if not isinstance(loop, Loop) or loop.kind != "vector" or not divisible(loop):
            return None
        found = uses.accumulated(loop.body)
        alone = all(isinstance(s, Accumulate) for s in loop.body)
        turns = loop.variable.extent.at(max(room.capacity, 1))
        if not alone or turns < _ALONE:
            return None
        groups = min(_MOST, -(-turns // (_ALONE // 2)))
        parts = {
            a: [room.words(Dim.of(groups), _DTYPES[k]) for k in accumulators.kinds(a)]
            for a in found
        }
        return Split(loop, groups, parts)

    @property
    def size(self) -> int:
        """Invocations of a workgroup of the first kernel."""
        return _SIZE

    def write(self, e: Emitter, group: str) -> None:
        """Write what one of the groups does."""
        nest = Nest(e, frozenset(), Team(_SIZE))
        running = {a: accumulators.begin(e, a) for a in self.parts}
        nest.running |= running
        nest.prepare(self.loop, {})
        name, extent = e.fresh("x"), e.length(self.loop.variable.extent)
        step = _SIZE * self.groups
        first = e.let(f"{group} * {_SIZE} + thread")
        with e.block(f"for (var {name} = {first}; {name} < {extent}; {name} += {step})"):
            nest.block(self.loop.body, {self.loop.variable: name}, False)
        found = joining.joined(e, nest.team, list(running.items()))
        with e.block("if (thread == 0)"):
            for buffers, values in zip(self.parts.values(), found, strict=True):
                for buffer, value in zip(buffers, values, strict=True):
                    e.put(buffer, group, value)

    def join(self, e: Emitter, nest: Nest) -> None:
        """Write, in the place of the loop, how its parts are brought into the accumulators."""
        name, lanes = e.fresh("x"), nest.team.lanes
        with e.block(f"for (var {name} = thread; {name} < {self.groups}; {name} += {lanes})"):
            for a, buffers in self.parts.items():
                part = tuple(e.let(e.load(buffer, name)) for buffer in buffers)
                accumulators.bring(e, a, nest.running[a], part)
