"""Trains all workloads with Thalweg and its peers, in turn on this machine, and writes a table.

Run it from the repository's root, in an environment that has `benchmarks/requirements.txt`, as

    python -m benchmarks.compare [--impls thalweg jax-scan ...] [--workloads boston mlp ...]

Every measurement is a process of its own (`benchmarks/train_cpu.py`), and in each round every
implementation has its turn, so that what else the machine does disturbs all alike. Medians over the
rounds count. In the first round all that libraries keep of compiled code is empty, in the others it
is there. The table is printed, and written with the single results to a Markdown and a JSON file.
"""

from __future__ import annotations

import argparse
import datetime
import json
import os
import platform
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from benchmarks.implementations import IMPLEMENTATIONS, NAMES
from benchmarks.installed import ROOT, megabytes, version
from benchmarks.report import markdown, notes, sheets, show

# Seconds that a process may take.
PATIENCE = 1200
LIMIT = "from benchmarks.matmul import limit; print(limit({threads}))"


def main() -> None:
    parser = argparse.ArgumentParser(description="Compares Thalweg with its peers.")
    names = list(IMPLEMENTATIONS)
    parser.add_argument("--impls", nargs="+", choices=names, default=names)
    parser.add_argument("--workloads", nargs="+", choices=NAMES, default=list(NAMES))
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--threads", type=int, default=cores(), help="all cores, if not given")
    help_ = "where to write, without .md and .json"
    parser.add_argument("--output", type=Path, default=ROOT / "build" / "train_cpu", help=help_)
    options = parser.parse_args()
    if options.rounds < 1:
        parser.error(f"--rounds must be at least 1, got {options.rounds}")
    if not 1 <= options.threads <= cores():
        parser.error(f"--threads must be from 1 to {cores()}, got {options.threads}")

    record = {"machine": machine(options.threads), "implementations": installed(options.impls)}
    console = Console(stderr=True)
    if os.getloadavg()[0] > 1:
        console.print("This machine is busy: the figures will be too high.", style="yellow")
    record |= rounds(options, console)
    options.output.parent.mkdir(parents=True, exist_ok=True)
    options.output.with_suffix(".json").write_text(json.dumps(record, indent=1) + "\n")
    options.output.with_suffix(".md").write_text(markdown(record))
    output = Console()
    if not output.is_terminal:
        output = Console(width=100)
    for sheet in sheets(record):
        show(sheet, output)
    for remark in notes(record):
        output.print(remark, soft_wrap=True)
    output.print(f"Written to {options.output}.md and {options.output}.json", soft_wrap=True)


def rounds(options: argparse.Namespace, console: Console) -> dict[str, Any]:
    """Run everything: the results, and the matrix products' limit in FLOP/s."""
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
    results, limits = [], []
    total = options.rounds * (1 + len(options.workloads) * len(options.impls))
    with (
        tempfile.TemporaryDirectory(prefix="thalweg-compare-") as folder,
        Progress(*columns, TimeElapsedColumn(), console=console, transient=True) as progress,
    ):
        task = progress.add_task("", total=total)
        for number in range(options.rounds):
            progress.update(task, description=f"round {number + 1}: the limit of this machine")
            limits.append(measured_limit(options.threads))
            progress.advance(task)
            for workload in options.workloads:
                for name in options.impls:
                    text = f"round {number + 1}: {workload}, {name}"
                    progress.update(task, description=text)
                    cache = Path(folder) / workload / name
                    result = run(name, workload, options.threads, cache)
                    results.append({**result, "round": number})
                    progress.advance(task)
    return {"gflops": max(limits), "rounds": options.rounds, "results": results}


def run(name: str, workload: str, threads: int, cache: Path) -> dict[str, Any]:
    """The JSON line of a process; with `error` where it failed."""
    command = ["-m", "benchmarks.train_cpu", "--impl", name, "--workload", workload]
    result = {"impl": name, "workload": workload}
    try:
        done = python([*command, "--threads", str(threads)], caches(cache))
    except subprocess.TimeoutExpired:
        return {**result, "error": f"it took more than {PATIENCE} seconds"}
    if done.returncode:
        lines = done.stderr.strip().splitlines()
        return {**result, "error": lines[-1] if lines else f"exit status {done.returncode}"}
    return json.loads(done.stdout.splitlines()[-1])


def measured_limit(threads: int) -> float:
    """The rate of large float32 matrix products, in GFLOP/s."""
    done = python(["-c", LIMIT.format(threads=threads)], {})
    done.check_returncode()
    return float(done.stdout.split()[-1])


def python(arguments: list[str], environment: dict[str, str]) -> subprocess.CompletedProcess[str]:
    """Run this Python with Thalweg of this checkout."""
    path = os.pathsep.join(filter(None, [str(ROOT / "src"), os.environ.get("PYTHONPATH")]))
    return subprocess.run(
        [sys.executable, *arguments],
        cwd=ROOT,
        env={**os.environ, **environment, "PYTHONPATH": path},
        capture_output=True,
        text=True,
        timeout=PATIENCE,
    )


def caches(folder: Path) -> dict[str, str]:
    """Variables that let each library keep its compiled code in a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    return {
        "THALWEG_CACHE_DIR": str(folder / "thalweg"),
        "TORCHINDUCTOR_CACHE_DIR": str(folder / "torch"),
        "JAX_COMPILATION_CACHE_DIR": str(folder / "jax"),
        # Else it would keep only what took a second to compile.
        "JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS": "0",
        "JAX_PERSISTENT_CACHE_MIN_ENTRY_SIZE_BYTES": "-1",
        "CACHEDB": str(folder / "tinygrad.db"),
    }


def installed(names: list[str]) -> dict[str, Any]:
    """For each implementation that is there: versions and size on disk, in 10^6 bytes."""
    found = {}
    for name in names:
        implementation = IMPLEMENTATIONS[name]
        if not implementation.missing():
            versions = [f"{package} {version(package)}" for package in implementation.packages]
            size = megabytes(implementation.packages)
            found[name] = {"versions": ", ".join(versions), "megabytes": round(size, 1)}
    return found


def machine(threads: int) -> dict[str, Any]:
    """What was measured on, and when."""
    info = Path("/proc/cpuinfo")
    lines = info.read_text().splitlines() if info.exists() else []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return {
        "processor": names[0] if names else platform.machine(),
        "threads": threads,
        "system": platform.system(),
        "python": platform.python_version(),
        "date": datetime.date.today().isoformat(),
        "load_before": round(os.getloadavg()[0], 2),
    }


def cores() -> int:
    """The cores that this process may run on."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


if __name__ == "__main__":
    main()
