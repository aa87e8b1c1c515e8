"""Accuracies: how often predictions equal the labels."""

from __future__ import annotations

from typing import Any

from thalweg import config as settings
from thalweg import ops
from thalweg.losses.reduction import aligned, squeeze_or_expand_to_same_rank
from thalweg.metrics.metric import MODULE
from thalweg.metrics.reduction import MeanMetricWrapper
from thalweg.registry import serializable
from thalweg.tensor.tensor import Tensor

__all__ = [
    "Accuracy",
    "BinaryAccuracy",
    "CategoricalAccuracy",
    "SparseCategoricalAccuracy",
    "SparseTopKCategoricalAccuracy",
    "TopKCategoricalAccuracy",
    "accuracy",
    "binary_accuracy",
    "categorical_accuracy",
    "sparse_categorical_accuracy",
    "sparse_top_k_categorical_accuracy",
    "top_k_categorical_accuracy",
]


def _as_numbers(matches: Tensor) -> Tensor:
    return ops.cast(matches, settings.floatx())


@serializable(MODULE)
def accuracy(y_true: Any, y_pred: Any) -> Tensor:
    """1 where `y_pred` equals `y_true`, else 0."""
    y_true, y_pred = aligned("accuracy", y_true, y_pred)
    return _as_numbers(ops.equal(y_true, y_pred))


@serializable(MODULE)
def binary_accuracy(y_true: Any, y_pred: Any, threshold: float = 0.5) -> Tensor:
    """1 where `y_pred > threshold` agrees with the label 0 or 1, else 0.

    >>> from thalweg import metrics
    >>> metrics.binary_accuracy([1, 1, 0], [0.9, 0.3, 0.2]).numpy()
    array([1., 0., 1.], dtype=float32)
    """
    y_true, y_pred = squeeze_or_expand_to_same_rank(
        ops.convert_to_tensor(y_true), ops.convert_to_tensor(y_pred)
    )
    return _as_numbers(ops.equal(y_true, ops.cast(y_pred > threshold, y_true.dtype)))


def _check_classes(name: str, labels: Tensor, y_pred: Tensor) -> None:
    if labels.shape != y_pred.shape[:-1]:
        raise ValueError(
            f"{name}: the labels have shape {labels.shape}, expected {y_pred.shape[:-1]} for "
            f"y_pred of shape {y_pred.shape}."
        )


@serializable(MODULE)
def categorical_accuracy(y_true: Any, y_pred: Any) -> Tensor:
    """1 where the largest score is at the 1 of the one-hot label, else 0.

    >>> from thalweg import metrics
    >>> metrics.categorical_accuracy([[0, 1], [1, 0]], [[0.2, 0.8], [0.4, 0.6]]).numpy()
    array([1., 0.], dtype=float32)
    """
    y_pred = ops.convert_to_tensor(y_pred)
    labels = ops.argmax(y_true, axis=-1)
    _check_classes("categorical_accuracy", labels, y_pred)
    return _as_numbers(ops.equal(labels, ops.argmax(y_pred, axis=-1)))


def _indices(y_true: Any, y_pred: Tensor) -> Tensor:
    """Labels as indices, without a last axis of length 1 that only they have."""
    labels = ops.convert_to_tensor(y_true)
    if labels.ndim == y_pred.ndim and labels.shape[-1] == 1:
        labels = ops.squeeze(labels, axis=-1)
    return labels


@serializable(MODULE)
def sparse_categorical_accuracy(y_true: Any, y_pred: Any) -> Tensor:
    """1 where the largest score is at the index that the label names, else 0.

    >>> from thalweg import metrics
    >>> metrics.sparse_categorical_accuracy([1, 0], [[0.2, 0.8], [0.4, 0.6]]).numpy()
    array([1., 0.], dtype=float32)
    """
    y_pred = ops.convert_to_tensor(y_pred)
    labels = _indices(y_true, y_pred)
    _check_classes("sparse_categorical_accuracy", labels, y_pred)
    best = ops.cast(ops.argmax(y_pred, axis=-1), labels.dtype)
    matches = _as_numbers(ops.equal(labels, best))
    if matches.ndim > 1 and matches.shape[-1] == 1:
        matches = ops.squeeze(matches, axis=-1)
    return matches


