"""Attention against its formula."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from scipy import special

from tests.gradients import check_gradients
from thalweg import ops

Array = np.ndarray[Any, Any]


def values(*shape: int, seed: int = 0) -> Array:
    return np.random.default_rng(seed).normal(size=shape)


def attention(q: Array, k: Array, v: Array, scale: float, bias: Any = 0, mask: Any = True) -> Array:
    repeats = q.shape[2] // k.shape[2]
    k, v = np.repeat(k, repeats, 2), np.repeat(v, repeats, 2)
    logits = np.einsum("btnh,bsnh->bnts", q, k) * scale + bias
    logits = np.where(mask, logits, -1e300)
    return np.einsum("bnts,bsnh->btnh", special.softmax(logits, -1), v)


@pytest.mark.parametrize("heads", [1, 2, 4])
def test_against_the_formula(heads: int) -> None:
    q, k, v = values(2, 5, 4, 3), values(2, 6, heads, 3, seed=1), values(2, 6, heads, 7, seed=2)
    found = ops.dot_product_attention(q, k, v)
    np.testing.assert_allclose(found, attention(q, k, v, 3**-0.5))
    bias, mask = values(4, 1, 6, seed=3), values(2, 1, 5, 6, seed=4) > -1
    found = ops.dot_product_attention(q, k, v, bias, mask, scale=0.3)
    np.testing.assert_allclose(found, attention(q, k, v, 0.3, bias, mask))
    past = np.tri(5, 6, dtype=bool)
    found = ops.dot_product_attention(q, k, v, mask=mask, is_causal=True)
    np.testing.assert_allclose(found, attention(q, k, v, 3**-0.5, 0, mask & past))


def test_gradients() -> None:
    arrays = values(1, 3, 2, 2), values(1, 4, 1, 2, seed=1), values(1, 4, 1, 3, seed=2)
    bias = values(1, 2, 3, 4, seed=3)
    check_gradients(
        lambda q, k, v, b: ops.dot_product_attention(q, k, v, b, is_causal=True),
        *arrays,
        bias,
        order=2,
    )


def test_nothing_to_attend_to_gives_the_mean() -> None:
    q, k, v = values(1, 2, 1, 3), values(1, 4, 1, 3), values(1, 4, 1, 3, seed=1)
    found = ops.dot_product_attention(q, k, v, mask=np.zeros((1, 1, 2, 4), bool))
    np.testing.assert_allclose(found, np.broadcast_to(v.mean(1, keepdims=True), found.shape))


def test_soft_cap_and_dtypes() -> None:
    q, k, v = (values(1, 3, 1, 2, seed=i) * 9 for i in range(3))
    logits = np.einsum("btnh,bsnh->bnts", q, k) * 2**-0.5
    expected = np.einsum("bnts,bsnh->btnh", special.softmax(2 * np.tanh(logits / 2), -1), v)
    found = ops.dot_product_attention(q, k, v, attn_logits_soft_cap=2.0)
    np.testing.assert_allclose(found, expected)
    half = ops.dot_product_attention(*(x.astype(np.float16) for x in (q, k, v)))
    assert half.dtype == np.float16


def test_errors() -> None:
    q = values(1, 3, 4, 2)
    with pytest.raises(ValueError, match="must have 4 axes"):
        ops.dot_product_attention(q[0], q, q)
    with pytest.raises(ValueError, match="do not fit together"):
        ops.dot_product_attention(q, q[:, :, :3], q[:, :, :3])
    with pytest.raises(ValueError, match="flash_attention=True is not available"):
        ops.dot_product_attention(q, q, q, flash_attention=True)
    with pytest.raises(ValueError, match="mask must broadcast to"):
        ops.dot_product_attention(q, q, q, mask=np.ones((2, 4, 3, 3), bool))
