"""How long a loss surface takes: 100 x 100 points of a network for Boston housing.

Run it from the repository's root as

    python -m benchmarks.loss_surface [--points 100] [--json]

The network has two hidden layers of 50 units with sigmoids and sees 333 rows, as in the
demonstration. A line for each way to get the same numbers: `loss_surface` with its compilation and
without, everything but the drawing included; NumPy, point by point; the model's own layers,
operation by operation, and `evaluate`, both for some of the points and scaled up. Each surface is
computed a few times, and the best counts.
"""

from __future__ import annotations

import argparse
import json
import os
import tempfile
import time
from collections.abc import Callable
from typing import Any

# A cache of its own, so that the first run shows what compiling takes.
os.environ["THALWEG_CACHE_DIR"] = tempfile.mkdtemp(prefix="thalweg-surface-")

import numpy as np

import thalweg as tw
from thalweg.tracing.state import functionalize
from thalweg.viz.surface.compute import model_surface
from thalweg.viz.surface.numbers import LossSurface

ROWS, UNITS, ROUNDS = 333, 50, 3
Array = np.ndarray[Any, Any]


def main() -> None:
    parser = argparse.ArgumentParser(description="Times a loss surface.")
    parser.add_argument("--points", type=int, default=100, help="along each of the two axes")
    parser.add_argument("--json", action="store_true", help="one JSON object, in seconds")
    options = parser.parse_args()
    found = measure(options.points)
    if options.json:
        print(json.dumps(found))
        return
    print(f"{options.points} x {options.points} points, {ROWS} rows, {os.cpu_count()} processors")
    for name, seconds in found.items():
        print(f"{name:32} {seconds:9.3f} s")


def measure(points: int) -> dict[str, float]:
    """Seconds by the way."""
    model, x, y = boston()

    def surface(count: int = points) -> LossSurface:
        return model_surface(
            model,
            x,
            y,
            sample_weight=None,
            weights=None,
            directions="random",
            path=None,
            ranges=(-1, 1),
            points=count,
            metric="loss",
            unit="",
            training=False,
            batch_size=512,
            seed=0,
        )

    surface(3)  # what any first Program of a process needs, such as threads
    start = time.perf_counter()
    numbers = surface()
    found = {"loss_surface, first": time.perf_counter() - start}
    found["loss_surface, again"] = best(surface)
    found["the same with its picture"] = best(
        lambda: tw.viz.loss_surface(model, x, y, ranges=(-1, 1), points=points)
    )
    start = time.perf_counter()
    expected = by_numpy(model, numbers, x, y)
    found["NumPy, point by point"] = time.perf_counter() - start
    np.testing.assert_allclose(numbers.losses, expected, rtol=1e-4)
    some = max(1, points * points // 100)
    for name, way in (("layers, operation by operation", eagerly), ("evaluate", by_evaluate)):
        start = time.perf_counter()
        way(model, numbers, x, y, some)
        found[name] = (time.perf_counter() - start) * points * points / some
    return found


def boston() -> tuple[Any, Array, Array]:
    """The network and normalised rows."""
    (x, y), _ = tw.datasets.boston_housing.load_data()
    x = ((x - x.mean(axis=0)) / x.std(axis=0)).astype("float32")[:ROWS]
    y = np.asarray(y, "float32")[:ROWS].reshape(-1, 1)
    tw.set_random_seed(0)
    hidden = [tw.layers.Dense(UNITS, "sigmoid") for _ in range(2)]
    model = tw.Sequential([tw.Input(x.shape[1:]), *hidden, tw.layers.Dense(1)])
    model.compile(tw.optimizers.SGD(0.01), "mse")
    model.fit(x, y, batch_size=40, epochs=20, verbose=0)
    return model, x, y


def best(way: Callable[[], Any]) -> float:
    """Seconds of the fastest of a few runs."""
    seconds = []
    for _ in range(ROUNDS):
        start = time.perf_counter()
        way()
        seconds.append(time.perf_counter() - start)
    return min(seconds)


def moved(model: Any, surface: LossSurface, number: int) -> list[Array]:
    """The weights of a point of the grid."""
    row, column = divmod(number, len(surface.axes[0]))
    a, b = surface.axes[0][column], surface.axes[1][row]
    one, other = surface.directions
    parts = zip(model.get_weights(), one, other, strict=True)
    return [(w + a * p + b * q).astype(np.float32) for w, p, q in parts]


def by_numpy(model: Any, surface: LossSurface, x: Array, y: Array) -> Array:
    """The surface as one writes it by hand, on all threads of NumPy's BLAS."""
    found = np.empty(surface.losses.size)
    for k in range(found.size):
        kernel, bias, second, more, last, end = moved(model, surface, k)
        h = 1 / (1 + np.exp(-(x @ kernel + bias)))
        h = 1 / (1 + np.exp(-(h @ second + more)))
        found[k] = np.mean(np.square(h @ last + end - y))
    return found.reshape(surface.losses.shape)


def eagerly(model: Any, surface: LossSurface, x: Array, y: Array, count: int) -> None:
    """The layers and the loss without compiling."""
    pure = functionalize(
        lambda: tw.ops.mean(tw.ops.square(model(x) - y)), model.trainable_variables
    )
    for k in range(count):
        pure([tw.constant(w) for w in moved(model, surface, k)])


def by_evaluate(model: Any, surface: LossSurface, x: Array, y: Array, count: int) -> None:
    """What one does with a library that knows no surfaces."""
    before = model.get_weights()
    for k in range(count):
        model.set_weights(moved(model, surface, k))
        model.evaluate(x, y, batch_size=len(x), verbose=0)
    model.set_weights(before)


if __name__ == "__main__":
    main()
