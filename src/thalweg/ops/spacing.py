"""Evenly spaced numbers and grids."""

from __future__ import annotations

import operator
from typing import Any

import numpy as np

from thalweg.ops.arguments import apply, broadcast, canonical_axis, cast_to
from thalweg.ops.dispatch import op
from thalweg.ops.shaping import moveaxis
from thalweg.ops.taking import where
from thalweg.primitives import elementwise as e
from thalweg.primitives import movement
from thalweg.tensor.convert import convert_to_tensor
from thalweg.tensor.dtypes import DType, as_dtype, is_integer, result_type
from thalweg.tensor.tensor import Tensor

__all__ = ["geomspace", "linspace", "logspace", "meshgrid"]


def _ends(name: str, start: Any, stop: Any, dtype: Any) -> tuple[Tensor, Tensor, DType]:
    """Both ends in the dtype to compute in, and the dtype of the result."""
    given = [
        x if hasattr(x, "dtype") or np.ndim(x) == 0 else convert_to_tensor(x) for x in (start, stop)
    ]
    computed = result_type(*given, float)
    first, last = broadcast(name, *[convert_to_tensor(x, computed) for x in given])
    return first, last, computed if dtype is None else as_dtype(dtype)


def _between(first: Tensor, last: Tensor, num: int, endpoint: bool) -> Tensor:
    """Evenly spaced from first to last along a new first axis, both ends exact."""
    steps = num - 1 if endpoint else num
    fractions = np.arange(num, dtype=np.float64) / max(steps, 1)
    shape = (num, *(1,) * len(first.shape))
    t = cast_to(Tensor(fractions.reshape(shape)), first.dtype)
    rows = [apply(movement.reshape, x, shape=(1, *x.shape)) for x in (first, last)]
    return rows[0] * (1 - t) + rows[1] * t


def _count(name: str, num: Any) -> int:
    count = operator.index(num)
    if count < 0:
        raise ValueError(f"{name}: num must not be negative, got {count}.")
    return count


def _finished(x: Tensor, dtype: DType, axis: int) -> Tensor:
    if is_integer(dtype):
        x = apply(e.floor, x)
    place = canonical_axis("linspace", axis, len(x.shape))
    return moveaxis(cast_to(x, dtype), 0, place)


@op
def linspace(
    start: Any,
    stop: Any,
    num: int = 50,
    endpoint: bool = True,
    retstep: bool = False,
    dtype: Any = None,
    axis: int = 0,
) -> Any:
    """Numbers with even distances from `start` to `stop`.

    Args:
        start: the first number, or a tensor of them.
        stop: the last number, or a tensor of them.
        num: how many.
        endpoint: whether `stop` is one of them.
        retstep: whether to return the distance too.
        dtype: by default the float dtype in which `start` and `stop` meet; integers are rounded
            down.
        axis: where the new axis stands when `start` and `stop` are tensors.

    >>> from thalweg import ops
    >>> ops.linspace(0, 1, 5).numpy()
    array([0.  , 0.25, 0.5 , 0.75, 1.  ], dtype=float32)
    """
    count = _count("linspace", num)
    first, last, wanted = _ends("linspace", start, stop, dtype)
    found = _finished(_between(first, last, count, endpoint), wanted, axis)
    if not retstep:
        return found
    steps = count - 1 if endpoint else count
    return found, (last - first) / steps if steps > 0 else (last - first) * float("nan")


@op
def logspace(
    start: Any,
    stop: Any,
    num: int = 50,
    endpoint: bool = True,
    base: Any = 10,
    dtype: Any = None,
    axis: int = 0,
) -> Tensor:
    """Numbers with even ratios from `base**start` to `base**stop`.

    Args:
        start: the first exponent, or a tensor of them.
        stop: the last exponent, or a tensor of them.
        num: how many.
        endpoint: whether `base**stop` is one of them.
        base: the base of the powers.
        dtype: by default the float dtype in which `start` and `stop` meet.
        axis: where the new axis stands when `start` and `stop` are tensors.
    """
    count = _count("logspace", num)
    first, last, wanted = _ends("logspace", start, stop, dtype)
    powers = convert_to_tensor(base, first.dtype) ** _between(first, last, count, endpoint)
    return _finished(powers, wanted, axis)


@op
def geomspace(
    start: Any,
    stop: Any,
    num: int = 50,
    endpoint: bool = True,
    dtype: Any = None,
    axis: int = 0,
) -> Tensor:
    """Numbers with even ratios from `start` to `stop`, which have one sign.

    Args:
        start: the first number, or a tensor of them.
        stop: the last number, or a tensor of them.
        num: how many.
        endpoint: whether `stop` is one of them.
        dtype: by default the float dtype in which `start` and `stop` meet.
        axis: where the new axis stands when `start` and `stop` are tensors.

    >>> from thalweg import ops
    >>> ops.geomspace(1, 16, 5).numpy()
    array([ 1.,  2.,  4.,  8., 16.], dtype=float32)
    """
    count = _count("geomspace", num)
    first, last, wanted = _ends("geomspace", start, stop, dtype)
    ratio = last / first
    found = first * ratio ** _between(e.zero_like(ratio), e.one_like(ratio), count, endpoint)
    # first * (last / first) is not quite last: the ends are put in as they are.
    number = np.arange(count).reshape(count, *(1,) * len(first.shape))
    found = where(number == 0, first, found)
    if endpoint:
        found = where(number == count - 1, last, found) if count > 1 else found
    return _finished(found, wanted, axis)


@op
def meshgrid(*x: Any, indexing: str = "xy") -> list[Tensor]:
    """Coordinates of all points of a grid, from the coordinates along each axis.

    Args:
        *x: one axis each.
        indexing: `'xy'`: the first coordinate runs along columns, the second along rows; `'ij'`:
            the axes come in order.

    Returns:
        As many tensors of the grid's shape.
    """
    if indexing not in ("xy", "ij"):
        raise ValueError(f"meshgrid: indexing must be 'xy' or 'ij', got {indexing!r}.")
    tensors = [convert_to_tensor(one) for one in x]
    if any(len(t.shape) > 1 for t in tensors):
        shapes = [tuple(t.shape) for t in tensors]
        raise ValueError(f"meshgrid: each argument must have one axis, got shapes {shapes}.")
    rank = len(tensors)
    places = list(range(rank))
    if indexing == "xy" and rank > 1:
        places[:2] = [1, 0]
    lengths = [t.shape[0] if t.shape else 1 for t in tensors]
    grid = tuple(lengths[places.index(i)] for i in range(rank))
    found = []
    for t, place, n in zip(tensors, places, lengths, strict=True):
        line = tuple(n if i == place else 1 for i in range(rank))
        found.append(
            apply(movement.broadcast_to, apply(movement.reshape, t, shape=line), shape=grid)
        )
    return found
