"""Scans that compute the same things: found once, kept for the way back.

The gradient of a scan first finds the carries before each step again (one scan), then goes backward
(another scan) and computes in each step what the forward step computed. Here the first joins the
forward scan, and the second reads what the forward scan stacked instead of computing it again.
"""

from __future__ import annotations

from collections.abc import Iterable

from thalweg.compiler.bodies import split_scan
from thalweg.compiler.dims import Dim
from thalweg.compiler.graph import Flow, Operation, Value
from thalweg.compiler.passes.writer import Writer

__all__ = ["join_scans", "save_residuals"]

# Cheaper to compute again than to write, keep and read.
_CHEAP = frozenset(
    {"reshape", "transpose", "broadcast_to", "slice", "reverse", "add", "sub", "mul", "neg", "cast"}
    | {"eq", "ne", "lt", "le", "gt", "ge", "select", "not", "stop_gradient", "iota"}
)


def join_scans(flow: Flow) -> Flow:
    """Scans with the same steps, of which one computes more, become one."""
    operations = list(flow.operations)
    scans = [op for op in operations if op.name == "scan"]
    for i, first in enumerate(scans):
        for second in scans[i + 1 :]:
            if first in operations and second in operations:
                operations, joined = _joined(operations, first, second)
                if joined is not None:
                    first = joined
    return Flow(flow.inputs, operations, flow.outputs)


def _same_steps(a: Operation, b: Operation) -> bool:
    return all(a.params[name] == b.params[name] for name in ("carries", "length", "reverse"))


def _body_writer(scan: Operation) -> Writer:
    """A writer that knows all that a step of a scan computes."""
    body: Flow = scan.params["body"]
    writer = Writer(body.inputs, {})
    for op in body.operations:
        writer.add(op)
    return writer


def _joined(
    operations: list[Operation], a: Operation, b: Operation
) -> tuple[list[Operation], Operation | None]:
    nothing = operations, None
    if not _same_steps(a, b):
        return nothing
    held_a, carries, _ = split_scan(a)
    held_b, _, _ = split_scan(b)
    if a.inputs[held_a : held_a + carries] != b.inputs[held_b : held_b + carries]:
        return nothing
    body_a, body_b = a.params["body"], b.params["body"]
    inside = dict(zip(a.inputs[:held_a], body_a.inputs, strict=False))
    steps = dict(zip(a.inputs[held_a + carries :], body_a.inputs[held_a + carries :], strict=True))
    known: dict[Value, Value] = dict(
        zip(
            body_b.inputs[held_b : held_b + carries],
            body_a.inputs[held_a : held_a + carries],
            strict=True,
        )
    )
    before = _available(operations, a)
    more_held: list[tuple[Value, Value]] = []
    more_steps: list[tuple[Value, Value]] = []
    for i, (outer, inner) in enumerate(zip(b.inputs, body_b.inputs, strict=True)):
        if inner in known:
            continue
        table, more = (inside, more_held) if i < held_b else (steps, more_steps)
        if outer in table:
            known[inner] = table[outer]
        elif outer in before:
            known[inner] = inner
            more.append((outer, inner))
        else:
            return nothing
    writer = _body_writer(a)
    for op in body_b.operations:
        outputs = writer.rewritten(op, tuple(known[x] for x in op.inputs))
        known.update(zip(op.outputs, outputs, strict=True))
    after = [known[y] for y in body_b.outputs[:carries]]
    if after != body_a.outputs[:carries]:
        return nothing
    body = Flow(
        [
            *body_a.inputs[:held_a],
            *(inner for _, inner in more_held),
            *body_a.inputs[held_a:],
            *(inner for _, inner in more_steps),
        ],
        writer.operations,
        [*body_a.outputs, *(known[y] for y in body_b.outputs[carries:])],
    )
    inputs = (
        *a.inputs[:held_a],
        *(outer for outer, _ in more_held),
        *a.inputs[held_a:],
        *(outer for outer, _ in more_steps),
    )
    outputs = (*a.outputs, *b.outputs[carries:])
    joined = Operation(a.kind, inputs, outputs, {**a.params, "body": body})
    replaced = dict(zip(b.outputs[:carries], a.outputs[:carries], strict=True))
    found = [joined if op is a else op for op in operations if op is not b]
    return [_with_inputs(op, replaced) for op in found], joined


