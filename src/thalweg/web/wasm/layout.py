"""Layout: where everything lies in the memory of a WebAssembly module.

From the bottom: the first worker's stack (so that overflowing it traps), the job, what workers meet
at, the tables, the constants, the states; then, for all Programs in the same place since one runs
at a time, inputs, outputs and arena; then the first worker's scratch. Behind it begins the heap,
which the page hands out.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np

from thalweg.compiler.ir.expression import Buffer
from thalweg.compiler.render.llvm.synchronize import SYNC_BYTES
from thalweg.compiler.render.llvm.table import Job, Table
from thalweg.web.gather import Collection, Entry

__all__ = ["STACK_BYTES", "Layout", "Placed"]

STACK_BYTES = 64 * 1024
_ALIGNMENT = 64


@dataclass(slots=True)
class Placed:
    """The addresses that one Program works with.

    Attributes:
        table: of its table of pointers.
        inputs, outputs: of room for the largest batch.
        constants: in their order.
        arena: of the temporaries.
    """

    table: int
    inputs: list[int] = field(default_factory=list)
    outputs: list[int] = field(default_factory=list)
    constants: list[int] = field(default_factory=list)
    arena: int = 0


class Layout:
    """The addresses for a collection.

    Attributes:
        stack: the top of the first worker's stack.
        job, sync: addresses.
        states: the address of each variable.
        programs: by name.
        scratch: the address of the first worker's scratch memory.
        end: where the static part ends.
        contents: what memory holds at the beginning, by address; without the states.
    """

    def __init__(self, collection: Collection) -> None:
        self.stack = STACK_BYTES
        self.end = STACK_BYTES
        self.job = self._take(8 * Job.SIZE)
        self.sync = self._take(SYNC_BYTES)
        self.contents: dict[int, bytes] = {}
        self._constants: dict[bytes, int] = {}
        self.programs: dict[str, Placed] = {}
        for name, entry in collection.entries.items():
            placed = Placed(self._take(4 * Table.of(entry.program).size))
            for buffer, values in entry.program.constants:
                placed.constants.append(self._constant(buffer, values))
            self.programs[name] = placed
        self.states = [
            self._take(max(1, v.numpy().nbytes if v.dtype.itemsize else 0))
            for v in collection.variables
        ]
        bottom = self.end
        ends = [bottom]
        for name, entry in collection.entries.items():
            self.end = bottom
            self._overlay(entry, self.programs[name])
            ends.append(self.end)
        self.end = self.scratch = max(ends)

    def _take(self, size: int) -> int:
        begin = self.end
        self.end = -(-(begin + size) // _ALIGNMENT) * _ALIGNMENT
        return begin

    def _constant(self, buffer: Buffer, values: object) -> int:
        content = np.ascontiguousarray(values, buffer.dtype).tobytes()
        if content not in self._constants:
            place = self._constants[content] = self._take(max(1, len(content)))
            self.contents[place] = content
        return self._constants[content]

    def _overlay(self, entry: Entry, placed: Placed) -> None:
        program = entry.program
        for buffers, places in ((program.inputs, placed.inputs), (program.outputs, placed.outputs)):
            for buffer in buffers:
                places.append(self._take(max(1, _bytes(buffer, program.capacity))))
        placed.arena = self._take(program.arena)

    def finish(self, collection: Collection, scratch: int) -> None:
        """Fill in the tables, once the kernels' need of scratch memory is known.

        Args:
            collection: the Programs.
            scratch: bytes for each worker.
        """
        self._take(scratch)
        for name, entry in collection.entries.items():
            placed = self.programs[name]
            words = np.array(list(self._table(entry, placed)), np.uint32)
            self.contents[placed.table] = words.tobytes()

    def _table(self, entry: Entry, placed: Placed) -> Iterator[int]:
        yield from self.states
        yield from placed.inputs
        yield from placed.outputs
        yield from placed.constants
        yield placed.arena
        yield self.scratch
        rest = Table.of(entry.program).size - Table.of(entry.program).scratch - 1
        yield from [0] * rest  # there are no host calls and no times


def _bytes(buffer: Buffer, capacity: int) -> int:
    elements = max(buffer.size.at(1), buffer.size.at(max(1, capacity)), 0)
    return elements * buffer.dtype.itemsize
