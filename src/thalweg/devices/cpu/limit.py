"""What this machine can reach at most, measured: products of matrices, and memory.

`explain` sets what a Program reaches beside these. All threads work at once, each on its own, and
many short turns of each are timed: so other programs on the machine hardly disturb.
"""

from __future__ import annotations

import concurrent.futures
import contextlib
import ctypes
import functools
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from thalweg import config
from thalweg.devices.limit import Limit

__all__ = ["limit"]

# A turn takes a few milliseconds at most, less than the system gives a thread before the next.
_MATRIX, _PRODUCTS = 512, 60
# What each thread goes through, more than the caches hold, and in what pieces.
_MEMORY, _PIECE, _ROUNDS = 64 * 1024 * 1024, 4 * 1024 * 1024, 4


def limit() -> Limit:
    """The limits on `config.threads()` threads, measured once for each number (half a second).

    >>> limit().flops > 1e9
    True
    """
    return _limit(config.threads())


@functools.cache
def _limit(threads: int) -> Limit:
    with concurrent.futures.ThreadPoolExecutor(threads) as workers:
        with _blas_threads(1):
            flops = sum(workers.map(lambda _: _flops(), range(threads)))
        bandwidth = sum(workers.map(lambda _: _bandwidth(), range(threads)))
    return Limit(threads, flops, bandwidth)


def _flops() -> float:
    """The rate of one thread."""
    a = np.ones((_MATRIX, _MATRIX), np.float32)
    b, out = a.copy(), a.copy()
    turns = [lambda: np.matmul(a, b, out=out)] * _PRODUCTS
    return 2 * _MATRIX**3 / min(_times(turns))


def _bandwidth() -> float:
    """The rate of one thread."""
    source = np.ones((_MEMORY // _PIECE, _PIECE), np.uint8)
    target = np.ones_like(source)

    def copy(k: int) -> None:
        target[k] = source[k]

    turns = [functools.partial(copy, k) for k in range(len(source))] * _ROUNDS
    # Not the best one: a cache may hold some of the pieces.
    return 2 * _PIECE / float(np.median(_times(turns)))


def _times(turns: Sequence[Callable[[], Any]]) -> list[float]:
    """Seconds of each turn."""
    turns[0]()
    found = []
    for turn in turns:
        begin = time.perf_counter()
        turn()
        found.append(time.perf_counter() - begin)
    return found


@contextlib.contextmanager
def _blas_threads(count: int) -> Iterator[None]:
    """Let NumPy's own OpenBLAS use so many threads, where it is that and can be told."""
    library = _openblas()
    if library is None:
        yield
        return
    before = library.scipy_openblas_get_num_threads64_()
    library.scipy_openblas_set_num_threads64_(count)
    try:
        yield
    finally:
        library.scipy_openblas_set_num_threads64_(before)


def _openblas() -> Any:
    for path in (Path(np.__file__).parents[1] / "numpy.libs").glob("libscipy_openblas64_*"):
        with contextlib.suppress(OSError, AttributeError):
            library = ctypes.CDLL(str(path))
            library.scipy_openblas_get_num_threads64_.restype = ctypes.c_int
            return library
    return None
