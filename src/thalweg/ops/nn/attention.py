"""Scaled dot-product attention."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from thalweg.ops.arguments import apply, broadcast_shapes, cast_to, splat
from thalweg.ops.contraction import contract_labels
from thalweg.ops.dispatch import op
from thalweg.ops.nn.softmax import softmax
from thalweg.primitives import elementwise as e
from thalweg.primitives import movement
from thalweg.primitives.attention import attention
from thalweg.primitives.primitive import bind
from thalweg.tensor.convert import convert_to_tensor
from thalweg.tensor.dtypes import bool_, result_type
from thalweg.tensor.tensor import Tensor

__all__ = ["dot_product_attention"]

# Scores of a head that stay in the first-level cache are cheaper kept than computed once more for
# the gradient, and a kernel of attention works on many times at once.
_FEW_SCORES, _FEW_TIMES = 64 * 64, 16


@op
def dot_product_attention(
    query: Any,
    key: Any,
    value: Any,
    bias: Any = None,
    mask: Any = None,
    scale: float | None = None,
    is_causal: bool = False,
    flash_attention: bool | None = None,
    attn_logits_soft_cap: float | None = None,
) -> Tensor:
    """`softmax(scale * query key^T + bias) value`, for each head (Vaswani et al., 2017).

    Args:
        query: shape (batch, times, heads, size).
        key: shape (batch, source times, key heads, size); each key head serves
            `heads / key heads` query heads.
        value: shape (batch, source times, key heads, value size).
        bias: added to the logits; its shape broadcasts to (batch, heads, times, source times).
        mask: bools that broadcast like `bias`; where False, nothing is attended to.
        scale: by default `1 / sqrt(size)`.
        is_causal: whether a time attends only to itself and those before it.
        flash_attention: for Keras's sake; attention that is long enough is computed so anyway,
            unless there is a bias or a soft cap; only None and False are taken.
        attn_logits_soft_cap: c in `c * tanh(logits / c)`, which bounds the logits.

    Returns:
        Shape (batch, times, heads, value size), of the dtype in which the arguments meet. Logits
        and softmax are computed in at least float32. A time that may attend to nothing gets the
        mean of all values.
    """
    name = "dot_product_attention"
    if flash_attention:
        raise ValueError(
            f"{name}: flash_attention=True is not available; leave it out, attention is fused when "
            "compiled."
        )
    q, k, v = (convert_to_tensor(x) for x in (query, key, value))
    if any(x.ndim != 4 for x in (q, k, v)):
        raise ValueError(
            f"{name}: query, key and value must have 4 axes (batch, times, heads, size), got "
            f"shapes {q.shape}, {k.shape} and {v.shape}."
        )
    heads, groups = q.shape[2], k.shape[2]
    fits = q.shape[0] == k.shape[0] and q.shape[3] == k.shape[3] and k.shape[:3] == v.shape[:3]
    if not fits or not groups or heads % groups:
        raise ValueError(
            f"{name}: the shapes {q.shape} of query, {k.shape} of key and {v.shape} of value do "
            "not fit together."
        )
    dtype = result_type(q, k, v)
    size = q.shape[3]
    factor = 1 / math.sqrt(size) if scale is None else scale
    shape = (q.shape[0], heads, q.shape[1], k.shape[1])
    many = shape[2] >= _FEW_TIMES and shape[2] * shape[3] >= _FEW_SCORES
    plain = bias is None and attn_logits_soft_cap is None and dtype in e.FLOAT
    if many and plain and isinstance(factor, (int, float, np.number)):
        visible = () if mask is None else (_aligned(mask, shape),)
        inputs = (*(cast_to(x, dtype) for x in (q, k, v)), *visible)
        params = {"scale": float(factor), "causal": bool(is_causal)}
        return bind(attention, inputs, params)[0]
    wide = result_type(dtype, "float32")
    batch, _, times, sources = shape
    q = movement.reshape(cast_to(q, wide), shape=(batch, times, groups, heads // groups, size))
    logits = contract_labels(q, tuple("btkgh"), cast_to(k, wide), tuple("bskh"), tuple("bkgts"))
    logits = movement.reshape(logits * factor, shape=shape)
    if attn_logits_soft_cap is not None:
        logits = e.tanh(logits / attn_logits_soft_cap) * attn_logits_soft_cap
    if bias is not None:
        logits = logits + _spread("bias", cast_to(convert_to_tensor(bias), wide), logits.shape)
    allowed = _allowed(mask, is_causal, logits.shape)
    if allowed is not None:
        low = -0.7 * float(np.finfo(wide).max)
        # Not -inf: a row without any place must stay finite.
        logits = e.select(allowed, logits, splat(low, logits.shape, wide))
    weights = cast_to(softmax(logits), dtype)
    weights = movement.reshape(weights, shape=(batch, groups, heads // groups, times, sources))
    mixed = contract_labels(
        weights, tuple("bkgts"), cast_to(v, dtype), tuple("bskd"), tuple("btkgd")
    )
    return apply(movement.reshape, mixed, shape=(batch, times, heads, v.shape[3]))


def _check_broadcast(argument: str, x: Tensor, shape: tuple[int, ...]) -> None:
    if broadcast_shapes("dot_product_attention", x.shape, shape) != shape:
        raise ValueError(
            f"dot_product_attention: {argument} must broadcast to {shape} (batch, heads, times, "
            f"source times), got shape {x.shape}."
        )


def _aligned(mask: Any, shape: tuple[int, ...]) -> Tensor:
    """The mask with as many axes as the logits have, the last one whole."""
    found = cast_to(convert_to_tensor(mask), bool_)
    _check_broadcast("mask", found, shape)
    missing = len(shape) - found.ndim
    found = apply(movement.reshape, found, shape=(*[1] * missing, *found.shape))
    return apply(movement.broadcast_to, found, shape=(*found.shape[:3], shape[3]))


def _spread(argument: str, x: Tensor, shape: tuple[int, ...]) -> Tensor:
    _check_broadcast(argument, x, shape)
    return apply(movement.broadcast_to, x, shape=shape)


def _allowed(mask: Any, is_causal: bool, shape: tuple[int, ...]) -> Tensor | None:
    """Which places each time may attend to; None for all."""
    allowed = None
    if mask is not None:
        allowed = _spread("mask", cast_to(convert_to_tensor(mask), bool_), shape)
    if is_causal:
        past = Tensor(np.broadcast_to(np.tri(*shape[2:], dtype=np.bool_), shape))
        allowed = past if allowed is None else e.and_(allowed, past)
    return allowed
