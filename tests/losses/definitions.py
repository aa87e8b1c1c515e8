"""What each loss is by its definition, in plain NumPy."""

from __future__ import annotations

from typing import Any

import numpy as np

Array = np.ndarray[Any, Any]
EPSILON = 1e-7


def softmax(x: Array, axis: int = -1) -> Array:
    e = np.exp(x - x.max(axis, keepdims=True))
    return e / e.sum(axis, keepdims=True)


def sigmoid(x: Array) -> Array:
    return 1 / (1 + np.exp(-x))


def clipped(p: Array) -> Array:
    return np.clip(p, EPSILON, 1 - EPSILON)


def huber(y: Array, p: Array, delta: float = 1.0) -> Array:
    e = np.abs(y - p)
    return np.where(e <= delta, e**2 / 2, delta * e - delta**2 / 2).mean(-1)


def binary_crossentropy(
    y: Array, p: Array, from_logits: bool = False, smoothing: float = 0
) -> Array:
    p = clipped(sigmoid(p) if from_logits else p)
    y = y * (1 - smoothing) + smoothing / 2
    return -(y * np.log(p) + (1 - y) * np.log(1 - p)).mean(-1)


def categorical_crossentropy(
    y: Array, p: Array, from_logits: bool = False, smoothing: float = 0, axis: int = -1
) -> Array:
    p = softmax(p, axis) if from_logits else p / p.sum(axis, keepdims=True)
    y = y * (1 - smoothing) + smoothing / p.shape[axis]
    return -(y * np.log(clipped(p))).sum(axis)


def cosine(y: Array, p: Array, axis: int = -1) -> Array:
    lengths = np.linalg.norm(y, axis=axis) * np.linalg.norm(p, axis=axis)
    return -(y * p).sum(axis) / lengths


def circle(y: Array, p: Array, gamma: float, margin: float, remove_diagonal: bool) -> Array:
    """Circle loss, pair by pair, in the paper's terms of similarities."""
    found = []
    for i in range(len(y)):
        positive, negative = [], []
        for j in range(len(y)):
            s = min(float(p[i] @ p[j]), 1.0)
            if y[i] != y[j]:
                weight = max(s + margin, 0.0)
                negative.append(gamma * weight * (s - margin))
            elif i != j or not remove_diagonal:
                weight = max(1 + margin - s, 0.0)
                positive.append(-gamma * weight * (s - (1 - margin)))
        total = sum(map(np.exp, positive)) * sum(map(np.exp, negative))
        found.append(np.log1p(total))
    return np.array(found)
