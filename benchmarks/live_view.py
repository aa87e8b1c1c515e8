"""What `LiveView` costs a compiled `fit`: with nobody watching, and with Chromium watching.

    python -m benchmarks.live_view [mlp boston] [--seconds 8] [--repeats 7] [--threads 1]

Each repeat trains the same model for a while in each of three ways, in changing order: without a
LiveView, with one that nobody watches, and with one that a page of Chromium on this machine shows.
A cost is the median over the repeats of how much longer a step took than without in the same
repeat: on the clock, and in time on the processors. On a machine that has other things to do, only
the second one says something, and with one thread: several wait for each other actively.
"""

from __future__ import annotations

import argparse
import contextlib
import io
import time
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median, quantiles

import numpy as np
from playwright.sync_api import Browser, sync_playwright

import thalweg as tw
from benchmarks import keras_api
from benchmarks.browser import QUIET, chromium
from benchmarks.workloads import WORKLOADS, Workload

WAYS = ("without", "nobody watches", "watched")

SETTLED = 2000
"""Milliseconds after which a page that was opened has nothing more to do."""


@dataclass(frozen=True)
class Cost:
    """What a training took.

    Attributes:
        clock: seconds.
        processors: seconds of this process on all processors.
        browser: seconds of all processes of Chromium on all processors.
    """

    clock: float
    processors: float
    browser: float


class Trainer:
    """One model that is trained in several ways.

    Args:
        workload: what to train.
        browser: what watches.
    """

    def __init__(self, workload: Workload, browser: Browser) -> None:
        self.workload, self.browser = workload, browser
        self.session = browser.new_browser_cdp_session()
        self.model = keras_api.model(workload, tw)
        self.model.compile(
            optimizer=keras_api.optimizer(workload, tw), loss=keras_api.loss(workload, tw)
        )
        self.x, self.y = workload.data()
        self.epochs = workload.epochs

    def warm_up(self, seconds: float) -> None:
        """Compile what there is to compile, and find out how many epochs take so many seconds."""
        while (took := min(self.run("without").clock for _ in range(2))) < seconds / 4:
            self.epochs *= 2
        self.epochs = max(2, int(self.epochs * seconds / took))
        # Weights and gradients are measured for the first time after some seconds.
        self.run("watched")

    def run(self, way: str) -> Cost:
        """Train once."""
        callbacks = []
        page = None
        if way != "without":
            view = tw.callbacks.LiveView(open=False)
            callbacks = [view]
            address = view.start()
            if way == "watched":
                page = self.browser.new_page(viewport={"width": 1280, "height": 900})
                page.goto(address)
                page.wait_for_timeout(SETTLED)
        browser, clock, processors = self.browser_seconds, time.perf_counter(), time.process_time()
        with contextlib.redirect_stdout(io.StringIO()):
            self.model.fit(
                self.x,
                self.y,
                batch_size=self.workload.batch_size,
                epochs=self.epochs,
                callbacks=callbacks,
                verbose=0,
            )
        cost = Cost(
            time.perf_counter() - clock,
            time.process_time() - processors,
            self.browser_seconds - browser,
        )
        if page is not None:
            page.close()
        for callback in callbacks:
            callback.close()
        return cost

    @property
    def browser_seconds(self) -> float:
        """The processor time of all processes of Chromium so far."""
        processes = self.session.send("SystemInfo.getProcessInfo")["processInfo"]
        return sum(process["cpuTime"] for process in processes)


def compared(times: list[float], without: list[float]) -> str:
    """By how many percent times are longer, repeat by repeat."""
    more = [100 * (a / b - 1) for a, b in zip(times, without, strict=True)]
    low, middle, high = quantiles(more, n=4, method="inclusive")
    return f"{middle:+5.1f}% ({low:+.1f} to {high:+.1f})"


def measure(workload: Workload, browser: Browser, seconds: float, repeats: int) -> None:
    """Print what a LiveView costs."""
    trainer = Trainer(workload, browser)
    trainer.warm_up(seconds)
    steps = trainer.epochs * workload.steps_of_epoch
    costs: dict[str, list[Cost]] = {way: [] for way in WAYS}
    order = np.random.default_rng(0)
    for _ in range(repeats):
        for way in order.permutation(WAYS):
            costs[way].append(trainer.run(way))
    print(f"{workload.name}: {steps:,} steps in {trainer.epochs:,} epochs, {repeats} repeats")
    base = costs["without"]
    for way, found in costs.items():
        clock, processors = [c.clock for c in found], [c.processors for c in found]
        print(
            f"  {way:14}  clock {1e6 * median(clock) / steps:8.1f} µs a step "
            f"{compared(clock, [c.clock for c in base]):24}  "
            f"processors {1e6 * median(processors) / steps:8.1f} µs a step "
            f"{compared(processors, [c.processors for c in base]):24}"
        )
    watching = median(c.browser / c.clock for c in costs["watched"])
    print(f"  Chromium: {100 * watching:.1f}% of one core while it watched")


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure the workloads that are named."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("workloads", nargs="*", default=["mlp", "boston"])
    parser.add_argument("--seconds", type=float, default=8.0, help="of one training")
    parser.add_argument("--repeats", type=int, default=7)
    parser.add_argument("--threads", type=int, help="for the training")
    options = parser.parse_args(arguments)
    tw.config.set_threads(options.threads)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium(), args=list(QUIET))
        for name in options.workloads:
            measure(WORKLOADS[name], browser, options.seconds, options.repeats)
        browser.close()


if __name__ == "__main__":
    main()
