"""Cross-entropies for classes given as numbers 0/1, one-hot rows, or indices."""

from __future__ import annotations

import warnings
from typing import Any

from thalweg import ops
from thalweg.losses.loss import MODULE, LossFunctionWrapper
from thalweg.losses.reduction import aligned
from thalweg.registry import serializable
from thalweg.tensor.tensor import Tensor

__all__ = [
    "BinaryCrossentropy",
    "CategoricalCrossentropy",
    "CategoricalGeneralizedCrossEntropy",
    "SparseCategoricalCrossentropy",
    "binary_crossentropy",
    "categorical_crossentropy",
    "categorical_generalized_cross_entropy",
    "same_shape",
    "smooth_classes",
    "sparse_categorical_crossentropy",
]


def same_shape(name: str, y_true: Any, y_pred: Any) -> tuple[Tensor, Tensor]:
    """Both as tensors of the dtype of `y_pred`; an error names the loss if the shapes differ."""
    y_true, y_pred = aligned(name, y_true, y_pred)
    if y_true.shape != y_pred.shape:
        raise ValueError(
            f"{name}: y_true must have the shape of y_pred, got {y_true.shape} and {y_pred.shape}."
        )
    return y_true, y_pred


def smooth_classes(
    name: str, y_true: Any, y_pred: Any, label_smoothing: float, axis: int
) -> tuple[Tensor, Tensor]:
    """One-hot labels, a share of them spread over all classes, and predictions of their shape."""
    if isinstance(axis, bool) or not isinstance(axis, int):
        raise ValueError(f"{name}: axis must be an int, got {axis!r}.")
    y_true, y_pred = same_shape(name, y_true, y_pred)
    classes = y_pred.shape[axis]
    if classes == 1:
        warnings.warn(
            f"{name}: y_pred has one class only (shape {y_pred.shape}), so the loss is always 0; "
            "for two classes with one output use binary_crossentropy.",
            SyntaxWarning,
            stacklevel=3,
        )
    if label_smoothing:
        y_true = y_true * (1.0 - label_smoothing) + label_smoothing / classes
    return y_true, y_pred


@serializable(MODULE, "bce")
def binary_crossentropy(
    y_true: Any,
    y_pred: Any,
    from_logits: bool = False,
    label_smoothing: float = 0.0,
    axis: int = -1,
) -> Tensor:
    """`-mean(y_true * log(y_pred) + (1 - y_true) * log(1 - y_pred))` over `axis`.

    Args:
        y_true: labels 0 and 1 (or probabilities), of the shape of `y_pred`.
        y_pred: probabilities, or logits. Probabilities are kept `epsilon()` away from 0 and 1.
        from_logits: whether `y_pred` are logits; that is also numerically better.
        label_smoothing: draws labels towards 0.5 by this share.
        axis: the axis of the mean.

    >>> from thalweg import losses
    >>> losses.binary_crossentropy([[0.0, 1.0]], [[0.5, 0.5]]).numpy()
    array([0.6931472], dtype=float32)
    """
    y_true, y_pred = same_shape("binary_crossentropy", y_true, y_pred)
    if label_smoothing:
        y_true = y_true * (1.0 - label_smoothing) + 0.5 * label_smoothing
    return ops.mean(ops.binary_crossentropy(y_true, y_pred, from_logits=from_logits), axis=axis)


@serializable(MODULE)
def categorical_crossentropy(
    y_true: Any,
    y_pred: Any,
    from_logits: bool = False,
    label_smoothing: float = 0.0,
    axis: int = -1,
) -> Tensor:
    """`-sum(y_true * log(y_pred))` over `axis`.

    Args:
        y_true: one-hot labels (or probabilities), of the shape of `y_pred`.
        y_pred: probabilities (scaled to the sum 1 and kept `epsilon()` away from 0 and 1), or
            logits.
        from_logits: whether `y_pred` are logits; that is also numerically better.
        label_smoothing: spreads this share of each label over all classes.
        axis: the axis of the classes.

    >>> from thalweg import losses
    >>> losses.categorical_crossentropy([[0.0, 1.0]], [[0.5, 0.5]]).numpy()
    array([0.6931472], dtype=float32)
    """
    y_true, y_pred = smooth_classes(
        "categorical_crossentropy", y_true, y_pred, label_smoothing, axis
    )
    return ops.categorical_crossentropy(y_true, y_pred, from_logits=from_logits, axis=axis)


