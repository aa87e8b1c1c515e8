"""Reductions in steps: over neighbouring axes, and of much to little so that workers can share.

The sum of an image batch over everything but its channels has too few results to share among
workers, and too many terms for one running total: first each image is summed, then the images.
Axes that are kept between reduced ones are moved to the front, which costs no copy.
"""

from __future__ import annotations

import math

from thalweg.compiler.dims import ONE
from thalweg.compiler.graph import Flow, Operation, Value
from thalweg.compiler.lower.choice import TYPICAL
from thalweg.primitives.movement import transpose
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
    """A flow in which each reduction goes over neighbouring axes, and large ones are two."""
    operations: list[Operation] = []
    for op in flow.operations:
        operations.extend(part for piece in _without_gaps(op) for part in _smaller(piece))
    return Flow(flow.inputs, operations, flow.outputs)


def _without_gaps(op: Operation) -> list[Operation]:
    """Reductions over neighbouring axes, the last ones first."""
    if op.name not in _SPLIT:
        return [op]
    shape, axes = op.inputs[0].shape, op.params["axes"]
    for k in range(len(axes) - 1, 0, -1):
        if any(n != ONE for n in shape[axes[k - 1] + 1 : axes[k]]):
            first, second = _split(op, axes[:k], axes[k:])
            return [first, *_without_gaps(second)]
    return [op]


def _smaller(op: Operation) -> list[Operation]:
    if not _is_large(op):
        return [op]
    axes = op.params["axes"]
    return list(_split(op, axes[:1], axes[1:]))


def _is_large(op: Operation) -> bool:
    if op.name not in _SPLIT or len(op.params["axes"]) < 2:
        return False
    x = op.inputs[0]
    if x.dtype in (float16, bfloat16):
        return False  # sums of halves are rounded once, at the end
    sizes = [n.at(TYPICAL) for n in x.shape]
    lead = math.prod(sizes[: op.params["axes"][0]])
    return math.prod(sizes) > _FEW and lead < _ROWS


def _split(
    op: Operation, later: tuple[int, ...], now: tuple[int, ...]
) -> tuple[Operation, Operation]:
    """A reduction over some axes, then over those before them."""
    x = op.inputs[0]
    shape = tuple(n for i, n in enumerate(x.shape) if i not in now)
    between = Value(shape, x.dtype)
    return (
        Operation(op.kind, (x,), (between,), {"axes": now}),
        Operation(op.kind, (between,), op.outputs, {"axes": later}),
    )


def _neighbouring(op: Operation) -> list[Operation]:
    axes = op.params.get("axes", ())
    if op.family != "reduce" or len(axes) < 2:
        return [op]
    x = op.inputs[0]
    between = [i for i in range(axes[0], axes[-1]) if i not in axes]
    if all(x.shape[i] == ONE for i in between):
        return [op]
    first, last = axes[0], axes[-1] + 1
    order = (*range(first), *between, *axes, *range(last, len(x.shape)))
    moved = Value(tuple(x.shape[i] for i in order), x.dtype)
    begin = first + len(between)
    together = tuple(range(begin, begin + len(axes)))
    return [
        Operation(transpose, (x,), (moved,), {"axes": order}),
        Operation(op.kind, (moved,), op.outputs, {"axes": together}),
    ]
