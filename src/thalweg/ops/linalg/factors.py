"""Factorisations of matrices."""

from __future__ import annotations

from typing import Any

from thalweg.ops.arguments import (
    apply,
    cast_to,
)
from thalweg.ops.dispatch import op
from thalweg.ops.linalg.matrices import adjoint, as_matrices, identity_matrix, real_cast
from thalweg.ops.matmul import matmul
from thalweg.ops.shaping import broadcast_to
from thalweg.primitives import linalg
from thalweg.tensor.dtypes import is_complex
from thalweg.tensor.tensor import Tensor

__all__ = ["cholesky", "cholesky_inverse", "eig", "eigh", "lu_factor", "qr", "svd"]


@op
def cholesky(x: Any, upper: bool = False) -> Tensor:
    """The triangular `l` with `x = l l*`, or with `upper` the `u` with `x = u* u`.

    Raises `numpy.linalg.LinAlgError` for a matrix that is not positive definite.

    >>> from thalweg import ops
    >>> ops.cholesky([[4.0, 2.0], [2.0, 5.0]]).numpy()
    array([[2., 0.],
           [1., 2.]], dtype=float32)
    """
    tensor, dtype = as_matrices("cholesky", x, square=True)
    lower = apply(linalg.cholesky, tensor)
    return cast_to(adjoint(lower) if upper else lower, dtype)


@op
def cholesky_inverse(x: Any, upper: bool = False) -> Tensor:
    """The inverse of the matrix whose Cholesky factor is `x`.

    Args:
        x: lower triangular factors, or upper triangular ones with `upper`.
        upper: which of them.
    """
    tensor, dtype = as_matrices("cholesky_inverse", x, square=True)
    identity = broadcast_to(identity_matrix(tensor.shape[-1], tensor.dtype), tensor.shape)
    inverse = apply(linalg.triangular_solve, tensor, identity, lower=not upper, adjoint=False)
    pair = (inverse, adjoint(inverse)) if upper else (adjoint(inverse), inverse)
    return cast_to(matmul(*pair), dtype)


@op
def qr(x: Any, mode: str = "reduced") -> tuple[Tensor, Tensor]:
    """An orthogonal (unitary) `q` and an upper triangular `r` with `x = q r`.

    Args:
        x: shape (..., m, n).
        mode: "reduced" for min(m, n) columns in `q`, "complete" for m.
    """
    tensor, dtype = as_matrices("qr", x)
    q, r = linalg.qr(tensor, mode=mode)
    return cast_to(q, dtype), cast_to(r, dtype)


@op
def lu_factor(x: Any) -> tuple[Tensor, Tensor]:
    """The factorisation `p x = l u` with row exchanges.

    Returns:
        `l` below the diagonal (its ones are left out) and `u` on and above it in one matrix; and
        for each row, the int32 number of the row with which it was exchanged.
    """
    tensor, dtype = as_matrices("lu_factor", x)
    factors, pivots, _ = linalg.lu(tensor)
    return cast_to(factors, dtype), pivots


@op
def eig(x: Any) -> tuple[Tensor, Tensor]:
    """Eigenvalues, shape (..., n), and eigenvectors as columns; both are complex."""
    tensor, _ = as_matrices("eig", x, square=True)
    values, vectors = linalg.eig(tensor)
    return values, vectors


@op
def eigh(x: Any) -> tuple[Tensor, Tensor]:
    """Eigenvalues of Hermitian matrices in rising order, and eigenvectors as columns."""
    tensor, dtype = as_matrices("eigh", x, square=True)
    values, vectors = linalg.eigh(tensor)
    return cast_to(values, values.dtype if is_complex(dtype) else dtype), cast_to(vectors, dtype)


@op
def svd(x: Any, full_matrices: bool = True, compute_uv: bool = True) -> Any:
    """The singular value decomposition `x = u diag(s) vh`.

    Args:
        x: shape (..., m, n).
        full_matrices: whether `u` is (..., m, m) and `vh` (..., n, n); otherwise they have
            min(m, n) columns and rows.
        compute_uv: whether to return `u` and `vh` at all.

    Returns:
        `u`, `s` (in falling order) and `vh`; or `s` alone.
    """
    tensor, dtype = as_matrices("svd", x)
    found = linalg.svd(tensor, full_matrices=full_matrices, compute_uv=compute_uv)
    if not compute_uv:
        return real_cast(found[0], dtype)
    u, s, vh = found
    return cast_to(u, dtype), real_cast(s, dtype), cast_to(vh, dtype)
