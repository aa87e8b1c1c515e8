"""Trains a linear model and a small network on Boston housing and measures how well they predict.

The experiment of section 2.3 in S. Cai, S. Bileschi, E. D. Nielsen and F. Chollet, "Deep Learning
with JavaScript" (Manning, 2020): the same data, models and settings.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from thalweg.callbacks import LambdaCallback
from thalweg.datasets import boston_housing
from thalweg.initializers import GlorotUniform, LecunNormal
from thalweg.layers import Dense, Input
from thalweg.models import Sequential
from thalweg.optimizers import SGD
from thalweg.random import set_random_seed

__all__ = ["Demo", "Errors", "FeatureWeight", "Progress", "Rows", "run_demo"]

BATCH_SIZE = 40
EPOCHS = 200
HIDDEN_LAYERS = 2
HIDDEN_UNITS = 50
LEARNING_RATE = 0.01
TRAIN_ROWS = 333
VALIDATION_SPLIT = 0.2

DOLLARS = 1000
"""Prices, and so absolute errors and weights, are in thousands of dollars."""

Array = NDArray[np.float32]

Progress = Callable[[str, int, float, float], None]
"""Called after each epoch with the model's name, the epoch counted from 1, the loss and the
validation loss."""


class Rows(NamedTuple):
    """How many districts each part of the data holds."""

    train: int
    validation: int
    test: int


class Errors(NamedTuple):
    """How far predictions are from the prices: mean squares, in (1,000 dollars)², and dollars."""

    train_mse: float
    validation_mse: float
    test_mse: float
    test_mae_dollars: float


class FeatureWeight(NamedTuple):
    """What the linear model learned of a feature.

    Attributes:
        name: the column.
        weight: by how many thousand dollars the predicted price changes when the feature grows by
            one standard deviation.
        deviation: that standard deviation, in the feature's own unit.
    """

    name: str
    weight: float
    deviation: float


class Demo(NamedTuple):
    """What one run of the demonstration found.

    Attributes:
        seed: the seed of the run.
        epochs: how many epochs each model was trained.
        rows: the sizes of the three parts.
        baseline: the errors of the guess that always is the mean price of the train rows.
        linear: the errors of a model without hidden layers.
        network: the errors of the network with two hidden layers.
        weights: the linear model's weights, the largest in absolute value first.
        validation_curve: the network's validation MSE after each epoch.
    """

    seed: int
    epochs: int
    rows: Rows
    baseline: Errors
    linear: Errors
    network: Errors
    weights: tuple[FeatureWeight, ...]
    validation_curve: tuple[float, ...]

    def as_dict(self) -> dict[str, Any]:
        """The numbers as JSON holds them, without the curve."""
        parts = ("rows", "baseline", "linear", "network")
        return {
            "dataset": "boston_housing",
            "seed": self.seed,
            "epochs": self.epochs,
            **{part: getattr(self, part)._asdict() for part in parts},
            "weights": [row._asdict() for row in self.weights],
        }


class _Data(NamedTuple):
    """Normalised rows; the validation rows are the last fifth of the train rows, as in `fit`."""

    x_train: Array
    y_train: Array
    x_test: Array
    y_test: Array
    fitted: int
    deviation: Array


def run_demo(seed: int = 0, epochs: int = EPOCHS, progress: Progress | None = None) -> Demo:
    """Train both models and measure them.

    The same seed gives the same numbers: it divides the rows, draws the initial weights and
    shuffles the batches.

    Args:
        seed: an integer from 0 to 2**32 - 1.
        epochs: how often each model sees the train rows.
        progress: called after each epoch.

    >>> from thalweg.demo import run_demo
    >>> demo = run_demo(seed=0, epochs=2)
    >>> demo.rows
    Rows(train=266, validation=67, test=173)
    """
    data = _load(seed)
    shape = data.x_train.shape[1:]
    linear = Sequential([Input(shape), last_layer(seed)], name="linear")
    hidden = hidden_layers(HIDDEN_LAYERS, seed)
    network = Sequential([Input(shape), *hidden, last_layer(seed)], name="network")
    _fit(linear, data, seed, epochs, progress)
    curve = _fit(network, data, seed, epochs, progress)
    kernel = linear.layers[0].get_weights()[0][:, 0]
    return Demo(
        seed=seed,
        epochs=epochs,
        rows=Rows(data.fitted, len(data.x_train) - data.fitted, len(data.x_test)),
        baseline=_errors(data, lambda x: np.full(len(x), data.y_train.mean())),
        linear=_errors(data, lambda x: linear.predict(x, verbose=0)[:, 0]),
        network=_errors(data, lambda x: network.predict(x, verbose=0)[:, 0]),
        weights=_ranked(kernel, data.deviation),
        validation_curve=tuple(curve),
    )


def hidden_layers(count: int, seed: int) -> list[Dense]:
    """The layers before the last one."""
    # Seeds of their own for the weights and for each fit: no number depends on what ran before.
    return [
        Dense(HIDDEN_UNITS, activation="sigmoid", kernel_initializer=LecunNormal(seed=seed + i))
        for i in range(count)
    ]


def last_layer(seed: int) -> Dense:
    """The layer that gives the price."""
    return Dense(1, kernel_initializer=GlorotUniform(seed=seed))


def divided_rows(seed: int) -> tuple[Array, Array]:
    """Features and prices as they are in the source: first the `TRAIN_ROWS`, then the test rows."""
    x, y = boston_housing.load_table()
    # The rows of the source in the order of NumPy's generator, 333 for training: the division of
    # the reference runs with seeds 0 to 3. `boston_housing.load_data` divides as Keras.
    order = np.random.default_rng(seed).permutation(len(x))
    return x[order], y[order]


def _load(seed: int) -> _Data:
    x, y = divided_rows(seed)
    # The test rows must not be known while the model is made: the statistics are those of the
    # train rows alone.
    mean, deviation = x[:TRAIN_ROWS].mean(axis=0), x[:TRAIN_ROWS].std(axis=0)
    x = (x - mean) / deviation
    return _Data(
        x_train=x[:TRAIN_ROWS],
        y_train=y[:TRAIN_ROWS],
        x_test=x[TRAIN_ROWS:],
        y_test=y[TRAIN_ROWS:],
        fitted=int(TRAIN_ROWS * (1 - VALIDATION_SPLIT)),
        deviation=deviation,
    )


def _fit(
    model: Sequential, data: _Data, seed: int, epochs: int, progress: Progress | None
) -> list[float]:
    """Train a model; the validation MSE after each epoch."""

    def on_epoch_end(epoch: int, logs: dict[str, Any]) -> None:
        if progress is not None:
            progress(model.name, epoch + 1, float(logs["loss"]), float(logs["val_loss"]))

    set_random_seed(seed)
    model.compile(optimizer=SGD(LEARNING_RATE), loss="mse")
    history = model.fit(
        data.x_train,
        data.y_train,
        batch_size=BATCH_SIZE,
        epochs=epochs,
        validation_split=VALIDATION_SPLIT,
        callbacks=[LambdaCallback(on_epoch_end=on_epoch_end)],
        verbose=0,
    )
    return [float(value) for value in history.history["val_loss"]]


def _errors(data: _Data, predict: Callable[[Array], NDArray[Any]]) -> Errors:
    def mse(x: Array, y: Array) -> float:
        return float(np.mean(np.square(predict(x) - y), dtype=np.float64))

    return Errors(
        train_mse=mse(data.x_train[: data.fitted], data.y_train[: data.fitted]),
        validation_mse=mse(data.x_train[data.fitted :], data.y_train[data.fitted :]),
        test_mse=mse(data.x_test, data.y_test),
        test_mae_dollars=DOLLARS
        * float(np.mean(np.abs(predict(data.x_test) - data.y_test), dtype=np.float64)),
    )


def _ranked(kernel: Array, deviation: Array) -> tuple[FeatureWeight, ...]:
    weights = [
        FeatureWeight(name, float(weight), float(spread))
        for name, weight, spread in zip(
            boston_housing.feature_names(), kernel, deviation, strict=True
        )
    ]
    return tuple(sorted(weights, key=lambda row: -abs(row.weight)))
