"""New tensors from shapes and numbers: constants, ranges, identity and triangles."""

from __future__ import annotations

from typing import Any

import numpy as np

from thalweg import config
from thalweg.ops.arguments import apply, cast_to, splat, whole_numbers
from thalweg.ops.dispatch import op
from thalweg.primitives import elementwise as e
from thalweg.primitives import iota, movement
from thalweg.tensor.convert import convert_to_tensor
from thalweg.tensor.dtypes import DType, as_dtype, bool_, int32, is_floating, result_type
from thalweg.tensor.tensor import Tensor

__all__ = [
    "arange",
    "empty",
    "empty_like",
    "eye",
    "full",
    "full_like",
    "identity",
    "ones",
    "ones_like",
    "tri",
    "tril",
    "triu",
    "zeros",
    "zeros_like",
]

Shape = tuple[int, ...]


def as_shape(name: str, shape: Any) -> Shape:
    """A shape given as one number or several, as a tuple of non-negative Python ints."""
    found = whole_numbers(name, "shape", shape)
    if min(found, default=0) < 0:
        raise ValueError(f"{name}: shape must not have negative lengths, got {found}.")
    return found


def _default(dtype: Any) -> DType:
    return as_dtype(config.floatx() if dtype is None else dtype)


@op
def zeros(shape: Any, dtype: Any = None) -> Tensor:
    """A tensor of zeros (of the default float dtype, if no other is given)."""
    return splat(0, as_shape("zeros", shape), _default(dtype))


@op
def ones(shape: Any, dtype: Any = None) -> Tensor:
    """A tensor of ones (of the default float dtype, if no other is given)."""
    return splat(1, as_shape("ones", shape), _default(dtype))


@op
def empty(shape: Any, dtype: Any = None) -> Tensor:
    """A tensor whose values do not matter; here they are zeros."""
    return splat(0, as_shape("empty", shape), _default(dtype))


@op
def full(shape: Any, fill_value: Any, dtype: Any = None) -> Tensor:
    """A tensor filled with a value.

    Args:
        shape: its shape.
        fill_value: a number, or a tensor that broadcasts to the shape.
        dtype: its dtype, by default that of the value.

    >>> from thalweg import ops
    >>> ops.full((2, 2), 7).numpy()
    array([[7, 7],
           [7, 7]], dtype=int32)
    """
    wanted = as_shape("full", shape)
    value = convert_to_tensor(fill_value, dtype)
    return value if value.shape == wanted else apply(movement.broadcast_to, value, shape=wanted)


def _like(value: int, x: Any, dtype: Any) -> Tensor:
    found = x if hasattr(x, "shape") and hasattr(x, "dtype") else convert_to_tensor(x)
    return splat(value, tuple(found.shape), as_dtype(found.dtype if dtype is None else dtype))


@op
def zeros_like(x: Any, dtype: Any = None) -> Tensor:
    """Zeros with the shape and dtype of `x`."""
    return _like(0, x, dtype)


@op
def ones_like(x: Any, dtype: Any = None) -> Tensor:
    """Ones with the shape and dtype of `x`."""
    return _like(1, x, dtype)


@op
def empty_like(x: Any, dtype: Any = None) -> Tensor:
    """A tensor with the shape and dtype of `x` whose values do not matter; here they are zeros."""
    return _like(0, x, dtype)


@op
def full_like(x: Any, fill_value: Any, dtype: Any = None) -> Tensor:
    """A tensor with the shape and dtype of `x`, filled with a value that broadcasts to it."""
    found = x if hasattr(x, "shape") and hasattr(x, "dtype") else convert_to_tensor(x)
    wanted = as_dtype(found.dtype if dtype is None else dtype)
    value, shape = convert_to_tensor(fill_value, wanted), tuple(found.shape)
    return value if value.shape == shape else apply(movement.broadcast_to, value, shape=shape)


# --- ranges ---------------------------------------------------------------------------------------


def _number(x: Any) -> Any:
    return x.item() if hasattr(x, "item") else x


