"""Linear algebra under the names of `keras.ops.linalg`.

Matrices lie on the last two axes; all axes before them are batch axes. Integers become floats, and
half precision is computed in float32.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from thalweg import config
from thalweg.ops.arguments import (
    apply,
    broadcast_shapes,
    canonical_axes,
    cast_to,
    floating,
)
from thalweg.ops.dispatch import op
from thalweg.ops.matmul import matmul
from thalweg.ops.reduction import max as maximum_of
from thalweg.ops.reduction import min as minimum_of
from thalweg.ops.reduction import sum as sum_of
from thalweg.ops.shaping import broadcast_to, moveaxis, reshape
from thalweg.primitives import elementwise as e
from thalweg.primitives import linalg
from thalweg.tensor.convert import convert_to_tensor
from thalweg.tensor.dtypes import DType, as_dtype, int32, is_complex, result_type
from thalweg.tensor.tensor import Tensor

__all__ = [
    "cholesky",
    "cholesky_inverse",
    "det",
    "eig",
    "eigh",
    "inv",
    "lstsq",
    "lu_factor",
    "matrix_power",
    "matrix_rank",
    "norm",
    "pinv",
    "qr",
    "slogdet",
    "solve",
    "solve_triangular",
    "svd",
]


def _matrix(name: str, x: Any, square: bool = False) -> tuple[Tensor, DType]:
    """The matrices in at least float32, and the float dtype that they had."""
    tensor = floating(x)
    if tensor.ndim < 2:
        raise ValueError(f"{name}: the input must have at least 2 axes, got shape {tensor.shape}.")
    if square and tensor.shape[-1] != tensor.shape[-2]:
        raise ValueError(f"{name}: the matrices must be square, got shape {tensor.shape}.")
    return cast_to(tensor, result_type(tensor.dtype, "float32")), tensor.dtype


def adjoint(x: Tensor) -> Tensor:
    """The conjugate transpose of the last two axes."""
    return moveaxis(e.conj(x), -1, -2)


def _identity(n: int, dtype: DType) -> Tensor:
    return Tensor(np.eye(n).astype(dtype))


# --- factorisations ---------------------------------------------------------------------------


@op
def cholesky(x: Any, upper: bool = False) -> Tensor:
    """The triangular `l` with `x = l l*`, or with `upper` the `u` with `x = u* u`.

    Raises `numpy.linalg.LinAlgError` for a matrix that is not positive definite.

    >>> from thalweg import ops
    >>> ops.cholesky([[4.0, 2.0], [2.0, 5.0]]).numpy()
    array([[2., 0.],
           [1., 2.]], dtype=float32)
    """
    tensor, dtype = _matrix("cholesky", x, square=True)
    lower = apply(linalg.cholesky, tensor)
    return cast_to(adjoint(lower) if upper else lower, dtype)


@op
def cholesky_inverse(x: Any, upper: bool = False) -> Tensor:
    """The inverse of the matrix whose Cholesky factor is `x`.

    Args:
        x: lower triangular factors, or upper triangular ones with `upper`.
        upper: which of them.
    """
    tensor, dtype = _matrix("cholesky_inverse", x, square=True)
    identity = broadcast_to(_identity(tensor.shape[-1], tensor.dtype), tensor.shape)
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
    tensor, dtype = _matrix("qr", x)
    q, r = linalg.qr(tensor, mode=mode)
    return cast_to(q, dtype), cast_to(r, dtype)


@op
def lu_factor(x: Any) -> tuple[Tensor, Tensor]:
    """The factorisation `p x = l u` with row exchanges.

    Returns:
        `l` below the diagonal (its ones are left out) and `u` on and above it in one matrix; and
        for each row, the int32 number of the row with which it was exchanged.
    """
    tensor, dtype = _matrix("lu_factor", x)
    factors, pivots, _ = linalg.lu(tensor)
    return cast_to(factors, dtype), pivots


@op
def eig(x: Any) -> tuple[Tensor, Tensor]:
    """Eigenvalues, shape (..., n), and eigenvectors as columns; both are complex."""
    tensor, _ = _matrix("eig", x, square=True)
    values, vectors = linalg.eig(tensor)
    return values, vectors


@op
def eigh(x: Any) -> tuple[Tensor, Tensor]:
    """Eigenvalues of Hermitian matrices in rising order, and eigenvectors as columns."""
    tensor, dtype = _matrix("eigh", x, square=True)
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
    tensor, dtype = _matrix("svd", x)
    found = linalg.svd(tensor, full_matrices=full_matrices, compute_uv=compute_uv)
    if not compute_uv:
        return _real(found[0], dtype)
    u, s, vh = found
    return cast_to(u, dtype), _real(s, dtype), cast_to(vh, dtype)


def _real(x: Tensor, dtype: DType) -> Tensor:
    return x if is_complex(dtype) else cast_to(x, dtype)


# --- determinants, inverses and systems ---------------------------------------------------------


@op
def det(x: Any) -> Tensor:
    """The determinant of each matrix."""
    tensor, dtype = _matrix("det", x, square=True)
    return cast_to(apply(linalg.det, tensor), dtype)


@op
def slogdet(x: Any) -> tuple[Tensor, Tensor]:
    """The sign of each determinant, and the logarithm of its absolute value."""
    tensor, dtype = _matrix("slogdet", x, square=True)
    sign, log = linalg.slogdet(tensor)
    return cast_to(sign, dtype), _real(log, dtype)


@op
def inv(x: Any) -> Tensor:
    """The inverse of each matrix. Raises `numpy.linalg.LinAlgError` if one is singular."""
    tensor, dtype = _matrix("inv", x, square=True)
    return cast_to(apply(linalg.inv, tensor), dtype)


@op
def pinv(x: Any, rcond: float | None = None) -> Tensor:
    """The Moore-Penrose pseudoinverse of each matrix.

    Args:
        x: shape (..., m, n).
        rcond: singular values up to this times the largest count as zero; by default
            `10 * max(m, n)` times the precision of the dtype.
    """
    tensor, dtype = _matrix("pinv", x)
    if rcond is None:
        rcond = 10 * max(tensor.shape[-2:]) * float(np.finfo(tensor.dtype).eps)
    return cast_to(apply(linalg.pinv, tensor, rcond=float(rcond)), dtype)


def _system(
    name: str, a: Any, b: Any, solver: Callable[[Tensor, Tensor], Tensor], square: bool = True
) -> Tensor:
    """Solve with `b` as vectors or as matrices, and the batch axes broadcast."""
    left, right = _matrix(name, a, square)[0], floating(b)
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
    tensor, _ = _matrix("matrix_rank", x)
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
        return broadcast_to(_identity(tensor.shape[-1], tensor.dtype), tensor.shape)
    return found


# --- norms ------------------------------------------------------------------------------------


@op
def norm(
    x: Any,
    ord: int | float | str | None = None,
    axis: int | Sequence[int] | None = None,
    keepdims: bool = False,
) -> Tensor:
    """The norm of vectors or matrices.

    Args:
        x: the input.
        ord: for vectors a number (2 if None; `inf`, `-inf`; 0 counts what is not zero; p gives
            `sum(|x|^p)^(1/p)`). For matrices 'fro' (also None), 'nuc' (sum of the singular
            values), 1 and -1 (largest and smallest column sum), `inf` and `-inf` (row sum), 2 and
            -2 (largest and smallest singular value).
        axis: one axis for vectors, two for matrices (rows, columns); None for the whole tensor.
        keepdims: whether the axes stay, with length 1.

    The gradient of a 2-norm at zero is 0.

    >>> from thalweg import ops
    >>> ops.norm([3.0, 4.0]).numpy()
    np.float32(5.0)
    """
    tensor = convert_to_tensor(x)
    if tensor.dtype.name == "int64":
        tensor = cast_to(tensor, as_dtype(config.floatx()))
    tensor = floating(tensor)
    axes = _norm_axes(ord, axis, tensor)
    if is_complex(tensor.dtype) and ord not in ("nuc", 2, -2):
        tensor = abs(tensor)
    if ord is None or (ord == 2 and len(axes) == 1) or ord == "fro":
        if is_complex(tensor.dtype):
            tensor = abs(tensor)
        return square_root(sum_of(tensor * tensor, axis=axes, keepdims=keepdims))
    if len(axes) == 1:
        return _vector_norm(abs(tensor), ord, axes[0], keepdims)
    return _matrix_norm(tensor, ord, axes, keepdims)


def _norm_axes(
    ord: int | float | str | None, axis: int | Sequence[int] | None, x: Tensor
) -> tuple[int, ...]:
    """The axes, rows before columns."""
    if axis is None:
        if ord is not None and x.ndim not in (1, 2):
            raise ValueError(
                f"norm: ord {ord!r} without axis needs a tensor with 1 or 2 axes, got shape "
                f"{x.shape}."
            )
        return tuple(range(x.ndim))
    listed = [axis] if isinstance(axis, (int, np.integer)) else list(axis)
    if len(listed) not in (1, 2):
        raise ValueError(f"norm: axis must name one or two axes, got {axis}.")
    canonical_axes("norm", listed, x.ndim)
    return tuple(int(a) % x.ndim for a in listed)


def square_root(x: Tensor) -> Tensor:
    """The square root, with gradient 0 at 0."""
    positive = x > 0
    safe = apply(e.select, positive, x, e.one_like(x))
    return apply(e.select, positive, apply(e.sqrt, safe), x)


def _vector_norm(size: Tensor, ord: Any, axis: int, keepdims: bool) -> Tensor:
    if isinstance(ord, str):
        raise ValueError(f"norm: ord {ord!r} is for matrices, and axis names one axis.")
    if ord == math.inf:
        return maximum_of(size, axis=axis, keepdims=keepdims)
    if ord == -math.inf:
        return minimum_of(size, axis=axis, keepdims=keepdims)
    if ord == 0:
        return sum_of(cast_to(size != 0, size.dtype), axis=axis, keepdims=keepdims)
    if ord == 1:
        return sum_of(size, axis=axis, keepdims=keepdims)
    return sum_of(size ** float(ord), axis=axis, keepdims=keepdims) ** (1 / float(ord))


def _matrix_norm(x: Tensor, ord: Any, axes: tuple[int, ...], keepdims: bool) -> Tensor:
    pick = minimum_of if ord in (-1, -2, -math.inf) else maximum_of
    if ord in (1, -1, math.inf, -math.inf):
        summed, left = axes if abs(ord) == 1 else axes[::-1]
        sums = sum_of(abs(x), axis=summed, keepdims=True)
        found = pick(sums, axis=left, keepdims=True)
    elif ord in (2, -2, "nuc"):
        moved = moveaxis(x, axes, (-2, -1))
        s = svd(moved, compute_uv=False)
        values = sum_of(s, axis=-1) if ord == "nuc" else pick(s, axis=-1)
        found = reshape(values, tuple(1 if i in axes else n for i, n in enumerate(x.shape)))
    else:
        raise ValueError(
            f"norm: ord for matrices must be 'fro', 'nuc', 1, -1, 2, -2, inf or -inf, got {ord!r}."
        )
    if keepdims:
        return found
    return reshape(found, tuple(n for i, n in enumerate(x.shape) if i not in axes))
