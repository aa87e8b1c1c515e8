"""Cross-entropies between labels and predictions, from probabilities or from logits.

Probabilities are made to add up to 1 and kept `config.epsilon()` away from 0 and 1; logits go
through the log-softmax or the softplus, so nothing overflows. Half precision is computed in
float32.
"""

from __future__ import annotations

from typing import Any

from thalweg import config
from thalweg.ops.arguments import apply, canonical_axis, cast_to, floating
from thalweg.ops.bounds import maximum, minimum
from thalweg.ops.dispatch import op
from thalweg.ops.nn.encoding import hits
from thalweg.ops.nn.sigmoids import soft_positive
from thalweg.ops.nn.softmax import log_softmax
from thalweg.ops.reduction import sum as sum_of
from thalweg.primitives import elementwise as e
from thalweg.primitives import movement
from thalweg.tensor.convert import convert_to_tensor
from thalweg.tensor.dtypes import DType, int32, is_integer, result_type
from thalweg.tensor.tensor import Tensor

__all__ = ["binary_crossentropy", "categorical_crossentropy", "sparse_categorical_crossentropy"]


@op
def categorical_crossentropy(
    target: Any, output: Any, from_logits: bool = False, axis: int = -1
) -> Tensor:
    """`-sum(target * log(output))` over the classes.

    Args:
        target: the probability of each class, of the shape of `output`.
        output: predicted probabilities, or logits.
        from_logits: whether `output` holds logits.
        axis: the axis of the classes.

    Returns:
        One number per sample: the shape of `output` without that axis.

    >>> from thalweg import ops
    >>> ops.categorical_crossentropy([[0.0, 1.0]], [[0.5, 0.5]]).numpy()
    array([0.6931472], dtype=float32)
    """
    name = "categorical_crossentropy"
    prediction, dtype = _prediction(output)
    truth = _same_shape(name, target, prediction)
    logs = _log_probabilities(name, prediction, from_logits, axis)
    return cast_to(-sum_of(truth * logs, axis=axis), dtype)


@op
def sparse_categorical_crossentropy(
    target: Any, output: Any, from_logits: bool = False, axis: int = -1
) -> Tensor:
    """`-log(output)` at the class that `target` names.

    Args:
        target: integers, of the shape of `output` without the axis of the classes (a last axis of
            length 1 may follow).
        output: predicted probabilities, or logits.
        from_logits: whether `output` holds logits.
        axis: the axis of the classes.

    Returns:
        One number per sample; 0 where the target names no class.

    >>> from thalweg import ops
    >>> ops.sparse_categorical_crossentropy([1], [[0.5, 0.5]]).numpy()
    array([0.6931472], dtype=float32)
    """
    name = "sparse_categorical_crossentropy"
    prediction, dtype = _prediction(output)
    labels = convert_to_tensor(target)
    if not is_integer(labels.dtype):
        labels = cast_to(labels, int32)
    place = canonical_axis(name, axis, max(prediction.ndim, 1))
    expected = (*prediction.shape[:place], *prediction.shape[place + 1 :])
    if labels.ndim == prediction.ndim and labels.shape[-1] == 1:
        labels = movement.reshape(labels, shape=labels.shape[:-1])
    if not prediction.ndim or labels.shape != expected:
        raise ValueError(
            f"{name}: target must have shape {expected} for an output of shape "
            f"{prediction.shape}, got {labels.shape}."
        )
    logs = _log_probabilities(name, prediction, from_logits, axis)
    # Chosen, not multiplied by a one-hot vector: 0 * log(0) of another class would be NaN.
    chosen = e.select(hits(name, labels, prediction.shape[place], place), logs, e.zero_like(logs))
    return cast_to(-sum_of(chosen, axis=place), dtype)


@op
def binary_crossentropy(target: Any, output: Any, from_logits: bool = False) -> Tensor:
    """`-target * log(output) - (1 - target) * log(1 - output)`, element by element.

    Args:
        target: the probability of the label 1, of the shape of `output`.
        output: predicted probabilities, or logits.
        from_logits: whether `output` holds logits.

    >>> from thalweg import ops
    >>> ops.binary_crossentropy([0.0, 1.0], [0.0, 100.0], from_logits=True).numpy()
    array([0.6931472, 0.       ], dtype=float32)
    """
    prediction, dtype = _prediction(output)
    truth = _same_shape("binary_crossentropy", target, prediction)
    if from_logits:
        return cast_to(soft_positive(prediction) - truth * prediction, dtype)
    chance = _inside(prediction)
    found = truth * e.log(chance) + (1 - truth) * e.log(1 - chance)
    return cast_to(-found, dtype)


def _prediction(output: Any) -> tuple[Tensor, DType]:
    """The output in at least float32, and the dtype of the result."""
    tensor = floating(output)
    return cast_to(tensor, result_type(tensor.dtype, "float32")), tensor.dtype


def _same_shape(name: str, target: Any, prediction: Tensor) -> Tensor:
    truth = cast_to(convert_to_tensor(target), prediction.dtype)
    if truth.shape != prediction.shape:
        raise ValueError(
            f"{name}: target and output must have the same shape, got {truth.shape} and "
            f"{prediction.shape}."
        )
    return truth


def _inside(chance: Tensor) -> Tensor:
    """Probabilities kept away from 0 and 1."""
    margin = config.epsilon()
    return minimum(maximum(chance, margin), 1 - margin)


def _log_probabilities(name: str, output: Tensor, from_logits: bool, axis: int) -> Tensor:
    if not output.ndim:
        raise ValueError(f"{name}: output needs an axis for the classes, got a single number.")
    canonical_axis(name, axis, output.ndim)
    if from_logits:
        return log_softmax(output, axis=axis)
    return apply(e.log, _inside(output / sum_of(output, axis=axis, keepdims=True)))
