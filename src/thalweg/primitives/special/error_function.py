"""The error function, its complement and its inverse.

erf and erfc: W. J. Cody, "Rational Chebyshev approximations for the error function",
Mathematics of Computation 23 (1969), 631-637, with the coefficients of his CALERF.
erfinv: M. J. Wichura, "Algorithm AS 241: the percentage points of the normal distribution",
Applied Statistics 37 (1988), 477-484, and one step of Newton's method.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

Array = np.ndarray[Any, Any]

TWO_OVER_SQRT_PI: float = 2 / math.sqrt(math.pi)

# Coefficients from the highest power down. Cody: |x| <= 0.46875, then up to 4, then above.
ERF_P = (
    1.85777706184603153e-1,
    3.16112374387056560e00,
    1.13864154151050156e02,
    3.77485237685302021e02,
    3.20937758913846947e03,
)
ERF_Q = (
    1.0,
    2.36012909523441209e01,
    2.44024637934444173e02,
    1.28261652607737228e03,
    2.84423683343917062e03,
)
ERFC_P = (
    2.15311535474403846e-8,
    5.64188496988670089e-1,
    8.88314979438837594e00,
    6.61191906371416295e01,
    2.98635138197400131e02,
    8.81952221241769090e02,
    1.71204761263407058e03,
    2.05107837782607147e03,
    1.23033935479799725e03,
)
ERFC_Q = (
    1.0,
    1.57449261107098347e01,
    1.17693950891312499e02,
    5.37181101862009858e02,
    1.62138957456669019e03,
    3.29079923573345963e03,
    4.36261909014324716e03,
    3.43936767414372164e03,
    1.23033935480374942e03,
)
TAIL_P = (
    1.63153871373020978e-2,
    3.05326634961232344e-1,
    3.60344899949804439e-1,
    1.25781726111229246e-1,
    1.60837851487422766e-2,
    6.58749161529837803e-4,
)
TAIL_Q = (
    1.0,
    2.56852019228982242e00,
    1.87295284992346725e00,
    5.27905102951428412e-1,
    6.05183413124413191e-2,
    2.33520497626869185e-3,
)

# Wichura's PPND16: the middle, the tail, the far tail.
PPND_MIDDLE = (
    (
        2.5090809287301226727e3,
        3.3430575583588128105e4,
        6.7265770927008700853e4,
        4.5921953931549871457e4,
        1.3731693765509461125e4,
        1.9715909503065514427e3,
        1.3314166789178437745e2,
        3.3871328727963666080e0,
    ),
    (
        5.2264952788528545610e3,
        2.8729085735721942674e4,
        3.9307895800092710610e4,
        2.1213794301586595867e4,
        5.3941960214247511077e3,
        6.8718700749205790830e2,
        4.2313330701600911252e1,
        1.0,
    ),
)
PPND_TAIL = (
    (
        7.74545014278341407640e-4,
        2.27238449892691845833e-2,
        2.41780725177450611770e-1,
        1.27045825245236838258e0,
        3.64784832476320460504e0,
        5.76949722146069140550e0,
        4.63033784615654529590e0,
        1.42343711074968357734e0,
    ),
    (
        1.05075007164441684324e-9,
        5.47593808499534494600e-4,
        1.51986665636164571966e-2,
        1.48103976427480074590e-1,
        6.89767334985100004550e-1,
        1.67638483018380384940e0,
        2.05319162663775882187e0,
        1.0,
    ),
)
PPND_FAR_TAIL = (
    (
        2.01033439929228813265e-7,
        2.71155556874348757815e-5,
        1.24266094738807843860e-3,
        2.65321895265761230930e-2,
        2.96560571828504891230e-1,
        1.78482653991729133580e0,
        5.46378491116411436990e0,
        6.65790464350110377720e0,
    ),
    (
        2.04426310338993978564e-15,
        1.42151175831644588870e-7,
        1.84631831751005468180e-5,
        7.86869131145613259100e-4,
        1.48753612908506148525e-2,
        1.36929880922735805310e-1,
        5.99832206555887937690e-1,
        1.0,
    ),
)


def _polynomial(coefficients: Sequence[float], x: Array) -> Array:
    total = np.full_like(x, coefficients[0])
    for coefficient in coefficients[1:]:
        total *= x
        total += coefficient
    return total


def _ratio(top: Sequence[float], bottom: Sequence[float], x: Array) -> Array:
    return _polynomial(top, x) / _polynomial(bottom, x)


def _erf_near_zero(x: Array) -> Array:
    """erf for |x| <= 0.46875."""
    return x * _ratio(ERF_P, ERF_Q, x * x)


def _erfc_positive(x: Array) -> Array:
    """erfc for x > 0.46875."""
    scaled = np.empty_like(x)  # erfc(x) * exp(x * x)
    far = x > 4
    near = ~far
    scaled[near] = _ratio(ERFC_P, ERFC_Q, x[near])
    z = x[far]
    w = 1 / (z * z)
    scaled[far] = (1 / math.sqrt(math.pi) - w * _ratio(TAIL_P, TAIL_Q, w)) / z
    # exp(-x * x) with x split into a part whose square is exact and a small rest; erfc underflows
    # to 0 well before 30.
    x = np.minimum(x, 30.0)
    head = np.floor(x * 16) / 16
    return np.asarray(scaled * np.exp(-head * head) * np.exp(-(x - head) * (x + head)))


def _erf(x: Array) -> Array:
    result = np.empty_like(x)
    size = np.abs(x)
    far = size > 0.46875
    near = ~far  # NaN goes this way
    result[near] = _erf_near_zero(x[near])
    # Above 6 the complement is far below the rounding of 1.
    result[far] = np.copysign(1 - _erfc_positive(np.minimum(size[far], 6.0)), x[far])
    return result


def _erfc(x: Array) -> Array:
    result = np.empty_like(x)
    size = np.abs(x)
    far = size > 0.46875
    near = ~far
    result[near] = 1 - _erf_near_zero(x[near])
    tail = _erfc_positive(size[far])
    result[far] = np.where(x[far] < 0, 2 - tail, tail)
    return result


def _erfinv(x: Array) -> Array:
    size = np.abs(x)
    # x outside [-1, 1] and NaN give NaN.
    result = np.where(size == 1, np.inf, np.nan)
    # The normal quantile of p is sqrt(2) * erfinv(2 p - 1), so Wichura's q = p - 1/2 is x / 2.
    middle = size <= 0.85
    q = size[middle] / 2
    result[middle] = q * _ratio(*PPND_MIDDLE, 0.180625 - q * q) / math.sqrt(2)
    tail = (size < 1) & ~middle
    r = np.sqrt(-np.log((1 - size[tail]) / 2))
    far = np.where(r <= 5, _ratio(*PPND_TAIL, r - 1.6), _ratio(*PPND_FAR_TAIL, r - 5))
    result[tail] = far / math.sqrt(2)
    # Newton's step, above 1/2 for erfc(y) = 1 - x, where that keeps more digits.
    low = size <= 0.5
    y = result[low]
    result[low] -= (_erf(y) - size[low]) * np.exp(y * y) / TWO_OVER_SQRT_PI
    high = (size > 0.5) & (size < 1)
    y = result[high]
    result[high] += (_erfc(y) - (1 - size[high])) * np.exp(y * y) / TWO_OVER_SQRT_PI
    return np.copysign(result, x)


def _shaped(function: Any, x: Array) -> Array:
    """Apply a function of flat float64 arrays to an array of any shape, in its own dtype."""
    flat = function(np.ravel(x).astype(np.float64))
    return np.asarray(flat.reshape(x.shape).astype(x.dtype))


def erf(x: Array) -> Array:
    """The error function 2 / sqrt(pi) * integral of exp(-t * t) from 0 to x."""
    return _shaped(_erf, x)


def erfc(x: Array) -> Array:
    """1 - erf(x), accurate where erf(x) is close to 1."""
    return _shaped(_erfc, x)


def erfinv(x: Array) -> Array:
    """The inverse of erf on [-1, 1]; NaN elsewhere."""
    return _shaped(_erfinv, x)