@op
def arange(start: Any, stop: Any = None, step: Any = None, dtype: Any = None) -> Tensor:
    """The numbers from `start` up to, without, `stop`.

    Args:
        start: the first number; with one argument alone it is `stop`, and the first number is 0.
        stop: where to stop.
        step: the distance (1 if not given).
        dtype: by default the dtype in which the arguments meet.

    >>> from thalweg import ops
    >>> ops.arange(3).numpy()
    array([0, 1, 2], dtype=int32)
    >>> ops.arange(1, 2, 0.25).numpy()
    array([1.  , 1.25, 1.5 , 1.75], dtype=float32)
    """
    given = [x for x in (start, stop, step) if x is not None]
    found = result_type(*given) if dtype is None else as_dtype(dtype)
    if stop is None:
        start, stop = 0, start
    first, last, distance = _number(start), _number(stop), 1 if step is None else _number(step)
    if distance == 0:
        raise ValueError("arange: step must not be 0.")
    values = np.arange(first, last, distance)
    if all(isinstance(x, int) for x in (first, last, distance)) and _counts(found, first, last):
        counted = apply(iota.iota, shape=values.shape, dtype=found, axis=0)
        if distance != 1:
            counted = counted * splat(distance, values.shape, found)
        return counted if first == 0 else counted + splat(first, values.shape, found)
    return Tensor(values.astype(found))


def _counts(dtype: DType, first: int, last: int) -> bool:
    """Whether steps between these whole numbers can be computed in this dtype without rounding."""
    if not is_floating(dtype):
        return dtype != bool_
    return max(abs(first), abs(last)) <= {2: 2**8, 4: 2**24, 8: 2**53}[dtype.itemsize]


# --- the diagonal and what lies beside it ---------------------------------------------------------


def below_diagonal(shape: Shape, k: int) -> Tensor:
    """A mask of the last two axes of a shape: True on the k-th diagonal and below it."""
    rows = apply(iota.iota, shape=shape, dtype=int32, axis=len(shape) - 2)
    columns = apply(iota.iota, shape=shape, dtype=int32, axis=len(shape) - 1)
    return apply(e.ge, rows + splat(k, shape, int32), columns)


@op
def eye(N: int, M: int | None = None, k: int = 0, dtype: Any = None) -> Tensor:
    """Ones on a diagonal and zeros elsewhere.

    Args:
        N: the number of rows.
        M: the number of columns, by default `N`.
        k: which diagonal: 0 the main one, positive above it, negative below.
        dtype: by default the default float dtype.
    """
    shape = as_shape("eye", (N, N if M is None else M))
    rows = apply(iota.iota, shape=shape, dtype=int32, axis=0)
    columns = apply(iota.iota, shape=shape, dtype=int32, axis=1)
    return cast_to(apply(e.eq, rows + splat(k, shape, int32), columns), _default(dtype))


@op
def identity(n: int, dtype: Any = None) -> Tensor:
    """The identity matrix with `n` rows."""
    return eye(n, dtype=dtype)


@op
def tri(N: int, M: int | None = None, k: int = 0, dtype: Any = None) -> Tensor:
    """Ones on the k-th diagonal and below, zeros above it."""
    shape = as_shape("tri", (N, N if M is None else M))
    return cast_to(below_diagonal(shape, k), _default(dtype))


def _matrix(name: str, x: Any) -> Tensor:
    tensor = convert_to_tensor(x)
    if len(tensor.shape) < 2:
        raise ValueError(f"{name}: x needs at least two axes, got shape {tensor.shape}.")
    return tensor


@op
def tril(x: Any, k: int = 0) -> Tensor:
    """`x` with zeros above the k-th diagonal of its last two axes."""
    tensor = _matrix("tril", x)
    return apply(e.select, below_diagonal(tensor.shape, k), tensor, e.zero_like(tensor))


@op
def triu(x: Any, k: int = 0) -> Tensor:
    """`x` with zeros below the k-th diagonal of its last two axes."""
    tensor = _matrix("triu", x)
    return apply(e.select, below_diagonal(tensor.shape, k - 1), e.zero_like(tensor), tensor)
