"""JAX by hand: a whole step under `jax.jit`, called once for each batch."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
from workloads import Workload, measure

ACTIVATIONS = {None: lambda x: x, "sigmoid": jax.nn.sigmoid, "relu": jax.nn.relu}


def loss_of(workload: Workload, weights: Any, x: Any, y: Any) -> Any:
    for kernel, bias in weights[:-1]:
        x = ACTIVATIONS[workload.activation](x @ kernel + bias)
    output = x @ weights[-1][0] + weights[-1][1]
    if workload.loss == "mae":
        return jnp.abs(output - y).mean()
    if workload.loss == "mse":
        return jnp.square(output - y).mean()
    return -jnp.take_along_axis(jax.nn.log_softmax(output), y[:, None], axis=1).mean()


def sgd(rate: float, weight: Any, slope: Any, state: Any, count: Any) -> tuple[Any, Any]:
    return weight - rate * slope, state


def adam(rate: float, weight: Any, slope: Any, state: Any, count: Any) -> tuple[Any, Any]:
    m = 0.9 * state[0] + 0.1 * slope
    v = 0.999 * state[1] + 0.001 * slope**2
    scale = rate * jnp.sqrt(1 - 0.999**count) / (1 - 0.9**count)
    return weight - scale * m / (jnp.sqrt(v) + 1e-7), (m, v)


def prepare(workload: Workload) -> Callable[[int], None]:
    update = partial({"sgd": sgd, "adam": adam}[workload.optimizer], workload.learning_rate)

    @partial(jax.jit, donate_argnums=(0, 1))
    def step(leaves: Any, states: Any, count: Any, x: Any, y: Any) -> Any:
        def loss(leaves: Any) -> Any:
            return loss_of(workload, jax.tree.unflatten(structure, leaves), x, y)

        slopes = jax.grad(loss)(leaves)
        moved = [update(w, g, s, count) for w, g, s in zip(leaves, slopes, states, strict=True)]
        return [w for w, _ in moved], [s for _, s in moved], count + 1

    leaves, structure = jax.tree.flatten(jax.tree.map(jnp.array, workload.weights()))
    states = [(jnp.zeros_like(w), jnp.zeros_like(w)) for w in leaves]
    training = leaves, states, jnp.float32(1)
    batches = [(jnp.asarray(x), jnp.asarray(y)) for x, y in workload.batches()]

    def train(epochs: int) -> None:
        nonlocal training
        for _ in range(epochs):
            for x, y in batches:
                training = step(*training, x, y)
        jax.block_until_ready(training)

    return train


if __name__ == "__main__":
    measure(f"jax {jax.__version__}, jit", prepare)
