"""The tables of the comparison."""

from __future__ import annotations

import io
from typing import Any

from rich.console import Console

from benchmarks import report
from benchmarks.workloads import WORKLOADS


def result(name: str, round_: int, us: float, startup: float = 0.5) -> dict[str, Any]:
    figures = {"import_s": 1.0, "import_mb": 50.0, "peak_mb": 120.0 + round_, "startup_s": startup}
    line = {"impl": name, "workload": "boston", "us_per_step": us, "warmup_s": 0.1}
    return {**line, **figures, "round": round_}


def record() -> dict[str, Any]:
    return {
        "machine": {
            "processor": "A processor",
            "threads": 2,
            "system": "Linux",
            "python": "3.11.7",
            "date": "2026-01-01",
            "load_before": 0.1,
        },
        "gflops": 100.0,
        "rounds": 3,
        "implementations": {"thalweg": {"versions": "thalweg 1", "megabytes": 12.3}},
        "results": [
            *(result("thalweg", k, us, 3.0 - k) for k, us in enumerate((30.0, 10.0, 20.0))),
            *(result("jax-scan", k, 40.0) for k in range(3)),
            *(result("keras-jax", k, 250.0) for k in range(3)),
            {"impl": "torch-eager", "workload": "boston", "missing": ["torch"], "round": 0},
            {"impl": "tinygrad", "workload": "boston", "error": "it broke", "round": 0},
        ],
    }


def test_medians_and_ratios() -> None:
    _, boston, _ = report.sheets(record())
    ours = next(row for row in boston.rows if row[0] == "thalweg")
    share = WORKLOADS["boston"].flops / 20e-6 / 100e9
    assert ours == (
        *("thalweg", "20.0", "2.00", "12.5", f"{share:.1%}"),
        *("3.00", "1.50", "121", "71"),
    )


def test_ours_is_nobodys_peer() -> None:
    assert report.fastest_peer(record(), "boston") == 40.0
    assert report.fastest_peer(record(), "boston", "fit") == 250.0


def test_what_is_missing_or_failed_is_told() -> None:
    overview = report.sheets(record())[0]
    cells = dict(overview.rows)
    assert (cells["torch-eager"], cells["tinygrad"]) == ("missing", "failed")
    assert report.notes(record()) == [
        "torch-eager: torch not installed",
        "tinygrad, boston: it broke",
    ]


def test_markdown_has_every_sheet() -> None:
    page = report.markdown(record())
    for sheet in report.sheets(record()):
        assert f"## {sheet.title}\n" in page
        for row in sheet.rows:
            assert "| " + " | ".join(row) + " |" in page
    assert "- torch-eager: torch not installed" in page


def test_the_terminal_shows_a_table() -> None:
    console = Console(file=io.StringIO(), width=100)
    with console.capture() as capture:
        report.show(report.sheets(record())[1], console)
    assert "thalweg" in capture.get()
    assert "12.5" in capture.get()
