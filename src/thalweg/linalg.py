"""TensorFlow's `tf.linalg`: matrices (on the last two axes) under its names and arguments."""

from __future__ import annotations

from typing import Any

import numpy as np

from thalweg import ops
from thalweg.tensor.tensor import Tensor
from thalweg.tf_names import einsum, eye, matmul, norm, tensordot

__all__ = [
    "adjoint",
    "cholesky",
    "cross",
    "det",
    "diag",
    "diag_part",
    "eig",
    "eigh",
    "eigvalsh",
    "einsum",
    "eye",
    "inv",
    "logdet",
    "lstsq",
    "matmul",
    "matrix_rank",
    "matrix_transpose",
    "matvec",
    "norm",
    "pinv",
    "qr",
    "slogdet",
    "solve",
    "svd",
    "tensordot",
    "trace",
    "triangular_solve",
]


def matrix_transpose(a: Any, conjugate: bool = False) -> Tensor:
    """The last two axes exchanged."""
    moved = ops.swapaxes(a, -1, -2)
    return ops.conjugate(moved) if conjugate else moved


def adjoint(matrix: Any) -> Tensor:
    """The conjugate transpose."""
    return matrix_transpose(matrix, conjugate=True)


def matvec(a: Any, b: Any, transpose_a: bool = False) -> Tensor:
    """The product of matrices and vectors, over any leading axes."""
    left = matrix_transpose(a) if transpose_a else a
    return ops.squeeze(ops.matmul(left, ops.expand_dims(b, -1)), -1)


def cholesky(input: Any) -> Tensor:
    """The lower triangular factor of positive definite matrices."""
    return ops.cholesky(input)


def cross(a: Any, b: Any) -> Tensor:
    """The cross product of vectors of three components on the last axis."""
    return ops.cross(a, b)


def det(input: Any) -> Tensor:
    """The determinant of each matrix."""
    return ops.det(input)


def logdet(matrix: Any) -> Tensor:
    """The logarithm of the determinant of positive definite matrices."""
    return ops.logdet(matrix)


def slogdet(input: Any) -> tuple[Tensor, Tensor]:
    """The sign of each determinant, and the logarithm of its absolute value."""
    return ops.slogdet(input)


def diag(diagonal: Any) -> Tensor:
    """Matrices with these diagonals (the last axis) and zeros elsewhere."""
    values = ops.convert_to_tensor(diagonal)
    n = values.shape[-1]
    return ops.where(np.eye(n, dtype=np.bool_), ops.expand_dims(values, -1), 0)


def diag_part(input: Any) -> Tensor:
    """The main diagonal of each matrix."""
    return ops.diagonal(input, axis1=-2, axis2=-1)


def trace(x: Any) -> Tensor:
    """The sum of the main diagonal of each matrix."""
    return ops.trace(x, axis1=-2, axis2=-1)


def eig(tensor: Any) -> tuple[Tensor, Tensor]:
    """Eigenvalues and eigenvectors (as columns), both complex."""
    return ops.eig(tensor)


def eigh(tensor: Any) -> tuple[Tensor, Tensor]:
    """Eigenvalues of Hermitian matrices in rising order, and eigenvectors as columns."""
    return ops.eigh(tensor)


def eigvalsh(tensor: Any) -> Tensor:
    """Eigenvalues of Hermitian matrices in rising order."""
    return ops.eigh(tensor)[0]


def inv(input: Any, adjoint: bool = False) -> Tensor:
    """The inverse of each matrix, or of its conjugate transpose."""
    return ops.inv(matrix_transpose(input, conjugate=True) if adjoint else input)


def pinv(a: Any, rcond: float | None = None) -> Tensor:
    """The Moore-Penrose pseudoinverse of each matrix."""
    return ops.pinv(a, rcond=rcond)


def matrix_rank(a: Any, tol: float | None = None) -> Tensor:
    """How many singular values of each matrix are larger than `tol`."""
    return ops.matrix_rank(a, tol=tol)


def solve(matrix: Any, rhs: Any, adjoint: bool = False) -> Tensor:
    """The `x` with `matrix x = rhs`, where `rhs` holds matrices (..., n, k)."""
    left = matrix_transpose(matrix, conjugate=True) if adjoint else matrix
    return ops.solve(left, rhs)


def triangular_solve(matrix: Any, rhs: Any, lower: bool = True, adjoint: bool = False) -> Tensor:
    """The `x` with `matrix x = rhs`, reading only one triangle of `matrix`."""
    if adjoint:
        return ops.solve_triangular(matrix_transpose(matrix, conjugate=True), rhs, lower=not lower)
    return ops.solve_triangular(matrix, rhs, lower=lower)


def lstsq(matrix: Any, rhs: Any) -> Tensor:
    """The shortest `x` that minimises `|matrix x - rhs|`."""
    return ops.lstsq(matrix, rhs)


def qr(input: Any, full_matrices: bool = False) -> tuple[Tensor, Tensor]:
    """Orthogonal (unitary) `q` and upper triangular `r` with `input = q r`."""
    return ops.qr(input, mode="complete" if full_matrices else "reduced")


def svd(tensor: Any, full_matrices: bool = False, compute_uv: bool = True) -> Any:
    """The singular value decomposition `tensor = u diag(s) v*`.

    Returns:
        `s`, `u` and `v` in TensorFlow's order, with `v` not transposed; or `s` alone.
    """
    if not compute_uv:
        return ops.svd(tensor, compute_uv=False)
    u, s, vh = ops.svd(tensor, full_matrices=full_matrices)
    return s, u, matrix_transpose(vh, conjugate=True)
