"""Statistics over axes: averages, variance, correlation coefficients, counts."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from thalweg.ops.arguments import apply, canonical_axes, canonical_axis, cast_to, floating, splat
from thalweg.ops.dispatch import op
from thalweg.ops.matmul import matmul
from thalweg.ops.reduction import Axis, in_full_precision, mean
from thalweg.ops.reduction import max as max_of
from thalweg.ops.reduction import min as min_of
from thalweg.ops.reduction import sum as sum_of
from thalweg.ops.shaping import permuted, reshape
from thalweg.ops.sorting import places_in
from thalweg.ops.spacing import linspace
from thalweg.ops.taking import where
from thalweg.primitives import elementwise as e
from thalweg.primitives import gather
from thalweg.primitives.graph import SymbolicTensor
from thalweg.tensor.convert import convert_to_tensor
from thalweg.tensor.dtypes import float64, int32, int64, is_complex, is_integer, result_type, uint64
from thalweg.tensor.tensor import Tensor

__all__ = ["average", "bincount", "corrcoef", "histogram", "std", "var"]


def _variance(name: str, x: Any, axis: Axis, keepdims: bool) -> tuple[Tensor, Tensor]:
    """The variance in full precision, and `x` as a float tensor."""
    tensor = floating(x)
    wide = in_full_precision(tensor)
    axes = canonical_axes(name, axis, len(wide.shape))
    apart = wide - mean(wide, axis=axes, keepdims=True)
    if is_complex(wide.dtype):
        parts = [apply(part, apart) for part in (e.real, e.imag)]
        squares = parts[0] * parts[0] + parts[1] * parts[1]
    else:
        squares = apart * apart
    return mean(squares, axis=axes, keepdims=keepdims), tensor


@op
def var(x: Any, axis: Axis = None, keepdims: bool = False) -> Tensor:
    """The variance over axes: the mean squared distance from the mean (not the sample variance).

    Args:
        x: a tensor; integers become floats, half precision is computed in float32.
        axis: one axis or several, None for all.
        keepdims: whether they stay, with length 1.

    >>> from thalweg import ops
    >>> ops.var([1.0, 2.0, 3.0, 4.0]).numpy()
    np.float32(1.25)
    """
    found, tensor = _variance("var", x, axis, keepdims)
    return found if is_complex(tensor.dtype) else cast_to(found, tensor.dtype)


@op
def std(x: Any, axis: Axis = None, keepdims: bool = False) -> Tensor:
    """The standard deviation over axes, the square root of `var`."""
    found, tensor = _variance("std", x, axis, keepdims)
    root = apply(e.sqrt, found)
    return root if is_complex(tensor.dtype) else cast_to(root, tensor.dtype)


@op
def average(x: Any, axis: int | None = None, weights: Any = None) -> Tensor:
    """The mean, weighted if wished.

    Args:
        x: a tensor.
        axis: the axis; None for all.
        weights: the shape of `x`, or one axis as long as `axis`.

    >>> from thalweg import ops
    >>> ops.average([1.0, 2.0, 4.0], weights=[1, 1, 2]).numpy()
    np.float32(2.75)
    """
    if weights is None:
        return mean(x, axis=axis)
    tensor, factors = convert_to_tensor(x), convert_to_tensor(weights)
    dtype = result_type(tensor.dtype, factors.dtype, float)
    tensor, factors = cast_to(tensor, dtype), cast_to(factors, dtype)
    shape = tensor.shape
    if factors.shape != shape:
        place = None if axis is None else canonical_axis("average", axis, len(shape))
        if place is None or factors.shape != (shape[place],):
            raise ValueError(
                f"average: weights must have the shape of x{_or_axis(axis, shape)}, got shapes "
                f"{factors.shape} and {shape}."
            )
        factors = reshape(factors, (-1,) + (1,) * (len(shape) - place - 1))
    total = sum_of(tensor * factors, axis=axis)
    if len(factors.shape) == len(shape):
        return total / sum_of(factors, axis=axis)
    return total / sum_of(factors)


def _or_axis(axis: int | None, shape: tuple[int, ...]) -> str:
    return "" if axis is None else f" or one axis with {shape[axis]} elements"


@op
def corrcoef(x: Any) -> Tensor:
    """Pearson's correlation coefficients of variables.

    Args:
        x: a row for each variable, a column for each observation; one axis is one variable.

    Returns:
        A matrix with the coefficient of each pair of rows (a number for one variable).
    """
    tensor = convert_to_tensor(x)
    tensor = cast_to(tensor, float64) if tensor.dtype in (int64, uint64) else floating(tensor)
    if len(tensor.shape) > 2:
        raise ValueError(f"corrcoef: x must have one or two axes, got shape {tensor.shape}.")
    single = len(tensor.shape) < 2
    rows = reshape(tensor, (1, math.prod(tensor.shape))) if single else tensor
    apart = rows - mean(rows, axis=1, keepdims=True)
    products = matmul(apart, e.conj(permuted(apart, (1, 0))))
    norms = apply(e.sqrt, sum_of(apply(e.abs_, apart) ** 2, axis=1))
    norms = cast_to(norms, products.dtype)
    found = products / reshape(norms, (-1, 1)) / reshape(norms, (1, -1))
    return reshape(found, ()) if single else found


# --- counts ---------------------------------------------------------------------------------------


@op
def bincount(x: Any, weights: Any = None, minlength: int = 0, sparse: bool = False) -> Tensor:
    """How often each of 0, 1, 2, ... comes.

    Only with known values, since the length of the result depends on the largest.

    Args:
        x: non-negative integers on one axis, or rows of them that are counted apart.
        weights: what each element counts, in the shape of `x`; 1 by default.
        minlength: the least length of the result.
        sparse: there are no sparse tensors here; it must be False.

    >>> from thalweg import ops
    >>> ops.bincount([1, 2, 2, 5]).numpy()
    array([0, 1, 2, 0, 0, 1], dtype=int32)
    """
    tensor = convert_to_tensor(x)
    if sparse:
        raise ValueError("bincount: sparse must be False, there are no sparse tensors.")
    if not is_integer(tensor.dtype) or len(tensor.shape) not in (1, 2):
        raise ValueError(
            f"bincount: x must hold integers on one or two axes, got shape {tensor.shape} of "
            f"{tensor.dtype.name}."
        )
    if isinstance(tensor, SymbolicTensor):
        raise TypeError(
            "bincount: the length of the result depends on values, which a traced function does "
            "not have yet; use ops.segment_sum with num_segments."
        )
    places = tensor._value
    if places.size and places.min() < 0:
        raise ValueError(f"bincount: x must not be negative, got {int(places.min())}.")
    length = max(int(places.max()) + 1 if places.size else 0, minlength)
    factors = splat(1, tensor.shape, int32) if weights is None else convert_to_tensor(weights)
    if factors.shape != tensor.shape:
        raise ValueError(
            f"bincount: weights must have the shape of x, got {factors.shape} and {tensor.shape}."
        )
    if weights is not None:
        factors = cast_to(factors, result_type(tensor.dtype, factors.dtype))
    rows = math.prod(tensor.shape[:-1])
    # Rows are counted in one go, each in a stretch of its own.
    offsets = np.arange(rows).reshape(*tensor.shape[:-1], 1) * length
    index = Tensor((places.astype(np.int64) + offsets).reshape(-1))
    zeros = splat(0, (rows * length,), factors.dtype)
    flat = reshape(factors, (math.prod(tensor.shape),))
    counts = apply(gather.scatter, zeros, index, flat, axis=0, mode="add")
    return reshape(counts, (*tensor.shape[:-1], length))


@op
def histogram(x: Any, bins: Any = 10, range: Any = None) -> tuple[Tensor, Tensor]:
    """How many elements fall into each bin.

    Args:
        x: a tensor.
        bins: how many bins of equal width, or their rising edges.
        range: the first and the last edge for equal bins; by default the extremes of `x`.

    Returns:
        The counts, and the edges (one more than bins), both floats. A value on an edge counts for
        the bin above it, on the last edge for the last bin; values outside do not count.

    >>> from thalweg import ops
    >>> counts, edges = ops.histogram([1.0, 2.0, 2.0, 4.0], bins=3)
    >>> counts.numpy(), edges.numpy()
    (array([1., 2., 1.], dtype=float32), array([1., 2., 3., 4.], dtype=float32))
    """
    tensor = floating(x)
    flat = reshape(tensor, (math.prod(tensor.shape),))
    edges = _edges(flat, bins, range)
    count = edges.shape[0] - 1
    place = places_in(edges, flat, "right") - 1
    last = splat(count - 1, place.shape, place.dtype)
    at_end = apply(e.eq, flat, _nth(edges, count, flat))
    place = where(at_end, last, place)
    inside = apply(e.eq, flat, flat)  # a NaN would be placed after the last edge
    zeros = splat(0, (count,), tensor.dtype)
    ones = cast_to(inside, tensor.dtype)
    # scatter leaves out what lies outside
    return apply(gather.scatter, zeros, place, ones, axis=0, mode="add"), edges


def _nth(edges: Tensor, n: int, like: Tensor) -> Tensor:
    return apply(gather.gather, edges, splat(n, like.shape, int32), axis=0)


def _edges(flat: Tensor, bins: Any, range: Any) -> Tensor:
    if not isinstance(bins, (int, np.integer)):
        edges = convert_to_tensor(bins)
        if len(edges.shape) != 1 or edges.shape[0] < 2:
            raise ValueError(
                f"histogram: bins must be a number or at least two edges, got shape {edges.shape}."
            )
        return cast_to(edges, flat.dtype)
    if bins < 1:
        raise ValueError(f"histogram: bins must be at least 1, got {bins}.")
    if range is not None:
        low, high = (splat(bound, (), flat.dtype) for bound in range)
    elif flat.shape[0] == 0:
        low, high = splat(0, (), flat.dtype), splat(1, (), flat.dtype)
    else:
        low, high = min_of(flat), max_of(flat)
    flatness = apply(e.eq, low, high)  # a range without width becomes 1 wide
    low, high = where(flatness, low - 0.5, low), where(flatness, high + 0.5, high)
    found: Tensor = linspace(low, high, int(bins) + 1)
    return found
