"""CTC against the definition: a sum or a search over every sequence of classes."""

from __future__ import annotations

import itertools
from collections import defaultdict
from typing import Any

import numpy as np
import pytest
from scipy import special

from tests.gradients import check_gradients
from thalweg import ops

Array = np.ndarray[Any, Any]


def values(*shape: int, seed: int = 0) -> Array:
    return np.random.default_rng(seed).normal(size=shape) * 2


def spelled(sequence: tuple[int, ...], blank: int) -> tuple[int, ...]:
    return tuple(c for c, _ in itertools.groupby(sequence) if c != blank)


def probabilities(logits: Array, blank: int) -> dict[tuple[int, ...], float]:
    """The probability of every labelling, from every path."""
    chance = special.softmax(logits, -1)
    found: dict[tuple[int, ...], float] = defaultdict(float)
    for path in itertools.product(range(logits.shape[1]), repeat=logits.shape[0]):
        found[spelled(path, blank)] += float(np.prod([chance[t, c] for t, c in enumerate(path)]))
    return found


@pytest.mark.parametrize("blank", [0, 2])
def test_loss(blank: int) -> None:
    output = values(4, 5, 3)
    letters = [c for c in range(3) if c != blank]
    a, b = letters
    target = np.array([[a, b, a], [a, a, blank], [b, blank, blank], [blank, blank, blank]])
    lengths, times = np.array([3, 2, 1, 0]), np.array([5, 4, 3, 5])
    found = ops.ctc_loss(target, output, lengths, times, mask_index=blank)
    for i in range(4):
        chance = probabilities(output[i, : times[i]], blank)
        expected = -np.log(chance[tuple(target[i, : lengths[i]].tolist())])
        np.testing.assert_allclose(np.asarray(found)[i], expected)


def test_loss_gradient() -> None:
    target, lengths = np.array([[1, 2, 2], [2, 0, 0]]), np.array([3, 1])
    check_gradients(
        lambda x: ops.ctc_loss(target, x, lengths, np.array([6, 4])), values(2, 6, 3), order=2
    )


def test_impossible_target_is_finite() -> None:
    loss = ops.ctc_loss([[1, 1, 1]], values(1, 3, 2), [3], [3])
    assert 5e4 < float(loss[0]) < 1e6


@pytest.mark.parametrize("blank", [0, 2])
def test_beam_search_finds_the_best(blank: int) -> None:
    logits, times = values(3, 5, 3), np.array([5, 3, 1])
    labels, scores = ops.ctc_decode(
        logits, times, "beam_search", beam_width=60, top_paths=3, mask_index=blank
    )
    assert labels.shape == (3, 3, 5)
    for i in range(3):
        best = sorted(probabilities(logits[i, : times[i]], blank).items(), key=lambda p: -p[1])
        for rank, (path, chance) in enumerate(best[:3]):
            row = np.asarray(labels)[rank, i]
            assert tuple(row[row >= 0].tolist()) == path
            np.testing.assert_allclose(np.asarray(scores)[i, rank], np.log(chance))


def test_more_beams_than_labellings() -> None:
    labels, scores = ops.ctc_decode(values(1, 1, 2), [1], "beam_search", 5, 4)
    assert np.isneginf(np.asarray(scores)[0, 2:]).all()
    assert (np.asarray(labels)[2:] == -1).all()


def test_greedy() -> None:
    classes = np.array([[1, 1, 0, 1, 2, 2], [0, 2, 2, 0, 1, 1]])
    logits = np.eye(3)[classes] * 2.0
    labels, scores = ops.ctc_decode(logits, [6, 3])
    assert np.asarray(labels).tolist() == [[[1, 1, 2, -1, -1, -1], [2, -1, -1, -1, -1, -1]]]
    assert np.asarray(scores).tolist() == [[-12], [-6]]
    labels, _ = ops.ctc_decode(logits, [6, 3], merge_repeated=False)
    assert np.asarray(labels)[0, 0].tolist() == [1, 1, 1, 2, 2, -1]


def test_errors() -> None:
    x = values(2, 4, 3)
    with pytest.raises(ValueError, match="strategy must be 'greedy' or 'beam_search'"):
        ops.ctc_decode(x, [4, 4], "best")
    with pytest.raises(ValueError, match=r"sequence_lengths must have shape \(2,\)"):
        ops.ctc_decode(x, [4])
    with pytest.raises(ValueError, match="top_paths must lie in"):
        ops.ctc_decode(x, [4, 4], "beam_search", beam_width=2, top_paths=3)
    with pytest.raises(ValueError, match="target must have shape"):
        ops.ctc_loss([1, 2], x, [1, 1], [4, 4])
    with pytest.raises(ValueError, match="target_length must have shape"):
        ops.ctc_loss([[1], [2]], x, [1], [4, 4])
