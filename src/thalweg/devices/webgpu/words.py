"""Elements as the GPU keeps them: one 32-bit word each, and back.

Floats are float32, integers int32 or uint32, truth values 0 and 1. int64 is taken as int32.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from thalweg.tensor.dtypes import int64, is_floating

__all__ = ["from_words", "to_words"]

_Array = np.ndarray[Any, Any]


def to_words(values: Any, dtype: np.dtype[Any]) -> _Array:
    """The elements of an array as words, flat.

    Raises:
        ValueError: if integers are too large for a word.
    """
    array = np.ascontiguousarray(values, dtype).reshape(-1)
    if dtype == int64 and array.size and not _fits(array):
        raise ValueError(
            f"The device 'webgpu' has int64 as int32, which does not hold {array.min()} to "
            f"{array.max()}; the device 'cpu' does."
        )
    return array if dtype == _held(dtype) else array.astype(_held(dtype))


def _fits(array: _Array) -> bool:
    limits = np.iinfo(np.int32)
    return bool(array.min() >= limits.min and array.max() <= limits.max)


def from_words(words: _Array, dtype: np.dtype[Any]) -> _Array:
    """The elements that words (uint32) stand for."""
    held = _held(dtype)
    found = words.view(held)
    return found if held == dtype else found.astype(dtype)


def _held(dtype: np.dtype[Any]) -> np.dtype[Any]:
    if is_floating(dtype):
        return np.dtype(np.float32)
    return np.dtype(np.int32 if dtype.kind == "i" else np.uint32)
