"""Clusters: stored values that one kernel can make together.

A cluster has a frame, (lead, trail): how many elements the leading and the trailing axes have that
its members keep apart. Each pair of a leading and a trailing number is a *row*; what lies between
is the row's *column* space, over which members may reduce. All that a member reads of another one
must lie in its own row, so one worker can compute a row from beginning to end without waiting:
softmax, normalisations and losses become one pass, and elementwise work joins its neighbours.

A cluster whose members do not reduce is *open*: every element is a row, until a reduction joins and
decides the frame. The elements of a contraction's result make an open cluster too: that is its
epilogue.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from thalweg.compiler.dims import ONE, ZERO, Dim, product
from thalweg.compiler.graph import Flow, Operation, Value
from thalweg.compiler.ir.expression import Constant, Expression
from thalweg.compiler.ir.index import Index, Var
from thalweg.compiler.lower.choice import SPECIAL, TYPICAL, Choice, is_special
from thalweg.compiler.lower.elements import Elements, Place, linear
from thalweg.compiler.lower.empty import is_empty
from thalweg.compiler.passes.writer import has_effects
from thalweg.tensor.dtypes import bool_

__all__ = ["Cluster", "Member", "clusters"]

# Rows that are longer (in elements) do not stay in the fast caches between two passes.
_LONGEST_ROW = 32 * 1024
# One row alone is computed by one worker: only little work may join it.
_MOST_SERIAL = 4096
# More members than networks have in one kernel, and as many as LLVM compiles in time.
_MOST_MEMBERS = 32


@dataclass(slots=True, eq=False)
class Member:
    """A stored value in a cluster.

    Attributes:
        value: what it is.
        operation: what computes it.
        kind: `map`, `reduce`, `epilogue` (a contraction or window) or `special`.
        shape: of the space that is gone through: that of the value, or of what is reduced.
        variables: one index for each axis of that space, for asking what it reads.
        reads: the stored values that it reads, and where.
        reduced: the axes that it reduces.
        order: for a permuted member of an epilogue, the leader's axis that each axis runs along.
        stage: in which pass over the row it is computed.
        source: what is computed at each place of the space: the value itself, or the part of a
            joined (`concat`) value, each of which is a member of its own.
        begin: of a part, where it begins along the joined axis.
    """

    value: Value
    operation: Operation
    kind: str
    shape: tuple[Dim, ...]
    variables: Place
    reads: list[tuple[Value, Place]]
    source: Value
    reduced: tuple[int, ...] = ()
    begin: tuple[int, Dim] | None = None
    order: tuple[int, ...] | None = None
    stage: int = 0
    lead: int = 0
    trail: int = 0

    def target(self, place: Place) -> Index:
        """The number, in the value, of the element that belongs to a place of the space."""
        if self.begin is None:
            return linear(place, self.value.shape)
        axis, first = self.begin
        moved = (*place[:axis], place[axis].plus(first), *place[axis + 1 :])
        return linear(moved, self.value.shape)

    def row(self, place: Place) -> tuple[Index, Index]:
        """The row that an element of the space lies in."""
        rank = len(self.shape)
        a, b = self.lead, rank - self.trail
        return linear(place[:a], self.shape[:a]), linear(place[b:], self.shape[b:])

    def value_row(self, place: Place) -> tuple[Index, Index]:
        """The row that an element of the value lies in (reduced axes are gone)."""
        if not self.reduced:
            return self.row(place)
        a = self.lead
        return linear(place[:a], self.value.shape[:a]), linear(place[a:], self.value.shape[a:])

    def column(self, place: Place) -> Index:
        """The number of an element of the space in its row."""
        a, b = self.lead, len(self.shape) - self.trail
        return linear(place[a:b], self.shape[a:b])

    @property
    def columns(self) -> Dim:
        """How many elements of the space lie in a row."""
        return product(self.shape[self.lead : len(self.shape) - self.trail])


@dataclass(slots=True, eq=False)
class Cluster:
    """Members in an order in which they can be computed; see the module."""

    members: list[Member]
    # None: open.
    frame: tuple[Dim, Dim] | None = None
    number: int = 0
    # Clusters that must run before this one.
    needs: set[Cluster] = field(default_factory=set)

    @property
    def kind(self) -> str:
        """`epilogue`, `special`, `open` or `rows`."""
        if self.members[0].kind in ("epilogue", "special"):
            return self.members[0].kind
        return "open" if self.frame is None else "rows"

    def member(self, value: Value) -> Member | None:
        """The member that is a value."""
        return next((m for m in self.members if m.value is value and m.begin is None), None)


def clusters(choice: Choice, flow: Flow) -> list[Cluster]:
    """Bring the stored values together in clusters, in an order in which they can run."""
    return _Builder(choice).build(flow)


class _Builder:
    def __init__(self, choice: Choice) -> None:
        self.choice = choice
        self.found: list[Cluster] = []
        # The clusters that make each value; one for each part of a joined value.
        self.home: dict[Value, list[Cluster]] = {}

    def build(self, flow: Flow) -> list[Cluster]:
        effect: Cluster | None = None
        for operation in flow.operations:
            for value in operation.outputs:
                if value in self.choice.roots and not is_empty(value):
                    for member in self.members_of(value, operation):
                        if not self.joins(member):
                            self.alone(member)
                if operation.family in SPECIAL:
                    break  # one kernel for all of its outputs
            if has_effects(operation):
                effect = self.after(operation, effect)
        return self.found

    def after(self, operation: Operation, last: Cluster | None) -> Cluster:
        """Effects (printing, checks) happen in the order in which the program says."""
        if not operation.outputs:
            nothing = Value((), bool_)
            self.alone(self.member(nothing, operation, nothing))
        present = self.found[-1]
        if last is not None:
            present.needs.add(last)
        return present

    def alone(self, member: Member) -> None:
        cluster = Cluster([member], number=len(self.found))
        if member.kind == "reduce":
            cluster.frame = self.frame_of(member)
        self.found.append(cluster)
        self.adopt(cluster, member)

    def adopt(self, cluster: Cluster, member: Member) -> None:
        for y in member.operation.outputs if member.kind == "special" else (member.value,):
            self.home.setdefault(y, []).append(cluster)
        cluster.needs |= self.needs(member) - {cluster}

    def needs(self, member: Member) -> set[Cluster]:
        return {c for v, _ in member.reads for c in self.home.get(v, ())}

    # --- what a value reads -------------------------------------------------------------------

    def members_of(self, value: Value, operation: Operation) -> list[Member]:
        if operation.name != "concat":
            return [self.member(value, operation, value)]
        axis, begin, found = operation.params["axis"], ZERO, []
        for part in operation.inputs:
            member = self.member(value, operation, part)
            member.begin = axis, begin
            begin = begin.plus(part.shape[axis])
            found.append(member)
        return found

    def member(self, value: Value, operation: Operation, source: Value) -> Member:
        reads: dict[tuple[Value, Place], None] = {}
        roots, producers = self.choice.roots, self.choice.producers

        def stored(x: Value, place: Place) -> Expression | None:
            op = producers.get(x)
            if x in roots or op is None or op.name == "array":
                reads[x, place] = None
                return Constant(0, x.dtype)
            return None

        elements = Elements(producers, stored)
        family = operation.family
        kind, shape = "map", source.shape
        reduced: tuple[int, ...] = ()
        if is_special(operation):
            kind = "special"
        elif family == "reduce":
            kind, shape = "reduce", operation.inputs[0].shape
            axes = operation.params.get("axes")
            reduced = axes if axes is not None else (operation.params["axis"],)
            if not reduced:
                kind = "map"
        elif family in ("contract", "window"):
            kind = "epilogue"
        place = tuple(Index.of(Var("i", n) if n != ONE else 0) for n in shape)
        if kind == "map" and source is value:
            elements.of(value, place)
        elif kind == "map":
            elements.at(source, place)
        elif kind == "reduce":
            elements.at(operation.inputs[0], place)
        elif kind == "special":
            for x in operation.inputs:
                reads[self.choice.dense(x), ()] = None
        else:
            for x in operation.inputs:
                inner = tuple(Index.of(Var("i", n) if n != ONE else 0) for n in x.shape)
                elements.at(x, inner)
        return Member(value, operation, kind, shape, place, list(reads), source, reduced)

    # --- joining ------------------------------------------------------------------------------

    def joins(self, member: Member) -> bool:
        if member.kind not in ("map", "reduce"):
            return False
        for cluster in self.candidates(member):
            if len(cluster.members) == _MOST_MEMBERS:
                continue
            if self.fits(member, cluster) and not self.circular(member, cluster):
                cluster.members.append(member)
                self.adopt(cluster, member)
                return True
        return False

    def candidates(self, member: Member) -> Iterator[Cluster]:
        """Those that make what it reads first, the latest of them first; then its siblings."""
        makers = sorted(self.needs(member), key=lambda c: -c.number)
        yield from makers
        read = {v for v, _ in member.reads if product(v.shape).at(TYPICAL) > 1}
        for cluster in reversed(self.found[-24:]):
            if cluster in makers or cluster.kind in ("epilogue", "special"):
                continue
            scalar = product(member.shape) == ONE and product(cluster.members[0].shape) == ONE
            if scalar or any(v in read for m in cluster.members for v, _ in m.reads):
                yield cluster

    def circular(self, member: Member, cluster: Cluster) -> bool:
        """Whether the member needs, by way of others, what itself needs the cluster."""
        stack = [c for c in self.needs(member) if c is not cluster]
        seen: set[Cluster] = set()
        while stack:
            current = stack.pop()
            if current is cluster:
                return True
            if current in seen:
                continue
            seen.add(current)
            stack.extend(current.needs)
        return False

    def fits(self, member: Member, cluster: Cluster) -> bool:
        if cluster.kind == "special" or self.reads_parts(member, cluster):
            return False
        if cluster.frame is not None:
            return self.fits_frame(member, cluster, cluster.frame)
        if member.kind == "map":
            return self.fits_open(member, cluster)
        return cluster.kind == "open" and self.gives_frame(member, cluster)

    def reads_parts(self, member: Member, cluster: Cluster) -> bool:
        """Whether it reads a joined value of which the cluster makes a part."""
        parts = {m.value for m in cluster.members if m.begin is not None}
        return any(v in parts for v, _ in member.reads)

    def fits_open(self, member: Member, cluster: Cluster) -> bool:
        leader = cluster.members[0]
        if product(member.shape) != product(leader.shape):
            return False
        if self.same_elements(member, cluster):
            return True
        if cluster.kind != "epilogue":
            return False
        return self.permuted(member, cluster)

    def same_elements(self, member: Member, cluster: Cluster) -> bool:
        """Whether everything it reads of the cluster stands at the same number."""
        own = linear(member.variables, member.shape)
        for value, place in member.reads:
            other = cluster.member(value)
            if other is not None and (other.order or linear(place, value.shape) != own):
                return False
        return True

    def permuted(self, member: Member, cluster: Cluster) -> bool:
        """Whether it reads the contraction with its axes in another order, and nothing else."""
        leader = cluster.members[0]
        order: tuple[int, ...] | None = None
        for value, place in member.reads:
            other = cluster.member(value)
            if other is None:
                continue
            if other is not leader:
                return False
            axes = [
                None if n == ONE else _axis(i, member)
                for i, n in zip(place, value.shape, strict=True)
            ]
            wide = [i for i, n in enumerate(member.shape) if n != ONE]
            found = [a for a in axes if a is not None]
            if sorted(found) != wide or len(found) != sum(n != ONE for n in value.shape):
                return False
            inverse = {a: i for i, a in enumerate(axes) if a is not None}
            present = tuple(inverse.get(i, -1) for i in range(len(member.shape)))
            if order not in (None, present):
                return False
            order = present
        if order is None:
            return False
        member.order = order
        return True

    def gives_frame(self, member: Member, cluster: Cluster) -> bool:
        """Whether a reduction can join an open cluster, and so decide its frame."""
        frame = self.frame_of(member)
        if frame is None:
            return False
        saved = [(m, m.lead, m.trail) for m in cluster.members]
        if all(self.place_in_frame(m, frame) for m in cluster.members) and self.fits_frame(
            member, cluster, frame
        ):
            cluster.frame = frame
            return True
        for m, lead, trail in saved:
            m.lead, m.trail = lead, trail
        return False

    def frame_of(self, member: Member) -> tuple[Dim, Dim] | None:
        """What a reduction keeps apart: leading and trailing axes; None if others as well."""
        rank = len(member.shape)
        first, last = min(member.reduced), max(member.reduced)
        between = set(range(first, last + 1)) - set(member.reduced)
        if any(member.shape[i] != ONE for i in between):
            return None
        member.lead, member.trail = first, rank - 1 - last
        return product(member.shape[:first]), product(member.shape[last + 1 :])

    def fits_frame(self, member: Member, cluster: Cluster, frame: tuple[Dim, Dim]) -> bool:
        if member.kind == "reduce":
            if self.frame_of(member) != frame:
                return False
        elif not self.place_in_frame(member, frame):
            return False
        rows = product(frame).at(TYPICAL)
        size = member.columns.at(TYPICAL)
        if member.kind == "map" and rows < 8 and rows * size > _MOST_SERIAL:
            return False
        if size > _LONGEST_ROW:
            return False
        own = member.row(member.variables)
        for value, place in member.reads:
            other = cluster.member(value)
            if other is not None and other.value_row(place) != own:
                return False
        return True

    def place_in_frame(self, member: Member, frame: tuple[Dim, Dim]) -> bool:
        """Find the axes of a map that make up the frame."""
        shape, rank = member.shape, len(member.shape)
        for lead in range(rank + 1):
            if product(shape[:lead]) != frame[0]:
                continue
            for trail in range(rank - lead, -1, -1):
                if product(shape[rank - trail :]) == frame[1]:
                    member.lead, member.trail = self.widest(shape, lead, trail)
                    return True
        return False

    def widest(self, shape: tuple[Dim, ...], lead: int, trail: int) -> tuple[int, int]:
        """Axes of length 1 may stand on either side; the row takes them."""
        while lead + trail < len(shape) and shape[lead] == ONE:
            lead += 1
        return lead, trail


def _axis(index: Index, member: Member) -> int | None:
    """The axis of the member whose variable an index is."""
    return next((i for i, v in enumerate(member.variables) if v == index and v != Index()), None)
