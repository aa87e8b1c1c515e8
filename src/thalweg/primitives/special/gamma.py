"""The logarithm of the gamma function and its derivatives, the polygammas.

Formulas: Abramowitz & Stegun, "Handbook of Mathematical Functions", chapter 6 (numbers as cited
below) and DLMF 25.11 for the Hurwitz zeta function.
"""

from __future__ import annotations

import functools
import math
from typing import Any

import numpy as np

Array = np.ndarray[Any, Any]

# Bernoulli numbers B2, B4, ... B24.
BERNOULLI = (
    1 / 6,
    -1 / 30,
    1 / 42,
    -1 / 30,
    5 / 66,
    -691 / 2730,
    7 / 6,
    -3617 / 510,
    43867 / 798,
    -174611 / 330,
    854513 / 138,
    -236364091 / 2730,
)
_EULER_GAMMA = 0.57721566490153286061


def _hurwitz_zeta(s: Array, a: Array) -> Array:
    """The sum of (a + k) ** -s over k = 0, 1, ... for integer s >= 2 and a > 0.

    Ten terms and the Euler-Maclaurin formula for the rest (DLMF 25.11.28).
    """
    total = np.zeros_like(a)
    for k in range(10):
        total += (a + k) ** -s
    w = np.minimum(a + 10, 1e300)  # finite, so that 0 * w below is 0
    power = w**-s
    total += power * (w / (s - 1) + 0.5)
    factor = s * power / w  # s (s + 1) ... (s + 2j - 2) w ** (-s - 2j + 1)
    for j, bernoulli in enumerate(BERNOULLI, start=1):
        total += factor * (bernoulli / math.factorial(2 * j))
        factor = factor * (s + (2 * j - 1)) * (s + 2 * j) / (w * w)
    return total


# log gamma(2 + z) = (1 - gamma) z + sum over k >= 2 of (zeta(k) - 1) (-z) ** k / k (A&S 6.1.33),
# where zeta(k) - 1 is zeta(k, 2).
_ORDERS = np.arange(2.0, 32.0)
LOG_GAMMA_AT_2: tuple[float, ...] = (
    1 - _EULER_GAMMA,
    *(_hurwitz_zeta(_ORDERS, np.full_like(_ORDERS, 2.0)) * (-1) ** _ORDERS / _ORDERS).tolist(),
)


def _log_gamma_near_2(z: Array) -> Array:
    """log gamma(2 + z) for |z| <= 1/2."""
    total = np.zeros_like(z)
    for coefficient in reversed(LOG_GAMMA_AT_2):
        total = (total + coefficient) * z
    return total


def _log_gamma_large(x: Array) -> Array:
    """Stirling's series (A&S 6.1.40) for x >= 8, arranged so that infinity gives infinity."""
    w = 1 / (x * x)
    series = np.zeros_like(x)
    for k in range(10, 0, -1):
        series = series * w + BERNOULLI[k - 1] / (2 * k * (2 * k - 1))
    half_log_two_pi = 0.5 * math.log(2 * math.pi)
    return np.asarray((x - 0.5) * (np.log(x) - 1) + (half_log_two_pi - 0.5) + series / x)


def _log_gamma(x: Array) -> Array:
    """log |gamma(x)| for x > -1/2."""
    result = np.empty_like(x)
    large = x >= 8
    result[large] = _log_gamma_large(x[large])
    small = ~large
    # Step to 2 + z with |z| <= 1/2. Factors above 2 are positive logarithms, no digits cancel.
    z = x[small]
    steps = np.rint(z - 2)
    product = np.ones_like(z)
    for k in range(1, 7):
        product = np.where(steps >= k, product * (z - k), product)
    rest = z - (steps + 2)
    near = _log_gamma_near_2(rest) + np.log(product)
    near = np.where(steps <= -1, near - np.log1p(rest), near)
    result[small] = np.where(steps <= -2, near - np.log(np.abs(rest)), near)
    return result


def _sin_pi(x: Array) -> Array:
    """|sin(pi x)|, exactly 0 at the integers."""
    return np.abs(np.sin(np.pi * (x - np.rint(x))))


def _cot_pi(x: Array) -> Array:
    """cot(pi x), infinite at the integers and exactly 0 halfway between them."""
    r = x - np.rint(x)
    near_half = np.copysign(np.tan(np.pi * (0.5 - np.abs(r))), r)
    return np.where(np.abs(r) > 0.25, near_half, 1 / np.tan(np.pi * r))


