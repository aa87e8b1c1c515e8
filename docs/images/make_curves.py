"""Draws the training curves of the documentation: three optimizers, and a terminal.

Run it as `python docs/images/make_curves.py`.
"""

import io
import re
from pathlib import Path

from rich.console import Console

import thalweg as tw
from thalweg.datasets import boston_housing
from thalweg.viz.curves.live_terminal import chart_texts
from thalweg.viz.curves.reading import read_curves
from thalweg.viz.curves.sentence import describe

FOLDER = Path(__file__).parent


def fitted(optimizer, epochs=150):
    """A network for Boston housing after its training."""
    tw.set_random_seed(0)
    (x, y), _ = boston_housing.load_data(seed=0)
    normalize = tw.layers.Normalization()
    normalize.adapt(x)
    model = tw.Sequential([tw.Input((12,)), normalize])
    model.add(tw.layers.Dense(50, activation="relu"))
    model.add(tw.layers.Dense(50, activation="relu"))
    model.add(tw.layers.Dense(1))
    model.compile(optimizer, "mse", metrics=["mae"])
    return model.fit(x, y, epochs=epochs, validation_split=0.2, verbose=0)


def main() -> None:
    """Train, draw and write."""
    runs = {
        "SGD": fitted(tw.optimizers.SGD(0.001)),
        "RMSprop": fitted(tw.optimizers.RMSprop(0.001)),
        "Adam": fitted(tw.optimizers.Adam(0.01)),
    }
    runs["Adam"].plot().save(FOLDER / "training-curves.png", dpi=110)
    plot = tw.viz.plot_history(runs, "loss", smoothing=0.7)
    plot.save(FOLDER / "training-runs.png", dpi=110)
    print(runs["Adam"].plot().caption, plot.caption, sep="\n")

    console = Console(record=True, width=84, force_terminal=True, file=io.StringIO())
    curves = read_curves("make_curves", runs["Adam"])
    console.print(*chart_texts(curves, 82, 24, 8), "", describe(curves), sep="\n", highlight=False)
    image = console.export_svg(title="python train.py", unique_id="curves")
    # rich names a web font; a picture in a page must not fetch anything.
    image = re.sub(r"\s*@font-face \{.*?\}", "", image, flags=re.DOTALL)
    (FOLDER / "live-curves.svg").write_text(image, encoding="utf-8")


if __name__ == "__main__":
    main()
