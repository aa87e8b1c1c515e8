"""One chart of curves as lines of text: Braille dots, or plain characters where there are none."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from thalweg.viz.curves.raster import braille, filled, spans
from thalweg.viz.curves.scale import tick_labels, ticks

__all__ = ["Line", "TextSeries", "plain", "text_chart"]

Array = np.ndarray[Any, Any]

Line = tuple[tuple[str, str], ...]
"""Pieces of a line: a text, and what it is: `'title'`, `'soft'`, `'0'` for the first colour of
series, `'1'`, ..., or `''`."""

SYMBOLS = "*o+x#%"


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


def text_chart(
    series: Sequence[TextSeries],
    width: int,
    height: int,
    *,
    title: str = "",
    note: str = "",
    x_label: str = "",
    log: bool = False,
    ascii_only: bool = False,
) -> list[Line]:
    r"""Draw curves as text.

    Args:
        series: the curves; what lies on top of each other shows the last one.
        width: of the lines, in characters; at least 24.
        height: of the plot, in lines; title, axis and numbers of the epochs are 3 more.
        title: what stands above on the left.
        note: what stands above on the right, if there is room.
        x_label: what stands below on the right.
        log: whether the axis of the values is logarithmic.
        ascii_only: whether only the characters of ASCII may be used.

    Returns:
        `height + 3` lines of exactly `width` characters.

    >>> x = np.arange(1.0, 6.0)
    >>> falls = TextSeries("training 0", x, 4.0 - np.minimum(x, 4.0))
    >>> lines = text_chart([falls], 34, 4, title="loss", x_label="epoch", ascii_only=True)
    >>> print("\n".join(plain(line).rstrip() for line in lines))
    loss
      |***
    2 +  ******
      |       ******
    0 +            ******** training 0
      ++----+--------+-----
       1    2        4      epoch
    """
    low, high = _range([s.y for s in series], log)
    x_low, x_high = _x_range([s.x for s in series])
    marks = ticks(low, high, max(2, height // 2), log)
    names = tick_labels(marks, log)
    left = max((len(name) for name in names), default=1) + 2
    labels = _end_labels(series, ascii_only, (width - left) // 2)
    right = max((len(text) + 1 for text, _ in labels), default=0)
    columns = max(width - left - right, 4)
    dots = (1, 1) if ascii_only else (4, 2)
    rows = _rows(low, high, height * dots[0], log)
    cells = _cells(series, columns, height, (x_low, x_high), rows, dots, ascii_only)

    line_rows = _rows(low, high, height, log)
    at = np.rint(line_rows(np.array(marks))).astype(int).tolist()
    by_row = dict(zip(at, names, strict=True))
    ends = _spread(series, labels, line_rows, height)
    corner, stroke, tick, edge, stop = "+-++|" if ascii_only else "└─┬┤│"
    lines: list[Line] = [_headline(title, note, width)]
    for i in range(height):
        name = by_row.get(i, "")
        pieces = [(name.rjust(left - 2) + " ", "soft"), (edge if name else stop, "soft")]
        pieces += _runs(cells[i])
        text, kind = ends.get(i, ("", ""))
        pieces.append(((" " + text if text else "").ljust(right), kind))
        lines.append(tuple(pieces))
    axis, below = _x_axis(x_low, x_high, columns, stroke, tick)
    rest = right - len(x_label) - 1
    lines.append((((" " * (left - 1)) + corner + axis + " " * right, "soft"),))
    if rest >= 0:
        below += " " + x_label + " " * rest
    else:
        # No room beside the numbers: in place of the last of them.
        below = (below[: columns + right - len(x_label) - 1] + " " + x_label).ljust(columns + right)
    lines.append(((" " * left + below, "soft"),))
    return lines


def plain(line: Line) -> str:
    """The text of a line."""
    return "".join(text for text, _ in line)


# --- ranges and axes ------------------------------------------------------------------------------


def _range(columns: Sequence[Array], log: bool) -> tuple[float, float]:
    numbers = np.concatenate([y[np.isfinite(y)] for y in columns] or [np.zeros(0)])
    if not len(numbers):
        return (1.0, 10.0) if log else (0.0, 1.0)
    low, high = float(numbers.min()), float(numbers.max())
    if high - low <= 1e-9 * max(abs(low), abs(high)):
        apart = 0.1 * abs(low) or 1.0
        return low - apart, high + apart
    return low, high


def _x_range(columns: Sequence[Array]) -> tuple[float, float]:
    numbers = [x for x in columns if len(x)]
    if not numbers:
        return 0.0, 1.0
    return float(min(x[0] for x in numbers)), float(max(x[-1] for x in numbers))


def _rows(low: float, high: float, count: int, log: bool) -> Callable[[Array], Array]:
    def row(values: Array) -> Array:
        place = np.log(values / low) / np.log(high / low) if log else (values - low) / (high - low)
        return (1.0 - place) * (count - 1)

    return row


def _x_axis(low: float, high: float, columns: int, stroke: str, tick: str) -> tuple[str, str]:
    """The line with its ticks, and the numbers below; whole numbers only."""
    axis, below = [stroke] * columns, [" "] * columns
    whole = (
        [v for v in ticks(low, high, max(columns // 10, 1)) if v == round(v)]
        if high > low
        else [low]
    )
    first = [float(np.ceil(low))] if np.ceil(low) <= high else []
    free = 0
    for value in dict.fromkeys([*first, *(v for v in whole if v == round(v))]):
        at = round((value - low) / ((high - low) or 1.0) * (columns - 1))
        text = f"{value:.0f}"
        begin = min(max(at - (len(text) - 1) // 2, 0), columns - len(text))
        if begin < free:
            continue
        axis[at] = tick
        below[begin : begin + len(text)] = text
        free = begin + len(text) + 2
    return "".join(axis), "".join(below)


def _headline(title: str, note: str, width: int) -> Line:
    title = title[:width]
    room = width - len(title)
    note = note if len(note) + 2 <= room else ""
    return (title, "title"), (note.rjust(room), "soft")


# --- curves ---------------------------------------------------------------------------------------


def _cells(
    series: Sequence[TextSeries],
    columns: int,
    height: int,
    x_range: tuple[float, float],
    rows: Callable[[Array], Array],
    dots: tuple[int, int],
    ascii_only: bool,
) -> list[list[tuple[str, str]]]:
    """Each character of the plot and its kind."""
    whole = np.zeros((height * dots[0], columns * dots[1]), bool)
    owner = np.full((height, columns), -1)
    drawn = []
    for s in series:
        y = np.where(np.isfinite(s.y), s.y, np.nan)
        own = filled(spans(s.x, y, columns * dots[1], x_range, rows), height * dots[0])
        if s.dashed and not ascii_only:
            own[:, np.arange(columns * dots[1]) // dots[1] % 2 == 1] = False
        drawn.append(own)
    for i, own in enumerate(drawn):
        whole |= own
        there = own.reshape(height, dots[0], columns, dots[1]).any(axis=(1, 3))
        owner[there] = i
    if ascii_only:
        symbols = [SYMBOLS[i % len(SYMBOLS)] for i in range(len(series))]
        text = ["".join(symbols[i] if i >= 0 else " " for i in row) for row in owner]
    else:
        text = braille(whole)
    cells = [
        [(c, str(series[i].colour) if i >= 0 else "") for c, i in zip(line, row, strict=True)]
        for line, row in zip(text, owner, strict=True)
    ]
    for s in series:
        if s.mark is None or not np.isfinite(s.y[s.mark]):
            continue
        share = (s.x[s.mark] - x_range[0]) / ((x_range[1] - x_range[0]) or 1.0)
        at = round(float(share) * (columns * dots[1] - 1)) // dots[1]
        line = int(np.rint(rows(s.y[s.mark : s.mark + 1])[0])) // dots[0]
        cells[line][at] = ("O" if ascii_only else "○", str(s.colour))
    return cells


def _runs(cells: list[tuple[str, str]]) -> list[tuple[str, str]]:
    """Neighbours of one kind as one piece."""
    found: list[tuple[str, str]] = []
    for text, kind in cells:
        if found and (found[-1][1] == kind or text == " "):
            found[-1] = (found[-1][0] + text, found[-1][1])
        else:
            found.append((text, kind))
    return found


def _end_labels(
    series: Sequence[TextSeries], ascii_only: bool, most: int
) -> list[tuple[str, TextSeries]]:
    found = []
    for i, s in enumerate(series):
        if not s.label:
            continue
        text = (
            f"{SYMBOLS[i % len(SYMBOLS)]} {s.label}" if ascii_only and len(series) > 1 else s.label
        )
        if len(text) > most:
            text = text[: most - 1] + ("." if ascii_only else "…")
        found.append((text, s))
    return found


def _spread(
    series: Sequence[TextSeries],
    labels: list[tuple[str, TextSeries]],
    rows: Callable[[Array], Array],
    height: int,
) -> dict[int, tuple[str, str]]:
    """The labels by line: each near the end of its curve, no two in one line."""
    wanted = []
    for text, s in labels:
        there = np.flatnonzero(np.isfinite(s.y))
        end = float(rows(s.y[there[-1:]])[0]) if len(there) else 0.0
        wanted.append((end, text, str(s.colour)))
    wanted.sort(key=lambda item: item[0])
    wanted = wanted[:height]
    places: list[int] = []
    for end, _, _ in wanted:
        places.append(max(round(end), places[-1] + 1 if places else 0))
    for i in range(len(places) - 1, -1, -1):  # what was pushed off the bottom pushes back
        limit = height - 1 if i == len(places) - 1 else places[i + 1] - 1
        places[i] = min(places[i], limit)
    return {place: (text, kind) for place, (_, text, kind) in zip(places, wanted, strict=True)}
