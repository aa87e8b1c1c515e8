"""From Python numbers, nested lists, NumPy arrays and variables to tensors."""

from __future__ import annotations

from typing import Any

import numpy as np

from thalweg import config
from thalweg.tensor.dtypes import DTYPES, DType, as_dtype, int32, int64
from thalweg.tensor.operators import OPERATIONS
from thalweg.tensor.tensor import Tensor

__all__ = ["convert_to_tensor"]


def convert_to_tensor(x: Any, dtype: Any = None) -> Tensor:
    """A tensor with the values of `x`.

    Args:
        x: a number, nested lists, a NumPy array, a tensor or a variable. Python floats become
            the default float dtype, Python ints int32 (int64 where they do not fit); NumPy
            arrays keep their dtype. An array is copied, so later writes to it change nothing.
        dtype: the dtype wanted; by default as above.

    >>> import thalweg as tw
    >>> tw.ops.convert_to_tensor([1, 2, 3])
    <Tensor shape=(3,) dtype=int32 [1 2 3]>
    """
    if isinstance(x, Tensor):
        wanted = x.dtype if dtype is None else as_dtype(dtype)
        return x if x.dtype == wanted else OPERATIONS["cast"](x, wanted)
    value = getattr(x, "value", None)
    if isinstance(value, Tensor):  # a Variable
        return convert_to_tensor(value, dtype)
    if isinstance(x, (list, tuple)) and _holds_tensor(x):
        stacked: Tensor = OPERATIONS["stack"]([convert_to_tensor(item) for item in x])
        return convert_to_tensor(stacked, dtype)
    if dtype is not None:
        wanted = as_dtype(dtype)
        return Tensor(_array(x).astype(wanted, copy=True))
    array = _array(x)
    if not isinstance(x, (np.ndarray, np.generic)) and not hasattr(x, "__array__"):
        return Tensor(array.astype(_python_dtype(array), copy=True))
    return Tensor(array.copy())


def _holds_tensor(items: Any) -> bool:
    for item in items:
        if isinstance(item, Tensor) or isinstance(getattr(item, "value", None), Tensor):
            return True
        if isinstance(item, (list, tuple)) and _holds_tensor(item):
            return True
    return False


def _array(x: Any) -> np.ndarray[Any, Any]:
    try:
        array = np.asarray(x)
    except ValueError:
        raise ValueError(
            "A tensor needs rows of equal length, got nested lists of different lengths."
        ) from None
    if array.dtype.name not in DTYPES:
        raise ValueError(
            f"A tensor cannot hold values of type {array.dtype.name} "
            f"(from a {type(x).__name__}); expected numbers or booleans."
        )
    return array


def _python_dtype(array: np.ndarray[Any, Any]) -> DType:
    """The dtype for values that came as Python numbers."""
    if array.dtype.kind == "f":
        return DTYPES[config.floatx()]
    if array.dtype.kind == "c":
        return DTYPES["complex64"]
    if array.dtype.kind in "iu":
        limits = np.iinfo(np.int32)
        fits = array.size == 0 or (array.min() >= limits.min and array.max() <= limits.max)
        return int32 if fits else (int64 if array.dtype.kind == "i" else array.dtype)
    return array.dtype
