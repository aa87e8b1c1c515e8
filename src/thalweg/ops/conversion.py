"""From values to tensors, and from one dtype to another."""

from __future__ import annotations

from typing import Any

from thalweg.ops.arguments import apply, cast_to, splat
from thalweg.ops.dispatch import op
from thalweg.primitives import elementwise as e
from thalweg.primitives import movement
from thalweg.tensor import convert
from thalweg.tensor.dtypes import as_dtype, bool_, uint8, uint16, uint32, uint64
from thalweg.tensor.tensor import Tensor

__all__ = ["array", "copy", "view"]

_UNSIGNED = {1: uint8, 2: uint16, 4: uint32, 8: uint64}


@op
def cast(x: Any, dtype: Any) -> Tensor:
    """`x` with another dtype; floats are cut towards zero, complex numbers lose the imaginary part.

    >>> from thalweg import ops
    >>> ops.cast([1.7, -1.7], "int32").numpy()
    array([ 1, -1], dtype=int32)
    """
    return cast_to(convert.convert_to_tensor(x), as_dtype(dtype))


@op
def convert_to_tensor(x: Any, dtype: Any = None) -> Tensor:
    """A tensor with the values of `x`.

    Args:
        x: a number, nested lists, a NumPy array, a tensor or a variable. Python floats become the
            default float dtype, Python ints int32 (int64 where they do not fit); NumPy arrays keep
            their dtype. An array is copied, so later writes to it change nothing.
        dtype: the dtype wanted; by default as above.

    >>> from thalweg import ops
    >>> ops.convert_to_tensor([1, 2, 3])
    <Tensor shape=(3,) dtype=int32 [1 2 3]>
    """
    return convert.convert_to_tensor(x, dtype)


@op
def array(x: Any, dtype: Any = None) -> Tensor:
    """NumPy's name for `convert_to_tensor`."""
    return convert.convert_to_tensor(x, dtype)


@op
def copy(x: Any) -> Tensor:
    """The values of `x`; tensors never change, so a tensor is returned as it is."""
    return convert.convert_to_tensor(x)


@op
def view(x: Any, dtype: Any = None) -> Tensor:
    """The bytes of `x` read as another dtype.

    Args:
        x: a tensor.
        dtype: the dtype wanted. Where its size differs, the last axis shrinks or grows, and must be
            divisible accordingly.

    >>> from thalweg import ops
    >>> ops.view(ops.array([1.0]), "int32").numpy()
    array([1065353216], dtype=int32)
    """
    tensor = convert.convert_to_tensor(x)
    wanted = tensor.dtype if dtype is None else as_dtype(dtype)
    old, new = tensor.dtype.itemsize, wanted.itemsize
    if wanted == tensor.dtype:
        return tensor
    if bool_ in (wanted, tensor.dtype) or max(old, new) > 8:
        raise TypeError(f"view: {tensor.dtype.name} cannot be read as {wanted.name}.")
    if old == new:
        return apply(e.bitcast, tensor, dtype=wanted)
    length = (tensor.shape[-1] if tensor.shape else 1) * old
    if not tensor.shape or length % new:
        raise ValueError(
            f"view: the last axis of a {tensor.dtype.name} tensor of shape {tensor.shape} cannot "
            f"be read as {wanted.name}: its {length} bytes are not whole elements of {new}."
        )
    pieces = _split_bytes if new < old else _join_bytes
    return apply(e.bitcast, pieces(tensor, new), dtype=wanted)


def _split_bytes(x: Tensor, size: int) -> Tensor:
    """Unsigned integers of `size` bytes, the lowest first."""
    wide, narrow = _UNSIGNED[x.dtype.itemsize], _UNSIGNED[size]
    bits = apply(e.bitcast, x, dtype=wide)
    shape = (*x.shape, 1)
    parts = []
    for i in range(x.dtype.itemsize // size):
        shift = splat(i * size * 8, x.shape, wide)
        part = apply(e.cast, apply(e.shift_right, bits, shift), dtype=narrow)
        parts.append(apply(movement.reshape, part, shape=shape))
    joined = apply(movement.concat, *parts, axis=len(x.shape))
    return apply(movement.reshape, joined, shape=(*x.shape[:-1], x.shape[-1] * len(parts)))


def _join_bytes(x: Tensor, size: int) -> Tensor:
    """Unsigned integers of `size` bytes from several smaller ones, the lowest first."""
    small, wide = x.dtype.itemsize, _UNSIGNED[size]
    count = size // small
    bits = apply(e.cast, apply(e.bitcast, x, dtype=_UNSIGNED[small]), dtype=wide)
    shape = (*x.shape[:-1], x.shape[-1] // count, count)
    bits = apply(movement.reshape, bits, shape=shape)
    found = splat(0, shape[:-1], wide)
    for i in range(count):
        stop = (*shape[:-1], i + 1)
        part = apply(
            movement.slice_,
            bits,
            start=(*(0,) * len(shape[:-1]), i),
            stop=stop,
            step=(1,) * len(shape),
        )
        part = apply(movement.reshape, part, shape=shape[:-1])
        shift = splat(i * small * 8, shape[:-1], wide)
        found = apply(e.or_, found, apply(e.shift_left, part, shift))
    return found
