"""Curves as dots: two by four of them in each character of a terminal, as Braille has them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

__all__ = ["braille", "filled", "spans"]

Array = np.ndarray[Any, Any]

# The bits of a Braille character by row and column of its dots.
_BITS = np.array([[0x01, 0x08], [0x02, 0x10], [0x04, 0x20], [0x40, 0x80]])
_BLANK = 0x2800


def spans(
    x: Array, y: Array, columns: int, x_range: tuple[float, float], row: Callable[[Array], Array]
) -> Array:
    """Which rows a curve covers in each column.

    Points are joined by lines but across what is not finite.

    Args:
        x: ascending, shape (n,).
        y: shape (n,).
        columns: how many.
        x_range: what the centres of the first and the last column stand for.
        row: the rows of values as floats, from 0 at the top.

    Returns:
        The least and the greatest row of each column, shape (2, columns); NaN where nothing is.
    """
    low, high = x_range
    per_column = (high - low) / max(columns - 1, 1) or 1.0
    finite = np.isfinite(y)
    found = np.full((2, columns), np.nan)
    if not finite.any():
        return found
    rows = row(y[finite])
    # Each point in its column, so that no peak is lost; NaN gives way to a number.
    at = np.clip(np.rint((x[finite] - low) / per_column), 0, columns - 1).astype(np.int64)
    np.fmin.at(found[0], at, rows)
    np.fmax.at(found[1], at, rows)
    # Lines between them.
    centres = low + per_column * np.arange(columns)
    after = np.clip(np.searchsorted(x, centres), 1, max(len(x) - 1, 1))
    if len(x) > 1:
        within = (centres >= x[0]) & (centres <= x[-1]) & finite[after] & finite[after - 1]
        # Straight in rows, so also on a logarithmic axis.
        line = np.where(within, np.interp(centres, x[finite], rows), np.nan)
        found[0], found[1] = np.fmin(found[0], line), np.fmax(found[1], line)
        # Steep parts reach halfway to their neighbours.
        joined = within[1:] & within[:-1]
        half = np.where(joined, (line[1:] + line[:-1]) / 2, np.nan)
        for part in (slice(1, None), slice(None, -1)):
            found[0, part] = np.fmin(found[0, part], half)
            found[1, part] = np.fmax(found[1, part], half)
    return found


def filled(span: Array, rows: int) -> Array:
    """The dots of `spans` as bool of shape (rows, columns)."""
    with np.errstate(invalid="ignore"):
        number = np.arange(rows)[:, np.newaxis]
        low, high = np.clip(np.rint(span), 0, rows - 1)
        return (number >= low) & (number <= high)


def braille(dots: Array) -> list[str]:
    """Dots as lines of text.

    Args:
        dots: bool, shape (4 lines, 2 characters).

    >>> braille(np.eye(4, dtype=bool))
    ['⠑⢄']
    """
    lines, characters = dots.shape[0] // 4, dots.shape[1] // 2
    cells = dots.reshape(lines, 4, characters, 2)
    codes = _BLANK + np.einsum("lrck,rk->lc", cells.astype(np.int64), _BITS)
    return ["".join(map(chr, line)).replace(chr(_BLANK), " ") for line in codes]
