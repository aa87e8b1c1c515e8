"""Draws the pictures of `docs/backward-pass.md`: the chapter's example, and a deep network.

Run it as `python docs/images/make_backward_pass.py`; it needs matplotlib
(`pip install thalweg[viz]`).
"""

from pathlib import Path
from typing import Any

import thalweg as tw
from thalweg.datasets import boston_housing

FOLDER = Path(__file__).parent


def loss(v: Any, x: Any, y: Any) -> Any:
    """The loss of one sample of a line through the origin."""
    return tw.square(x * v - y)


def main() -> None:
    """Write both pictures, and print what they show."""
    chapter = tw.viz.backward_pass(loss, 0.0, 2.0, 5.0)
    chapter.save(FOLDER / "backward-pass.png", dpi=120)
    print(chapter.caption)

    tw.set_random_seed(0)
    (x, y), _ = boston_housing.load_data(seed=0)
    normalize = tw.layers.Normalization(name="normalize")
    normalize.adapt(x)
    names = ["first", "second", "third"]
    hidden = [tw.layers.Dense(8, activation="sigmoid", name=name) for name in names]
    output = tw.layers.Dense(1, name="output")
    model = tw.Sequential([tw.Input((12,)), normalize, *hidden, output])
    model.compile("sgd", "mse")
    network = tw.viz.backward_pass(model, x[:32], y[:32])
    network.save(FOLDER / "backward-pass-network.png", dpi=100)
    print(network.caption)


if __name__ == "__main__":
    main()
