"""Draws the table of `explain` for a training step as a vector image.

Run it as `python docs/images/make_explain.py`, while the machine has nothing else to do.
"""

import io
import re
from pathlib import Path

import numpy as np
from rich.console import Console

import thalweg as tw

TARGET = Path(__file__).with_name("explain.svg")


def main() -> None:
    """Explain a training step of a network for digits on one thread, and write the table."""
    tw.set_random_seed(0)
    tw.config.set_threads(1)
    model = tw.Sequential(
        [
            tw.Input((784,)),
            tw.layers.Dense(512, activation="relu", name="hidden"),
            tw.layers.Dense(10, activation="softmax", name="output"),
        ],
        name="digits",
    )
    model.compile(tw.optimizers.SGD(0.1), "sparse_categorical_crossentropy")
    numbers = np.random.default_rng(0)
    x = numbers.random((128, 784), np.float32)
    y = numbers.integers(0, 10, 128)
    explanation = model.explain(x, y, batch_size=128)

    console = Console(record=True, width=120, force_terminal=True, file=io.StringIO())
    console.print(explanation)
    image = console.export_svg(title="print(model.explain(x, y))", unique_id="explain")
    # rich names a web font; a picture in a page must not fetch anything.
    image = re.sub(r"\s*@font-face \{.*?\}", "", image, flags=re.DOTALL)
    TARGET.write_text(image, encoding="utf-8")


if __name__ == "__main__":
    main()
