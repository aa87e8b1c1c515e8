"""NumPy by hand: forward and backward written out, with no library around them."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from workloads import Workload, measure

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


def slope_of_loss(workload: Workload, output: Array, y: Array) -> Array:
    """The derivative of the loss with respect to the output."""
    if workload.loss == "mae":
        return np.sign(output - y) / len(y)
    if workload.loss == "mse":
        return 2 * (output - y) / len(y)
    chances = np.exp(output - output.max(axis=1, keepdims=True))
    chances /= chances.sum(axis=1, keepdims=True)
    chances[np.arange(len(y)), y] -= 1
    return chances / len(y)


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


def prepare(workload: Workload) -> Callable[[int], None]:
    weights = workload.weights()
    moments = [[(np.zeros_like(w), np.zeros_like(w)) for w in pair] for pair in weights]
    batches = workload.batches()
    rate = np.float32(workload.learning_rate)
    count = 0

    def train(epochs: int) -> None:
        nonlocal count
        for _ in range(epochs):
            for x, y in batches:
                values = forward(workload, weights, x)
                slope = slope_of_loss(workload, values[-1], y)
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

    return train


if __name__ == "__main__":
    measure(f"numpy {np.__version__}, by hand", prepare)
