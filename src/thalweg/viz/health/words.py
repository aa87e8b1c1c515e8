"""Numbers and lists as they stand in sentences."""

from __future__ import annotations

import math
from collections.abc import Sequence

__all__ = ["fold", "joined", "listed", "percent"]


def fold(ratio: float) -> str:
    """With two digits that count.

    >>> fold(4231.0), fold(1.64)
    ('4,200', '1.6')
    """
    if ratio >= 1e9:
        return "more than 1,000,000,000"
    digits = 1 - math.floor(math.log10(ratio))
    return f"{round(ratio, digits):,.{max(digits, 0)}f}".removesuffix(".0")


def percent(share: float) -> str:
    """With two digits that count.

    >>> percent(0.001234), percent(0.5)
    ('0.12%', '50%')
    """
    value = 100 * share
    if value == 0:
        return "0%"
    digits = max(1 - math.floor(math.log10(abs(value))), 0)
    text = f"{value:,.{digits}f}"
    return f"{text.rstrip('0').rstrip('.') if '.' in text else text}%"


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


def joined(parts: Sequence[str]) -> str:
    """With commas, and "and" before the last."""
    return parts[0] if len(parts) == 1 else f"{', '.join(parts[:-1])} and {parts[-1]}"
