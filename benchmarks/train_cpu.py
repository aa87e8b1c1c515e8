"""Trains one workload with one implementation and prints a JSON line with what it took.

Run it from the repository's root as

    python -m benchmarks.train_cpu --impl thalweg --workload boston

What the line holds:

- `us_per_step`: microseconds for a step, in the fastest of several blocks of steps.
- `warmup_s`: seconds of the first call: an epoch of `fit`, the first step or steps of a loop.
- `startup_s`: seconds that starting cost in all: by how much the warm-up and the first block were
  slower than they would have been at full speed. So what is compiled later counts, too.
- `import_s`: seconds to import the library.
- `import_mb`, `peak_mb`: the most memory (resident, in 10^6 bytes) that the process had used when
  the library was imported, and in all.
- `loss`: the last one, which shows that something was trained.

A library that is not installed is named under `missing`.
"""

from __future__ import annotations

import argparse
import importlib
import json
import os
import resource
import sys
import time
from pathlib import Path
from typing import Any

from benchmarks.implementations import IMPLEMENTATIONS, NAMES, Implementation

# Blocks of steps go on until there are so many and this many seconds are over, and no longer than
# this many.
BLOCKS, SECONDS, PATIENCE = 3, 0.5, 10


def main() -> None:
    parser = argparse.ArgumentParser(description="Trains one workload, prints a JSON line.")
    parser.add_argument("--impl", required=True, choices=list(IMPLEMENTATIONS))
    parser.add_argument("--workload", required=True, choices=NAMES)
    parser.add_argument("--threads", type=int, help="as many as there are cores, if not given")
    options = parser.parse_args()
    implementation = IMPLEMENTATIONS[options.impl]
    result: dict[str, Any] = {"impl": options.impl, "workload": options.workload}
    if not implementation.has(options.workload):
        result["absent"] = True
    elif missing := implementation.missing():
        result["missing"] = missing
    else:
        limit_threads(options.threads)
        result.update(measure(implementation, options.workload))
    print(json.dumps(result), flush=True)


def limit_threads(count: int | None) -> None:
    """Let this process use only so many cores; libraries make as many threads."""
    if hasattr(os, "sched_setaffinity"):
        cores = sorted(os.sched_getaffinity(0))
        count = count or len(cores)
        if count > len(cores):
            sys.exit(f"--threads: there are {len(cores)} cores for this process, got {count}")
        os.sched_setaffinity(0, cores[:count])
    if count:
        for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
            os.environ[name] = str(count)


def measure(implementation: Implementation, name: str) -> dict[str, Any]:
    """What training took."""
    os.environ.update({"JAX_PLATFORMS": "cpu", "CUDA_VISIBLE_DEVICES": "-1"})
    os.environ.update(implementation.environment)
    begin = time.perf_counter()
    for package in implementation.packages:
        importlib.import_module(package)
    imported, import_mb = time.perf_counter() - begin, peak_mb()

    from benchmarks.workloads import WORKLOADS

    training = implementation.prepare(WORKLOADS[name])
    losses: list[float] = []

    def seconds(steps: int) -> float:
        begin = time.perf_counter()
        losses.append(training.train(steps))
        return time.perf_counter() - begin

    warmup = seconds(training.first)
    blocks = [seconds(training.block)]
    while (len(blocks) < BLOCKS or sum(blocks) < SECONDS) and sum(blocks) < PATIENCE:
        blocks.append(seconds(training.block))
    step = min(blocks) / training.block
    startup = warmup - training.first * step + blocks[0] - training.block * step
    return {
        "us_per_step": round(step * 1e6, 3),
        "warmup_s": round(warmup, 4),
        "startup_s": round(max(0.0, startup), 4),
        "import_s": round(imported, 3),
        "import_mb": round(import_mb, 1),
        "peak_mb": round(peak_mb(), 1),
        "loss": losses[-1],
    }


def peak_mb() -> float:
    """The most memory that this process has used, in 10^6 bytes.

    Where there is /proc, it is asked for: `ru_maxrss` there counts in what the parent used.
    """
    status = Path("/proc/self/status")
    if status.exists():
        (line,) = [x for x in status.read_text().splitlines() if x.startswith("VmHWM")]
        return int(line.split()[1]) * 1024 / 1e6
    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit / 1e6


if __name__ == "__main__":
    main()
