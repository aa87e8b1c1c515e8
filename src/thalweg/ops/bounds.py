"""The larger, the smaller, and values kept within bounds."""

from __future__ import annotations

from typing import Any

import numpy as np

from thalweg.ops.arguments import apply, broadcast, cast_to, promote, splat
from thalweg.ops.dispatch import op
from thalweg.primitives import elementwise as e
from thalweg.tensor.convert import convert_to_tensor
from thalweg.tensor.dtypes import bfloat16, bool_, int32, is_complex, is_floating, result_type
from thalweg.tensor.tensor import Tensor

__all__ = ["clip", "fmax", "fmin", "maximum", "minimum", "nan_to_num"]


@op
def maximum(x1: Any, x2: Any) -> Tensor:
    """The larger of two, element by element; NaN if one of them is.

    Where they are equal, `x1` gets the gradient.
    """
    return apply(e.max_, *promote("maximum", x1, x2))


@op
def minimum(x1: Any, x2: Any) -> Tensor:
    """The smaller of two, element by element; NaN if one of them is.

    Where they are equal, `x1` gets the gradient.
    """
    return apply(e.min_, *promote("minimum", x1, x2))


def _ignoring_nan(name: str, pick: Any, x1: Any, x2: Any) -> Tensor:
    a, b = promote(name, x1, x2)
    first = apply(e.select, apply(e.ne, a, a), b, a)
    return apply(pick, first, apply(e.select, apply(e.ne, b, b), first, b))


@op
def fmax(x1: Any, x2: Any) -> Tensor:
    """The larger of two; beside a NaN the other one."""
    return _ignoring_nan("fmax", e.max_, x1, x2)


@op
def fmin(x1: Any, x2: Any) -> Tensor:
    """The smaller of two; beside a NaN the other one."""
    return _ignoring_nan("fmin", e.min_, x1, x2)


@op
def clip(x: Any, x_min: Any, x_max: Any) -> Tensor:
    """`x` moved to the nearest value in `x_min .. x_max`.

    Args:
        x: a tensor.
        x_min: the lower bound, a number or a tensor that broadcasts to `x`; None for no bound.
        x_max: the upper bound, likewise.

    >>> from thalweg import ops
    >>> ops.clip([-1.0, 0.5, 2.0], 0.0, 1.0).numpy()
    array([0. , 0.5, 1. ], dtype=float32)
    """
    tensor = convert_to_tensor(x)
    bounds = [bound for bound in (x_min, x_max) if bound is not None]
    dtype = result_type(
        *[b if hasattr(b, "dtype") or np.ndim(b) == 0 else convert_to_tensor(b) for b in bounds],
        int32 if tensor.dtype == bool_ else tensor,
    )
    if is_complex(dtype):
        raise TypeError(f"clip: x must be real, got {tensor.dtype.name}.")
    found = cast_to(tensor, dtype)
    if x_min is not None:
        found = apply(e.max_, *broadcast("clip", found, _bound(x_min, found)))
    if x_max is not None:
        found = apply(e.min_, *broadcast("clip", found, _bound(x_max, found)))
    return found


def _bound(value: Any, x: Tensor) -> Tensor:
    if isinstance(value, (int, float)):
        return splat(value, x.shape, x.dtype)
    return cast_to(convert_to_tensor(value), x.dtype)


@op
def nan_to_num(
    x: Any, nan: float = 0.0, posinf: float | None = None, neginf: float | None = None
) -> Tensor:
    """`x` with numbers in place of NaN and infinities.

    Args:
        x: a tensor.
        nan: what stands for NaN.
        posinf: what stands for plus infinity, by default the largest number of the dtype.
        neginf: what stands for minus infinity, by default the smallest.
    """
    tensor = convert_to_tensor(x)
    if is_complex(tensor.dtype):
        real, imag = (
            nan_to_num(apply(part, tensor), nan, posinf, neginf) for part in (e.real, e.imag)
        )
        return apply(e.complex_, real, imag)
    if not is_floating(tensor.dtype):
        return tensor
    largest = _largest(tensor.dtype)
    for value, instead in (
        (float("inf"), largest if posinf is None else posinf),
        (float("-inf"), -largest if neginf is None else neginf),
    ):
        hit = apply(e.eq, tensor, splat(value, tensor.shape, tensor.dtype))
        tensor = apply(e.select, hit, splat(instead, tensor.shape, tensor.dtype), tensor)
    hit = apply(e.ne, tensor, tensor)
    return apply(e.select, hit, splat(nan, tensor.shape, tensor.dtype), tensor)


def _largest(dtype: np.dtype[Any]) -> float:
    # NumPy knows nothing of bfloat16: eight bits of mantissa with float32's exponent.
    return (2 - 2**-7) * 2.0**127 if dtype == bfloat16 else float(np.finfo(dtype).max)
