"""Kernels that nothing is fused with: those with a generator of their own, else NumPy's.

Scatter and `dynamic_update_slice` change their first input in place: it lies in the output's
buffer already, or is copied there.
"""

from __future__ import annotations

from collections.abc import Sequence

from thalweg.compiler.dims import product
from thalweg.compiler.graph import Flow, Number, Operation, Value
from thalweg.compiler.ir.expression import Buffer
from thalweg.compiler.ir.program import Copy, HostCall, Launch, Special
from thalweg.compiler.reference import Reference
from thalweg.compiler.render.llvm import special
from thalweg.primitives.primitive import Primitive

__all__ = ["special_kernels", "updates_in_place", "with_own_numbers"]

_IN_PLACE = frozenset({"dynamic_update_slice", "scatter"})


def updates_in_place(op: Operation) -> bool:
    """Whether the kernel of an operation changes its first input into its output."""
    return op.name in _IN_PLACE and special.supported(op)


def with_own_numbers(flow: Flow) -> Flow:
    """A flow in which every update in place of a constant number has that number for itself."""
    numbers: dict[Value, Operation] = {}
    operations: list[Operation] = []
    for op in flow.operations:
        if isinstance(op.kind, Number):
            numbers[op.outputs[0]] = op
        elif updates_in_place(op) and op.inputs[0] in numbers:
            first, *others = op.inputs
            own = Value(first.shape, first.dtype)
            operations.append(Operation(numbers[first].kind, (), (own,)))
            op = Operation(op.kind, (own, *others), op.outputs, op.params)
        operations.append(op)
    return Flow(flow.inputs, operations, flow.outputs)


def special_kernels(
    op: Operation, inputs: Sequence[Buffer], outputs: Sequence[Buffer]
) -> list[Launch]:
    """The kernels of an operation whose inputs and outputs all lie in buffers."""
    assert isinstance(op.kind, Primitive)
    found: list[Launch] = []
    if updates_in_place(op):
        if inputs[0] is not outputs[0]:
            found.append(Copy(inputs[0], outputs[0], product(op.inputs[0].shape)))
        inputs = [outputs[0], *inputs[1:]]
    read = tuple((b, x.shape) for b, x in zip(inputs, op.inputs, strict=True))
    written = tuple((b, y.shape) for b, y in zip(outputs, op.outputs, strict=True))
    if special.supported(op):
        found.append(Special(op.name, op.params, read, written, op.name, (op.name,)))
    else:
        reference = Reference(op.kind, op.params)
        found.append(HostCall(reference, read, written, op.name, (op.name,)))
    return found
