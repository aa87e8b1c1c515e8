"""The training problems that every program here runs, and how it is timed and reported.

| workload | rows  | batch | units                    | optimizer | loss          |
|----------|-------|-------|--------------------------|-----------|---------------|
| linreg   | 20    | 20    | 1, 1                     | SGD 5e-4  | MAE           |
| boston   | 400   | 40    | 13, 50, 50, 1, sigmoid   | SGD 0.01  | MSE           |
| mlp      | 12800 | 128   | 784, 512, 512, 10, ReLU  | Adam 1e-3 | cross-entropy |

The data are random: only time is measured.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Workload:
    """A training problem.

    `sizes` are the units of the layers, the input first; `epochs` how many a timing takes.
    """

    name: str
    sizes: tuple[int, ...]
    activation: str | None
    optimizer: str
    learning_rate: float
    loss: str
    rows: int
    batch_size: int
    epochs: int

    @property
    def steps(self) -> int:
        """Batches in an epoch."""
        return self.rows // self.batch_size

    def data(self) -> tuple[np.ndarray, np.ndarray]:
        """Inputs, and targets: a column of numbers, or class labels."""
        rng = np.random.default_rng(0)
        x = rng.standard_normal((self.rows, self.sizes[0]), dtype=np.float32)
        if self.loss == "cross-entropy":
            return x, rng.integers(0, self.sizes[-1], self.rows).astype(np.int32)
        return x, rng.standard_normal((self.rows, 1), dtype=np.float32)

    def batches(self) -> list[tuple[np.ndarray, np.ndarray]]:
        """The data in batches, in order."""
        x, y = self.data()
        return list(zip(np.split(x, self.steps), np.split(y, self.steps), strict=True))

    def weights(self) -> list[tuple[np.ndarray, np.ndarray]]:
        """A kernel and a bias for each layer, for programs that have no layers."""
        rng = np.random.default_rng(1)
        return [
            (
                rng.standard_normal((n, m), dtype=np.float32) / np.float32(n**0.5),
                np.zeros(m, np.float32),
            )
            for n, m in zip(self.sizes, self.sizes[1:], strict=False)
        ]


WORKLOADS = (
    Workload("linreg", (1, 1), None, "sgd", 5e-4, "mae", 20, 20, 500),
    Workload("boston", (13, 50, 50, 1), "sigmoid", "sgd", 0.01, "mse", 400, 40, 50),
    Workload("mlp", (784, 512, 512, 10), "relu", "adam", 1e-3, "cross-entropy", 12800, 128, 1),
)

REPEATS = 3


def measure(implementation: str, prepare: Callable[[Workload], Callable[[int], None]]) -> None:
    """Time the workloads named on the command line (all by default), a JSON line for each.

    Args:
        implementation: what is measured, with its version.
        prepare: makes the model and returns a function that trains it for some epochs and comes
            back when the work is done. Its first call, for one epoch, is the warm-up; then the
            best of three timings counts.
    """
    for workload in WORKLOADS:
        if sys.argv[1:] and workload.name not in sys.argv[1:]:
            continue
        train = prepare(workload)
        warmup = _seconds(train, 1)
        best = min(_seconds(train, workload.epochs) for _ in range(REPEATS))
        result = {
            "impl": implementation,
            "workload": workload.name,
            "us_per_step": round(best / (workload.epochs * workload.steps) * 1e6, 2),
            "warmup_s": round(warmup, 3),
        }
        print(json.dumps(result), flush=True)


def _seconds(train: Callable[[int], None], epochs: int) -> float:
    start = time.perf_counter()
    train(epochs)
    return time.perf_counter() - start
