"""Which scale an axis has, linear or logarithmic, and round numbers on it."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any

import numpy as np

from thalweg.viz.curves.direction import better

__all__ = ["LOG_RANGE", "asks_for_log", "tick_labels", "ticks"]

Array = np.ndarray[Any, Any]

LOG_RANGE = 30.0
"""From which ratio of the greatest to the least value on an axis is logarithmic."""


def asks_for_log(name: str, values: Iterable[Array]) -> bool:
    """Whether the values of a metric are better seen on a logarithmic axis.

    They are where all are positive, the greatest is at least 30 times the least, and smaller ones
    are better or it is the learning rate: an accuracy is not looked at near 0.

    Args:
        name: of the metric.
        values: float64, of each curve; what is not finite does not count.
    """
    if better(name) != "down" and name != "learning_rate":
        return False
    numbers = np.concatenate([v[np.isfinite(v)] for v in values])
    if not len(numbers) or numbers.min() <= 0:
        return False
    return bool(numbers.max() >= LOG_RANGE * numbers.min())


def ticks(low: float, high: float, count: int, log: bool = False) -> list[float]:
    """Round numbers from `low` to `high`.

    Args:
        low: where the axis begins.
        high: where it ends, above `low`.
        count: about how many.
        log: whether the axis is logarithmic.

    >>> ticks(0, 10, 5), ticks(0.8, 120, 4, log=True)
    ([0.0, 2.0, 4.0, 6.0, 8.0, 10.0], [1.0, 10.0, 100.0])
    """
    if log:
        found = _powers(low, high, count)
        if len(found) >= 2:
            return found
    rough = (high - low) / max(count, 1)
    power = 10.0 ** math.floor(math.log10(rough))
    step = power * next((part for part in (1, 2, 2.5, 5) if part * power >= 0.8 * rough), 10)
    first, last = math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9)
    return [k * step + 0.0 for k in range(first, last + 1)]


def _powers(low: float, high: float, count: int) -> list[float]:
    """Powers of ten; with some between them, or without some of them, as there is room."""
    every = max(1, round(math.log10(high / low) / max(count, 1)))
    powers = range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)
    found: list[float] = []
    for parts in ((1,), (1, 3), (1, 2, 5)):
        all_of_them = [
            float(f"{d}e{power}") for power in powers if power % every == 0 for d in parts
        ]
        within = [v for v in all_of_them if low * 0.999 <= v <= high * 1.001]
        if len(found) < 2 or abs(len(within) - count) < abs(len(found) - count):
            found = within
    return found


def tick_labels(values: list[float], log: bool = False) -> list[str]:
    """The numbers of an axis with just as many places as they need.

    >>> tick_labels([0.0, 0.25, 0.5]), tick_labels([1e-5, 1e-4]), tick_labels([0.0, 2e6])
    (['0', '0.25', '0.50'], ['1e-5', '1e-4'], ['0', '2e6'])
    >>> tick_labels([0.01, 1.0], log=True)
    ['0.01', '1']
    """
    size = max((abs(v) for v in values), default=0.0)
    small = min((abs(v) for v in values if v), default=1.0)
    if size >= 1e5 or size < 1e-3 or (small < 1e-3 and size / small > 1e3):
        for places in range(16):
            found = [_power(v, places) for v in values]
            if len(set(found)) == len(found):
                break
        return found
    steps = np.diff(values)
    if log:
        return [f"{v:g}" for v in values]
    unit = float(steps[0]) if len(steps) else small
    places = max(0, -math.floor(math.log10(unit) + 1e-9))
    if round(unit * 10**places, 6) % 1:
        places += 1
    return ["0" if v == 0 else f"{v:.{places}f}" for v in values]


def _power(value: float, places: int) -> str:
    if value == 0:
        return "0"
    digits, power = f"{value:.{places}e}".split("e")
    return f"{digits}e{int(power)}"
