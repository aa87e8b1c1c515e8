"""text_curves: training curves as text, for terminals and logs."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from typing import Any

import numpy as np

from thalweg.viz.curves.curve import Curve, Panel, TrainingCurves, panels
from thalweg.viz.curves.metric_names import in_words
from thalweg.viz.curves.notes import marked_curves, note
from thalweg.viz.curves.reading import read_curves
from thalweg.viz.curves.scale import asks_for_log
from thalweg.viz.curves.sentence import describe
from thalweg.viz.curves.text_chart import text_chart
from thalweg.viz.curves.text_series import Line, TextSeries, plain
from thalweg.viz.words import in_ascii, number

__all__ = ["curve_lines", "text_curves"]

# Narrower than this there is one chart beside another only if it is wished, wider is of no use.
_NARROW, _WIDE = 56, 100
_GAP = 3


def text_curves(
    history: Any,
    metrics: str | Sequence[str] | None = None,
    *,
    width: int = 80,
    height: int = 8,
    smoothing: float = 0.0,
    ascii_only: bool = False,
) -> str:
    """Draw training curves as text: a chart for each metric, and a sentence.

    Training is a continuous line, validation a dashed one, the best epoch a ring; the last value
    stands at the end of each curve. Where the width allows, charts stand side by side.

    Args:
        history: as in `plot_history`, like `metrics` and `smoothing`.
        metrics: which metrics.
        width: of the lines, in characters, at least 40.
        height: of each chart without its title and axis, in lines, at least 3.
        smoothing: the weight of the moving average that is drawn.
        ascii_only: whether only the characters of ASCII are used.

    Returns:
        Lines of text.

    Raises:
        TypeError: as `plot_history` does.
        ValueError: so too, and for a width or height that is too small.

    >>> import thalweg as tw
    >>> log = {"loss": [8, 4, 2, 1, 0.5, 0.2], "val_loss": [9, 5, 3, 3.5, 4, 4.5]}
    >>> print(tw.viz.text_curves(log, width=60, height=5))
    loss (log scale)                        ○ best: 3 at epoch 3
        │⠛⠒⠶⠤⢦⣀⣤ ⣀
      3 ┤      ⠈⠉⠉⠓⠛⠦⠭⢤⣒⣀○ ⠒ ⠒ ⠒ ⠒ ⠋ ⠉ ⠉ ⠉ ⠉ ⠉ ⠉  validation 4.5
      1 ┤                ⠉⠉⠓⠒⠲⠤⢤⣀⣀⡀
        │                         ⠉⠉⠓⠒⠲⠤⢤⣀⣀
    0.3 ┤                                 ⠈⠉⠓⠒⠦⢤⣀ training 0.2
        └┬───────┬───────┬──────┬───────┬───────┬
         1       2       3      4       5       6 epoch
    <BLANKLINE>
    Loss falls from 8 to 0.2; validation is lowest at epoch 3
    (3) and rises after, to 4.5: it overfits.
    """
    for name, value, least in (("width", width, 40), ("height", height, 3)):
        if not isinstance(value, int) or value < least:
            raise ValueError(
                f"text_curves: {name} must be a whole number from {least} on, got {value!r}."
            )
    curves = read_curves("text_curves", history, metrics, smoothing)
    lines = [plain(line).rstrip() for line in curve_lines(curves, width, height, ascii_only)]
    sentence = in_ascii(describe(curves)) if ascii_only else describe(curves)
    return "\n".join([*lines, "", *textwrap.wrap(sentence, width)])


def curve_lines(
    curves: TrainingCurves, width: int, height: int, ascii_only: bool = False
) -> list[Line]:
    """The charts of all metrics as lines.

    Args:
        curves: what is drawn.
        width: of the lines.
        height: of each chart, without title and axis.
        ascii_only: whether only the characters of ASCII are used.
    """
    shown = panels(curves)
    columns = chart_columns(len(shown), width)
    each = min((width - _GAP * (columns - 1)) // columns, _WIDE)
    charts = [_chart(panel, curves.runs, each, height, ascii_only) for panel in shown]
    lines: list[Line] = []
    for first in range(0, len(charts), columns):
        if first:
            lines.append((("", ""),))
        beside = charts[first : first + columns]
        for parts in zip(*beside, strict=True):
            joined: list[tuple[str, str]] = []
            for part in parts:
                joined += [(" " * _GAP, "")] if joined else []
                joined += part
            lines.append(tuple(joined))
    return lines


def chart_columns(charts: int, width: int) -> int:
    """How many charts stand side by side."""
    return max(1, min(charts, (width + _GAP) // (_NARROW + _GAP)))


def _chart(
    panel: Panel, runs: tuple[str, ...], width: int, height: int, ascii_only: bool
) -> list[Line]:
    log = asks_for_log(panel.name, (c.values for c in panel.curves))
    marked = marked_curves(panel)
    series = [_series(c, runs, c in marked, ascii_only) for c in panel.curves]
    above = note(panel, runs, "O " if ascii_only else "○ ")
    title = in_words(panel.name) + (" (log scale)" if log else "")
    return text_chart(
        series,
        width,
        height,
        title=title,
        note=in_ascii(above) if ascii_only else above,
        x_label="epoch",
        log=log,
        ascii_only=ascii_only,
    )


def _series(curve: Curve, runs: tuple[str, ...], marked: bool, ascii_only: bool) -> TextSeries:
    kind = "validation" if curve.validation else "training"
    several = len(runs) > 1
    name = f"{curve.run}, {kind}" if several and curve.validation else curve.run or kind
    there = np.flatnonzero(curve.finite)
    end = number(float(curve.values[there[-1]])) if len(there) else "NaN"
    label = end if curve.name == "learning_rate" and not several else f"{name} {end}"
    colour = runs.index(curve.run) if several else int(curve.validation)
    return TextSeries(
        in_ascii(label) if ascii_only else label,
        np.asarray(curve.epochs, np.float64),
        curve.smoothed,
        colour,
        curve.validation,
        curve.best if marked else there[0] if len(there) == 1 else None,
    )
