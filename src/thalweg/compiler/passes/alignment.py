"""Matrices that a loop multiplies by in every step, turned once before it.

A product reads the rows of its right operand along the summed axis. Where a scan's body multiplies
by the transpose of a matrix that never changes (the way back of every recurrent layer), a kernel
would turn it in each step.
"""

from __future__ import annotations

from thalweg.compiler.graph import Flow, Operation, Value
from thalweg.compiler.passes.scans import Pair, Scan
from thalweg.primitives.movement import transpose

__all__ = ["align_invariants"]

# In fewer steps than this it makes no difference.
_FEW = 4


def align_invariants(flow: Flow) -> Flow:
    """A flow in which scans multiply by matrices as they lie."""
    operations: list[Operation] = []
    for operation in flow.operations:
        operations.extend(_aligned(operation) if operation.name == "scan" else [operation])
    return Flow(flow.inputs, operations, flow.outputs)


def _aligned(operation: Operation) -> list[Operation]:
    parts = Scan.read(operation)
    if parts.length.at(1) < _FEW:
        return [operation]
    captured = {p.inner: p.outer for p in parts.captures}
    before: list[Operation] = []
    turned: dict[Value, Value] = {}
    for i, inner in enumerate(parts.operations):
        if not _is_turned(inner, captured):
            continue
        matrix = inner.inputs[1]
        if matrix not in turned:
            shape = matrix.shape[::-1]
            outside, inside = Value(shape, matrix.dtype), Value(shape, matrix.dtype)
            before.append(Operation(transpose, (captured[matrix],), (outside,), {"axes": (1, 0)}))
            parts.captures.append(Pair(outside, inside))
            turned[matrix] = inside
        params = {**inner.params, "axes": (inner.params["axes"][0], (0,))}
        inputs = inner.inputs[0], turned[matrix]
        parts.operations[i] = Operation(inner.kind, inputs, inner.outputs, params)
    if not before:
        return [operation]
    used = {x for o in parts.operations for x in o.inputs}
    used |= {c.after for c in parts.carries} | {p.inner for p in parts.results}
    parts.captures = [p for p in parts.captures if p.inner in used]
    return [*before, parts.operation()]


def _is_turned(operation: Operation, captured: dict[Value, Value]) -> bool:
    """Whether it sums over the last axis of a matrix from outside."""
    if operation.name != "contract":
        return False
    matrix, params = operation.inputs[1], operation.params
    return (
        matrix in captured
        and len(matrix.shape) == 2
        and params["axes"][1] == (1,)
        and params["batch"] == ((), ())
    )
