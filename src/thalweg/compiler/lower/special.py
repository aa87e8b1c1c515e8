"""Kernels that nothing is fused with: those with a generator of their own, else NumPy's."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from thalweg.compiler.dims import Dim
from thalweg.compiler.graph import Operation
from thalweg.compiler.ir.expression import Buffer
from thalweg.compiler.ir.program import HostCall, Special
from thalweg.compiler.render.llvm import special
from thalweg.primitives.primitive import Primitive

__all__ = ["special_kernel"]


def special_kernel(
    op: Operation, inputs: Sequence[Buffer], outputs: Sequence[Buffer]
) -> Special | HostCall:
    """The kernel of an operation whose inputs and outputs all lie in buffers."""
    assert isinstance(op.kind, Primitive)
    read = tuple((b, x.shape) for b, x in zip(inputs, op.inputs, strict=True))
    written = tuple((b, y.shape) for b, y in zip(outputs, op.outputs, strict=True))
    if special.supported(op.name, [x.shape for x in op.inputs]):
        return Special(op.name, op.params, read, written, op.name, (op.name,))
    return HostCall(_evaluation(op), read, written, op.name, (op.name,))


def _evaluation(op: Operation) -> Callable[..., tuple[Any, ...]]:
    """The reference of an operation as a function of the batch size and of arrays."""
    primitive, params = op.kind, op.params
    assert isinstance(primitive, Primitive)

    def evaluate(n: int, *arrays: Any) -> tuple[Any, ...]:
        found = primitive.evaluate(*arrays, **_at(params, n))
        return tuple(found) if primitive.multiple else (found,)

    return evaluate


def _at(value: Any, n: int) -> Any:
    """Parameters with lengths for a batch of n."""
    if isinstance(value, Dim):
        return value.at(n)
    if isinstance(value, dict):
        return {name: _at(inner, n) for name, inner in value.items()}
    if isinstance(value, (tuple, list)):
        return type(value)(_at(inner, n) for inner in value)
    return value
