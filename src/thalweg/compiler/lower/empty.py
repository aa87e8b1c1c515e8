"""Tensors without elements: nothing is computed for them, and what they leave over is constant.

After this no kernel has an axis of length 0, so places can be computed from numbers by division.
"""

from __future__ import annotations

import numpy as np

from thalweg.compiler.dims import ZERO
from thalweg.compiler.graph import Flow, Number, Operation, Value
from thalweg.primitives.elementwise import stop_gradient
from thalweg.primitives.movement import broadcast_to
from thalweg.tensor.dtypes import DType

__all__ = ["is_empty", "without_empty"]

# Families of which nothing needs to run where all results are empty; the others have effects.
_PURE = frozenset(
    {"elementwise", "movement", "reduce", "contract", "window", "gather", "scatter", "random"}
    | {"order", "cumulative"}
)


def is_empty(value: Value) -> bool:
    """Whether a value has no elements, whatever the batch."""
    return ZERO in value.shape


def without_empty(flow: Flow) -> Flow:
    """A flow in which no operation reads or makes empty tensors, save those that need buffers."""
    operations: list[Operation] = []
    for op in flow.operations:
        if op.family in _PURE and any(map(is_empty, (*op.inputs, *op.outputs))):
            operations.extend(_without(op))
        else:
            operations.append(op)
    return Flow(flow.inputs, operations, flow.outputs)


def _without(op: Operation) -> list[Operation]:
    if all(map(is_empty, op.outputs)):
        return [_number(y, 0) for y in op.outputs]
    if op.family == "reduce":
        return [_number(y, _neutral(op.name, y.dtype)) for y in op.outputs]
    if op.family in ("contract", "window"):
        return [_number(y, 0) for y in op.outputs]
    if op.name == "pad":
        (y,) = op.outputs
        return [Operation(broadcast_to, (op.inputs[1],), op.outputs, {"shape": y.shape})]
    if op.name == "concat":
        kept = tuple(x for x in op.inputs if not is_empty(x))
        return [Operation(op.kind, kept, op.outputs, op.params)]
    if op.family == "scatter" and is_empty(op.inputs[2 if op.name == "scatter" else 1]):
        # Nothing is written.
        return [Operation(stop_gradient, (op.inputs[0],), op.outputs)]
    return [op]


def _number(value: Value, number: float | bool) -> Operation:
    return Operation(Number(number), (), (value,))


def _neutral(name: str, dtype: DType) -> float | bool:
    """What a reduction of nothing gives."""
    if name == "reduce_prod":
        return np.ones((), dtype).item()
    return name == "reduce_and"
