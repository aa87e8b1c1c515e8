"""Rows of features, with names and units, as the pictures of data take them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from thalweg.viz.charts.arguments import Floats, names_for, real_array
from thalweg.viz.words import name_and_unit

__all__ = ["Columns", "columns_of", "grid_shape", "target_of"]

MOST_PANELS = 40


class Columns(NamedTuple):
    """Features: float64 of shape `(n, k)`, and a label for each, with its unit."""

    values: Floats
    labels: list[str]


def columns_of(
    caller: str, x: Any, feature_names: Sequence[Any] | None, most: int = MOST_PANELS
) -> Columns:
    """Features of shape `(n, k)` or one of shape `(n,)`, with a label for each.

    Data frames name their columns themselves.

    Raises:
        TypeError: if they are not numbers.
        ValueError: if there are more than `most`, or names are not as many or not distinct.
    """
    values = real_array(caller, "x", x, (1, 2))
    if values.ndim == 1:
        values = values[:, None]
    k = values.shape[1]
    if k > most:
        raise ValueError(
            f"{caller}: at most {most} features can be drawn, got {k}; take some, as x[:, :{most}]."
        )
    if feature_names is None:
        feature_names = getattr(x, "columns", None)
    labels = names_for(caller, "feature_names", feature_names, k, "features")
    if labels and len({name_and_unit(label)[0] for label in labels}) < k:
        raise ValueError(f"{caller}: feature_names must be distinct, one comes twice.")
    return Columns(values, labels or [f"feature {i}" for i in range(k)])


def target_of(caller: str, y: Any, count: int) -> Floats:
    """A target of shape `(n,)` for as many rows."""
    found = real_array(caller, "y", y, (1, 2))
    if found.ndim == 2:
        if found.shape[1] != 1:
            raise ValueError(
                f"{caller}: y must be one number for each row, got shape {found.shape}."
            )
        found = found[:, 0]
    if len(found) != count:
        raise ValueError(f"{caller}: x has {count} rows, but y has {len(found)}.")
    return found


def grid_shape(count: int) -> tuple[int, int]:
    """Rows and columns of so many panels, wider than high.

    >>> grid_shape(1), grid_shape(3), grid_shape(12), grid_shape(13)
    ((1, 1), (1, 3), (3, 4), (4, 4))
    """
    columns = count if count <= 4 else 3 if count <= 6 else 4 if count <= 20 else 6
    return int(np.ceil(count / columns)), columns
