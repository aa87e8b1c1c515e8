"""Calls from native code back into Python, for what NumPy computes (`HostCall`)."""

from __future__ import annotations

import ctypes
import functools
import itertools
import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from thalweg.compiler.dims import Dim
from thalweg.compiler.ir.expression import Buffer
from thalweg.compiler.ir.program import HostCall

__all__ = ["HostCalls", "callback"]

_Array = np.ndarray[Any, Any]

_NUMBERS = itertools.count(1)
# Native code knows those who wait for calls by number, so that it never holds a Python object.
_WAITING: dict[int, HostCalls] = {}


class HostCalls:
    """The host calls of one executable.

    Attributes:
        number: what native code passes back to say whom it calls.
        failure: what a call raised; it ends the run, and is raised after it.
    """

    def __init__(self, calls: Sequence[HostCall]) -> None:
        self.calls = tuple(calls)
        self.number = next(_NUMBERS)
        self.failure: BaseException | None = None

    def open(self) -> None:
        """Be there for calls."""
        _WAITING[self.number] = self

    def close(self) -> None:
        """Be there no more."""
        _WAITING.pop(self.number, None)

    def call(self, index: int, n: int, addresses: Sequence[int]) -> None:
        """Compute one call from and to memory."""
        call = self.calls[index]
        count = len(call.inputs)
        inputs = []
        for (buffer, shape), place in zip(call.inputs, addresses[:count], strict=True):
            view = _view(buffer, shape, n, place)
            view.flags.writeable = False
            inputs.append(view)
        with np.errstate(all="ignore"):
            found = call.evaluate(n, *inputs)
        results = found if isinstance(found, (tuple, list)) else (found,)
        for (buffer, shape), place, result in zip(
            call.outputs, addresses[count:], results, strict=True
        ):
            _view(buffer, shape, n, place)[...] = result


@functools.cache
def callback() -> int:
    """The address of the function that native code calls."""
    kind = ctypes.CFUNCTYPE(
        ctypes.c_int32, ctypes.c_int64, ctypes.c_int64, ctypes.c_int64, ctypes.c_void_p
    )
    function = kind(_call)
    _KEPT.append(function)
    return int(ctypes.cast(function, ctypes.c_void_p).value or 0)


_KEPT: list[Any] = []


def _call(number: int, index: int, n: int, addresses: int) -> int:
    waiting = _WAITING[number]
    call = waiting.calls[index]
    count = len(call.inputs) + len(call.outputs)
    try:
        waiting.call(index, n, (ctypes.c_size_t * count).from_address(addresses)[:])
    except BaseException as error:  # also Ctrl-C: native code cannot let it pass through
        waiting.failure = error
        return 1
    return 0


def _view(buffer: Buffer, shape: tuple[Dim, ...], n: int, place: int) -> _Array:
    lengths = tuple(d.at(n) for d in shape)
    size = math.prod(lengths) * buffer.dtype.itemsize
    content = (ctypes.c_char * size).from_address(place)
    return np.ndarray(lengths, buffer.dtype, memoryview(content))
