"""Medians, quantiles and percentiles, with and without regard to NaN."""

from __future__ import annotations

import math
from typing import Any

from thalweg.ops.arguments import apply, canonical_axes, cast_to, floating, splat
from thalweg.ops.dispatch import op
from thalweg.ops.reduction import Axis, in_full_precision
from thalweg.ops.reduction import any as any_of
from thalweg.ops.reduction import sum as sum_of
from thalweg.ops.shaping import permuted, reshape
from thalweg.ops.sorting import sort
from thalweg.ops.taking import take_along_axis, where
from thalweg.primitives import elementwise as e
from thalweg.primitives import movement
from thalweg.tensor.dtypes import float32, int32, is_complex
from thalweg.tensor.tensor import Tensor

__all__ = [
    "median",
    "nanmedian",
    "nanpercentile",
    "nanquantile",
    "percentile",
    "quantile",
]

_METHODS = ("linear", "lower", "higher", "midpoint", "nearest")


def _quantile(
    name: str, x: Any, q: Tensor, axis: Axis, method: str, keepdims: bool, ignore_nan: bool
) -> Tensor:
    """Sort the elements of the axes on one axis and read between the two that q falls between."""
    if method not in _METHODS:
        raise ValueError(f"{name}: method must be one of {', '.join(_METHODS)}, got {method!r}.")
    if len(q.shape) > 1:
        raise ValueError(f"{name}: q must be a number or have one axis, got shape {q.shape}.")
    tensor = floating(x)
    if is_complex(tensor.dtype):
        raise TypeError(f"{name}: x must be real, got {tensor.dtype.name}.")
    shape = tensor.shape
    axes = canonical_axes(name, axis, len(shape))
    others = tuple(i for i in range(len(shape)) if i not in axes)
    rest, n = tuple(shape[i] for i in others), math.prod(shape[i] for i in axes)
    if n == 0:
        raise ValueError(f"{name}: no elements on axis {axes} of a tensor of shape {shape}.")
    rows = sort(reshape(permuted(tensor, (*others, *axes)), (*rest, n)))
    missing = apply(e.ne, rows, rows)
    # The rows' own counts with ignore_nan, the same for all otherwise; they broadcast over q.
    count = n - sum_of(missing, axis=-1, keepdims=True) if ignore_nan else splat(n, (1,), int32)
    wide = in_full_precision(tensor).dtype
    number = math.prod(q.shape)
    place = cast_to(reshape(q, (number,)), wide) * cast_to(count - 1, wide)
    found = _between(rows, place, method, number)
    if ignore_nan:
        empty = apply(e.eq, count, e.zero_like(count))
        found = where(empty, float("nan"), found)
    else:
        found = where(any_of(missing, axis=-1, keepdims=True), float("nan"), found)
    found = cast_to(found, tensor.dtype)
    found = permuted(found, (len(rest), *range(len(rest))))  # the axis of q comes first
    result = tuple(1 if i in axes else m for i, m in enumerate(shape)) if keepdims else rest
    return reshape(found, (*q.shape, *result))


def _between(rows: Tensor, place: Tensor, method: str, number: int) -> Tensor:
    """What stands at fractional places of sorted rows: shape (..., number)."""
    if method == "nearest":
        place = apply(e.round_, place)
    elif method == "lower":
        place = apply(e.floor, place)
    elif method == "higher":
        place = apply(e.ceil, place)
    below = apply(e.floor, place)
    low, high = (_at(rows, p, number) for p in (below, apply(e.ceil, place)))
    if method == "midpoint":
        return (low + high) / 2
    if method != "linear":
        return low
    part = cast_to(place - below, rows.dtype)
    # On an element itself its neighbour does not count, though it be infinite.
    mixed = low * (1 - part) + high * part
    return where(part == 0, low, mixed)


def _at(rows: Tensor, place: Tensor, number: int) -> Tensor:
    index = cast_to(place, int32)
    shape = (*rows.shape[:-1], number)
    if index.shape != shape:
        index = apply(movement.broadcast_to, index, shape=shape)
    return take_along_axis(rows, index, axis=-1)


def _fractions(q: Any, scale: float) -> Tensor:
    tensor = floating(q)
    return tensor if scale == 1 else tensor / scale


@op
def quantile(
    x: Any, q: Any, axis: Axis = None, method: str = "linear", keepdims: bool = False
) -> Tensor:
    """The values below which the parts `q` of the elements lie; NaN where there is one.

    Args:
        x: a tensor; integers become floats.
        q: a number in 0..1, or one axis of them, which comes first in the result.
        axis: one axis or several, None for all.
        method: what to do between two elements: `'linear'`, `'lower'`, `'higher'`, `'midpoint'` or
            `'nearest'`.
        keepdims: whether the axes stay, with length 1.

    >>> from thalweg import ops
    >>> ops.quantile([1.0, 2.0, 3.0, 4.0], [0.0, 0.5]).numpy()
    array([1. , 2.5], dtype=float32)
    """
    return _quantile("quantile", x, _fractions(q, 1), axis, method, keepdims, False)


@op
def nanquantile(
    x: Any, q: Any, axis: Axis = None, method: str = "linear", keepdims: bool = False
) -> Tensor:
    """`quantile` of the elements that are not NaN."""
    return _quantile("nanquantile", x, _fractions(q, 1), axis, method, keepdims, True)


@op
def percentile(
    x: Any, q: Any, axis: Axis = None, method: str = "linear", keepdims: bool = False
) -> Tensor:
    """`quantile` with `q` in 0..100."""
    return _quantile("percentile", x, _fractions(q, 100), axis, method, keepdims, False)


@op
def nanpercentile(
    x: Any, q: Any, axis: Axis = None, method: str = "linear", keepdims: bool = False
) -> Tensor:
    """`percentile` of the elements that are not NaN."""
    return _quantile("nanpercentile", x, _fractions(q, 100), axis, method, keepdims, True)


@op
def median(x: Any, axis: Axis = None, keepdims: bool = False) -> Tensor:
    """The middle element over axes, the mean of the middle two for an even number of them."""
    return _quantile("median", x, splat(0.5, (), float32), axis, "linear", keepdims, False)


@op
def nanmedian(x: Any, axis: Axis = None, keepdims: bool = False) -> Tensor:
    """The median of the elements that are not NaN; NaN where there are none."""
    return _quantile("nanmedian", x, splat(0.5, (), float32), axis, "linear", keepdims, True)
