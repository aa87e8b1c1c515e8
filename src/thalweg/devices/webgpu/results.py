"""Results of many steps: what has a row for each sample is put together on its way back."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from thalweg.compiler.dims import Dim
from thalweg.compiler.ir.expression import Buffer
from thalweg.devices.webgpu.memory import Memory
from thalweg.devices.webgpu.recorder import Recorder
from thalweg.devices.webgpu.words import from_words

__all__ = ["Results"]

_Array = np.ndarray[Any, Any]

# Words that are read back at a time.
_TOGETHER = 1 << 24


class Results:
    """The outputs of steps.

    Args:
        memory: where steps leave them.
        recorder: what copies them.
        outputs: buffers and shapes.
        gathered: the numbers of those with a row for each sample.
        rows: of all steps.
        batch: rows of the largest step.
    """

    def __init__(
        self,
        memory: Memory,
        recorder: Recorder,
        outputs: Sequence[tuple[Buffer, tuple[Dim, ...]]],
        gathered: Sequence[int],
        rows: int,
        batch: int,
    ) -> None:
        self._memory, self._recorder, self._outputs = memory, recorder, outputs
        self._whole = {
            k: np.empty(tuple(d.at(rows) for d in outputs[k][1]), outputs[k][0].dtype)
            for k in gathered
        }
        self._row = sum(outputs[k][0].size.scale for k in gathered)
        self._room = min(rows, max(batch, _TOGETHER // max(self._row, 1)))
        self._done = self._staged = 0
        if self._row:
            self._staging = recorder.room("results", self._room * self._row)

    def take(self, n: int) -> None:
        """Record what keeps the rows of a step of n samples."""
        if not self._row:
            return
        if self._staged + n > self._room:
            self._flush()
        to = 0
        for k in self._whole:
            buffer = self._outputs[k][0]
            row = buffer.size.scale
            place = self._memory.places[buffer]
            self._recorder.copy(
                self._memory.buffer, place, self._staging, to + self._staged * row, n * row
            )
            to += self._room * row
        self._staged += n

    def _flush(self) -> None:
        words = self._recorder.read("results", self._room * self._row)
        begin, to = self._done, 0
        for k, whole in self._whole.items():
            buffer = self._outputs[k][0]
            row = buffer.size.scale
            part = from_words(words[to : to + self._staged * row], buffer.dtype)
            whole[begin : begin + self._staged] = part.reshape(-1, *whole.shape[1:])
            to += self._room * row
        self._done, self._staged = begin + self._staged, 0

    def finish(self, n: int) -> list[_Array]:
        """All outputs, those without rows from the last step, which had n samples."""
        if self._staged:
            self._flush()
        others = [k for k in range(len(self._outputs)) if k not in self._whole]
        found = self._memory.read(
            [(self._outputs[k][0], tuple(d.at(n) for d in self._outputs[k][1])) for k in others]
        )
        known = dict(zip(others, found, strict=True)) | self._whole
        return [known[k] for k in range(len(self._outputs))]
