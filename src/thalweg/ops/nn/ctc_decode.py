"""Connectionist temporal classification: from outputs to labels, greedily or by beam search."""

from __future__ import annotations

from typing import Any

import numpy as np

from thalweg.ops.arguments import cast_to, floating, splat
from thalweg.ops.control_flow import scan
from thalweg.ops.creation import arange
from thalweg.ops.dispatch import op
from thalweg.ops.joining import concatenate
from thalweg.ops.math import top_k
from thalweg.ops.matmul import matmul
from thalweg.ops.nn.encoding import one_hot
from thalweg.ops.nn.softmax import log_softmax
from thalweg.ops.reduction import all as all_of
from thalweg.ops.reduction import argmax
from thalweg.ops.reduction import max as maximum_of
from thalweg.ops.reduction import sum as sum_of
from thalweg.ops.shaping import along, broadcast_to, expand_dims, reshape, transpose
from thalweg.ops.sorting import argsort
from thalweg.ops.taking import take_along_axis, where
from thalweg.ops.transcendental import logaddexp
from thalweg.tensor.convert import convert_to_tensor
from thalweg.tensor.dtypes import int32, result_type
from thalweg.tensor.tensor import Tensor

__all__ = ["ctc_decode"]

# Labels so far (batch, beams, times), their number, and the two logarithms (batch, beams).
Beams = tuple[Tensor, Tensor, Tensor, Tensor]

# The logarithm of "impossible" inside the search; a sum of two of them is still finite.
_NEVER = -1e30


@op
def ctc_decode(
    inputs: Any,
    sequence_lengths: Any,
    strategy: str = "greedy",
    beam_width: int = 100,
    top_paths: int = 1,
    merge_repeated: bool = True,
    mask_index: int = 0,
) -> tuple[Tensor, Tensor]:
    """The labels that outputs most probably spell.

    Args:
        inputs: logits, shape (batch, times, classes).
        sequence_lengths: how many times of each row count, shape (batch,).
        strategy: "greedy" takes the best class at each time; "beam_search" follows the
            `beam_width` best beginnings.
        beam_width: for "beam_search".
        top_paths: how many results "beam_search" gives.
        merge_repeated: whether "greedy" merges repeated classes; "beam_search" does in any case.
        mask_index: the number of the blank.

    Returns:
        Labels, shape (paths, batch, times), filled up with -1; and scores, shape (batch, paths):
        the negative sum of the inputs taken for "greedy", log probabilities for "beam_search".
    """
    logits = floating(inputs)
    logits = cast_to(logits, result_type(logits.dtype, "float32"))
    if logits.ndim != 3:
        raise ValueError(
            f"ctc_decode: inputs must have shape (batch, times, classes), got {logits.shape}."
        )
    lengths = cast_to(convert_to_tensor(sequence_lengths), int32)
    if lengths.shape != logits.shape[:1]:
        raise ValueError(
            f"ctc_decode: sequence_lengths must have shape {logits.shape[:1]}, got {lengths.shape}."
        )
    if strategy == "greedy":
        return _greedy(logits, lengths, merge_repeated, mask_index)
    if strategy != "beam_search":
        raise ValueError(
            f"ctc_decode: strategy must be 'greedy' or 'beam_search', got {strategy!r}."
        )
    if not 1 <= top_paths <= beam_width:
        raise ValueError(
            f"ctc_decode: top_paths must lie in 1..beam_width, got {top_paths} and {beam_width}."
        )
    return _beam_search(log_softmax(logits), lengths, beam_width, top_paths, mask_index)


def _greedy(
    logits: Tensor, lengths: Tensor, merge_repeated: bool, mask_index: int
) -> tuple[Tensor, Tensor]:
    batch, times, _ = logits.shape
    inside = arange(times) < expand_dims(lengths, 1)
    classes = where(inside, argmax(logits, axis=2), mask_index)
    scores = -sum_of(where(inside, maximum_of(logits, axis=2), 0), axis=1, keepdims=True)
    if merge_repeated and times > 1:
        same = along(classes, 1, 1, times) == along(classes, 1, 0, times - 1)
        same = concatenate([splat(False, (batch, 1), same.dtype), same], axis=1)
        classes = where(same, mask_index, classes)
    # Labels first, in their order; a stable sort keeps it.
    empty = classes == mask_index
    order = argsort(cast_to(empty, int32), axis=1)
    labels = take_along_axis(where(empty, -1, classes), order, axis=1)
    return expand_dims(labels, 0), scores


