"""Connectionist temporal classification: labels in order, at times that nobody knows."""

from __future__ import annotations

from typing import Any

from thalweg import ops
from thalweg.losses.loss import MODULE, LossFunctionWrapper
from thalweg.registry import serializable
from thalweg.tensor.tensor import Tensor

__all__ = ["CTC", "ctc"]


@serializable(MODULE)
def ctc(y_true: Any, y_pred: Any) -> Tensor:
    """`-log` of the probability that the outputs over time spell the labels.

    Args:
        y_true: class numbers from 1, shape (batch, most labels); 0 fills rows up, and is the
            blank.
        y_pred: logits, shape (batch, times, classes).

    Source: A. Graves et al., "Connectionist Temporal Classification", 2006.
    """
    y_true = ops.convert_to_tensor(y_true)
    y_pred = ops.convert_to_tensor(y_pred)
    if y_true.ndim != 2 or y_pred.ndim != 3 or y_true.shape[0] != y_pred.shape[0]:
        raise ValueError(
            "ctc: y_true must have the shape (batch, labels) and y_pred (batch, times, classes), "
            f"got {y_true.shape} and {y_pred.shape}."
        )
    batch, times, _ = y_pred.shape
    lengths = ops.sum(ops.cast(ops.not_equal(y_true, 0), "int32"), axis=-1)
    return ops.ctc_loss(y_true, y_pred, lengths, ops.full((batch,), times, dtype="int32"))


@serializable(MODULE)
class CTC(LossFunctionWrapper):
    """Connectionist temporal classification (see `ctc`); arguments as in `Loss`."""

    def __init__(
        self,
        reduction: str | None = "sum_over_batch_size",
        name: str = "ctc",
        dtype: Any = None,
    ) -> None:
        super().__init__(ctc, reduction, name, dtype)
