"""Scans over the same steps become one, and a backward scan reads what the forward one found.

The gradient of a scan runs the forward steps again to find the carry before each step, and then
computes inside each backward step what the forward step had computed already.
"""

from __future__ import annotations

from thalweg.compiler.graph import Flow, Operation, Value
from thalweg.compiler.passes.scans import Carry, Pair, Scan, alias
from thalweg.compiler.passes.writer import Call, Rules, Writer, has_effects, rewrite

__all__ = ["join_carries", "merge_scans", "reuse_forward"]


def _same_steps(a: Scan, b: Scan) -> bool:
    """Whether two scans begin alike and go over the same sequences."""
    return (
        (a.length, a.reverse) == (b.length, b.reverse)
        and [c.start for c in a.carries] == [c.start for c in b.carries]
        and [p.outer for p in a.sequences] == [p.outer for p in b.sequences]
    )


def merge_scans(flow: Flow) -> Flow:
    """Of scans that begin alike and read the same, a later one joins the first."""
    found: list[Operation] = []
    known: set[Value] = set(flow.inputs)
    # The first scans, where they stand, and what is known there.
    firsts: list[tuple[Scan, int, set[Value]]] = []
    for operation in flow.operations:
        if operation.name == "scan" and not has_effects(operation):
            parts = Scan.read(operation)
            fitting = (
                f for f in firsts if _same_steps(f[0], parts) and f[2].issuperset(operation.inputs)
            )
            first = next(fitting, None)
            if first is not None:
                _join(first[0], parts)
                found[first[1]] = first[0].operation()
                known.update(operation.outputs)
                continue
            firsts.append((parts, len(found), set(known)))
        found.append(operation)
        known.update(operation.outputs)
    return Flow(flow.inputs, found, flow.outputs)


def _join(first: Scan, second: Scan) -> None:
    """All parts of the second go into the first; what is there twice goes in other passes."""
    first.captures += second.captures
    first.carries += second.carries
    first.sequences += second.sequences
    first.results += second.results
    first.operations += second.operations


def join_carries(flow: Flow) -> Flow:
    """Carries that begin alike and change alike become one."""
    found: list[Operation] = []
    for operation in flow.operations:
        found.extend(_joined(operation) if operation.name == "scan" else [operation])
    return Flow(flow.inputs, found, flow.outputs)


def _joined(operation: Operation) -> list[Operation]:
    parts = Scan.read(operation)
    # Which carry stands for each; at first one for all that begin alike.
    leaders: dict[Value, Carry] = {}
    leader_of = {c: leaders.setdefault(c.start, c) for c in parts.carries}
    while any(c is not leader for c, leader in leader_of.items()):
        # If those of one leader were the same before the step, which are the same after it?
        after = _after_step(parts, leader_of)
        groups: dict[tuple[Carry, Value], Carry] = {}
        split = {c: groups.setdefault((leader_of[c], after[c]), c) for c in parts.carries}
        if split == leader_of:
            return _with_leaders(parts, leader_of)
        leader_of = split
    return [operation]


def _aliases(leader_of: dict[Carry, Carry]) -> list[Operation]:
    pairs = leader_of.items()
    return [alias(leader.before, c.before) for c, leader in pairs if c is not leader]


def _after_step(parts: Scan, leader_of: dict[Carry, Carry]) -> dict[Carry, Value]:
    """What each carry is after a step in which the carries of one leader were the same before."""
    inputs = [p.inner for p in (*parts.captures, *parts.sequences)]
    inputs += [c.before for c in parts.carries if leader_of[c] is c]
    outputs = [c.after for c in parts.carries]
    trial = Flow(inputs, [*_aliases(leader_of), *parts.operations], outputs)
    return dict(zip(parts.carries, rewrite(trial, _ALIASES).outputs, strict=True))


def _with_leaders(parts: Scan, leader_of: dict[Carry, Carry]) -> list[Operation]:
    parts.operations = [*_aliases(leader_of), *parts.operations]
    parts.carries = [c for c in parts.carries if leader_of[c] is c]
    finals = [alias(leader.final, c.final) for c, leader in leader_of.items() if c is not leader]
    return [parts.operation(), *finals]


