"""What a tensor is, and how it leaves: dtype, shape, NumPy, constants for the gradient."""

from __future__ import annotations

from typing import Any

import numpy as np

from thalweg.ops.arguments import apply, canonical_axis, cast_to
from thalweg.ops.bounds import clip
from thalweg.ops.comparison import isnan
from thalweg.ops.dispatch import op
from thalweg.ops.shaping import along, reshape
from thalweg.ops.taking import where
from thalweg.primitives import elementwise as e
from thalweg.tensor.convert import convert_to_tensor
from thalweg.tensor.dtypes import (
    DType,
    as_dtype,
    bfloat16,
    bool_,
    is_complex,
    is_floating,
    is_integer,
    real_of,
)
from thalweg.tensor.tensor import Tensor

__all__ = [
    "convert_to_numpy",
    "dtype",
    "is_tensor",
    "saturate_cast",
    "shape",
    "stop_gradient",
    "unstack",
]


def convert_to_numpy(x: Any) -> np.ndarray[Any, Any]:
    """The values of `x` as a NumPy array.

    >>> from thalweg import ops
    >>> ops.convert_to_numpy(ops.ones(2))
    array([1., 1.], dtype=float32)
    """
    return np.asarray(convert_to_tensor(x))


def is_tensor(x: Any) -> bool:
    """Whether `x` is a tensor (a variable and a NumPy array are not)."""
    return isinstance(x, Tensor)


def dtype(x: Any) -> str:
    """The name of the dtype of `x`.

    >>> from thalweg import ops
    >>> ops.dtype(ops.ones(2))
    'float32'
    """
    found = x.dtype if hasattr(x, "dtype") else convert_to_tensor(x).dtype
    return as_dtype(found).name


def shape(x: Any) -> tuple[int, ...]:
    """The shape of `x`, a tuple."""
    return tuple(x.shape) if hasattr(x, "shape") else convert_to_tensor(x).shape


@op
def stop_gradient(variable: Any) -> Tensor:
    """The same values, a constant for every gradient.

    >>> import thalweg as tw
    >>> x = tw.Variable(3.0)
    >>> with tw.GradientTape() as tape:
    ...     y = x * tw.ops.stop_gradient(x)
    >>> tape.gradient(y, x).numpy()
    np.float32(3.0)
    """
    return apply(e.stop_gradient, convert_to_tensor(variable))


@op
def unstack(x: Any, num: int | None = None, axis: int = 0) -> list[Tensor]:
    """The slices of a tensor along an axis, which disappears.

    Args:
        x: the input.
        num: how many there are, checked if given.
        axis: the axis.
    """
    tensor = convert_to_tensor(x)
    place = canonical_axis("unstack", axis, tensor.ndim)
    n = tensor.shape[place]
    if num is not None and num != n:
        raise ValueError(f"unstack: axis {axis} of shape {tensor.shape} has length {n}, not {num}.")
    rest = (*tensor.shape[:place], *tensor.shape[place + 1 :])
    return [reshape(along(tensor, place, i, i + 1), rest) for i in range(n)]


@op
def saturate_cast(x: Any, dtype: Any) -> Tensor:
    """`x` with another dtype; what lies outside its range becomes the nearest end, NaN becomes 0.

    >>> from thalweg import ops
    >>> ops.saturate_cast([-1.0, 300.0], "uint8").numpy()
    array([  0, 255], dtype=uint8)
    """
    tensor, wanted = convert_to_tensor(x), as_dtype(dtype)
    if tensor.dtype == bool_ or is_complex(wanted):
        return cast_to(tensor, wanted)
    if is_complex(tensor.dtype):
        tensor = cast_to(tensor, real_of(tensor.dtype))
    if is_floating(tensor.dtype) and is_integer(wanted):
        tensor = where(isnan(tensor), 0, tensor)
    low, high = (0, 1) if wanted == bool_ else _ends(tensor.dtype, wanted)
    return cast_to(clip(tensor, low, high), wanted)


def _range(dtype: DType) -> tuple[Any, Any]:
    if dtype == bfloat16:
        top = float(np.float32(2.0) ** 127 * (2 - 2**-7))
        return -top, top
    if is_floating(dtype):
        limits = np.finfo(dtype)
        return float(limits.min), float(limits.max)
    whole = np.iinfo(dtype)
    return int(whole.min), int(whole.max)


def _ends(source: DType, wanted: DType) -> tuple[Any, Any]:
    """The range that both dtypes can hold, in numbers that the source holds exactly."""
    (low, high), (least, most) = _range(source), _range(wanted)
    if is_floating(source) and is_integer(wanted):
        # 2**31 - 1 is no float32, and the nearest one is too large.
        digits = 8 if source == bfloat16 else np.finfo(source).nmant + 1
        spare = max(most.bit_length() - digits, 0)
        most = (most >> spare) << spare
    return max(low, least), min(high, most)
