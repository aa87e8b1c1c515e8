"""Special functions, order and distances: the names that `keras.ops` has beside NumPy's."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from thalweg.ops.arguments import apply, broadcast_shapes, canonical_axes, floating, promote
from thalweg.ops.comparison import isfinite, isnan
from thalweg.ops.complex import imag, real
from thalweg.ops.control_flow import fori_loop
from thalweg.ops.dispatch import op
from thalweg.ops.joining import stack
from thalweg.ops.linalg import slogdet
from thalweg.ops.linalg.norms import square_root
from thalweg.ops.reduction import max as maximum_of
from thalweg.ops.reduction import sum as sum_of
from thalweg.ops.shaping import along, expand_dims, reshape, squeeze
from thalweg.ops.taking import take_along_axis, where
from thalweg.primitives import elementwise as e
from thalweg.primitives import order
from thalweg.primitives.gather import gather
from thalweg.tensor.convert import convert_to_tensor
from thalweg.tensor.dtypes import is_complex, is_integer
from thalweg.tensor.tensor import Tensor

__all__ = [
    "cdist",
    "erf",
    "erfc",
    "erfinv",
    "extract_sequences",
    "gammainc",
    "in_top_k",
    "logdet",
    "logsumexp",
    "rsqrt",
    "top_k",
    "view_as_complex",
    "view_as_real",
]


@op
def erf(x: Any) -> Tensor:
    """The error function, `2 / sqrt(pi)` times the integral of `exp(-t^2)` from 0 to x."""
    return apply(e.erf, floating(x))


@op
def erfc(x: Any) -> Tensor:
    """`1 - erf(x)`, exact also where it is tiny."""
    return apply(e.erfc, floating(x))


@op
def erfinv(x: Any) -> Tensor:
    """The number whose error function is `x`; infinite at -1 and 1."""
    return apply(e.erfinv, floating(x))


@op
def rsqrt(x: Any) -> Tensor:
    """`1 / sqrt(x)`."""
    return apply(e.rsqrt, floating(x))


@op
def logdet(x: Any) -> Tensor:
    """The logarithm of the absolute value of the determinant of each matrix."""
    return slogdet(x)[1]


@op
def logsumexp(x: Any, axis: int | Sequence[int] | None = None, keepdims: bool = False) -> Tensor:
    """`log(sum(exp(x)))`, without overflow.

    Args:
        x: the input.
        axis: the axis or axes to sum over; None for all of them.
        keepdims: whether they stay, with length 1.

    >>> from thalweg import ops
    >>> ops.logsumexp([1000.0, 1000.0]).numpy()
    np.float32(1000.693)
    """
    tensor = floating(x)
    axes = canonical_axes("logsumexp", axis, tensor.ndim)
    if not axes:
        return tensor
    # The maximum cancels out, so it is a constant for the gradient.
    top = apply(e.stop_gradient, maximum_of(tensor, axis=axes, keepdims=True))
    top = where(isfinite(top), top, 0)
    found = apply(e.log, sum_of(apply(e.exp, tensor - top), axis=axes, keepdims=True)) + top
    return found if keepdims else squeeze(found, axes)


@op
def top_k(x: Any, k: int, sorted: bool = True) -> tuple[Tensor, Tensor]:
    """The k largest elements of the last axis, and their int32 places.

    Args:
        x: the input.
        k: how many.
        sorted: for Keras's sake: they come in falling order in any case, of equal ones the first
            comes first.

    >>> from thalweg import ops
    >>> values, places = ops.top_k([1.0, 5.0, 3.0], 2)
    >>> values.numpy(), places.numpy()
    (array([5., 3.], dtype=float32), array([1, 2], dtype=int32))
    """
    values, places = order.top_k(convert_to_tensor(x), k=int(k))
    return values, places


@op
def in_top_k(targets: Any, predictions: Any, k: int) -> Tensor:
    """Whether each target is among the k largest predictions of its row.

    Args:
        targets: integers, shape (...).
        predictions: shape (..., classes).
        k: how many count; a target that ties with the last of them is in.
    """
    labels, scores = convert_to_tensor(targets), convert_to_tensor(predictions)
    if not is_integer(labels.dtype) or not scores.ndim or labels.shape != scores.shape[:-1]:
        raise ValueError(
            f"in_top_k: targets must be integers of shape {scores.shape[:-1]} for predictions of "
            f"shape {scores.shape}, got shape {labels.shape} of {labels.dtype.name}."
        )
    own = take_along_axis(scores, expand_dims(labels, -1), axis=-1)
    own = where(isnan(own), -np.inf, own)
    return sum_of(scores > own, axis=-1) < k


@op
def cdist(x: Any, y: Any) -> Tensor:
    """The Euclidean distance of every vector of `x` from every vector of `y`.

    Args:
        x: shape (..., m, d).
        y: shape (..., n, d).

    Returns:
        Shape (..., m, n). The gradient at distance 0 is 0.
    """
    a, b = floating(x), floating(y)
    if a.ndim < 2 or b.ndim < 2 or a.shape[-1] != b.shape[-1]:
        raise ValueError(
            "cdist: x and y must have at least 2 axes and the same last one, got shapes "
            f"{a.shape} and {b.shape}."
        )
    apart = expand_dims(a, -2) - expand_dims(b, -3)
    return square_root(sum_of(apart * apart, axis=-1))


@op
def extract_sequences(x: Any, sequence_length: int, sequence_stride: int) -> Tensor:
    """Overlapping pieces of the last axis.

    Args:
        x: shape (..., n).
        sequence_length: the length of a piece.
        sequence_stride: the step from one piece to the next.

    Returns:
        Shape (..., pieces, sequence_length) with `(n - sequence_length) // stride + 1` pieces.

    >>> from thalweg import ops
    >>> ops.extract_sequences([1, 2, 3, 4, 5], 3, 2).numpy()
    array([[1, 2, 3],
           [3, 4, 5]], dtype=int32)
    """
    tensor = convert_to_tensor(x)
    n = tensor.shape[-1] if tensor.ndim else 0
    if not 1 <= sequence_length <= n or sequence_stride < 1:
        raise ValueError(
            f"extract_sequences: sequence_length must lie in 1..{n} for shape {tensor.shape} and "
            f"sequence_stride be positive, got {sequence_length} and {sequence_stride}."
        )
    begins = np.arange((n - sequence_length) // sequence_stride + 1) * sequence_stride
    places = (begins[:, None] + np.arange(sequence_length)).astype(np.int32)
    return apply(gather, tensor, Tensor(places), axis=tensor.ndim - 1)


@op
def view_as_complex(x: Any) -> Tensor:
    """Pairs of real and imaginary part on the last axis as complex numbers."""
    tensor = floating(x)
    if is_complex(tensor.dtype) or not tensor.ndim or tensor.shape[-1] != 2:
        raise ValueError(
            "view_as_complex: x must be real with a last axis of length 2, got shape "
            f"{tensor.shape} of {tensor.dtype.name}."
        )
    parts = [reshape(along(tensor, tensor.ndim - 1, i, i + 1), tensor.shape[:-1]) for i in (0, 1)]
    return apply(e.complex_, *parts)


@op
def view_as_real(x: Any) -> Tensor:
    """Complex numbers as pairs of real and imaginary part on a new last axis."""
    return stack([real(x), imag(x)], axis=-1)


# --- the incomplete gamma function --------------------------------------------------------------

# Enough for full precision up to a of some thousand: the terms fall like exp(-n^2 / (2 a)).
_STEPS = 300


@op
def gammainc(x1: Any, x2: Any) -> Tensor:
    """The regularised lower incomplete gamma function P(x1, x2).

    The integral of `t^(a - 1) exp(-t)` from 0 to x, divided by gamma(a); for x below a + 1 by its
    series, otherwise by the continued fraction of 1 - P (Abramowitz and Stegun, 6.5.29, 6.5.31).

    Args:
        x1: a, positive.
        x2: x, not negative.
    """
    a, x = promote("gammainc", x1, x2, inexact=True)
    broadcast_shapes("gammainc", a.shape, x.shape)
    valid = (a > 0) & (x > 0) & isfinite(x)
    one = e.one_like(x)
    safe_a, safe_x = where(valid, a, one), where(valid, x, one)
    low = safe_x < safe_a + 1
    log_factor = safe_a * apply(e.log, safe_x) - safe_x - apply(e.lgamma, safe_a)
    factor = apply(e.exp, log_factor)
    # Each side is computed where it converges, and at a harmless place elsewhere.
    series = _series(safe_a, where(low, safe_x, one)) * factor
    fraction = 1 - _fraction(safe_a, where(low, safe_a + 2, safe_x)) * factor
    found = where(low, series, fraction)
    outside = where(x == 0, 0.0, where(x == np.inf, 1.0, np.nan))
    return where(valid, found, where(a > 0, outside, np.nan))


def _series(a: Tensor, x: Tensor) -> Tensor:
    """The sum of x^n / (a (a + 1) ... (a + n))."""

    def step(n: Tensor, state: tuple[Tensor, Tensor]) -> tuple[Tensor, Tensor]:
        term, total = state
        term = term * x / (a + n)
        return term, total + term

    first = 1 / a
    total: Tensor = fori_loop(1, _STEPS, step, (first, first))[1]
    return total


def _fraction(a: Tensor, x: Tensor) -> Tensor:
    """1 / (x + 1 - a - 1 (1 - a) / (x + 3 - a - 2 (2 - a) / (x + 5 - a - ...))), from the end."""

    def step(n: Tensor, below: Tensor) -> Tensor:
        k = _STEPS - n
        return x + 2 * k - 1 - a - k * (k - a) / below

    bottom = x + 2 * _STEPS + 1 - a
    found: Tensor = fori_loop(0, _STEPS, step, bottom)
    return 1 / found
