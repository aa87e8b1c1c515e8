"""The kernel of a cluster: its loops, what they accumulate and what they store."""

from __future__ import annotations

from collections.abc import Sequence

from thalweg.compiler.dims import ONE, Dim, product
from thalweg.compiler.graph import Operation, Value
from thalweg.compiler.ir.expression import (
    Accumulator,
    Buffer,
    Expression,
    Load,
    Product,
    Total,
)
from thalweg.compiler.ir.index import Index, Var
from thalweg.compiler.ir.program import Contract, Loops
from thalweg.compiler.ir.statement import Accumulate, Loop, Reset, Statement, Store
from thalweg.compiler.lower import window
from thalweg.compiler.lower.choice import TYPICAL, Choice
from thalweg.compiler.lower.clusters import Cluster, Member
from thalweg.compiler.lower.coalesce import coalesced_group, coalesced_loops
from thalweg.compiler.lower.elements import Elements, Place, delinearised, linear

__all__ = ["Writer", "set_stages"]

Kernel = Loops | Contract

_OPERATIONS = {
    "reduce_sum": "sum",
    "reduce_prod": "prod",
    "reduce_max": "max",
    "reduce_min": "min",
    "reduce_and": "and",
    "reduce_or": "or",
    "argmax": "argmax",
    "argmin": "argmin",
}


def set_stages(cluster: Cluster) -> None:
    """Number the passes over a row: what a pass reduces is known in the next one."""
    for member in cluster.members:
        member.stage = 0
        for value, place in member.reads:
            other = cluster.member(value)
            if other is None or other is member:
                continue
            later = other.kind == "reduce"
            if not later and other.columns != ONE and cluster.frame is not None:
                same = member.columns == other.columns and other.column(place) == member.column(
                    member.variables
                )
                later = not same
            member.stage = max(member.stage, other.stage + later)


def refined(shapes: Sequence[Sequence[Dim]]) -> tuple[Dim, ...]:
    """The coarsest shape whose axes can be joined to each of the shapes, all of one size.

    Falls back to one axis where lengths do not divide each other.
    """
    sizes: set[Dim] = set()
    for shape in shapes:
        size = ONE
        for n in reversed(shape):
            size = size.times(n)
            sizes.add(size)
    found: list[Dim] = []
    before = ONE
    for size in sorted(sizes, key=lambda d: d.at(TYPICAL * 31)):
        if size == before:
            continue
        ratio = size.divided(before)
        if ratio is None:
            return (product(tuple(shapes[0])),)
        found.append(ratio)
        before = size
    return tuple(reversed(found))


class Writer:
    """Writes the kernels of clusters.

    Args:
        choice: what is stored.
        buffers: where; members of the cluster at hand that have none are kept in registers, or in
            the worker's scratch memory where a later pass over the row needs them.
        temporary: makes a buffer in the arena.
    """

    def __init__(
        self, choice: Choice, buffers: dict[Value, Buffer], temporary: window.Temporary
    ) -> None:
        self.choice = choice
        self.buffers = buffers
        self.temporary = temporary

    def kernels(self, cluster: Cluster) -> list[Kernel]:
        """The kernels of a cluster that is not special; most have one."""
        if cluster.kind == "epilogue":
            return _EpilogueWriter(self, cluster).kernels()
        if cluster.frame is None:
            return [_OpenWriter(self, cluster).kernel()]
        return [_RowsWriter(self, cluster).kernel()]

    def load(self, value: Value, place: Place) -> Expression | None:
        """The element of a value that is in memory."""
        buffer = self.buffers.get(value)
        if buffer is None:
            return None
        return Load(buffer, linear(place, value.shape))


def _fused(cluster: Cluster, choice: Choice) -> tuple[str, ...]:
    """The primitives that a kernel computes, in order."""
    names: list[str] = []
    seen: set[Value] = set()
    own = {m.value for m in cluster.members}

    stack = [(m.source, False) for m in reversed(cluster.members)]
    while stack:
        value, ready = stack.pop()
        if ready:
            names.append(choice.producers[value].name)
            continue
        op = choice.producers.get(value)
        if value in seen or op is None or op.family == "constant":
            continue
        seen.add(value)
        if value not in choice.roots or value in own:
            stack.append((value, True))
            stack.extend((x, False) for x in reversed(op.inputs))
    return tuple(names)


