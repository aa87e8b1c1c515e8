"""Binomially distributed numbers."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from thalweg import ops
from thalweg.random.draws import as_shape, float_dtype, open_fraction, parameter, wide_dtype
from thalweg.random.seed import draw_key, split_key
from thalweg.tensor.dtypes import DType
from thalweg.tensor.tensor import Tensor

__all__ = ["binomial"]

Shape = tuple[int, ...]


def binomial(
    shape: Any, counts: Any, probabilities: Any, dtype: Any = None, seed: Any = None
) -> Tensor:
    """How many of `counts` independent trials succeed.

    Args:
        shape: of the result.
        counts: the number of trials; a number, or a tensor that broadcasts to the shape.
        probabilities: of one success, likewise.
        dtype: a float dtype, by default that of the library.
        seed: an int, a `SeedGenerator`, a key, or None for the process's own generator.

    >>> import thalweg as tw
    >>> tw.random.binomial((2, 3), 10, 0.5, seed=1).shape
    (2, 3)
    """
    found = float_dtype("binomial", dtype)
    wide, size = wide_dtype(found), as_shape(shape)
    n = ops.floor(parameter("binomial", "counts", counts, size, wide))
    p = parameter("binomial", "probabilities", probabilities, size, wide)
    valid = ops.logical_and(
        ops.logical_and(n >= 0, ops.isfinite(n)), ops.logical_and(p >= 0, p <= 1)
    )
    n, p = ops.where(valid, n, 0.0), ops.where(valid, p, 0.5)
    mirrored = p > 0.5
    q = ops.where(mirrored, 1 - p, p)
    few = n * q < 10
    first, second = split_key(draw_key(seed), 2)
    # Each method gets harmless parameters at the places of the other one.
    counted = _by_waiting(first, ops.where(few, n, 0.0), ops.where(few, q, 0.5), size, wide)
    rejected = _by_rejection(second, ops.where(few, 40.0, n), ops.where(few, 0.5, q), few)
    successes = ops.where(few, counted, rejected)
    successes = ops.where(mirrored, n - successes, successes)
    return ops.stop_gradient(ops.cast(ops.where(valid, successes, np.nan), found))


def _by_waiting(key: Tensor, n: Tensor, q: Tensor, shape: Shape, dtype: DType) -> Tensor:
    """Add up the geometric waiting times for a success until the trials are over."""
    fails = ops.log1p(-q)

    def unfinished(key: Tensor, spent: Tensor, successes: Tensor) -> Tensor:
        return ops.any(spent <= n)

    def draw(key: Tensor, spent: Tensor, successes: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        following, now = split_key(key, 2)
        wait = ops.ceil(ops.log(open_fraction(now, shape, dtype)) / fails)
        open_ = spent <= n
        spent = ops.where(open_, spent + wait, spent)
        return following, spent, successes + ops.cast(spent <= n, dtype)

    zeros = ops.zeros(shape, dtype)
    return ops.while_loop(unfinished, draw, (key, zeros, zeros))[2]


# What Stirling's formula leaves of log(k!): log(k!) - (k + 1/2) log(k + 1) + k + 1 - log(2 pi) / 2.
_TAILS = [
    math.lgamma(k + 1) - (k + 0.5) * math.log(k + 1) + k + 1 - 0.5 * math.log(2 * math.pi)
    for k in range(10)
]


def _tail(k: Tensor) -> Tensor:
    table = ops.cast(np.array(_TAILS), k.dtype)
    known = ops.take(table, ops.cast(ops.clip(k, 0, 9), "int32"), axis=0)
    square = (k + 1) * (k + 1)
    series = (1 / 12 - (1 / 360 - 1 / 1260 / square) / square) / (k + 1)
    return ops.where(k < 10, known, series)


def _by_rejection(key: Tensor, n: Tensor, q: Tensor, done: Tensor) -> Tensor:
    """Transformed rejection with squeeze, BTRS of Hörmann (1993), for n q from 10.

    Each round draws for all places and fills those that are still open.
    """
    shape, dtype = n.shape, n.dtype
    deviation = ops.sqrt(n * q * (1 - q))
    b = 1.15 + 2.53 * deviation
    a = -0.0873 + 0.0248 * b + 0.01 * q
    middle = n * q + 0.5
    squeeze = 0.92 - 4.2 / b
    ratio = q / (1 - q)
    scale = (2.83 + 5.1 / b) * deviation
    mode = ops.floor((n + 1) * q)

    def log_chance(k: Tensor) -> Tensor:
        """The logarithm of the probability of k by that of the mode."""
        return (
            (mode + 0.5) * ops.log((mode + 1) / (ratio * (n - mode + 1)))
            + (n + 1) * ops.log((n - mode + 1) / (n - k + 1))
            + (k + 0.5) * ops.log(ratio * (n - k + 1) / (k + 1))
            + (_tail(mode) + _tail(n - mode) - _tail(k) - _tail(n - k))
        )

    def unfinished(key: Tensor, found: Tensor, done: Tensor) -> Tensor:
        return ops.logical_not(ops.all(done))

    def draw(key: Tensor, found: Tensor, done: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        following, first, second = split_key(key, 3)
        u = open_fraction(first, shape, dtype) - 0.5
        v = open_fraction(second, shape, dtype)
        edge = 0.5 - ops.abs(u)
        k = ops.floor((2 * a / edge + b) * u + middle)
        inside = ops.logical_and(k >= 0, k <= n)
        sure = ops.logical_and(edge >= 0.07, v <= squeeze)
        level = ops.log(v * scale / (a / (edge * edge) + b))
        likely = level <= log_chance(ops.where(inside, k, mode))
        accepted = ops.logical_and(inside, ops.logical_or(sure, likely))
        return following, ops.where(done, found, k), ops.logical_or(done, accepted)

    return ops.while_loop(unfinished, draw, (key, ops.zeros(shape, dtype), done))[1]
