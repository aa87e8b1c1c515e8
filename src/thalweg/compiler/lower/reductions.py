"""Reductions of much to little, in two steps, so that workers can share the first one.

The sum of an image batch over everything but its channels has too few results to share among
workers, and too many terms for one running total: first each image is summed, then the images.
"""

from __future__ import annotations

import math

from thalweg.compiler.graph import Flow, Operation, Value
from thalweg.compiler.lower.choice import TYPICAL
from thalweg.tensor.dtypes import bfloat16, float16

__all__ = ["split_reductions"]

_SPLIT = frozenset(
    {"reduce_sum", "reduce_prod", "reduce_max", "reduce_min", "reduce_and", "reduce_or"}
)
# Fewer elements than this are not worth a second kernel.
_FEW = 32 * 1024
# So many rows are enough to share.
_ROWS = 16


def split_reductions(flow: Flow) -> Flow:
    """A flow in which large reductions over several axes are two."""
    operations: list[Operation] = []
    for op in flow.operations:
        operations.extend(_split(op) if _is_large(op) else [op])
    return Flow(flow.inputs, operations, flow.outputs)


def _is_large(op: Operation) -> bool:
    if op.name not in _SPLIT or len(op.params["axes"]) < 2:
        return False
    x = op.inputs[0]
    if x.dtype in (float16, bfloat16):
        return False  # sums of halves are rounded once, at the end
    sizes = [n.at(TYPICAL) for n in x.shape]
    lead = math.prod(sizes[: op.params["axes"][0]])
    return math.prod(sizes) > _FEW and lead < _ROWS


def _split(op: Operation) -> list[Operation]:
    x, axes = op.inputs[0], op.params["axes"]
    first, rest = axes[0], axes[1:]
    shape = tuple(n for i, n in enumerate(x.shape) if i not in rest)
    between = Value(shape, x.dtype)
    return [
        Operation(op.kind, (x,), (between,), {"axes": rest}),
        Operation(op.kind, (between,), op.outputs, {"axes": (first,)}),
    ]
