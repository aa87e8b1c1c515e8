"""The results of `benchmarks/compare.py` as tables, in Markdown and in the terminal."""

from __future__ import annotations

import statistics
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from rich import box
from rich.console import Console
from rich.table import Table

from benchmarks.implementations import IMPLEMENTATIONS, OURS
from benchmarks.workloads import WORKLOADS

Record = dict[str, Any]


@dataclass(frozen=True)
class Sheet:
    """A table: its rows begin with the name of an implementation."""

    title: str
    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


def sheets(record: Record) -> list[Sheet]:
    """An overview, a table for each workload, and one of the libraries themselves."""
    names = list(dict.fromkeys(result["workload"] for result in record["results"]))
    return [_overview(record, names), *(_workload(record, n) for n in names), _libraries(record)]


def markdown(record: Record) -> str:
    """The page."""
    machine = record["machine"]
    rounds = f"{record['rounds']} round{'s' if record['rounds'] > 1 else ''}"
    parts = [
        "# Training on a CPU",
        f"{machine['processor']}, {_threads(machine['threads'])}, {machine['system']}, "
        f"Python {machine['python']}, {machine['date']}; medians of {rounds} in turn; load average "
        f"at the start {machine['load_before']}. Large float32 matrix products reach "
        f"{record['gflops']:,.0f} GFLOP/s here.",
        "*Speed* is that of the fastest peer = 1, so 2 is twice as fast; *to fit*: that of the "
        "fastest `fit` of a peer = 1. *Of limit*: the matrix products and convolutions of a step, "
        "forward and backward, at that speed, as a share of the rate of large products. *Cold*: "
        "the seconds by which the first steps took longer than later ones, with no compiled code "
        "kept from before; *warm*: with it. *Peak*: the most memory of the process; *training*: by "
        "how much that is more than after the import. MB are 10^6 bytes.",
    ]
    for sheet in sheets(record):
        ruler = "|---|" + "---:|" * (len(sheet.header) - 1)
        lines = ["| " + " | ".join(row) + " |" for row in (sheet.header, *sheet.rows)]
        parts += [f"## {sheet.title}", "\n".join([lines[0], ruler, *lines[1:]])]
    if remarks := notes(record):
        parts += ["## Notes", "\n".join(f"- {remark}" for remark in remarks)]
    return "\n\n".join(parts) + "\n"


def notes(record: Record) -> list[str]:
    """What is missing on this machine, and what failed and why."""
    found = []
    for result in record["results"]:
        if "missing" in result:
            found.append(f"{result['impl']}: {' and '.join(result['missing'])} not installed")
        if "error" in result:
            found.append(f"{result['impl']}, {result['workload']}: {result['error']}")
    return list(dict.fromkeys(found))


def show(sheet: Sheet, console: Console) -> None:
    """Print a table."""
    table = Table(title=sheet.title, title_justify="left", title_style="bold", box=box.SIMPLE_HEAD)
    for place, heading in enumerate(sheet.header):
        table.add_column(heading, justify="right" if place else "left", no_wrap=True)
    for row in sheet.rows:
        table.add_row(*row, style="bold" if row[0] in OURS else None)
    console.print(table)


def median(record: Record, name: str, workload: str, key: str) -> float | None:
    """The median of a figure over the rounds; None where it was not measured."""
    found = _values(record, name, workload, key, lambda round_: True)
    return statistics.median(found) if found else None


def fastest_peer(record: Record, workload: str, module: str = "") -> float | None:
    """Microseconds of a step of the fastest that is not Thalweg; of those of a module if given."""
    peers = [name for name in _names(record) if name not in OURS]
    if module:
        peers = [name for name in peers if IMPLEMENTATIONS[name].module == module]
    steps = [median(record, name, workload, "us_per_step") for name in peers]
    return min((step for step in steps if step is not None), default=None)


def _overview(record: Record, workloads: list[str]) -> Sheet:
    rows = []
    for name in _names(record):
        steps = [median(record, name, workload, "us_per_step") for workload in workloads]
        cells = [
            _absence(record, name, workload) if step is None else _figure(step)
            for step, workload in zip(steps, workloads, strict=True)
        ]
        rows.append((name, *cells))
    return Sheet("Microseconds a step", ("", *workloads), tuple(rows))


def _workload(record: Record, workload: str) -> Sheet:
    best, best_fit = fastest_peer(record, workload), fastest_peer(record, workload, "fit")
    rows = []
    for name in _names(record):
        step = median(record, name, workload, "us_per_step")
        if step is None:
            continue
        rate = WORKLOADS[workload].flops / step / 1e3
        cold = _values(record, name, workload, "startup_s", lambda round_: round_ == 0)
        warm = _values(record, name, workload, "startup_s", lambda round_: round_ > 0)
        peaks = _values(record, name, workload, "peak_mb", lambda round_: True)
        imported = _values(record, name, workload, "import_mb", lambda round_: True)
        more = statistics.median(p - i for p, i in zip(peaks, imported, strict=True))
        rows.append(
            (
                name,
                _figure(step),
                _figure(best / step) if best else "",
                _figure(best_fit / step) if best_fit else "",
                f"{rate / record['gflops']:.1%}",
                _figure(cold[0]) if cold else "",
                _figure(statistics.median(warm)) if warm else "",
                f"{statistics.median(peaks):,.0f}",
                f"{more:,.0f}",
            )
        )
    header = ("", "us a step", "speed", "to fit", "of limit", "cold s", "warm s", "peak MB")
    return Sheet(workload, (*header, "training"), tuple(rows))


def _libraries(record: Record) -> Sheet:
    rows = []
    for name, about in record["implementations"].items():
        found = [r for r in record["results"] if r["impl"] == name and "import_s" in r]
        seconds = statistics.median(r["import_s"] for r in found) if found else None
        memory = statistics.median(r["import_mb"] for r in found) if found else None
        rows.append(
            (
                name,
                about["versions"],
                "" if seconds is None else f"{seconds:.2f}",
                "" if memory is None else f"{memory:,.0f}",
                f"{about['megabytes']:,.0f}",
            )
        )
    header = ("", "version", "import s", "memory MB", "on disk MB")
    return Sheet("Libraries", header, tuple(rows))


def _names(record: Record) -> list[str]:
    return list(dict.fromkeys(result["impl"] for result in record["results"]))


def _values(
    record: Record, name: str, workload: str, key: str, of_round: Callable[[int], bool]
) -> list[float]:
    return [
        result[key]
        for result in record["results"]
        if result["impl"] == name
        and result["workload"] == workload
        and key in result
        and of_round(result["round"])
    ]


def _absence(record: Record, name: str, workload: str) -> str:
    """Why there is no figure."""
    for result in record["results"]:
        if (result["impl"], result["workload"]) == (name, workload):
            if "missing" in result:
                return "missing"
            if "error" in result:
                return "failed"
    return "–"


def _figure(number: float) -> str:
    """Three digits that count."""
    for least, digits in ((100, 0), (10, 1), (1, 2)):
        if number >= least:
            return f"{number:,.{digits}f}"
    return f"{number:.3f}"


def _threads(count: int) -> str:
    return f"{count} thread{'s' if count > 1 else ''}"