def _through(w: Writer, call: Call) -> Value | None:
    return call.inputs[0]


_ALIASES: Rules = {"stop_gradient": [_through]}


# --- what the forward scan found --------------------------------------------------------------

# What costs more to compute again than to read from memory; other families always do.
_CHEAP = frozenset(
    {"add", "sub", "mul", "neg", "abs", "sign", "max", "min", "select", "stop_gradient"}
    | {"eq", "ne", "lt", "le", "gt", "ge", "and", "or", "xor", "not", "shift_left", "shift_right"}
    | {"cast", "bitcast", "floor", "ceil", "trunc", "round"}
)


def _is_cheap(operation: Operation) -> bool:
    return operation.family in ("movement", "constant") or operation.name in _CHEAP


def reuse_forward(flow: Flow) -> Flow:
    """A scan that computes from another's results what that one computed reads it instead."""
    found: list[Operation] = []
    places: dict[Value, int] = {}
    forward: dict[int, Scan] = {}
    for operation in flow.operations:
        if operation.name == "scan":
            later = Scan.read(operation)
            for place in sorted({places[p.outer] for p in later.sequences if p.outer in places}):
                if _reuse(forward[place], later):
                    found[place] = forward[place].operation()
            operation = later.operation()
            forward[len(found)] = later
            places.update(dict.fromkeys(operation.outputs, len(found)))
        found.append(operation)
    return Flow(flow.inputs, found, flow.outputs)


def _reuse(first: Scan, later: Scan) -> bool:
    """Let `later` read values of `first`; whether it does."""
    if first.length != later.length:
        return False
    body = first.body()
    writer = Writer(body.inputs, {})
    new: dict[Value, Value] = {x: x for x in body.inputs}
    for operation in body.operations:
        inputs = tuple(new[x] for x in operation.inputs)
        new.update(zip(operation.outputs, writer.rewritten(operation, inputs), strict=True))
    # Values of the later body that are values of the first one.
    sources = {p.outer: new[p.inner] for p in (*first.sequences, *first.results)}
    captured = {p.outer: p.inner for p in first.captures}
    same = {p.inner: sources[p.outer] for p in later.sequences if p.outer in sources}
    same |= {p.inner: captured[p.outer] for p in later.captures if p.outer in captured}
    makers: dict[Value, Operation] = {}
    for operation in later.operations:
        makers.update(dict.fromkeys(operation.outputs, operation))
        if not all(x in same for x in operation.inputs) or operation.family == "host":
            continue
        inputs = tuple(same[x] for x in operation.inputs)
        there = Operation(operation.kind, inputs, operation.outputs, operation.params)
        known = writer.same(there)
        if known is not None:
            same.update(zip(operation.outputs, known, strict=True))
    wanted = _frontier(later, same, makers)
    if not wanted:
        return False
    first.operations = writer.operations
    for carry in first.carries:
        carry.after = new[carry.after]
    for result in first.results:
        result.inner = new[result.inner]
    stacks = {p.inner: p.outer for p in first.results}
    for x in wanted:
        there_ = same[x]
        if there_ not in stacks:
            stacks[there_] = first.stacked(there_)
            first.results.append(Pair(stacks[there_], there_))
        later.sequences.append(Pair(stacks[there_], x))
    replaced = set(wanted)
    later.operations = [o for o in later.operations if replaced.isdisjoint(o.outputs)]
    return True


def _frontier(later: Scan, same: dict[Value, Value], makers: dict[Value, Operation]) -> list[Value]:
    """The values to read: dear ones that the first scan has and the later one's own work needs."""
    needed = [c.after for c in later.carries] + [p.inner for p in later.results]
    for operation in later.operations:
        if not all(y in same for y in operation.outputs):
            needed.extend(operation.inputs)
    wanted: dict[Value, None] = {}
    seen: set[Value] = set()
    while needed:
        x = needed.pop()
        if x in seen or x not in same or x not in makers:
            continue
        seen.add(x)
        maker = makers[x]
        if not _is_cheap(maker) and len(maker.outputs) == 1:
            wanted[x] = None
        else:
            needed.extend(maker.inputs)
    return list(wanted)
