"""Weights of classes, turned into weights of samples."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from thalweg import config
from thalweg.tensor.tree import flatten, is_nested

__all__ = ["check_class_weight", "check_known_classes", "class_weight_to_sample_weights"]


def check_class_weight(class_weight: Any) -> None:
    """Raise `ValueError` unless it is a dict from class numbers to weights."""
    if class_weight is None:
        return
    if not isinstance(class_weight, dict):
        raise ValueError(
            "class_weight must be a dict from class numbers to weights, got "
            f"{type(class_weight).__name__}."
        )
    for key, weight in class_weight.items():
        if isinstance(key, bool) or not isinstance(key, (int, np.integer)) or key < 0:
            raise ValueError(f"class_weight: a class must be a number from 0 on, got {key!r}.")
        if not isinstance(weight, (int, float, np.number)) or not 0 <= weight < math.inf:
            raise ValueError(
                f"class_weight: the weight of class {key} must be a finite number that is not "
                f"negative, got {weight!r}."
            )


def check_known_classes(class_weight: dict[int, float], outputs: Any) -> None:
    """Raise `ValueError` for a class that the model's output does not have.

    Args:
        class_weight: from class numbers to weights.
        outputs: the outputs of the model; anything with shapes will do.
    """
    leaves = [leaf for leaf in flatten(outputs) if leaf is not None]
    if len(leaves) != 1 or not leaves[0].shape:
        return
    classes = max(leaves[0].shape[-1], 2)  # one sigmoid output tells two classes apart
    for number in class_weight:
        if number >= classes:
            raise ValueError(
                f"class_weight names class {number}, but the model's output has {classes} classes "
                f"(0 to {classes - 1})."
            )


def class_weight_to_sample_weights(y: Any, class_weight: dict[int, float]) -> Any:
    """The weight of each sample's class; 1 for classes that `class_weight` leaves out.

    Args:
        y: class numbers of shape (samples,) or (samples, 1), or one-hot rows (samples, classes).
        class_weight: from class numbers to weights.
    """
    if y is None:
        raise ValueError("class_weight needs targets y to know the classes of the samples.")
    leaves = flatten(y)
    if is_nested(y) and len(leaves) != 1:
        raise ValueError(
            f"class_weight works for one target, got {len(leaves)}; use sample_weight instead."
        )
    labels = np.asarray(leaves[0])
    if labels.ndim > 2:
        raise ValueError(
            "class_weight needs one class for each sample, got targets of shape "
            f"{labels.shape}; use sample_weight instead."
        )
    if labels.ndim == 2:
        labels = labels[:, 0] if labels.shape[1] == 1 else np.argmax(labels, axis=1)
    labels = np.round(labels).astype(np.int64)
    weights = np.ones(labels.shape, config.floatx())
    for number, weight in class_weight.items():
        weights[labels == number] = weight
    return weights
