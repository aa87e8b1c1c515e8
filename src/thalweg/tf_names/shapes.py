"""TensorFlow's names for tensors of given values, and for changes of shape."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from thalweg import ops
from thalweg.tensor.tensor import Tensor

__all__ = [
    "broadcast_to",
    "concat",
    "constant",
    "expand_dims",
    "eye",
    "fill",
    "identity",
    "ones_like",
    "pad",
    "range",
    "rank",
    "repeat",
    "reshape",
    "reverse",
    "roll",
    "shape",
    "size",
    "split",
    "squeeze",
    "stack",
    "stop_gradient",
    "tile",
    "transpose",
    "unstack",
    "zeros_like",
]

Axis = int | Sequence[int] | None


def constant(value: Any, dtype: Any = None, shape: Sequence[int] | None = None) -> Tensor:
    """A tensor with these values; one number fills a whole `shape`.

    Python floats become float32, Python ints int32, and NumPy arrays keep their dtype.

    >>> import thalweg as tw
    >>> tw.constant(1.5, shape=(2, 2))
    <Tensor shape=(2, 2) dtype=float32
    [[1.5 1.5]
     [1.5 1.5]]>
    """
    tensor = ops.convert_to_tensor(value, dtype)
    if shape is None or tensor.shape == tuple(shape):
        return tensor
    wanted = tuple(shape)
    return ops.broadcast_to(tensor, wanted) if tensor.size == 1 else ops.reshape(tensor, wanted)


def identity(input: Any) -> Tensor:
    """The same values as a tensor."""
    return ops.convert_to_tensor(input)


def stop_gradient(input: Any) -> Tensor:
    """The same values, a constant for every gradient."""
    return ops.stop_gradient(input)


def fill(dims: Any, value: Any) -> Tensor:
    """A tensor of shape `dims` filled with one value."""
    return ops.full(tuple(int(n) for n in dims), value)


def range(start: Any, limit: Any = None, delta: Any = 1, dtype: Any = None) -> Tensor:
    """Numbers from `start` up to (without) `limit`; `range(n)` counts from 0."""
    if limit is None:
        start, limit = 0, start
    return ops.arange(start, limit, delta, dtype=dtype)


def zeros_like(input: Any, dtype: Any = None) -> Tensor:
    """Zeros of the shape of `input`."""
    return ops.zeros_like(input, dtype=dtype)


def ones_like(input: Any, dtype: Any = None) -> Tensor:
    """Ones of the shape of `input`."""
    return ops.ones_like(input, dtype=dtype)


def eye(
    num_rows: int,
    num_columns: int | None = None,
    batch_shape: Sequence[int] | None = None,
    dtype: Any = None,
) -> Tensor:
    """Ones on the diagonal and zeros elsewhere, once for each place of `batch_shape`."""
    found = ops.eye(num_rows, num_columns, dtype=dtype)
    return found if batch_shape is None else ops.broadcast_to(found, (*batch_shape, *found.shape))


def shape(input: Any) -> tuple[int, ...]:
    """The lengths of the axes; shapes are static here, so they are Python's numbers."""
    return tuple(ops.shape(input))


def size(input: Any) -> int:
    """The number of elements."""
    return int(ops.size(input))


def rank(input: Any) -> int:
    """The number of axes."""
    return len(ops.shape(input))


def reshape(tensor: Any, shape: Any) -> Tensor:
    """The same elements in another shape, in which one length may be -1."""
    return ops.reshape(tensor, shape)


def expand_dims(input: Any, axis: int) -> Tensor:
    """The tensor with one more axis of length 1."""
    return ops.expand_dims(input, axis)


def squeeze(input: Any, axis: Axis = None) -> Tensor:
    """The tensor without axes of length 1: without all of them, or the given ones."""
    return ops.squeeze(input, axis)


def broadcast_to(input: Any, shape: Any) -> Tensor:
    """The tensor repeated to a larger shape."""
    return ops.broadcast_to(input, shape)


def transpose(a: Any, perm: Sequence[int] | None = None, conjugate: bool = False) -> Tensor:
    """The axes in the order `perm`, by default reversed."""
    moved = ops.transpose(a, perm)
    return ops.conjugate(moved) if conjugate else moved


def concat(values: Sequence[Any], axis: int) -> Tensor:
    """Tensors joined along an axis."""
    return ops.concatenate(values, axis=axis)


def stack(values: Sequence[Any], axis: int = 0) -> Tensor:
    """Tensors of one shape joined along a new axis."""
    return ops.stack(values, axis=axis)


def unstack(value: Any, num: int | None = None, axis: int = 0) -> list[Tensor]:
    """The slices along an axis, which disappears."""
    return ops.unstack(value, num, axis)


def split(value: Any, num_or_size_splits: Any, axis: int = 0) -> list[Tensor]:
    """Pieces along an axis: how many (equal ones), or the length of each."""
    if isinstance(num_or_size_splits, int):
        return ops.split(value, num_or_size_splits, axis=axis)
    ends, at = [], 0
    for n in list(num_or_size_splits)[:-1]:
        at += int(n)
        ends.append(at)
    return ops.split(value, ends, axis=axis)


def tile(input: Any, multiples: Any) -> Tensor:
    """The tensor set side by side with itself, so many times along each axis."""
    return ops.tile(input, multiples)


def repeat(input: Any, repeats: Any, axis: int | None = None) -> Tensor:
    """Each element repeated, along an axis or of the flattened tensor."""
    return ops.repeat(input, repeats, axis=axis)


def pad(tensor: Any, paddings: Any, mode: str = "CONSTANT", constant_values: Any = 0) -> Tensor:
    """`tensor` with `paddings[i]` = (before, after) more elements on axis i.

    Args:
        tensor: the tensor.
        paddings: a pair of numbers for each axis.
        mode: 'CONSTANT', 'REFLECT' (without the outermost element) or 'SYMMETRIC' (with it).
        constant_values: the new elements for 'CONSTANT'.
    """
    lower = mode.lower()
    if lower not in ("constant", "reflect", "symmetric"):
        raise ValueError(f"pad: mode must be 'CONSTANT', 'REFLECT' or 'SYMMETRIC', got {mode!r}.")
    if lower == "constant":
        return ops.pad(tensor, paddings, mode=lower, constant_values=constant_values)
    return ops.pad(tensor, paddings, mode=lower)


def reverse(tensor: Any, axis: Axis) -> Tensor:
    """The elements in reverse order along the axes."""
    return ops.flip(tensor, axis=axis)


def roll(input: Any, shift: Any, axis: Any) -> Tensor:
    """The elements moved along the axes, those that fall out coming in again."""
    return ops.roll(input, shift, axis=axis)
