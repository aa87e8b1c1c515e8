"""How strongly two quantities go together."""

from __future__ import annotations

import numpy as np

from thalweg.viz.charts.arguments import Floats

__all__ = ["METHODS", "correlations", "ranks"]

METHODS = ("pearson", "spearman")


def correlations(columns: Floats, method: str = "pearson") -> Floats:
    """The correlation coefficients between columns; NaN where one of both is constant.

    Args:
        columns: of shape `(n, k)`; each pair is compared in the rows where both are finite.
        method: `'pearson'`: of the values; `'spearman'`: of their ranks.

    Returns:
        float64 of shape `(k, k)`.

    >>> correlations(np.array([[1.0, 1.0, 5.0], [2.0, 8.0, 5.0], [3.0, 27.0, 5.0]]), "spearman")
    array([[ 1.,  1., nan],
           [ 1.,  1., nan],
           [nan, nan, nan]])
    """
    finite = np.isfinite(columns)
    whole = finite.all(0)
    found = np.full((columns.shape[1],) * 2, np.nan)
    found[np.ix_(whole, whole)] = _of_whole(columns[:, whole], method)
    for i in np.flatnonzero(~whole):
        for j in np.flatnonzero(whole | (np.arange(len(found)) <= i)):
            both = finite[:, i] & finite[:, j]
            pair = _of_whole(columns[both][:, [i, j]], method)
            found[i, j] = found[j, i] = pair[0, 1]
    return found


def _of_whole(columns: Floats, method: str) -> Floats:
    """The same of columns without gaps."""
    k = columns.shape[1]
    if len(columns) < 2:
        return np.full((k, k), np.nan)
    if method == "spearman":
        columns = np.stack([ranks(column) for column in columns.T], axis=1)
    constant = np.ptp(columns, axis=0) == 0
    centred = columns - columns.mean(0)
    lengths = np.sqrt(np.sum(centred**2, axis=0))
    lengths[constant] = np.nan
    unit = centred / lengths
    found = np.clip(unit.T @ unit, -1, 1)
    np.fill_diagonal(found, np.where(constant, np.nan, 1.0))
    return found


def ranks(values: Floats) -> Floats:
    """Ranks from 1; equal values share the mean of their ranks.

    >>> ranks(np.array([30.0, 10.0, 10.0, 20.0])).tolist()
    [4.0, 1.5, 1.5, 3.0]
    """
    _, place, counts = np.unique(values, return_inverse=True, return_counts=True)
    last = np.cumsum(counts)
    return (last - (counts - 1) / 2)[place].astype(np.float64)