def _available(operations: Iterable[Operation], at: Operation) -> set[Value]:
    """What is computed before an operation (and what nothing here computes: inputs)."""
    later: set[Value] = set()
    reached = False
    for op in operations:
        reached = reached or op is at
        if reached:
            later.update(op.outputs)
    every = {x for op in operations for x in op.inputs}
    return every - later


def _with_inputs(op: Operation, replaced: dict[Value, Value]) -> Operation:
    if not any(x in replaced for x in op.inputs):
        return op
    inputs = tuple(replaced.get(x, x) for x in op.inputs)
    return Operation(op.kind, inputs, op.outputs, op.params)


def save_residuals(flow: Flow) -> Flow:
    """A scan that computes again what an earlier scan computed reads it from there."""
    operations = list(flow.operations)
    for i in range(len(operations)):
        for j in range(i + 1, len(operations)):
            a, b = operations[i], operations[j]
            if a.name == b.name == "scan" and a.params["length"] == b.params["length"]:
                operations[i], operations[j] = _with_residuals(a, b)
    return Flow(flow.inputs, operations, flow.outputs)


def _with_residuals(a: Operation, b: Operation) -> tuple[Operation, Operation]:
    held_a, carries_a, _ = split_scan(a)
    held_b, carries_b, _ = split_scan(b)
    body_a, body_b = a.params["body"], b.params["body"]
    stacked = dict(zip(a.outputs[carries_a:], body_a.outputs[carries_a:], strict=True))
    if not any(x in stacked for x in b.inputs):
        return a, b
    same = dict(zip(a.inputs, body_a.inputs, strict=True))
    for x in a.inputs[held_a : held_a + carries_a]:
        if x not in a.inputs[:held_a] and x not in a.inputs[held_a + carries_a :]:
            same.pop(x, None)  # a carry has its first value only in the first step
    # What a value of the second body is in the first one.
    twin: dict[Value, Value] = {}
    for i, (outer, inner) in enumerate(zip(b.inputs, body_b.inputs, strict=True)):
        sliced = i >= held_b + carries_b
        if sliced and outer in stacked:
            twin[inner] = stacked[outer]
        elif outer in same and (i < held_b or sliced) and _alike(outer, same[outer], inner):
            twin[inner] = same[outer]
    own = {y for op in body_a.operations for y in op.outputs} | set(body_a.inputs)
    writer = _body_writer(a)
    given = set(twin)
    for op in body_b.operations:
        if not all(x in twin for x in op.inputs):
            continue
        outputs = writer.rewritten(op, tuple(twin[x] for x in op.inputs))
        if all(y in own for y in outputs):
            twin.update(zip(op.outputs, outputs, strict=True))
    wanted = _worth_keeping(body_b, twin, given)
    if not wanted:
        return a, b
    length: Dim = Dim.of(a.params["length"])
    wholes = [Value((length, *y.shape), y.dtype) for y in wanted]
    first = Operation(
        a.kind,
        a.inputs,
        (*a.outputs, *wholes),
        {
            **a.params,
            "body": Flow(
                body_a.inputs, body_a.operations, [*body_a.outputs, *(twin[y] for y in wanted)]
            ),
        },
    )
    kept = set(wanted)
    rest = [op for op in body_b.operations if not any(y in kept for y in op.outputs)]
    second = Operation(
        b.kind,
        (*b.inputs, *wholes),
        b.outputs,
        {**b.params, "body": Flow([*body_b.inputs, *wanted], rest, body_b.outputs)},
    )
    return first, second


def _alike(outer: Value, a: Value, b: Value) -> bool:
    """Whether both bodies take the same of an outer value: all of it, or its step."""
    return a.shape == b.shape


def _worth_keeping(body: Flow, twin: dict[Value, Value], given: set[Value]) -> list[Value]:
    """The values that are needed and dear, among those that the first scan has too."""
    makers = {y: op for op in body.operations for y in op.outputs}
    alone = [op for op in body.operations if not all(y in twin for y in op.outputs)]
    needed = {x for op in alone for x in op.inputs} | set(body.outputs)

    def is_dear(x: Value) -> bool:
        """Whether computing a value again brings back work that nothing else needs."""
        op = makers.get(x)
        if x in given or x in needed or op is None or op.family == "constant":
            return False
        return op.name not in _CHEAP or any(map(is_dear, op.inputs))

    wanted: list[Value] = []
    for op in reversed(body.operations):
        for y in op.outputs:
            if y not in needed or y not in twin or op.family == "constant":
                continue
            if op.name in _CHEAP and not any(map(is_dear, op.inputs)):
                needed.update(op.inputs)
            else:
                wanted.append(y)
    return wanted
