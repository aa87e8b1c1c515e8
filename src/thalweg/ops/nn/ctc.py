"""Connectionist temporal classification: the loss (Graves et al., 2006)."""

from __future__ import annotations

from typing import Any

import numpy as np

from thalweg.ops.arguments import cast_to, floating, splat
from thalweg.ops.control_flow import scan
from thalweg.ops.creation import arange
from thalweg.ops.dispatch import op
from thalweg.ops.joining import concatenate, stack
from thalweg.ops.math import logsumexp
from thalweg.ops.nn.softmax import log_softmax
from thalweg.ops.shaping import along, broadcast_to, expand_dims, reshape, squeeze, transpose
from thalweg.ops.taking import take_along_axis, where
from thalweg.tensor.convert import convert_to_tensor
from thalweg.tensor.dtypes import int32, result_type
from thalweg.tensor.tensor import Tensor

__all__ = ["ctc_loss"]

# The logarithm of "impossible"; finite, so that gradients are.
_NEVER = -1e5


@op
def ctc_loss(
    target: Any, output: Any, target_length: Any, output_length: Any, mask_index: int = 0
) -> Tensor:
    """`-log` of the probability that the outputs spell the target.

    An output sequence spells what is left of it when repeated classes are merged and blanks taken
    out; the loss sums over all sequences that spell the target.

    Args:
        target: class numbers, shape (batch, most labels).
        output: logits, shape (batch, times, classes).
        target_length: how many labels of each row count, shape (batch,).
        output_length: how many times of each row count, shape (batch,).
        mask_index: the number of the blank.

    Returns:
        One number per row, float32 at least; about 1e5 where the target does not fit.
    """
    logits = floating(output)
    logits = cast_to(logits, result_type(logits.dtype, "float32"))
    labels = cast_to(convert_to_tensor(target), int32)
    if logits.ndim != 3 or labels.ndim != 2 or labels.shape[0] != logits.shape[0]:
        raise ValueError(
            "ctc_loss: target must have shape (batch, labels) and output (batch, times, classes), "
            f"got {labels.shape} and {logits.shape}."
        )
    batch, times, _ = logits.shape
    most = labels.shape[1]
    label_counts, time_counts = (
        _counts(name, x, batch)
        for name, x in (("target_length", target_length), ("output_length", output_length))
    )
    # The states: a blank before, between and after the labels.
    blank = splat(mask_index, (batch, most + 1, 1), int32)
    woven = concatenate([blank, _padded(expand_dims(labels, 2), mask_index)], axis=2)
    states = along(reshape(woven, (batch, 2 * most + 2)), 1, 0, 2 * most + 1)
    size = 2 * most + 1
    places = broadcast_to(expand_dims(states, 1), (batch, times, size))
    emitted = transpose(take_along_axis(log_softmax(logits), places, axis=2), (1, 0, 2))
    # A label may follow the one before without a blank between, if it is another one.
    before = concatenate([splat(-1, (batch, 2), int32), along(states, 1, 0, size - 2)], axis=1)
    odd = Tensor(np.broadcast_to(np.arange(size) % 2 == 1, (batch, size)))
    skips = odd & (states != before) & (arange(size) > 1)

    def step(alpha: Tensor, x: tuple[Tensor, Tensor]) -> tuple[Tensor, None]:
        log_probability, active = x
        never = splat(_NEVER, (batch, 2), alpha.dtype)
        shifted = concatenate([never, alpha], axis=1)
        jump = where(skips, along(shifted, 1, 0, size), _NEVER)
        ways = stack([alpha, along(shifted, 1, 1, size + 1), jump], axis=-1)
        moved = logsumexp(ways, axis=-1) + log_probability
        return where(expand_dims(active, 1), moved, alpha), None

    # Before the first time one stands in front of the first blank, from where it and the first
    # label can be reached: as if already in that blank.
    start = np.full((batch, size), _NEVER)
    start[:, 0] = 0
    active = expand_dims(arange(times), 1) < expand_dims(time_counts, 0)
    alpha, _ = scan(step, Tensor(start.astype(logits.dtype)), (emitted, active))
    last = expand_dims(label_counts * 2, 1)
    ends = take_along_axis(alpha, concatenate([last, where(last > 0, last - 1, 0)], axis=1), axis=1)
    # Without labels there is only one end, the blank.
    both = where(concatenate([last >= 0, last > 0], axis=1), ends, _NEVER)
    return -squeeze(logsumexp(both, axis=1, keepdims=True), 1)


def _padded(labels: Tensor, mask_index: int) -> Tensor:
    """One more label at the end, which is cut off again."""
    return concatenate([labels, splat(mask_index, (labels.shape[0], 1, 1), int32)], axis=1)


def _counts(name: str, x: Any, batch: int) -> Tensor:
    counts = cast_to(convert_to_tensor(x), int32)
    if counts.shape != (batch,):
        raise ValueError(f"ctc_loss: {name} must have shape ({batch},), got {counts.shape}.")
    return counts
