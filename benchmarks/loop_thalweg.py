"""Thalweg with a loop of the user's own: a step under `thalweg.function`, with a tape."""

from __future__ import annotations

from typing import Any

import thalweg as tw
from benchmarks import keras_api
from benchmarks.training import Training, loop
from benchmarks.workloads import Workload


def prepare(workload: Workload) -> Training:
    model, optimizer = keras_api.model(workload, tw), keras_api.optimizer(workload, tw)
    loss_of = tw.losses.get(keras_api.loss(workload, tw))

    @tw.function
    def step(x: Any, y: Any) -> Any:
        with tw.GradientTape() as tape:
            loss = tw.ops.mean(loss_of(y, model(x, training=True)))
        weights = model.trainable_variables
        optimizer.apply_gradients(zip(tape.gradient(loss, weights), weights, strict=True))
        return loss

    batches = [(tw.convert_to_tensor(x), tw.convert_to_tensor(y)) for x, y in workload.batches()]
    return loop(workload, batches, step)
