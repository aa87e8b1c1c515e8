"""Matrix products by register tiles: panels of the right operand, strips of rows, blocks along k.

    for each share of the batch, of m or of n:
        for each block of k (one, as a rule):
            pack the left operand if the plan says so
            for each panel of columns:
                pack the panel if the plan says so
                for each strip of rows: a tile, then its epilogue

Where k comes in blocks, sums that are not complete wait in scratch memory.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from thalweg.compiler.dims import Dim, NotAffineError, product
from thalweg.compiler.ir.index import Var
from thalweg.compiler.render import uses
from thalweg.compiler.render.llvm.builder import Builder, Index, Type, Value
from thalweg.compiler.render.llvm.contract.estimate import typical
from thalweg.compiler.render.llvm.contract.operands import Operand
from thalweg.compiler.render.llvm.contract.pack import Packer
from thalweg.compiler.render.llvm.contract.plan import Plan
from thalweg.compiler.render.llvm.contract.setting import Setting
from thalweg.compiler.render.llvm.contract.shares import Range, shares
from thalweg.compiler.render.llvm.contract.tile import Column, split
from thalweg.compiler.render.llvm.contract.tiles import Tiles
from thalweg.compiler.render.llvm.expressions import Emitter
from thalweg.compiler.render.llvm.kernel import NAME, KernelText, length, parameters
from thalweg.compiler.target import Target

__all__ = ["flops", "render"]


def render(plan: Plan, target: Target) -> KernelText:
    """The kernel of a plan.

    Raises:
        NotAffineError: if its scratch memory would not be affine in the batch size.
    """
    setting, flat = Setting(plan, target), plan.flat
    tiles = Tiles(setting)
    b = Builder(target)
    with b.function(NAME, parameters(b, setting.buffers)) as values:
        *pointers, n, worker, workers, scratch = values
        em = Emitter(b, target, n, dict(zip(setting.buffers, pointers, strict=True)))
        turns = _Main(setting, tiles, em, pointers, scratch).turns(worker, workers)
    return KernelText(
        "\n".join([b.text, *tiles.functions.values()]),
        b.declarations | tiles.declarations,
        setting.buffers,
        tuple(uses.stored(flat.epilogue)),
        setting.room,
        turns,
        flops(flat.batch, flat.m, flat.n, flat.k),
    )


def flops(*variables: Var) -> Dim:
    """Operations of a contraction; for a typical batch where they are not affine in its size."""
    try:
        return product(tuple(v.extent for v in variables)).times(2)
    except NotAffineError:
        total = 2
        for v in variables:
            total *= typical(v.extent)
        return Dim(0, total)


@dataclass(frozen=True, slots=True)
class _Part:
    """What is done at a time: of one batch, rows and columns [first, end), a block along k."""

    batch: Index
    rows: Range
    columns: Range
    k: Index
    depth: Index
    # Whether it is the first and the last block along k.
    first: Value | None = None
    last: Index = 1


class _Main:
    """The body of the main function."""

    def __init__(
        self,
        setting: Setting,
        tiles: Tiles,
        em: Emitter,
        pointers: Sequence[Value],
        scratch: Value,
    ) -> None:
        self.setting = setting
        self.plan = setting.plan
        self.flat = setting.plan.flat
        self.tiles = tiles
        self.em = em
        self.b: Builder = em.b
        self.pointers = pointers
        self.scratch = scratch

    def length(self, dim: Dim) -> Index:
        """A length."""
        return length(self.b, dim, self.em.n)

    def turns(self, worker: Value, workers: Value) -> Dim:
        """The share of a worker; gives how many turns there are (about, where n decides)."""
        flat, plan = self.flat, self.plan
        size = {"m": plan.rows, "n": plan.width, "batch": 1}[plan.shared]

        def part(batch: Index, rows: Range, columns: Range) -> None:
            self._blocks(_Part(batch, rows, columns, 0, self.length(flat.k.extent)))

        return shares(self.em, flat, plan.shared, size, worker, workers, part)

    def _blocks(self, part: _Part) -> None:
        b, plan, setting = self.b, self.plan, self.setting
        if not plan.depth:
            self._block(part)
            return
        zeros = self._scratch(setting.zeros)
        for c in plan.full:
            zero = b.zero(Type(setting.element, c.lanes))
            b.store(zero, b.at(zeros, c.offset, setting.element))
        with b.loop(0, part.depth, plan.depth) as loop, self.em.scope():
            depth = b.min(plan.depth, b.sub(part.depth, loop.index))
            end = b.index(b.add(loop.index, depth))
            last = b.convert("zext", b.icmp("sge", end, b.index(part.depth)), b.target.index)
            first = b.icmp("eq", loop.index, b.index(0))
            self._block(_Part(part.batch, part.rows, part.columns, loop.index, depth, first, last))

    def _block(self, part: _Part) -> None:
        b, plan = self.b, self.plan
        self._pack_left(part)
        first, end = part.columns
        if plan.panels < 0:
            whole = b.add(first, b.mul(b.div(b.sub(end, first), plan.width), plan.width))
            with b.loop(first, whole, plan.width) as loop, self.em.scope():
                self._panel(part, loop.index, plan.full, None)
            lanes = self.setting.lanes if self.setting.target.masks else 1
            with b.loop(whole, end, lanes) as loop, self.em.scope():
                active = b.min(lanes, b.sub(end, loop.index))
                self._panel(part, loop.index, (Column(0, lanes, lanes),), active)
            return
        limit = plan.panels * plan.width
        if plan.panels:
            with b.loop(first, b.min(end, limit), plan.width) as loop, self.em.scope():
                self._panel(part, loop.index, plan.full, None)
        if not plan.edges:
            return
        mine = b.less(limit, end) if not isinstance(end, int) else None
        if mine is None:
            self._edges(part, limit)
        else:
            with b.when(mine), self.em.scope():
                self._edges(part, limit)

    def _edges(self, part: _Part, first: int) -> None:
        for columns in self.plan.edges:
            self._panel(part, first, columns, None)
            first += sum(c.active for c in columns)

    def _panel(
        self, part: _Part, first: Index, columns: Sequence[Column], active: Index | None
    ) -> None:
        b, plan, setting = self.b, self.plan, self.setting
        loose = active is not None
        if not plan.pack_right:
            right = self._in_place(plan.right, part, first)
        else:
            right = self._scratch(setting.right)
            packer = self._packer(plan.right, part)
            stride = sum(c.lanes for c in columns)
            depth = (part.k, part.depth)
            if plan.pack_right == "transposed":
                packer.transposed(right, stride, columns, first, depth, active)
            else:
                mask = None
                if active is not None and columns[0].lanes > 1:
                    mask = b.mask(active, columns[0].lanes)
                packer.panel(right, stride, columns, first, depth, mask)

        def strip(rows: int, row: Index) -> None:
            values: dict[str, Index] = {
                "left": self._left(part, row),
                "right": right,
                "batch": part.batch,
                "row": row,
                "column": first,
                "n": self.em.n,
                "active": 0 if active is None else active,
                "end": part.rows[1],
            }
            if plan.depth:
                values |= self._waiting(part, row, first)
            self.tiles.call(b, rows, columns, loose, self.pointers, values)

        top, end = part.rows
        if plan.guarded:
            with b.loop(top, end, plan.rows) as loop, self.em.scope():
                strip(plan.rows, loop.index)
            return
        whole = b.add(top, b.mul(b.div(b.sub(end, top), plan.rows), plan.rows))
        with b.loop(top, whole, plan.rows) as loop, self.em.scope():
            strip(plan.rows, loop.index)
        if not plan.rest:
            return
        if plan.rest == 1 or not isinstance(end, int):
            with b.loop(whole, end, plan.rest) as loop, self.em.scope():
                strip(plan.rest, loop.index)
        else:
            strip(plan.rest, whole)

    def _waiting(self, part: _Part, row: Index, column: Index) -> dict[str, Index]:
        """Where sums come from and go to."""
        b, setting = self.b, self.setting
        stride = self.length(setting.sums_stride)
        offset = b.add(b.mul(row, stride), column)
        sums = b.at(self._scratch(setting.sums), offset, setting.element)
        assert part.first is not None
        return {
            "from": b.select(part.first, self._scratch(setting.zeros), sums),
            "to": sums,
            "stride": b.select(part.first, b.index(0), b.index(stride)),
            "depth": part.depth,
            "last": part.last,
        }

    # --- operands

    def _scratch(self, place: Dim) -> Value:
        return self.b.at(self.scratch, self.length(place), "i8")

    def _packer(self, operand: Operand, part: _Part) -> Packer:
        env = {self.flat.batch: part.batch}
        return Packer(self.em, operand, env, self.setting.lanes, self.setting.element)

    def _in_place(self, operand: Operand, part: _Part, free: Index) -> Value:
        """The address of an operand's element at the block's first k."""
        b = self.b
        assert operand.place is not None
        offset = self.em.index(operand.start(), {self.flat.batch: part.batch})
        offset = b.add(offset, b.mul(self.length(operand.depth), part.k))
        offset = b.add(offset, b.mul(self.length(operand.step), free))
        pointer = self.em.pointers[operand.place.buffer]
        return b.at(pointer, offset, self.setting.element)

    def _left(self, part: _Part, row: Index) -> Value:
        b, plan, setting = self.b, self.plan, self.setting
        if not plan.pack_left:
            return self._in_place(plan.left, part, row)
        stride = self.length(setting.left_stride) if plan.pack_left == "rows" else part.depth
        offset = b.mul(b.sub(row, part.rows[0]), stride)
        return b.at(self._scratch(setting.left), offset, setting.element)

    def _pack_left(self, part: _Part) -> None:
        b, plan, setting = self.b, self.plan, self.setting
        depth = (part.k, part.depth)
        if plan.pack_left == "rows":
            to = self._scratch(setting.left)
            stride = self.length(setting.left_stride)
            self._packer(plan.left, part).rows(to, stride, part.rows, depth)
        elif plan.pack_left:
            first, end = part.rows
            if plan.guarded:
                with b.loop(first, end, plan.rows) as loop, self.em.scope():
                    mask = b.mask(b.sub(end, loop.index), self._strip_columns(plan.rows)[0].lanes)
                    self._pack_strip(part, loop.index, plan.rows, mask)
                return
            whole = b.add(first, b.mul(b.div(b.sub(end, first), plan.rows), plan.rows))
            with b.loop(first, whole, plan.rows) as loop, self.em.scope():
                self._pack_strip(part, loop.index, plan.rows)
            if plan.rest:
                with b.loop(whole, end, plan.rest) as loop, self.em.scope():
                    self._pack_strip(part, loop.index, plan.rest)

    def _strip_columns(self, rows: int) -> list[Column]:
        return split(rows, self.setting.target, self.setting.itemsize)

    def _pack_strip(self, part: _Part, row: Index, rows: int, mask: Value | None = None) -> None:
        """A vector wider than the strip writes over what the next one then writes."""
        columns = self._strip_columns(rows)
        packer = self._packer(self.plan.left, part)
        packer.panel(self._left(part, row), rows, columns, row, (part.k, part.depth), mask)
