"""Activations that bend at a point: relu and its kin, the exponential units, the shrinkages.

Where the slope jumps, the gradient is that of the flat side: relu'(0) = 0.
"""

from __future__ import annotations

from typing import Any

from thalweg.ops.arguments import cast_to, floating
from thalweg.ops.dispatch import op
from thalweg.ops.nn.constants import like
from thalweg.primitives import elementwise as e
from thalweg.tensor.convert import convert_to_tensor
from thalweg.tensor.dtypes import bool_, int32
from thalweg.tensor.tensor import Tensor

__all__ = [
    "celu",
    "elu",
    "hard_shrink",
    "hard_tanh",
    "leaky_relu",
    "relu",
    "relu6",
    "selu",
    "soft_shrink",
    "threshold",
]

# Klambauer et al., "Self-normalizing neural networks" (2017).
_SELU_ALPHA = 1.6732632423543772848170429916717
_SELU_SCALE = 1.0507009873554804934193349852946


def _number(x: Any) -> Tensor:
    tensor = convert_to_tensor(x)
    return cast_to(tensor, int32) if tensor.dtype == bool_ else tensor


@op
def relu(x: Any) -> Tensor:
    """`max(x, 0)`, of the dtype of `x`.

    >>> from thalweg import ops
    >>> ops.relu([-1.0, 0.0, 2.0]).numpy()
    array([0., 0., 2.], dtype=float32)
    """
    tensor = _number(x)
    # Of two equal arguments the first takes the gradient, and at 0 that is the constant.
    found: Tensor = e.max_(e.zero_like(tensor), tensor)
    return found


@op
def relu6(x: Any) -> Tensor:
    """`min(max(x, 0), 6)`, of the dtype of `x`."""
    tensor = _number(x)
    return clipped(tensor, 0, 6)


def clipped(x: Tensor, low: float, high: float) -> Tensor:
    """`x` between two bounds, with gradient 0 on the bounds."""
    found: Tensor = e.min_(like(x, high), e.max_(like(x, low), x))
    return found


@op
def leaky_relu(x: Any, negative_slope: float = 0.2) -> Tensor:
    """`x` where `x > 0`, else `negative_slope * x`."""
    tensor = floating(x)
    found: Tensor = e.select(e.gt(tensor, e.zero_like(tensor)), tensor, tensor * negative_slope)
    return found


@op
def elu(x: Any, alpha: float = 1.0) -> Tensor:
    """`x` where `x > 0`, else `alpha * (exp(x) - 1)`."""
    return _exponential(floating(x), alpha, 1.0)


@op
def selu(x: Any) -> Tensor:
    """`scale * elu(x, alpha)` with alpha 1.6733 and scale 1.0507, so that layers keep mean 0,
    variance 1 (Klambauer et al., 2017)."""
    return _exponential(floating(x), _SELU_ALPHA, 1.0) * _SELU_SCALE


@op
def celu(x: Any, alpha: float = 1.0) -> Tensor:
    """`max(x, 0) + min(alpha * (exp(x / alpha) - 1), 0)`."""
    return _exponential(floating(x), alpha, alpha)


def _exponential(x: Tensor, alpha: float, width: float) -> Tensor:
    zero = e.zero_like(x)
    below = e.min_(x, zero)
    scaled = below if width == 1.0 else below / width
    found: Tensor = e.max_(zero, x) + e.expm1(scaled) * alpha
    return found


@op
def hard_tanh(x: Any) -> Tensor:
    """`x` between -1 and 1."""
    return clipped(_number(x), -1, 1)


@op
def hard_shrink(x: Any, threshold: float = 0.5) -> Tensor:
    """`x` where `|x| > threshold`, else 0."""
    tensor = floating(x)
    found: Tensor = e.select(
        e.gt(e.abs_(tensor), like(tensor, threshold)), tensor, e.zero_like(tensor)
    )
    return found


@op
def soft_shrink(x: Any, threshold: float = 0.5) -> Tensor:
    """`x` moved towards 0 by `threshold`; 0 where that would go beyond."""
    tensor = floating(x)
    width = like(tensor, threshold)
    zero = e.zero_like(tensor)
    found: Tensor = e.max_(zero, e.sub(tensor, width)) + e.min_(zero, e.add(tensor, width))
    return found


@op
def threshold(x: Any, threshold: float, default_value: float) -> Tensor:
    """`x` where `x > threshold`, else `default_value`."""
    tensor = floating(x)
    found: Tensor = e.select(
        e.gt(tensor, like(tensor, threshold)), tensor, like(tensor, default_value)
    )
    return found
