"""The memory in which compiled Programs keep variables, and the lock that guards it."""

from __future__ import annotations

import math
import os
import threading
from typing import Any

import numpy as np

from thalweg.tensor.dtypes import DType

__all__ = ["ALIGNMENT", "STATE_LOCK", "aligned_empty"]

# A cache line, and the widest vector that a kernel loads.
ALIGNMENT = 64

# Held while a Program changes variables in place and while a snapshot of one is taken, so that no
# thread sees half an update. One lock for all: a Program keeps every core busy by itself.
STATE_LOCK = threading.RLock()

# A child process must not inherit the lock from a thread that it does not have, nor variables in
# the middle of an update: so a fork waits for both.
if hasattr(os, "register_at_fork"):
    os.register_at_fork(
        before=STATE_LOCK.acquire,
        after_in_parent=STATE_LOCK.release,
        after_in_child=STATE_LOCK.release,
    )


def aligned_empty(shape: tuple[int, ...], dtype: DType) -> np.ndarray[Any, Any]:
    """A C-contiguous array without values whose data start at a multiple of `ALIGNMENT` bytes.

    >>> array = aligned_empty((3, 5), np.dtype("float32"))
    >>> array.shape, array.ctypes.data % ALIGNMENT
    ((3, 5), 0)
    """
    size = math.prod(shape) * dtype.itemsize
    room = np.empty(size + ALIGNMENT, np.uint8)
    start = -room.ctypes.data % ALIGNMENT
    return room[start : start + size].view(dtype).reshape(shape)
