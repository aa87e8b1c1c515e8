"""Smooth activations: sigmoid, softplus, silu, gelu and their hard and sparse substitutes."""

from __future__ import annotations

import math
from typing import Any

from thalweg.ops.arguments import apply, canonical_axis, floating
from thalweg.ops.dispatch import op
from thalweg.ops.nn.rectifiers import clipped
from thalweg.ops.shaping import along
from thalweg.primitives import elementwise as e
from thalweg.tensor.tensor import Tensor

__all__ = [
    "gelu",
    "glu",
    "hard_sigmoid",
    "hard_silu",
    "hard_swish",
    "log_sigmoid",
    "sigmoid",
    "silu",
    "softplus",
    "softsign",
    "sparse_plus",
    "sparse_sigmoid",
    "squareplus",
    "swish",
    "tanh_shrink",
]


@op
def sigmoid(x: Any) -> Tensor:
    """`1 / (1 + exp(-x))`, without overflow.

    >>> from thalweg import ops
    >>> ops.sigmoid([-1000.0, 0.0, 1000.0]).numpy()
    array([0. , 0.5, 1. ], dtype=float32)
    """
    return apply(e.sigmoid, floating(x))


@op
def softplus(x: Any) -> Tensor:
    """`log(1 + exp(x))`, without overflow; its derivative is the sigmoid."""
    return soft_positive(floating(x))


def soft_positive(x: Tensor) -> Tensor:
    """Softplus of a float tensor.

    On each side of 0 it is one smooth formula that holds on the other side as well, so derivatives
    of every order are right also at 0 (`max(x, 0) + log1p(exp(-|x|))` gives slope 0 there).
    """
    positive = x > 0
    below = e.select(positive, -x, x)
    return apply(e.select, positive, x, e.zero_like(x)) + e.log1p(e.exp(below))


@op
def log_sigmoid(x: Any) -> Tensor:
    """`log(sigmoid(x))`, without underflow."""
    return -soft_positive(-floating(x))


@op
def softsign(x: Any) -> Tensor:
    """`x / (1 + |x|)`."""
    tensor = floating(x)
    return tensor / (e.abs_(tensor) + 1)


@op
def silu(x: Any) -> Tensor:
    """`x * sigmoid(x)`, also called swish."""
    tensor = floating(x)
    return tensor * apply(e.sigmoid, tensor)


swish = silu


@op
def hard_sigmoid(x: Any) -> Tensor:
    """`x / 6 + 0.5` between 0 and 1."""
    return _hard_sigmoid(floating(x))


def _hard_sigmoid(x: Tensor) -> Tensor:
    return clipped(x + 3, 0, 6) / 6


@op
def hard_silu(x: Any) -> Tensor:
    """`x * hard_sigmoid(x)`, also called hard swish."""
    tensor = floating(x)
    return tensor * _hard_sigmoid(tensor)


hard_swish = hard_silu


@op
def sparse_sigmoid(x: Any) -> Tensor:
    """`(x + 1) / 2` between 0 and 1."""
    return clipped((floating(x) + 1) / 2, 0, 1)


@op
def sparse_plus(x: Any) -> Tensor:
    """0 below -1, `x` above 1, and `(x + 1)**2 / 4` between."""
    tensor = floating(x)
    middle = tensor + 1
    inside = e.select(tensor > -1, middle * middle / 4, e.zero_like(tensor))
    return apply(e.select, tensor >= 1, tensor, inside)


@op
def squareplus(x: Any, b: float = 4) -> Tensor:
    """`(x + sqrt(x**2 + b)) / 2`."""
    tensor = floating(x)
    return (tensor + apply(e.sqrt, tensor * tensor + b)) / 2


@op
def tanh_shrink(x: Any) -> Tensor:
    """`x - tanh(x)`."""
    tensor = floating(x)
    return tensor - apply(e.tanh, tensor)


@op
def gelu(x: Any, approximate: bool = True) -> Tensor:
    """`x` times the probability that a standard normal number is below `x`.

    Args:
        x: the input.
        approximate: whether to use `0.5 x (1 + tanh(sqrt(2 / pi) (x + 0.044715 x^3)))` (Hendrycks
            and Gimpel, 2016) instead of the error function.
    """
    tensor = floating(x)
    if approximate:
        inner = (tensor + tensor * tensor * tensor * 0.044715) * math.sqrt(2 / math.pi)
        return tensor * 0.5 * (e.tanh(inner) + 1)
    # erfc keeps its digits far out on the left, where 1 + erf would lose them.
    return tensor * 0.5 * apply(e.erfc, tensor * -math.sqrt(0.5))


@op
def glu(x: Any, axis: int = -1) -> Tensor:
    """The first half of `x` along an axis times the sigmoid of the second half."""
    tensor = floating(x)
    place = canonical_axis("glu", axis, tensor.ndim)
    n = tensor.shape[place]
    if n % 2:
        raise ValueError(f"glu: axis {axis} of x must have even length, got shape {tensor.shape}.")
    return along(tensor, place, 0, n // 2) * apply(e.sigmoid, along(tensor, place, n // 2, n))
