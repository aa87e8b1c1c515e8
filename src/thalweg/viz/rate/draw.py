"""Draws what a search for a learning rate saw."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from thalweg.viz.figure import MARKERS, Plot, axes_for
from thalweg.viz.palette import palette
from thalweg.viz.words import number

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from thalweg.viz.rate.search import LearningRateSearch

__all__ = ["draw_search"]

# Inches: what words beside a line take; axes that have no room for numbers in the legend.
_NEEDED, _NARROW = 1.0, 3.0


def draw_search(numbers: LearningRateSearch, axes: Axes) -> Plot[LearningRateSearch]:
    """The losses over the rates, with the marks; within a function that is `drawn`."""
    colours = palette()
    figure, axes = axes_for(axes)
    rates, smoothed = numbers.rates, numbers.smoothed
    axes.axvspan(numbers.steepest, numbers.minimum, color=colours.raised, linewidth=0)
    axes.plot(rates, numbers.losses, "-", color=colours.series[0], alpha=0.35, linewidth=0.8)
    axes.plot(rates, smoothed, "-", color=colours.series[0], linewidth=2.2)
    axes.axvline(numbers.suggestion, linestyle="-", color=colours.series[1], linewidth=1.4)
    width = axes.bbox.width / figure.dpi
    for name, rate, look in (("steepest", numbers.steepest, 2), ("lowest", numbers.minimum, 3)):
        _mark(axes, numbers, rate, look, f"{name} {number(rate, 2)}" if width > _NARROW else name)
    _mark(axes, numbers, numbers.suggestion, 1)
    _name_suggestion(axes, numbers, width)
    axes.set_xscale("log")
    low, high = smoothed.min(), smoothed.max()
    axes.set(
        title="Learning rate range test",
        xlabel="learning rate",
        ylabel="loss",
        xlim=(rates[0], rates[-1]),
        ylim=(low - 0.08 * (high - low), high + 0.12 * (high - low)),
    )
    axes.legend(loc="lower left", handletextpad=0.3, borderpad=0.4)
    return Plot(figure, axes, numbers, caption(numbers))


def _mark(
    axes: Axes, numbers: LearningRateSearch, rate: float, look: int, label: str | None = None
) -> None:
    """A point of the smoothed curve; `look` is the number of a colour and a marker."""
    colours = palette()
    height = np.interp(np.log(rate), np.log(numbers.rates), numbers.smoothed)
    axes.plot(
        rate,
        height,
        MARKERS[look],
        color=colours.series[look],
        markersize=8.5,
        markeredgecolor=colours.surface,
        markeredgewidth=1.2,
        label=label,
        clip_on=False,
    )


def _name_suggestion(axes: Axes, numbers: LearningRateSearch, width: float) -> None:
    """To the right of its line; along the line where axes of this width (inches) have no room."""
    colours = palette()
    first, last = np.log(numbers.rates[[0, -1]])
    share = (last - np.log(numbers.suggestion)) / (last - first)
    beside = share * width > _NEEDED
    axes.annotate(
        ("suggestion\n" if beside else "suggestion ") + number(numbers.suggestion, 2),
        (numbers.suggestion, 0.97),
        xycoords=("data", "axes fraction"),
        xytext=(5, 0),
        textcoords="offset points",
        va="top",
        rotation=0 if beside else 90,
        color=colours.series[1],
        fontweight="bold",
        fontsize=9 if width > _NARROW else 8,
    )


def caption(numbers: LearningRateSearch) -> str:
    """What is seen, in a sentence."""
    end = (
        f"is still finite at the highest rate, {number(numbers.rates[-1], 2)}"
        if numbers.diverged_at is None
        else f"has diverged at {number(numbers.diverged_at, 2)}"
    )
    return (
        f"From {number(numbers.smoothed[0])} the loss falls fastest at a learning rate of "
        f"{number(numbers.steepest, 2)}, is lowest ({number(numbers.smoothed.min())}) at "
        f"{number(numbers.minimum, 2)} and {end}; {number(numbers.suggestion, 2)} is suggested."
    )
