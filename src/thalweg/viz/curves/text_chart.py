"""One chart of curves as lines of text: Braille dots, or plain characters where there are none."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from thalweg.viz.curves.scale import tick_labels, ticks
from thalweg.viz.curves.text_labels import end_labels, spread, x_axis
from thalweg.viz.curves.text_plot import plot_lines
from thalweg.viz.curves.text_series import Line, TextSeries

__all__ = ["text_chart"]

Array = np.ndarray[Any, Any]


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

    >>> from thalweg.viz.curves.text_series import plain
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
    labels = end_labels(series, ascii_only, (width - left) // 2)
    right = max((len(text) + 1 for text in labels if text), default=0)
    columns = max(width - left - right, 4)
    dots = (1, 1) if ascii_only else (4, 2)
    rows = _rows(low, high, height * dots[0], log)
    plot = plot_lines(series, columns, height, (x_low, x_high), rows, dots)
    at = np.rint(rows(np.array(marks))).astype(int) // dots[0]
    by_line = dict(zip(at.tolist(), names, strict=True))
    ends = spread(series, labels, _rows(low, high, height, log), height)

    corner, stroke, tick, edge, side = "+-++|" if ascii_only else "└─┬┤│"
    note = note if len(title) + 2 + len(note) <= width else ""
    lines: list[Line] = [((title[:width], "title"), (note.rjust(width - len(title)), "soft"))]
    for i, pieces in enumerate(plot):
        name = by_line.get(i, "")
        text, kind = ends.get(i, ("", ""))
        lines.append(
            (
                (name.rjust(left - 2) + " " + (edge if name else side), "soft"),
                *pieces,
                ((" " + text if text else "").ljust(right), kind),
            )
        )
    axis, below = x_axis(x_low, x_high, columns, stroke, tick)
    lines.append(((" " * (left - 1) + corner + axis + " " * right, "soft"),))
    # Where there is no room beside the numbers, it takes the place of the last of them.
    below = below[: columns + right - len(x_label) - 1] + f" {x_label}"
    lines.append(((" " * left + below.ljust(columns + right), "soft"),))
    return lines


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
