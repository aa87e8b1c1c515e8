"""TensorFlow's `tf.nn`: activations, losses on logits, convolution and pooling under its names."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from thalweg import ops, random
from thalweg.math import l2_normalize, log_sigmoid, sigmoid, softmax, softplus, softsign, tanh
from thalweg.ops import (
    depth_to_space,
    elu,
    in_top_k,
    log_softmax,
    moments,
    relu,
    relu6,
    selu,
    silu,
    space_to_depth,
    top_k,
)
from thalweg.tensor.tensor import Tensor

__all__ = [
    "avg_pool1d",
    "avg_pool2d",
    "batch_normalization",
    "bias_add",
    "conv1d",
    "conv2d",
    "conv2d_transpose",
    "depth_to_space",
    "depthwise_conv2d",
    "dropout",
    "elu",
    "embedding_lookup",
    "gelu",
    "in_top_k",
    "l2_loss",
    "l2_normalize",
    "leaky_relu",
    "log_sigmoid",
    "log_softmax",
    "max_pool1d",
    "max_pool2d",
    "moments",
    "relu",
    "relu6",
    "selu",
    "sigmoid",
    "sigmoid_cross_entropy_with_logits",
    "silu",
    "softmax",
    "softmax_cross_entropy_with_logits",
    "softplus",
    "softsign",
    "space_to_depth",
    "sparse_softmax_cross_entropy_with_logits",
    "swish",
    "tanh",
    "top_k",
]

Strides = int | Sequence[int]

swish = silu


def gelu(features: Any, approximate: bool = False) -> Tensor:
    """`x * P(X <= x)` for a standard normal X; by tanh with `approximate`."""
    return ops.gelu(features, approximate=approximate)


def leaky_relu(features: Any, alpha: float = 0.2) -> Tensor:
    """`x` where it is positive, `alpha * x` elsewhere."""
    return ops.leaky_relu(features, negative_slope=alpha)


def bias_add(value: Any, bias: Any) -> Tensor:
    """`value + bias` along the last axis."""
    return ops.add(value, bias)


def l2_loss(t: Any) -> Tensor:
    """`sum(t ** 2) / 2`."""
    return ops.sum(ops.square(t)) / 2


def softmax_cross_entropy_with_logits(labels: Any, logits: Any, axis: int = -1) -> Tensor:
    """The cross-entropy of each row of `labels` (probabilities) and softmax(logits).

    >>> import thalweg as tw
    >>> tw.nn.softmax_cross_entropy_with_logits([[1.0, 0.0]], [[0.0, 0.0]]).numpy()
    array([0.6931472], dtype=float32)
    """
    return ops.categorical_crossentropy(labels, logits, from_logits=True, axis=axis)


def sparse_softmax_cross_entropy_with_logits(labels: Any, logits: Any) -> Tensor:
    """The cross-entropy of class numbers and softmax(logits)."""
    return ops.sparse_categorical_crossentropy(labels, logits, from_logits=True)


def sigmoid_cross_entropy_with_logits(labels: Any, logits: Any) -> Tensor:
    """The cross-entropy of probabilities and sigmoid(logits), element by element."""
    return ops.binary_crossentropy(labels, logits, from_logits=True)


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


def _inner(name: str, given: Strides, rank: int) -> tuple[int, ...]:
    """Strides of the spatial axes from one number, one an axis, or TensorFlow's full list."""
    if isinstance(given, int):
        return (given,) * rank
    full = tuple(given)
    if len(full) == rank + 2:
        if full[0] != 1 or full[-1] != 1:
            raise ValueError(
                f"{name}: windows do not move along batch and channels, so the first and last "
                f"number must be 1, got {full}."
            )
        return full[1:-1]
    if len(full) not in (1, rank):
        raise ValueError(f"{name}: expected 1, {rank} or {rank + 2} numbers, got {full}.")
    return full if len(full) == rank else full * rank


def conv1d(input: Any, filters: Any, stride: Strides, padding: str) -> Tensor:
    """Convolution of (batch, length, channels) with (width, channels, filters)."""
    return ops.conv(input, filters, strides=_inner("conv1d", stride, 1), padding=padding.lower())


def conv2d(input: Any, filters: Any, strides: Strides, padding: str) -> Tensor:
    """Convolution of (batch, height, width, channels) with (h, w, channels, filters)."""
    return ops.conv(input, filters, strides=_inner("conv2d", strides, 2), padding=padding.lower())


def conv2d_transpose(input: Any, filters: Any, strides: Strides, padding: str = "SAME") -> Tensor:
    """The transpose of `conv2d`; filters are (h, w, filters, channels)."""
    inner = _inner("conv2d_transpose", strides, 2)
    return ops.conv_transpose(input, filters, strides=inner, padding=padding.lower())


def depthwise_conv2d(input: Any, filter: Any, strides: Strides, padding: str) -> Tensor:
    """Each channel with filters of its own, (h, w, channels, multiplier)."""
    inner = _inner("depthwise_conv2d", strides, 2)
    return ops.depthwise_conv(input, filter, strides=inner, padding=padding.lower())


def max_pool1d(input: Any, ksize: Strides, strides: Strides, padding: str) -> Tensor:
    """The largest value in each window along the length."""
    window, steps = _inner("max_pool1d", ksize, 1), _inner("max_pool1d", strides, 1)
    return ops.max_pool(input, window, strides=steps, padding=padding.lower())


def max_pool2d(input: Any, ksize: Strides, strides: Strides, padding: str) -> Tensor:
    """The largest value in each window of the image."""
    window, steps = _inner("max_pool2d", ksize, 2), _inner("max_pool2d", strides, 2)
    return ops.max_pool(input, window, strides=steps, padding=padding.lower())


def avg_pool1d(input: Any, ksize: Strides, strides: Strides, padding: str) -> Tensor:
    """The mean of each window along the length."""
    window, steps = _inner("avg_pool1d", ksize, 1), _inner("avg_pool1d", strides, 1)
    return ops.average_pool(input, window, strides=steps, padding=padding.lower())


def avg_pool2d(input: Any, ksize: Strides, strides: Strides, padding: str) -> Tensor:
    """The mean of each window of the image."""
    window, steps = _inner("avg_pool2d", ksize, 2), _inner("avg_pool2d", strides, 2)
    return ops.average_pool(input, window, strides=steps, padding=padding.lower())