def lgamma(x: Array) -> Array:
    """log |gamma(x)|; infinity at 0, -1, -2, ... and at both infinities.

    Relative error about 1e-15, save next to the zeros between negative integers (absolute there).
    """
    v = np.ravel(x).astype(np.float64)
    reflected = v < -0.5
    # log |gamma(x)| = log(pi / |sin(pi x)|) - log gamma(1 - x)  (A&S 6.1.17)
    result = _log_gamma(np.where(reflected, 1 - v, v))
    z = v[reflected]
    finite = np.isfinite(z)
    sine = _sin_pi(np.where(finite, z, 0.0))
    result[reflected] = math.log(math.pi) - np.log(sine) - np.where(finite, result[reflected], 0.0)
    return np.asarray(result.reshape(x.shape).astype(x.dtype))


def _digamma_positive(x: Array) -> Array:
    """digamma for x > 0: recurrence up to 10 (A&S 6.3.5), then the asymptotic series (6.3.18)."""
    shift = np.zeros_like(x)
    for _ in range(10):
        low = x < 10
        shift = np.where(low, shift + 1 / np.where(low, x, 1.0), shift)
        x = np.where(low, x + 1, x)
    w = 1 / (x * x)
    series = np.zeros_like(x)
    for k in range(10, 0, -1):
        series = (series + BERNOULLI[k - 1] / (2 * k)) * w
    return np.log(x) - 0.5 / x - series - shift


def _digamma(x: Array) -> Array:
    reflected = x < 0
    result = _digamma_positive(np.where(reflected, 1 - x, x))
    z = x[reflected]
    # digamma(x) = digamma(1 - x) - pi cot(pi x)  (A&S 6.3.7); its poles on the left are NaN, as
    # the two sides differ in sign.
    cotangent = _cot_pi(z)
    result[reflected] -= np.where(np.isinf(cotangent), np.nan, np.pi * cotangent)
    result[x == 0] = -np.inf
    return result


@functools.cache
def _cotangent_derivative(n: int) -> tuple[float, ...]:
    """The n-th derivative of cot as a polynomial in cot, highest power first.

    With c = cot(x), c' = -(1 + c * c).
    """
    rising = [0, 1]
    for _ in range(n):
        derivative = [k * coefficient for k, coefficient in enumerate(rising)][1:]
        rising = [0] * (len(derivative) + 2)
        for k, coefficient in enumerate(derivative):
            rising[k] -= coefficient
            rising[k + 2] -= coefficient
    return tuple(float(coefficient) for coefficient in reversed(rising))


def _polygamma_of_order(n: int, x: Array) -> Array:
    """The n-th derivative of digamma for one n >= 1."""
    sign = -1.0 if n % 2 == 0 else 1.0
    reflected = x < 0
    # (-1) ** (n + 1) n! zeta(n + 1, x)  (A&S 6.4.10)
    a = np.where(reflected, 1 - x, x)
    try:
        factorial = float(math.factorial(n))
    except OverflowError:
        factorial = math.inf
    result = sign * factorial * _hurwitz_zeta(np.full_like(a, n + 1), a)
    z = x[reflected]
    # psi_n(x) = (-1) ** n psi_n(1 - x) - pi d^n/dx^n cot(pi x)  (A&S 6.4.7)
    cotangent = _cot_pi(z)
    first, *others = _cotangent_derivative(n)
    change = np.full_like(z, first)
    for coefficient in others:
        change = change * cotangent + coefficient
    if n % 2 == 0:  # the two sides of the poles differ in sign
        change[np.isinf(cotangent)] = np.nan
    result[reflected] = -sign * result[reflected] - np.pi ** (n + 1) * change
    return result


def polygamma(n: Array, x: Array) -> Array:
    """The n-th derivative of digamma(x) = d/dx log gamma(x); n = 0 gives digamma itself.

    Args:
        n: whole numbers from 0 to 170, in the shape and dtype of `x`; others give NaN.
        x: any real numbers. The poles -1, -2, ... give an infinity where both sides agree in sign
            (odd n), else NaN; the pole 0 gives the infinity of the right side.
    """
    orders = np.ravel(n).astype(np.float64)
    v = np.ravel(x).astype(np.float64)
    result = np.full_like(v, np.nan)
    for order in np.unique(orders):
        here = orders == order
        if order == 0:
            result[here] = _digamma(v[here])
        elif 0 < order <= 170 and order == int(order):
            result[here] = _polygamma_of_order(int(order), v[here])
    return np.asarray(result.reshape(x.shape).astype(x.dtype))
