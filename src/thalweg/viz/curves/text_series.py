"""What text charts are made of: curves, and lines of text in pieces of one kind."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

__all__ = ["SYMBOLS", "Line", "TextSeries", "plain"]

Array = np.ndarray[Any, Any]

Line = tuple[tuple[str, str], ...]
"""Pieces of a line: a text, and what it is: `'title'`, `'soft'`, `'0'` for the first colour of
series, `'1'`, ..., or `''`."""

SYMBOLS = "*o+x#%"
"""The characters of curves where there are those of ASCII only."""


@dataclass(frozen=True, eq=False)
class TextSeries:
    """A curve of a chart.

    Attributes:
        label: what stands at its end.
        x: ascending, shape (n,).
        y: shape (n,); a gap where it is not finite.
        colour: the number of its colour.
        dashed: whether it is drawn with gaps, to be told apart without colours.
        mark: the position of a point to be marked, or None.
    """

    label: str
    x: Array
    y: Array
    colour: int = 0
    dashed: bool = False
    mark: int | None = None


def plain(line: Line) -> str:
    """The text of a line."""
    return "".join(text for text, _ in line)
