"""How the sums of a convolution are cut into register tiles.

The rows of a tile are places of the window (or, for the gradient of the filter, offsets in it and
channels) along two axes, whose steps through memory are known now: a tile needs one address.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from thalweg.compiler.render.llvm.contract.estimate import rates
from thalweg.compiler.render.llvm.contract.tile import Column, split
from thalweg.compiler.target import Target

__all__ = ["Blocks", "Panel", "Tiling", "blocks", "tiling"]

# Cycles to begin and end a tile, and to store one of its vectors.
_OVERHEAD, _STORE = 25.0, 2.0
# Multiply-adds take so many cycles.
_LATENCY = 4.0
# Micro-operations that are decoded in a cycle.
_DECODED = 5.5
# What another piece of code for a tile must win, as each takes time to compile.
_CODE = 0.02


@dataclass(frozen=True, slots=True)
class Blocks:
    """`count` blocks of `size`, beginning at `first`."""

    first: int
    count: int
    size: int


def blocks(extent: int, most: int) -> list[Blocks]:
    """A length in blocks of nearly equal size."""
    count = -(-extent // most)
    size = -(-extent // count)
    large = extent - (size - 1) * count
    found = [Blocks(0, large, size), Blocks(large * size, count - large, size - 1)]
    return [x for x in found if x.count]


@dataclass(frozen=True, slots=True)
class Panel:
    """`count` panels of the same columns, the first beginning at the column `first`."""

    first: int
    count: int
    columns: tuple[Column, ...]

    @property
    def width(self) -> int:
        """Elements of a row of the panel, unused lanes included."""
        return sum(c.lanes for c in self.columns)


@dataclass(frozen=True, slots=True)
class Tiling:
    """Tiles over an outer and an inner axis of rows, and over columns.

    Attributes:
        outer, inner: the blocks of each axis of rows; a tile is a block of each.
        panels: those of the columns.
        cycles: the estimate.
    """

    outer: tuple[Blocks, ...]
    inner: tuple[Blocks, ...]
    panels: tuple[Panel, ...]
    cycles: float

    def repeated(self, outer: int) -> Tiling:
        """The same for each of many lines."""
        return Tiling((Blocks(0, outer, 1),), self.inner, self.panels, self.cycles * outer)

    @property
    def turns(self) -> int:
        """How many tiles there are."""
        rows = sum(x.count for x in self.outer) * sum(x.count for x in self.inner)
        return rows * sum(p.count for p in self.panels)

    @property
    def packed_width(self) -> int:
        """Elements that one k of all packed panels takes."""
        return sum(p.count * p.width for p in self.panels)


def tiling(
    target: Target,
    outer: int,
    inner: int,
    columns: int,
    depth: int,
    itemsize: int,
    shared: int = 0,
) -> Tiling:
    """The best tiles for so many rows and columns, each a sum of `depth` products.

    Args:
        shared: if not 0, the workers share tiles, of which there are so many times more.
    """

    def cost(t: Tiling) -> float:
        turns = t.turns * shared
        # Two workers, of which one may have a tile more to do.
        return t.cycles * -(-turns // 2) / turns if shared else t.cycles

    return min(_tilings(target, outer, inner, columns, depth, itemsize), key=cost)


def _tilings(
    target: Target, outer: int, inner: int, width: int, depth: int, itemsize: int
) -> Iterator[Tiling]:
    vectors = split(width, target, itemsize)
    costs = rates(target)
    for count in range(1, min(len(vectors), 4) + 1):
        panels = _panels(vectors, count, target.lanes(itemsize))
        # One number at a time is spread over a register, unless the instruction itself does it.
        spare = costs.spare if count > 1 or not target.narrow_is_as_fast else 0
        most = max(1, (target.registers - spare) // count - 1)
        for height in range(1, most + 1):
            if height > inner * outer:
                break
            across = min(inner, height)
            rows = blocks(inner, across)
            down = blocks(outer, max(1, height // rows[0].size) if len(rows) == 1 else 1)
            cycles = sum(
                p.count * o.count * i.count * _cycles(target, o.size * i.size, p, depth, itemsize)
                for p in panels
                for o in down
                for i in rows
            )
            cycles *= 1 + _CODE * (len(panels) * len(rows) * len(down) - 1)
            yield Tiling(tuple(down), tuple(rows), tuple(panels), cycles)


def _cycles(target: Target, rows: int, panel: Panel, depth: int, itemsize: int) -> float:
    costs = rates(target)
    wide = [c.lanes * itemsize > 32 for c in panel.columns]
    count = len(wide)
    multiply = rows * sum(costs.wide if w else costs.narrow for w in wide)
    loads = sum(costs.load if w else 0.5 for w in wide) + rows * 0.5
    decoded = (rows * count + count + (rows if count > 1 else 0) + 2) / _DECODED
    step = max(multiply, loads, decoded, _LATENCY)
    return depth * step + _OVERHEAD + rows * count * _STORE


def _panels(vectors: Sequence[Column], count: int, lanes: int) -> list[Panel]:
    """Whole panels of `count` full vectors, and those of what remains."""
    whole = sum(c.full and c.lanes == lanes for c in vectors) // count * count
    found: list[Panel] = []
    if whole:
        found.append(Panel(0, whole // count, _moved(vectors[:count])))
    for first in range(whole, len(vectors), count):
        part = vectors[first : first + count]
        found.append(Panel(part[0].offset, 1, _moved(part)))
    return found


def _moved(columns: Sequence[Column]) -> tuple[Column, ...]:
    """Columns with offsets from the first of them."""
    first = columns[0].offset
    return tuple(Column(c.offset - first, c.lanes, c.active) for c in columns)
