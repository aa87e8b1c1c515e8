"""The words around a text chart: the axis of the epochs, and a label at the end of each curve."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from thalweg.viz.curves.scale import ticks
from thalweg.viz.curves.text_series import SYMBOLS, TextSeries

__all__ = ["end_labels", "spread", "x_axis"]

Array = np.ndarray[Any, Any]


def x_axis(low: float, high: float, columns: int, stroke: str, tick: str) -> tuple[str, str]:
    """The line with its ticks, and the whole numbers below.

    >>> x_axis(1, 20, 20, "-", "+")
    ('+--------+---------+', '1        10       20')
    """
    axis, below = [stroke] * columns, [" "] * columns
    first = [float(np.ceil(low))] if np.ceil(low) <= high else []
    round_ones = ticks(low, high, max(columns // 10, 1)) if high > low else []
    free = 0
    for value in dict.fromkeys([*first, *(v for v in round_ones if v == round(v))]):
        at = round((value - low) / ((high - low) or 1.0) * (columns - 1))
        text = f"{value:.0f}"
        begin = min(max(at - (len(text) - 1) // 2, 0), columns - len(text))
        if begin < free:
            continue
        axis[at] = tick
        below[begin : begin + len(text)] = text
        free = begin + len(text) + 2
    return "".join(axis), "".join(below)


def end_labels(series: Sequence[TextSeries], ascii_only: bool, most: int) -> list[str]:
    """What stands at the end of each curve, cut where it is too long.

    Args:
        series: the curves.
        ascii_only: whether the character of the curve stands before it.
        most: characters.
    """
    found = []
    for i, s in enumerate(series):
        named = ascii_only and s.label and len(series) > 1
        text = f"{SYMBOLS[i % len(SYMBOLS)]} {s.label}" if named else s.label
        end = "." if ascii_only else "…"
        found.append(text if len(text) <= most else text[: most - 1] + end)
    return found


def spread(
    series: Sequence[TextSeries],
    labels: Sequence[str],
    rows: Callable[[Array], Array],
    height: int,
) -> dict[int, tuple[str, str]]:
    """The labels by line: each near the end of its curve, no two in one line.

    Args:
        series: the curves.
        labels: their labels.
        rows: the lines of values.
        height: how many lines there are; labels that find no place are left out.

    Returns:
        Label and kind by the number of the line.
    """
    wanted = []
    for s, text in zip(series, labels, strict=True):
        there = np.flatnonzero(np.isfinite(s.y))
        end = float(rows(s.y[there[-1:]])[0]) if len(there) else 0.0
        if text:
            wanted.append((end, text, str(s.colour)))
    wanted = sorted(wanted, key=lambda item: item[0])[:height]
    places: list[int] = []
    for end, _, _ in wanted:
        places.append(max(round(end), places[-1] + 1 if places else 0))
    for i in range(len(places) - 1, -1, -1):  # what was pushed off the bottom pushes back
        limit = height - 1 if i == len(places) - 1 else places[i + 1] - 1
        places[i] = min(places[i], limit)
    return {place: (text, kind) for place, (_, text, kind) in zip(places, wanted, strict=True)}
