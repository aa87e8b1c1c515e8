"""Determinants: det, slogdet, and adjugate, in which the gradient of det is written."""

from __future__ import annotations

from typing import Any

import numpy as np

from thalweg.primitives import elementwise as e
from thalweg.primitives.linalg.matrices import (
    Array,
    Gradients,
    adjoint,
    check_matrix,
    scalar,
    trace,
)
from thalweg.primitives.linalg.solving import inv
from thalweg.primitives.primitive import Call, Primitive
from thalweg.tensor.dtypes import is_complex, real_of
from thalweg.tensor.tensor import TensorSpec

# --- det --------------------------------------------------------------------------------------


def _det_rule(x: Any) -> TensorSpec:
    check_matrix("det", x, square=True)
    return TensorSpec(x.shape[:-2], x.dtype)


def _det_gradient(call: Call, g: Gradients) -> Gradients:
    """Jacobi's formula: d det(a) = trace(adjugate(a) da); it holds for singular matrices too."""
    assert g[0] is not None
    return (scalar(g[0]) * adjoint(adjugate(call.inputs[0])),)


det = Primitive("det", _det_rule, np.linalg.det, _det_gradient, "linalg")


# --- adjugate ---------------------------------------------------------------------------------


def _adjugate_rule(x: Any) -> TensorSpec:
    check_matrix("adjugate", x, square=True)
    return TensorSpec(x.shape, x.dtype)


def _adjugate_evaluate(x: Array) -> Array:
    """det(a) a^-1 without a division: a = u s v has adjugate det(u v) v* adjugate(s) u*."""
    u, s, v = np.linalg.svd(x, full_matrices=False)
    n = s.shape[-1]
    others = np.where(np.eye(n, dtype=np.bool_), np.ones((), s.dtype), s[..., None, :])
    phase = np.linalg.det(u) * np.linalg.det(v)
    scaled = np.conj(np.swapaxes(v, -1, -2)) * np.prod(others, -1)[..., None, :]
    return np.asarray(phase[..., None, None] * (scaled @ np.conj(np.swapaxes(u, -1, -2))))


def _adjugate_gradient(call: Call, g: Gradients) -> Gradients:
    """From y = det(a) a^-1, so for matrices that have an inverse."""
    assert g[0] is not None
    inward, turned = adjoint(inv(call.inputs[0])) @ g[0], adjoint(call.outputs[0])
    return (trace(inward) * turned - inward @ turned,)


adjugate = Primitive("adjugate", _adjugate_rule, _adjugate_evaluate, _adjugate_gradient, "linalg")


# --- slogdet ----------------------------------------------------------------------------------


def _slogdet_rule(x: Any) -> tuple[TensorSpec, TensorSpec]:
    check_matrix("slogdet", x, square=True)
    batch = x.shape[:-2]
    return TensorSpec(batch, x.dtype), TensorSpec(batch, real_of(x.dtype))


def _slogdet_gradient(call: Call, g: Gradients) -> Gradients:
    """d log det(a) = trace(a^-1 da): its real part moves the logarithm, its imaginary the sign."""
    (x,), (sign, logarithm) = call.inputs, call.outputs
    to_sign, to_logarithm = g
    if to_logarithm is None:
        to_logarithm = e.zero_like(logarithm)
    if is_complex(x.dtype):
        turn = e.zero_like(logarithm)
        if to_sign is not None:
            turn = e.imag(to_sign * e.conj(sign))
        to_logarithm = e.complex_(to_logarithm, turn)
    return (scalar(to_logarithm) * adjoint(inv(x)),)


# The sign (for complex matrices a number of size 1) and the logarithm of the absolute value.
slogdet = Primitive(
    "slogdet", _slogdet_rule, np.linalg.slogdet, _slogdet_gradient, "linalg", multiple=True
)
