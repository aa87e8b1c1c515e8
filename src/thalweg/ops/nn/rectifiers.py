"""Activations that bend at a point: relu and its kin, the exponential units, the shrinkages.

Where the slope jumps, the gradient is that of the flat side: relu'(0) = 0.
"""

from __future__ import annotations

from typing import Any

from thalweg.ops.arguments import apply, cast_to, floating, splat
from thalweg.ops.bounds import maximum, minimum
from thalweg.ops.dispatch import op
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
    return maximum(0, tensor)


@op
def relu6(x: Any) -> Tensor:
    """`min(max(x, 0), 6)`."""
    return clipped(floating(x), 0, 6)


def clipped(x: Tensor, low: float, high: float) -> Tensor:
    """`x` between two bounds, with gradient 0 on the bounds."""
    return minimum(high, maximum(low, x))


@op
def leaky_relu(x: Any, negative_slope: float = 0.2) -> Tensor:
    """`x` where `x > 0`, else `negative_slope * x`."""
    tensor = floating(x)
    return apply(e.select, tensor > 0, tensor, tensor * negative_slope)


@op
def elu(x: Any, alpha: float = 1.0) -> Tensor:
    """`x` where `x > 0`, else `alpha * (exp(x) - 1)`."""
    return _exponential(floating(x), alpha, 1.0)


@op
def selu(x: Any) -> Tensor:
    """`1.0507 * elu(x, 1.6733)`, which keeps mean 0 and variance 1 from layer to layer.

    Klambauer et al., "Self-normalizing neural networks" (2017).
    """
    return _exponential(floating(x), _SELU_ALPHA, 1.0) * _SELU_SCALE


@op
def celu(x: Any, alpha: float = 1.0) -> Tensor:
    """`max(x, 0) + min(alpha * (exp(x / alpha) - 1), 0)`."""
    return _exponential(floating(x), alpha, alpha)


def _exponential(x: Tensor, alpha: float, width: float) -> Tensor:
    below = minimum(x, 0)
    scaled = below if width == 1.0 else below / width
    return maximum(0, x) + e.expm1(scaled) * alpha


@op
def hard_tanh(x: Any) -> Tensor:
    """`x` between -1 and 1."""
    tensor = _number(x)
    return clipped(tensor, 0 if tensor.dtype.kind == "u" else -1, 1)


@op
def hard_shrink(x: Any, threshold: float = 0.5) -> Tensor:
    """`x` where `|x| > threshold`, else 0."""
    tensor = floating(x)
    return apply(e.select, abs(tensor) > threshold, tensor, e.zero_like(tensor))


@op
def soft_shrink(x: Any, threshold: float = 0.5) -> Tensor:
    """`x` moved towards 0 by `threshold`; 0 where that would go beyond."""
    tensor = floating(x)
    return maximum(0, tensor - threshold) + minimum(0, tensor + threshold)


@op
def threshold(x: Any, threshold: float, default_value: float) -> Tensor:
    """`x` where `x > threshold`, else `default_value`."""
    tensor = floating(x)
    return apply(
        e.select, tensor > threshold, tensor, splat(default_value, tensor.shape, tensor.dtype)
    )
