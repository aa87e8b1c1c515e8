"""A Flow as launches in order: buffers for what is stored, kernels, control flow.

States (and the carries of loops) are updated in place where every reader of the old value can run
before the new one is written; otherwise the new value is made elsewhere and copied at the end.
"""

from __future__ import annotations

import heapq
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from thalweg.compiler.bodies import split_cond, split_scan, split_while
from thalweg.compiler.dims import ONE, Dim, product
from thalweg.compiler.graph import ArrayConstant, Flow, Operation, Value
from thalweg.compiler.ir.expression import Buffer
from thalweg.compiler.ir.program import (
    Cond,
    Copy,
    Launch,
    Piece,
    Program,
    Scan,
    While,
)
from thalweg.compiler.lower.choice import Choice, choose
from thalweg.compiler.lower.clusters import Cluster, Member, clusters
from thalweg.compiler.lower.elements import linear
from thalweg.compiler.lower.empty import is_empty, without_empty
from thalweg.compiler.lower.kernels import Writer, set_stages
from thalweg.compiler.lower.reductions import split_reductions
from thalweg.compiler.lower.special import special_kernels, updates_in_place, with_own_numbers
from thalweg.primitives.elementwise import stop_gradient
from thalweg.tensor.dtypes import DType, bool_

__all__ = ["lower"]


def lower(flow: Flow, states: int, capacity: int) -> Program:
    """The Program of a flow.

    Args:
        flow: the first `states` inputs are states, the first outputs their new values.
        states: how many.
        capacity: the largest batch that it must serve.
    """
    context = _Context()
    inputs = [
        context.numbered(Buffer("state" if i < states else "input", x.dtype, product(x.shape)))
        for i, x in enumerate(flow.inputs)
    ]
    outputs = [
        context.numbered(Buffer("output", y.dtype, product(y.shape))) for y in flow.outputs[states:]
    ]
    launches = _Block(context, flow, inputs, [*inputs[:states], *outputs]).launches()
    return Program(
        capacity=capacity,
        states=inputs[:states],
        inputs=inputs[states:],
        outputs=outputs,
        constants=context.constants,
        temporaries=context.temporaries,
        launches=launches,
        output_shapes=[y.shape for y in flow.outputs[states:]],
    )


@dataclass(slots=True)
class _Context:
    """What all blocks of a program share."""

    temporaries: list[Buffer] = field(default_factory=list)
    constants: list[tuple[Buffer, Any]] = field(default_factory=list)
    counts: dict[str, int] = field(default_factory=dict)
    known: dict[int, Buffer] = field(default_factory=dict)

    def numbered(self, buffer: Buffer) -> Buffer:
        number = self.counts.get(buffer.kind, 0)
        self.counts[buffer.kind] = number + 1
        buffer.number = number
        return buffer

    def temporary(self, dtype: DType, size: Dim) -> Buffer:
        buffer = self.numbered(Buffer("temporary", dtype, size))
        self.temporaries.append(buffer)
        return buffer

    def constant(self, array: Any) -> Buffer:
        found = self.known.get(id(array))
        if found is None:
            dense = np.ascontiguousarray(array)
            found = self.numbered(Buffer("constant", array.dtype, Dim(0, dense.size)))
            self.constants.append((found, dense))
            self.known[id(array)] = found
        return found


