"""Neighbours along an axis: differences, the trapezoidal rule, correlation."""

from __future__ import annotations

from typing import Any

from thalweg.ops.arguments import apply, canonical_axis, cast_to, floating
from thalweg.ops.dispatch import op
from thalweg.ops.reduction import sum as sum_of
from thalweg.ops.shaping import along, reshape
from thalweg.primitives import elementwise as e
from thalweg.primitives import movement, window
from thalweg.tensor.convert import convert_to_tensor
from thalweg.tensor.dtypes import (
    bool_,
    float32,
    float64,
    int64,
    is_complex,
    is_floating,
    result_type,
    uint64,
)
from thalweg.tensor.tensor import Tensor

__all__ = ["correlate", "diff", "trapezoid"]


@op
def diff(a: Any, n: int = 1, axis: int = -1) -> Tensor:
    """Each element less the one before it; of bools whether they differ.

    Args:
        a: a tensor with at least one axis.
        n: how many times.
        axis: along which axis; each time it becomes shorter by one.

    >>> from thalweg import ops
    >>> ops.diff([1, 4, 9, 16]).numpy()
    array([3, 5, 7], dtype=int32)
    """
    tensor = convert_to_tensor(a)
    if n < 0:
        raise ValueError(f"diff: n must not be negative, got {n}.")
    place = canonical_axis("diff", axis, len(tensor.shape))
    for _ in range(min(n, tensor.shape[place])):
        length = tensor.shape[place]
        later, earlier = along(tensor, place, 1, length), along(tensor, place, 0, length - 1)
        tensor = apply(e.xor if tensor.dtype == bool_ else e.sub, later, earlier)
    return tensor


@op
def trapezoid(y: Any, x: Any = None, dx: Any = 1.0, axis: int = -1) -> Tensor:
    """The integral of sampled values by the trapezoidal rule.

    Args:
        y: the values, a float or what becomes one.
        x: where they were taken, along `axis` or with the shape of `y`.
        dx: the distance between them, if `x` is not given.
        axis: the axis along which the samples lie.

    >>> from thalweg import ops
    >>> ops.trapezoid([1.0, 2.0, 3.0], dx=2.0).numpy()
    np.float32(8.0)
    """
    values = floating(y)
    rank = len(values.shape)
    place = canonical_axis("trapezoid", axis, rank)
    n = values.shape[place]
    pairs = along(values, place, min(1, n), n) + along(values, place, 0, max(n - 1, 0))
    if x is None:
        return sum_of(pairs * (cast_to(convert_to_tensor(dx), values.dtype) / 2), axis=place)
    points = convert_to_tensor(x)
    points = cast_to(points, result_type(values.dtype, points.dtype))
    if len(points.shape) == 1:
        steps = reshape(diff(points), (-1,) + (1,) * (rank - place - 1))
    else:
        steps = diff(points, axis=place)
    return sum_of(pairs * steps / 2, axis=place)


@op
def correlate(x1: Any, x2: Any, mode: str = "valid") -> Tensor:
    """The sums of products of `x1` with `x2` at every shift; a float.

    Args:
        x1: one axis.
        x2: one axis.
        mode: `'valid'`: only shifts at which the shorter lies inside the longer one; `'same'`: as
            many as the longer one has elements; `'full'`: all at which they overlap.

    >>> from thalweg import ops
    >>> ops.correlate([1, 2, 3], [0, 1, 0.5]).numpy()
    array([3.5], dtype=float32)
    """
    a, b = convert_to_tensor(x1), convert_to_tensor(x2)
    if len(a.shape) != 1 or len(b.shape) != 1 or 0 in a.shape + b.shape:
        raise ValueError(
            f"correlate: x1 and x2 must have one axis with elements, got shapes {a.shape} and "
            f"{b.shape}."
        )
    dtype = result_type(a.dtype, b.dtype)
    if is_complex(dtype):
        raise TypeError(f"correlate: x1 and x2 must be real, got {dtype.name}.")
    if not is_floating(dtype):
        dtype = float64 if dtype in (int64, uint64) else float32
    a, b = cast_to(a, dtype), cast_to(b, dtype)
    swapped = b.shape[0] > a.shape[0]
    if swapped:
        a, b = b, a
    n = b.shape[0]
    if mode not in ("valid", "same", "full"):
        raise ValueError(f"correlate: mode must be 'valid', 'same' or 'full', got {mode!r}.")
    around = {"valid": (0, 0), "same": (n // 2, n - n // 2 - 1), "full": (n - 1, n - 1)}[mode]
    found = apply(
        window.conv,
        reshape(a, (1, -1, 1)),
        reshape(b, (-1, 1, 1)),
        strides=(1,),
        padding=(around,),
        dilation=(1,),
        groups=1,
    )
    found = reshape(found, (found.shape[1],))
    return apply(movement.reverse, found, axes=(0,)) if swapped else found
