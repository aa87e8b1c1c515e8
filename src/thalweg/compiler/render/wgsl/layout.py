"""Layout: where each buffer of a Program lies in the one buffer of 32-bit words.

Every element takes one word, whatever its dtype, so an index of the IR counts words.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from thalweg.compiler.dims import Dim
from thalweg.compiler.ir.expression import Buffer
from thalweg.compiler.ir.program import Program
from thalweg.compiler.plan import arrange
from thalweg.compiler.render.wgsl.merging import merged
from thalweg.tensor.dtypes import DType, uint32

__all__ = ["ALIGNMENT", "Layout", "Place", "Room", "words"]

# 256 bytes.
ALIGNMENT = 64


def words(buffer: Buffer, capacity: int) -> int:
    """The room that a buffer needs at the largest batch, a multiple of the alignment."""
    return _aligned(max(buffer.size.at(1), buffer.size.at(max(capacity, 1)), 0))


def _aligned(count: int) -> int:
    return -(-count // ALIGNMENT) * ALIGNMENT


@dataclass(frozen=True, slots=True)
class Place:
    """Where a buffer begins: `base + sum(turn of the scan at depth d * size for d, size)`.

    Attributes:
        base: in words.
        turns: the depth of each scan that it is a piece of, and the words of one turn.
    """

    base: int
    turns: tuple[tuple[int, Dim], ...] = ()

    def aligned(self, count: int) -> bool:
        """Whether it begins at a multiple of so many words in every turn."""
        sizes = [s for _, size in self.turns for s in size]
        return self.base % count == 0 and all(s % count == 0 for s in sizes)


@dataclass(slots=True)
class Layout:
    """Places in words.

    Attributes:
        places: of the states, inputs, outputs, constants and temporaries of a Program.
        words: how long the buffer is.
    """

    places: dict[Buffer, int]
    words: int

    @staticmethod
    def of(program: Program, states: Mapping[Buffer, int] | None = None, start: int = 0) -> Layout:
        """A place for everything that a Program touches.

        Args:
            program: what will be rendered.
            states: the places of its states where others decide on them, else None.
            start: what lies below belongs to others (the states, where their places are given).
        """
        places = dict(states or {})
        end = start
        for buffer in [
            *program.states,
            *[b for b, _ in program.constants],
            *program.inputs,
            *program.outputs,
        ]:
            if buffer not in places:
                places[buffer] = end
                end += words(buffer, program.capacity)
        offsets, size = arrange(merged(program), lambda b: words(b, program.capacity))
        places |= {buffer: end + offset for buffer, offset in offsets.items()}
        return Layout(places, max(end + size, ALIGNMENT))


@dataclass(slots=True)
class Room:
    """What renderers of kernels find the places of buffers in, and ask for scratch memory from.

    Attributes:
        places: where each buffer lies; scratch memory is added to it.
        capacity: the largest batch.
        end: where the memory ends, scratch included.
        subgroups: whether kernels may use subgroup operations.
        profile: what contractions are cut up for: `gpu`, or `software`, adapters that run on the
            processor.
    """

    places: dict[Buffer, Place]
    capacity: int
    end: int
    subgroups: bool = False
    profile: str = "gpu"
    _number: int = field(default=0)

    def words(self, count: Dim | int, dtype: DType = uint32) -> Buffer:
        """Memory that belongs to one launch (its shaders, all of them), not cleared."""
        buffer = Buffer("scratch", dtype, Dim.of(count), self._number)
        self.places[buffer] = Place(self.end)
        self.end += words(buffer, self.capacity)
        self._number += 1
        return buffer