def _title(cluster: Cluster) -> str:
    names = [m.operation.name for m in cluster.members]
    return names[0] if len(names) == 1 else f"{names[0]} .. {names[-1]}"


def _variables(shape: Sequence[Dim], hint: str) -> list[Var]:
    return [Var(f"{hint}{i}", n) for i, n in enumerate(shape)]


def _nest(variables: Sequence[Var], kinds: Sequence[str], body: tuple[Statement, ...]) -> Loop:
    for variable, kind in zip(reversed(variables), reversed(kinds), strict=True):
        body = (Loop(variable, kind, body),)
    (loop,) = body
    assert isinstance(loop, Loop)
    return loop


class _OpenWriter:
    """Every element by itself."""

    def __init__(self, writer: Writer, cluster: Cluster) -> None:
        self.writer, self.cluster = writer, cluster
        self.members = {m.value: m for m in cluster.members if m.begin is None}
        self.elements = Elements(writer.choice.producers, self.stored)

    def stored(self, value: Value, place: Place) -> Expression | None:
        return None if value in self.members else self.writer.load(value, place)

    def kernel(self) -> Loops:
        dims = refined([m.shape for m in self.cluster.members])
        variables = _variables(dims, "i")
        number = linear([Index.of(v) for v in variables], dims)
        body: list[Statement] = []
        for member in self.cluster.members:
            buffer = self.writer.buffers.get(member.value)
            if buffer is not None:
                place = delinearised(number, member.shape)
                value = self.elements.at(member.source, place)
                body.append(Store(buffer, member.target(place), value))
        if not variables:
            variables = [Var("i", ONE)]
        kinds = ["parallel"] * (len(variables) - 1) + ["vector"]
        loop = coalesced_loops(_nest(variables, kinds, tuple(body)))
        return Loops((loop,), _title(self.cluster), _fused(self.cluster, self.writer.choice))


