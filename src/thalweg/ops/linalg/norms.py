"""Norms of vectors and matrices."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from thalweg import config
from thalweg.ops.arguments import (
    apply,
    canonical_axes,
    cast_to,
    floating,
)
from thalweg.ops.dispatch import op
from thalweg.ops.linalg.factors import svd
from thalweg.ops.reduction import max as maximum_of
from thalweg.ops.reduction import min as minimum_of
from thalweg.ops.reduction import sum as sum_of
from thalweg.ops.shaping import moveaxis, reshape
from thalweg.primitives import elementwise as e
from thalweg.tensor.convert import convert_to_tensor
from thalweg.tensor.dtypes import as_dtype, is_complex
from thalweg.tensor.tensor import Tensor

__all__ = ["norm"]


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
