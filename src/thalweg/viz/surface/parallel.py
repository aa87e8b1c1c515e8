"""Independent runs of one compiled function, spread over the cores.

Each thread of Python has the Program for itself, with memory of its own, and computes whole runs on
one core. So no kernel ends with waiting for another core, which for small networks costs as much as
the kernel, and far more on a processor that is busy with other things.
"""

from __future__ import annotations

import copy
import queue
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np

from thalweg import config
from thalweg.tracing.concrete import ConcreteFunction
from thalweg.tracing.executor import make_executable
from thalweg.tracing.function import function

__all__ = ["on_all_threads"]

Array = np.ndarray[Any, Any]


def on_all_threads(
    of_arrays: Callable[..., Any], name: str
) -> Callable[[Sequence[tuple[Array, ...]]], list[Any]]:
    """What calls a function with each of several tuples of arrays, of the same shapes each.

    Args:
        of_arrays: from tensors to a tensor; it is traced and compiled once, and changes nothing.
        name: what it is called in messages.
    """
    traced = function(of_arrays, autograph=False, jit_compile=True, name=name)
    known: list[ConcreteFunction] = []

    def run(calls: Sequence[tuple[Array, ...]]) -> list[Any]:
        if not known:
            known.append(traced.get_concrete_function(*calls[0]))
        first = known[0]
        count = min(config.threads(), len(calls)) if config.device() == "cpu" else 1
        if count == 1:
            return [first.run(list(arrays)) for arrays in calls]
        _ = first.executable.runner()  # compiled before the others look for it in the cache
        while len(known) < count:
            known.append(_twin(first, name))
        free: queue.SimpleQueue[ConcreteFunction] = queue.SimpleQueue()
        for one in known:
            free.put(one)

        def compute(arrays: tuple[Array, ...]) -> Any:
            one = free.get()
            try:
                with config.one_thread():
                    return one.run(list(arrays))
            finally:
                free.put(one)

        pool = ThreadPoolExecutor(count, thread_name_prefix=f"thalweg-{name}")
        try:
            return [future.result() for future in [pool.submit(compute, c) for c in calls]]
        finally:  # Ctrl-C ends it after the runs that have begun
            pool.shutdown(cancel_futures=True)

    return run


def _twin(one: ConcreteFunction, name: str) -> ConcreteFunction:
    """The same function with memory of its own, so that both can run at the same time."""
    twin = copy.copy(one)
    paths = [v.path for v in one.variables]
    twin.executable = make_executable(one.graph, len(one.variables), True, name, paths)
    return twin
