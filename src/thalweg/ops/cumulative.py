"""Running sums and products along an axis."""

from __future__ import annotations

import math
from typing import Any

from thalweg.ops.arguments import apply, canonical_axis, cast_to, splat
from thalweg.ops.dispatch import op
from thalweg.ops.shaping import reshape
from thalweg.primitives import elementwise as e
from thalweg.primitives import order
from thalweg.primitives.primitive import Primitive
from thalweg.tensor.convert import convert_to_tensor
from thalweg.tensor.dtypes import as_dtype, bool_, int32
from thalweg.tensor.tensor import Tensor

__all__ = ["cumprod", "cumsum", "nancumprod", "nancumsum"]


def _running(
    primitive: Primitive, name: str, x: Any, axis: int | None, dtype: Any, nan: int | None = None
) -> Tensor:
    tensor = convert_to_tensor(x)
    if axis is None:
        tensor, axis = reshape(tensor, (math.prod(tensor.shape),)), 0
    place = canonical_axis(name, axis, len(tensor.shape))
    if nan is not None and tensor.dtype.kind not in "biu":
        missing = apply(e.ne, tensor, tensor)
        tensor = apply(e.select, missing, splat(nan, tensor.shape, tensor.dtype), tensor)
    if dtype is not None:
        tensor = cast_to(tensor, as_dtype(dtype))
    if tensor.dtype == bool_:
        tensor = cast_to(tensor, int32)
    return apply(primitive, tensor, axis=place, reverse=False)


@op
def cumsum(x: Any, axis: int | None = None, dtype: Any = None) -> Tensor:
    """The sum of all elements up to each place of an axis.

    Args:
        x: a tensor.
        axis: the axis; None goes through all elements in order.
        dtype: the dtype to add up in; by default that of `x` (int32 for bools).

    >>> from thalweg import ops
    >>> ops.cumsum([1, 2, 3]).numpy()
    array([1, 3, 6], dtype=int32)
    """
    return _running(order.cumsum, "cumsum", x, axis, dtype)


@op
def cumprod(x: Any, axis: int | None = None, dtype: Any = None) -> Tensor:
    """The product of all elements up to each place of an axis.

    Args:
        x: a tensor.
        axis: the axis; None goes through all elements in order.
        dtype: the dtype to multiply in; by default that of `x` (int32 for bools).
    """
    return _running(order.cumprod, "cumprod", x, axis, dtype)


@op
def nancumsum(x: Any, axis: int | None = None, dtype: Any = None) -> Tensor:
    """`cumsum` with NaN counted as 0."""
    return _running(order.cumsum, "nancumsum", x, axis, dtype, nan=0)


@op
def nancumprod(x: Any, axis: int | None = None, dtype: Any = None) -> Tensor:
    """`cumprod` with NaN counted as 1."""
    return _running(order.cumprod, "nancumprod", x, axis, dtype, nan=1)
