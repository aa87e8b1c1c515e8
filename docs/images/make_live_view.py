"""Takes the picture of `docs/live-view.md`: the page of a training on Boston housing, as it runs.

Run it as `python -m docs.images.make_live_view`; it needs Chromium, and the packages
`playwright` and `pillow`.
"""

from __future__ import annotations

import threading
from pathlib import Path

from PIL import Image
from playwright.sync_api import sync_playwright

import thalweg as tw
from benchmarks.browser import QUIET, chromium
from thalweg.datasets import boston_housing

FILE = Path(__file__).with_name("live-view.png")
SECONDS = 14


def main() -> None:
    """Train, look at the page meanwhile, take its picture, and press the button."""
    tw.set_random_seed(0)
    (x, y), test = boston_housing.load_data(seed=0)
    normalize = tw.layers.Normalization()
    normalize.adapt(x)
    hidden = [tw.layers.Dense(50, "relu", name=f"hidden_{i}") for i in (1, 2)]
    model = tw.Sequential(
        [tw.Input((12,)), normalize, *hidden, tw.layers.Dense(1, name="price")], name="boston"
    )
    model.compile(tw.optimizers.SGD(1e-3), "mse", metrics=["mae"])
    view = tw.callbacks.LiveView(open=False)
    training = threading.Thread(
        target=lambda: model.fit(
            x, y, batch_size=40, epochs=20_000, validation_data=test, callbacks=[view], verbose=0
        )
    )
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium(), args=list(QUIET))
        page = browser.new_page(viewport={"width": 1000, "height": 1330})
        page.goto(view.start())
        training.start()
        page.wait_for_timeout(1000 * SECONDS)
        page.screenshot(path=FILE)
        Image.open(FILE).convert("RGB").quantize(160, dither=Image.Dither.NONE).save(
            FILE, optimize=True
        )
        page.click("#stop")
        page.click("#yes")
        training.join()
        browser.close()
    view.close()


if __name__ == "__main__":
    main()