class _Block:
    """One flow: that of the program, or the body of a loop.

    Args:
        context: of the program.
        flow: what is computed.
        inputs: the buffer of each input.
        targets: the buffer that each output must come to. Where it is that of an input, the output
            is the input's new value.
    """

    def __init__(
        self, context: _Context, flow: Flow, inputs: Sequence[Buffer], targets: Sequence[Buffer]
    ) -> None:
        self.context = context
        self.states = {
            buffer: x for buffer, x in zip(inputs, flow.inputs, strict=True) if buffer in targets
        }
        given = dict(zip(flow.inputs, inputs, strict=True))
        flow, self.roles = _distinct_outputs(
            split_reductions(with_own_numbers(without_empty(flow))), targets, given
        )
        self.choice: Choice = choose(flow)
        self.buffers: dict[Value, Buffer] = given
        for op in flow.operations:
            if isinstance(op.kind, ArrayConstant):
                self.buffers[op.outputs[0]] = context.constant(op.kind.array)
        self.clusters = clusters(self.choice, flow)
        # By value: the clusters with a member that is it, and the members that read it.
        self.makers: dict[Value, list[Cluster]] = {}
        self.readers: dict[Value, list[tuple[Cluster, Member]]] = {}
        for cluster in self.clusters:
            set_stages(cluster)
            for m in cluster.members:
                self.makers.setdefault(m.value, []).append(cluster)
                for v in dict.fromkeys(v for v, _ in m.reads):
                    self.readers.setdefault(v, []).append((cluster, m))
        # What must run after each cluster, directly.
        self.users: dict[Cluster, set[Cluster]] = {c: set() for c in self.clusters}
        for cluster in self.clusters:
            for needed in cluster.needs:
                self.users[needed].add(cluster)

    def launches(self) -> list[Launch]:
        self.finals: list[Launch] = []
        for value, target in self.roles:
            self.place_output(self.choice.dense(value), target)
        self.give_away()
        self.place_temporaries()
        self.writer = Writer(self.choice, self.buffers, self.context.temporary)
        found: list[Launch] = []
        for cluster in self.ordered():
            found.extend(self.of_cluster(cluster))
        return [*found, *self.finals]

    # --- buffers ------------------------------------------------------------------------------

    def place_output(self, value: Value, target: Buffer) -> None:
        state = self.states.get(target)
        if state is None or is_empty(value) or self.in_place(value, state):
            self.buffers[value] = target
            return
        self.buffers[value] = self.context.temporary(value.dtype, product(value.shape))
        self.finals.append(Copy(self.buffers[value], target, product(value.shape)))

    def in_place(self, value: Value, state: Value) -> bool:
        """Whether a new value may be written over the old one; orders the readers before."""
        home = self.home(value) or self.updating(value, state)
        if home is None:
            return False
        readers = dict.fromkeys(c for c, _ in self.readers.get(state, ()))
        if self.later(home, set(readers) - {home}):
            return False
        own = home in readers and home.kind != "special"
        if own and not self.read_in_time(home, value, state):
            return False
        for cluster in readers:
            if cluster is not home:
                home.needs.add(cluster)
                self.users[cluster].add(home)
        return True

    def later(self, home: Cluster, others: set[Cluster]) -> bool:
        """Whether any of the others must run after a cluster."""
        stack, seen = [home], {home}
        while stack and others:
            following = self.users[stack.pop()] - seen
            if not following.isdisjoint(others):
                return True
            seen |= following
            stack.extend(following)
        return False

    def read_in_time(self, home: Cluster, value: Value, state: Value) -> bool:
        """Whether a kernel reads each old element at or before the moment when it is replaced."""
        writer = home.member(value)
        assert writer is not None
        if writer.order is not None or writer.kind == "epilogue":
            return False
        before = True
        for m in home.members:
            own = linear(m.variables, m.shape)
            for v, place in m.reads:
                if v is not state:
                    continue
                same = m.kind == "map" and linear(place, v.shape) == own and m.order is None
                if not same or not before or m.stage > writer.stage:
                    return False
                if home.frame is not None and m is not writer and m.stage == writer.stage:
                    return False
            before = before and m is not writer
        return True

    def home(self, value: Value) -> Cluster | None:
        """The cluster that makes the whole of a value in a kernel of the compiler's own."""
        made = self.makers.get(value, ())
        return next((c for c in made if c.kind != "special" and c.member(value)), None)

    def updating(self, value: Value, old: Value) -> Cluster | None:
        """The special cluster that changes an old value into a new one in place."""
        for cluster in self.makers.get(value, ()):
            op = cluster.members[0].operation
            if cluster.kind == "special" and updates_in_place(op) and op.outputs[0] is value:
                first, *others = (self.choice.dense(x) for x in op.inputs)
                return cluster if first is old and old not in others else None
        return None

    def give_away(self) -> None:
        """What only a kernel that works in place reads is made where that kernel's result lies."""
        for cluster in reversed(self.clusters):
            op = cluster.members[0].operation
            if cluster.kind != "special" or not updates_in_place(op):
                continue
            value, old = op.outputs[0], self.choice.dense(op.inputs[0])
            if value not in self.buffers:
                self.buffers[value] = self.context.temporary(value.dtype, product(value.shape))
            readers = {c for c, _ in self.readers.get(old, ())}
            made_here = old in self.choice.roots and old not in self.buffers
            if made_here and readers == {cluster} and self.updating(value, old) is not None:
                self.buffers[old] = self.buffers[value]

    def place_temporaries(self) -> None:
        """Buffers for what another kernel, or a later pass over many rows, reads."""
        for value in self.choice.roots:
            if is_empty(value) and value not in self.buffers:
                self.buffers[value] = self.context.temporary(value.dtype, product(value.shape))
        for cluster in self.clusters:
            for member in cluster.members:
                outputs = member.operation.outputs if member.kind == "special" else (member.value,)
                for y in outputs:
                    if y in self.buffers:
                        continue
                    if member.kind == "special" or self.is_needed(cluster, member):
                        self.buffers[y] = self.context.temporary(y.dtype, product(y.shape))

    def is_needed(self, cluster: Cluster, member: Member) -> bool:
        for other, m in self.readers.get(member.value, ()):
            if other is not cluster:
                return True
            later = m.stage > member.stage and member.kind == "map" and member.columns != ONE
            if later and cluster.frame is not None and cluster.frame[1] != ONE:
                return True
        return False

    # --- order ----------------------------------------------------------------------------------

    def ordered(self) -> list[Cluster]:
        """The clusters, each after those it needs, else as they came."""
        waiting = {c: len(c.needs) for c in self.clusters}
        ready = [(c.number, c) for c in self.clusters if not waiting[c]]
        heapq.heapify(ready)
        found: list[Cluster] = []
        while ready:
            _, cluster = heapq.heappop(ready)
            found.append(cluster)
            for user in self.users[cluster]:
                waiting[user] -= 1
                if not waiting[user]:
                    heapq.heappush(ready, (user.number, user))
        assert len(found) == len(self.clusters)
        return found

    # --- launches ---------------------------------------------------------------------------------

    def of_cluster(self, cluster: Cluster) -> list[Launch]:
        if cluster.kind != "special":
            return [*self.writer.kernels(cluster)]
        operation = cluster.members[0].operation
        if operation.name == "scan":
            return self.scan(operation)
        if operation.name == "while":
            return self.loop(operation)
        if operation.name == "cond":
            return self.cond(operation)
        return special_kernels(
            operation,
            [self.buffers[self.choice.dense(x)] for x in operation.inputs],
            [self.buffers[y] for y in operation.outputs],
        )

    def scan(self, op: Operation) -> list[Launch]:
        body, length = op.params["body"], op.params["length"]
        held, carries, _ = split_scan(op)
        captures = [self.buffers[self.choice.dense(x)] for x in op.inputs[:held]]
        state, prepare = self.carried(op.inputs[held : held + carries], op.outputs[:carries])
        pieces: list[Piece] = []

        def piece(whole: Buffer, shape: Sequence[Dim]) -> Buffer:
            inside = self.context.numbered(Buffer("piece", whole.dtype, product(tuple(shape))))
            pieces.append(Piece(inside, whole))
            return inside

        elements = [
            piece(self.buffers[self.choice.dense(x)], x.shape[1:])
            for x in op.inputs[held + carries :]
        ]
        stacked = [piece(self.buffers[y], y.shape[1:]) for y in op.outputs[carries:]]
        inner = _Block(self.context, body, [*captures, *state, *elements], [*state, *stacked])
        block = tuple(inner.launches())
        return [
            *prepare,
            Scan(block, Dim.of(length), bool(op.params["reverse"]), tuple(pieces)),
        ]

    def carried(
        self, initial: Sequence[Value], outputs: Sequence[Value]
    ) -> tuple[list[Buffer], list[Launch]]:
        """The buffers of a loop's carries, and what sets them to their first values."""
        state = [self.buffers[y] for y in outputs]
        copies: list[Launch] = [
            Copy(self.buffers[self.choice.dense(x)], buffer, product(x.shape))
            for x, buffer in zip(initial, state, strict=True)
        ]
        return state, copies

    def loop(self, op: Operation) -> list[Launch]:
        test, body = op.params["test"], op.params["body"]
        tested, used, initial = split_while(op.inputs, test, body)
        of_test = [self.buffers[self.choice.dense(x)] for x in tested]
        of_body = [self.buffers[self.choice.dense(x)] for x in used]
        state, prepare = self.carried(initial, op.outputs)
        flag = self.context.temporary(bool_, ONE)
        tests = _Block(self.context, test, [*of_test, *state], [flag]).launches()
        block = _Block(self.context, body, [*of_body, *state], state).launches()
        return [*prepare, While(tuple(tests), flag, tuple(block))]

    def cond(self, op: Operation) -> list[Launch]:
        then, otherwise = op.params["then"], op.params["otherwise"]
        inputs = [self.buffers[self.choice.dense(x)] for x in op.inputs]
        flag, of_then, of_otherwise = split_cond(inputs, then)
        targets = [self.buffers[y] for y in op.outputs]
        blocks = [
            tuple(_Block(self.context, flow, given, targets).launches())
            for flow, given in ((then, of_then), (otherwise, of_otherwise))
        ]
        return [Cond(flag, blocks[0], blocks[1])]


def _distinct_outputs(
    flow: Flow, targets: Sequence[Buffer], inputs: dict[Value, Buffer]
) -> tuple[Flow, list[tuple[Value, Buffer]]]:
    """Outputs that are each computed once and for one target; others become copies of their own."""
    producers = {y: op for op in flow.operations for y in op.outputs}
    operations, outputs = list(flow.operations), list(flow.outputs)
    roles: list[tuple[Value, Buffer]] = []
    seen: set[Value] = set()
    for i, (value, target) in enumerate(zip(flow.outputs, targets, strict=True)):
        base = value
        while base in producers and producers[base].name == "reshape":
            base = producers[base].inputs[0]
        if base in inputs and inputs[base] is target:
            continue  # a state that stays as it is
        op = producers.get(base)
        if op is None or base in seen or isinstance(op.kind, ArrayConstant):
            copy = Value(value.shape, value.dtype)
            operations.append(Operation(stop_gradient, (value,), (copy,)))
            outputs[i] = base = copy
        seen.add(base)
        roles.append((outputs[i], target))
    return Flow(flow.inputs, operations, [v for v, _ in roles]), roles
