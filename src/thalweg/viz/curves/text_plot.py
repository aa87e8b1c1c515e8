"""The inside of a text chart: curves as characters, each with its kind."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from thalweg.viz.curves.raster import braille, filled, spans
from thalweg.viz.curves.text_series import SYMBOLS, TextSeries

__all__ = ["plot_lines"]

Array = np.ndarray[Any, Any]


def plot_lines(
    series: Sequence[TextSeries],
    columns: int,
    height: int,
    x_range: tuple[float, float],
    rows: Callable[[Array], Array],
    dots: tuple[int, int],
) -> list[list[tuple[str, str]]]:
    """The lines of the plot, in pieces of one kind.

    Args:
        series: the curves; where they meet the last one gives the colour.
        columns: characters of a line.
        height: lines.
        x_range: what the first and the last column stand for.
        rows: the rows of values, in dots from the top.
        dots: rows and columns of dots in a character: (4, 2), or (1, 1) for ASCII.
    """
    ascii_only = dots == (1, 1)
    whole = np.zeros((height * dots[0], columns * dots[1]), bool)
    owner = np.full((height, columns), -1)
    for i, s in enumerate(series):
        y = np.where(np.isfinite(s.y), s.y, np.nan)
        own = filled(spans(s.x, y, columns * dots[1], x_range, rows), height * dots[0])
        if s.dashed and not ascii_only:
            own[:, np.arange(columns * dots[1]) // dots[1] % 2 == 1] = False
        whole |= own
        owner[own.reshape(height, dots[0], columns, dots[1]).any(axis=(1, 3))] = i
    if ascii_only:
        symbols = np.array([*(SYMBOLS[i % len(SYMBOLS)] for i in range(len(series))), " "])
        text = ["".join(line) for line in symbols[owner]]
    else:
        text = braille(whole)
    cells = [
        [(c, str(series[i].colour) if i >= 0 else "") for c, i in zip(line, row, strict=True)]
        for line, row in zip(text, owner, strict=True)
    ]
    for s in series:
        if s.mark is not None and np.isfinite(s.y[s.mark]):
            share = (s.x[s.mark] - x_range[0]) / ((x_range[1] - x_range[0]) or 1.0)
            column = round(float(share) * (columns * dots[1] - 1)) // dots[1]
            line = round(float(rows(s.y[s.mark : s.mark + 1])[0])) // dots[0]
            cells[line][column] = ("O" if ascii_only else "○", str(s.colour))
    return [_joined(line) for line in cells]


def _joined(cells: list[tuple[str, str]]) -> list[tuple[str, str]]:
    """Neighbours of one kind as one piece."""
    found: list[tuple[str, str]] = []
    for text, kind in cells:
        if found and (found[-1][1] == kind or text == " "):
            found[-1] = (found[-1][0] + text, found[-1][1])
        else:
            found.append((text, kind))
    return found
