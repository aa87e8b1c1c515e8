"""Diagonals read from matrices, and matrices made of diagonals."""

from __future__ import annotations

import math
from typing import Any

from thalweg.ops.arguments import apply, canonical_axis, splat
from thalweg.ops.contraction import diagonal_of
from thalweg.ops.creation import arange
from thalweg.ops.dispatch import op
from thalweg.ops.shaping import along, permuted, reshape
from thalweg.primitives import movement
from thalweg.tensor.convert import convert_to_tensor
from thalweg.tensor.tensor import Tensor

__all__ = ["diag", "diagflat", "diagonal", "vander"]


@op
def diagonal(x: Any, offset: int = 0, axis1: int = 0, axis2: int = 1) -> Tensor:
    """A diagonal of the plane of two axes, on a new last axis.

    Args:
        x: at least two axes.
        offset: which diagonal: 0 the main one, positive above it, negative below.
        axis1: the axis of the rows.
        axis2: the axis of the columns.

    >>> from thalweg import ops
    >>> ops.diagonal(ops.arange(9).reshape(3, 3), offset=1).numpy()
    array([1, 5], dtype=int32)
    """
    return diagonal_along("diagonal", convert_to_tensor(x), offset, axis1, axis2)


def diagonal_along(name: str, tensor: Tensor, offset: int, axis1: int, axis2: int) -> Tensor:
    """A diagonal of the plane of two axes, on a new last axis; errors name the operation."""
    rank = len(tensor.shape)
    if rank < 2:
        raise ValueError(f"{name}: x needs at least two axes, got shape {tensor.shape}.")
    rows, columns = (canonical_axis(name, a, rank) for a in (axis1, axis2))
    if rows == columns:
        raise ValueError(f"{name}: axis1 and axis2 must differ, both are {axis1}.")
    others = [i for i in range(rank) if i not in (rows, columns)]
    tensor = permuted(tensor, [*others, rows, columns])
    n, m = tensor.shape[-2:]
    top, left = min(max(-offset, 0), n), min(max(offset, 0), m)
    length = min(n - top, m - left)
    square = along(tensor, rank - 2, top, top + length)
    return diagonal_of(along(square, rank - 1, left, left + length))


def _matrix(x: Tensor, k: int) -> Tensor:
    """A square matrix with the elements of x on its k-th diagonal."""
    n = x.shape[0]
    width = n + abs(k)
    if n == 0:
        return splat(0, (width, width), x.dtype)
    # In the flattened matrix the elements of a diagonal stand width + 1 apart.
    first = max(-k, 0) * width + max(k, 0)
    last = first + (n - 1) * (width + 1)
    flat = apply(
        movement.pad,
        x,
        splat(0, (), x.dtype),
        low=(first,),
        high=(width * width - last - 1,),
        inner=(width,),
    )
    return apply(movement.reshape, flat, shape=(width, width))


@op
def diag(x: Any, k: int = 0) -> Tensor:
    """From one axis a matrix with it as the k-th diagonal; from a matrix its k-th diagonal."""
    tensor = convert_to_tensor(x)
    if len(tensor.shape) == 1:
        return _matrix(tensor, k)
    if len(tensor.shape) == 2:
        return diagonal(tensor, k)
    raise ValueError(f"diag: x must have one or two axes, got shape {tensor.shape}.")


@op
def diagflat(x: Any, k: int = 0) -> Tensor:
    """A matrix with all elements of `x`, in order, as its k-th diagonal."""
    tensor = convert_to_tensor(x)
    return _matrix(reshape(tensor, (math.prod(tensor.shape),)), k)


@op
def vander(x: Any, N: int | None = None, increasing: bool = False) -> Tensor:
    """Vandermonde's matrix: the powers of each element in a row.

    Args:
        x: one axis.
        N: how many powers, by default as many as elements.
        increasing: whether the powers rise from left to right.

    >>> from thalweg import ops
    >>> ops.vander([1, 2, 3]).numpy()
    array([[1, 1, 1],
           [4, 2, 1],
           [9, 3, 1]], dtype=int32)
    """
    tensor = convert_to_tensor(x)
    if len(tensor.shape) != 1:
        raise ValueError(f"vander: x must have one axis, got shape {tensor.shape}.")
    count = tensor.shape[0] if N is None else N
    powers = arange(count, dtype=tensor.dtype)
    if not increasing:
        powers = apply(movement.reverse, powers, axes=(0,))
    found: Tensor = reshape(tensor, (-1, 1)) ** powers
    return found
