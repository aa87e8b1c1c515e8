"""Eigenvalues and singular values: eigh, eig, svd."""

from __future__ import annotations

from typing import Any

import numpy as np

from thalweg.primitives import elementwise as e
from thalweg.primitives.iota import iota
from thalweg.primitives.linalg.matrices import (
    Array,
    Gradients,
    adjoint,
    check_matrix,
    diagonal,
    diagonal_matrix,
    gap_reciprocal,
    hermitian_part,
    lapack,
    real_part,
    row,
    safe_reciprocal,
)
from thalweg.primitives.linalg.solving import solve
from thalweg.primitives.movement import broadcast_to
from thalweg.primitives.primitive import Call, Primitive
from thalweg.primitives.reduce import argmax
from thalweg.tensor.dtypes import complex_of, int32, is_complex, real_of
from thalweg.tensor.tensor import Tensor, TensorSpec

_NOT_FINITE = "has NaN or infinite elements, or the iteration did not converge"

# --- eigh -------------------------------------------------------------------------------------


def _eigh_rule(x: Any) -> tuple[TensorSpec, TensorSpec]:
    check_matrix("eigh", x, square=True)
    return TensorSpec(x.shape[:-1], real_of(x.dtype)), TensorSpec(x.shape, x.dtype)


def _eigh_evaluate(x: Array) -> Any:
    return np.linalg.eigh((x + np.conj(np.swapaxes(x, -1, -2))) / 2)


def _eigh_gradient(call: Call, g: Gradients) -> Gradients:
    """Giles 3.1 with orthonormal vectors: v (diag(g_w) + f . (v* g_v)) v*, f = 1 / (w_j - w_i).

    The vectors of equal eigenvalues are arbitrary, and what depends on their choice gets 0.
    """
    (w, v), (to_w, to_v) = call.outputs, g
    inward = v * row(e.zero_like(w) if to_w is None else to_w)
    if to_v is not None:
        inward = inward + v @ (gap_reciprocal(w) * (adjoint(v) @ to_v))
    return (hermitian_part(inward @ adjoint(v)),)


# The eigenvalues in rising order and, as columns, orthonormal eigenvectors of the Hermitian part.
# For complex matrices the phase of each vector is arbitrary; the gradient is that of functions
# that do not depend on it.
eigh = Primitive(
    "eigh",
    _eigh_rule,
    lapack("eigh", _NOT_FINITE, _eigh_evaluate),
    _eigh_gradient,
    "linalg",
    multiple=True,
)


# --- eig --------------------------------------------------------------------------------------


def _eig_rule(x: Any) -> tuple[TensorSpec, TensorSpec]:
    check_matrix("eig", x, square=True)
    dtype = complex_of(x.dtype)
    return TensorSpec(x.shape[:-1], dtype), TensorSpec(x.shape, dtype)


def _eig_evaluate(x: Array) -> tuple[Array, Array]:
    w, v = np.linalg.eig(x)
    dtype = complex_of(x.dtype)
    return w.astype(dtype), v.astype(dtype)


def _eig_gradient(call: Call, g: Gradients) -> Gradients:
    """v^-* (diag(g_w) + conj(f) . (v* g_v - v* v diag(v* g_v))) v*, with f = 1 / (w_j - w_i).

    LAPACK's vectors have norm 1 (the part subtracted) and a real largest element (which takes
    from g_v what would turn the phase).
    """
    (x,), (w, v), (to_w, to_v) = call.inputs, call.outputs, g
    if x.shape[-1] == 0:
        return (e.zero_like(x),)
    inner = diagonal_matrix(e.zero_like(w) if to_w is None else to_w)
    if to_v is not None:
        to_v = to_v - _turning_part(v, to_v)
        along = adjoint(v) @ to_v
        fixed = along - (adjoint(v) @ v) * row(diagonal(along))
        inner = inner + e.conj(gap_reciprocal(w)) * fixed
    inward = solve(adjoint(v), inner @ adjoint(v))
    return (inward if is_complex(x.dtype) else real_part(inward),)


