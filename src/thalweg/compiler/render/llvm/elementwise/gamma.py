"""lgamma: the reference's formulas, for all ranges at once."""

from __future__ import annotations

import math

from thalweg.compiler.render.llvm.elementwise import formats
from thalweg.compiler.render.llvm.elementwise.lanes import Lanes, polynomial, where
from thalweg.compiler.render.llvm.elementwise.logarithm import log, log1p
from thalweg.compiler.render.llvm.elementwise.trigonometric import moderate_sin
from thalweg.primitives.special.gamma import BERNOULLI, LOG_GAMMA_AT_2

__all__ = ["lgamma"]

_STIRLING = tuple(BERNOULLI[k - 1] / (2 * k * (2 * k - 1)) for k in range(10, 0, -1))


def _round(x: Lanes) -> Lanes:
    return (x + 0.5).floor()


def _log_gamma(x: Lanes) -> Lanes:
    """log |gamma(x)| for x > -1/2."""
    large = x >= 8.0
    z = x.at_most(8.0)
    steps = _round(z - 2.0)
    product = where(large, x, 1.0)
    for k in range(1, 7):
        product = where((steps >= float(k)) & (~large), product * (z - float(k)), product)
    rest = z - (steps + 2.0)
    low = steps <= -2.0
    logarithm = log(where(low, abs(rest), product))
    near = polynomial(rest, (*reversed(LOG_GAMMA_AT_2), 0.0))
    near = near + where(low, -logarithm, logarithm)
    near = where(steps <= -1.0, near - log1p(rest), near)
    series = polynomial(1.0 / (x * x), _STIRLING)
    rest_of_far = series / x + (0.5 * math.log(2 * math.pi) - 0.5)
    far = (x - 0.5) * (logarithm - 1.0) + rest_of_far
    return where(large, far, near)


@formats.in_double
def lgamma(x: Lanes) -> Lanes:
    """log |gamma(x)|; infinity at 0, -1, -2, ... and at both infinities."""
    reflected = x < -0.5
    right = _log_gamma(where(reflected, 1.0 - x, x))
    # log |gamma(x)| = log(pi / |sin(pi x)|) - log gamma(1 - x)
    sine = abs(moderate_sin((x - _round(x)) * math.pi))
    left = math.log(math.pi) - log(sine) - right
    result = where(reflected, left, right)
    return where(abs(x).equals(math.inf), math.inf, result)
