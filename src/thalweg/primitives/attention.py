"""Attention of many heads as one primitive, and its gradient as another.

So a kernel need not write the matrix of all weights to memory, as the single steps would. Query and
output are (batch, times, heads, size); key and value (batch, sources, key heads, size), where each
key head serves the next `heads / key heads` query heads; a mask is bool and (batch, heads, times,
sources), with 1 for axes but the last along which it does not change.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from thalweg.primitives import attention_formula as formula
from thalweg.primitives import elementwise as e
from thalweg.primitives.primitive import Call, Primitive
from thalweg.tensor.dtypes import bool_, float32, float64
from thalweg.tensor.tensor import Tensor, TensorSpec

__all__ = ["attention", "attention_gradient"]

Array = np.ndarray[Any, Any]
Gradients = tuple[Tensor | None, ...]


def _rule(q: Any, k: Any, v: Any, *mask: Any, scale: float, causal: bool) -> tuple[TensorSpec, ...]:
    """The output, and the logarithm of the sum of powers (batch, heads, times).

    That logarithm is float32 for halves, and -inf where a time may attend to nothing; the output is
    the mean of all values there.
    """
    shapes = f"query {q.shape}, key {k.shape} and value {v.shape}"
    if not len(q.shape) == len(k.shape) == len(v.shape) == 4:
        raise ValueError(f"attention: all inputs must have 4 axes, got shapes {shapes}.")
    if q.dtype not in e.FLOAT or not q.dtype == k.dtype == v.dtype:
        raise TypeError(
            "attention: query, key and value must be floats of one dtype, got "
            f"{q.dtype.name}, {k.dtype.name} and {v.dtype.name}."
        )
    (batch, times, heads, size), (sources, groups) = q.shape, k.shape[1:3]
    fits = (k.shape[0], k.shape[3]) == (batch, size) and k.shape[:3] == v.shape[:3]
    if not fits or not groups or heads % groups:
        raise ValueError(f"attention: the shapes of {shapes} do not fit together.")
    if not sources:
        raise ValueError(f"attention: there must be something to attend to, got shapes {shapes}.")
    for m in mask:
        full = (batch, heads, times, sources)
        lengths = zip(m.shape, full, strict=False)
        fits = len(m.shape) == 4 and m.shape[3] == sources
        if m.dtype != bool_ or not fits or any(n not in (1, most) for n, most in lengths):
            raise ValueError(
                f"attention: the mask must be bool and broadcast to {full} (batch, heads, times, "
                f"sources), its last axis whole, got {m.dtype.name} of shape {m.shape}."
            )
    return (
        TensorSpec((batch, times, heads, v.shape[3]), q.dtype),
        TensorSpec((batch, heads, times), float64 if q.dtype == float64 else float32),
    )


def _wide(x: Array) -> Array:
    return x if x.dtype == float64 else x.astype(np.float32)


def _query_heads(x: Array, groups: int) -> Array:
    """(batch, key heads, query heads of each, times, size), in which sums are made."""
    batch, times, heads, size = x.shape
    split = _wide(x).reshape(batch, times, groups, heads // groups, size)
    return split.transpose(0, 2, 3, 1, 4)


def _key_heads(x: Array) -> Array:
    return _wide(x).transpose(0, 2, 1, 3)[:, :, None]


def _rows(x: Array) -> Array:
    """From (batch, key heads, query heads of each, times, size) to the layout of the output."""
    batch, groups, repeats, times, size = x.shape
    return x.transpose(0, 3, 1, 2, 4).reshape(batch, times, groups * repeats, size)


def _allowed(scores: Array, mask: tuple[Array, ...], causal: bool) -> Array | None:
    """Which of the scores count; None for all."""
    _, groups, repeats, times, sources = scores.shape
    allowed = None
    for m in mask:
        split = (groups, repeats) if m.shape[1] > 1 else (1, 1)
        allowed = m.reshape(m.shape[0], *split, *m.shape[2:])
    if causal:
        past = np.tri(times, sources, dtype=np.bool_)
        allowed = past if allowed is None else allowed & past
    return None if allowed is None else np.broadcast_to(allowed, scores.shape)


def _evaluate(
    q: Array, k: Array, v: Array, *mask: Array, scale: float, causal: bool
) -> tuple[Array, Array]:
    batch, times, heads, _ = q.shape
    scores = _query_heads(q, k.shape[2]) @ _key_heads(k).swapaxes(-1, -2)
    scores *= scale
    allowed = _allowed(scores, mask, causal)
    if allowed is not None:
        # Not -inf: a row without any place must stay finite.
        scores[~allowed] = formula.lowest(scores.dtype)
    top = scores.max(-1, keepdims=True)
    scores -= top
    powers = np.exp(scores, out=scores)
    total = powers.sum(-1, keepdims=True)
    found = _rows(powers @ _key_heads(v) / total).astype(q.dtype)
    logarithm = (top + np.log(total))[..., 0]
    if allowed is not None:
        logarithm[~allowed.any(-1)] = -np.inf
    return found, logarithm.reshape(batch, heads, times)


def _gradient(call: Call, g: Gradients) -> Gradients:
    (q, k, v, *mask), (out, logarithm), (outward, of_logarithm) = call.inputs, call.outputs, g
    found: tuple[Tensor | None, ...] = (None, None, None)
    if outward is not None:
        found = attention_gradient(q, k, v, out, logarithm, outward, *mask, **call.params)
    if of_logarithm is not None:
        more = formula.of_logarithm(q, k, mask, of_logarithm, **call.params)
        found = (*(y if x is None else x + y for x, y in zip(found, more, strict=False)), found[2])
    return (*found, *[None] * len(mask))


attention = Primitive("attention", _rule, _evaluate, _gradient, "attention", multiple=True)


def _gradient_rule(
    q: Any, k: Any, v: Any, out: Any, logarithm: Any, g: Any, *mask: Any, scale: float, causal: bool
) -> tuple[TensorSpec, ...]:
    """The gradients of query, key and value; `g` is that of the output."""
    expected = _rule(q, k, v, *mask, scale=scale, causal=causal)
    given = [TensorSpec(x.shape, x.dtype) for x in (out, logarithm, g)]
    if given != [*expected, expected[0]]:
        raise ValueError(
            "attention_gradient: output, logarithm and gradient must be "
            f"{[*expected, expected[0]]}, got {given}."
        )
    return tuple(TensorSpec(x.shape, x.dtype) for x in (q, k, v))


def _evaluate_gradient(
    q: Array,
    k: Array,
    v: Array,
    out: Array,
    logarithm: Array,
    g: Array,
    *mask: Array,
    scale: float,
    causal: bool,
) -> tuple[Array, Array, Array]:
    groups, sources = k.shape[2], k.shape[1]
    queries, keys, values = _query_heads(q, groups), _key_heads(k), _key_heads(v)
    outward = _query_heads(g, groups)
    weights = queries @ keys.swapaxes(-1, -2)
    weights *= scale
    allowed = _allowed(weights, mask, causal)
    rows = logarithm.reshape(weights.shape[:-1])[..., None]
    dead = np.isneginf(rows)
    weights -= np.where(dead, 0, rows)
    weights = np.exp(weights, out=weights)
    if allowed is not None:
        weights[~allowed] = 0
    inward = outward @ values.swapaxes(-1, -2)
    inward -= (outward * _query_heads(out, groups)).sum(-1, keepdims=True)
    inward *= weights
    inward *= scale
    # A time that attends to nothing takes the mean of all values.
    weights = np.where(dead, np.asarray(1 / sources, weights.dtype), weights)
    to_query = _rows(inward @ keys)
    to_key = (inward.swapaxes(-1, -2) @ queries).sum(2).transpose(0, 2, 1, 3)
    to_value = (weights.swapaxes(-1, -2) @ outward).sum(2).transpose(0, 2, 1, 3)
    return to_query.astype(q.dtype), to_key.astype(k.dtype), to_value.astype(v.dtype)


def _second_gradient(call: Call, g: Gradients) -> Gradients:
    """Output and logarithm follow from query, key and value, to which their share goes."""
    q, k, v, _, _, outward, *mask = call.inputs
    to_q, to_k, to_v, to_g = formula.second(q, k, v, outward, mask, g, **call.params)
    return (to_q, to_k, to_v, None, None, to_g, *[None] * len(mask))


attention_gradient = Primitive(
    "attention_gradient",
    _gradient_rule,
    _evaluate_gradient,
    _second_gradient,
    "attention",
    multiple=True,
)
