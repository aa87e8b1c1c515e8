"""Modified Bessel functions of the first kind, of whole order.

Formulas: Abramowitz & Stegun, "Handbook of Mathematical Functions", 9.6.10 and 9.7.1.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

Array = np.ndarray[Any, Any]


def _power_series(n: float, x: Array) -> Array:
    """The sum of (x / 2) ** (2 k + n) / (k! (n + k)!): all terms have one sign."""
    quarter = x * x / 4
    # exp(n log(x / 2) - log n!) would lose digits that this product keeps.
    term = np.ones_like(x)
    for k in range(1, int(n) + 1):
        term = term * (x / (2 * k))
    total = term.copy()
    k = 0
    # The terms rise until k is about x / 2 and then fall.
    while np.any(np.abs(term) > np.abs(total) * 1e-17):
        k += 1
        term = term * (quarter / (k * (k + n)))
        total += term
    return total


def _asymptotic(n: float, x: Array) -> Array:
    """exp(x) / sqrt(2 pi x) times a series in 1 / x, for x > 30 + n * n."""
    total = np.zeros_like(x)
    for k in range(25, 0, -1):
        total = -(total + 1) * (4 * n * n - (2 * k - 1) ** 2) / (8 * k * x)
    # In two halves: exp(x) alone overflows a little before the product does.
    half = np.exp(x / 2)
    return np.asarray(half / np.sqrt(2 * math.pi * x) * (1 + total) * half)


def _bessel_i_of_order(n: float, x: Array) -> Array:
    size = np.abs(x)
    result = np.where(np.isnan(x), np.nan, np.inf)
    far = (size > 30 + n * n) & (size < 1000)
    near = size <= 30 + n * n
    result[far] = _asymptotic(n, size[far])
    result[near] = _power_series(n, np.minimum(size[near], 1000))
    return np.asarray(np.copysign(result, x) if n % 2 else result)


def bessel_i(n: Array, x: Array) -> Array:
    """The modified Bessel function I_n(x); about 1e-14 relative.

    Args:
        n: whole numbers >= 0, in the shape and dtype of `x`; others give NaN.
        x: any real numbers.
    """
    orders = np.ravel(n).astype(np.float64)
    v = np.ravel(x).astype(np.float64)
    result = np.full_like(v, np.nan)
    for order in np.unique(orders):
        if order >= 0 and order == np.rint(order):
            here = orders == order
            result[here] = _bessel_i_of_order(float(order), v[here])
    return np.asarray(result.reshape(x.shape).astype(x.dtype))
