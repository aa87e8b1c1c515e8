"""A register tile: rows x vectors of running sums that stay in registers over the loops along k.

Each step of the innermost loop reads one vector of the right operand for each column and one number
of the left operand for each row, and multiplies every row by every column. Where the operands lie
is up to two callbacks, so matrix products and convolutions use the same code.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from thalweg.compiler.render.llvm.builder import Builder, Index, Type, Value
from thalweg.compiler.target import Target

__all__ = [
    "IN_FLIGHT",
    "Column",
    "Left",
    "Level",
    "Place",
    "Right",
    "emit_pieces",
    "emit_tile",
    "split",
]

# Where the loops along k are: one index for each level, the outermost first.
Place = tuple[Index, ...]
# The number of a row at a place: a scalar of the tile's element.
Left = Callable[[int, Place], Value]
# The vector of a column (its number) at a place: as many lanes as the column has.
Right = Callable[[int, Place], Value]

# Multiply-adds that must be under way at a time: they take four cycles, two begin in each.
IN_FLIGHT = 8


@dataclass(frozen=True, slots=True)
class Column:
    """One vector of each row.

    Attributes:
        offset: its first lane, counted in elements from the tile's first.
        lanes: width of the register.
        active: lanes in use; the others, at the end, belong to no element.
    """

    offset: int
    lanes: int
    active: int

    @property
    def full(self) -> bool:
        """Whether every lane is in use."""
        return self.active == self.lanes

    def mask(self, b: Builder) -> Value | None:
        """The lanes in use; None where all are."""
        return None if self.full else b.mask(self.active, self.lanes)


@dataclass(frozen=True, slots=True)
class Level:
    """A loop along k: how many turns, and how many of them are written out in one."""

    extent: Index
    unroll: int = 1


def split(width: int, target: Target, itemsize: int = 4) -> list[Column]:
    """The vectors that cover a row of a width known now, wasting few lanes.

    Where there are masks the rest is one vector, no wider than it must be; elsewhere vectors of
    halving widths, the last of one lane.
    """
    lanes = target.lanes(itemsize)
    found = [Column(at, lanes, lanes) for at in range(0, width - lanes + 1, lanes)]
    at, rest = len(found) * lanes, width % lanes
    while rest:
        if target.masks:
            narrow = lanes
            while narrow // 2 >= rest and narrow * itemsize > 16:
                narrow //= 2
            found.append(Column(at, narrow, rest))
            break
        lanes //= 2
        if lanes <= rest:
            found.append(Column(at, lanes, lanes))
            at, rest = at + lanes, rest - lanes
    return found


def emit_tile(
    b: Builder,
    element: str,
    rows: int,
    columns: Sequence[Column],
    levels: Sequence[Level],
    left: Left,
    right: Right,
    start: Sequence[Sequence[Value]] | None = None,
) -> list[list[Value]]:
    """Run the loops along k; gives the sums of each row and column.

    Args:
        element: of the sums: `float` or `double`.
        levels: the loops along k, the outermost first; there may be none (one step).
        left, right: the operands at a place; they may emit code.
        start: what to add to; zeros if None.
    """
    types = [Type(element, c.lanes) for c in columns] * rows
    if start is None:
        sums = [b.zero(t) for t in types]
    else:
        sums = [value for row in start for value in row]

    widths = sorted({c.lanes for c in columns})

    def step(place: Place, sums: Sequence[Value]) -> list[Value]:
        vectors = [right(j, place) for j in range(len(columns))]
        after: list[Value] = []
        for i in range(rows):
            number = left(i, place)
            spread = {lanes: b.splat(number, lanes) for lanes in widths}
            for j, column in enumerate(columns):
                total = sums[i * len(columns) + j]
                after.append(b.fma(spread[column.lanes], vectors[j], total))
        return after

    if not levels:
        sums = step((), sums)
    else:
        sums = _nest(b, levels, (), sums, step)
    return [sums[i * len(columns) : (i + 1) * len(columns)] for i in range(rows)]


def emit_pieces(
    b: Builder,
    element: str,
    rows: int,
    columns: Sequence[Column],
    extent: Index,
    left: Left,
    right: Right,
    start: Sequence[Sequence[Value]] | None,
    before: Callable[[Index], None],
) -> list[list[Value]]:
    """As `emit_tile` with one loop along k, cut into a piece for each row.

    Args:
        before: is called with the number of a row ahead of its piece; it may emit code.
    """
    if start is None:
        start = [[b.zero(Type(element, c.lanes)) for c in columns]] * rows

    def sums(values: Sequence[Value]) -> list[list[Value]]:
        width = len(columns)
        return [list(values[i * width : (i + 1) * width]) for i in range(rows)]

    def piece(first: Index, length: Index, start: Sequence[Sequence[Value]]) -> list[list[Value]]:
        return emit_tile(
            b,
            element,
            rows,
            columns,
            [Level(length)],
            lambda i, place: left(i, (b.add(first, place[0]),)),
            lambda j, place: right(j, (b.add(first, place[0]),)),
            start,
        )

    length = b.div(extent, rows)
    with b.loop(0, rows, carried=[value for row in start for value in row]) as loop:
        before(loop.index)
        found = piece(b.mul(loop.index, length), length, sums(loop.carried))
        loop.next([value for row in found for value in row])
    done = b.mul(length, rows)
    rest = b.sub(extent, done)
    return sums(loop.results) if rest == 0 else piece(done, rest, sums(loop.results))


def _nest(
    b: Builder,
    levels: Sequence[Level],
    place: Place,
    sums: list[Value],
    step: Callable[[Place, Sequence[Value]], list[Value]],
) -> list[Value]:
    level = levels[0]
    if len(levels) == 1:
        return _innermost(b, level, place, sums, step)
    if level.extent == 1:
        return _nest(b, levels[1:], (*place, 0), sums, step)
    with b.loop(0, level.extent, carried=sums) as loop:
        loop.next(_nest(b, levels[1:], (*place, loop.index), loop.carried, step))
    return loop.results


def _innermost(
    b: Builder,
    level: Level,
    place: Place,
    sums: list[Value],
    step: Callable[[Place, Sequence[Value]], list[Value]],
) -> list[Value]:
    extent = level.extent
    # A small tile waits for its own sums unless several sets of them run side by side.
    ways = max(1, min(4, IN_FLIGHT // max(1, len(sums))))
    ways = ways if not isinstance(extent, int) or extent >= 4 * ways else 1
    at_once = ways * max(1, -(-level.unroll // ways))
    whole = b.mul(b.div(extent, at_once), at_once)
    if whole != 0:
        spare = [b.zero(v.type) for v in sums] * (ways - 1)
        with b.loop(0, whole, at_once, carried=[*sums, *spare]) as loop:
            sets = [loop.carried[w * len(sums) : (w + 1) * len(sums)] for w in range(ways)]
            for u in range(at_once):
                sets[u % ways] = step((*place, b.add(loop.index, u)), sets[u % ways])
            loop.next([value for one in sets for value in one])
        sets = [loop.results[w * len(sums) : (w + 1) * len(sums)] for w in range(ways)]
        while len(sets) > 1:
            half = len(sets) // 2
            joined = [
                [b.fadd(x, y) for x, y in zip(one, other, strict=True)]
                for one, other in zip(sets[:half], sets[half : 2 * half], strict=True)
            ]
            sets = [*joined, *sets[2 * half :]]
        sums = sets[0]
    if at_once == 1 or whole == extent:
        return sums
    if isinstance(extent, int) and isinstance(whole, int):
        for k in range(whole, extent):
            sums = step((*place, k), sums)
        return sums
    with b.loop(whole, extent, carried=sums) as loop:
        loop.next(step((*place, loop.index), loop.carried))
    return loop.results
