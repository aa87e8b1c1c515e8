"""What this machine can reach at most, measured: products of matrices, and memory.

`explain` sets what a Program reaches beside these.
"""

from __future__ import annotations

import concurrent.futures
import contextlib
import ctypes
import functools
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from thalweg import config

__all__ = ["Limit", "limit"]

_MATRIX = 1536
_MEMORY = 64 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Limit:
    """The limits of a machine on some number of threads.

    Attributes:
        threads: how many.
        flops: float32 operations a second in a product of large matrices (NumPy's BLAS).
        bandwidth: bytes a second read and written by copies that no cache holds.
    """

    threads: int
    flops: float
    bandwidth: float


def limit() -> Limit:
    """The limits on `config.threads()` threads, measured once for each number (about a second).

    >>> limit().flops > 1e9
    True
    """
    return _limit(config.threads())


@functools.cache
def _limit(threads: int) -> Limit:
    return Limit(threads, _flops(threads), _bandwidth(threads))


def _flops(threads: int) -> float:
    a = np.ones((_MATRIX, _MATRIX), np.float32)
    b, out = a.copy(), a.copy()
    with _blas_threads(threads):
        seconds = _best(lambda: np.matmul(a, b, out=out), 8)
    return 2 * _MATRIX**3 / seconds


def _bandwidth(threads: int) -> float:
    source = np.ones((threads, _MEMORY // threads), np.uint8)
    target = np.ones_like(source)

    def copy(k: int) -> None:
        target[k] = source[k]

    with concurrent.futures.ThreadPoolExecutor(threads) as workers:
        seconds = _best(lambda: list(workers.map(copy, range(threads))), 6)
    return 2 * source.nbytes / seconds


def _best(work: Callable[[], Any], repeats: int) -> float:
    work()
    best = float("inf")
    for _ in range(repeats):
        begin = time.perf_counter()
        work()
        best = min(best, time.perf_counter() - begin)
    return best


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
