"""Outputs, carries, sequences and captures of control flow that nobody needs."""

from __future__ import annotations

from thalweg.compiler.bodies import split_cond, split_while
from thalweg.compiler.graph import Flow, Operation, Value
from thalweg.compiler.passes.scans import Scan, needed_inside
from thalweg.compiler.passes.writer import has_effects, live

__all__ = ["remove_unused"]


def remove_unused(flow: Flow) -> Flow:
    """The Flow without what its control flow computes for nobody."""
    needed = set(flow.outputs)
    kept: list[Operation] = []
    for operation in reversed(flow.operations):
        used = any(y in needed for y in operation.outputs)
        if not used and not has_effects(operation):
            continue
        if operation.family == "control_flow":
            operation = _SHRINK[operation.name](operation, needed)
        kept.append(operation)
        needed.update(operation.inputs)
    return Flow(flow.inputs, kept[::-1], flow.outputs)


def _effects(operations: list[Operation]) -> list[Value]:
    """What operations that must run read; it is needed whatever the outputs."""
    return [x for o in operations if has_effects(o) for x in o.inputs]


def _shrink_scan(operation: Operation, needed: set[Value]) -> Operation:
    parts = Scan.read(operation)
    parts.results = [p for p in parts.results if p.outer in needed]
    roots = [*(p.inner for p in parts.results), *_effects(parts.operations)]
    wanted = {c for c in parts.carries if c.final in needed}
    while True:
        inside = needed_inside(parts.operations, [*roots, *(c.after for c in wanted)])
        more = {c for c in parts.carries if c.before in inside} - wanted
        if not more:
            break
        wanted |= more
    parts.carries = [c for c in parts.carries if c in wanted]
    parts.captures = [p for p in parts.captures if p.inner in inside]
    parts.sequences = [p for p in parts.sequences if p.inner in inside]
    parts.operations = remove_unused(parts.body()).operations
    return parts.operation()


def _shrink_while(operation: Operation, needed: set[Value]) -> Operation:
    test, body = operation.params["test"], operation.params["body"]
    of_test, of_body, starts = split_while(operation.inputs, test, body)
    a, b = len(of_test), len(of_body)
    in_test = needed_inside(test.operations, [*test.outputs, *_effects(test.operations)])
    wanted = {
        i for i, y in enumerate(operation.outputs) if y in needed or test.inputs[a + i] in in_test
    }
    effects = _effects(body.operations)
    while True:
        roots = [*(body.outputs[i] for i in wanted), *effects]
        in_body = needed_inside(body.operations, roots)
        more = {i for i in range(len(starts)) if body.inputs[b + i] in in_body} - wanted
        if not more:
            break
        wanted |= more
    kept = sorted(wanted)
    keep_test = [i for i in range(a) if test.inputs[i] in in_test]
    keep_body = [i for i in range(b) if body.inputs[i] in in_body]
    small_test = Flow(
        [*(test.inputs[i] for i in keep_test), *(test.inputs[a + i] for i in kept)],
        test.operations,
        test.outputs,
    )
    small_body = Flow(
        [*(body.inputs[i] for i in keep_body), *(body.inputs[b + i] for i in kept)],
        body.operations,
        [body.outputs[i] for i in kept],
    )
    inputs = (
        *(of_test[i] for i in keep_test),
        *(of_body[i] for i in keep_body),
        *(starts[i] for i in kept),
    )
    outputs = tuple(operation.outputs[i] for i in kept)
    params = {"test": remove_unused(small_test), "body": remove_unused(small_body)}
    return Operation(operation.kind, inputs, outputs, params)


def _shrink_cond(operation: Operation, needed: set[Value]) -> Operation:
    then, otherwise = operation.params["then"], operation.params["otherwise"]
    flag, first, second = split_cond(operation.inputs, then)
    kept = [i for i, y in enumerate(operation.outputs) if y in needed]
    captures: list[Value] = []
    params = {}
    for name, branch, outer in (("then", then, first), ("otherwise", otherwise, second)):
        small = live(Flow(branch.inputs, branch.operations, [branch.outputs[i] for i in kept]))
        small = remove_unused(small)
        inside = {x for o in small.operations for x in o.inputs} | set(small.outputs)
        pairs = [p for p in zip(outer, small.inputs, strict=True) if p[1] in inside]
        captures.extend(x for x, _ in pairs)
        params[name] = Flow([y for _, y in pairs], small.operations, small.outputs)
    outputs = tuple(operation.outputs[i] for i in kept)
    return Operation(operation.kind, (flag, *captures), outputs, params)


_SHRINK = {"cond": _shrink_cond, "while": _shrink_while, "scan": _shrink_scan}
