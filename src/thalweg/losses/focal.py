"""Focal cross-entropies: what is classified well already counts less.

Source: T.-Y. Lin et al., "Focal Loss for Dense Object Detection", 2017.
"""

from __future__ import annotations

from typing import Any

from thalweg import config as settings
from thalweg import ops
from thalweg.losses.crossentropy import same_shape, smooth_classes
from thalweg.losses.loss import MODULE, LossFunctionWrapper
from thalweg.registry import serializable
from thalweg.tensor.tensor import Tensor

__all__ = [
    "BinaryFocalCrossentropy",
    "CategoricalFocalCrossentropy",
    "binary_focal_crossentropy",
    "categorical_focal_crossentropy",
]


@serializable(MODULE)
def binary_focal_crossentropy(
    y_true: Any,
    y_pred: Any,
    apply_class_balancing: bool = False,
    alpha: float = 0.25,
    gamma: float = 2.0,
    from_logits: bool = False,
    label_smoothing: float = 0.0,
    axis: int = -1,
) -> Tensor:
    """`mean((1 - p)^gamma * crossentropy)` over `axis`; `p` is the probability of the true label.

    Args:
        y_true: labels 0 and 1, of the shape of `y_pred`.
        y_pred: probabilities, or logits.
        apply_class_balancing: whether label 1 is weighted by `alpha` and label 0 by `1 - alpha`.
        alpha: the weight of label 1.
        gamma: how much less the easy ones count; 0 gives the plain cross-entropy.
        from_logits: whether `y_pred` are logits.
        label_smoothing: draws labels towards 0.5 by this share.
        axis: the axis of the mean.
    """
    y_true, y_pred = same_shape("binary_focal_crossentropy", y_true, y_pred)
    if label_smoothing:
        y_true = y_true * (1.0 - label_smoothing) + 0.5 * label_smoothing
    if from_logits:
        y_pred = ops.sigmoid(y_pred)
    loss = ops.binary_crossentropy(y_true, y_pred)
    p = y_true * y_pred + (1.0 - y_true) * (1.0 - y_pred)
    loss = ops.power(1.0 - p, gamma) * loss
    if apply_class_balancing:
        loss = (y_true * alpha + (1.0 - y_true) * (1.0 - alpha)) * loss
    return ops.mean(loss, axis=axis)


@serializable(MODULE)
def categorical_focal_crossentropy(
    y_true: Any,
    y_pred: Any,
    alpha: float = 0.25,
    gamma: float = 2.0,
    from_logits: bool = False,
    label_smoothing: float = 0.0,
    axis: int = -1,
) -> Tensor:
    """`-sum(alpha * (1 - y_pred)^gamma * y_true * log(y_pred))` over `axis`.

    Args:
        y_true: one-hot labels, of the shape of `y_pred`.
        y_pred: probabilities, or logits.
        alpha: a factor, one number or one for each class.
        gamma: how much less the easy ones count; 0 gives the plain cross-entropy.
        from_logits: whether `y_pred` are logits.
        label_smoothing: spreads this share of each label over all classes.
        axis: the axis of the classes.
    """
    y_true, y_pred = smooth_classes(
        "categorical_focal_crossentropy", y_true, y_pred, label_smoothing, axis
    )
    if from_logits:
        y_pred = ops.softmax(y_pred, axis=axis)
    p = y_pred / ops.sum(y_pred, axis=axis, keepdims=True)
    p = ops.clip(p, settings.epsilon(), 1.0 - settings.epsilon())
    weights = alpha * ops.power(1.0 - p, gamma)
    return ops.sum(-weights * y_true * ops.log(p), axis=axis)


@serializable(MODULE)
class BinaryFocalCrossentropy(LossFunctionWrapper):
    """Focal cross-entropy for labels 0 and 1 (see the function of this name); rest as in `Loss`."""

    def __init__(
        self,
        apply_class_balancing: bool = False,
        alpha: float = 0.25,
        gamma: float = 2.0,
        from_logits: bool = False,
        label_smoothing: float = 0.0,
        axis: int = -1,
        reduction: str | None = "sum_over_batch_size",
        name: str = "binary_focal_crossentropy",
        dtype: Any = None,
    ) -> None:
        super().__init__(
            binary_focal_crossentropy,
            reduction,
            name,
            dtype,
            apply_class_balancing=apply_class_balancing,
            alpha=alpha,
            gamma=gamma,
            from_logits=from_logits,
            label_smoothing=label_smoothing,
            axis=axis,
        )


@serializable(MODULE)
class CategoricalFocalCrossentropy(LossFunctionWrapper):
    """Focal cross-entropy for one-hot labels (see the function of this name); rest as in `Loss`."""

    def __init__(
        self,
        alpha: float = 0.25,
        gamma: float = 2.0,
        from_logits: bool = False,
        label_smoothing: float = 0.0,
        axis: int = -1,
        reduction: str | None = "sum_over_batch_size",
        name: str = "categorical_focal_crossentropy",
        dtype: Any = None,
    ) -> None:
        super().__init__(
            categorical_focal_crossentropy,
            reduction,
            name,
            dtype,
            alpha=alpha,
            gamma=gamma,
            from_logits=from_logits,
            label_smoothing=label_smoothing,
            axis=axis,
        )
