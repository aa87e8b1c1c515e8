"""Curves made smoother, and curves of fewer points."""

from __future__ import annotations

from typing import Any

import numpy as np

__all__ = ["smooth", "thinned"]

Array = np.ndarray[Any, Any]


def smooth(values: Array, weight: float) -> Array:
    """The exponential moving average, free of the bias towards 0 at its beginning.

    With m_0 = 0 and m_t = w m_(t-1) + (1 - w) x_t it is m_t / (1 - w^t), as in Adam (Kingma and Ba
    2015, section 3), and as TensorBoard smooths. What is no finite number stays where it is and
    takes no part.

    Args:
        values: float64, shape (n,).
        weight: w, at least 0 and below 1; 0 leaves the values as they are.

    Returns:
        float64, shape (n,).

    >>> smooth(np.array([4.0, 2.0, np.nan, 2.0]), 0.5).tolist()
    [4.0, 2.6666666666666665, nan, 2.2857142857142856]
    """
    if not weight:
        return values
    mean, share = 0.0, 1.0
    found = values.astype(np.float64)
    for i in np.flatnonzero(np.isfinite(values)):
        mean = weight * mean + (1.0 - weight) * float(values[i])
        share *= weight
        found[i] = mean / (1.0 - share)
    return found


def thinned(x: Array, y: Array, most: int) -> tuple[Array, Array]:
    """At most about `most` points with the same outline.

    Of each of `most / 4` groups of neighbours there remain the first, the least, the greatest and
    a gap, so neither a single peak nor a single NaN is lost; the last point remains too.

    Args:
        x: shape (n,).
        y: shape (n,).
        most: how many points are enough.

    Returns:
        The points that remain, in their order.
    """
    n = len(x)
    groups = max(most // 4, 1)
    if n <= 4 * groups:
        return x, y
    edges = np.linspace(0, n, groups + 1).astype(np.int64)
    finite = np.isfinite(y)
    group = np.repeat(np.arange(groups), np.diff(edges))
    # Sorted by group and then by value, the first and last of a group are its least and greatest.
    order = np.lexsort((np.where(finite, y, 0.0), ~finite, group))
    count = np.bincount(group[finite], minlength=groups)
    some = count > 0
    least, greatest = order[edges[:-1][some]], order[(edges[:-1] + count - 1)[some]]
    gaps = np.flatnonzero(~finite)
    gaps = gaps[np.unique(group[gaps], return_index=True)[1]]
    kept = np.unique(np.concatenate([edges[:-1], least, greatest, gaps, [n - 1]]))
    return x[kept], y[kept]
