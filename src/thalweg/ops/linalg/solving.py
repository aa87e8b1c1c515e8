"""Determinants, inverses, systems of equations, rank and power."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from thalweg.ops.arguments import (
    apply,
    broadcast_shapes,
    cast_to,
    floating,
)
from thalweg.ops.dispatch import op
from thalweg.ops.linalg.matrices import as_matrices, identity_matrix, real_cast
from thalweg.ops.matmul import matmul
from thalweg.ops.reduction import max as maximum_of
from thalweg.ops.reduction import sum as sum_of
from thalweg.ops.shaping import broadcast_to, reshape
from thalweg.primitives import linalg
from thalweg.tensor.convert import convert_to_tensor
from thalweg.tensor.dtypes import int32, result_type
from thalweg.tensor.tensor import Tensor

__all__ = [
    "det",
    "inv",
    "lstsq",
    "matrix_power",
    "matrix_rank",
    "pinv",
    "slogdet",
    "solve",
    "solve_triangular",
]


@op
def det(x: Any) -> Tensor:
    """The determinant of each matrix."""
    tensor, dtype = as_matrices("det", x, square=True)
    return cast_to(apply(linalg.det, tensor), dtype)


@op
def slogdet(x: Any) -> tuple[Tensor, Tensor]:
    """The sign of each determinant, and the logarithm of its absolute value."""
    tensor, dtype = as_matrices("slogdet", x, square=True)
    sign, log = linalg.slogdet(tensor)
    return cast_to(sign, dtype), real_cast(log, dtype)


@op
def inv(x: Any) -> Tensor:
    """The inverse of each matrix. Raises `numpy.linalg.LinAlgError` if one is singular."""
    tensor, dtype = as_matrices("inv", x, square=True)
    return cast_to(apply(linalg.inv, tensor), dtype)


@op
def pinv(x: Any, rcond: float | None = None) -> Tensor:
    """The Moore-Penrose pseudoinverse of each matrix.

    Args:
        x: shape (..., m, n).
        rcond: singular values up to this times the largest count as zero; by default
            `10 * max(m, n)` times the precision of the dtype.
    """
    tensor, dtype = as_matrices("pinv", x)
    if rcond is None:
        rcond = 10 * max(tensor.shape[-2:]) * float(np.finfo(tensor.dtype).eps)
    return cast_to(apply(linalg.pinv, tensor, rcond=float(rcond)), dtype)


def _system(
    name: str, a: Any, b: Any, solver: Callable[[Tensor, Tensor], Tensor], square: bool = True
) -> Tensor:
    """Solve with `b` as vectors or as matrices, and the batch axes broadcast."""
    left, right = as_matrices(name, a, square)[0], floating(b)
    dtype = result_type(floating(a), right)
    wide = result_type(dtype, "float32")
    left, right = cast_to(left, wide), cast_to(right, wide)
    vectors = right.ndim == 1 or (right.ndim == left.ndim - 1 and right.shape == left.shape[:-1])
    if vectors:
        right = reshape(right, (*right.shape, 1))
    if right.ndim < 2 or right.shape[-2] != left.shape[-2]:
        raise ValueError(
            f"{name}: b must have as many rows as a, got shapes {left.shape} for a and "
            f"{tuple(convert_to_tensor(b).shape)} for b."
        )
    batch = broadcast_shapes(name, left.shape[:-2], right.shape[:-2])
    found = solver(
        broadcast_to(left, (*batch, *left.shape[-2:])),
        broadcast_to(right, (*batch, *right.shape[-2:])),
    )
    return cast_to(reshape(found, found.shape[:-1]) if vectors else found, dtype)


@op
def solve(a: Any, b: Any) -> Tensor:
    """The `x` with `a x = b`.

    Args:
        a: shape (..., n, n).
        b: shape (..., n, k), or (..., n) for one vector per matrix.

    >>> from thalweg import ops
    >>> ops.solve([[2.0, 0.0], [0.0, 4.0]], [2.0, 2.0]).numpy()
    array([1. , 0.5], dtype=float32)
    """
    return _system("solve", a, b, lambda left, right: apply(linalg.solve, left, right))


@op
def solve_triangular(a: Any, b: Any, lower: bool = False) -> Tensor:
    """The `x` with `a x = b` for triangular `a`.

    Args:
        a: shape (..., n, n).
        b: shape (..., n, k), or (..., n) for one vector per matrix.
        lower: which triangle of `a` is read; the other one does not matter.
    """
    return _system(
        "solve_triangular",
        a,
        b,
        lambda left, right: apply(linalg.triangular_solve, left, right, lower=lower, adjoint=False),
    )


@op
def lstsq(a: Any, b: Any, rcond: float | None = None) -> Tensor:
    """The shortest `x` that minimises `|a x - b|`.

    Args:
        a: shape (m, n).
        b: shape (m,) or (m, k).
        rcond: singular values of `a` up to this times the largest count as zero; by default
            `max(m, n)` times the precision of the dtype.
    """

    def solver(left: Tensor, right: Tensor) -> Tensor:
        small = max(left.shape[-2:]) * float(np.finfo(left.dtype).eps)
        inverse = apply(linalg.pinv, left, rcond=small if rcond is None else float(rcond))
        return matmul(inverse, right)

    return _system("lstsq", a, b, solver, square=False)


@op
def matrix_rank(x: Any, tol: float | None = None) -> Tensor:
    """How many singular values of each matrix are larger than `tol`, as int32.

    Args:
        x: shape (..., m, n).
        tol: by default the largest singular value times `max(m, n)` times the precision.
    """
    tensor, _ = as_matrices("matrix_rank", x)
    (s,) = linalg.svd(tensor, full_matrices=False, compute_uv=False)
    if tol is None:
        small = max(tensor.shape[-2:]) * float(np.finfo(tensor.dtype).eps)
        bound = maximum_of(s, axis=-1, keepdims=True) * small
    else:
        bound = reshape(cast_to(convert_to_tensor(tol), s.dtype), (*np.shape(tol), 1))
    return sum_of(cast_to(s > bound, int32), axis=-1)


@op
def matrix_power(x: Any, n: int) -> Tensor:
    """The product of `n` copies of each matrix; of its inverse for a negative `n`."""
    if not isinstance(n, (int, np.integer)):
        raise TypeError(f"matrix_power: n must be an integer, got {type(n).__name__}.")
    tensor = convert_to_tensor(x)
    if tensor.ndim < 2 or tensor.shape[-1] != tensor.shape[-2]:
        raise ValueError(f"matrix_power: x must hold square matrices, got shape {tensor.shape}.")
    power = int(n)
    if power < 0:
        tensor, power = inv(tensor), -power
    found: Tensor | None = None
    while power:
        if power & 1:
            found = tensor if found is None else matmul(found, tensor)
        power >>= 1
        if power:
            tensor = matmul(tensor, tensor)
    if found is None:
        return broadcast_to(identity_matrix(tensor.shape[-1], tensor.dtype), tensor.shape)
    return found
