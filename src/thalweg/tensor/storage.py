"""The memory in which compiled Programs keep variables, and the lock that guards it.

That is an array of this machine and, for Programs on a device with memory of its own, a copy there:
the value stays where it was written last, until somebody wants it elsewhere.
"""

from __future__ import annotations

import math
import os
import threading
from typing import Any, Protocol

import numpy as np

from thalweg.tensor.dtypes import DType

__all__ = ["ALIGNMENT", "STATE_LOCK", "Holder", "Storage", "aligned_empty"]

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


class Holder(Protocol):
    """Memory of a device that values of variables are in."""

    def fetch(self, storage: Storage) -> None:
        """Copy a value that is here into the array of its storage."""
        ...


class Storage:
    """Where the value of one variable is; whoever uses it holds `STATE_LOCK`.

    Attributes:
        array: C-contiguous, from a multiple of `ALIGNMENT` bytes on; the same object for ever.
        holder: the device that has the value while the array has an older one; None: the array has
            it.
        version: another number after each change, to tell whether a copy is still the value.
    """

    __slots__ = ("array", "holder", "version")

    def __init__(self, array: np.ndarray[Any, Any]) -> None:
        self.array = array
        self.holder: Holder | None = None
        self.version = 0

    def here(self) -> np.ndarray[Any, Any]:
        """The array with the value in it."""
        holder = self.holder
        if holder is not None:
            holder.fetch(self)
            self.holder = None
        return self.array