def _turning_part(v: Tensor, to_v: Tensor) -> Tensor:
    """i Im(v* g_v) / v_k at the largest element k of each column, 0 elsewhere."""
    shape = v.shape
    # Where two are equally large, rounding may hide which one LAPACK made real.
    is_real = e.eq(e.imag(v), e.zero_like(e.imag(v)))
    size = e.select(is_real, e.abs_(v), e.zero_like(e.abs_(v)))
    largest = row(argmax(size, axis=len(shape) - 2))
    places = iota(shape=shape, dtype=int32, axis=len(shape) - 2)
    here = e.eq(broadcast_to(largest, shape=shape), places)
    phase = e.imag(diagonal(adjoint(v) @ to_v))
    turn = broadcast_to(row(e.complex_(e.zero_like(phase), phase)), shape=shape)
    safe = e.select(here, v, e.one_like(v))
    found: Tensor = e.select(here, turn / safe, e.zero_like(v))
    return found


# The eigenvalues and, as columns, the eigenvectors; always complex.
eig = Primitive(
    "eig",
    _eig_rule,
    lapack("eig", _NOT_FINITE, _eig_evaluate),
    _eig_gradient,
    "linalg",
    multiple=True,
)


# --- svd --------------------------------------------------------------------------------------


def _svd_rule(x: Any, full_matrices: bool, compute_uv: bool) -> tuple[TensorSpec, ...]:
    check_matrix("svd", x)
    *batch, m, n = x.shape
    k = min(m, n)
    s = TensorSpec((*batch, k), real_of(x.dtype))
    if not compute_uv:
        return (s,)
    rows, columns = (m, n) if full_matrices else (k, k)
    u, v = TensorSpec((*batch, m, rows), x.dtype), TensorSpec((*batch, columns, n), x.dtype)
    return u, s, v


def _svd_evaluate(x: Array, full_matrices: bool, compute_uv: bool) -> tuple[Array, ...]:
    if compute_uv:
        return tuple(np.linalg.svd(x, full_matrices))
    return (np.linalg.svdvals(x),)


def _svd_gradient(call: Call, g: Gradients) -> Gradients:
    """Townsend; for complex matrices with the part of the phase that u and v share.

    The vectors of equal singular values are arbitrary, and what depends on their choice gets 0.
    """
    (x,) = call.inputs
    (to_u, to_s, to_vh) = g if len(g) == 3 else (None, g[0], None)
    m, n = x.shape[-2:]
    if call.params["compute_uv"] and not (call.params["full_matrices"] and m != n):
        u, s, vh = call.outputs
    elif to_u is None and to_vh is None:
        u, s, vh = svd(x, full_matrices=False, compute_uv=True)
    else:
        raise NotImplementedError(
            "svd: full_matrices=True has no gradient through u and v for matrices of shape "
            f"{(m, n)}, whose last vectors are arbitrary; use full_matrices=False."
        )
    inward: Tensor = (u * row(e.zero_like(s) if to_s is None else to_s)) @ vh
    if to_u is not None:
        inward = inward + _from_u(u, s, vh, to_u)
    if to_vh is not None:
        # The decomposition of the adjoint exchanges the two sides.
        inward = inward + adjoint(_from_u(adjoint(vh), s, adjoint(u), adjoint(to_vh), False))
    return (inward,)


def _from_u(u: Tensor, s: Tensor, vh: Tensor, to_u: Tensor, phase: bool = True) -> Tensor:
    """What the gradient `to_u` adds, for u of any number of rows."""
    along = adjoint(u) @ to_u
    inner = gap_reciprocal(s * s) * (along - adjoint(along)) * row(s)
    reciprocal = safe_reciprocal(s)
    if phase and is_complex(u.dtype):
        turn = e.imag(diagonal(along)) * reciprocal
        inner = inner + diagonal_matrix(e.complex_(e.zero_like(turn), turn))
    inward: Tensor = u @ inner
    if u.shape[-2] > u.shape[-1]:
        beside = to_u - u @ along
        inward = inward + beside * row(reciprocal)
    return inward @ vh


# u, the singular values in falling order, and v already conjugate-transposed, such that
# x = u diag(s) v; or only the singular values. For complex matrices the phase of each pair of
# vectors is arbitrary; the gradient is that of functions that do not depend on it.
svd = Primitive(
    "svd",
    _svd_rule,
    lapack("svd", _NOT_FINITE, _svd_evaluate),
    _svd_gradient,
    "linalg",
    multiple=True,
)
