"""Draws the pictures of `docs/learning-rates.md`: a range test, and the cycle made from it.

Run it as `python docs/images/make_learning_rate.py`; it needs matplotlib
(`pip install thalweg[viz]`).
"""

from pathlib import Path

import thalweg as tw
from thalweg.datasets import boston_housing

FOLDER = Path(__file__).parent
EPOCHS, BATCH = 40, 32


def main() -> None:
    """Search a rate for the Boston network, make a cycle of it, and write both pictures."""
    tw.set_random_seed(0)
    (x, y), _ = boston_housing.load_data(seed=0)
    normalize = tw.layers.Normalization()
    normalize.adapt(x)
    layers = [
        normalize,
        tw.layers.Dense(50, activation="relu"),
        tw.layers.Dense(50, activation="relu"),
        tw.layers.Dense(1),
    ]
    model = tw.Sequential([tw.Input((12,)), *layers], name="houses")
    model.compile(tw.optimizers.Adam(), "mse")
    found = tw.viz.find_learning_rate(model, x, y, batch_size=BATCH)
    found.save(FOLDER / "learning-rate.png", dpi=120)
    print(found.caption)

    steps_per_epoch = -(-len(x) // BATCH)
    cycle = tw.optimizers.schedules.OneCycle(found.numbers.suggestion, EPOCHS * steps_per_epoch)
    optimizer = tw.optimizers.Adam(cycle, beta_1=cycle.momentum())
    planned = tw.viz.plot_schedule(
        optimizer, EPOCHS * steps_per_epoch, steps_per_epoch=steps_per_epoch
    )
    planned.save(FOLDER / "one-cycle.png", dpi=120)
    print(planned.caption)


if __name__ == "__main__":
    main()
