"""Reads the tables that are packaged with the library."""

from __future__ import annotations

import csv
from pathlib import Path

__all__ = ["read_table"]

_FOLDER = Path(__file__).parent / "files"


def read_table(name: str) -> list[list[str]]:
    """The rows of the packaged file `name`, cells as text, without the header row."""
    with (_FOLDER / name).open(encoding="utf-8", newline="") as file:
        return list(csv.reader(file))[1:]
