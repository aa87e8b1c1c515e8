"""From the loss of each element to one number: weights, masks, and the kinds of mean."""

from __future__ import annotations

import math
from typing import Any

from thalweg import ops
from thalweg.tensor.tensor import Tensor

__all__ = [
    "aligned",
    "apply_mask",
    "check_reduction",
    "per_sample",
    "reduce_weighted_values",
    "squeeze_or_expand_to_same_rank",
    "weigh",
]

REDUCTIONS = ("sum_over_batch_size", "mean", "mean_with_sample_weight", "sum", "none", None)


def check_reduction(owner: str, reduction: Any) -> str | None:
    """The reduction, if there is one of that name."""
    if reduction not in REDUCTIONS:
        raise ValueError(f"{owner}: reduction must be one of {REDUCTIONS}, got {reduction!r}.")
    found: str | None = reduction
    return found


def squeeze_or_expand_to_same_rank(
    x1: Tensor, x2: Tensor, expand_rank_1: bool = True
) -> tuple[Tensor, Tensor]:
    """Two tensors of one rank, where one of them only has a last axis of length 1 too many.

    The shapes `(n,)` and `(n, 1)` both become `(n, 1)` (or `(n,)` without `expand_rank_1`);
    otherwise the longer shape loses its last axis.
    """
    if x1.ndim == x2.ndim + 1 and x1.shape[-1] == 1:
        if x2.ndim == 1 and expand_rank_1:
            return x1, ops.expand_dims(x2, axis=-1)
        return ops.squeeze(x1, axis=-1), x2
    if x2.ndim == x1.ndim + 1 and x2.shape[-1] == 1:
        if x1.ndim == 1 and expand_rank_1:
            return ops.expand_dims(x1, axis=-1), x2
        return x1, ops.squeeze(x2, axis=-1)
    return x1, x2


def _broadcast(first: tuple[int, ...], second: tuple[int, ...]) -> bool:
    pairs = zip(reversed(first), reversed(second), strict=False)
    return all(a == b or a == 1 or b == 1 for a, b in pairs)


def aligned(name: str, y_true: Any, y_pred: Any) -> tuple[Tensor, Tensor]:
    """Both as tensors of the dtype of `y_pred` and of one rank where a last axis of 1 differs.

    Raises `ValueError` with the name of the loss if the shapes do not fit.
    """
    y_pred = ops.convert_to_tensor(y_pred)
    y_true = ops.cast(y_true, y_pred.dtype)
    y_true, y_pred = squeeze_or_expand_to_same_rank(y_true, y_pred)
    if not _broadcast(y_true.shape, y_pred.shape):
        raise ValueError(
            f"{name}: y_true has shape {y_true.shape}, which does not fit y_pred of shape "
            f"{y_pred.shape}."
        )
    return y_true, y_pred


def apply_mask(sample_weight: Any, mask: Any, dtype: Any, reduction: str | None) -> Any:
    """The sample weights with zeros where the mask is False.

    For the reductions that divide by the number of elements, the others grow by
    `elements / unmasked elements`, so that the mean is over what the mask leaves.
    """
    if mask is None:
        return sample_weight
    kept = ops.cast(mask, dtype)
    if reduction in ("mean", "sum_over_batch_size"):
        share = ops.divide_no_nan(float(math.prod(kept.shape)), ops.sum(kept))
        kept = kept * ops.cast(share, dtype)
    if sample_weight is None:
        return kept
    kept, weights = squeeze_or_expand_to_same_rank(kept, ops.cast(sample_weight, dtype))
    if weights.ndim < kept.ndim:
        return per_sample(weights, kept) * kept
    return weights * per_sample(kept, weights)


def per_sample(weights: Tensor, values: Tensor) -> Tensor:
    """Weights of the first axes with axes of length 1 for the rest."""
    if 0 < weights.ndim < values.ndim and weights.shape == values.shape[: weights.ndim]:
        return ops.reshape(weights, weights.shape + (1,) * (values.ndim - weights.ndim))
    return weights


def weigh(name: str, values: Tensor, sample_weight: Tensor) -> tuple[Tensor, Tensor]:
    """The values times their weights, and the weights in the form in which they were used."""
    values, weights = squeeze_or_expand_to_same_rank(values, sample_weight)
    weights = per_sample(weights, values)
    if not _broadcast(weights.shape, values.shape):
        raise ValueError(
            f"{name}: sample_weight has shape {tuple(sample_weight.shape)}, which does not fit "
            f"values of shape {values.shape}."
        )
    return values * weights, weights


def reduce_weighted_values(
    values: Any,
    sample_weight: Any = None,
    mask: Any = None,
    reduction: str | None = "sum_over_batch_size",
    dtype: Any = None,
    name: str = "loss",
) -> Tensor:
    """Weigh the losses of the elements and reduce them.

    Args:
        values: the loss of each element, for example of shape (batch,) or (batch, time).
        sample_weight: a scalar, one weight for each sample, or one for each element.
        mask: where False, an element does not count.
        reduction: `'sum_over_batch_size'` or `'mean'` divide the sum by the number of elements
            (of those that the mask leaves), `'mean_with_sample_weight'` by the sum of the weights;
            `'sum'`; `'none'` or None: no reduction.
        dtype: the dtype to compute in; by default that of the values.
        name: the loss's name, for messages.
    """
    values = ops.convert_to_tensor(values, dtype=dtype)
    weights = apply_mask(sample_weight, mask, values.dtype, reduction)
    if weights is not None:
        values, weights = weigh(name, values, ops.cast(weights, values.dtype))
    if reduction in (None, "none") or values.shape in ((), (0,)):
        return values
    total = ops.sum(values)
    if reduction == "sum":
        return total
    if reduction == "mean_with_sample_weight" and weights is not None:
        return ops.divide_no_nan(total, ops.sum(weights))
    return ops.divide_no_nan(total, float(values.size))
