"""JAX with optax: a step under `jax.jit` for each batch, or `lax.scan` over the steps of epochs."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import optax

from benchmarks.jax_models import MODELS
from benchmarks.training import Training, loop
from benchmarks.workloads import Workload

OPTIMIZERS = {"sgd": optax.sgd, "adam": optax.adam, "adamw": optax.adamw}
LOSSES: dict[str, Callable[..., Any]] = {
    "mae": lambda output, y: jnp.abs(output - y).mean(),
    "mse": lambda output, y: jnp.square(output - y).mean(),
    "cross-entropy": lambda output, y: optax.softmax_cross_entropy_with_integer_labels(
        output, y
    ).mean(),
}


def prepare(workload: Workload, scan: bool) -> Training:
    weights, apply = MODELS[workload.name](workload)
    optimizer = OPTIMIZERS[workload.optimizer](workload.learning_rate)
    loss_of = LOSSES[workload.loss]

    def step(state: Any, batch: Any) -> Any:
        x, y = batch
        weights, moments = state
        loss, slopes = jax.value_and_grad(lambda w: loss_of(apply(w, x), y))(weights)
        changes, moments = optimizer.update(slopes, moments, weights)
        return (optax.apply_updates(weights, changes), moments), loss

    state = jax.tree.map(jnp.array, (weights, optimizer.init(weights)))
    return (_scanned if scan else _stepwise)(workload, state, step)


def _stepwise(workload: Workload, state: Any, step: Callable[..., Any]) -> Training:
    jitted = jax.jit(step, donate_argnums=0)

    def one(*batch: Any) -> Any:
        nonlocal state
        state, loss = jitted(state, batch)
        return loss

    return loop(workload, [(jnp.array(x), jnp.array(y)) for x, y in workload.batches()], one)


def _scanned(workload: Workload, state: Any, step: Callable[..., Any]) -> Training:
    length = workload.steps_of_epoch
    parts = [a.reshape(length, -1, *a.shape[1:]) for a in workload.data()]
    batches = tuple(map(jnp.array, parts))
    del parts
    epochs = max(1, workload.steps // length)

    @partial(jax.jit, donate_argnums=0)
    def several(state: Any, batches: Any) -> Any:
        def epoch(state: Any, _: None) -> Any:
            return jax.lax.scan(step, state, batches)

        state, losses = jax.lax.scan(epoch, state, None, length=epochs)
        return state, losses[-1, -1]

    def train(steps: int) -> float:
        nonlocal state
        state, loss = several(state, batches)
        return float(loss)

    return Training(train, epochs * length, epochs * length)
