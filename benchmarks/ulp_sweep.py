"""Sweeps the compiled float32 functions over all 2**32 inputs and tells the largest errors.

Run it from the repository's root as `python -m benchmarks.ulp_sweep [--functions exp log ...]
[--stride 16] [--target avx512]`. With a stride only one input of so many, picked at random among
neighbours, is tried. The table gives the largest error in units in the last place (ULP) against
NumPy's or SciPy's float64, the input where it is, and how many inputs differ from the rounded
value. A whole sweep takes some minutes a function.
"""

from __future__ import annotations

import argparse
import time
from dataclasses import dataclass

import numpy as np
from rich.console import Console
from rich.progress import Progress
from rich.table import Table

from tests.compiler.jit import TARGETS, elementwise_loop
from tests.compiler.ulp import ORACLES, expected, ulp_errors
from thalweg.compiler.target import Target

# One at a time, these take two inputs.
BINARY = ("arctan2", "pow")
CHUNK = 2**20


@dataclass
class Worst:
    """What a sweep found."""

    error: float = -1.0
    place: float = 0.0
    found: float = 0.0
    rounded_otherwise: int = 0
    seconds: float = 0.0


def sweep(name: str, target: Target, stride: int, progress: Progress) -> Worst:
    """Try a function on one of every `stride` float32 numbers."""
    loop = elementwise_loop(name, ("float32",), "float32", target.lanes(4), target)
    random = np.random.default_rng(0)
    worst, begin = Worst(), time.perf_counter()
    task = progress.add_task(name, total=2**32 // stride)
    for start in range(0, 2**32 // stride, CHUNK):
        count = min(CHUNK, 2**32 // stride - start)
        bits = np.arange(start, start + count, dtype=np.uint64) * np.uint64(stride)
        if stride > 1:
            bits += random.integers(0, stride, count, np.uint64)
        x = bits.astype(np.uint32).view(np.float32)
        found, wanted = loop(x), expected(name, x)
        errors = ulp_errors(found, wanted)
        place = int(np.argmax(errors))
        if errors[place] > worst.error:
            worst.error, worst.place = float(errors[place]), float(x[place])
            worst.found = float(found[place])
        worst.rounded_otherwise += int(np.count_nonzero(errors > 0.5))
        progress.advance(task, count)
    worst.seconds = time.perf_counter() - begin
    return worst


def main() -> None:
    names = sorted(set(ORACLES) - set(BINARY))
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--functions", nargs="+", choices=names, default=names)
    parser.add_argument("--stride", type=int, default=1)
    targets = {target.name: target for target in TARGETS}
    parser.add_argument("--target", choices=list(targets), default=TARGETS[0].name)
    options = parser.parse_args()
    if options.stride < 1:
        parser.error(f"--stride must be at least 1, got {options.stride}")

    console = Console()
    table = Table(title=f"float32, {options.target}, one input of {options.stride}")
    for heading in ("function", "max ULP", "at", "gives", "not nearest", "seconds"):
        justify = "left" if heading == "function" else "right"
        table.add_column(heading, justify=justify, overflow="fold")
    with Progress(console=console, transient=True) as progress:
        for name in options.functions:
            worst = sweep(name, targets[options.target], options.stride, progress)
            table.add_row(
                name,
                f"{worst.error:.3f}",
                f"{worst.place:.9g}",
                f"{worst.found:.9g}",
                f"{worst.rounded_otherwise / (2**32 // options.stride):.2%}",
                f"{worst.seconds:.0f}",
            )
    console.print(table)


if __name__ == "__main__":
    main()
