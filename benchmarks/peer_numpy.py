"""NumPy by hand: forward and backward written out, with no library around them."""

from __future__ import annotations

from typing import Any

import numpy as np

from benchmarks.training import Training, loop
from benchmarks.workloads import Workload

Array = np.ndarray


def forward(workload: Workload, weights: list[tuple[Array, Array]], x: Array) -> list[Array]:
    """The input of each layer, and the output of the last."""
    values = [x]
    for kernel, bias in weights[:-1]:
        x = x @ kernel + bias
        x = 1 / (1 + np.exp(-x)) if workload.activation == "sigmoid" else np.maximum(x, 0)
        values.append(x)
    kernel, bias = weights[-1]
    return [*values, x @ kernel + bias]


def backward(
    workload: Workload, weights: list[tuple[Array, Array]], values: list[Array], slope: Array
) -> list[tuple[Array, Array]]:
    """The derivatives with respect to each kernel and bias."""
    found = []
    for place in reversed(range(len(weights))):
        x = values[place]
        found.append((x.T @ slope, slope.sum(axis=0)))
        if place:
            slope = slope @ weights[place][0].T
            slope = slope * (x * (1 - x) if workload.activation == "sigmoid" else x > 0)
    return found[::-1]


def loss_of(workload: Workload, output: Array, y: Array) -> Any:
    """The loss, and its derivative with respect to the output."""
    if workload.loss == "mae":
        return np.abs(output - y).mean(), np.sign(output - y) / len(y)
    if workload.loss == "mse":
        return np.square(output - y).mean(), 2 * (output - y) / len(y)
    chances = np.exp(output - output.max(axis=1, keepdims=True))
    chances /= chances.sum(axis=1, keepdims=True)
    rows = np.arange(len(y))
    loss = -np.log(chances[rows, y]).mean()
    chances[rows, y] -= 1
    return loss, chances / len(y)


def prepare(workload: Workload) -> Training:
    weights = workload.weights()
    moments = [[(np.zeros_like(w), np.zeros_like(w)) for w in pair] for pair in weights]
    rate = np.float32(workload.learning_rate)
    count = 0

    def step(x: Array, y: Array) -> Any:
        nonlocal count
        values = forward(workload, weights, x)
        loss, slope = loss_of(workload, values[-1], y)
        slopes = backward(workload, weights, values, slope)
        count += 1
        scale = rate * np.float32((1 - 0.999**count) ** 0.5 / (1 - 0.9**count))
        for pair, gradients, states in zip(weights, slopes, moments, strict=True):
            for w, g, (m, v) in zip(pair, gradients, states, strict=True):
                if workload.optimizer == "sgd":
                    w -= rate * g
                else:
                    m += np.float32(0.1) * (g - m)
                    v += np.float32(0.001) * (g * g - v)
                    w -= scale * m / (np.sqrt(v) + np.float32(1e-7))
        return loss

    return loop(workload, workload.batches(), step)
