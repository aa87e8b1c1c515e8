"""Slots: the numbers of a run (the batch size, turns of scans), each set kept on the GPU for good.

A dispatch is told by an offset where its numbers are, so that nothing needs to be written for a run
that is like an earlier one.
"""

from __future__ import annotations

import numpy as np

from thalweg.devices.webgpu.gpu import NUMBERS, Gpu

__all__ = ["Slots"]

_FEW = 64


class Slots:
    """Sets of up to eight numbers.

    Attributes:
        buffer: where they are; another one after it was full, and what is recorded by then goes on
            with the old one.
    """

    def __init__(self, gpu: Gpu) -> None:
        self._gpu = gpu
        self._known: dict[tuple[int, ...], int] = {}
        self._row = max(gpu.alignment, NUMBERS)
        self._make(_FEW)

    def _make(self, count: int) -> None:
        self.buffer = self._gpu.numbers(count * self._row)
        self._content = np.zeros((count, self._row // 4), np.uint32)
        self._written = 0

    def __len__(self) -> int:
        return len(self._known)

    def offset(self, numbers: tuple[int, ...]) -> int:
        """Where a set of numbers is, in bytes."""
        known = self._known.get(numbers)
        if known is None:
            known = len(self._known)
            if known == len(self._content):
                self._grow()
            self._known[numbers] = known
            self._content[known, : len(numbers)] = numbers
        return known * self._row

    def _grow(self) -> None:
        self.flush()
        before = self._content
        self._make(2 * len(before))
        self._content[: len(before)] = before

    def flush(self) -> None:
        """Send what is new; needed before commands that use it are submitted."""
        count = len(self._known)
        if count > self._written:
            new = self._content[self._written : count]
            self._gpu.queue.write_buffer(self.buffer, self._written * self._row, new)
            self._written = count

    def clear(self) -> None:
        """Forget all sets; offsets that were given hold no more."""
        self._known.clear()
        self._written = 0
