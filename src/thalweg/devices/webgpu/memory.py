"""Memory: the one buffer that a Program works in, and the values of variables that are in it.

A value stays here between runs. It is brought in when another one has been written elsewhere since,
and copied out when somebody looks at the variable.
"""

from __future__ import annotations

import os
import weakref
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from thalweg.compiler.ir.expression import Buffer
from thalweg.compiler.ir.program import Program
from thalweg.compiler.render.wgsl.layout import ALIGNMENT
from thalweg.devices.webgpu.gpu import Gpu
from thalweg.devices.webgpu.recorder import Recorder
from thalweg.devices.webgpu.words import from_words, to_words
from thalweg.tensor.storage import STATE_LOCK, Storage

__all__ = ["Memory"]

_Array = np.ndarray[Any, Any]

_NEVER = -1


@dataclass(slots=True)
class _Move:
    """Words that are copied from one memory to another."""

    source: Memory
    begin: int
    to: int
    count: int

    def joins(self, begin: int, to: int) -> bool:
        """Whether words from and to these places follow, with nothing of others in between."""
        return begin - self.begin == to - self.to == _aligned(self.count)


def _aligned(count: int) -> int:
    return -(-count // ALIGNMENT) * ALIGNMENT


class Memory:
    """The memory of one Program on the GPU; a holder of values, see `tensor.storage`.

    Args:
        gpu: where it is.
        recorder: what copies from and to it.
        program: whose memory it is.
        places: the first word of each buffer.
        words: how many words there are.
        title: what the Program was made from, for messages.

    Attributes:
        buffer: all of it.

    Raises:
        ValueError: if the GPU cannot bind so much.
    """

    def __init__(
        self,
        gpu: Gpu,
        recorder: Recorder,
        program: Program,
        places: dict[Buffer, int],
        words: int,
        title: str,
    ) -> None:
        if 4 * words > gpu.binding:
            raise ValueError(
                f"{title} needs {4 * words / 2**20:,.0f} MB in one buffer, and the GPU "
                f"'{gpu.name}' can bind {gpu.binding / 2**20:,.0f} MB: take smaller batches, or "
                "the device 'cpu'."
            )
        self._gpu, self._recorder, self.places = gpu, recorder, places
        self.buffer = gpu.storage(4 * words)
        self._states = program.states
        self._bound: Sequence[Storage] = ()
        self._versions: list[int] = []
        self._numbers: dict[int, int] = {}
        _ALIVE.add(self)
        for buffer, values in program.constants:
            self.write(buffer, values)

    # --- arrays

    def write(self, buffer: Buffer, values: Any) -> None:
        """Have a buffer of the Program hold the elements of an array."""
        self._recorder.write(self.buffer, self.places[buffer], to_words(values, buffer.dtype))

    def read(self, parts: Sequence[tuple[Buffer, tuple[int, ...]]]) -> list[_Array]:
        """The elements of buffers as new arrays of these shapes, once all that is recorded is done.

        Args:
            parts: buffers and shapes.
        """
        counts = [int(np.prod(shape)) for _, shape in parts]
        places = [(self.places[b], count) for (b, _), count in zip(parts, counts, strict=True)]
        found = self._recorder.read_places(self.buffer, places)
        return [
            from_words(words, buffer.dtype).reshape(shape)
            for words, (buffer, shape) in zip(found, parts, strict=True)
        ]

    # --- variables

    def take(self, storages: Sequence[Storage]) -> None:
        """Have the states hold the present values of variables."""
        if storages is not self._bound:
            self._bind(storages)
        versions = self._versions
        moves: list[_Move] = []
        for k, storage in enumerate(storages):
            if storage.holder is not self and storage.version != versions[k]:
                self._bring(k, storage, moves)
        for move in moves:
            move.source._recorder.copy(
                move.source.buffer, move.begin, self.buffer, move.to, move.count
            )
        for source in {id(move.source): move.source for move in moves}.values():
            source._recorder.submit()

    def _bind(self, storages: Sequence[Storage]) -> None:
        if len(storages) == len(self._bound) and all(
            a is b for a, b in zip(storages, self._bound, strict=True)
        ):
            self._bound = storages
            return
        for storage in self._bound:
            if storage.holder is self:
                storage.here()
        self._bound = storages
        self._versions = [_NEVER] * len(storages)
        self._numbers = {id(storage): k for k, storage in enumerate(storages)}

    def _bring(self, k: int, storage: Storage, moves: list[_Move]) -> None:
        """Write a value that is here on this machine; one on the GPU becomes a part of a move."""
        holder, state = storage.holder, self._states[k]
        self._versions[k] = storage.version
        if not isinstance(holder, Memory):
            self.write(state, storage.here())
            return
        begin, to = holder.places[holder._states[holder._numbers[id(storage)]]], self.places[state]
        last = moves[-1] if moves else None
        # Neighbours here and there go together, with what lies between them.
        if last is not None and last.source is holder and last.joins(begin, to):
            last.count = begin - last.begin + state.size.offset
        else:
            moves.append(_Move(holder, begin, to, state.size.offset))

    def fetch(self, storage: Storage) -> None:
        """Copy a value that is here into the array of its storage."""
        self.fetch_all([storage])

    def fetch_all(self, storages: Sequence[Storage]) -> None:
        """Copy values that are here into the arrays of their storages."""
        with STATE_LOCK:
            numbers = [self._numbers[id(storage)] for storage in storages]
            found = self.read(
                [(self._states[k], s.array.shape) for k, s in zip(numbers, storages, strict=True)]
            )
            for k, storage, values in zip(numbers, storages, found, strict=True):
                np.copyto(storage.array, values)
                self._versions[k] = storage.version


_ALIVE: weakref.WeakSet[Memory] = weakref.WeakSet()


def _bring_home() -> None:
    """Before a process forks, which takes no GPU along: values that are there come here."""
    with STATE_LOCK:
        for memory in list(_ALIVE):
            if memory._gpu.process == os.getpid():
                for storage in memory._bound:
                    if storage.holder is memory:
                        storage.here()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(before=_bring_home)
