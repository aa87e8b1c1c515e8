"""Ratios, and lists of layers, as they stand in sentences."""

from __future__ import annotations

import math
from collections.abc import Sequence

from thalweg.viz.words import joined

__all__ = ["fold", "listed"]


def fold(ratio: float) -> str:
    """With two digits that count.

    >>> fold(4231.0), fold(1.64)
    ('4,200', '1.6')
    """
    if ratio >= 1e9:
        return "more than 1,000,000,000"
    digits = 1 - math.floor(math.log10(ratio))
    return f"{round(ratio, digits):,.{max(digits, 0)}f}".removesuffix(".0")


def listed(names: Sequence[str]) -> str:
    """The first names of layers, and how many more there are.

    >>> listed(["a", "b", "c", "d", "e"])
    "'a', 'b', 'c' and 2 more layers"
    """
    shown = [f"'{name}'" for name in names[:3]]
    more = len(names) - 3
    if more > 0:
        shown.append(f"{more} more layers" if more > 1 else "one more layer")
    return joined(shown)