class _RowsWriter:
    """One pass or several over each row; see `Cluster`."""

    def __init__(self, writer: Writer, cluster: Cluster) -> None:
        self.writer, self.cluster = writer, cluster
        self.members = {m.value: m for m in cluster.members if m.begin is None}
        self.stage = 0
        self.scratch: dict[Value, Buffer] = {}
        self.accumulators = {
            m.value: Accumulator(_OPERATIONS[m.operation.name], m.operation.inputs[0].dtype)
            for m in cluster.members
            if m.kind == "reduce"
        }
        assert cluster.frame is not None
        self.lead, self.trail = cluster.frame
        leads = [m.shape[: m.lead] for m in cluster.members]
        trails = [m.shape[len(m.shape) - m.trail :] for m in cluster.members]
        self.outer = _variables(refined(leads), "r")
        self.across = _variables(refined(trails), "t")

    def stored(self, value: Value, place: Place) -> Expression | None:
        member = self.members.get(value)
        if member is None:
            return self.writer.load(value, place)
        if member.kind == "reduce":
            return Total(self.accumulators[value], value.dtype)
        if member.columns == ONE or member.stage == self.stage:
            return None
        buffer = self.writer.buffers.get(value)
        if buffer is not None:
            return Load(buffer, linear(place, value.shape))
        return Load(self.scratch_of(member), member.column(place))

    def scratch_of(self, member: Member) -> Buffer:
        """Memory for a row of a member that only later passes of this kernel need."""
        if member.value not in self.scratch:
            self.scratch[member.value] = Buffer("scratch", member.value.dtype, member.columns)
        return self.scratch[member.value]

    def kernel(self) -> Loops:
        body: list[Statement] = []
        last = max(m.stage for m in self.cluster.members)
        for self.stage in range(last + 1):
            self.elements = Elements(self.writer.choice.producers, self.stored)
            body.extend(self.pass_over_row())
        inside: tuple[Statement, ...] = tuple(body)
        if self.across:
            kinds = ["serial" if self.outer else "parallel"] * (len(self.across) - 1) + ["vector"]
            inside = (_nest(self.across, kinds, inside),)
        if self.outer:
            inside = (_nest(self.outer, ["parallel"] * len(self.outer), inside),)
        found = tuple(coalesced_loops(s) for s in inside)
        return Loops(found, _title(self.cluster), _fused(self.cluster, self.writer.choice))

    def pass_over_row(self) -> list[Statement]:
        present = [m for m in self.cluster.members if m.stage == self.stage]
        # First what is known once for the row, then the loops over its columns.
        found = [
            s for m in present if m.columns == ONE and m.kind == "map" for s in self.store(m, ())
        ]
        sizes = list(
            dict.fromkeys(m.columns for m in present if m.columns != ONE or m.kind != "map")
        )
        for size in sizes:
            group = [m for m in present if m.columns == size and (size != ONE or m.kind != "map")]
            shapes = [m.shape[m.lead : len(m.shape) - m.trail] for m in group]
            variables = _variables(refined(shapes), "c") or [Var("c", ONE)]
            inner: list[Statement] = []
            for m in group:
                if m.kind == "reduce":
                    accumulator = self.accumulators[m.value]
                    found.append(Reset(accumulator))
                    place = self.place(m, variables)
                    element = self.elements.at(m.operation.inputs[0], place)
                    competes = None
                    if accumulator.operation in ("argmax", "argmin"):
                        competes = place[m.reduced[0]]
                    inner.append(Accumulate(accumulator, element, competes))
                else:
                    inner.extend(self.store(m, variables))
            if not inner:
                continue
            kinds = ["serial"] * len(variables)
            if not self.across:
                kinds[-1] = "vector"
            found.append(_nest(variables, kinds, tuple(inner)))
        found.extend(
            s
            for m in present
            if m.kind == "reduce" and m.value in self.writer.buffers
            for s in self.store_total(m)
        )
        return found

    def place(self, member: Member, columns: Sequence[Var]) -> Place:
        """Where the loops stand in the space of a member."""
        a, b = member.lead, len(member.shape) - member.trail
        parts: list[Index] = []
        for variables, shape in (
            (self.outer, member.shape[:a]),
            (columns, member.shape[a:b]),
            (self.across, member.shape[b:]),
        ):
            number = linear([Index.of(v) for v in variables], [v.extent for v in variables])
            parts.extend(delinearised(number, shape))
        return tuple(parts)

    def store(self, member: Member, columns: Sequence[Var]) -> list[Statement]:
        place = self.place(member, columns)
        value = self.elements.at(member.source, place)
        found: list[Statement] = []
        buffer = self.writer.buffers.get(member.value)
        if buffer is not None:
            found.append(Store(buffer, member.target(place), value))
        elif member.columns != ONE and self.is_read_later(member):
            found.append(Store(self.scratch_of(member), member.column(place), value))
        return found

    def is_read_later(self, member: Member) -> bool:
        return any(
            m.stage > member.stage and any(v is member.value for v, _ in m.reads)
            for m in self.cluster.members
        )

    def store_total(self, member: Member) -> list[Statement]:
        buffer = self.writer.buffers[member.value]
        a, b = member.lead, len(member.shape) - member.trail
        place: list[Index] = []
        for variables, shape in (
            (self.outer, member.shape[:a]),
            (self.across, member.shape[b:]),
        ):
            number = linear([Index.of(v) for v in variables], [v.extent for v in variables])
            place.extend(delinearised(number, shape))
        # Axes of length 1 between reduced ones are still there in the value.
        kept = [i for i in range(len(member.shape)) if i not in member.reduced]
        outside = [i for i in kept if i < a or i >= b]
        by_axis = dict(zip(outside, place, strict=True))
        full = tuple(by_axis.get(i, Index()) for i in kept)
        total = Total(self.accumulators[member.value], member.value.dtype)
        return [Store(buffer, linear(full, member.value.shape), total)]


