"""TensorFlow's names for normalisation, dropout, tables and biases."""

from __future__ import annotations

from typing import Any

from thalweg import ops, random
from thalweg.nn.windows import Numbers
from thalweg.tensor.tensor import Tensor

__all__ = ["batch_normalization", "bias_add", "dropout", "embedding_lookup", "moments"]


def moments(
    x: Any, axes: Numbers, shift: Any = None, keepdims: bool = False
) -> tuple[Tensor, Tensor]:
    """Mean and variance over the axes; `shift` changes nothing, as in TensorFlow."""
    return ops.moments(x, axes, keepdims=keepdims)


def batch_normalization(
    x: Any, mean: Any, variance: Any, offset: Any, scale: Any, variance_epsilon: float
) -> Tensor:
    """`(x - mean) / sqrt(variance + variance_epsilon) * scale + offset`, by broadcasting."""
    factor = ops.rsqrt(ops.add(variance, variance_epsilon))
    factor = factor if scale is None else factor * scale
    shifted = ops.subtract(x, mean) * factor
    return shifted if offset is None else shifted + offset


def dropout(x: Any, rate: float, noise_shape: Any = None, seed: Any = None) -> Tensor:
    """Elements set to zero with probability `rate`, the others scaled by 1 / (1 - rate)."""
    return random.dropout(x, rate, noise_shape=noise_shape, seed=seed)


def embedding_lookup(params: Any, ids: Any) -> Tensor:
    """The rows of a table at `ids`."""
    return ops.take(params, ids, axis=0)


def bias_add(value: Any, bias: Any, data_format: str | None = None) -> Tensor:
    """`value + bias` along the channels: the last axis, or with 'NC...' the second."""
    if data_format is None or not data_format.startswith("NC"):
        return ops.add(value, bias)
    tensor = ops.convert_to_tensor(value)
    return ops.add(tensor, ops.reshape(bias, (-1,) + (1,) * (tensor.ndim - 2)))
