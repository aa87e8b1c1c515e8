"""Keras's `fit` on its JAX backend: the same calls as in `train_cpu.py`."""

from __future__ import annotations

import os
from collections.abc import Callable

os.environ.setdefault("KERAS_BACKEND", "jax")

import keras
from workloads import Workload, measure


def prepare(workload: Workload) -> Callable[[int], None]:
    *hidden, last = workload.sizes[1:]
    model = keras.Sequential(
        [
            keras.Input((workload.sizes[0],)),
            *(keras.layers.Dense(units, activation=workload.activation) for units in hidden),
            keras.layers.Dense(last),
        ]
    )
    optimizer = {"sgd": keras.optimizers.SGD, "adam": keras.optimizers.Adam}[workload.optimizer]
    loss = {
        "mae": "mean_absolute_error",
        "mse": "mean_squared_error",
        "cross-entropy": keras.losses.SparseCategoricalCrossentropy(from_logits=True),
    }[workload.loss]
    model.compile(optimizer=optimizer(workload.learning_rate), loss=loss)
    x, y = workload.data()

    def train(epochs: int) -> None:
        model.fit(x, y, batch_size=workload.batch_size, epochs=epochs, verbose=0)

    return train


if __name__ == "__main__":
    measure(f"keras {keras.__version__}, {keras.backend.backend()}", prepare)
