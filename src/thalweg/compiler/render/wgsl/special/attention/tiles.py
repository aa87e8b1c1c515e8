"""Tiles: the products of attention, in the memory of a workgroup.

A tile has `height` rows and 32 columns; an invocation has 4 x 4 of its numbers, those of its row
group `ty` and its column group `tx`, as four vectors. What goes into a product is brought in in
slices 32 deep: `rows_stage` and `columns_stage` hold, for each depth, vectors of four neighbouring
rows or columns. Once a tile is finished it is kept where rows came through, and what it is
multiplied by comes through `columns_stage`: for each row of it, vectors of four neighbours.
"""

from __future__ import annotations

from thalweg.compiler.render.wgsl.expressions import Emitter
from thalweg.compiler.render.wgsl.special.around import write
from thalweg.compiler.render.wgsl.special.attention.setting import Rows

__all__ = ["COLUMNS", "Tiles", "height_for"]

# Columns of a tile, and the depth of a slice.
COLUMNS = 32
_GROUPS = COLUMNS // 4


def height_for(count: int) -> int:
    """The rows of a tile for so many rows."""
    return next(h for h in (8, 16, 32) if h >= min(count, 32))


class Tiles:
    """Writes products of tiles.

    Args:
        e: where to write; `thread` is known.
        height: rows of a tile.
        held: how many tiles are kept: for each column, vectors of four rows.
    """

    def __init__(self, e: Emitter, height: int, held: int) -> None:
        self.e, self.height = e, height
        self.groups = height // 4
        self.threads = self.groups * _GROUPS
        e.declare(f"var<workgroup> rows_stage: array<vec4<f32>, {COLUMNS * self.groups}>;")
        e.declare(f"var<workgroup> columns_stage: array<vec4<f32>, {COLUMNS * _GROUPS}>;")
        self.held = ["rows_stage", *(f"held{i}" for i in range(1, held))]
        for name in self.held[1:]:
            e.declare(f"var<workgroup> {name}: array<vec4<f32>, {COLUMNS * self.groups}>;")
        write(e, f"let tx = thread % {_GROUPS};\nlet ty = thread / {_GROUPS};")

    def barrier(self) -> None:
        self.e.line("workgroupBarrier();")

    # --- products over the elements of rows

    def products(self, name: str, left: Rows, row: str, right: Rows, column: str) -> None:
        """`name0` ... `name3`: rows of `left` from `row` on times rows of `right` from `column`."""
        e, size = self.e, left.size
        for i in range(4):
            e.line(f"var {name}{i} = vec4<f32>();")
        with e.block(f"for (var begin = 0; begin < {size}; begin += {COLUMNS})"):
            self.barrier()
            self._across("rows_stage", self.groups, left, row)
            self._across("columns_stage", _GROUPS, right, column)
            self.barrier()
            end = str(COLUMNS) if size % COLUMNS == 0 else f"min({COLUMNS}, {size} - begin)"
            with e.block(f"for (var d = 0; d < {end}; d++)"):
                e.line(f"let a = rows_stage[d * {self.groups} + ty];")
                e.line(f"let b = columns_stage[d * {_GROUPS} + tx];")
                for i, x in enumerate("xyzw"):
                    e.line(f"{name}{i} += a.{x} * b;")

    def _across(self, stage: str, groups: int, rows: Rows, first: str) -> None:
        """A slice of rows, transposed; what lies beyond them is zero.

        It is read all the same: some word of the one memory.
        """
        e = self.e
        with e.block(f"for (var i = thread; i < {COLUMNS * groups}; i += {self.threads})"):
            write(
                e,
                f"""
                let d = i % {COLUMNS};
                let g = i / {COLUMNS};
                let row = {first} + g * 4;
                """,
            )
            loads = ", ".join(rows.load(e, f"row + {k}", "begin + d") for k in range(4))
            there = f"(row + vec4(0, 1, 2, 3) < vec4({rows.count}))"
            there += f" & vec4(begin + d < {rows.size})"
            e.line(f"{stage}[d * {groups} + g] = select(vec4<f32>(), vec4({loads}), {there});")

    # --- tiles times rows

    def hold(self, place: int, name: str) -> None:
        """Keep the tile `name0` ... `name3`, transposed.

        All invocations must be done with products before the first one is kept.
        """
        for j, x in enumerate("xyzw"):
            column = ", ".join(f"{name}{i}.{x}" for i in range(4))
            self.e.line(
                f"{self.held[place]}[(tx * 4 + {j}) * {self.groups} + ty] = vec4({column});"
            )

    def sums(self, name: str, chunks: int) -> None:
        """Sums for so many chunks of 32 columns: `name_c_i` for chunk c and row i."""
        for c in range(chunks):
            for i in range(4):
                self.e.line(f"var {name}_{c}_{i} = vec4<f32>();")

    def mix(self, name: str, place: int, chunk: int, rows: Rows, first: str, column: str) -> None:
        """Add to a chunk of sums the tile held at a place, times rows from `first` on.

        Begins and ends where all invocations are: with barriers around what it brings in.
        """
        e = self.e
        self.barrier()
        with e.block(f"for (var i = thread; i < {COLUMNS * _GROUPS}; i += {self.threads})"):
            write(
                e,
                f"""
                let row = {first} + i / {_GROUPS};
                let begin = {column} + i % {_GROUPS} * 4;
                """,
            )
            loads = ", ".join(rows.load(e, "row", f"begin + {k}") for k in range(4))
            there = f"(begin + vec4(0, 1, 2, 3) < vec4({rows.size})) & vec4(row < {rows.count})"
            e.line(f"columns_stage[i] = select(vec4<f32>(), vec4({loads}), {there});")
        self.barrier()
        with e.block(f"for (var k = 0; k < {COLUMNS}; k++)"):
            e.line(f"let a = {self.held[place]}[k * {self.groups} + ty];")
            e.line(f"let b = columns_stage[k * {_GROUPS} + tx];")
            for i, x in enumerate("xyzw"):
                e.line(f"{name}_{chunk}_{i} += a.{x} * b;")

    def give(self, name: str, chunk: int, rows: Rows, first: str, column: str, factor: str) -> None:
        """Write a chunk of sums, times a factor (`{i}` in it is the row's number)."""
        e = self.e
        for i in range(4):
            with e.block(f"if ({first} + ty * 4 + {i} < {rows.count})"):
                e.line(f"let found = {name}_{chunk}_{i} * {factor.format(i=i)};")
                for k, x in enumerate("xyzw"):
                    with e.block(f"if ({column} + tx * 4 + {k} < {rows.size})"):
                        at = rows.at(f"{first} + ty * 4 + {i}", f"{column} + tx * 4 + {k}")
                        e.put(rows.buffer, at, f"found.{x}")
