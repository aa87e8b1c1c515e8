"""The types in the comments of the pages' JavaScript, checked by TypeScript."""

from __future__ import annotations

import subprocess
from pathlib import Path

ROOT = Path(__file__).parents[2]


def test_tsc_finds_nothing() -> None:
    compiler = ROOT / "node_modules" / "typescript" / "bin" / "tsc"
    found = subprocess.run(
        ["node", compiler, "--project", ROOT / "tsconfig.pages.json"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert found.returncode == 0, found.stdout + found.stderr
