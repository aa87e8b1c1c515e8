"""The axes of one metric in a figure of training curves."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING, Any

import numpy as np

from thalweg.viz.charts.headings import height_of, width_of
from thalweg.viz.charts.line_chart import lone_values
from thalweg.viz.curves.curve import Curve, Panel
from thalweg.viz.curves.direction import better
from thalweg.viz.curves.metric_names import in_words
from thalweg.viz.curves.notes import marked_curves, note
from thalweg.viz.curves.scale import asks_for_log
from thalweg.viz.curves.smoothing import thinned
from thalweg.viz.figure import LINES, MARKERS
from thalweg.viz.palette import palette
from thalweg.viz.words import literal

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["draw_panel"]

# More points than this are not seen; fewer than that are seen as points.
_MOST_POINTS = 2000
_FEW_POINTS = 12
_NOTE = 8.5
"""Points of the letters above the axes."""


def draw_panel(
    ax: Axes, panel: Panel, runs: tuple[str, ...], scale: str, zoom_to_fit: bool, best: bool
) -> dict[str, Any]:
    """Draw the curves of one metric.

    Args:
        ax: where.
        panel: the curves.
        runs: the names of all runs.
        scale: `'auto'`, `'linear'` or `'log'`.
        zoom_to_fit: whether a linear axis shows just the range of the values.
        best: whether the best epochs are marked.

    Returns:
        What a legend shows, by label.
    """
    from matplotlib.ticker import FixedLocator, MaxNLocator

    log = scale == "log" or (
        scale == "auto" and asks_for_log(panel.name, (c.values for c in panel.curves))
    )
    if log:
        ax.set_yscale("log")
        _label_powers(ax, panel)
    handles: dict[str, Any] = {}
    for curve in panel.curves:
        handles |= _draw_curve(ax, curve, runs)
    epochs = np.concatenate([curve.epochs for curve in panel.curves])
    first, last = int(np.floor(epochs.min())), int(np.ceil(epochs.max()))
    margin = max(0.03 * (last - first), 0.5)
    ax.set_xlim(first - margin, last + margin)
    whole = MaxNLocator("auto", integer=True, steps=[1, 2, 5, 10])
    ax.xaxis.set_major_locator(whole if last > first else FixedLocator([first]))
    if len(runs) == 1:
        _tint_gaps(ax, panel.curves)
    if not log and (not zoom_to_fit or first == last):
        _whole_range(ax, panel)
    if best:
        _mark_best(ax, panel, runs)
    only = panel.curves[0].metric if len({c.metric for c in panel.curves}) == 1 else panel.name
    ax.set_xlabel("epoch")
    ax.set_ylabel(literal(in_words(only)) + (" (log scale)" if log else ""))
    # Narrow axes get the note in several lines: about 0.6 em to a character.
    room = int(72 * width_of(ax) / (0.6 * _NOTE))
    said = textwrap.fill(note(panel, runs, "○ " if best else None), max(room, 16))
    ax.set_title(literal(said), color=palette().soft, fontsize=_NOTE, fontweight="normal", pad=5)
    return handles


def _style(curve: Curve, runs: tuple[str, ...]) -> dict[str, Any]:
    colours = palette().series
    if len(runs) == 1:
        i = int(curve.validation)
        style: dict[str, Any] = {"color": colours[i], "linestyle": LINES[i]}
        if len(curve.epochs) <= _FEW_POINTS:
            style |= {"marker": MARKERS[i]}
        return style
    # Runs differ in colour and marker, training from validation in the kind of line.
    i = runs.index(curve.run)
    # Markers at parts of a line's length need a line.
    spaced = len(curve.epochs) > _FEW_POINTS and curve.finite.any()
    return {
        "color": colours[i % len(colours)],
        "linestyle": LINES[int(curve.validation)],
        "marker": MARKERS[(i + i // len(colours)) % len(MARKERS)],
        "markevery": (0.02 + 0.03 * (i % 6), 0.2) if spaced else 1,
    }


def _draw_curve(ax: Axes, curve: Curve, runs: tuple[str, ...]) -> dict[str, Any]:
    from matplotlib.lines import Line2D

    style = _style(curve, runs)
    numbers = np.where(curve.finite, curve.values, np.nan)
    if curve.smoothed is not curve.values:
        faint = style | {"alpha": 0.35, "linewidth": 1.0, "marker": "", "linestyle": "-"}
        ax.plot(*thinned(curve.epochs, numbers, _MOST_POINTS), **faint)
        numbers = np.where(curve.finite, curve.smoothed, np.nan)
    rate = curve.name == "learning_rate"
    ax.plot(
        *thinned(curve.epochs, numbers, _MOST_POINTS),
        **style,
        drawstyle="steps-mid" if rate and len(numbers) > 1 else "default",
    )
    lone = lone_values(numbers)
    if lone.any():
        point = {"marker": MARKERS[int(curve.validation)]} | style
        ax.plot(curve.epochs[lone], numbers[lone], **point | {"linestyle": "", "markevery": 1})
    if len(runs) == 1 and rate:
        return {}
    kind = "validation" if curve.validation else "training"
    if len(runs) == 1:
        return {kind: Line2D([], [], **style)}
    soft = {"color": palette().soft, "linestyle": style["linestyle"]}
    return {
        curve.run: Line2D([], [], **style | {"linestyle": "-", "markevery": 1}),
        kind: Line2D([], [], **soft),
    }


def _tint_gaps(ax: Axes, curves: tuple[Curve, ...]) -> None:
    for curve in curves:
        missing = np.pad(~curve.finite, 1).astype(np.int8)
        begins, ends = np.flatnonzero(np.diff(missing) > 0), np.flatnonzero(np.diff(missing) < 0)
        for begin, end in zip(begins[:50], ends[:50], strict=True):
            low, high = curve.epochs[begin] - 0.5, curve.epochs[end - 1] + 0.5
            ax.axvspan(low, high, color=palette().bad, alpha=0.12, linewidth=0)


def _whole_range(ax: Axes, panel: Panel) -> None:
    numbers = np.concatenate([curve.values[curve.finite] for curve in panel.curves])
    if len(numbers) and numbers.min() >= 0:
        share = better(panel.name) == "up" and numbers.max() <= 1
        ax.set_ylim(0, 1.02 if share else 1.05 * numbers.max() or 1.0)


def _mark_best(ax: Axes, panel: Panel, runs: tuple[str, ...]) -> None:
    for curve in marked_curves(panel):
        at = slice(curve.best, (curve.best or 0) + 1)
        ax.plot(
            curve.epochs[at],
            curve.values[at],
            linestyle="",
            marker="o",
            markersize=9.0,
            markerfacecolor="none",
            markeredgewidth=1.6,
            markeredgecolor=_style(curve, runs)["color"],
            zorder=4,
        )


def _label_powers(ax: Axes, panel: Panel) -> None:
    """Numbers between powers of ten as well, where there is room for them."""
    from matplotlib.ticker import FuncFormatter, LogLocator, NullLocator

    numbers = np.concatenate([c.values[c.finite & (c.values > 0)] for c in panel.curves])
    decades = max(float(np.log10(numbers.max() / numbers.min())), 0.1) if len(numbers) else 1.0
    room = 72 * height_of(ax) / decades
    if room > 36:
        ax.yaxis.set_major_locator(LogLocator(subs=(1.0, 2.0, 5.0) if room > 75 else (1.0, 3.0)))
        ax.yaxis.set_minor_locator(NullLocator())
    if decades < 5:
        ax.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
