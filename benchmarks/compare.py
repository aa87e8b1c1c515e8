"""Runs Thalweg and the peers that are installed, one after the other, and prints a table.

Run it as `python benchmarks/compare.py [WORKLOAD...]`. Each program runs in a process of its own
under this Python; a peer that is not installed in it is reported as missing.
"""

from __future__ import annotations

import importlib.util
import json
import os
import platform
import subprocess
import sys
from pathlib import Path

# The program and the packages it needs.
PROGRAMS = {
    "train_cpu.py": ("thalweg",),
    "peer_numpy.py": ("numpy",),
    "peer_keras.py": ("keras", "jax"),
    "peer_jax.py": ("jax",),
    "peer_torch.py": ("torch",),
}


def run(program: str, workloads: list[str]) -> list[dict[str, object]]:
    """The results of one program, empty if it needs a package that is missing."""
    missing = [name for name in PROGRAMS[program] if importlib.util.find_spec(name) is None]
    if missing:
        print(f"{program}: missing, {' and '.join(missing)} not installed", file=sys.stderr)
        return []
    print(f"{program}: running", file=sys.stderr)
    command = [sys.executable, str(Path(__file__).with_name(program)), *workloads]
    output = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout
    return [json.loads(line) for line in output.splitlines()]


def processor() -> str:
    """The processor's name where the system tells it, and the number of cores."""
    info = Path("/proc/cpuinfo")
    lines = info.read_text().splitlines() if info.exists() else []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return f"{names[0] if names else platform.machine()}, {os.cpu_count()} cores"


def main() -> None:
    rows: dict[str, dict[str, str]] = {}
    workloads: list[str] = []
    for program in PROGRAMS:
        for result in run(program, sys.argv[1:]):
            name = str(result["workload"])
            workloads += [name] if name not in workloads else []
            cell = f"{result['us_per_step']:,.0f} ({result['warmup_s']:.2f} s)"
            rows.setdefault(str(result["impl"]), {})[name] = cell

    print(f"{processor()}; Python {platform.python_version()}\n")
    print("| µs a step (warm-up) | " + " | ".join(workloads) + " |")
    print("|---|" + "---:|" * len(workloads))
    for implementation, cells in rows.items():
        print(f"| {implementation} | " + " | ".join(cells.get(w, "") for w in workloads) + " |")


if __name__ == "__main__":
    main()
