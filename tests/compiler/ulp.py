"""Errors in units in the last place, and what the functions should give."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from scipy import special

from thalweg.primitives import special as reference

Array = np.ndarray[Any, Any]


def _sigmoid(x: Array) -> Array:
    e = np.exp(-np.abs(x))
    return np.where(x >= 0, 1, e) / (1 + e)


def _lgamma(x: Array) -> Array:
    return np.where(np.isneginf(x), np.inf, special.gammaln(x))


# For float32 they get float64; for float64 long doubles, save the last four in `_DOUBLE`.
ORACLES: dict[str, Callable[..., Array]] = {
    **{
        name: getattr(np, name)
        for name in (
            *("arccos", "arccosh", "arcsin", "arcsinh", "arctan", "arctan2", "arctanh", "cbrt"),
            *("cos", "cosh", "exp", "exp2", "expm1", "log", "log10", "log1p", "log2"),
            *("sin", "sinh", "sqrt", "tan", "tanh"),
        )
    },
    "erf": special.erf,
    "erfc": special.erfc,
    "erfinv": lambda x: np.copysign(special.erfinv(x), x),
    "lgamma": _lgamma,
    "pow": np.power,
    "rsqrt": lambda x: 1 / np.sqrt(x),
    "sigmoid": _sigmoid,
}
_DOUBLE = ("erf", "erfc", "erfinv", "lgamma")


def expected(name: str, *inputs: Array) -> Array:
    """A function of float32 or float64 inputs with more digits than they have."""
    wide = np.float64 if name in _DOUBLE or inputs[0].dtype == np.float32 else np.longdouble
    if inputs[0].dtype == np.float64 and name in ("erfc", "lgamma"):
        # scipy's are wrong by hundreds of units far out and beside 1 and 2.
        return getattr(reference, name)(*inputs)
    with np.errstate(all="ignore"):
        return np.asarray(ORACLES[name](*[x.astype(wide) for x in inputs]))


def ulp_errors(found: Array, wanted: Array) -> Array:
    """|found - wanted| in units in the last place; infinite where they differ in kind or sign."""
    limits = np.finfo(found.dtype)
    with np.errstate(all="ignore"):
        rounded = wanted.astype(found.dtype)
        _, exponent = np.frexp(wanted)
        exponent = np.maximum(exponent - 1, limits.minexp) - limits.nmant
        unit = np.ldexp(np.ones_like(wanted), exponent)
        errors = np.abs(found.astype(wanted.dtype) - wanted) / unit
        # Beside the largest number infinity is as good as it.
        edge = limits.max * (1 - 4 * limits.eps)
        same = (found == rounded) | ((np.abs(found) > edge) & (np.abs(rounded) > edge))
    errors = np.where(np.isfinite(found) & np.isfinite(rounded), errors, np.where(same, 0, np.inf))
    errors = np.where(np.signbit(found) == np.signbit(rounded), errors, np.inf)
    return np.where(np.isnan(found) & np.isnan(rounded), 0, errors)
