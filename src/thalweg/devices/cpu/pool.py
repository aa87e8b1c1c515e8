"""The pool: the native threads of this process, made when first needed, and how a job is run.

They belong to the process: a child process made by fork has none, so it makes its own.
"""

from __future__ import annotations

import ctypes
import functools
import os
import signal
import sys
import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from thalweg.devices.cpu import jit, threads
from thalweg.devices.cpu.host import host
from thalweg.devices.cpu.memory import address, room

__all__ = ["Pool", "launcher", "pool"]

# No machine that this runs on has more.
_MOST = 512


@dataclass(slots=True)
class Pool:
    """Threads that are waiting for jobs.

    Attributes:
        address: of the memory that they share.
        workers: how many can work on one job, the calling thread included.
    """

    address: int
    workers: int
    memory: np.ndarray[Any, Any]


_pool: Pool | None = None
_lock = threading.Lock()


def pool(workers: int) -> Pool:
    """The pool, with threads for this many workers if the system allows.

    Only Linux has more than one worker: the code that waits is written for its futex.
    """
    global _pool
    with _lock:
        if _pool is None:
            memory = room(threads.SLOT + 64 * _MOST)
            memory[:] = 0
            _pool = Pool(address(memory), 1, memory)
        while _pool.workers < min(workers, _MOST) and sys.platform == "linux":
            if not _begin_thread(_pool, _pool.workers):
                break
            _pool.workers += 1
        return _pool


@functools.cache
def launcher() -> Callable[[int, int], None]:
    """`launch(pool, job)`, addresses of both; the GIL is free while it runs."""
    kind = ctypes.CFUNCTYPE(None, ctypes.c_void_p, ctypes.c_void_p)
    return kind(_code().addresses[threads.LAUNCH])


@functools.cache
def _code() -> jit.Code:
    # It is never freed: the threads wait in it until the process ends.
    machine = host()
    return jit.load(threads.threads(machine.target), (threads.LAUNCH, threads.THREAD), machine)


def _begin_thread(made: Pool, number: int) -> bool:
    slot = made.memory[threads.SLOT + 64 * (number - 1) :]
    slot[threads.SLOT_NUMBER :][:8].view(np.int64)[0] = number
    slot[threads.SLOT_POOL :][:8].view(np.int64)[0] = made.address
    library = ctypes.CDLL(None)
    thread = ctypes.c_ulong()
    entry = ctypes.c_void_p(_code().addresses[threads.THREAD])
    # Signals are for Python's threads: a new thread inherits what is blocked.
    mask = signal.pthread_sigmask(signal.SIG_BLOCK, signal.valid_signals())
    try:
        code = library.pthread_create(
            ctypes.byref(thread), None, entry, ctypes.c_void_p(address(slot))
        )
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, mask)
    if code == 0:
        library.pthread_detach(thread)
    return bool(code == 0)


def _forget() -> None:
    """In a child process: the threads stayed with the parent, and so did who held the lock."""
    global _pool, _lock
    _pool, _lock = None, threading.Lock()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget)
