"""Draws the pictures of docs/gradient-health.md: a network while it trains, and as it then is.

Run it as `python docs/images/make_gradient_health.py`; it needs matplotlib
(`pip install thalweg[viz]`). Those of docs/examples/gradient_health.md come from
`python examples/gradient_health.py docs/images`.
"""

from pathlib import Path

import thalweg as tw
from thalweg.datasets import boston_housing

FOLDER = Path(__file__).parent
EPOCHS = 25


def main() -> None:
    """Train a network at a rate that kills units, and write both pictures."""
    (x, y), _ = boston_housing.load_data()
    x, y = (x - x.mean(axis=0)) / x.std(axis=0), (y - y.mean()) / y.std()
    tw.random.set_seed(3)
    hidden = [tw.layers.Dense(32, "relu", name=f"hidden_{i}") for i in range(1, 5)]
    model = tw.Sequential([tw.Input((12,)), *hidden, tw.layers.Dense(1, name="output")])
    model.compile(tw.optimizers.SGD(0.1, momentum=0.9), "mse")
    health = tw.callbacks.GradientHealth(x=x, y=y)
    model.fit(x, y, epochs=EPOCHS, verbose=0, callbacks=[health])
    for plot, name in (
        (health.plot(), "gradient-health-over-time.png"),
        (tw.viz.layer_health(model, x, y), "gradient-health-now.png"),
    ):
        plot.save(FOLDER / name, dpi=100)
        print(f"{name}: {plot.caption}")


if __name__ == "__main__":
    main()
