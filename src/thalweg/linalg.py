"""TensorFlow's `tf.linalg`: matrices under its names."""

from __future__ import annotations

from typing import Any

from thalweg import ops
from thalweg.ops import (
    cholesky,
    cross,
    det,
    diag,
    eigh,
    inv,
    lstsq,
    norm,
    pinv,
    qr,
    slogdet,
    solve,
    svd,
    trace,
)
from thalweg.tensor.tensor import Tensor
from thalweg.tf_names import einsum, eye, matmul, tensordot

__all__ = [
    "cholesky",
    "cross",
    "det",
    "diag",
    "eigh",
    "einsum",
    "eye",
    "inv",
    "lstsq",
    "matmul",
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


def matvec(a: Any, b: Any) -> Tensor:
    """The product of matrices and vectors, over any leading axes."""
    return ops.squeeze(ops.matmul(a, ops.expand_dims(b, -1)), -1)


def triangular_solve(matrix: Any, rhs: Any, lower: bool = True) -> Tensor:
    """`x` with `matrix @ x = rhs`, reading only one triangle of `matrix`."""
    return ops.solve_triangular(matrix, rhs, lower=lower)
