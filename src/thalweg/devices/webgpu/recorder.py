"""Recorder: commands for the GPU, many of them in one submit, and results read back."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

import numpy as np

from thalweg.devices.webgpu.gpu import Gpu
from thalweg.devices.webgpu.slots import Slots

__all__ = ["Command", "Recorder"]

_Array = np.ndarray[Any, Any]

# So many dispatches go to the GPU together: it works on them while the next ones are recorded, and
# no submit takes so long that a system believes the GPU hangs.
_MOST = 128


class Command(NamedTuple):
    """One dispatch.

    Attributes:
        pipeline, group: what runs, on which buffers.
        offset: where the numbers of the run are.
        x, y: the grid of workgroups.
        leaf: the number of the kernel in the Program.
    """

    pipeline: Any
    group: Any
    offset: int
    x: int
    y: int
    leaf: int


class Recorder:
    """Records commands and submits them in order.

    Args:
        gpu: where they run.
        slots: what must be sent before them.
    """

    def __init__(self, gpu: Gpu, slots: list[Slots]) -> None:
        self._gpu, self.slots = gpu, slots
        self._encoder: Any = None
        self._pass: Any = None
        self._pipeline: Any = None
        self._bound: tuple[Any, int] = (None, 0)
        self._count = 0
        self._rooms: dict[str, Any] = {}

    def dispatch(self, commands: Iterable[Command]) -> None:
        """Record dispatches; each one sees what those before it wrote."""
        running = self._pass or self._begin()
        pipeline, (group, offset) = self._pipeline, self._bound
        for command in commands:
            if command[0] is not pipeline:
                pipeline = command[0]
                running.set_pipeline(pipeline)
            if command[2] != offset or command[1] is not group:
                group, offset = command[1], command[2]
                running.set_bind_group(0, group, [offset])
            running.dispatch_workgroups(command[3], command[4])
            self._count += 1
        self._pipeline, self._bound = pipeline, (group, offset)
        if self._count >= _MOST:
            self.submit()

    def _begin(self) -> Any:
        self._pass = self._open().begin_compute_pass()
        self._pipeline, self._bound = None, (None, 0)
        return self._pass

    def _open(self) -> Any:
        if self._encoder is None:
            self._encoder = self._gpu.device.create_command_encoder()
        return self._encoder

    def copy(self, source: Any, begin: int, target: Any, to: int, count: int) -> None:
        """Record a copy of words between two buffers, from one place to another."""
        self._close()
        self._open().copy_buffer_to_buffer(source, 4 * begin, target, 4 * to, 4 * count)

    def _close(self) -> None:
        if self._pass is not None:
            self._pass.end()
            self._pass = None

    def write(self, buffer: Any, place: int, words: _Array) -> None:
        """Write words after what is recorded so far."""
        if not words.size:
            return
        self.submit()
        self._gpu.queue.write_buffer(buffer, 4 * place, words)

    def submit(self) -> None:
        """Send everything to the GPU; it works while this goes on."""
        self._close()
        if self._encoder is not None:
            for slots in self.slots:
                slots.flush()
            self._gpu.queue.submit([self._encoder.finish()])
            self._encoder = None
            self._count = 0

    def abandon(self) -> None:
        """Forget what was recorded and not submitted."""
        self._close()
        self._encoder, self._count = None, 0

    def took(self, leaf: int, seconds: float) -> None:
        """Told how long this machine computed for a leaf."""

    def room(self, purpose: str, words: int) -> Any:
        """Room that `read` reads from, for copies of results; the same for one purpose."""
        size = max(8, -(-4 * words // 8) * 8)
        found = self._rooms.get(purpose)
        if found is None or found.size < size:
            found = self._rooms[purpose] = self._gpu.staging(size)
        return found

    def read(self, purpose: str, words: int) -> _Array:
        """Submit, wait, and give the first words of a room (uint32)."""
        self.submit()
        if not words:
            return np.empty(0, np.uint32)
        # If Ctrl-C comes while this waits, that room can be mapped no more.
        room = self._rooms.pop(purpose)
        size = -(-4 * words // 8) * 8
        room.map_sync("READ_NOSYNC", 0, size)
        found = np.frombuffer(room.read_mapped(0, size, copy=False), np.uint32).copy()
        room.unmap()
        self._rooms[purpose] = room
        return found[:words]

    def read_places(self, buffer: Any, places: Sequence[tuple[int, int]]) -> list[_Array]:
        """Wait for what is recorded, and read words.

        Args:
            buffer: where from.
            places: the first word and the number of words of each part.
        """
        total = sum(count for _, count in places)
        room, to = self.room("places", total), 0
        for begin, count in places:
            if count:
                self.copy(buffer, begin, room, to, count)
            to += count
        words = self.read("places", total)
        ends = np.cumsum([count for _, count in places])
        return np.split(words, ends[:-1]) if len(places) else []