def _beam_search(
    logs: Tensor, lengths: Tensor, width: int, top_paths: int, blank: int
) -> tuple[Tensor, Tensor]:
    """Prefix beam search (Graves, 2012; Hannun et al., 2014).

    A beam is a beginning of the labels, with the logarithms of the probabilities that the times so
    far spell it and end in a blank, or in its last label. Beams not in use have probability 0.
    """
    batch, times, _ = logs.shape

    def step(state: Beams, x: tuple[Tensor, Tensor]) -> tuple[Beams, None]:
        log, active = x
        grown = _next_beams(state, log, width, blank)
        keep = reshape(active, (batch, 1))
        paths = where(expand_dims(keep, 2), grown[0], state[0])
        rest = [where(keep, new, old) for new, old in zip(grown[1:], state[1:], strict=True)]
        return (paths, rest[0], rest[1], rest[2]), None

    in_blank = np.full((batch, width), _NEVER)
    in_blank[:, 0] = 0
    start = (
        splat(-1, (batch, width, times), int32),
        splat(0, (batch, width), int32),
        Tensor(in_blank.astype(logs.dtype)),
        splat(_NEVER, (batch, width), logs.dtype),
    )
    active = expand_dims(arange(times), 1) < expand_dims(lengths, 0)
    (paths, _, in_blank_, in_label), _ = scan(step, start, (transpose(logs, (1, 0, 2)), active))
    scores, order = top_k(logaddexp(in_blank_, in_label), top_paths)
    used = scores > _NEVER / 2
    best = where(expand_dims(used, 2), _rows(paths, order), -1)
    return transpose(best, (1, 0, 2)), where(used, scores, -np.inf)


def _rows(x: Tensor, order: Tensor) -> Tensor:
    """The rows of axis 1 that `order` (batch, rows) names."""
    return take_along_axis(x, expand_dims(order, 2), axis=1)


def _next_beams(state: Beams, log: Tensor, width: int, blank: int) -> Beams:
    paths, counts, in_blank, in_label = state
    batch, classes = log.shape
    numbers = arange(classes)
    places = arange(paths.shape[2])
    total = logaddexp(in_blank, in_label)
    used = total > _NEVER / 2
    last = maximum_of(where(places == expand_dims(counts, 2) - 1, paths, -1), axis=2)
    last_class = where(last < 0, blank, last)
    # Stay: by a blank, or by the last label once more.
    stay_blank = total + along(log, 1, blank, blank + 1)
    stay_label = where(last < 0, _NEVER, in_label + take_along_axis(log, last_class, axis=1))
    # Grow by a label; by the last one only after a blank.
    repeated = expand_dims(last, 2) == numbers
    before = where(repeated, expand_dims(in_blank, 2), expand_dims(total, 2))
    grown = where(numbers == blank, _NEVER, before + expand_dims(log, 1))
    # What grows into another beam is added to that one, and is no beam of its own.
    into = _grows_into(paths, counts, used)
    index = broadcast_to(expand_dims(last_class, 1), (batch, width, width))
    share = where(into, take_along_axis(grown, index, axis=2), _NEVER)
    stay_label = logaddexp(stay_label, maximum_of(share, axis=1))
    taken = matmul(cast_to(into, log.dtype), one_hot(last_class, classes, dtype=log.dtype)) > 0
    grown = where(taken, _NEVER, grown)
    stay = logaddexp(stay_blank, stay_label)
    values, chosen = top_k(
        concatenate([stay, reshape(grown, (batch, width * classes))], axis=1), width
    )
    stays = chosen < width
    parent = where(stays, chosen, (chosen - width) // classes)
    label = where(stays, -1, (chosen - width) % classes)
    from_paths, from_counts = _rows(paths, parent), take_along_axis(counts, parent, axis=1)
    at_end = (places == expand_dims(from_counts, 2)) & expand_dims(label >= 0, 2)
    return (
        where(at_end, expand_dims(label, 2), from_paths),
        from_counts + cast_to(label >= 0, int32),
        where(stays, take_along_axis(stay_blank, parent, axis=1), _NEVER),
        where(stays, take_along_axis(stay_label, parent, axis=1), values),
    )


def _grows_into(paths: Tensor, counts: Tensor, used: Tensor) -> Tensor:
    """Whether beam i and one more label are beam j, shape (batch, i, j)."""
    places = arange(paths.shape[2])
    inside = places < expand_dims(counts, 2)
    same = expand_dims(paths, 2) == expand_dims(paths, 1)
    begins = all_of(same | ~expand_dims(inside, 2), axis=3)
    longer = expand_dims(counts, 2) + 1 == expand_dims(counts, 1)
    return begins & longer & expand_dims(used, 2) & expand_dims(used, 1)