def _in_top_k(labels: Tensor, y_pred: Tensor, k: int) -> Tensor:
    flat = ops.reshape(y_pred, (-1, y_pred.shape[-1]))
    matches = ops.in_top_k(ops.reshape(ops.cast(labels, "int32"), (-1,)), flat, k=k)
    return _as_numbers(ops.reshape(matches, labels.shape))


@serializable(MODULE)
def top_k_categorical_accuracy(y_true: Any, y_pred: Any, k: int = 5) -> Tensor:
    """1 where the class of the one-hot label has one of the `k` largest scores, else 0."""
    y_pred = ops.convert_to_tensor(y_pred)
    labels = ops.argmax(y_true, axis=-1)
    _check_classes("top_k_categorical_accuracy", labels, y_pred)
    return _in_top_k(labels, y_pred, k)


@serializable(MODULE)
def sparse_top_k_categorical_accuracy(
    y_true: Any, y_pred: Any, k: int = 5, from_sorted_ids: bool = False
) -> Tensor:
    """1 where the class that the label names has one of the `k` largest scores, else 0.

    Args:
        y_true: indices of classes, of the shape of `y_pred` without the last axis.
        y_pred: scores; with `from_sorted_ids`, indices of classes, the best first.
        k: how many classes count.
        from_sorted_ids: what `y_pred` holds.
    """
    y_pred = ops.convert_to_tensor(y_pred)
    shape = ops.convert_to_tensor(y_true).shape
    labels = _indices(y_true, y_pred)
    _check_classes("sparse_top_k_categorical_accuracy", labels, y_pred)
    if from_sorted_ids:
        best = y_pred[..., :k]
        same = ops.equal(ops.expand_dims(ops.cast(labels, best.dtype), axis=-1), best)
        matches = _as_numbers(ops.any(same, axis=-1))
    else:
        matches = _in_top_k(labels, y_pred, k)
    return ops.reshape(matches, shape)


@serializable(MODULE)
class Accuracy(MeanMetricWrapper):
    """How often `y_pred` equals `y_true`.

    >>> from thalweg import metrics
    >>> metrics.Accuracy()([1, 2, 3, 4], [0, 2, 3, 4]).numpy()
    np.float32(0.75)
    """

    _direction = "up"

    def __init__(self, name: str = "accuracy", dtype: Any = None) -> None:
        super().__init__(accuracy, name, dtype)


@serializable(MODULE)
class BinaryAccuracy(MeanMetricWrapper):
    """How often `y_pred > threshold` agrees with labels 0 and 1."""

    _direction = "up"

    def __init__(
        self, name: str = "binary_accuracy", dtype: Any = None, threshold: float = 0.5
    ) -> None:
        super().__init__(binary_accuracy, name, dtype, threshold=threshold)
        self.threshold = threshold


@serializable(MODULE)
class CategoricalAccuracy(MeanMetricWrapper):
    """How often the largest score is at the 1 of the one-hot label."""

    _direction = "up"

    def __init__(self, name: str = "categorical_accuracy", dtype: Any = None) -> None:
        super().__init__(categorical_accuracy, name, dtype)


@serializable(MODULE)
class SparseCategoricalAccuracy(MeanMetricWrapper):
    """How often the largest score is at the index that the label names."""

    _direction = "up"

    def __init__(self, name: str = "sparse_categorical_accuracy", dtype: Any = None) -> None:
        super().__init__(sparse_categorical_accuracy, name, dtype)


@serializable(MODULE)
class TopKCategoricalAccuracy(MeanMetricWrapper):
    """How often the class of the one-hot label has one of the `k` largest scores."""

    _direction = "up"

    def __init__(
        self, k: int = 5, name: str = "top_k_categorical_accuracy", dtype: Any = None
    ) -> None:
        super().__init__(top_k_categorical_accuracy, name, dtype, k=k)
        self.k = k


@serializable(MODULE)
class SparseTopKCategoricalAccuracy(MeanMetricWrapper):
    """How often the class that the label names has one of the `k` largest scores."""

    _direction = "up"

    def __init__(
        self,
        k: int = 5,
        name: str = "sparse_top_k_categorical_accuracy",
        dtype: Any = None,
        from_sorted_ids: bool = False,
    ) -> None:
        super().__init__(
            sparse_top_k_categorical_accuracy, name, dtype, k=k, from_sorted_ids=from_sorted_ids
        )
        self.k = k
        self.from_sorted_ids = from_sorted_ids
