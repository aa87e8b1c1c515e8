"""How a contraction is cut up: the tile, what is packed, and what the workers share.

Everything that was measured rather than derived stands in this file. A plan is the cheapest of the
possible ones by an estimate in cycles, for the lengths known now and a typical batch.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from thalweg.compiler.dims import ONE, Dim
from thalweg.compiler.ir.expression import Load, walk
from thalweg.compiler.ir.index import Index, Var
from thalweg.compiler.render.llvm.contract.flatten import Flat
from thalweg.compiler.render.llvm.contract.operands import Operand, describe
from thalweg.compiler.render.llvm.contract.tile import Column, split
from thalweg.compiler.target import Target

__all__ = ["Plan", "Rates", "choose", "rates", "typical"]

# The batch that plans are made for, unless that makes a length larger than this.
_TYPICAL_BATCH, _TYPICAL_LENGTH = 64, 4096
# A panel may take this share of the second-level cache; where the left operand is not contiguous
# along k, blocks are short if k is this long: each k is another line of the cache.
_PANEL, _SHORT, _LONG = 0.6, 512, 2048
# A right operand of this many times the second-level cache is packed, if enough rows use it.
_PACK_RIGHT, _PACK_RIGHT_ROWS = 2.5, 192
# A left operand that is not contiguous along k is packed from this many bytes on.
_PACK_LEFT_BYTES = 4 << 20
# More rows gain nothing, and eight rows whose distance is a power of two still fit in a cache set.
_MOST_ROWS = 8
_MOST_COLUMNS = 8
# From this many elements in the batch on, workers share batches only.
_MANY_BATCHES = 16
# Cycles to begin and end a tile, and to store one of its vectors.
_TILE_OVERHEAD, _STORE = 25.0, 2.0
# Bytes that come from the second-level cache in a cycle.
_FETCH = 20.0
# What another tile function must win, as each takes time to compile; a transposition is two.
_FUNCTION, _MOST_CYCLES = 0.04, 4000.0
# Cycles to copy an element into a panel, to transpose it, and to store one alone.
_COPY, _TRANSPOSE, _ALONE = 0.16, 0.4, 1.5


@dataclass(frozen=True, slots=True)
class Rates:
    """What tiles of multiply-adds cost on a target; other tiles (AMX, bf16-dot) belong here too.

    Attributes:
        wide: cycles for a multiply-add of a vector wider than 32 bytes.
        narrow: cycles for one of at most 32 bytes.
        load: cycles for loading a wide vector or spreading a number over one.
        spare: registers that a tile needs besides its sums and the right operand's vectors.
    """

    wide: float
    narrow: float
    load: float
    spare: int


def rates(target: Target) -> Rates:
    """The tile table."""
    if not target.fma:  # a multiplication, an addition and a register between them
        return Rates(2.0, 1.0, 0.5, 2)
    if target.narrow_is_as_fast:
        return Rates(1.0, 0.5, 1.0, 1)
    return Rates(0.5, 0.5, 0.5, 1)


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


def typical(dim: Dim) -> int:
    """A length, for a typical batch."""
    return dim.at(_batch(dim))


def _batch(dim: Dim) -> int:
    """A typical batch: of long sequences there are fewer."""
    return max(8, min(_TYPICAL_BATCH, _TYPICAL_LENGTH // max(1, dim.scale)))


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
    pack_right = _pack_right(right, target, width * depth * itemsize, height)
    pack_left = _pack_left(left, height * depth * itemsize, width)
    costs = rates(target)
    for count in range(1, _MOST_COLUMNS + 1):
        if flat.n.extent.static:
            columns = split(width, target, itemsize)
        else:
            columns = [Column(i * lanes, lanes, lanes) for i in range(-(-width // lanes))]
        if count > max(1, len(columns)):
            break
        panels, edges = _panels(columns, count, lanes)
        full = tuple(Column(i * lanes, lanes, lanes) for i in range(count))
        if not flat.n.extent.static:
            panels, edges = -1, ()
        for rows in range(1, _MOST_ROWS + 1):
            if rows * count + count + costs.spare > target.registers:
                break
            if rows > 1 and flat.m.extent.static and rows > height:
                break
            blocked = _block(left, target, count * lanes * itemsize)
            for rest, guarded in _rests(flat.m.extent, rows):
                # A strip is packed by one masked vector.
                if guarded and not (target.masks and (pack_left != "panels" or rows <= lanes)):
                    continue
                plan = Plan(
                    flat, left, right, rows, rest, guarded, full, panels, edges,
                    pack_left, pack_right, blocked, "", 0.0,
                )  # fmt: skip
                yield _estimated(plan, columns, target, costs, itemsize)


def _block(left: Operand, target: Target, bytes_: int) -> int:
    """How much of k is done at a time, for panels of so many bytes for each k; 0: all."""
    extent = left.k.extent
    largest = extent.offset if extent.static else extent.at(4 * _batch(extent))
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
    columns: Sequence[Column], count: int, lanes: int
) -> tuple[int, tuple[tuple[Column, ...], ...]]:
    """How many whole panels there are, and the others."""
    whole = sum(c.full and c.lanes == lanes for c in columns)
    rest = columns[whole // count * count :]
    edges = []
    for first in range(0, len(rest), count):
        part = rest[first : first + count]
        edges.append(tuple(Column(c.offset - part[0].offset, c.lanes, c.active) for c in part))
    return whole // count, tuple(edges)


def _pack_right(right: Operand, target: Target, bytes_: int, rows: int) -> str:
    lone = right.free.extent == ONE
    if right.place is not None and (lone or right.step == ONE):
        large = bytes_ >= _PACK_RIGHT * target.l2 and rows >= _PACK_RIGHT_ROWS
        return "panel" if large and not lone else ""
    return "transposed" if right.along_k and not right.along_free else "panel"


def _pack_left(left: Operand, bytes_: int, columns: int) -> str:
    if left.place is not None:
        if left.depth == ONE or left.k.extent == ONE:
            return ""
        if left.step == ONE:
            return "panels" if bytes_ >= _PACK_LEFT_BYTES else ""
        return "rows" if columns >= 128 else ""
    return "panels" if left.along_free and not left.along_k else "rows"


def _estimated(
    plan: Plan, columns: Sequence[Column], target: Target, costs: Rates, itemsize: int
) -> Plan:
    """The plan with what the workers share, and its cost for two of them."""
    flat = plan.flat
    batch, height, width, depth = (typical(v.extent) for v in (flat.batch, flat.m, flat.n, flat.k))
    heights = {plan.rows: (height + (plan.rows - 1) * plan.guarded) // plan.rows}
    if plan.rest:
        heights[plan.rest] = height % plan.rows // plan.rest
    count = len(plan.full)
    whole = plan.panels if plan.panels >= 0 else len(columns) // count
    groups = [(plan.full, whole)] if whole else []
    groups += [(edge, 1) for edge in plan.edges]
    if plan.panels < 0:  # single vectors after the whole panels; the last one about half in use
        groups.append((plan.full[:1], len(columns) % count + 1))
    # Panels that do not fit the first-level cache come from the second for every strip of rows.
    far = depth * plan.width * itemsize > target.l1 // 2
    store = _STORE + sum(_stride_cost(plan.flat, plan.full[0].lanes))
    work = sum(
        strips
        * panels
        * (
            depth * _cycles(rows, group, costs, itemsize, far)
            + _TILE_OVERHEAD
            + rows * (len(group) * store + plan.guarded)
        )
        for rows, strips in heights.items()
        for group, panels in groups
    )
    strips, panels = sum(heights.values()), sum(n for _, n in groups)
    left = height * depth * (_COPY if plan.pack_left else 0.0)
    right = width * depth * {"": 0.0, "panel": _COPY, "transposed": _TRANSPOSE}[plan.pack_right]
    found: list[tuple[float, str]] = []
    if batch >= _MANY_BATCHES or strips * panels <= 1:
        found.append(((work + left + right) * batch / 2, "batch"))
    else:
        for pieces, repeated, once, name in (
            (strips, right, left, "m"),
            (panels, left, right, "n"),
        ):
            turns = max(1, batch * pieces)
            share = -(-turns // 2) / turns
            found.append((batch * ((work + once) * share + repeated), name))
    cycles, shared = min(found)
    functions = (1 + (plan.rest > 0)) * len(groups) - 1
    functions += 2 * len(groups) if plan.pack_right == "transposed" else 0
    cycles += functions * min(_FUNCTION * cycles, _MOST_CYCLES)
    return replace(plan, shared=shared, cycles=cycles)


def _cycles(rows: int, columns: Sequence[Column], costs: Rates, itemsize: int, far: bool) -> float:
    """One step along k of a tile; `far`: the panel does not fit the first-level cache."""
    wide = [c.lanes * itemsize > 32 for c in columns]
    multiply = rows * sum(costs.wide if w else costs.narrow for w in wide)
    spread = 0.5 if len(columns) > 1 else 0.0  # else part of the multiply-add
    load = sum(costs.load if w else 0.5 for w in wide) + rows * spread
    decode = (rows * len(columns) + len(columns) + rows + 2) / 5.5
    # Small tiles run up to four sets of sums side by side.
    sets = max(1, min(4, 8 // (rows * len(columns))))
    fetch = sum(c.lanes for c in columns) * itemsize / _FETCH if far else 0.0
    # The left operand's rows come from there anyway; some of both times shows.
    shown = 0.1 * (fetch + rows * itemsize / _FETCH)
    return max(multiply, load, decode, fetch, 4.0 / sets) + shown


def _stride_cost(flat: Flat, lanes: int) -> Iterator[float]:
    """What the epilogue's loads and stores cost where they are not contiguous along n."""
    indices = [s.index for s in flat.epilogue]
    values = walk(*(s.value for s in flat.epilogue))
    indices += [e.index for e in values if isinstance(e, Load)]
    for index in indices:
        if flat.n.extent != ONE and not _smooth(index, flat.n):
            yield _ALONE * lanes


def _smooth(index: Index, variable: Var) -> bool:
    step = index.stride(variable)
    return step is not None and (step == ONE or step == Dim(0, 0))
