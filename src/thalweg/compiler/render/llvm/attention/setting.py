"""How attention is cut up: blocks of times and of sources, tiles, and what scratch memory holds.

Scores are kept transposed, one row for each source and one lane for each time of a block: sums and
maxima over the sources are then sums of vectors, and keys and values are used row by row as they
lie in memory, a number at a time.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from thalweg.compiler.dims import Dim
from thalweg.compiler.graph import Operation
from thalweg.compiler.ir.expression import Buffer
from thalweg.compiler.ir.program import Special
from thalweg.compiler.render.llvm.builder import Builder, Type, Value
from thalweg.compiler.render.llvm.contract.tile import Column, split
from thalweg.compiler.render.llvm.elementwise import memory
from thalweg.compiler.target import Target
from thalweg.tensor.dtypes import DType

__all__ = ["Mask", "Room", "Setting", "groups", "stride", "takes"]

# The height of a tile of scores: as many sums as must be under way at a time, in any register file.
_ROWS = 8
# Bytes of one block of scores, which share the first-level cache with its keys and values.
_BLOCK = 8 * 1024
# Times that share one copy of a block of keys and values.
_CHUNK = 256


def takes(operation: Operation) -> bool:
    """Whether there is a kernel for an operation: only its batch may be unknown, or empty."""
    shapes = [x.shape for x in operation.inputs[:3]]
    return all(d.static and d.offset > 0 for shape in shapes for d in shape[1:])


@dataclass(frozen=True, slots=True)
class Mask:
    """A mask and its strides in elements: 0 along axes that it has not."""

    buffer: Buffer
    lengths: tuple[Dim, ...]

    def step(self, axis: int) -> int:
        """From one to the next along heads (1), times (2) or sources (3)."""
        found = 1
        for length in self.lengths[axis + 1 :]:
            found *= length.offset
        return found if self.lengths[axis].offset != 1 else 0

    def batch(self) -> int:
        """From one member of the batch to the next."""
        found = 1
        for length in self.lengths[1:]:
            found *= length.offset
        return found if self.lengths[0] != Dim(0, 1) else 0


@dataclass(frozen=True, slots=True, eq=False)
class Setting:
    """One attention, for one target.

    Attributes:
        batch, times, heads, sources, groups: lengths; `groups` is the number of key heads.
        size, value_size: lengths of a key and of a value.
        block: times in a block, the lanes of a vector.
    """

    target: Target
    dtype: DType
    batch: Dim
    times: int
    heads: int
    sources: int
    groups: int
    size: int
    value_size: int
    scale: float
    causal: bool
    mask: Mask | None
    block: int
    rows: int = _ROWS

    @staticmethod
    def of(kernel: Special, target: Target) -> Setting:
        """The setting of a kernel whose first inputs are query, key and value."""
        (q, (batch, times, heads, size)), (_, key), (_, value) = kernel.inputs[:3]
        masks = [x for x in kernel.inputs[3:] if x[0].dtype.kind == "b"]
        lanes = target.lanes(max(4, q.dtype.itemsize))
        while lanes > 4 and lanes // 2 >= times.offset:
            lanes //= 2
        return Setting(
            target,
            q.dtype,
            batch,
            times.offset,
            heads.offset,
            key[1].offset,
            key[2].offset,
            size.offset,
            value[3].offset,
            kernel.params["scale"],
            kernel.params["causal"],
            Mask(*masks[0]) if masks else None,
            lanes,
        )

    @property
    def element(self) -> str:
        """What sums are made in."""
        return "double" if self.dtype.itemsize == 8 else "float"

    @property
    def itemsize(self) -> int:
        """Bytes of a sum."""
        return max(4, self.dtype.itemsize)

    @property
    def held(self) -> str:
        """The element of query, key, value and output in memory."""
        return memory(self.dtype).element

    @property
    def blocks(self) -> int:
        """Blocks of times."""
        return -(-self.times // self.block)

    @property
    def chunk(self) -> int:
        """Blocks of times that share a copy of keys and values."""
        return max(1, min(self.blocks, _CHUNK // self.block))

    @property
    def repeats(self) -> int:
        """Query heads of each key head."""
        return self.heads // self.groups

    @property
    def depth(self) -> int:
        """Sources in a block, as many as fill its share of the cache."""
        most = max(self.rows, _BLOCK // (self.block * self.itemsize) // 16 * 16)
        return min(most, self.rounded(self.sources))

    def rounded(self, sources: int) -> int:
        """A number of sources, rounded up to whole tiles."""
        return -(-sources // self.rows) * self.rows

    @property
    def keys(self) -> list[Column]:
        """The vectors of a key."""
        return split(self.size, self.target, self.itemsize)

    @property
    def values(self) -> list[Column]:
        """The vectors of a value."""
        return split(self.value_size, self.target, self.itemsize)

    @property
    def vector(self) -> Type:
        """One number for each time of a block."""
        return Type(self.element, self.block)

    @property
    def scalar(self) -> Type:
        """One number in computing form."""
        return Type(self.element)


def stride(columns: Sequence[Column]) -> int:
    """From one row to the next in scratch memory: whole vectors."""
    return columns[-1].offset + columns[-1].lanes


def groups(
    columns: Sequence[Column], target: Target, highest: int
) -> list[tuple[int, list[Column]]]:
    """Columns that a tile takes at once, with the height that its registers allow."""
    most = 4 if target.registers >= 32 else 2
    count = -(-len(columns) // most)
    size = -(-len(columns) // count)
    found = []
    for first in range(0, len(columns), size):
        part = list(columns[first : first + size])
        rows = min(8, highest)
        while rows * len(part) + len(part) + 2 > target.registers:
            rows //= 2
        found.append((rows, part))
    return found


@dataclass(slots=True)
class Room:
    """Scratch memory, part by part; every part begins at a cache line."""

    bytes: int = 0
    places: dict[str, int] = field(default_factory=dict)

    def take(self, name: str, count: int, itemsize: int) -> None:
        """Keep room for so many elements."""
        self.places[name] = self.bytes
        self.bytes += -(-count * itemsize // 64) * 64

    def at(self, b: Builder, scratch: Value, name: str) -> Value:
        """The address of a part."""
        return b.at(scratch, self.places[name], "i8")
