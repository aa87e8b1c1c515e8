"""What the operations of linear algebra do with their arguments."""

from __future__ import annotations

from typing import Any

import numpy as np

from thalweg.ops.arguments import (
    cast_to,
    floating,
)
from thalweg.ops.shaping import moveaxis
from thalweg.primitives import elementwise as e
from thalweg.tensor.dtypes import DType, is_complex, result_type
from thalweg.tensor.tensor import Tensor

__all__ = ["adjoint", "as_matrices", "identity_matrix", "real_cast"]


def as_matrices(name: str, x: Any, square: bool = False) -> tuple[Tensor, DType]:
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


def identity_matrix(n: int, dtype: DType) -> Tensor:
    """The identity, a constant."""
    return Tensor(np.eye(n).astype(dtype))


def real_cast(x: Tensor, dtype: DType) -> Tensor:
    """A real result (singular values, logarithms) in the dtype of real matrices."""
    return x if is_complex(dtype) else cast_to(x, dtype)
