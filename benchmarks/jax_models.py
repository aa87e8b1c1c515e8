"""The models of the workloads in plain JAX: for each, its weights and what it computes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from benchmarks.workloads import BLOCKS, HEADS, LENGTH, TOKENS, WIDTH, Workload, dense_weights

Model = tuple[Any, Callable[[Any, Any], Any]]
ACTIVATIONS: dict[str | None, Callable[[Any], Any]] = {
    None: lambda x: x,
    "sigmoid": jax.nn.sigmoid,
    "relu": jax.nn.relu,
}


def dense(workload: Workload) -> Model:
    activation = ACTIVATIONS[workload.activation]

    def apply(weights: Any, x: Any) -> Any:
        for layer in weights[:-1]:
            x = activation(_affine(x, layer))
        return _affine(x, weights[-1])

    return workload.weights(), apply


def convolutional(workload: Workload) -> Model:
    rng = np.random.default_rng(1)
    first = rng.standard_normal((3, 3, 1, 32), np.float32) * np.float32(0.3)
    second = rng.standard_normal((3, 3, 32, 64), np.float32) * np.float32(0.06)
    biases = np.zeros(32, np.float32), np.zeros(64, np.float32)

    def convolve(x: Any, kernel: Any, bias: Any) -> Any:
        names = ("NHWC", "HWIO", "NHWC")
        y = jax.lax.conv_general_dilated(x, kernel, (1, 1), "VALID", dimension_numbers=names)
        y = jax.nn.relu(y + bias)
        window = (1, 2, 2, 1)
        return jax.lax.reduce_window(y, -jnp.inf, jax.lax.max, window, window, "VALID")

    def apply(weights: Any, x: Any) -> Any:
        x = convolve(convolve(x, *weights[0]), *weights[1])
        return _affine(x.reshape(x.shape[0], -1), weights[2])

    return [(first, biases[0]), (second, biases[1]), dense_weights(1600, 10)[0]], apply


def transformer(workload: Workload) -> Model:
    rng = np.random.default_rng(1)

    def block() -> dict[str, Any]:
        units = {"inputs": 3 * WIDTH, "output": WIDTH, "wide": 4 * WIDTH}
        layers: dict[str, Any] = {k: dense_weights(WIDTH, n)[0] for k, n in units.items()}
        layers["narrow"] = dense_weights(4 * WIDTH, WIDTH)[0]
        return {**layers, "before_attention": _norm_weights(), "before_dense": _norm_weights()}

    weights = {
        "tokens": rng.standard_normal((TOKENS, WIDTH), np.float32) * np.float32(0.02),
        "positions": rng.standard_normal((LENGTH, WIDTH), np.float32) * np.float32(0.02),
        "blocks": [block() for _ in range(BLOCKS)],
        "norm": _norm_weights(),
        "head": dense_weights(WIDTH, TOKENS)[0],
    }

    def apply(weights: Any, tokens: Any) -> Any:
        x = weights["tokens"][tokens] + weights["positions"]
        for block in weights["blocks"]:
            parts = _affine(_norm(x, block["before_attention"]), block["inputs"])
            x = x + _affine(_attention(parts), block["output"])
            inner = jax.nn.gelu(_affine(_norm(x, block["before_dense"]), block["wide"]))
            x = x + _affine(inner, block["narrow"])
        return _affine(_norm(x, weights["norm"]), weights["head"])

    return weights, apply


def recurrent(workload: Workload) -> Model:
    rng = np.random.default_rng(1)
    weights = {
        "input": rng.standard_normal((64, 512), np.float32) * np.float32(0.1),
        "state": rng.standard_normal((128, 512), np.float32) * np.float32(0.08),
        "bias": np.zeros(512, np.float32),
        "head": dense_weights(128, 10)[0],
    }

    def apply(weights: Any, x: Any) -> Any:
        def cell(carry: Any, now: Any) -> Any:
            hidden, memory = carry
            gates = now @ weights["input"] + hidden @ weights["state"] + weights["bias"]
            write, new, keep, show = jnp.split(gates, 4, -1)
            memory = jax.nn.sigmoid(keep) * memory + jax.nn.sigmoid(write) * jnp.tanh(new)
            return (jax.nn.sigmoid(show) * jnp.tanh(memory), memory), None

        zeros = jnp.zeros((x.shape[0], 128))
        (hidden, _), _ = jax.lax.scan(cell, (zeros, zeros), x.swapaxes(0, 1))
        return _affine(hidden, weights["head"])

    return weights, apply


MODELS: dict[str, Callable[[Workload], Model]] = {
    "linreg": dense,
    "boston": dense,
    "mlp": dense,
    "cnn": convolutional,
    "gpt": transformer,
    "lstm": recurrent,
}


def _affine(x: Any, layer: Any) -> Any:
    kernel, bias = layer
    return x @ kernel + bias


def _norm_weights() -> Any:
    return np.ones(WIDTH, np.float32), np.zeros(WIDTH, np.float32)


def _norm(x: Any, layer: Any) -> Any:
    gain, bias = layer
    centred = x - x.mean(-1, keepdims=True)
    variance = jnp.square(centred).mean(-1, keepdims=True)
    return centred * jax.lax.rsqrt(variance + 1e-5) * gain + bias


def _attention(parts: Any) -> Any:
    rows, length, _ = parts.shape
    heads = parts.reshape(rows, length, 3, HEADS, WIDTH // HEADS)
    query, key, value = heads.transpose(2, 0, 3, 1, 4)
    scores = query @ key.swapaxes(-1, -2) * (WIDTH // HEADS) ** -0.5
    seen = jnp.tril(jnp.ones((length, length), bool))
    mixed = jax.nn.softmax(jnp.where(seen, scores, -1e9)) @ value
    return mixed.swapaxes(1, 2).reshape(rows, length, WIDTH)
