"""Linear systems: triangular_solve, solve, inv."""

from __future__ import annotations

from typing import Any

import numpy as np

from thalweg.primitives.linalg.matrices import (
    Array,
    Gradients,
    adjoint,
    check_matrix,
    check_system,
    lapack,
    lower_triangle,
    upper_triangle,
)
from thalweg.primitives.primitive import Call, Primitive
from thalweg.tensor.tensor import Tensor, TensorSpec

# --- triangular_solve -------------------------------------------------------------------------

# Below this size rows are substituted one by one; above it the matrix is split in four.
_BLOCK = 32


def _forward(a: Array, b: Array) -> Array:
    """The solution x of a x = b for lower triangular a."""
    n = a.shape[-1]
    if n > _BLOCK:
        half = n // 2
        top = _forward(a[..., :half, :half], b[..., :half, :])
        rest = b[..., half:, :] - a[..., half:, :half] @ top
        return np.concatenate([top, _forward(a[..., half:, half:], rest)], axis=-2)
    x = np.empty_like(b)
    for i in range(n):
        known = a[..., i : i + 1, :i] @ x[..., :i, :]
        x[..., i, :] = (b[..., i, :] - known[..., 0, :]) / a[..., i, i, None]
    return x


def _triangular_evaluate(a: Array, b: Array, lower: bool, adjoint: bool) -> Array:
    if adjoint:
        a, lower = np.conj(np.swapaxes(a, -1, -2)), not lower
    if lower:
        return _forward(a, b)
    # Read from the last row and column back, an upper triangle is a lower one.
    return np.flip(_forward(np.flip(a, (-2, -1)), np.flip(b, -2)), -2)


def _triangular_rule(a: Any, b: Any, lower: bool, adjoint: bool) -> TensorSpec:
    check_system("solve_triangular", a, b)
    return TensorSpec(b.shape, b.dtype)


def _triangular_gradient(call: Call, g: Gradients) -> Gradients:
    """From dx = a^-1 (db - da x), or with the adjoint of a in the place of a."""
    (a, _), (x,) = call.inputs, call.outputs
    lower, turned = call.params["lower"], call.params["adjoint"]
    assert g[0] is not None
    to_b = triangular_solve(a, g[0], lower=lower, adjoint=not turned)
    if not call.wanted[0]:
        return None, to_b
    to_a = -(x @ adjoint(to_b)) if turned else -(to_b @ adjoint(x))
    return (lower_triangle(to_a) if lower else upper_triangle(to_a)), to_b


# The solution of a x = b, or of (adjoint of a) x = b, where only the `lower` or the upper triangle
# of a is read. A zero on the diagonal gives infinities.
triangular_solve = Primitive(
    "triangular_solve", _triangular_rule, _triangular_evaluate, _triangular_gradient, "linalg"
)


# --- solve ------------------------------------------------------------------------------------


def _solve_rule(a: Any, b: Any) -> TensorSpec:
    check_system("solve", a, b)
    return TensorSpec(b.shape, b.dtype)


def _solve_gradient(call: Call, g: Gradients) -> Gradients:
    """Giles 2.3.1."""
    assert g[0] is not None
    to_b = solve(adjoint(call.inputs[0]), g[0])
    return (-(to_b @ adjoint(call.outputs[0])) if call.wanted[0] else None), to_b


solve = Primitive(
    "solve",
    _solve_rule,
    lapack("solve", "is singular", np.linalg.solve),
    _solve_gradient,
    "linalg",
)


# --- inv --------------------------------------------------------------------------------------


def _inv_rule(x: Any) -> TensorSpec:
    check_matrix("inv", x, square=True)
    return TensorSpec(x.shape, x.dtype)


def _inv_gradient(call: Call, g: Gradients) -> Gradients:
    """Giles 2.2.3."""
    assert g[0] is not None
    turned: Tensor = adjoint(call.outputs[0])
    return (-(turned @ g[0] @ turned),)


inv = Primitive(
    "inv", _inv_rule, lapack("inv", "is singular", np.linalg.inv), _inv_gradient, "linalg"
)