class _EpilogueWriter:
    """A contraction or a window, and what is done with each element that comes out."""

    def __init__(self, writer: Writer, cluster: Cluster) -> None:
        self.writer, self.cluster = writer, cluster
        self.leader = cluster.members[0]
        self.members = {m.value: m for m in cluster.members if m.begin is None}
        self.names = _title(cluster), _fused(cluster, writer.choice)

    def kernels(self) -> list[Kernel]:
        op = self.leader.operation
        read = Elements(self.writer.choice.producers, self.writer.load).at
        if op.family == "contract":
            return [self.contract(_contraction(op, read))]
        lowered = window.lower_window(op, read, self.writer.temporary)
        found: list[Kernel] = [*lowered.setup, *map(self.contract, lowered.contractions)]
        if lowered.nests:
            found.append(window.loop_nest(lowered.nests, self.stores, *self.names))
        return found

    def stores(self, place: Place, value: Expression) -> list[Statement]:
        """What is stored where one element of the leader is known."""

        def stored(x: Value, where: Place) -> Expression | None:
            if x is self.leader.value:
                return value
            return None if x in self.members else self.writer.load(x, where)

        elements = Elements(self.writer.choice.producers, stored)
        found: list[Statement] = []
        for member in self.cluster.members:
            buffer = self.writer.buffers.get(member.value)
            if buffer is not None:
                where = self.place(member, place)
                value_there = elements.at(member.source, where)
                found.append(Store(buffer, member.target(where), value_there))
        return found

    def contract(self, c: window.Contraction) -> Contract:
        statements = tuple(self.stores(c.place, Product(self.leader.value.dtype)))
        operands: tuple[Expression, ...] = (c.left, c.right)
        groups = [c.batch, c.m, c.n, c.k]
        if c.window is None:
            for i, group in enumerate(groups):
                groups[i], statements, operands = coalesced_group(group, statements, operands)
        (batch, m, n, k), (left, right) = groups, operands
        dtype = self.leader.value.dtype
        return Contract(batch, m, n, k, left, right, statements, dtype, *self.names, c.window)

    def place(self, member: Member, leader: Place) -> Place:
        """Where a member has the element that the leader has at a place."""
        if member.shape == self.leader.value.shape and member.order is None:
            return leader
        if member.order is not None:
            return tuple(Index() if a < 0 else leader[a] for a in member.order)
        return delinearised(linear(leader, self.leader.value.shape), member.shape)


def _contraction(op: Operation, read: window.Read) -> window.Contraction:
    """The primitive `contract`."""
    a, b = op.inputs
    axes, batch = op.params["axes"], op.params["batch"]
    groups: list[list[Var]] = [[], [], [], []]
    left, right = [Index()] * len(a.shape), [Index()] * len(b.shape)
    out: list[Index] = []

    def variable(group: int, n: Dim) -> Index:
        if n == ONE:
            return Index()
        found = Var("bmnk"[group], n)
        groups[group].append(found)
        return Index.of(found)

    for i, j in zip(*batch, strict=True):
        left[i] = right[j] = variable(0, a.shape[i])
        out.append(left[i])
    for i in range(len(a.shape)):
        if i not in axes[0] and i not in batch[0]:
            left[i] = variable(1, a.shape[i])
            out.append(left[i])
    for j in range(len(b.shape)):
        if j not in axes[1] and j not in batch[1]:
            right[j] = variable(2, b.shape[j])
            out.append(right[j])
    # The order of summation is free: that of the left operand's axes makes for even strides.
    for i, j in sorted(zip(*axes, strict=True)):
        left[i] = right[j] = variable(3, a.shape[i])
    b_, m, n, k = map(tuple, groups)
    operands = read(a, tuple(left)), read(b, tuple(right))
    return window.Contraction(b_, m, n, k, *operands, tuple(out), None)
