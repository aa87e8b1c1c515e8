"""The parts of complex numbers under NumPy's names; real numbers count as complex ones."""

from __future__ import annotations

import math
from typing import Any

from thalweg.ops.arguments import apply, floating, splat
from thalweg.ops.dispatch import op
from thalweg.primitives import elementwise as e
from thalweg.tensor.convert import convert_to_tensor
from thalweg.tensor.dtypes import bool_, is_complex
from thalweg.tensor.tensor import Tensor

__all__ = ["angle", "conj", "conjugate", "imag", "isreal", "real"]


@op
def real(x: Any) -> Tensor:
    """The real part."""
    tensor = convert_to_tensor(x)
    return apply(e.real, tensor) if is_complex(tensor.dtype) else tensor


@op
def imag(x: Any) -> Tensor:
    """The imaginary part; zeros for a real tensor."""
    tensor = convert_to_tensor(x)
    return apply(e.imag, tensor) if is_complex(tensor.dtype) else e.zero_like(tensor)


@op
def conjugate(x: Any) -> Tensor:
    """The complex conjugate."""
    return e.conj(convert_to_tensor(x))


@op
def conj(x: Any) -> Tensor:
    """The complex conjugate; short for `conjugate`."""
    return e.conj(convert_to_tensor(x))


@op
def angle(x: Any) -> Tensor:
    """The angle in the complex plane, in radians: 0 for positive, pi for negative real numbers."""
    tensor = floating(x)
    if is_complex(tensor.dtype):
        return apply(e.arctan2, apply(e.imag, tensor), apply(e.real, tensor))
    zero = e.zero_like(tensor)
    turned = splat(math.pi, tensor.shape, tensor.dtype)
    found = apply(e.select, apply(e.lt, tensor, zero), turned, zero)
    return apply(e.select, apply(e.ne, tensor, tensor), tensor, found)


@op
def isreal(x: Any) -> Tensor:
    """Whether the imaginary part is 0."""
    tensor = convert_to_tensor(x)
    if not is_complex(tensor.dtype):
        return splat(True, tensor.shape, bool_)
    part = apply(e.imag, tensor)
    return apply(e.eq, part, e.zero_like(part))
