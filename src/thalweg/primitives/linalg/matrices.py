"""Small matrix functions in which the gradients are written, and the checks of inputs."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from thalweg.primitives import elementwise as e
from thalweg.primitives.movement import broadcast_to, reshape, transpose
from thalweg.primitives.reduce import reduce_sum
from thalweg.tensor.dtypes import COMPLEX, float32, float64
from thalweg.tensor.tensor import Tensor

Array = np.ndarray[Any, Any]
Gradients = tuple[Tensor | None, ...]

_ACCEPTED = (float32, float64, *COMPLEX)


def check_matrix(name: str, x: Any, square: bool = False) -> None:
    """Raise unless `x` is a batch of (square) matrices that LAPACK takes."""
    if x.dtype not in _ACCEPTED:
        raise TypeError(
            f"{name}: the input must be {', '.join(d.name for d in _ACCEPTED[:-1])} or "
            f"{_ACCEPTED[-1].name}, got {x.dtype.name}."
        )
    if len(x.shape) < 2:
        raise ValueError(f"{name}: the input must have at least 2 axes, got shape {x.shape}.")
    if square and x.shape[-1] != x.shape[-2]:
        raise ValueError(f"{name}: the matrices must be square, got shape {x.shape}.")


def check_system(name: str, a: Any, b: Any) -> None:
    """Raise unless `a` is square and `b` has matrices with as many rows, in one batch shape."""
    check_matrix(name, a, square=True)
    if b.dtype != a.dtype:
        raise TypeError(f"{name}: b must be {a.dtype.name} like a, got {b.dtype.name}.")
    if len(b.shape) < 2 or b.shape[:-1] != a.shape[:-1]:
        raise ValueError(
            f"{name}: b must have the axes {a.shape[:-1]} and one more for a of shape {a.shape}, "
            f"got shape {b.shape}."
        )


def lapack(name: str, problem: str, function: Callable[..., Any]) -> Callable[..., Any]:
    """`function`, with the one error that LAPACK reports told in a sentence."""

    def evaluate(*inputs: Array, **params: Any) -> Any:
        try:
            return function(*inputs, **params)
        except np.linalg.LinAlgError:
            shape = inputs[0].shape
            raise np.linalg.LinAlgError(f"{name}: the input (shape {shape}) {problem}.") from None

    return evaluate


def transposed(x: Tensor) -> Tensor:
    """The last two axes exchanged."""
    rank = len(x.shape)
    found: Tensor = transpose(x, axes=(*range(rank - 2), rank - 1, rank - 2))
    return found


def adjoint(x: Tensor) -> Tensor:
    """The conjugate transpose."""
    return transposed(e.conj(x))


def hermitian_part(x: Tensor) -> Tensor:
    """(x + adjoint of x) / 2."""
    return (x + adjoint(x)) / 2


def real_part(x: Tensor) -> Tensor:
    """The real part; a real tensor is returned as it is."""
    found: Tensor = e.real(x) if x.dtype in COMPLEX else x
    return found


def row(x: Tensor) -> Tensor:
    """A batch of vectors as matrices with one row, to scale the columns of a matrix."""
    found: Tensor = reshape(x, shape=(*x.shape[:-1], 1, x.shape[-1]))
    return found


def column(x: Tensor) -> Tensor:
    """A batch of vectors as matrices with one column, to scale the rows of a matrix."""
    found: Tensor = reshape(x, shape=(*x.shape, 1))
    return found


def scalar(x: Tensor) -> Tensor:
    """A batch of numbers as matrices of one element."""
    found: Tensor = reshape(x, shape=(*x.shape, 1, 1))
    return found


def keep(x: Tensor, mask: Array) -> Tensor:
    """`x` where the constant matrix `mask` is true, else 0 (also in place of NaN)."""
    chosen: Tensor = e.select(Tensor(np.broadcast_to(mask, x.shape)), x, e.zero_like(x))
    return chosen


def _on_and_below(x: Tensor, offset: int) -> Array:
    rows, columns = x.shape[-2:]
    return np.tri(rows, columns, offset, np.bool_)


def lower_triangle(x: Tensor, offset: int = 0) -> Tensor:
    """The elements on and below the diagonal; below it only, with `offset` -1."""
    return keep(x, _on_and_below(x, offset))


def upper_triangle(x: Tensor) -> Tensor:
    """The elements on and above the diagonal."""
    return keep(x, ~_on_and_below(x, -1))


def diagonal(x: Tensor) -> Tensor:
    """The diagonals of square matrices, as vectors."""
    kept = keep(x, np.eye(x.shape[-1], dtype=np.bool_))
    found: Tensor = reduce_sum(kept, axes=(len(x.shape) - 1,))
    return found


def diagonal_matrix(x: Tensor) -> Tensor:
    """Square matrices with the vectors `x` on their diagonals."""
    n = x.shape[-1]
    spread = broadcast_to(row(x), shape=(*x.shape[:-1], n, n))
    return keep(spread, np.eye(n, dtype=np.bool_))


def trace(x: Tensor) -> Tensor:
    """The sum of the diagonal, as matrices of one element."""
    found: Tensor = reduce_sum(keep(x, np.eye(x.shape[-1], dtype=np.bool_)), axes=_last_two(x))
    return scalar(found)


def _last_two(x: Tensor) -> tuple[int, int]:
    return len(x.shape) - 2, len(x.shape) - 1


def gap_reciprocal(x: Tensor) -> Tensor:
    """1 / (x_j - x_i) in row i and column j, and 0 where the two are equal."""
    return safe_reciprocal(row(x) - column(x))


def safe_reciprocal(x: Tensor) -> Tensor:
    """1 / x, and 0 where x is 0."""
    nothing = e.eq(x, e.zero_like(x))
    found: Tensor = e.select(nothing, e.zero_like(x), 1 / e.select(nothing, e.one_like(x), x))
    return found
