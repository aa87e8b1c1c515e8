"""The types in the comments of the pages' JavaScript, checked by TypeScript."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize("pages", ["pages", "figures"])
def test_tsc_finds_nothing(pages: str) -> None:
    compiler = ROOT / "node_modules" / "typescript" / "bin" / "tsc"
    found = subprocess.run(
        ["node", compiler, "--project", ROOT / f"tsconfig.{pages}.json"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert found.returncode == 0, found.stdout + found.stderr
