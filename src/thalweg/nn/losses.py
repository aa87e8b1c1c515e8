"""TensorFlow's losses on logits."""

from __future__ import annotations

from typing import Any

from thalweg import ops
from thalweg.tensor.tensor import Tensor

__all__ = [
    "l2_loss",
    "log_poisson_loss",
    "sigmoid_cross_entropy_with_logits",
    "softmax_cross_entropy_with_logits",
    "sparse_softmax_cross_entropy_with_logits",
    "weighted_cross_entropy_with_logits",
]


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


def weighted_cross_entropy_with_logits(labels: Any, logits: Any, pos_weight: Any) -> Tensor:
    """The same with the term of the positive labels multiplied by `pos_weight`.

    `-labels * log(sigmoid(logits)) * pos_weight - (1 - labels) * log(1 - sigmoid(logits))`.
    """
    truth = ops.convert_to_tensor(labels)
    positive = ops.log_sigmoid(logits) * truth * pos_weight
    return -positive - ops.log_sigmoid(ops.negative(logits)) * (1 - truth)


def log_poisson_loss(targets: Any, log_input: Any) -> Tensor:
    """`exp(log_input) - targets * log_input`, without the terms that only targets decide."""
    return ops.exp(log_input) - ops.multiply(targets, log_input)
