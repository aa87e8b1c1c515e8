"""Estimates, in cycles, of what a cut of a contraction costs; what was measured stands here."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from thalweg.compiler.dims import ONE, ZERO, Dim
from thalweg.compiler.ir.expression import Load, walk
from thalweg.compiler.render.llvm.contract.flatten import Flat
from thalweg.compiler.render.llvm.contract.operands import Operand
from thalweg.compiler.render.llvm.contract.tile import Column
from thalweg.compiler.target import Target

__all__ = ["Estimator", "Group", "Rates", "batch_for", "rates", "typical"]

# The batch that plans are made for, unless that makes a length larger than this.
_TYPICAL_BATCH, _TYPICAL_LENGTH = 64, 4096
# From this many elements in the batch on, workers share batches only.
_MANY_BATCHES = 16
# Cycles to begin and end a tile, and to store one of its vectors.
_TILE_OVERHEAD, _STORE = 25.0, 2.0
# Bytes that come from the second-level cache in a cycle; cycles for a row of a panel in place,
# which is elsewhere than the one before; cycles that a multiply-add takes.
_FETCH, _JUMP, _LATENCY = 20.0, 7.2, 4.4
# Instructions that are decoded in a cycle.
_DECODE = 5.5
# What another tile function must win, as each takes time to compile; a transposition is two.
_FUNCTION, _MOST_CYCLES = 0.04, 4000.0
# Cycles to copy an element into a panel, to transpose it, and to store one alone.
_PACK = {"": 0.0, "panel": 0.16, "panels": 0.16, "rows": 0.16, "transposed": 0.4}
_ALONE = 1.5


@dataclass(frozen=True, slots=True)
class Rates:
    """What tiles of multiply-adds cost on a target; other tiles (AMX, bf16-dot) belong here too.

    Attributes:
        wide: cycles for a multiply-add of a vector wider than 32 bytes.
        narrow: cycles for one of at most 32 bytes.
        load: cycles for loading a wide vector or spreading a number over one.
        spare: registers that a tile needs besides its sums and the right operand's vectors.
        spreads: whether a multiply-add can spread a number from memory over a vector.
    """

    wide: float
    narrow: float
    load: float
    spare: int
    spreads: bool = False


def rates(target: Target) -> Rates:
    """The tile table."""
    if not target.fma:  # a multiplication, an addition and a register between them
        return Rates(2.0, 1.0, 0.5, 2)
    if target.narrow_is_as_fast:
        return Rates(1.0, 0.5, 1.0, 1, spreads=True)
    return Rates(0.5, 0.5, 0.5, 1, spreads=target.vector_bytes == 64)


def batch_for(dim: Dim) -> int:
    """A typical batch for a length: of long sequences there are fewer."""
    return max(8, min(_TYPICAL_BATCH, _TYPICAL_LENGTH // max(1, dim.scale)))


def typical(dim: Dim) -> int:
    """A length, for a typical batch."""
    return dim.at(batch_for(dim))


@dataclass(frozen=True, slots=True)
class Group:
    """Panels of the same columns, and how many there are."""

    columns: tuple[Column, ...]
    panels: int


class Estimator:
    """Estimates cuts of one contraction."""

    def __init__(self, flat: Flat, right: Operand, target: Target) -> None:
        variables = (flat.batch, flat.m, flat.n, flat.k)
        self.batch, self.height, self.width, self.depth = (typical(v.extent) for v in variables)
        self.itemsize = max(4, flat.dtype.itemsize)
        self.l1 = target.l1
        self.rates = rates(target)
        self.distance = right.depth.at(batch_for(right.depth))
        scattered = 0 if flat.n.extent == ONE else _scattered(flat)
        self.store = _STORE + scattered * _ALONE * target.lanes(self.itemsize)

    def cycles(
        self,
        rows: int,
        rest: int,
        guarded: bool,
        groups: Sequence[Group],
        pack_left: str,
        pack_right: str,
    ) -> tuple[float, str]:
        """The cost with two workers, and what these are best to share; see `Plan`."""
        heights = [(rows, (self.height + (rows - 1) * guarded) // rows)]
        if rest:
            heights.append((rest, self.height % rows // rest))
        work = 0.0
        for group in groups:
            step = self._step(group.columns, pack_right)
            stores = len(group.columns) * self.store + guarded
            for tall, strips in heights:
                tile = self.depth * step(tall) + _TILE_OVERHEAD + tall * stores
                work += strips * group.panels * tile
        strips, panels = sum(n for _, n in heights), sum(g.panels for g in groups)
        left = self.height * self.depth * _PACK[pack_left]
        right = self.width * self.depth * _PACK[pack_right]
        if self.batch >= _MANY_BATCHES or strips * panels <= 1:
            cycles, shared = (work + left + right) * self.batch / 2, "batch"
        else:
            cycles, shared = min(
                (self._shared(strips, work + left, right), "m"),
                (self._shared(panels, work + right, left), "n"),
            )
        functions = len(heights) * len(groups) - 1
        functions += 2 * len(groups) if pack_right == "transposed" else 0
        return cycles + functions * min(_FUNCTION * cycles, _MOST_CYCLES), shared

    def _shared(self, pieces: int, work: float, repeated: float) -> float:
        """The time of the slower of two workers; each does what is `repeated`."""
        turns = max(1, self.batch * pieces)
        return self.batch * (work * (-(-turns // 2) / turns) + repeated)

    def _step(self, columns: Sequence[Column], pack_right: str) -> _Step:
        width = sum(c.lanes for c in columns)
        fetch = 0.0
        # Panels that do not fit the first-level cache come from the second for every strip.
        if self.depth * width * self.itemsize > self.l1 // 2:
            fetch = width * self.itemsize / _FETCH
            if not pack_right and self.distance > width:
                fetch = max(fetch, _JUMP)
        wide = sum(c.lanes * self.itemsize > 32 for c in columns)
        narrow = len(columns) - wide
        r = self.rates
        return _Step(
            len(columns),
            wide * r.wide + narrow * r.narrow,
            wide * r.load + narrow * 0.5,
            0.0 if len(columns) == 1 and r.spreads else 0.5,
            fetch,
            self.itemsize / _FETCH,
        )


@dataclass(frozen=True, slots=True)
class _Step:
    """One step along k of a tile: what a row takes to multiply and to load, what its panel does."""

    count: int
    multiply: float
    load: float
    spread: float
    fetch: float
    row: float

    def __call__(self, rows: int) -> float:
        """Cycles of a tile of some height."""
        decode = (rows * self.count + self.count + rows + 2) / _DECODE
        # Small tiles run up to four sets of sums side by side.
        sets = max(1, min(4, 8 // (rows * self.count)))
        load = self.load + rows * self.spread
        # The left operand's rows come from the second-level cache too; some of both times shows.
        shown = 0.1 * (self.fetch + rows * self.row)
        return max(rows * self.multiply, load, decode, self.fetch, _LATENCY / sets) + shown


def _scattered(flat: Flat) -> int:
    """How many of the epilogue's loads and stores are not contiguous along n."""
    indices = [s.index for s in flat.epilogue]
    values = walk(*(s.value for s in flat.epilogue))
    indices += [e.index for e in values if isinstance(e, Load)]
    return sum(index.stride(flat.n) not in (ONE, ZERO) for index in indices)
