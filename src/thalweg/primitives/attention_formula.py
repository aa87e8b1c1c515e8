"""Attention written out in other primitives: what its gradients of higher order are made of.

Weights are (batch, key heads, times, query heads of each, sources) here, queries (batch, times, key
heads, query heads of each, size); everything is computed in at least float32.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from thalweg.primitives import elementwise as e
from thalweg.primitives.contract import contract
from thalweg.primitives.movement import broadcast_to, reshape, transpose
from thalweg.primitives.reduce import reduce_max, reduce_sum, spread
from thalweg.tensor.dtypes import DType, float32, float64
from thalweg.tensor.tensor import Tensor

__all__ = ["lowest", "of_logarithm", "second"]


def lowest(dtype: DType) -> float:
    """The score of what must not be attended to: a row of them is still finite."""
    return -0.7 * float(np.finfo(dtype).max)


def second(
    q: Tensor,
    k: Tensor,
    v: Tensor,
    g: Tensor,
    mask: Sequence[Tensor],
    gradients: tuple[Tensor | None, ...],
    scale: float,
    causal: bool,
) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """From the gradients of attention's gradients to those of query, key, value and `g`.

    With weights p, t = g v^T and s = p (t - sum(p t)): the gradients are scale s k, scale s^T q and
    p^T g. What follows goes back through these, step by step.
    """
    a = _Attention(q, k, mask, scale, causal)
    keys, values = _wide(k), _wide(v)
    queries, outward = a.queries, a.split(_wide(g))
    p, t = a.weights, _scores(outward, values)
    centred = t - _sums(p * t)
    s = a.kept(p * centred)
    for_query, for_key, for_value = (
        _wide(e.zero_like(x) if d is None else d) for x, d in zip((q, k, v), gradients, strict=True)
    )
    of_query = a.split(for_query)
    # Through the three products.
    of_s = a.kept((_scores(of_query, keys) + _scores(queries, for_key)) * scale)
    of_p = _scores(outward, for_value)
    to_query = _over_sources(s, for_key) * scale
    to_key = _over_times(s, of_query) * scale
    to_outward = _over_sources(p, for_value)
    # Through s.
    mean = _sums(of_s * p)
    of_p = of_p + of_s * centred - mean * t
    of_t = p * (of_s - mean)
    # Through t and the weights.
    to_outward = to_outward + _over_sources(of_t, values)
    to_value = _over_times(of_t, outward)
    of_scores = a.kept(p * (of_p - _sums(p * of_p))) * scale
    to_query = to_query + _over_sources(of_scores, keys)
    to_key = to_key + _over_times(of_scores, queries)
    return (
        _like(to_query, q),
        _like(to_key, k),
        _like(to_value, v),
        _like(to_outward, g),
    )


def of_logarithm(
    q: Tensor, k: Tensor, mask: Sequence[Tensor], g: Tensor, scale: float, causal: bool
) -> tuple[Tensor, Tensor]:
    """The gradients of query and key where `g` is that of the logarithm (batch, heads, times)."""
    a = _Attention(q, k, mask, scale, causal)
    batch, times, groups, repeats, _ = a.queries.shape
    rows = transpose(reshape(g, shape=(batch, groups, repeats, times)), axes=(0, 1, 3, 2))
    of_scores = a.kept(a.weights * spread(rows, a.weights.shape, (4,))) * scale
    to_query = _over_sources(of_scores, _wide(k))
    return _like(to_query, q), _like(_over_times(of_scores, a.queries), k)


class _Attention:
    """The weights for a query and a key."""

    def __init__(
        self, q: Tensor, k: Tensor, mask: Sequence[Tensor], scale: float, causal: bool
    ) -> None:
        self.groups = k.shape[2]
        self.queries = self.split(_wide(q))
        scores = _scores(self.queries, _wide(k)) * scale
        self.allowed = _allowed(mask, causal, scores.shape)
        if self.allowed is not None:
            low = e.splat(lowest(scores.dtype), scores.shape, scores.dtype)
            scores = e.select(self.allowed, scores, low)
        top = spread(reduce_max(scores, axes=(4,)), scores.shape, (4,))
        powers = e.exp(scores - e.stop_gradient(top))
        self.weights: Tensor = powers / _sums(powers)

    def split(self, x: Tensor) -> Tensor:
        batch, times, heads, size = x.shape
        shape = (batch, times, self.groups, heads // self.groups, size)
        found: Tensor = reshape(x, shape=shape)
        return found

    def kept(self, x: Tensor) -> Tensor:
        """Zero where nothing may be attended to."""
        return x if self.allowed is None else e.select(self.allowed, x, e.zero_like(x))


def _wide(x: Tensor) -> Tensor:
    return x if x.dtype == float64 else e.cast(x, dtype=float32)


def _like(x: Tensor, original: Tensor) -> Tensor:
    shaped = reshape(x, shape=original.shape)
    found: Tensor = e.cast(shaped, dtype=original.dtype)
    return found


def _sums(x: Tensor) -> Tensor:
    return spread(reduce_sum(x, axes=(4,)), x.shape, (4,))


def _scores(queries: Tensor, keys: Tensor) -> Tensor:
    found: Tensor = contract(queries, keys, axes=((4,), (3,)), batch=((0, 2), (0, 2)))
    return found


def _over_sources(weights: Tensor, keys: Tensor) -> Tensor:
    """Laid out as queries."""
    found = contract(weights, keys, axes=((4,), (1,)), batch=((0, 1), (0, 2)))
    moved: Tensor = transpose(found, axes=(0, 2, 1, 3, 4))
    return moved


def _over_times(weights: Tensor, queries: Tensor) -> Tensor:
    """Laid out as keys."""
    found = contract(weights, queries, axes=((2, 3), (1, 3)), batch=((0, 1), (0, 2)))
    moved: Tensor = transpose(found, axes=(0, 2, 1, 3))
    return moved


def _allowed(mask: Sequence[Tensor], causal: bool, shape: tuple[int, ...]) -> Tensor | None:
    """Which weights count; None for all."""
    batch, groups, times, repeats, sources = shape
    allowed: Any = None
    for m in mask:
        whole = broadcast_to(m, shape=(batch, groups * repeats, times, sources))
        heads = reshape(whole, shape=(batch, groups, repeats, times, sources))
        allowed = transpose(heads, axes=(0, 1, 3, 2, 4))
    if causal:
        past = np.tri(times, sources, dtype=np.bool_)[:, None]
        within = broadcast_to(Tensor(past.reshape(1, 1, times, 1, sources)), shape=shape)
        allowed = within if allowed is None else e.and_(allowed, within)
    found: Tensor | None = allowed
    return found
