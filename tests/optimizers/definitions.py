"""Optimizers as their papers define them (in the form Keras gave them), in float64 NumPy.

Each function takes a start and gradients and returns the variable after each step.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np

Array = np.ndarray[Any, Any]
Steps = Iterable[Array]


def sgd(w: Array, gs: Steps, lr: float, momentum: float = 0, nesterov: bool = False) -> list[Array]:
    m, found = np.zeros_like(w), []
    for g in gs:
        m = momentum * m - lr * g
        w = w + (momentum * m - lr * g if nesterov else m)
        found.append(w)
    return found


def rmsprop(
    w: Array, gs: Steps, lr: float, rho: float, momentum: float, epsilon: float, centered: bool
) -> list[Array]:
    v, a, m, found = np.zeros_like(w), np.zeros_like(w), np.zeros_like(w), []
    for g in gs:
        v = rho * v + (1 - rho) * g * g
        a = rho * a + (1 - rho) * g
        m = momentum * m + lr * g / np.sqrt(v - (a * a if centered else 0) + epsilon)
        w = w - m
        found.append(w)
    return found


def adam(
    w: Array,
    gs: Steps,
    lr: float,
    b1: float,
    b2: float,
    epsilon: float,
    amsgrad: bool = False,
    decay: float = 0,
) -> list[Array]:
    m, v, largest, found = np.zeros_like(w), np.zeros_like(w), np.zeros_like(w), []
    for t, g in enumerate(gs, 1):
        w = w - lr * decay * w
        m = b1 * m + (1 - b1) * g
        v = b2 * v + (1 - b2) * g * g
        largest = np.maximum(largest, v)
        root = np.sqrt(largest if amsgrad else v)
        w = w - lr * np.sqrt(1 - b2**t) / (1 - b1**t) * m / (root + epsilon)
        found.append(w)
    return found


def adagrad(w: Array, gs: Steps, lr: float, start: float, epsilon: float) -> list[Array]:
    s, found = np.full_like(w, start), []
    for g in gs:
        s = s + g * g
        w = w - lr * g / np.sqrt(s + epsilon)
        found.append(w)
    return found


def adadelta(w: Array, gs: Steps, lr: float, rho: float, epsilon: float) -> list[Array]:
    squares, deltas, found = np.zeros_like(w), np.zeros_like(w), []
    for g in gs:
        squares = rho * squares + (1 - rho) * g * g
        d = -np.sqrt((deltas + epsilon) / (squares + epsilon)) * g
        deltas = rho * deltas + (1 - rho) * d * d
        w = w + lr * d
        found.append(w)
    return found


def adamax(w: Array, gs: Steps, lr: float, b1: float, b2: float, epsilon: float) -> list[Array]:
    m, u, found = np.zeros_like(w), np.zeros_like(w), []
    for t, g in enumerate(gs, 1):
        m = b1 * m + (1 - b1) * g
        u = np.maximum(b2 * u, np.abs(g))
        w = w - lr / (1 - b1**t) * m / (u + epsilon)
        found.append(w)
    return found


def nadam(w: Array, gs: Steps, lr: float, b1: float, b2: float, epsilon: float) -> list[Array]:
    m, v, product, found = np.zeros_like(w), np.zeros_like(w), 1.0, []
    for t, g in enumerate(gs, 1):
        mu = b1 * (1 - 0.5 * 0.96**t)
        next_mu = b1 * (1 - 0.5 * 0.96 ** (t + 1))
        product *= mu
        m = b1 * m + (1 - b1) * g
        v = b2 * v + (1 - b2) * g * g
        ahead = next_mu * m / (1 - product * next_mu) + (1 - mu) * g / (1 - product)
        w = w - lr * ahead / (np.sqrt(v / (1 - b2**t)) + epsilon)
        found.append(w)
    return found


def ftrl(
    w: Array, gs: Steps, lr: float, power: float, start: float, l1: float, l2: float, beta: float
) -> list[Array]:
    n, z, found = np.full_like(w, start), np.zeros_like(w), []
    for g in gs:
        sigma = ((n + g * g) ** -power - n**-power) / lr
        z = z + g - sigma * w
        n = n + g * g
        pull = np.where(np.abs(z) <= l1, 0.0, np.sign(z) * l1 - z)
        w = pull / ((beta + n**-power) / lr + 2 * l2)
        found.append(w)
    return found


def lion(w: Array, gs: Steps, lr: float, b1: float, b2: float) -> list[Array]:
    m, found = np.zeros_like(w), []
    for g in gs:
        w = w - lr * np.sign(b1 * m + (1 - b1) * g)
        m = b2 * m + (1 - b2) * g
        found.append(w)
    return found


def lamb(w: Array, gs: Steps, lr: float, b1: float, b2: float, epsilon: float) -> list[Array]:
    m, v, found = np.zeros_like(w), np.zeros_like(w), []
    for t, g in enumerate(gs, 1):
        m = b1 * m + (1 - b1) * g
        v = b2 * v + (1 - b2) * g * g
        u = m / (1 - b1**t) / (np.sqrt(v / (1 - b2**t)) + epsilon)
        w = w - lr * np.linalg.norm(w) / np.linalg.norm(u) * u
        found.append(w)
    return found


def adafactor(
    w: Array, gs: Steps, lr: float, decay: float, e1: float, e2: float, clip: float
) -> list[Array]:
    rows, columns, found = np.zeros(w.shape[0]), np.zeros(w.shape[1]), []
    for t, g in enumerate(gs, 1):
        b2 = 1 - t**decay
        rows = b2 * rows + (1 - b2) * (g * g + e1).mean(1)
        columns = b2 * columns + (1 - b2) * (g * g + e1).mean(0)
        u = g / np.sqrt(np.outer(rows, columns) / rows.mean())
        u = u / max(1.0, np.sqrt((u * u).mean()) / clip)
        w = w - max(e2, np.sqrt((w * w).mean())) * min(lr, t**-0.5) * u
        found.append(w)
    return found
