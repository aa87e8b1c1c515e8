"""Tile functions of a matrix-product kernel: one for each height and set of columns.

Each is given the buffers and the values that `Tiles.parameters` names.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from thalweg.compiler.ir.index import Var
from thalweg.compiler.render.llvm.builder import PTR, Builder, Index, Type, Value
from thalweg.compiler.render.llvm.contract.epilogue import Epilogue, Part, room
from thalweg.compiler.render.llvm.contract.prefetch import Prefetches
from thalweg.compiler.render.llvm.contract.setting import Setting
from thalweg.compiler.render.llvm.contract.tile import Column, Level, Place, emit_pieces, emit_tile
from thalweg.compiler.render.llvm.expressions import Emitter
from thalweg.compiler.render.llvm.kernel import NAME, length

__all__ = ["Tiles"]


class Tiles:
    """Writes tile functions when they are first called.

    Attributes:
        functions: their texts by name.
        declarations: what they call from outside.
    """

    def __init__(self, setting: Setting) -> None:
        self.setting = setting
        self.plan = setting.plan
        flat = self.plan.flat
        self.epilogue = Epilogue(flat.epilogue, flat.m, flat.n)
        self.prefetches = Prefetches(flat.epilogue, flat.m, flat.n, setting.target)
        self.functions: dict[str, str] = {}
        self.declarations: dict[str, str] = {}

    def parameters(self) -> list[str]:
        """What a tile function is given besides the buffers, by name."""
        names = ["left", "right", "batch", "row", "column", "n", "active"]
        if self.plan.guarded:
            names.append("end")
        if self.plan.depth:
            names += ["from", "to", "stride", "depth", "last"]
        return names

    def call(
        self,
        b: Builder,
        rows: int,
        columns: Sequence[Column],
        loose: bool,
        pointers: Sequence[Value],
        values: Mapping[str, Index],
    ) -> None:
        """Call the function for a tile.

        Args:
            loose: whether the lanes in use (`active`) are known only at run time.
            pointers: the buffers.
            values: those of `parameters`.
        """
        widths = "_".join(f"{c.lanes}x{c.active}" for c in columns)
        name = f"{NAME}_{rows}_{widths}{'_loose' if loose else ''}"
        if name not in self.functions:
            self.functions[name] = self._tile(name, rows, columns, loose)
        given = [b.index(values[x]) for x in self.parameters()]
        b.line(f"call void @{name}({', '.join(map(str, [*pointers, *given]))})")

    def _tile(self, name: str, rows: int, columns: Sequence[Column], loose: bool) -> str:
        setting, plan, flat = self.setting, self.plan, self.plan.flat
        b = Builder(setting.target)
        pointers = [(PTR, f"b{i}") for i in range(len(setting.buffers))]
        addresses = ("left", "right", "from", "to")
        rest = [(PTR if x in addresses else b.index_type, x) for x in self.parameters()]
        with b.function(name, [*pointers, *rest]) as values:
            given = dict(zip(self.parameters(), values[len(pointers) :], strict=True))
            n = given["n"]
            spare = None
            width = sum(c.lanes for c in columns)
            if not self.epilogue.in_registers(rows * len(columns)):
                spare = room(b, setting.element, rows * width)
            em = Emitter(b, setting.target, n, dict(zip(setting.buffers, values, strict=False)))
            mask = None
            if loose and columns[0].lanes > 1:
                mask = b.mask(given["active"], columns[0].lanes)
            extent = given["depth"] if plan.depth else length(b, flat.k.extent, n)
            there = b.index(b.sub(given["end"], given["row"])) if plan.guarded else None
            left = self._left(b, given["left"], rows, n, there)
            right = self._right(b, given["right"], columns, n, mask)
            start = None
            if plan.depth:
                start = self._waiting(b, rows, columns, given)
            env: dict[Var, Index] = {
                flat.batch: given["batch"],
                flat.m: given["row"],
                flat.n: given["column"],
            }
            element, sides = setting.element, (left, right, start)
            if self.prefetches.fit(rows * len(columns), rows, extent):

                def ahead(row: Index) -> None:
                    with em.scope():
                        if not plan.depth:
                            self.prefetches.emit(em, env, row, width)
                            return
                        with b.when(b.icmp("ne", given["last"], b.index(0))):
                            self.prefetches.emit(em, env, row, width)

                sums = emit_pieces(b, element, rows, columns, extent, *sides, ahead)
            else:
                sums = emit_tile(b, element, rows, columns, [Level(extent)], *sides)
            part = Part(env, given["active"] if loose else None, there)
            if not plan.depth:
                self.epilogue.emit(em, sums, columns, part, spare)
            else:
                with b.when(b.icmp("ne", given["last"], b.index(0))):
                    self.epilogue.emit(em, sums, columns, part, spare)
                with b.when(b.icmp("eq", given["last"], b.index(0))):
                    self._wait(b, sums, columns, given["to"], n)
        self.declarations.update(b.declarations)
        return b.text

    def _left(
        self, b: Builder, base: Value, rows: int, n: Value, there: Value | None
    ) -> Callable[[int, Place], Value]:
        setting, plan = self.setting, self.plan
        step: Index
        deep: Index
        if plan.pack_left == "rows":
            step, deep = length(b, setting.left_stride, n), 1
        elif plan.pack_left:
            step, deep = 1, rows
        else:
            step, deep = length(b, plan.left.step, n), length(b, plan.left.depth, n)
        places: list[Index] = list(range(rows))
        if there is not None and not plan.pack_left:  # packed rows have room behind them
            places = [b.min(i, b.sub(there, 1)) for i in places]
        starts = [b.at(base, b.mul(step, i), setting.element) for i in places]

        def read(i: int, place: Place) -> Value:
            where = b.at(starts[i], b.mul(place[0], deep), setting.element)
            return b.load(where, Type(setting.element))

        return read

    def _right(
        self, b: Builder, base: Value, columns: Sequence[Column], n: Value, mask: Value | None
    ) -> Callable[[int, Place], Value]:
        setting, plan = self.setting, self.plan
        deep: Index = sum(c.lanes for c in columns)
        if not plan.pack_right:
            deep = length(b, plan.right.depth, n)

        def read(j: int, place: Place) -> Value:
            column = columns[j]
            offset = b.add(b.mul(place[0], deep), column.offset)
            where = b.at(base, offset, setting.element)
            type_ = Type(setting.element, column.lanes)
            lanes = mask if mask is not None else column.mask(b)
            if plan.pack_right or lanes is None:
                return b.load(where, type_)
            return b.masked_load(where, lanes, type_)

        return read

    def _waiting(
        self, b: Builder, rows: int, columns: Sequence[Column], given: Mapping[str, Value]
    ) -> list[list[Value]]:
        """The sums of the blocks before."""
        element = self.setting.element
        found = []
        for i in range(rows):
            row = b.at(given["from"], b.mul(given["stride"], i), element)
            found.append(
                [b.load(b.at(row, c.offset, element), Type(element, c.lanes)) for c in columns]
            )
        return found

    def _wait(
        self,
        b: Builder,
        sums: Sequence[Sequence[Value]],
        columns: Sequence[Column],
        to: Value,
        n: Value,
    ) -> None:
        """Leave the sums for the next block."""
        element, stride = self.setting.element, length(b, self.setting.sums_stride, n)
        for i, values in enumerate(sums):
            row = b.at(to, b.mul(stride, i), element)
            for column, value in zip(columns, values, strict=True):
                b.store(value, b.at(row, column.offset, element))
