"""TensorFlow's names for picking elements out of tensors and putting them in."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from thalweg import ops
from thalweg.tensor.tensor import Tensor

__all__ = [
    "boolean_mask",
    "gather",
    "gather_nd",
    "one_hot",
    "scatter_nd",
    "slice",
    "tensor_scatter_nd_add",
    "tensor_scatter_nd_update",
    "where",
]


def where(condition: Any, x: Any = None, y: Any = None) -> Tensor:
    """`x` where the condition is true, `y` elsewhere.

    Without `x` and `y`, the places where it is true: shape (number of places, axes). How many
    there are depends on values, so that form is for eager code.
    """
    if x is None and y is None:
        return ops.stack(ops.nonzero(condition), axis=-1)
    found: Tensor = ops.where(condition, x, y)
    return found


def gather(params: Any, indices: Any, axis: int = 0) -> Tensor:
    """The slices of `params` at `indices` along an axis."""
    return ops.take(params, indices, axis=axis)


def gather_nd(params: Any, indices: Any) -> Tensor:
    """The elements or slices of `params` at places of several indices.

    Args:
        params: the tensor.
        indices: shape (..., k), the first k indices of a place each.

    Returns:
        Shape (..., *params.shape[k:]).

    >>> import thalweg as tw
    >>> tw.gather_nd([[1, 2], [3, 4]], [[0, 1], [1, 0]]).numpy()
    array([2, 3], dtype=int32)
    """
    x, places = ops.convert_to_tensor(params), ops.convert_to_tensor(indices)
    k = places.shape[-1]
    if k > x.ndim:
        raise ValueError(
            f"gather_nd: indices of shape {places.shape} have more than the {x.ndim} axes of "
            f"params (shape {x.shape})."
        )
    strides = np.array([math.prod(x.shape[i + 1 : k]) for i in range(k)], np.int32)
    flat = ops.sum(places * ops.convert_to_tensor(strides, places.dtype), axis=-1)
    rows = ops.reshape(x, (math.prod(x.shape[:k]), *x.shape[k:]))
    return ops.take(rows, flat, axis=0)


def boolean_mask(tensor: Any, mask: Any) -> Tensor:
    """The elements (or rows) where `mask` is true; its result's length depends on values."""
    return ops.convert_to_tensor(tensor)[ops.cast(mask, "bool")]


def slice(input_: Any, begin: Any, size: Sequence[int]) -> Tensor:
    """The piece of length `size[i]` from `begin[i]` on each axis; -1 for all that is left."""
    return ops.slice(input_, begin, size)


def scatter_nd(indices: Any, updates: Any, shape: Sequence[int]) -> Tensor:
    """Zeros with `updates` added at places of several indices; as `ops.scatter`."""
    return ops.scatter(indices, updates, shape)


def tensor_scatter_nd_update(tensor: Any, indices: Any, updates: Any) -> Tensor:
    """`tensor` with `updates` in the place of what is at `indices`."""
    return ops.scatter_update(tensor, indices, updates)


def tensor_scatter_nd_add(tensor: Any, indices: Any, updates: Any) -> Tensor:
    """`tensor` with `updates` added at `indices`."""
    return ops.scatter_update(tensor, indices, updates, reduction="add")


def one_hot(
    indices: Any,
    depth: int,
    on_value: Any = 1.0,
    off_value: Any = 0.0,
    axis: int = -1,
    dtype: Any = None,
) -> Tensor:
    """`on_value` at each index along a new axis of length `depth`, `off_value` elsewhere."""
    hot = ops.one_hot(ops.cast(indices, "int32"), depth, axis=axis, dtype="bool")
    chosen: Tensor = ops.where(hot, on_value, off_value)
    return chosen if dtype is None else ops.cast(chosen, dtype)
