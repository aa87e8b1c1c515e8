"""Heights as colours and lines: evenly spaced, or by equal factors where they span a wide range."""

from __future__ import annotations

import itertools
import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from thalweg.viz.surface.numbers import is_flat

__all__ = ["Levels", "levels_of", "room_around", "round_values"]

Array = np.ndarray[Any, Any]

# From this ratio of the highest height to a low one on, levels are a factor apart; what is
# more than so many decades below the highest is not told apart.
_WIDE, _DECADES = 25.0, 5.0
_COUNT = 16


@dataclass(frozen=True, eq=False)
class Levels:
    """How heights are shown.

    Attributes:
        spacing: what is evenly spaced from colour to colour and from line to line: `'linear'`, the
            heights; `'root'`, the root of what they are above the lowest, so that the lines of a
            bowl are evenly spaced; `'log'`, their logarithms.
        low: the lowest height that is told apart.
        high: the highest.
        values: the heights of the contour lines, ascending, from low to high.
        ticks: round heights for a scale.
    """

    spacing: str
    low: float
    high: float
    values: Array
    ticks: list[float]

    def vertical(self, heights: Any) -> Array:
        """Where heights are on the vertical axis of a 3-D picture: their logarithms, or they."""
        found = np.asarray(heights, np.float64)
        return np.log10(np.maximum(found, self.low)) if self.spacing == "log" else found

    def shares(self, heights: Any) -> Array:
        """Where heights are among the colours, from 0 to 1."""
        found = np.clip(np.asarray(heights, np.float64), self.low, self.high)
        if self.spacing == "log":
            return np.log(found / self.low) / math.log(self.high / self.low)
        share: Array = (found - self.low) / (self.high - self.low)
        return np.sqrt(share) if self.spacing == "root" else share


def levels_of(heights: Array, scale: str = "auto") -> Levels:
    """How to show these heights.

    Args:
        heights: of the grid.
        scale: `'linear'` or `'log'`; `'auto'` is the latter where they span a wide range.
    """
    low, high = float(heights.min()), float(heights.max())
    if is_flat(low, high):
        low, high = room_around(low, high)
    spacing = "linear"
    # Not the single lowest point: that of a bowl that ends at 0 may be as near to 0 as it likes.
    rather_low, middle = np.quantile(heights, [0.1, 0.5])
    wide = low >= 0 and high > _WIDE * rather_low > 0
    if scale == "log" or (scale == "auto" and wide):
        spacing = "log"
        low = max(low, float(np.quantile(heights, 0.002)) / 2, high * 10**-_DECADES)
        values = np.geomspace(low, high, _COUNT)
    elif middle - low < 0.4 * (high - low):
        spacing = "root"
        values = low + (high - low) * np.linspace(0, 1, _COUNT) ** 2
    else:
        values = np.linspace(low, high, _COUNT)
    return Levels(spacing, low, high, values, round_values(low, high, spacing))


def room_around(low: float, high: float) -> tuple[float, float]:
    """Limits of a picture of heights that are all the same."""
    pad = 0.5 * max(abs(low), abs(high)) or 0.5
    return low - pad, high + pad


def round_values(low: float, high: float, spacing: str, count: int = 6) -> list[float]:
    """Round numbers within a range, about so many.

    >>> round_values(0.0, 10.0, "linear")
    [0.0, 2.0, 4.0, 6.0, 8.0, 10.0]
    >>> round_values(0.0, 100.0, "root")
    [0.0, 2.0, 10.0, 20.0, 40.0, 60.0, 100.0]
    >>> round_values(3.0, 4000.0, "log")
    [10.0, 100.0, 1000.0]
    """
    if spacing == "log":
        for parts in ((1,), (1, 3), (1, 2, 5)):
            powers = range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)
            every = max(1, round(len(powers) / count))
            found = [part * 10.0**power for power in powers if power % every == 0 for part in parts]
            found = [v for v in found if low * 0.999 <= v <= high * 1.001]
            if len(found) >= 3:
                return found
    if spacing == "root":
        # Where evenly spaced colours are, rounded to as many digits as tell neighbours apart.
        ideal = [low + (high - low) * (k / count) ** 2 for k in range(count + 1)]
        gaps = [b - a for a, b in itertools.pairwise(ideal)]
        near = [
            _rounded(v, min(gaps[max(k - 1, 0)], gaps[min(k, count - 1)]))
            for k, v in enumerate(ideal)
        ]
        return sorted({v for v in near if low <= v <= high})
    step = _round_step((high - low) / count * 0.8)
    first, last = math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9)
    return [k * step + 0.0 for k in range(first, last + 1)]


def _round_step(least: float) -> float:
    """The next of 1, 2, 2.5, 5, 10, ... that is not less."""
    power = 10.0 ** math.floor(math.log10(least))
    return next(part * power for part in (1, 2, 2.5, 5, 10) if part * power >= least)


def _rounded(value: float, apart: float) -> float:
    step = 10.0 ** math.floor(math.log10(apart))
    step = next(part * step for part in (5, 2, 1) if part * step <= apart)
    return float(f"{round(value / step) * step:.12g}") + 0.0
