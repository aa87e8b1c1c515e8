"""Control flow that is decided now: a condition that is known, a scan of one step or none."""

from __future__ import annotations

from collections.abc import Iterable

from thalweg.compiler.bodies import split_cond
from thalweg.compiler.graph import Flow, Number, Operation, Value
from thalweg.compiler.passes.scans import Scan, alias
from thalweg.primitives.movement import reshape

__all__ = ["inline_decided"]


def inline_decided(flow: Flow) -> Flow:
    """The Flow with the bodies that surely run once in the place of their control flow."""
    numbers = {o.outputs[0]: o.kind.value for o in flow.operations if isinstance(o.kind, Number)}
    found: list[Operation] = []
    for operation in flow.operations:
        if operation.name == "cond" and operation.inputs[0] in numbers:
            then, otherwise = operation.params["then"], operation.params["otherwise"]
            flag, first, second = split_cond(operation.inputs, then)
            branch, captures = (then, first) if numbers[flag] else (otherwise, second)
            found.extend(_copied(branch, captures, operation.outputs))
        elif operation.name == "scan" and operation.params["length"] == 1:
            found.extend(_one_step(operation))
        elif operation.name == "scan" and operation.params["length"] == 0:
            found.extend(_no_step(operation))
        else:
            found.append(operation)
    return Flow(flow.inputs, found, flow.outputs)


def _copied(body: Flow, inputs: Iterable[Value], outputs: Iterable[Value]) -> list[Operation]:
    """The operations of a body on these inputs, and its results under these names."""
    new = dict(zip(body.inputs, inputs, strict=True))
    found = []
    for operation in body.operations:
        made = tuple(Value(y.shape, y.dtype) for y in operation.outputs)
        inner = tuple(new[x] for x in operation.inputs)
        found.append(Operation(operation.kind, inner, made, operation.params))
        new.update(zip(operation.outputs, made, strict=True))
    found.extend(alias(new[y], outer) for y, outer in zip(body.outputs, outputs, strict=True))
    return found


def _reshaped(x: Value, y: Value) -> Operation:
    return Operation(reshape, (x,), (y,), {"shape": y.shape})


def _one_step(operation: Operation) -> list[Operation]:
    parts = Scan.read(operation)
    slices = [Value(p.inner.shape, p.inner.dtype) for p in parts.sequences]
    rows = [Value(p.inner.shape, p.inner.dtype) for p in parts.results]
    inputs = [*(p.outer for p in parts.captures), *(c.start for c in parts.carries), *slices]
    outputs = [*(c.final for c in parts.carries), *rows]
    return [
        *(_reshaped(p.outer, x) for p, x in zip(parts.sequences, slices, strict=True)),
        *_copied(parts.body(), inputs, outputs),
        *(_reshaped(x, p.outer) for p, x in zip(parts.results, rows, strict=True)),
    ]


def _no_step(operation: Operation) -> list[Operation]:
    parts = Scan.read(operation)
    empty = [Operation(Number(0), (), (p.outer,)) for p in parts.results]
    return [*(alias(c.start, c.final) for c in parts.carries), *empty]
