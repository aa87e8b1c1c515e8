"""How far the losses of a convnet with dropout on MNIST are from Python's, elsewhere.

    THALWEG_DATA=FOLDER python -m benchmarks.same_curve [--rows 12800] [--epochs 1] [--webgpu]

It trains in Python, in Node and in Chromium from the same start, with Adam and batches of 128, and
prints the losses of the epochs and the largest relative difference. WebGPU is Chromium's software
adapter, where a step takes about 0.6 s.
"""

from __future__ import annotations

import argparse
import tempfile
from typing import Any

from playwright.sync_api import sync_playwright

import thalweg as tw
from tests.web.browser import launch
from tests.web.elsewhere import in_chromium, in_node
from thalweg import layers
from thalweg.datasets import mnist


def convnet() -> tw.Model:
    model = tw.Sequential(
        [
            tw.Input((28, 28, 1)),
            layers.Conv2D(32, 3, activation="relu"),
            layers.MaxPooling2D(2),
            layers.Conv2D(64, 3, activation="relu"),
            layers.MaxPooling2D(2),
            layers.Flatten(),
            layers.Dropout(0.5),
            layers.Dense(10, activation="softmax"),
        ]
    )
    model.compile(tw.optimizers.Adam(), "sparse_categorical_crossentropy", metrics=["accuracy"])
    return model


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rows", type=int, default=12800)
    parser.add_argument("--epochs", type=int, default=1)
    parser.add_argument("--webgpu", action="store_true", help="in Chromium on WebGPU, too")
    options = parser.parse_args()
    (images, labels), _ = mnist.load_data()
    x = (images[: options.rows].astype("f4") / 255)[..., None]
    y = labels[: options.rows].astype("i4")
    tw.set_random_seed(3)
    model = convnet()
    site = model.export_web(tempfile.mkdtemp(), batch_size=128, webgpu=True)
    expected = model.fit(x, y, batch_size=128, epochs=options.epochs, verbose=0).history["loss"]
    print("Python", expected)
    fit = {"batchSize": 128, "epochs": options.epochs}

    def report(place: str, found: dict[str, Any]) -> None:
        losses = found["history"]["loss"]
        most = max(abs(a - b) / b for a, b in zip(losses, expected, strict=True))
        print(f"{place} {losses}, at most {most:.1e} from Python", flush=True)

    report("Node", in_node(site, x, y, load={"device": "wasm"}, fit=fit))
    flags = ["--enable-unsafe-webgpu", "--use-webgpu-adapter=swiftshader", "--ignore-gpu-blocklist"]
    with sync_playwright() as playwright:
        browser = launch(playwright, *flags)
        for device in ["wasm", "webgpu"] if options.webgpu else ["wasm"]:
            found = in_chromium(browser, site, x, y, load={"device": device}, fit=fit)
            report(f"Chromium, {device}", found)
        browser.close()


if __name__ == "__main__":
    main()
