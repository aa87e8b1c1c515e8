"""TensorFlow's names for activations, whose input it calls features."""

from __future__ import annotations

from typing import Any

from thalweg import ops
from thalweg.tensor.tensor import Tensor

__all__ = [
    "crelu",
    "elu",
    "gelu",
    "leaky_relu",
    "relu",
    "relu6",
    "selu",
    "silu",
    "swish",
    "zero_fraction",
]


def relu(features: Any) -> Tensor:
    """`max(features, 0)`."""
    return ops.relu(features)


def relu6(features: Any) -> Tensor:
    """`min(max(features, 0), 6)`."""
    return ops.relu6(features)


def crelu(features: Any, axis: int = -1) -> Tensor:
    """`relu(features)` and `relu(-features)` one after the other along an axis."""
    return ops.relu(ops.concatenate([features, ops.negative(features)], axis=axis))


def elu(features: Any) -> Tensor:
    """`features` where positive, else `exp(features) - 1`."""
    return ops.elu(features)


def selu(features: Any) -> Tensor:
    """The scaled exponential unit of self-normalising networks."""
    return ops.selu(features)


def silu(features: Any, beta: float = 1.0) -> Tensor:
    """`features * sigmoid(beta * features)`."""
    if beta == 1.0:
        return ops.silu(features)
    return ops.multiply(features, ops.sigmoid(ops.multiply(features, beta)))


swish = silu


def gelu(features: Any, approximate: bool = False) -> Tensor:
    """`x * P(X <= x)` for a standard normal X; by tanh with `approximate`."""
    return ops.gelu(features, approximate=approximate)


def leaky_relu(features: Any, alpha: float = 0.2) -> Tensor:
    """`x` where it is positive, `alpha * x` elsewhere."""
    return ops.leaky_relu(features, negative_slope=alpha)


def zero_fraction(value: Any) -> Tensor:
    """Which part of the elements is 0, float32."""
    return ops.mean(ops.cast(ops.equal(value, 0), "float32"))
