"""Thalweg's `fit`, the way a user runs it: a JSON line for each workload.

Run it as `python benchmarks/train_cpu.py [WORKLOAD...]`.
"""

from __future__ import annotations

from collections.abc import Callable

from workloads import Workload, measure

import thalweg as tw


def prepare(workload: Workload) -> Callable[[int], None]:
    *hidden, last = workload.sizes[1:]
    model = tw.Sequential(
        [
            tw.Input((workload.sizes[0],)),
            *(tw.layers.Dense(units, activation=workload.activation) for units in hidden),
            tw.layers.Dense(last),
        ]
    )
    optimizer = {"sgd": tw.optimizers.SGD, "adam": tw.optimizers.Adam}[workload.optimizer]
    loss = {
        "mae": "mean_absolute_error",
        "mse": "mean_squared_error",
        "cross-entropy": tw.losses.SparseCategoricalCrossentropy(from_logits=True),
    }[workload.loss]
    model.compile(optimizer=optimizer(workload.learning_rate), loss=loss)
    x, y = workload.data()

    def train(epochs: int) -> None:
        model.fit(x, y, batch_size=workload.batch_size, epochs=epochs, verbose=0)

    return train


if __name__ == "__main__":
    measure(f"thalweg {tw.__version__}, eager", prepare)
