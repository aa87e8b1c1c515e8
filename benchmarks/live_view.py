"""What `LiveView` costs a compiled `fit`: with nobody watching, and with Chromium watching.

    python -m benchmarks.live_view [--seconds 8] [--repeats 7]

Each repeat trains the same model for a while in each of three ways, in changing order: without a
LiveView, with one that nobody watches, and with one that a page of Chromium on this machine shows.
A cost is the median over the repeats of how much longer a step took than without in the same
repeat. What else the machine does in the meantime shows in the spread.
"""

from __future__ import annotations

import argparse
import contextlib
import io
import time
from collections.abc import Sequence
from statistics import median, quantiles

import numpy as np
from playwright.sync_api import Browser, sync_playwright

import thalweg as tw
from benchmarks import keras_api
from benchmarks.browser import QUIET, chromium
from benchmarks.workloads import WORKLOADS, Workload
from thalweg.viz.live.live_view import LiveView

WAYS = ("without", "nobody watches", "watched")


class Trainer:
    """One model that is trained in several ways.

    Args:
        workload: what to train.
        browser: what watches.
    """

    def __init__(self, workload: Workload, browser: Browser) -> None:
        self.workload, self.session = workload, browser.new_browser_cdp_session()
        self.model = keras_api.model(workload, tw)
        self.model.compile(
            optimizer=keras_api.optimizer(workload, tw), loss=keras_api.loss(workload, tw)
        )
        self.x, self.y = workload.data()
        self.views = {"nobody watches": LiveView(open=False), "watched": LiveView(open=False)}
        self.page = browser.new_page(viewport={"width": 1280, "height": 900})
        self.page.goto(self.views["watched"].start())
        self.epochs = 0

    def warm_up(self, seconds: float) -> None:
        """Compile what there is to compile, and find out how many epochs take so many seconds."""
        self.epochs = self.workload.epochs
        # One of two runs may compile.
        while (took := min(self.run("without") for _ in range(2))) < seconds / 4:
            self.epochs *= 2
        self.epochs = max(2, int(self.epochs * seconds / took))
        # Weights and gradients are measured for the first time after some seconds.
        self.run("watched")

    def run(self, way: str) -> float:
        """Train, and say how many seconds it took."""
        callbacks = [self.views[way]] if way in self.views else []
        begin = time.perf_counter()
        with contextlib.redirect_stdout(io.StringIO()):
            self.model.fit(
                self.x,
                self.y,
                batch_size=self.workload.batch_size,
                epochs=self.epochs,
                callbacks=callbacks,
                verbose=0,
            )
        return time.perf_counter() - begin

    @property
    def browser_seconds(self) -> float:
        """The processor time of all processes of Chromium so far."""
        processes = self.session.send("SystemInfo.getProcessInfo")["processInfo"]
        return sum(process["cpuTime"] for process in processes)

    def close(self) -> None:
        """Close the page and the servers."""
        self.page.close()
        for view in self.views.values():
            view.close()


def measure(workload: Workload, browser: Browser, seconds: float, repeats: int) -> None:
    """Print what a LiveView costs."""
    trainer = Trainer(workload, browser)
    trainer.warm_up(seconds)
    steps = trainer.epochs * workload.steps_of_epoch
    took: dict[str, list[float]] = {way: [] for way in WAYS}
    shares = []
    order = np.random.default_rng(0)
    for _ in range(repeats):
        for way in order.permutation(WAYS):
            before = trainer.browser_seconds
            took[way].append(trainer.run(way))
            if way == "watched":
                shares.append((trainer.browser_seconds - before) / took[way][-1])
    print(f"{workload.name}: {steps:,} steps in {trainer.epochs:,} epochs, {repeats} repeats")
    for way in WAYS:
        cost = [100 * (a / b - 1) for a, b in zip(took[way], took["without"], strict=True)]
        low, _, high = quantiles(cost, n=4) if repeats > 1 else (cost[0],) * 3
        note = (
            ""
            if way == "without"
            else f"  {median(cost):+5.1f}% (quartiles {low:+.1f}, {high:+.1f})"
        )
        print(f"  {way:15} {1e6 * median(took[way]) / steps:9.1f} µs a step{note}")
    print(f"  Chromium used {100 * median(shares):.1f}% of one core while it watched")
    trainer.close()


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure the workloads that are named."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("workloads", nargs="*", default=["mlp", "boston"])
    parser.add_argument("--seconds", type=float, default=8.0, help="of one training")
    parser.add_argument("--repeats", type=int, default=7)
    options = parser.parse_args(arguments)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium(), args=list(QUIET))
        for name in options.workloads:
            measure(WORKLOADS[name], browser, options.seconds, options.repeats)
        browser.close()


if __name__ == "__main__":
    main()
