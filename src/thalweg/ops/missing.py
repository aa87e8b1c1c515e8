"""Reductions that leave out NaN."""

from __future__ import annotations

from typing import Any

from thalweg.ops.arguments import apply, cast_to, floating, splat
from thalweg.ops.dispatch import op
from thalweg.ops.reduction import Axis, argmax, argmin, in_full_precision
from thalweg.ops.reduction import all as all_of
from thalweg.ops.reduction import max as max_of
from thalweg.ops.reduction import min as min_of
from thalweg.ops.reduction import prod as prod_of
from thalweg.ops.reduction import sum as sum_of
from thalweg.ops.taking import where
from thalweg.primitives import elementwise as e
from thalweg.tensor.convert import convert_to_tensor
from thalweg.tensor.dtypes import is_complex, is_floating
from thalweg.tensor.tensor import Tensor

__all__ = [
    "nanargmax",
    "nanargmin",
    "nanmax",
    "nanmean",
    "nanmin",
    "nanprod",
    "nanstd",
    "nansum",
    "nanvar",
]


def _replaced(x: Tensor, value: float) -> Tensor:
    """`value` in place of NaN."""
    if not (is_floating(x.dtype) or is_complex(x.dtype)):
        return x
    return apply(e.select, apply(e.ne, x, x), splat(value, x.shape, x.dtype), x)


@op
def nansum(x: Any, axis: Axis = None, keepdims: bool = False) -> Tensor:
    """The sum over axes with NaN counted as 0."""
    return sum_of(_replaced(convert_to_tensor(x), 0), axis, keepdims)


@op
def nanprod(x: Any, axis: Axis = None, keepdims: bool = False) -> Tensor:
    """The product over axes with NaN counted as 1."""
    return prod_of(_replaced(convert_to_tensor(x), 1), axis, keepdims)


def _count(x: Tensor, axis: Axis, keepdims: bool) -> Tensor:
    return sum_of(cast_to(apply(e.eq, x, x), x.dtype), axis, keepdims)


@op
def nanmean(x: Any, axis: Axis = None, keepdims: bool = False) -> Tensor:
    """The mean over axes of the elements that are not NaN; NaN where there are none."""
    tensor = floating(x)
    wide = in_full_precision(tensor)
    found = sum_of(_replaced(wide, 0), axis, keepdims) / _count(wide, axis, keepdims)
    return cast_to(found, tensor.dtype)


def _variance(x: Tensor, axis: Axis, keepdims: bool) -> Tensor:
    wide = in_full_precision(x)
    known = _replaced(wide, 0)
    apart = known - sum_of(known, axis, keepdims=True) / _count(wide, axis, keepdims=True)
    # What was NaN must go before it is squared: a gradient of 0 times NaN would be NaN.
    apart = apply(e.select, apply(e.ne, wide, wide), e.zero_like(apart), apart)
    size = apply(e.abs_, apart) if is_complex(wide.dtype) else apart
    count = cast_to(_count(wide, axis, keepdims), size.dtype)
    return sum_of(size * size, axis, keepdims) / count


@op
def nanvar(x: Any, axis: Axis = None, keepdims: bool = False) -> Tensor:
    """The variance over axes of the elements that are not NaN; NaN where there are none."""
    tensor = floating(x)
    found = _variance(tensor, axis, keepdims)
    return found if is_complex(tensor.dtype) else cast_to(found, tensor.dtype)


@op
def nanstd(x: Any, axis: Axis = None, keepdims: bool = False) -> Tensor:
    """The standard deviation over axes of the elements that are not NaN."""
    tensor = floating(x)
    found = apply(e.sqrt, _variance(tensor, axis, keepdims))
    return found if is_complex(tensor.dtype) else cast_to(found, tensor.dtype)


# --- extremes -------------------------------------------------------------------------------------


def _empty(x: Tensor, axis: Axis, keepdims: bool) -> Tensor:
    """Whether there is nothing but NaN."""
    return all_of(apply(e.ne, x, x), axis, keepdims)


@op
def nanmax(x: Any, axis: Axis = None, keepdims: bool = False) -> Tensor:
    """The largest element over axes that is not NaN; NaN where there is none."""
    tensor = convert_to_tensor(x)
    if not is_floating(tensor.dtype):
        return max_of(tensor, axis, keepdims)
    found = max_of(_replaced(tensor, float("-inf")), axis, keepdims)
    return where(_empty(tensor, axis, keepdims), float("nan"), found)


@op
def nanmin(x: Any, axis: Axis = None, keepdims: bool = False) -> Tensor:
    """The smallest element over axes that is not NaN; NaN where there is none."""
    tensor = convert_to_tensor(x)
    if not is_floating(tensor.dtype):
        return min_of(tensor, axis, keepdims)
    found = min_of(_replaced(tensor, float("inf")), axis, keepdims)
    return where(_empty(tensor, axis, keepdims), float("nan"), found)


@op
def nanargmax(x: Any, axis: int | None = None, keepdims: bool = False) -> Tensor:
    """The place of the largest element that is not NaN, int32; -1 where there is none."""
    tensor = convert_to_tensor(x)
    found = argmax(_replaced(tensor, float("-inf")), axis, keepdims)
    return where(_empty(tensor, axis, keepdims), -1, found)


@op
def nanargmin(x: Any, axis: int | None = None, keepdims: bool = False) -> Tensor:
    """The place of the smallest element that is not NaN, int32; -1 where there is none."""
    tensor = convert_to_tensor(x)
    found = argmin(_replaced(tensor, float("inf")), axis, keepdims)
    return where(_empty(tensor, axis, keepdims), -1, found)
