"""Every operation of the nn group, with its gradient, gives the same numbers in a graph."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from tests.traced import check_traced
from thalweg import ops
from thalweg.autodiff import GradientTape
from thalweg.tensor import Tensor

Array = np.ndarray[Any, Any]


def values(*shape: int, seed: int = 0) -> Array:
    return np.random.default_rng(seed).normal(size=shape)


def chances(*shape: int) -> Array:
    x = np.exp(values(*shape))
    return x / x.sum(-1, keepdims=True)


X = values(3, 4)
IMAGE = values(2, 5, 6, 4)
ONE_ARGUMENT = [
    *("relu", "relu6", "sigmoid", "softplus", "softsign", "silu", "log_sigmoid", "leaky_relu"),
    *("hard_sigmoid", "hard_silu", "hard_tanh", "hard_shrink", "soft_shrink", "elu", "selu"),
    *("celu", "gelu", "glu", "softmax", "log_softmax", "sparsemax", "sparse_plus"),
    *("sparse_sigmoid", "squareplus", "tanh_shrink", "normalize", "layer_normalization"),
    *("rms_normalization", "swish", "hard_swish"),
]
CALLS: dict[str, tuple[Callable[..., Any], tuple[Any, ...]]] = {
    **{name: (getattr(ops, name), (X,)) for name in ONE_ARGUMENT},
    "threshold": (lambda x: ops.threshold(x, 0.5, 2.0), (X,)),
    "adaptive_average_pool": (lambda x: ops.adaptive_average_pool(x, (2, 3)), (IMAGE,)),
    "adaptive_max_pool": (lambda x: ops.adaptive_max_pool(x, (2, 4)), (IMAGE,)),
    "average_pool": (lambda x: ops.average_pool(x, 2, padding="same"), (IMAGE,)),
    "max_pool": (lambda x: ops.max_pool(x, 3, 2), (IMAGE,)),
    "batch_normalization": (
        lambda x, m, v, o, s: ops.batch_normalization(x, m, v * v, -1, o, s),
        (X, *(values(4, seed=i) for i in range(4))),
    ),
    "moments": (lambda x: ops.moments(x, (0,)), (X,)),
    "binary_crossentropy": (ops.binary_crossentropy, (chances(3, 4), chances(3, 4))),
    "categorical_crossentropy": (ops.categorical_crossentropy, (chances(3, 4), chances(3, 4))),
    "sparse_categorical_crossentropy": (
        lambda t, x: ops.sparse_categorical_crossentropy(t, x, from_logits=True),
        (np.array([0, 3, 1]), X),
    ),
    "conv": (lambda x, w: ops.conv(x, w, 2, "same"), (IMAGE, values(3, 2, 2, 6))),
    "conv_transpose": (lambda x, w: ops.conv_transpose(x, w, 2), (IMAGE, values(3, 2, 3, 4))),
    "depthwise_conv": (ops.depthwise_conv, (IMAGE, values(2, 2, 4, 2))),
    "separable_conv": (
        ops.separable_conv,
        (IMAGE, values(2, 2, 4, 2), values(1, 1, 8, 3)),
    ),
    "ctc_loss": (
        lambda t, x, a, b: ops.ctc_loss(t, x, a, b),
        (np.array([[1, 2], [2, 2]]), values(2, 5, 3), np.array([2, 2]), np.array([5, 4])),
    ),
    "ctc_decode": (
        lambda x, n: ops.ctc_decode(x, n, "beam_search", beam_width=4, top_paths=2),
        (values(2, 4, 3), np.array([4, 3])),
    ),
    "greedy": (ops.ctc_decode, (values(2, 4, 3), np.array([4, 3]))),
    "depth_to_space": (lambda x: ops.depth_to_space(x, 2), (IMAGE,)),
    "space_to_depth": (lambda x: ops.space_to_depth(x[:, :4], 2), (IMAGE,)),
    "dot_product_attention": (
        lambda q, k, v: ops.dot_product_attention(q, k, v, is_causal=True),
        (values(1, 3, 2, 4), values(1, 3, 1, 4, seed=1), values(1, 3, 1, 4, seed=2)),
    ),
    "unfold": (lambda x: ops.unfold(x, 2), (IMAGE,)),
    "fold": (lambda x: ops.fold(x, (4, 4), 2), (values(1, 8, 9),)),
    "one_hot": (lambda x: ops.one_hot(x, 4), (np.array([1, 3]),)),
    "multi_hot": (lambda x: ops.multi_hot(x, 4), (np.array([1, 3]),)),
    "polar": (ops.polar, (X, X)),
    "psnr": (lambda a, b: ops.psnr(a, b, 1.0), (X, X + 1)),
}


def test_nothing_is_left_out() -> None:
    assert set(ops.nn.__all__) <= set(CALLS)


@pytest.mark.parametrize("name", CALLS)
def test_traced(name: str) -> None:
    function, arrays = CALLS[name]
    check_traced(function, *arrays, rtol=1e-9)


@pytest.mark.parametrize("name", sorted(set(CALLS) - {"ctc_decode", "greedy", "one_hot"}))
def test_gradient_traced(name: str) -> None:
    function, arrays = CALLS[name]

    def gradients(*xs: Tensor) -> Any:
        watched = [x for x in xs if x.dtype.kind == "f"]
        with GradientTape() as tape:
            tape.watch(watched)
            y = function(*xs)
        return tape.gradient(y, watched, unconnected_gradients="zero")

    check_traced(gradients, *arrays, rtol=1e-9)


@pytest.mark.parametrize("name", CALLS)
def test_half_precision_stays_half(name: str) -> None:
    function, arrays = CALLS[name]
    if name in ("polar", "ctc_loss", "ctc_decode", "greedy", "one_hot", "multi_hot"):
        return
    found = function(*[a.astype(np.float16) if a.dtype.kind == "f" else a for a in arrays])
    for y in found if isinstance(found, tuple) else (found,):
        assert y.dtype == np.float16
