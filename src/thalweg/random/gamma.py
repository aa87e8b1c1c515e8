"""Gamma and beta distributed numbers."""

from __future__ import annotations

from typing import Any

import numpy as np

from thalweg import ops
from thalweg.random.draws import as_shape, float_dtype, normal, open_fraction, parameter, wide_dtype
from thalweg.random.seed import draw_key, split_key
from thalweg.tensor.tensor import Tensor

__all__ = ["beta", "gamma"]


def gamma(shape: Any, alpha: Any, dtype: Any = None, seed: Any = None) -> Tensor:
    """Gamma distributed numbers: the density is `x**(alpha - 1) * exp(-x)` over a constant.

    Args:
        shape: of the result.
        alpha: positive; a number, or a tensor that broadcasts to the shape. No gradient flows to
            it.
        dtype: a float dtype, by default that of the library.
        seed: an int, a `SeedGenerator`, a key, or None for the process's own generator.

    >>> import thalweg as tw
    >>> tw.random.gamma((2, 3), 2.0, seed=1).shape
    (2, 3)
    """
    found = float_dtype("gamma", dtype)
    a = parameter("gamma", "alpha", alpha, as_shape(shape), wide_dtype(found))
    return ops.cast(ops.exp(_log_gamma(draw_key(seed), a)), found)


def beta(shape: Any, alpha: Any, beta: Any, dtype: Any = None, seed: Any = None) -> Tensor:
    """Numbers in (0, 1) with a density in proportion to `x**(alpha - 1) * (1 - x)**(beta - 1)`.

    Args:
        shape: of the result.
        alpha: positive; a number, or a tensor that broadcasts to the shape.
        beta: likewise.
        dtype: a float dtype, by default that of the library.
        seed: an int, a `SeedGenerator`, a key, or None for the process's own generator.
    """
    found = float_dtype("beta", dtype)
    a, b = (
        parameter("beta", argument, value, as_shape(shape), wide_dtype(found))
        for argument, value in (("alpha", alpha), ("beta", beta))
    )
    first, second = split_key(draw_key(seed), 2)
    # x / (x + y) of two gamma numbers, from their logarithms: small parameters make both underflow.
    return ops.cast(ops.sigmoid(_log_gamma(first, a) - _log_gamma(second, b)), found)


def _log_gamma(key: Tensor, a: Tensor) -> Tensor:
    """Logarithms of gamma numbers (Marsaglia and Tsang, 2000).

    A normal x gives `d (1 + x / sqrt(9 d))**3` with `d = alpha - 1/3`, accepted with a probability
    above 0.95; each round draws for all places and fills those that are still open. Below 1 the
    number for `alpha + 1` is multiplied by a uniform one to the power `1 / alpha`.
    """
    shape, dtype = a.shape, a.dtype
    valid = ops.logical_and(a > 0, ops.isfinite(a))
    a = ops.where(valid, a, 1.0)
    small = a < 1
    d = ops.where(small, a + 1, a) - 1 / 3
    slope = ops.rsqrt(d * 9)
    boost, key = split_key(key, 2)

    def unfinished(key: Tensor, found: Tensor, done: Tensor) -> Tensor:
        return ops.logical_not(ops.all(done))

    def draw(key: Tensor, found: Tensor, done: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        following, first, second = split_key(key, 3)
        x = normal(shape, dtype=dtype, seed=first)
        root = 1 + x * slope
        positive = root > 0
        log_v = 3 * ops.log(ops.where(positive, root, 1.0))
        bound = x * x / 2 + d * (1 - ops.exp(log_v) + log_v)
        accepted = ops.log(open_fraction(second, shape, dtype)) < bound
        accepted = ops.logical_and(positive, accepted)
        return following, ops.where(done, found, log_v), ops.logical_or(done, accepted)

    start = ops.zeros(shape, dtype), ops.zeros(shape, "bool")
    _, log_v, _ = ops.while_loop(unfinished, draw, (key, *start))
    log_u = ops.log(open_fraction(boost, shape, dtype))
    logs = ops.log(d) + log_v + ops.where(small, log_u / a, 0.0)
    # Rejection has no useful gradient.
    return ops.stop_gradient(ops.where(valid, logs, np.nan))
