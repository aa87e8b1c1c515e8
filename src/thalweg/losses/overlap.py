"""Losses for segmentation, from the overlap of masks: Dice and Tversky."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from thalweg import config as settings
from thalweg import ops
from thalweg.losses.loss import MODULE, LossFunctionWrapper
from thalweg.losses.reduction import aligned
from thalweg.registry import serializable
from thalweg.tensor.tensor import Tensor

__all__ = ["Dice", "Tversky", "dice", "tversky"]

Axis = int | Sequence[int] | None


@serializable(MODULE)
def dice(y_true: Any, y_pred: Any, axis: Axis = None) -> Tensor:
    """`1 - 2 * sum(y_true * y_pred) / (sum(y_true) + sum(y_pred))` over `axis` (by default all).

    >>> from thalweg import losses
    >>> losses.dice([[1.0, 1.0, 0.0]], [[1.0, 0.0, 0.0]]).numpy()
    np.float32(0.333333)
    """
    y_true, y_pred = aligned("dice", y_true, y_pred)
    both = ops.sum(y_true * y_pred, axis=axis)
    all_of_them = ops.sum(y_true, axis=axis) + ops.sum(y_pred, axis=axis)
    return 1.0 - 2.0 * both / (all_of_them + settings.epsilon())


@serializable(MODULE)
def tversky(
    y_true: Any, y_pred: Any, alpha: float = 0.5, beta: float = 0.5, axis: Axis = None
) -> Tensor:
    """`1 - both / (both + alpha * missed + beta * wrong)` over `axis` (by default all).

    Args:
        y_true: the true mask.
        y_pred: the predicted one.
        alpha: the weight of `missed = sum(y_true * (1 - y_pred))`.
        beta: the weight of `wrong = sum((1 - y_true) * y_pred)`.
        axis: the axes to sum over.

    Source: S. S. M. Salehi et al., "Tversky loss function for image segmentation", 2017.
    """
    y_true, y_pred = aligned("tversky", y_true, y_pred)
    both = ops.sum(y_true * y_pred, axis=axis)
    missed = ops.sum(y_true * (1.0 - y_pred), axis=axis)
    wrong = ops.sum((1.0 - y_true) * y_pred, axis=axis)
    return 1.0 - both / (both + alpha * missed + beta * wrong + settings.epsilon())


@serializable(MODULE)
class Dice(LossFunctionWrapper):
    """Dice loss over `axis` (by default all); the rest as in `Loss`."""

    def __init__(
        self,
        reduction: str | None = "sum_over_batch_size",
        name: str = "dice",
        axis: Axis = None,
        dtype: Any = None,
    ) -> None:
        super().__init__(dice, reduction, name, dtype, axis=axis)


@serializable(MODULE)
class Tversky(LossFunctionWrapper):
    """Tversky loss (see `tversky`); `reduction`, `name` and `dtype` as in `Loss`."""

    def __init__(
        self,
        alpha: float = 0.5,
        beta: float = 0.5,
        reduction: str | None = "sum_over_batch_size",
        name: str = "tversky",
        axis: Axis = None,
        dtype: Any = None,
    ) -> None:
        super().__init__(tversky, reduction, name, dtype, alpha=alpha, beta=beta, axis=axis)
