"""TensorFlow's names for products of tensors."""

from __future__ import annotations

from typing import Any

from thalweg import ops
from thalweg.tensor.tensor import Tensor

__all__ = ["einsum", "matmul", "tensordot"]


def matmul(a: Any, b: Any, transpose_a: bool = False, transpose_b: bool = False) -> Tensor:
    """The product of matrices (of the last two axes).

    >>> import thalweg as tw
    >>> tw.matmul([[1.0, 2.0]], [[3.0, 4.0]], transpose_b=True).numpy()
    array([[11.]], dtype=float32)
    """
    a, b = ops.convert_to_tensor(a), ops.convert_to_tensor(b)
    a = ops.swapaxes(a, -1, -2) if transpose_a else a
    b = ops.swapaxes(b, -1, -2) if transpose_b else b
    return ops.matmul(a, b)


def tensordot(a: Any, b: Any, axes: Any) -> Tensor:
    """The sum of products over pairs of axes; as `ops.tensordot`."""
    return ops.tensordot(a, b, axes)


def einsum(equation: str, *inputs: Any) -> Tensor:
    """Einstein's summation, for example `einsum("ij,jk->ik", a, b)`."""
    return ops.einsum(equation, *inputs)
