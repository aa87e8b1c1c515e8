"""Kullback-Leibler divergence between distributions."""

from __future__ import annotations

from typing import Any

from thalweg import config as settings
from thalweg import ops
from thalweg.losses.loss import MODULE, LossFunctionWrapper
from thalweg.losses.reduction import aligned
from thalweg.registry import serializable
from thalweg.tensor.tensor import Tensor

__all__ = ["KLDivergence", "kl_divergence"]


@serializable(MODULE, "kld", "kullback_leibler_divergence")
def kl_divergence(y_true: Any, y_pred: Any) -> Tensor:
    """`sum(y_true * log(y_true / y_pred))` over the last axis; both kept in [epsilon, 1].

    >>> from thalweg import losses
    >>> losses.kl_divergence([[0.5, 0.5]], [[0.25, 0.75]]).numpy()
    array([0.143841], dtype=float32)
    """
    y_true, y_pred = aligned("kl_divergence", y_true, y_pred)
    y_true = ops.clip(y_true, settings.epsilon(), 1.0)
    y_pred = ops.clip(y_pred, settings.epsilon(), 1.0)
    return ops.sum(y_true * ops.log(y_true / y_pred), axis=-1)


@serializable(MODULE)
class KLDivergence(LossFunctionWrapper):
    """`sum(y_true * log(y_true / y_pred))`; `reduction`, `name` and `dtype` as in `Loss`."""

    def __init__(
        self,
        reduction: str | None = "sum_over_batch_size",
        name: str = "kl_divergence",
        dtype: Any = None,
    ) -> None:
        super().__init__(kl_divergence, reduction, name, dtype)