@serializable(MODULE)
def sparse_categorical_crossentropy(
    y_true: Any,
    y_pred: Any,
    from_logits: bool = False,
    ignore_class: int | None = None,
    axis: int = -1,
) -> Tensor:
    """`-log(y_pred[y_true])`: the cross-entropy for labels that are indices.

    Args:
        y_true: indices of classes, of the shape of `y_pred` without `axis` (or with length 1).
        y_pred: probabilities (scaled to the sum 1 and kept `epsilon()` away from 0 and 1), or
            logits.
        from_logits: whether `y_pred` are logits; that is also numerically better.
        ignore_class: elements with this label have the loss 0 and do not count in means.
        axis: the axis of the classes.

    >>> from thalweg import losses
    >>> losses.sparse_categorical_crossentropy([1], [[0.25, 0.75]]).numpy()
    array([0.2876821], dtype=float32)
    """
    y_pred = ops.convert_to_tensor(y_pred)
    y_true = ops.convert_to_tensor(y_true)
    if y_true.ndim == y_pred.ndim and y_true.shape[axis] == 1:
        y_true = ops.squeeze(y_true, axis=axis)
    place = axis % max(y_pred.ndim, 1)
    expected = y_pred.shape[:place] + y_pred.shape[place + 1 :]
    if y_true.shape != expected:
        raise ValueError(
            "sparse_categorical_crossentropy: y_true must have the shape of y_pred without the "
            f"axis of the classes, {expected}, got {y_true.shape}."
        )
    if ignore_class is None:
        return ops.sparse_categorical_crossentropy(y_true, y_pred, from_logits, axis)
    valid = ops.not_equal(y_true, ignore_class)
    y_true = ops.where(valid, y_true, 0)
    y_pred = ops.where(ops.expand_dims(valid, axis), y_pred, 0.0)
    loss = ops.sparse_categorical_crossentropy(y_true, y_pred, from_logits, axis)
    loss = ops.where(valid, loss, 0.0)
    loss._keras_mask = valid
    return loss


@serializable(MODULE)
def categorical_generalized_cross_entropy(y_true: Any, y_pred: Any, q: float) -> Tensor:
    """`(1 - p^q) / q` with `p` the probability of the true class: robust against wrong labels.

    Args:
        y_true: indices of classes, of the shape of `y_pred` without the last axis.
        y_pred: probabilities.
        q: between 0 (cross-entropy) and 1 (mean absolute error).

    Source: Z. Zhang, M. Sabuncu, "Generalized Cross Entropy Loss for Training Deep Neural Networks
    with Noisy Labels", 2018.
    """
    y_pred = ops.convert_to_tensor(y_pred)
    labels = ops.cast(y_true, "int32")
    if labels.ndim == y_pred.ndim and labels.shape[-1] == 1:
        labels = ops.squeeze(labels, axis=-1)
    if labels.shape != y_pred.shape[:-1]:
        raise ValueError(
            "categorical_generalized_cross_entropy: y_true must have the shape of y_pred without "
            f"the last axis, {y_pred.shape[:-1]}, got {labels.shape}."
        )
    one_hot = ops.one_hot(labels, y_pred.shape[-1], dtype=y_pred.dtype)
    p = ops.sum(y_pred * one_hot, axis=-1)
    return (1.0 - ops.power(p, q)) / q


@serializable(MODULE)
class BinaryCrossentropy(LossFunctionWrapper):
    """Cross-entropy for labels 0 and 1 (see `binary_crossentropy`); the rest as in `Loss`.

    >>> from thalweg import losses
    >>> bce = losses.BinaryCrossentropy(from_logits=True)
    >>> bce([0.0, 1.0], [-2.0, 3.0]).numpy()
    np.float32(0.0877577)
    """

    def __init__(
        self,
        from_logits: bool = False,
        label_smoothing: float = 0.0,
        axis: int = -1,
        reduction: str | None = "sum_over_batch_size",
        name: str = "binary_crossentropy",
        dtype: Any = None,
    ) -> None:
        super().__init__(
            binary_crossentropy,
            reduction,
            name,
            dtype,
            from_logits=from_logits,
            label_smoothing=label_smoothing,
            axis=axis,
        )


@serializable(MODULE)
class CategoricalCrossentropy(LossFunctionWrapper):
    """Cross-entropy for one-hot labels (see `categorical_crossentropy`); the rest as in `Loss`."""

    def __init__(
        self,
        from_logits: bool = False,
        label_smoothing: float = 0.0,
        axis: int = -1,
        reduction: str | None = "sum_over_batch_size",
        name: str = "categorical_crossentropy",
        dtype: Any = None,
    ) -> None:
        super().__init__(
            categorical_crossentropy,
            reduction,
            name,
            dtype,
            from_logits=from_logits,
            label_smoothing=label_smoothing,
            axis=axis,
        )


@serializable(MODULE)
class SparseCategoricalCrossentropy(LossFunctionWrapper):
    """Cross-entropy for labels that are indices of classes; the rest as in `Loss`.

    See `sparse_categorical_crossentropy` for the arguments.
    """

    def __init__(
        self,
        from_logits: bool = False,
        ignore_class: int | None = None,
        reduction: str | None = "sum_over_batch_size",
        axis: int = -1,
        name: str = "sparse_categorical_crossentropy",
        dtype: Any = None,
    ) -> None:
        super().__init__(
            sparse_categorical_crossentropy,
            reduction,
            name,
            dtype,
            from_logits=from_logits,
            ignore_class=ignore_class,
            axis=axis,
        )


@serializable(MODULE)
class CategoricalGeneralizedCrossEntropy(LossFunctionWrapper):
    """Cross-entropy that bears wrong labels (see `categorical_generalized_cross_entropy`).

    Args:
        q: between 0 (cross-entropy) and 1 (mean absolute error), both excluded.
        reduction: as in `Loss`, like `name` and `dtype`.
    """

    def __init__(
        self,
        q: float = 0.5,
        reduction: str | None = "sum_over_batch_size",
        name: str = "categorical_generalized_cross_entropy",
        dtype: Any = None,
    ) -> None:
        if not 0 < q < 1:
            raise ValueError(
                f"CategoricalGeneralizedCrossEntropy: q must be between 0 and 1, got {q!r}."
            )
        super().__init__(categorical_generalized_cross_entropy, reduction, name, dtype, q=q)
