"""Losses between directions: cosine similarity, and circle loss for embeddings."""

from __future__ import annotations

from typing import Any

import ml_dtypes

from thalweg import ops
from thalweg.losses.loss import MODULE, LossFunctionWrapper
from thalweg.losses.reduction import aligned
from thalweg.registry import serializable
from thalweg.tensor.tensor import Tensor

__all__ = ["Circle", "CosineSimilarity", "circle", "cosine_similarity"]

# NumPy's own does not know bfloat16.
_finfo: Any = ml_dtypes.finfo


@serializable(MODULE, "cosine_proximity")
def cosine_similarity(y_true: Any, y_pred: Any, axis: int = -1) -> Tensor:
    """Minus the cosine of the angle between both along `axis`: -1 is the same direction.

    >>> from thalweg import losses
    >>> losses.cosine_similarity([[3.0, 4.0]], [[4.0, 3.0]]).numpy()
    array([-0.96], dtype=float32)
    """
    y_true, y_pred = aligned("cosine_similarity", y_true, y_pred)
    product = ops.normalize(y_true, axis=axis) * ops.normalize(y_pred, axis=axis)
    return -ops.sum(product, axis=axis)


@serializable(MODULE)
class CosineSimilarity(LossFunctionWrapper):
    """Minus the cosine between true and predicted vectors along `axis`; the rest as in `Loss`."""

    def __init__(
        self,
        axis: int = -1,
        reduction: str | None = "sum_over_batch_size",
        name: str = "cosine_similarity",
        dtype: Any = None,
    ) -> None:
        super().__init__(cosine_similarity, reduction, name, dtype, axis=axis)


@serializable(MODULE)
def circle(
    y_true: Any,
    y_pred: Any,
    ref_labels: Any = None,
    ref_embeddings: Any = None,
    remove_diagonal: bool = True,
    gamma: float = 80,
    margin: float = 0.4,
) -> Tensor:
    """Circle loss of each sample of a batch of embeddings.

    Args:
        y_true: integer labels, shape (batch,).
        y_pred: embeddings of length 1, shape (batch, dimensions).
        ref_labels: labels of the embeddings to compare with; by default `y_true`.
        ref_embeddings: those embeddings, of length 1; by default `y_pred`.
        remove_diagonal: whether an embedding is not compared with itself.
        gamma: the scale.
        margin: how far similar pairs shall be from unlike ones.

    Source: Y. Sun et al., "Circle Loss: A Unified Perspective of Pair Similarity Optimization",
    2020.
    """
    embeddings = ops.convert_to_tensor(y_pred)
    labels = ops.reshape(ops.cast(y_true, "int32"), (-1, 1))
    others = embeddings if ref_embeddings is None else ops.cast(ref_embeddings, embeddings.dtype)
    other_labels = labels
    if ref_labels is not None:
        other_labels = ops.reshape(ops.cast(ref_labels, "int32"), (-1, 1))
    if labels.shape[0] != embeddings.shape[0] or other_labels.shape[0] != others.shape[0]:
        raise ValueError(
            "circle: there must be one label for each embedding, got "
            f"{labels.shape[0]} and {other_labels.shape[0]} labels for {embeddings.shape[0]} and "
            f"{others.shape[0]} embeddings."
        )
    same = ops.equal(labels, ops.transpose(other_labels))
    unlike = ops.logical_not(same)
    if remove_diagonal:
        diagonal = ops.eye(labels.shape[0], other_labels.shape[0], dtype="bool")
        same = ops.logical_and(same, ops.logical_not(diagonal))
    distances = ops.maximum(1.0 - ops.matmul(embeddings, ops.transpose(others)), 0.0)
    pulls = -gamma * (margin + distances) * (margin - distances)
    pushes = gamma * ops.maximum(1.0 + margin - distances, 0.0) * (1.0 - margin - distances)
    # Pairs that do not count get a number that vanishes in the sum of exponentials and, other than
    # minus infinity, leaves the gradient finite where no pair counts.
    absent = -float(_finfo(embeddings.dtype).max) / 4
    pull = ops.logsumexp(ops.where(same, pulls, absent), axis=1)
    push = ops.logsumexp(ops.where(unlike, pushes, absent), axis=1)
    loss = ops.softplus(pull + push)
    # Samples that are in order already do not count in the mean.
    loss._keras_mask = loss > 0
    return loss


@serializable(MODULE)
class Circle(LossFunctionWrapper):
    """Circle loss for embeddings (see `circle`); `reduction`, `name` and `dtype` as in `Loss`."""

    def __init__(
        self,
        gamma: float = 80.0,
        margin: float = 0.4,
        remove_diagonal: bool = True,
        reduction: str | None = "sum_over_batch_size",
        name: str = "circle",
        dtype: Any = None,
    ) -> None:
        super().__init__(
            circle,
            reduction,
            name,
            dtype,
            gamma=gamma,
            margin=margin,
            remove_diagonal=remove_diagonal,
        )
