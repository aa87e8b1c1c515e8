"""Factorisations into triangles: cholesky, qr, lu."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from thalweg.primitives import elementwise as e
from thalweg.primitives.iota import iota
from thalweg.primitives.linalg.matrices import (
    Array,
    Gradients,
    adjoint,
    check_matrix,
    column,
    diagonal,
    diagonal_matrix,
    hermitian_part,
    lapack,
    lower_triangle,
    transposed,
    upper_triangle,
)
from thalweg.primitives.linalg.solving import triangular_solve
from thalweg.primitives.movement import broadcast_to, concat
from thalweg.primitives.primitive import Call, Primitive
from thalweg.tensor.dtypes import int32
from thalweg.tensor.tensor import Tensor, TensorSpec

# --- cholesky ---------------------------------------------------------------------------------


def _cholesky_rule(x: Any) -> TensorSpec:
    check_matrix("cholesky", x, square=True)
    return TensorSpec(x.shape, x.dtype)


def _cholesky_evaluate(x: Array) -> Array:
    return np.linalg.cholesky((x + np.conj(np.swapaxes(x, -1, -2))) / 2)


def _cholesky_gradient(call: Call, g: Gradients) -> Gradients:
    """Murray, equation 10: the Hermitian part of l^-* p l^-1.

    Here p is the lower triangle of l* g, with its diagonal halved.
    """
    (factor,), (outward,) = call.outputs, g
    assert outward is not None
    product = adjoint(factor) @ outward
    p = lower_triangle(product, -1) + diagonal_matrix(diagonal(product) / 2)
    left = triangular_solve(factor, p, lower=True, adjoint=True)
    right = adjoint(triangular_solve(factor, adjoint(left), lower=True, adjoint=True))
    return (hermitian_part(right),)


# The lower triangular l with a positive diagonal such that l l* is the Hermitian part of x.
cholesky = Primitive(
    "cholesky",
    _cholesky_rule,
    lapack("cholesky", "is not positive definite", _cholesky_evaluate),
    _cholesky_gradient,
    "linalg",
)


# --- qr ---------------------------------------------------------------------------------------


def _qr_rule(x: Any, mode: str) -> tuple[TensorSpec, TensorSpec]:
    check_matrix("qr", x)
    if mode not in ("reduced", "complete"):
        raise ValueError(f"qr: mode must be 'reduced' or 'complete', got {mode!r}.")
    *batch, m, n = x.shape
    k = m if mode == "complete" else min(m, n)
    return TensorSpec((*batch, m, k), x.dtype), TensorSpec((*batch, k, n), x.dtype)


def _qr_gradient(call: Call, g: Gradients) -> Gradients:
    """Walter & Lehmann; the columns beyond a square are q times those of r."""
    (x,), (q, r) = call.inputs, call.outputs
    m, n = x.shape[-2:]
    if q.shape[-1] > n:
        raise NotImplementedError(
            f"qr: mode 'complete' has no gradient for matrices of shape {(m, n)}, whose last "
            "columns of q are arbitrary; use mode 'reduced'."
        )
    to_q, to_r = (e.zero_like(y) if d is None else d for y, d in zip((q, r), g, strict=True))
    if n <= m:
        return (_tall_qr_gradient(q, r, to_q, to_r),)
    to_rest = q @ to_r[..., m:]
    to_q = to_q + x[..., m:] @ adjoint(to_r[..., m:])
    to_square = _tall_qr_gradient(q, r[..., :m], to_q, to_r[..., :m])
    return (concat(to_square, to_rest, axis=len(x.shape) - 1),)


def _tall_qr_gradient(q: Tensor, r: Tensor, to_q: Tensor, to_r: Tensor) -> Tensor:
    m = r @ adjoint(to_r) - adjoint(to_q) @ q
    below = lower_triangle(m, -1)
    middle = diagonal(m)
    symmetric = below + adjoint(below) + diagonal_matrix(e.conj(middle) + middle) / 2
    inward = to_q + q @ symmetric
    return adjoint(triangular_solve(r, adjoint(inward), lower=False, adjoint=False))


# q with orthonormal columns and the upper triangular r such that q r = x.
qr = Primitive("qr", _qr_rule, np.linalg.qr, _qr_gradient, "linalg", multiple=True)


# --- lu ---------------------------------------------------------------------------------------


def _lu_rule(x: Any) -> tuple[TensorSpec, TensorSpec, TensorSpec]:
    check_matrix("lu_factor", x)
    *batch, m, n = x.shape
    return (
        TensorSpec(x.shape, x.dtype),
        TensorSpec((*batch, min(m, n)), int32),
        TensorSpec((*batch, m), int32),
    )


def _lu_evaluate(x: Array) -> tuple[Array, Array, Array]:
    """Gaussian elimination with partial pivoting, one column a step for the whole batch."""
    *batch, m, n = x.shape
    packed = x.reshape(math.prod(batch), m, n).copy()
    count = min(m, n)
    each = np.arange(len(packed))
    pivots = np.empty((len(packed), count), np.int32)
    permutation = np.tile(np.arange(m, dtype=np.int32), (len(packed), 1))
    for k in range(count):
        candidates = packed[:, k:, k]
        # LAPACK's measure of a complex number's size.
        size = np.abs(candidates.real) + np.abs(candidates.imag)
        pivot = k + np.argmax(size, axis=1)
        pivots[:, k] = pivot
        for rows in (packed, permutation):
            rows[each, k], rows[each, pivot] = rows[each, pivot], rows[each, k].copy()
        top = packed[:, k, k, None]
        # A column of zeros stays as it is, like in LAPACK.
        packed[:, k + 1 :, k] /= np.where(top == 0, np.ones_like(top), top)
        packed[:, k + 1 :, k + 1 :] -= packed[:, k + 1 :, k, None] * packed[:, k, None, k + 1 :]
    return (
        packed.reshape(x.shape),
        pivots.reshape(*batch, count),
        permutation.reshape(*batch, m),
    )


def _lu_gradient(call: Call, g: Gradients) -> Gradients:
    """For square matrices, from p a = l u: a gets p* l^-* (tril(l* g, -1) + triu(g u*)) u^-*."""
    packed, _, permutation = call.outputs
    outward = g[0]
    if packed.shape[-1] != packed.shape[-2]:
        raise NotImplementedError(
            f"lu_factor: the gradient needs square matrices, got shape {packed.shape}."
        )
    assert outward is not None
    n = packed.shape[-1]
    identity = Tensor(np.eye(n, dtype=packed.dtype))
    lower, upper = lower_triangle(packed, -1) + identity, upper_triangle(packed)
    middle = lower_triangle(adjoint(lower) @ lower_triangle(outward, -1), -1) + upper_triangle(
        upper_triangle(outward) @ adjoint(upper)
    )
    left = triangular_solve(lower, middle, lower=True, adjoint=True)
    inward = adjoint(triangular_solve(upper, adjoint(left), lower=False, adjoint=False))
    return (transposed(_permutation_matrix(permutation, packed)) @ inward,)


def _permutation_matrix(permutation: Tensor, like: Tensor) -> Tensor:
    """The matrix p with p a = a[permutation]."""
    shape = like.shape
    places = iota(shape=shape, dtype=int32, axis=len(shape) - 1)
    chosen = e.eq(broadcast_to(column(permutation), shape=shape), places)
    found: Tensor = e.cast(chosen, dtype=like.dtype)
    return found


# The unit lower triangle (below the diagonal) and the upper triangle packed in one matrix, the
# row that each step exchanged with its own, and the order of rows that results from it.
lu = Primitive("lu", _lu_rule, _lu_evaluate, _lu_gradient, "linalg", multiple=True)
