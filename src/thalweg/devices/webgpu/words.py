"""Elements as the GPU keeps them: one 32-bit word each, and back.

Floats are float32, integers int32 or uint32, truth values 0 and 1.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from thalweg.tensor.dtypes import is_floating

__all__ = ["from_words", "to_words"]

_Array = np.ndarray[Any, Any]


def to_words(values: Any, dtype: np.dtype[Any]) -> _Array:
    """The elements of an array as words, flat."""
    array = np.ascontiguousarray(values, dtype).reshape(-1)
    return array if dtype == _held(dtype) else array.astype(_held(dtype))


def from_words(words: _Array, dtype: np.dtype[Any]) -> _Array:
    """The elements that words (uint32) stand for."""
    held = _held(dtype)
    found = words.view(held)
    return found if held == dtype else found.astype(dtype)


def _held(dtype: np.dtype[Any]) -> np.dtype[Any]:
    if is_floating(dtype):
        return np.dtype(np.float32)
    return np.dtype(np.int32 if dtype.kind == "i" else np.uint32)
