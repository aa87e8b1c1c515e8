"""How a contraction is cut up: the tile, what is packed, and what the workers share.

A plan is the cheapest of the possible ones by an estimate, for the lengths known now and a typical
batch.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import product

from thalweg.compiler.dims import ONE, Dim
from thalweg.compiler.render.llvm.contract.estimate import (
    Estimator,
    Group,
    batch_for,
    rates,
    typical,
)
from thalweg.compiler.render.llvm.contract.flatten import Flat
from thalweg.compiler.render.llvm.contract.operands import Operand, describe
from thalweg.compiler.render.llvm.contract.tile import Column, split
from thalweg.compiler.target import Target

__all__ = ["Plan", "choose"]

# A right operand of this many times the second-level cache is packed, if enough rows use it.
_PACK_RIGHT, _PACK_RIGHT_ROWS = 2.5, 192
# A left operand that is contiguous along m is packed from this many bytes on, if these times the
# columns that use them are enough; one that is contiguous along neither, for this many columns.
_PACK_LEFT_BYTES, _PACK_LEFT_USES, _PACK_LEFT_COLUMNS = 4 << 20, 1 << 30, 128
# A panel may take this share of the second-level cache; where the left operand is not contiguous
# along k, blocks are short if k is this long: each k is another line of the cache.
_PANEL, _SHORT, _LONG = 0.6, 512, 2048
# More rows gain nothing, and eight rows whose distance is a power of two still fit in a cache set.
_MOST_ROWS = 8
_MOST_COLUMNS = 8


@dataclass(frozen=True, slots=True, eq=False)
class Plan:
    """Decisions for one contraction.

    Attributes:
        flat: the contraction, m and n exchanged if the vectors are to run along m.
        left, right: its operands.
        rows: height of a tile.
        rest: height of the tile for the rows that remain, 0 if there is none of its own; 1 if
            their number is known only at run time.
        guarded: whether the rows that remain are done by a tile of full height, which computes
            rows that are not there (copies of the last one) and leaves them out at the end.
        full: the columns of a whole panel.
        panels: how many whole panels there are; -1 where n is known only at run time.
        edges: the columns of the panels after those (offsets from the panel's first element).
        pack_left: `` in place, `rows` (each row's k contiguous) or `panels` (tiles' rows adjacent).
        pack_right: `` in place, `panel` (copied) or `transposed`.
        depth: how much of k is done at a time; 0: all.
        shared: what the workers share: `m`, `n` or `batch`.
        cycles: the estimate.
    """

    flat: Flat
    left: Operand
    right: Operand
    rows: int
    rest: int
    guarded: bool
    full: tuple[Column, ...]
    panels: int
    edges: tuple[tuple[Column, ...], ...]
    pack_left: str
    pack_right: str
    depth: int
    shared: str
    cycles: float

    @property
    def width(self) -> int:
        """Columns of elements in a whole panel."""
        return sum(c.lanes for c in self.full)


def choose(flat: Flat, target: Target) -> Plan:
    """The best plan."""
    plans = [p for f in (flat, flat.swapped()) for p in _plans(f, target)]
    return min(plans, key=lambda p: p.cycles)


def _plans(flat: Flat, target: Target) -> Iterator[Plan]:
    left = describe(flat.left, flat.m, flat.k, flat.dtype)
    right = describe(flat.right, flat.n, flat.k, flat.dtype)
    itemsize = max(4, flat.dtype.itemsize)
    lanes = target.lanes(itemsize)
    height, width, depth = (typical(v.extent) for v in (flat.m, flat.n, flat.k))
    packs_right = _pack_right(right, target, width * depth * itemsize, height)
    pack_left = _pack_left(left, height * depth * itemsize, width)
    estimator = Estimator(flat, right, target)
    columns = _columns(flat.n.extent, target, itemsize)
    for count in range(1, min(_MOST_COLUMNS, max(1, len(columns))) + 1):
        full = tuple(Column(i * lanes, lanes, lanes) for i in range(count))
        panels, edges, groups = _panels(columns, full)
        if not flat.n.extent.static:
            panels, edges = -1, ()
        blocked = _block(left, target, count * lanes * itemsize)
        for rows in _heights(flat.m.extent, count, target):
            for pack_right, (rest, guarded) in product(packs_right, _rests(flat.m.extent, rows)):
                # A strip is packed by one masked vector.
                if guarded and not (target.masks and (pack_left != "panels" or rows <= lanes)):
                    continue
                cycles, shared = estimator.cycles(
                    rows, rest, guarded, groups, pack_left, pack_right
                )
                yield Plan(
                    flat, left, right, rows, rest, guarded, full, panels, edges,
                    pack_left, pack_right, blocked, shared, cycles,
                )  # fmt: skip


def _columns(extent: Dim, target: Target, itemsize: int) -> list[Column]:
    """The vectors of a row; where their number is known only at run time, whole ones."""
    if extent.static:
        return split(extent.offset, target, itemsize)
    lanes = target.lanes(itemsize)
    return [Column(i * lanes, lanes, lanes) for i in range(-(-typical(extent) // lanes))]


def _heights(extent: Dim, count: int, target: Target) -> list[int]:
    """The heights of tiles to consider: the highest that registers allow, down to half of it."""
    most = (target.registers - rates(target).spare - count) // count
    most = max(1, min(most, _MOST_ROWS))
    if extent.static:
        most = max(1, min(most, extent.offset))
    return list(range((most + 1) // 2, most + 1))


def _block(left: Operand, target: Target, bytes_: int) -> int:
    """How much of k is done at a time, for panels of so many bytes for each k; 0: all."""
    extent = left.k.extent
    largest = extent.offset if extent.static else extent.at(4 * batch_for(extent))
    most = int(_PANEL * target.l2) // bytes_ // 64 * 64
    if left.depth != ONE and largest >= _LONG:
        most = min(most, _SHORT)
    return max(64, most) if largest > most else 0


def _rests(extent: Dim, rows: int) -> list[tuple[int, bool]]:
    """How the rows that remain can be done."""
    if rows == 1 or (extent.static and extent.offset % rows == 0):
        return [(0, False)]
    return [(extent.offset % rows if extent.static else 1, False), (0, True)]


def _panels(
    columns: Sequence[Column], full: tuple[Column, ...]
) -> tuple[int, tuple[tuple[Column, ...], ...], list[Group]]:
    """How many whole panels there are, the columns of the others, and all of them in groups."""
    count = len(full)
    whole = sum(c.full and c.lanes == full[0].lanes for c in columns) // count
    edges = []
    for first in range(whole * count, len(columns), count):
        part = columns[first : first + count]
        edges.append(tuple(Column(c.offset - part[0].offset, c.lanes, c.active) for c in part))
    groups = [Group(full, whole)] if whole else []
    return whole, tuple(edges), groups + [Group(edge, 1) for edge in edges]


def _pack_right(right: Operand, target: Target, bytes_: int, rows: int) -> list[str]:
    """The ways to consider."""
    if right.place is not None and right.free.extent == ONE:
        return [""]
    if right.place is not None and right.step == ONE:
        large = bytes_ >= _PACK_RIGHT * target.l2 and rows >= _PACK_RIGHT_ROWS
        return ["panel"] if large else ["", "panel"]
    return ["transposed" if right.along_k and not right.along_free else "panel"]


def _pack_left(left: Operand, bytes_: int, columns: int) -> str:
    if left.place is not None:
        if left.depth == ONE or left.k.extent == ONE:
            return ""
        if left.step == ONE:
            large = bytes_ >= _PACK_LEFT_BYTES and bytes_ * columns >= _PACK_LEFT_USES
            return "panels" if large else ""
        return "rows" if columns >= _PACK_LEFT_COLUMNS else ""
    return "panels" if left.along_free and not left.along_k else "rows"
