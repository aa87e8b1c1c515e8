"""The training problems that every program here runs: their data and their floating-point work.

| workload | rows  | batch | model                                             | optimizer | loss |
|----------|-------|-------|---------------------------------------------------|-----------|------|
| linreg   | 20    | 20    | Dense 1, 1                                        | SGD 5e-4  | MAE  |
| boston   | 400   | 40    | Dense 13, 50, 50, 1, sigmoid                      | SGD 0.01  | MSE  |
| mlp      | 12800 | 128   | Dense 784, 512, 512, 10, ReLU                     | Adam      | CE   |
| cnn      | 2560  | 128   | 28x28, Conv 3x3 32, pool 2, Conv 64, pool, Dense  | Adam      | CE   |
| gpt      | 80    | 16    | 4 blocks of width 128, 4 heads, 128 of 65 tokens  | AdamW     | CE   |
| lstm     | 640   | 32    | 50 x 64, LSTM 128, Dense 10                       | Adam      | CE   |

Adam and AdamW have a rate of 1e-3, CE is the cross-entropy of logits. The data are random: only
time and memory are measured.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np


@dataclass(frozen=True)
class Product:
    """Matrix products of a step, or a convolution seen as one: rows x columns x summed.

    Attributes:
        into_inputs: whether the gradient of the left operand is needed, which is not so for data.
        times: how many of them there are.
    """

    rows: int
    columns: int
    summed: int
    into_inputs: bool = True
    times: int = 1

    @property
    def flops(self) -> int:
        """Operations forward and backward, where each of the two gradients costs what it does."""
        directions = 3 if self.into_inputs else 2
        return directions * 2 * self.rows * self.columns * self.summed * self.times


@dataclass(frozen=True)
class Workload:
    """A training problem.

    Attributes:
        name: as above.
        rows: of data.
        batch_size: rows in a step.
        epochs: in one call of `fit`.
        steps: in one block of a loop's steps.
        shape: of one row.
        loss: "mae", "mse" or "cross-entropy".
        optimizer: "sgd", "adam" or "adamw".
        learning_rate: of the optimizer.
        products: what is multiplied in a step.
        classes: the numbers that labels are of; 0 where targets are real numbers.
        tokens: the numbers that inputs are of; 0 where inputs are real numbers.
        units: of dense layers, the input first, where the model has no others.
        activation: of dense layers but the last.
    """

    name: str
    rows: int
    batch_size: int
    epochs: int
    steps: int
    shape: tuple[int, ...]
    loss: str
    optimizer: str
    learning_rate: float
    products: tuple[Product, ...]
    classes: int = 0
    tokens: int = 0
    units: tuple[int, ...] = ()
    activation: str | None = None

    @property
    def steps_of_epoch(self) -> int:
        """Batches in the data."""
        return self.rows // self.batch_size

    @property
    def flops(self) -> int:
        """Operations of the matrix products and convolutions of a step, forward and backward."""
        return sum(product.flops for product in self.products)

    def data(self) -> tuple[np.ndarray, np.ndarray]:
        """Inputs, and targets: a column of numbers, or a label for each row (or token)."""
        rng = np.random.default_rng(0)
        if self.tokens:
            x = rng.integers(0, self.tokens, (self.rows, *self.shape), np.int32)
            return x, rng.integers(0, self.classes, x.shape, np.int32)
        x = rng.standard_normal((self.rows, *self.shape), np.float32)
        if self.classes:
            return x, rng.integers(0, self.classes, self.rows, np.int32)
        return x, rng.standard_normal((self.rows, 1), np.float32)

    def batches(self) -> list[tuple[np.ndarray, np.ndarray]]:
        """The data in batches, in order; parts of the same memory."""
        x, y = self.data()
        count = self.steps_of_epoch
        return list(zip(np.split(x, count), np.split(y, count), strict=True))

    def weights(self) -> list[tuple[np.ndarray, np.ndarray]]:
        """A kernel and a bias for each dense layer, for programs that have no layers."""
        return dense_weights(*self.units)


def dense_weights(*units: int) -> list[tuple[np.ndarray, np.ndarray]]:
    """A kernel and a bias for each of some dense layers, the units of the input first."""
    rng = np.random.default_rng(1)
    return [
        (rng.standard_normal((n, m), np.float32) / np.float32(n**0.5), np.zeros(m, np.float32))
        for n, m in pairwise(units)
    ]


def dense_products(batch: int, *units: int) -> tuple[Product, ...]:
    """What dense layers on data multiply, the units of the input first."""
    return tuple(
        Product(batch, m, n, into_inputs=place > 0) for place, (n, m) in enumerate(pairwise(units))
    )


# The transformer of gpt.
TOKENS, LENGTH, WIDTH, HEADS, BLOCKS = 65, 128, 128, 4, 4


def gpt_products(batch: int) -> tuple[Product, ...]:
    """What the transformer multiplies; of attention only what the causal mask leaves."""
    rows = batch * LENGTH
    seen = LENGTH * (LENGTH + 1) // 2
    return (
        *(Product(rows, n, WIDTH, times=BLOCKS) for n in (3 * WIDTH, WIDTH, 4 * WIDTH)),
        Product(rows, WIDTH, 4 * WIDTH, times=BLOCKS),
        # Queries with keys, and chances with values.
        Product(seen, 1, WIDTH // HEADS, times=2 * batch * HEADS * BLOCKS),
        Product(rows, TOKENS, WIDTH),
    )


WORKLOADS = {
    workload.name: workload
    for workload in (
        Workload(
            name="linreg",
            rows=20,
            batch_size=20,
            epochs=200,
            steps=1000,
            shape=(1,),
            loss="mae",
            optimizer="sgd",
            learning_rate=5e-4,
            products=dense_products(20, 1, 1),
            units=(1, 1),
        ),
        Workload(
            name="boston",
            rows=400,
            batch_size=40,
            epochs=20,
            steps=1000,
            shape=(13,),
            loss="mse",
            optimizer="sgd",
            learning_rate=0.01,
            products=dense_products(40, 13, 50, 50, 1),
            units=(13, 50, 50, 1),
            activation="sigmoid",
        ),
        Workload(
            name="mlp",
            rows=12800,
            batch_size=128,
            epochs=1,
            steps=100,
            shape=(784,),
            loss="cross-entropy",
            optimizer="adam",
            learning_rate=1e-3,
            products=dense_products(128, 784, 512, 512, 10),
            classes=10,
            units=(784, 512, 512, 10),
            activation="relu",
        ),
        Workload(
            name="cnn",
            rows=2560,
            batch_size=128,
            epochs=1,
            steps=20,
            shape=(28, 28, 1),
            loss="cross-entropy",
            optimizer="adam",
            learning_rate=1e-3,
            products=(
                Product(128 * 26 * 26, 32, 3 * 3 * 1, into_inputs=False),
                Product(128 * 11 * 11, 64, 3 * 3 * 32),
                Product(128, 10, 5 * 5 * 64),
            ),
            classes=10,
        ),
        Workload(
            name="gpt",
            rows=80,
            batch_size=16,
            epochs=1,
            steps=5,
            shape=(LENGTH,),
            loss="cross-entropy",
            optimizer="adamw",
            learning_rate=1e-3,
            products=gpt_products(16),
            classes=TOKENS,
            tokens=TOKENS,
        ),
        Workload(
            name="lstm",
            rows=640,
            batch_size=32,
            epochs=1,
            steps=20,
            shape=(50, 64),
            loss="cross-entropy",
            optimizer="adam",
            learning_rate=1e-3,
            products=(
                Product(32 * 50, 4 * 128, 64, into_inputs=False),
                Product(32 * 50, 4 * 128, 128),
                Product(32, 10, 128),
            ),
            classes=10,
        ),
    )
}
