"""Memory that native code works on: addresses of arrays, and the arena."""

from __future__ import annotations

import ctypes
import mmap
from typing import Any

import numpy as np

from thalweg.tensor.dtypes import uint8
from thalweg.tensor.storage import aligned_empty

__all__ = ["address", "room"]

_Array = np.ndarray[Any, Any]
_HUGE = 2 * 1024 * 1024

_word = ctypes.c_size_t.from_address
# An array object begins with Python's header, then the pointer to its data (a part of NumPy's
# binary interface). Asking `array.ctypes.data` takes ten times longer, as long as a small Program.
_DATA = object.__basicsize__


def address(array: _Array) -> int:
    """Where the data of an array begin."""
    return _word(id(array) + _DATA).value


def room(size: int) -> _Array:
    """Bytes that begin a cache line; much memory comes in huge pages where the system has them."""
    if size < _HUGE or not hasattr(mmap, "MADV_HUGEPAGE"):
        return aligned_empty((size,), uint8)
    # Private: a child process must not work in its parent's memory, and shared memory has no huge
    # pages.
    memory = mmap.mmap(-1, size + _HUGE, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
    memory.madvise(mmap.MADV_HUGEPAGE)
    whole: _Array = np.frombuffer(memory, np.uint8)
    begin = -address(whole) % _HUGE
    return whole[begin : begin + size]


_probe = np.zeros(1)
if address(_probe) != _probe.ctypes.data:  # pragma: no cover
    raise ImportError("This Python keeps the data of arrays in another place than is known.")
