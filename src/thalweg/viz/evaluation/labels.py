"""What is true and what was predicted, as class numbers, scores and weights."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from thalweg.viz.charts.arguments import Floats, names_for, real_array

__all__ = ["Classes", "Scores", "classes_of", "scores_of", "weights_of"]

MOST_CLASSES = 2000


class Classes(NamedTuple):
    """Class numbers: int64 of shape `(n,)`, and a weight for each; a name for each class."""

    true: NDArray[np.int64]
    predicted: NDArray[np.int64]
    weights: Floats
    names: list[str]


class Scores(NamedTuple):
    """For each class that is told from the rest: whether it is true, and how sure the model is.

    `true` is bool of shape `(n, k)`, `scores` float64 of the same shape; two classes with one
    score make one column, that of class 1.
    """

    true: NDArray[np.bool_]
    scores: Floats
    weights: Floats
    names: list[str]


def classes_of(
    caller: str,
    y_true: Any,
    y_pred: Any,
    class_names: Sequence[Any] | None,
    sample_weight: Any = None,
) -> Classes:
    """Class numbers from class numbers, one-hot rows, probabilities or logits."""
    true = _flat(real_array(caller, "y_true", y_true, (1, 2)))
    predicted = _flat(real_array(caller, "y_pred", y_pred, (1, 2)))
    _same_length(caller, true, predicted)
    columns = [a.shape[1] for a in (true, predicted) if a.ndim == 2]
    if len(set(columns)) > 1:
        raise ValueError(
            f"{caller}: y_true has {columns[0]} classes in its rows, but y_pred has {columns[1]}."
        )
    truth, guess = _numbers(caller, "y_true", true), _numbers(caller, "y_pred", predicted)
    most = int(max(2, *columns, truth.max() + 1, guess.max() + 1))
    if class_names is not None:
        names = names_for(
            caller, "class_names", class_names, max(most, len(class_names)), "classes"
        )
    elif most > MOST_CLASSES:
        raise ValueError(
            f"{caller}: class numbers go up to {most - 1}, at most {MOST_CLASSES} classes can be "
            "shown."
        )
    else:
        names = [str(i) for i in range(most)]
    assert names is not None
    _distinct(caller, names)
    return Classes(truth, guess, weights_of(caller, sample_weight, len(true)), names)


def scores_of(
    caller: str,
    y_true: Any,
    y_pred: Any,
    class_names: Sequence[Any] | None,
    sample_weight: Any = None,
) -> Scores:
    """Each class against the rest: scores of two classes as one column, of k as k."""
    true = _flat(real_array(caller, "y_true", y_true, (1, 2)))
    scores = _flat(real_array(caller, "y_pred", y_pred, (1, 2)))
    _same_length(caller, true, scores)
    if np.isnan(scores).any():
        raise ValueError(
            f"{caller}: y_pred has {int(np.isnan(scores).sum())} NaN; the scores must be numbers."
        )
    if scores.ndim == 1:
        labels = true.argmax(1) if true.ndim == 2 else true
        if not np.isin(labels, (0, 1)).all() or (true.ndim == 2 and true.shape[1] != 2):
            raise ValueError(
                f"{caller}: y_pred has one score for each example, so y_true must be 0 or 1, got "
                "other values."
            )
        hot, scores = labels[:, None] == 1, scores[:, None]
        weights = weights_of(caller, sample_weight, len(true))
        both = names_for(caller, "class_names", class_names, 2, "classes") or ["0", "1"]
        return Scores(hot, scores, weights, both[1:])
    k = scores.shape[1]
    if true.ndim == 2:
        if true.shape[1] != k or not np.isin(true, (0, 1)).all():
            raise ValueError(
                f"{caller}: y_true must be class numbers, or rows of {k} zeros and ones as y_pred "
                f"has {k} scores for each example."
            )
        hot = true == 1
    else:
        labels = _numbers(caller, "y_true", true)
        if labels.max() >= k:
            raise ValueError(
                f"{caller}: y_true has class {labels.max()}, but y_pred has scores for {k} classes."
            )
        hot = labels[:, None] == np.arange(k)
    names = names_for(caller, "class_names", class_names, k, "classes")
    names = names or [str(i) for i in range(k)]
    _distinct(caller, names)
    weights = weights_of(caller, sample_weight, len(true))
    if k == 2 and true.ndim == 1:
        return Scores(hot[:, 1:], scores[:, 1:], weights, names[1:])
    return Scores(hot, scores, weights, names)


def weights_of(caller: str, sample_weight: Any, count: int) -> Floats:
    """A weight for each example; ones where none are given.

    Raises:
        ValueError: if they are not as many, or one is negative or not finite, or all are 0.
    """
    if sample_weight is None:
        return np.ones(count)
    weights = _flat(real_array(caller, "sample_weight", sample_weight, (1, 2)))
    if weights.shape != (count,):
        raise ValueError(
            f"{caller}: sample_weight must have one weight for each of the {count} examples, got "
            f"shape {weights.shape}."
        )
    if not (np.isfinite(weights).all() and (weights >= 0).all() and weights.any()):
        raise ValueError(f"{caller}: sample_weight must be finite, not negative, and not all 0.")
    return weights


def _flat(values: Floats) -> Floats:
    return values[:, 0] if values.ndim == 2 and values.shape[1] == 1 else values


def _same_length(caller: str, true: Floats, predicted: Floats) -> None:
    if len(true) != len(predicted):
        raise ValueError(
            f"{caller}: y_true has {len(true)} examples, but y_pred has {len(predicted)}."
        )


def _distinct(caller: str, names: list[str]) -> None:
    if len(set(names)) < len(names):
        raise ValueError(f"{caller}: class_names must be distinct, got {names}.")


def _numbers(caller: str, argument: str, values: Floats) -> NDArray[np.int64]:
    if np.isnan(values).any():
        raise ValueError(f"{caller}: {argument} has {int(np.isnan(values).sum())} NaN.")
    if values.ndim == 2:
        return values.argmax(1)
    whole = bool(np.all(values == np.round(values)) and np.isfinite(values).all())
    if not whole and values.min() >= 0 and values.max() <= 1:
        return (values > 0.5).astype(np.int64)
    if not whole or values.min() < 0:
        raise ValueError(
            f"{caller}: {argument} must be class numbers from 0, probabilities of class 1, or a "
            f"row of scores for each example; got numbers from {values.min():g} to "
            f"{values.max():g}."
        )
    return values.astype(np.int64)
