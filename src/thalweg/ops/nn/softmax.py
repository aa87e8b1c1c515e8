"""softmax, its logarithm, and sparsemax."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from thalweg.ops.arguments import apply, canonical_axes, canonical_axis, floating
from thalweg.ops.bounds import maximum
from thalweg.ops.dispatch import op
from thalweg.ops.reduction import max as maximum_of
from thalweg.ops.reduction import sum as sum_of
from thalweg.primitives import elementwise as e
from thalweg.primitives import movement, order
from thalweg.tensor.tensor import Tensor

__all__ = ["log_softmax", "softmax", "sparsemax"]

Axes = tuple[int, ...]


@op
def softmax(x: Any, axis: int | Sequence[int] | None = -1) -> Tensor:
    """`exp(x) / sum(exp(x))` along one or several axes, without overflow.

    Args:
        x: the logits.
        axis: the axis or axes whose elements add up to 1; None for all of them.

    >>> from thalweg import ops
    >>> ops.softmax([1000.0, 1000.0]).numpy()
    array([0.5, 0.5], dtype=float32)
    """
    tensor = floating(x)
    axes = canonical_axes("softmax", axis, tensor.ndim)
    powers = e.exp(shifted(tensor, axes))
    return powers / sum_of(powers, axis=axes, keepdims=True)


@op
def log_softmax(x: Any, axis: int | Sequence[int] | None = -1) -> Tensor:
    """`x - log(sum(exp(x)))` along one or several axes: the logarithm of softmax."""
    tensor = floating(x)
    axes = canonical_axes("log_softmax", axis, tensor.ndim)
    moved = shifted(tensor, axes)
    return moved - e.log(sum_of(e.exp(moved), axis=axes, keepdims=True))


def shifted(x: Tensor, axes: Axes) -> Tensor:
    """`x` less its maximum along the axes, a constant for the gradient: it cancels out."""
    if not axes:
        return x - e.stop_gradient(x)
    return x - e.stop_gradient(maximum_of(x, axis=axes, keepdims=True))


@op
def sparsemax(x: Any, axis: int = -1) -> Tensor:
    """The point of the probability simplex nearest to `x`; small elements become exactly 0.

    `max(x - tau, 0)` with the tau that makes the sum 1 (Martins and Astudillo, 2016).
    """
    tensor = floating(x)
    place = canonical_axis("sparsemax", axis, tensor.ndim)
    n = tensor.shape[place]
    others = tuple(i for i in range(tensor.ndim) if i != place)
    last = movement.transpose(tensor, axes=(*others, place))
    # Which elements stay is a matter of order alone; the gradient flows through their sum.
    falling, _ = order.top_k(e.stop_gradient(last), k=n)
    ranks = Tensor(np.arange(1, n + 1).astype(tensor.dtype))
    total = order.cumsum(falling, axis=last.ndim - 1, reverse=False)
    inside = e.cast(falling * ranks + 1 > total, dtype=tensor.dtype)
    bound = (sum_of(falling * inside, axis=-1, keepdims=True) - 1) / sum_of(
        inside, axis=-1, keepdims=True
    )
    support = e.cast(last > bound, dtype=tensor.dtype)
    size = sum_of(support, axis=-1, keepdims=True)
    tau = (sum_of(last * support, axis=-1, keepdims=True) - 1) / size
    found = maximum(0, last - tau)
    inverse = tuple(int(i) for i in np.argsort((*others, place)))
    return apply(movement.transpose, found, axes=inverse)
