"""Finds the Markdown pages of the repository and the code blocks in them."""

from __future__ import annotations

import re
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]

_FENCE = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


class Block(NamedTuple):
    """A fenced block: its language, its text, and the line of the page that its text starts in."""

    language: str
    text: str
    line: int


def blocks(page: Path) -> list[Block]:
    content = page.read_text(encoding="utf-8")
    return [
        Block(match[1], match[2], content.count("\n", 0, match.start(2)) + 1)
        for match in _FENCE.finditer(content)
    ]


def name(page: Path) -> str:
    return page.relative_to(ROOT).as_posix()
