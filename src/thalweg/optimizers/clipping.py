"""Gradients cut down: each to a norm, all together to a norm, or each number to a range."""

from __future__ import annotations

from collections.abc import Sequence

from thalweg import ops
from thalweg.tensor.tensor import Tensor

__all__ = ["clip_by_global_norm", "clip_by_norm", "clip_by_value"]


def clip_by_norm(gradient: Tensor, clipnorm: float) -> Tensor:
    """The gradient, scaled down if its norm is above `clipnorm`."""
    square = ops.sum(ops.square(gradient))
    # The square root has no finite slope at 0, and a tape may be recording.
    norm = ops.where(square > 0, ops.sqrt(ops.where(square > 0, square, 1.0)), 0.0)
    return gradient * clipnorm / ops.maximum(norm, clipnorm)


def clip_by_global_norm(gradients: Sequence[Tensor], clipnorm: float) -> list[Tensor]:
    """All gradients, scaled by one factor if their common norm is above `clipnorm`."""
    squares = [ops.cast(ops.sum(ops.square(g)), "float32") for g in gradients]
    norm = ops.sqrt(ops.sum(ops.stack(squares)))
    # Adding norm - norm lets a NaN or an infinity show up instead of vanishing in the minimum.
    scale = clipnorm * ops.minimum(1.0 / norm, 1.0 / clipnorm) + (norm - norm)
    return [g * ops.cast(scale, g.dtype) for g in gradients]


def clip_by_value(gradient: Tensor, clipvalue: float) -> Tensor:
    """The gradient with each number in `[-clipvalue, clipvalue]`."""
    return ops.clip(gradient, -clipvalue, clipvalue)
