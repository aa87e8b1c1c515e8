"""One measurement, in a process of its own, and what is installed."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest

from benchmarks import installed, train_cpu
from benchmarks.implementations import IMPLEMENTATIONS, Implementation


@pytest.mark.parametrize("name", ["thalweg", "thalweg-function", "numpy"])
def test_it_prints_a_line(name: str) -> None:
    command = [sys.executable, "-m", "benchmarks.train_cpu", "--impl", name, "--workload", "linreg"]
    paths = os.pathsep.join(filter(None, [str(installed.ROOT / "src"), os.getenv("PYTHONPATH")]))
    environment = {**os.environ, "PYTHONPATH": paths}
    done = subprocess.run(
        command, cwd=installed.ROOT, env=environment, capture_output=True, text=True, check=True
    )
    line = json.loads(done.stdout)
    assert (line["impl"], line["workload"]) == (name, "linreg")
    assert line["us_per_step"] > 0
    assert line["warmup_s"] > 0
    assert line["peak_mb"] >= line["import_mb"] > 0


def test_what_is_not_there_is_named(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    unknown = Implementation(("json", "no_such_library"), "fit")
    monkeypatch.setitem(IMPLEMENTATIONS, "torch-eager", unknown)
    monkeypatch.setattr(sys, "argv", ["", "--impl", "torch-eager", "--workload", "boston"])
    train_cpu.main()
    assert json.loads(capsys.readouterr().out) == {
        "impl": "torch-eager",
        "workload": "boston",
        "missing": ["no_such_library"],
    }


def test_what_it_cannot_train_is_absent(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "argv", ["", "--impl", "numpy", "--workload", "gpt"])
    train_cpu.main()
    assert json.loads(capsys.readouterr().out)["absent"] is True


def test_size_counts_what_is_needed() -> None:
    ours, numpy = installed.megabytes(("thalweg",)), installed.megabytes(("numpy",))
    assert 1 < numpy < ours
    assert installed.megabytes(("numpy", "thalweg")) == ours


def test_version() -> None:
    import thalweg as tw

    assert installed.version("thalweg") == tw.__version__
