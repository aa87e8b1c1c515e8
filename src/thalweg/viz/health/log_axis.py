"""A logarithmic axis with numbers that are read at once: 0.1, 1, 10, and 10^-6 where it is long."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["log_axis", "log_ticks"]


def log_axis(axes: Axes, which: Literal["x", "y"], values: Any, most: int = 7) -> None:
    """Make an axis logarithmic, around these positive values.

    Args:
        axes: which axes.
        which: `'x'` or `'y'`.
        values: what it shows, positive.
        most: how many numbers there is room for; they are longer than they are high.
    """
    low, high = float(np.min(values)), float(np.max(values))
    decades = math.log10(high / low)
    # At least half of a decade, so that what is nearly the same looks so.
    margin = 10 ** max(0.06 * decades, (0.5 - decades) / 2, 0.03)
    low, high = low / margin, high * margin
    if which == "x":
        axes.set_xscale("log")
        axes.set_xlim(low, high)
    else:
        axes.set_yscale("log")
        axes.set_ylim(low, high)
    log_ticks(axes.xaxis if which == "x" else axes.yaxis, low, high, most)


def log_ticks(axis: Any, low: float, high: float, most: int = 7) -> None:
    """Write short numbers on a logarithmic axis that shows `low` to `high`."""
    from matplotlib.ticker import FixedLocator, FuncFormatter, NullFormatter

    ticks = places(low, high, most)
    # Where some are written as powers of ten anyway, most are.
    plain = (-2, 3) if ticks and (ticks[0] < 1e-5 or ticks[-1] >= 1e6) else (-4, 4)
    axis.set_major_locator(FixedLocator(ticks))
    axis.set_major_formatter(FuncFormatter(lambda value, _: short(value, plain)))
    axis.set_minor_formatter(NullFormatter())


# Of the numbers in a decade, from many to few.
_DIGITS = ((1, 1.5, 2, 3, 5, 7), (1, 2, 5), (1, 3))


def places(low: float, high: float, most: int) -> list[float]:
    """Round numbers from `low` to `high`, in the finest steps that give no more than `most`.

    >>> places(0.3, 30.0, 7)
    [0.5, 1.0, 2.0, 5.0, 10.0, 20.0]
    >>> places(0.3, 300.0, 7)
    [0.3, 1.0, 3.0, 10.0, 30.0, 100.0, 300.0]
    """
    first, last = math.floor(math.log10(low)), math.ceil(math.log10(high))
    found: list[float] = []
    for digits in _DIGITS:
        # Written as decimals, so that 0.3 is the number 0.3.
        found = [float(f"{d}e{p}") for p in range(first, last + 1) for d in digits]
        found = [x for x in found if low <= x <= high]
        if len(found) <= most:
            return found
    step = 1
    while len(found) > most:
        found = [float(f"1e{p}") for p in range(first, last + 1) if p % step == 0]
        found = [x for x in found if low <= x <= high]
        step += 1
    return found


def short(value: float, plain: tuple[int, int] = (-4, 4)) -> str:
    """A number of a logarithmic axis, written plainly from the one power of ten to the other.

    >>> short(0.02), short(1000.0), short(1e-6)
    ('0.02', '1000', '$10^{-6}$')
    """
    if value <= 0 or not math.isfinite(value):
        return ""
    power = math.floor(math.log10(value) + 1e-6)
    if plain[0] <= power < plain[1]:
        return f"{value:g}"
    digit = f"{value / 10.0**power:.3g}"
    return f"$10^{{{power}}}$" if digit == "1" else rf"${digit} \times 10^{{{power}}}$"
