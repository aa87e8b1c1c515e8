"""Draws the pictures of `docs/loss-surface.md`.

Run it as `python docs/images/make_loss_surface.py`; it needs matplotlib
(`pip install thalweg[viz]`).
"""

from pathlib import Path

import numpy as np

import thalweg as tw
from thalweg.datasets import boston_housing

FOLDER = Path(__file__).parent
WEIGHTS = ("kernel", "bias")


def line() -> None:
    """A line through 40 points: its bowl, one of its weights, and three optimizers."""
    random = np.random.default_rng(0)
    x = random.normal(size=(40, 1))
    y = 2 * x - 0.5 + 0.3 * random.normal(size=(40, 1))
    model = tw.Sequential([tw.Input((1,)), tw.layers.Dense(1)])
    model.compile(tw.optimizers.SGD(0.03), "mse")
    model.set_weights([np.full((1, 1), -1.0), np.full(1, 1.0)])

    slope = tw.viz.loss_surface(model, x, y, weights="kernel")
    slope.save(FOLDER / "loss-surface-slope.png", dpi=100)
    print(slope.caption)

    optimizers = {
        "SGD": tw.optimizers.SGD(0.05),
        "momentum": tw.optimizers.SGD(0.05, momentum=0.8),
        "Adam": tw.optimizers.Adam(0.3),
    }
    tw.set_random_seed(0)
    several = tw.viz.compare_optimizers(model, x, y, optimizers, 8, weights=WEIGHTS, every=1)
    several.save(FOLDER / "loss-surface-optimizers.png", dpi=100)
    print(several.caption)

    recorder = tw.callbacks.PathRecorder(WEIGHTS, every=1)
    tw.set_random_seed(0)
    model.fit(x, y, batch_size=8, epochs=8, verbose=0, callbacks=[recorder])
    bowl = tw.viz.loss_surface(model, x, y, weights=WEIGHTS, path=recorder, kind="both")
    bowl.save(FOLDER / "loss-surface-bowl.png", dpi=100)
    print(bowl.caption)


def network() -> None:
    """The network of the demonstration, along the main directions of its training."""
    (x, y), _ = boston_housing.load_data(seed=0)
    x = (x - x.mean(axis=0)) / x.std(axis=0)
    tw.set_random_seed(0)
    hidden = [tw.layers.Dense(50, "sigmoid") for _ in range(2)]
    model = tw.Sequential([tw.Input((12,)), *hidden, tw.layers.Dense(1)])
    model.compile(tw.optimizers.SGD(0.01), "mse")
    recorder = tw.callbacks.PathRecorder()
    model.fit(x, y, batch_size=40, epochs=60, verbose=0, callbacks=[recorder])
    unit = "(1,000 $)²"
    walked = tw.viz.loss_surface(
        model, x, y, directions="path", path=recorder, kind="both", unit=unit
    )
    walked.save(FOLDER / "loss-surface-path.png", dpi=100)
    print(walked.caption)
    around = tw.viz.loss_surface(model, x, y, kind="both", unit=unit)
    around.save(FOLDER / "loss-surface-random.png", dpi=100)
    print(around.caption)


if __name__ == "__main__":
    line()
    network()
