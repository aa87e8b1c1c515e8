"""Trains workloads on this machine's processor and on its GPU, through the device `webgpu`.

Run it from the repository's root as

    python -m benchmarks.train_webgpu [--workload mlp ...] [--seconds 2]

For each workload and device: microseconds for a step of `fit` in the fastest of some epochs,
floating-point operations a second of its matrix products, dispatches a step, microseconds to
predict one sample, and the seconds that the first epoch takes longer. The loss after as many
epochs shows whether both did the same.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable

from rich.console import Console
from rich.table import Table

import thalweg as tw
from benchmarks import keras_api
from benchmarks.implementations import NAMES
from benchmarks.workloads import WORKLOADS, Workload
from thalweg import devices

_COLUMNS = ("workload", "device", "us/step", "GFLOP/s", "dispatches", "us/predict", "start s")
_LEAST = 3


def main() -> None:
    parser = argparse.ArgumentParser(description="Trains workloads on the processor and the GPU.")
    parser.add_argument("--workload", nargs="*", choices=NAMES, default=["boston", "mlp", "cnn"])
    parser.add_argument("--device", nargs="*", choices=["cpu", "webgpu"], default=["cpu", "webgpu"])
    parser.add_argument("--seconds", type=float, default=2.0, help="of each measurement")
    options = parser.parse_args()
    table = Table(*_COLUMNS, "loss")
    for name in options.workload:
        for device in options.device:
            tw.config.set_device(device)
            table.add_row(name, device, *measure(WORKLOADS[name], options.seconds))
    Console().print(table)


def measure(workload: Workload, seconds: float) -> tuple[str, ...]:
    """The figures of a row of the table."""
    tw.set_random_seed(0)
    model = keras_api.model(workload, tw)
    model.compile(keras_api.optimizer(workload, tw), keras_api.loss(workload, tw), jit_compile=True)
    x, y = workload.data()
    losses: list[float] = []

    def epoch() -> None:
        history = model.fit(x, y, batch_size=workload.batch_size, verbose=0)
        losses.append(history.history["loss"][-1])

    with devices.watching() as found:
        first = _seconds(epoch)
    (executable,) = (w.executable for w in found.values())
    fastest = _fastest(epoch, seconds)
    predict = _fastest(lambda: model.predict(x[:1], verbose=0), seconds / 4)
    step = fastest / workload.steps_of_epoch
    leaves = executable.leaves if executable.limit().gpu else ()
    return (
        f"{step * 1e6:,.0f}",
        f"{workload.flops / step / 1e9:,.1f}",
        str(sum(leaf.times for leaf in leaves) or ""),
        f"{predict * 1e6:,.0f}",
        f"{first - fastest:.2f}",
        f"{losses[_LEAST]:.5f}",
    )


def _fastest(turn: Callable[[], object], seconds: float) -> float:
    """Of at least some turns, and as many as the time allows."""
    end, times = time.perf_counter() + seconds, []
    while len(times) <= _LEAST or time.perf_counter() < end:
        times.append(_seconds(turn))
    return min(times)


def _seconds(turn: Callable[[], object]) -> float:
    begin = time.perf_counter()
    turn()
    return time.perf_counter() - begin


if __name__ == "__main__":
    main()
