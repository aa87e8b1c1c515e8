"""Rounding under NumPy's names."""

from __future__ import annotations

from typing import Any

import numpy as np

from thalweg.ops.arguments import apply, cast_to, floating, promote
from thalweg.ops.dispatch import op
from thalweg.primitives import elementwise as e
from thalweg.tensor.convert import convert_to_tensor
from thalweg.tensor.dtypes import bool_, int32, is_complex, is_integer
from thalweg.tensor.tensor import Tensor

__all__ = ["ceil", "floor", "nextafter", "round", "trunc"]


@op
def floor(x: Any) -> Tensor:
    """The largest integer not above `x`, as a float."""
    return apply(e.floor, floating(x))


@op
def ceil(x: Any) -> Tensor:
    """The smallest integer not below `x`, as a float."""
    return apply(e.ceil, floating(x))


@op
def trunc(x: Any) -> Tensor:
    """`x` cut towards zero; integers stay as they are."""
    tensor = convert_to_tensor(x)
    if tensor.dtype == bool_:
        return cast_to(tensor, int32)
    return tensor if is_integer(tensor.dtype) else apply(e.trunc, tensor)


@op
def round(x: Any, decimals: int = 0) -> Tensor:
    """The nearest number with that many decimals; halves go to the even neighbour.

    Args:
        x: a tensor.
        decimals: places after the point; negative ones round to tens, hundreds and so on.

    >>> from thalweg import ops
    >>> ops.round([0.5, 1.5, -2.5]).numpy()
    array([ 0.,  2., -2.], dtype=float32)
    """
    tensor = convert_to_tensor(x)
    if tensor.dtype == bool_:
        tensor = cast_to(tensor, int32)
    if is_complex(tensor.dtype):
        parts = [round(apply(part, tensor), decimals) for part in (e.real, e.imag)]
        return apply(e.complex_, *parts)
    if is_integer(tensor.dtype):
        return tensor if decimals >= 0 else _round_integer(tensor, 10**-decimals)
    if decimals == 0:
        return apply(e.round_, tensor)
    factor = 10.0 ** (decimals if decimals > 0 else -decimals)
    if decimals > 0:
        return apply(e.round_, tensor * factor) / factor
    return apply(e.round_, tensor / factor) * factor


def _round_integer(x: Tensor, unit: int) -> Tensor:
    """The nearest multiple of `unit`, halves to the even one."""
    if unit > np.iinfo(x.dtype).max:
        return e.zero_like(x)
    low = x // unit
    rest = x - low * unit
    other = unit - rest  # how far it is to the multiple above
    odd = apply(e.ne, low % 2, e.zero_like(low))
    half = apply(e.and_, apply(e.eq, rest, other), odd)
    up = apply(e.or_, apply(e.gt, rest, other), half)
    return (low + cast_to(up, x.dtype)) * unit


@op
def nextafter(x1: Any, x2: Any) -> Tensor:
    """The next float after `x1` in the direction of `x2`."""
    return apply(e.nextafter, *promote("nextafter", x1, x2, inexact=True))
