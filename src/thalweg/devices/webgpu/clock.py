"""Clock: a recorder that measures each dispatch, with the GPU's own clock where it has one."""

from __future__ import annotations

import time
from collections.abc import Iterable
from typing import Any

import numpy as np

from thalweg.devices.webgpu.gpu import Gpu
from thalweg.devices.webgpu.recorder import Command, Recorder
from thalweg.devices.webgpu.slots import Slots

__all__ = ["Clock"]

# Dispatches that are measured before their times are read.
_ROOM = 1024


class Clock(Recorder):
    """Runs every dispatch in a pass of its own.

    Args:
        gpu, slots: as for `Recorder`.
        count: how many leaves there are.
    """

    def __init__(self, gpu: Gpu, slots: list[Slots], count: int) -> None:
        super().__init__(gpu, slots)
        self._seconds = np.zeros(count)
        self._pending: list[int] = []
        if gpu.times:
            self._queries, self._ticks = gpu.queries(2 * _ROOM)
        else:
            self._ticks = gpu.storage(256)

    def dispatch(self, commands: Iterable[Command]) -> None:
        """Record dispatches, each with the time before and after it."""
        for command in commands:
            begin = time.perf_counter()
            self._alone(command)
            if not self._gpu.times:
                self.read_places(self._ticks, [(0, 1)])  # comes when all before it is done
                self.took(command.leaf, time.perf_counter() - begin)
            elif len(self._pending) == _ROOM:
                self._collect()

    def _alone(self, command: Command) -> None:
        writes: dict[str, Any] | None = None
        if self._gpu.times:
            place = 2 * len(self._pending)
            self._pending.append(command.leaf)
            writes = {
                "query_set": self._queries,
                "beginning_of_pass_write_index": place,
                "end_of_pass_write_index": place + 1,
            }
        running = self._open().begin_compute_pass(timestamp_writes=writes)
        running.set_pipeline(command.pipeline)
        running.set_bind_group(0, command.group, [command.offset])
        running.dispatch_workgroups(command.x, command.y)
        running.end()

    def took(self, leaf: int, seconds: float) -> None:
        """Count the time of a leaf."""
        self._seconds[leaf] += seconds

    def take(self) -> list[float]:
        """The seconds of each leaf since the last time."""
        self._collect()
        found: list[float] = self._seconds.tolist()
        self._seconds[:] = 0
        return found

    def _collect(self) -> None:
        count = len(self._pending)
        if not count:
            return
        self._open().resolve_query_set(self._queries, 0, 2 * count, self._ticks, 0)
        (words,) = self.read_places(self._ticks, [(0, 4 * count)])
        ticks = words.view(np.uint64).reshape(count, 2).astype(np.float64)
        np.add.at(self._seconds, self._pending, (ticks[:, 1] - ticks[:, 0]) * self._gpu.tick)
        self._pending.clear()
