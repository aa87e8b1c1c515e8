"""The table of rooms is complete."""

import re

from tests.docs.pages import ROOT

SOURCE = ROOT / "src" / "thalweg"


def test_the_table_lists_every_room() -> None:
    page = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
    first_cells = re.findall(r"^\| (`.+?`) \|", page, re.MULTILINE)
    listed = re.findall(r"`(\w+)`", " ".join(first_cells))
    packages = {folder.parent.name for folder in SOURCE.glob("*/__init__.py")}
    modules = {file.stem for file in SOURCE.glob("[!_]*.py")}
    assert len(listed) == len(set(listed))
    assert set(listed) == packages | modules
