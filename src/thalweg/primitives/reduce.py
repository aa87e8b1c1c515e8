"""Primitives that reduce axes: sum, product, maximum, minimum, all, any, argmax, argmin.

`axes` is a sorted tuple of non-negative axes; they disappear from the shape.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from thalweg.primitives import elementwise as e
from thalweg.primitives.primitive import Call, Primitive
from thalweg.tensor.dtypes import DType, bfloat16, bool_, float16, int32
from thalweg.tensor.operators import OPERATIONS
from thalweg.tensor.tensor import Tensor, TensorSpec

__all__ = [
    "argmax",
    "argmin",
    "reduce_and",
    "reduce_max",
    "reduce_min",
    "reduce_or",
    "reduce_prod",
    "reduce_sum",
]

Array = np.ndarray[Any, Any]
Gradients = tuple[Tensor | None, ...]


def _remaining(shape: tuple[int, ...], axes: tuple[int, ...]) -> tuple[int, ...]:
    return tuple(n for i, n in enumerate(shape) if i not in axes)


def _check_axes(name: str, x: Any, axes: tuple[int, ...]) -> None:
    if any(not 0 <= a < len(x.shape) for a in axes) or len(set(axes)) != len(axes):
        raise ValueError(f"{name}: axis {axes} does not fit a tensor of shape {tuple(x.shape)}.")


def _rule(name: str, accepted: frozenset[DType], needs_elements: bool) -> Callable[..., TensorSpec]:
    def rule(x: Any, axes: tuple[int, ...]) -> TensorSpec:
        _check_axes(name, x, axes)
        if x.dtype not in accepted:
            raise TypeError(f"{name}: got a tensor of {x.dtype.name}, which has no {name}.")
        if needs_elements and any(x.shape[a] == 0 for a in axes):
            raise ValueError(f"{name}: no elements on axis {axes} of a tensor of shape {x.shape}.")
        return TensorSpec(_remaining(x.shape, axes), x.dtype)

    return rule


def _evaluate(ufunc: np.ufunc) -> Callable[..., Array]:
    def evaluate(x: Array, axes: tuple[int, ...]) -> Array:
        if x.dtype in (float16, bfloat16):  # added up in float32, rounded once
            return np.asarray(ufunc.reduce(x.astype(np.float32), axes)).astype(x.dtype)
        return np.asarray(ufunc.reduce(x, axes, dtype=x.dtype))

    return evaluate


def spread(y: Tensor, shape: tuple[int, ...], axes: tuple[int, ...]) -> Tensor:
    """A reduced tensor given its axes back, every element repeated along them."""
    kept = tuple(1 if i in axes else n for i, n in enumerate(shape))
    return OPERATIONS["broadcast_to"](OPERATIONS["reshape"](y, kept), shape)


def _sum_gradient(call: Call, g: Gradients) -> Gradients:
    assert g[0] is not None
    return (spread(g[0], call.inputs[0].shape, call.params["axes"]),)


def _extreme_gradient(call: Call, g: Gradients) -> Gradients:
    """Elements that tie for the extreme share the gradient evenly, as in TensorFlow."""
    assert g[0] is not None
    (x,), axes = call.inputs, call.params["axes"]
    hit = e.cast(e.eq(x, spread(call.outputs[0], x.shape, axes)), dtype=x.dtype)
    share = g[0] / reduce_sum(hit, axes=axes)
    return (hit * spread(share, x.shape, axes),)


def _prod_gradient(call: Call, g: Gradients) -> Gradients:
    """Each element gets the product of all others: one from the left times one from the right.

    (Dividing the product by the element would fail at zeros.)
    """
    assert g[0] is not None
    (x,), axes = call.inputs, call.params["axes"]
    kept = tuple(i for i in range(len(x.shape)) if i not in axes)
    order = (*kept, *axes)
    moved = e.conj(OPERATIONS["transpose"](x, order))
    flat = OPERATIONS["reshape"](moved, (*(x.shape[i] for i in kept), -1))
    others = _product_of_others(flat)
    back = OPERATIONS["reshape"](others, moved.shape)
    inverse = [int(i) for i in np.argsort(order)]
    return (OPERATIONS["transpose"](back, inverse) * spread(g[0], x.shape, axes),)


def _product_of_others(x: Tensor) -> Tensor:
    cumprod, concatenate = OPERATIONS["cumprod"], OPERATIONS["concatenate"]
    one = e.one_like(x[..., :1])
    left = concatenate([one, cumprod(x[..., :-1], axis=-1)], axis=-1)
    right = OPERATIONS["flip"](
        concatenate([one, cumprod(OPERATIONS["flip"](x[..., 1:], axis=-1), axis=-1)], axis=-1),
        axis=-1,
    )
    return left * right


reduce_sum = Primitive(
    "reduce_sum", _rule("sum", e.NUMBER, False), _evaluate(np.add), _sum_gradient, "reduce"
)
reduce_prod = Primitive(
    "reduce_prod", _rule("prod", e.NUMBER, False), _evaluate(np.multiply), _prod_gradient, "reduce"
)
reduce_max = Primitive(
    "reduce_max", _rule("max", e.ORDERED, True), _evaluate(np.maximum), _extreme_gradient, "reduce"
)
reduce_min = Primitive(
    "reduce_min", _rule("min", e.ORDERED, True), _evaluate(np.minimum), _extreme_gradient, "reduce"
)
reduce_and = Primitive(
    "reduce_and", _rule("all", frozenset({bool_}), False), _evaluate(np.logical_and), None, "reduce"
)
reduce_or = Primitive(
    "reduce_or", _rule("any", frozenset({bool_}), False), _evaluate(np.logical_or), None, "reduce"
)


def _arg_rule(name: str) -> Callable[..., TensorSpec]:
    def rule(x: Any, axis: int) -> TensorSpec:
        _check_axes(name, x, (axis,))
        if x.dtype not in e.ORDERED:
            raise TypeError(f"{name}: got a tensor of {x.dtype.name}, which has no order.")
        if x.shape[axis] == 0:
            raise ValueError(f"{name}: no elements on axis {axis} of a tensor of shape {x.shape}.")
        return TensorSpec(_remaining(x.shape, (axis,)), int32)

    return rule


argmax = Primitive(
    "argmax",
    _arg_rule("argmax"),
    lambda x, axis: np.argmax(x, axis).astype(np.int32),
    None,
    "reduce",
)
argmin = Primitive(
    "argmin",
    _arg_rule("argmin"),
    lambda x, axis: np.argmin(x, axis).astype(np.int32),
    None,
    "reduce",
)
