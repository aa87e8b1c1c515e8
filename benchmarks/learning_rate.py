"""How good the suggestion of `find_learning_rate` is.

    THALWEG_DATA=FOLDER python -m benchmarks.learning_rate [--network convnet]

For each optimizer: the best constant rate of a sweep, judged by the test loss after a short
training; the suggestion and how far it is from that; and what 1cycle with the suggestion as its
highest rate reaches. `convnet` is that of `examples/mnist.py`, `mlp` has two hidden layers for the
same digits, `boston` has two hidden layers for the prices of houses.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

import thalweg as tw
from examples.mnist import make
from thalweg.datasets import boston_housing, mnist

# Four rates in each power of ten.
SWEEP = (10 ** np.arange(-3.5, 0.01, 0.25)).tolist()
# From a rate and a momentum, which two of them do without.
OPTIMIZERS: dict[str, Callable[[Any, Any], Any]] = {
    "momentum": tw.optimizers.SGD,
    "adam": tw.optimizers.Adam,
    "rmsprop": lambda rate, _: tw.optimizers.RMSprop(rate),
    "sgd": lambda rate, _: tw.optimizers.SGD(rate),
}


@dataclass(frozen=True)
class Task:
    """A network with its data.

    Attributes:
        make: makes it, not compiled.
        loss, metrics, batch: for `compile` and `fit`.
        short, long: epochs of the trainings of the sweep, and of the cycle.
        train, test: x and y.
    """

    make: Callable[[], Any]
    loss: str
    metrics: list[str]
    batch: int
    short: int
    long: int
    train: tuple[Any, Any]
    test: tuple[Any, Any]

    def compiled(self, optimizer: Any, seed: int) -> Any:
        """A network with the weights of this seed."""
        tw.set_random_seed(seed)
        model = self.make()
        model.compile(optimizer, self.loss, metrics=self.metrics)
        return model

    def reached(self, optimizer: Any, seed: int, epochs: int) -> tuple[float, float]:
        """The loss and the metric on the test data after a training."""
        model = self.compiled(optimizer, seed)
        model.fit(*self.train, batch_size=self.batch, epochs=epochs, verbose=0)
        loss, metric = model.evaluate(*self.test, batch_size=1000, verbose=0)
        return loss, metric


def dense(inputs: list[Any], units: list[int], activation: str) -> Any:
    """A network with two hidden layers."""
    *hidden, last = units
    layers = [tw.layers.Dense(n, activation="relu") for n in hidden]
    return tw.Sequential([*inputs, *layers, tw.layers.Dense(last, activation=activation)])


def task(name: str) -> Task:
    """`convnet`, `mlp` or `boston`."""
    if name == "boston":
        train, test = boston_housing.load_data(seed=0)
        normalize = tw.layers.Normalization()
        normalize.adapt(train[0])
        inputs = [tw.Input((train[0].shape[1],)), normalize]
        network = partial(dense, inputs, [50, 50, 1], "linear")
        return Task(network, "mse", ["mae"], 32, 30, 40, train, test)
    (x, y), (x_test, y_test) = mnist.load_data()
    digits = (x[..., None], y), (x_test[..., None], y_test)
    image = [tw.Input((28, 28, 1)), tw.layers.Rescaling(1 / 255), tw.layers.Flatten()]
    network = make if name == "convnet" else partial(dense, image, [128, 64, 10], "softmax")
    loss = "sparse_categorical_crossentropy"
    return Task(network, loss, ["accuracy"], 64, 1, 2, *digits)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--network", default="convnet", choices=["convnet", "mlp", "boston"])
    parser.add_argument("--optimizers", nargs="*", default=["momentum", "adam"])
    parser.add_argument("--seeds", type=int, default=2, help="trainings that are averaged")
    options = parser.parse_args()
    work = task(options.network)
    metric = work.metrics[0]
    steps = work.long * -(-len(work.train[0]) // work.batch)
    for name in options.optimizers:
        made = OPTIMIZERS[name]
        print(f"\n{options.network}, {name}\n  rate     test loss  {metric}")
        losses = []
        for rate in SWEEP:
            found = [
                work.reached(made(rate, 0.9), seed, work.short) for seed in range(options.seeds)
            ]
            loss, value = np.mean(found, axis=0)
            losses.append(loss)
            print(f"  {rate:<8.2g} {loss:<10.4f} {value:.4f}", flush=True)
        best = SWEEP[int(np.nanargmin(losses))]
        for seed in range(options.seeds):
            model = work.compiled(made(0.01, 0.9), seed)
            begin = time.perf_counter()
            plot = tw.viz.find_learning_rate(model, *work.train, batch_size=work.batch, verbose=0)
            seconds = time.perf_counter() - begin
            rate = plot.numbers.suggestion
            cycle = tw.optimizers.schedules.OneCycle(rate, steps)
            loss, value = work.reached(made(cycle, cycle.momentum()), seed, work.long)
            print(
                f"  suggested {rate:.2g} ({len(plot.numbers.rates)} steps, {seconds:.1f} s): "
                f"{rate / best:.2f} of the best, {best:.2g}; 1cycle with it reaches in "
                f"{work.long} epochs: test loss {loss:.4f}, {metric} {value:.4f}",
                flush=True,
            )


if __name__ == "__main__":
    main()
