"""How long the first step takes: from nothing, and with the Program on disk; stage by stage.

Run it from the repository's root as

    python -m benchmarks.compile_time [--json] [boston cnn gpt kernels chain ...]

Each measurement is a process of its own with a cache folder of its own: the first one finds it
empty, the best of the following ones counts as warm. A line for each has the seconds of the first
step (tracing and compiling included), of the second one, and of the stages of the first.

Besides the training problems of `workloads` there are `kernels` (2,000 kernels, no two of the same
shape), `updates` (2,000 weights of 350 shapes), `chain` (5,000 operations, one after the other) and
`loop` (the gradient of an LSTM over 1,000 steps).
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from typing import Any

from benchmarks.workloads import WORKLOADS

WARM = 3
COLUMNS = ("first", "second", "cpu")

Step = Callable[[], Any]


def main() -> None:
    names = [*WORKLOADS, *LARGE]
    parser = argparse.ArgumentParser(description="Times the first step.")
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"of {', '.join(names)}")
    parser.add_argument("--json", action="store_true", help="a JSON object a line, in seconds")
    parser.add_argument("--child", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    for name in options.names:
        if name not in names:
            parser.error(f"there is no {name!r}; there are {', '.join(names)}")
    if options.child:
        print(json.dumps(measure(options.names[0])))
        return
    for name in options.names or names:
        with tempfile.TemporaryDirectory() as folder:
            found = {"cold": child(name, folder)}
            found["warm"] = min((child(name, folder) for _ in range(WARM)), key=first)
        for kind, seconds in found.items():
            if options.json:
                print(json.dumps({"name": name, "kind": kind, **seconds}), flush=True)
            else:
                print(line(name, kind, seconds), flush=True)


def first(seconds: dict[str, float]) -> float:
    return seconds["first"]


def child(name: str, folder: str) -> dict[str, float]:
    """Measure in a process of its own."""
    command = [sys.executable, "-m", "benchmarks.compile_time", "--child", name]
    environment = {**os.environ, "THALWEG_CACHE_DIR": folder}
    found = subprocess.run(command, env=environment, check=True, stdout=subprocess.PIPE, text=True)
    result: dict[str, float] = json.loads(found.stdout)
    return result


def line(name: str, kind: str, seconds: dict[str, float]) -> str:
    whole = "  ".join(f"{key} {seconds[key]:7.3f} s" for key in COLUMNS)
    parts = [f"{k} {1e3 * v:.0f}" for k, v in seconds.items() if k not in COLUMNS and v > 0.0005]
    return f"{name:8} {kind}  {whole}   ms: {', '.join(parts)}"


def measure(name: str) -> dict[str, float]:
    """Seconds of the first and the second step, and of the stages of the first."""
    step = LARGE[name]() if name in LARGE else training(name)
    seconds = dict.fromkeys(COLUMNS, 0.0)
    watch(seconds)
    begin, busy = time.perf_counter(), time.process_time()
    step()
    seconds["first"], seconds["cpu"] = time.perf_counter() - begin, time.process_time() - busy
    begin = time.perf_counter()
    step()
    seconds["second"] = time.perf_counter() - begin
    return {key: round(value, 4) for key, value in seconds.items()}


def watch(seconds: dict[str, float]) -> None:
    """Have the stages of the compiler add up how long they take."""
    from thalweg.compiler import compile as compiler
    from thalweg.devices.cpu import jit, load, stored
    from thalweg.tracing import executor
    from thalweg.training import compiling, programs

    def timed(stage: str, module: Any, name: str) -> None:
        real = getattr(module, name)

        def run(*args: Any, **kwargs: Any) -> Any:
            begin = time.perf_counter()
            try:
                return real(*args, **kwargs)
            finally:
                seconds[stage] = seconds.get(stage, 0.0) + time.perf_counter() - begin

        setattr(module, name, run)

    timed("trace", programs, "trace")
    for module in (compiling, executor):
        timed("fingerprint", module, "fingerprint")
    timed("restore", stored, "fetch")
    for name in ("from_trace", "generalize"):
        timed("generalize", compiler, name)
    for name in ("optimize", "lower", "plan"):
        timed(name, compiler, name)
    timed("render", load, "render")
    timed("llvm", jit, "_object")
    timed("keep", stored, "keep")


def training(name: str) -> Step:
    """A step of one of the training problems."""
    import thalweg
    from benchmarks import keras_api

    workload = WORKLOADS[name]
    model = keras_api.model(workload, thalweg)
    model.compile(
        keras_api.optimizer(workload, thalweg),
        keras_api.loss(workload, thalweg),
        jit_compile=True,
    )
    x, y = workload.data()
    n = workload.batch_size
    return lambda: model.train_on_batch(x[:n], y[:n])


def kernels() -> Step:
    import thalweg as tw

    xs = [tw.ops.ones((1 + k // 50, 2 + k % 50)) for k in range(2000)]
    sums = tw.function(
        lambda *xs: [tw.ops.sum(tw.ops.exp(x) * x, -1) for x in xs], jit_compile=True
    )
    return lambda: sums(*xs)


def updates() -> Step:
    import thalweg as tw

    weights = [tw.Variable(tw.ops.ones((1 + k % 7, 1 + k // 40))) for k in range(2000)]

    @tw.function(jit_compile=True)
    def descend(rate: Any) -> None:
        for w in weights:
            w.assign_sub(rate * tw.ops.tanh(w))

    rate = tw.constant(0.1)
    return lambda: descend(rate)


def chain() -> Step:
    import thalweg as tw

    def long(x: Any) -> Any:
        for k in range(5000):
            x = x * 1.01 + 0.25 if k % 2 else tw.ops.tanh(x)
        return x

    run, x = tw.function(long, autograph=False, jit_compile=True), tw.ops.ones((64,))
    return lambda: run(x)


def loop() -> Step:
    import thalweg as tw

    model = tw.Sequential([tw.Input((1000, 16)), tw.layers.LSTM(32)])
    x = tw.ops.ones((8, 1000, 16))

    @tw.function(jit_compile=True)
    def gradients(x: Any) -> Any:
        with tw.GradientTape() as tape:
            total = tw.ops.sum(model(x))
        return tape.gradient(total, model.trainable_variables)

    return lambda: gradients(x)


LARGE = {"kernels": kernels, "updates": updates, "chain": chain, "loop": loop}


if __name__ == "__main__":
    main()
