"""Primitives about order along one axis: argsort, top-k, and cumulative sums and products."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from thalweg.primitives import elementwise as e
from thalweg.primitives.gather import scatter
from thalweg.primitives.primitive import Call, Primitive
from thalweg.tensor.dtypes import DType, bfloat16, float16, int32, int64
from thalweg.tensor.operators import OPERATIONS
from thalweg.tensor.tensor import Tensor, TensorSpec

__all__ = ["argsort", "cummax", "cummin", "cumprod", "cumsum", "top_k"]

Array = np.ndarray[Any, Any]
Gradients = tuple[Tensor | None, ...]


def _check(name: str, x: Any, axis: int, accepted: frozenset[DType]) -> None:
    if not 0 <= axis < len(x.shape):
        raise ValueError(f"{name}: axis {axis} does not fit a tensor of shape {x.shape}.")
    if x.dtype not in accepted:
        raise TypeError(f"{name}: got a tensor of {x.dtype.name}, which has no {name}.")


def _wide(x: Array) -> Array:
    return x.astype(np.float32) if x.dtype in (float16, bfloat16) else x


def _argsort_rule(x: Any, axis: int) -> TensorSpec:
    _check("argsort", x, axis, e.ORDERED)
    return TensorSpec(x.shape, int32)


argsort = Primitive(
    "argsort",
    _argsort_rule,
    lambda x, axis: np.argsort(_wide(x), axis, kind="stable").astype(np.int32),
    None,
    "order",
)


def _top_k_rule(x: Any, k: int) -> tuple[TensorSpec, TensorSpec]:
    _check("top_k", x, len(x.shape) - 1, e.ORDERED)
    if not 0 <= k <= x.shape[-1]:
        raise ValueError(f"top_k: k must lie in 0..{x.shape[-1]} for shape {x.shape}, got {k}.")
    shape = (*x.shape[:-1], k)
    return TensorSpec(shape, x.dtype), TensorSpec(shape, int32)


def _top_k_evaluate(x: Array, k: int) -> tuple[Array, Array]:
    """The k largest of the last axis in falling order; of equal ones the first comes first."""
    backward = np.flip(np.argsort(_wide(np.flip(x, -1)), -1, kind="stable"), -1)
    index = (x.shape[-1] - 1 - backward)[..., :k].astype(np.int32)
    return np.take_along_axis(x, index, -1), index


def _added_at(g: Tensor, places: Tensor, n: int) -> Tensor:
    """Rows of n zeros, to which each row of g is added at the row's own places."""
    rows, k = math.prod(g.shape[:-1]), g.shape[-1]
    dtype = int64 if rows * n >= 2**31 else int32
    # All rows one after another: the row's number tells where its elements begin.
    begin = np.broadcast_to(np.arange(rows, dtype=dtype)[:, None] * n, (rows, k))
    reshape = OPERATIONS["reshape"]
    flat = reshape(e.cast(places, dtype=dtype), (rows, k)) + Tensor(begin)
    zeros = e.splat(0, (rows * n,), g.dtype)
    found = scatter(zeros, reshape(flat, (rows * k,)), reshape(g, (rows * k,)), axis=0, mode="add")
    return reshape(found, (*g.shape[:-1], n))


def _top_k_gradient(call: Call, g: Gradients) -> Gradients:
    if g[0] is None:
        return (None,)
    return (_added_at(g[0], call.outputs[1], call.inputs[0].shape[-1]),)


top_k = Primitive("top_k", _top_k_rule, _top_k_evaluate, _top_k_gradient, "order", multiple=True)


def _cumulative(
    name: str,
    accepted: frozenset[DType],
    ufunc: np.ufunc,
    gradient: Callable[[Call, Tensor], Tensor],
) -> Primitive:
    """`reverse=True` runs from the end to the front."""

    def rule(x: Any, axis: int, reverse: bool) -> TensorSpec:
        _check(name, x, axis, accepted)
        return TensorSpec(x.shape, x.dtype)

    def evaluate(x: Array, axis: int, reverse: bool) -> Array:
        run = np.flip(x, axis) if reverse else x
        found = ufunc.accumulate(_wide(run), axis).astype(x.dtype)
        return np.flip(found, axis) if reverse else found

    def backward(call: Call, g: Gradients) -> Gradients:
        assert g[0] is not None
        return (gradient(call, g[0]),)

    return Primitive(name, rule, evaluate, backward, "cumulative")


def _cumsum_gradient(call: Call, g: Tensor) -> Tensor:
    found: Tensor = cumsum(g, axis=call.params["axis"], reverse=not call.params["reverse"])
    return found


def _cumprod_gradient(call: Call, g: Tensor) -> Tensor:
    """dy_j/dx_i is the product of all x_k up to j but x_i.

    Going backward, r_i = g_i + x_{i+1} r_{i+1} sums what follows i; the gradient is the product
    before i times r_i. No division, so zeros are exact. The recurrence is unrolled by
    doubling: (a, b) then (c, d) compose to (a + b c, b d), in log2(n) steps.
    """
    (x,), axis, reverse = call.inputs, call.params["axis"], call.params["reverse"]
    flip, concatenate = OPERATIONS["flip"], OPERATIONS["concatenate"]
    if reverse:
        x, g = flip(x, axis=axis), flip(g, axis=axis)
    x, g = e.conj(OPERATIONS["moveaxis"](x, axis, -1)), OPERATIONS["moveaxis"](g, axis, -1)
    n = x.shape[-1]
    if n == 0:
        return OPERATIONS["zeros_like"](call.inputs[0])
    one = e.one_like(x[..., :1])
    before = concatenate([one, cumprod(x, axis=len(x.shape) - 1, reverse=False)[..., :-1]], axis=-1)
    total, factor = g, concatenate([x[..., 1:], e.zero_like(one)], axis=-1)
    step = 1
    while step < n:
        zero = e.zero_like(x[..., :step])
        total = total + factor * concatenate([total[..., step:], zero], axis=-1)
        factor = factor * concatenate([factor[..., step:], zero], axis=-1)
        step *= 2
    found: Tensor = OPERATIONS["moveaxis"](before * total, -1, axis)
    return flip(found, axis=axis) if reverse else found


def _extreme_gradient(call: Call, g: Tensor) -> Tensor:
    """The element that set the record gets the gradient of every place that shows it."""
    (x,), (y,) = call.inputs, call.outputs
    axis, reverse = call.params["axis"], call.params["reverse"]
    n = x.shape[axis]
    shape = tuple(n if i == axis else 1 for i in range(len(x.shape)))
    order = np.arange(n, dtype=np.int32)[:: -1 if reverse else 1]
    place = OPERATIONS["broadcast_to"](Tensor(order.reshape(shape)), x.shape)
    record = e.select(e.eq(x, y), place, e.zero_like(place))
    latest = cummax(record, axis=axis, reverse=reverse)
    moveaxis = OPERATIONS["moveaxis"]
    # Going backward, places are counted from the end.
    source = n - 1 - latest if reverse else latest
    return moveaxis(_added_at(moveaxis(g, axis, -1), moveaxis(source, axis, -1), n), -1, axis)


cumsum = _cumulative("cumsum", e.NUMBER, np.add, _cumsum_gradient)
cumprod = _cumulative("cumprod", e.NUMBER, np.multiply, _cumprod_gradient)
cummax = _cumulative("cummax", e.REAL, np.maximum, _extreme_gradient)
cummin = _cumulative("cummin", e.REAL, np.minimum, _extreme_gradient)
