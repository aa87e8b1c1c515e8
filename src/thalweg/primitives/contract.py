"""The contraction of two tensors over any axes: matmul, dense layers, einsum, attention.

The result's axes are the batch axes, then what remains of the left, then what remains of the right
tensor. Operands of any strides are taken as they are; a transpose before it costs nothing.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from thalweg.primitives import elementwise as e
from thalweg.primitives.movement import transpose
from thalweg.primitives.primitive import Call, Primitive
from thalweg.tensor.dtypes import bfloat16, float16
from thalweg.tensor.tensor import Tensor, TensorSpec

__all__ = ["contract"]

Array = np.ndarray[Any, Any]
Axes = tuple[int, ...]


def _free(rank: int, *taken: Axes) -> Axes:
    used = {a for axes in taken for a in axes}
    return tuple(i for i in range(rank) if i not in used)


def _rule(a: Any, b: Any, axes: tuple[Axes, Axes], batch: tuple[Axes, Axes]) -> TensorSpec:
    """`axes`: the pairs of axes summed over; `batch`: the pairs kept side by side."""
    lengths = [
        ([a.shape[i] for i in left], [b.shape[i] for i in right]) for left, right in (axes, batch)
    ]
    if any(left != right for left, right in lengths):
        raise ValueError(
            f"matmul: shapes {a.shape} and {b.shape} do not match on axes {axes[0]} and {axes[1]}"
            f"{f' with batch axes {batch[0]} and {batch[1]}' if batch[0] else ''}."
        )
    if a.dtype != b.dtype or a.dtype not in e.ANY:
        raise ValueError(f"matmul: dtypes must agree, got {a.dtype.name} and {b.dtype.name}.")
    shape = (
        *(a.shape[i] for i in batch[0]),
        *(a.shape[i] for i in _free(len(a.shape), axes[0], batch[0])),
        *(b.shape[i] for i in _free(len(b.shape), axes[1], batch[1])),
    )
    return TensorSpec(shape, a.dtype)


def _evaluate(a: Array, b: Array, axes: tuple[Axes, Axes], batch: tuple[Axes, Axes]) -> Array:
    if a.dtype in (float16, bfloat16):
        wide = _evaluate(a.astype(np.float32), b.astype(np.float32), axes, batch)
        return wide.astype(a.dtype)
    free_a = _free(a.ndim, axes[0], batch[0])
    free_b = _free(b.ndim, axes[1], batch[1])
    shape_batch = tuple(a.shape[i] for i in batch[0])
    shape_a = tuple(a.shape[i] for i in free_a)
    shape_b = tuple(b.shape[i] for i in free_b)
    inner = math.prod(a.shape[i] for i in axes[0])
    left = a.transpose(*batch[0], *free_a, *axes[0]).reshape(
        *shape_batch, math.prod(shape_a), inner
    )
    right = b.transpose(*batch[1], *axes[1], *free_b).reshape(
        *shape_batch, inner, math.prod(shape_b)
    )
    return np.matmul(left, right).reshape((*shape_batch, *shape_a, *shape_b))


def _gradient(call: Call, g: tuple[Tensor | None, ...]) -> tuple[Tensor | None, ...]:
    """d/da contracts the gradient with b over b's free axes, d/db with a over a's."""
    (a, b), (outward,) = call.inputs, g
    assert outward is not None
    axes, batch = call.params["axes"], call.params["batch"]
    free_a = _free(len(a.shape), axes[0], batch[0])
    free_b = _free(len(b.shape), axes[1], batch[1])
    kept = len(batch[0])
    out_batch = tuple(range(kept))
    out_a = tuple(range(kept, kept + len(free_a)))
    out_b = tuple(range(kept + len(free_a), kept + len(free_a) + len(free_b)))
    to_a = to_b = None
    if call.wanted[0]:
        found = contract(outward, e.conj(b), axes=(out_b, free_b), batch=(out_batch, batch[1]))
        # found: batch, free axes of a, then b's summed axes in the order they stand in b.
        summed = [axes[0][axes[1].index(i)] for i in _free(len(b.shape), free_b, batch[1])]
        to_a = _restore(found, (*batch[0], *free_a, *summed))
    if call.wanted[1]:
        found = contract(e.conj(a), outward, axes=(free_a, out_a), batch=(batch[0], out_batch))
        # found: batch, a's summed axes in the order they stand in a, then free axes of b.
        summed = [axes[1][axes[0].index(i)] for i in _free(len(a.shape), free_a, batch[0])]
        to_b = _restore(found, (*batch[1], *summed, *free_b))
    return to_a, to_b


def _restore(x: Tensor, order: tuple[int, ...]) -> Tensor:
    """Axis i of `x` goes to place order[i]."""
    if order == tuple(range(len(order))):
        return x
    inverse: Tensor = transpose(x, axes=tuple(int(i) for i in np.argsort(order)))
    return inverse


contract = Primitive("contract", _rule, _evaluate, _gradient, "contract")
