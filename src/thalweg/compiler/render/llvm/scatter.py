"""Scatter: updates brought into rows of a tensor in place, at numbers known only at run time.

Workers never write to one row and column both: they share what lies before the axis, or the
columns, or the rows (then each looks at all numbers, and leaves those of the others alone). So
there are no atomic operations, and updates of one place are brought in in their order.
"""

from __future__ import annotations

from collections.abc import Callable

from thalweg.compiler.dims import Dim, product
from thalweg.compiler.graph import Operation
from thalweg.compiler.ir.program import Special
from thalweg.compiler.render.llvm import elementwise
from thalweg.compiler.render.llvm.axis import Around, Elements, across, widths
from thalweg.compiler.render.llvm.builder import I32, Builder, Index, Value
from thalweg.compiler.render.llvm.kernel import NAME, KernelText, length, parameters, share
from thalweg.compiler.target import Target
from thalweg.tensor.dtypes import bfloat16, float16, float32, real_of

__all__ = ["render", "takes"]

# So many parts before the axis are enough to share.
_LEAD = 8
# Columns are shared in whole cache lines, if a row has a few of them.
_LINE, _LINES = 64, 4
_HALVES = (float16, bfloat16)
# From the number of an update and the value so far to the value with it.
_Fold = Callable[[Value, Value], Value]


def takes(operation: Operation) -> bool:
    """Whether there is a kernel: for all but products of complex numbers."""
    return operation.inputs[0].dtype.kind != "c" or operation.params["mode"] != "mul"


def render(kernel: Special, target: Target) -> KernelText:
    """The kernel; its output is its first input, changed in place."""
    (out, _), (indices, _), (updates, _) = kernel.inputs
    b = Builder(target)
    passed = (out, indices, updates)
    scatter = _Scatter(b, kernel, target)
    with b.function(NAME, parameters(b, passed)) as values:
        scatter.write(values)
    return KernelText(
        b.text,
        b.declarations,
        passed,
        (out,),
        scatter.scratch,
        scatter.turns,
        scatter.flops,
        # Rows are read and written once for each update.
        updates.size.times(3 * out.dtype.itemsize).plus(indices.size.times(indices.dtype.itemsize)),
    )


class _Scatter:
    def __init__(self, b: Builder, kernel: Special, target: Target) -> None:
        (out, shape), (self.indices, wanted), _ = kernel.inputs
        self.b, self.mode, self.dtype = b, kernel.params["mode"], out.dtype
        self.around = Around.of(shape, kernel.params["axis"])
        if self.dtype.kind == "c" and self.mode == "add":  # real and imaginary parts by themselves
            self.dtype = real_of(self.dtype)
            self.around = Around(self.around.lead, self.around.length, self.around.trail.times(2))
        self.count = product(wanted)
        self.wide = float32 if self.dtype in _HALVES else self.dtype
        self.widths = widths(target.lanes(max(self.dtype.itemsize, 4)), self.around.trail)
        # Sums and products of halves are rounded once, so all updates of a row come together.
        self.linked = self.dtype in _HALVES and self.mode in ("add", "mul")
        self.scratch = Dim(0, 0)
        if self.linked:
            self.scratch = self.around.length.plus(self.count).times(4)
        self.per_line = _LINE // self.dtype.itemsize
        lead, rows, trail = self.around.lead, self.around.length, self.around.trail
        lines = Dim(0, trail.offset // self.per_line)
        if lead.scale or lead.offset >= _LEAD:
            self.shared, self.turns = "lead", lead
        elif trail.static and lines.offset >= _LINES:
            self.shared, self.turns = "columns", lines
        else:
            self.shared, self.turns = "rows", rows
        self.flops = lead.times(self.count).times(trail)

    def write(self, values: list[Value]) -> None:
        b = self.b
        out, indices, updates, self.n, worker, workers, scratch = values
        self.out = Elements(b, out, self.dtype)
        self.updates = Elements(b, updates, self.dtype)
        self.numbers = Elements(b, indices, self.indices.dtype)
        lead, self.rows, self.columns = (
            length(b, d, self.n) for d in (self.around.lead, self.around.length, self.around.trail)
        )
        self.total = length(b, self.count, self.n)
        first, last = share(b, length(b, self.turns, self.n), worker, workers)
        every: tuple[Index, Index] = (0, lead)
        self.low: Index = 0
        self.high: Index = self.rows
        self.begin: Index = 0
        self.end: Index = self.columns
        if self.shared == "lead":
            every = first, last
        elif self.shared == "rows":
            self.low, self.high = first, last
        else:
            self.begin = b.mul(first, self.per_line)
            # The last line takes what does not fill one.
            at_end = b.icmp("eq", worker, b.index(b.sub(workers, 1)))
            self.end = b.select(at_end, b.index(self.columns), b.index(b.mul(last, self.per_line)))
        if self.linked:
            lists = _Lists(b, scratch, self.rows)
            lists.fill(self)
            with b.loop(*every) as part, b.loop(self.low, self.high) as own:
                self.join(lists, part.index, own.index)
            return
        with b.loop(*every) as part, b.loop(0, self.total) as turn:
            row, inside = self.place(turn.index)
            with b.when(inside):
                self.update(part.index, turn.index, row)

    def place(self, turn: Index) -> tuple[Value, Value]:
        """The row of an update, and whether it is one of this worker's."""
        b = self.b
        row = self.numbers.number(turn)
        beyond = b.binary("sub", row, b.index(self.low))
        return row, b.icmp("ult", beyond, b.index(b.sub(self.high, self.low)))

    def update(self, part: Index, turn: Index, row: Index) -> None:
        to, source = self.begins(part, turn, row)

        def one(column: Index, lanes: int) -> None:
            value = self.updates.load(self.b.add(source, column), lanes)
            if self.mode != "set":
                value = self.joined(self.out.load(self.b.add(to, column), lanes), value)
            self.out.store(value, self.b.add(to, column))

        across(self.b, self.begin, self.end, self.widths, one)

    def begins(self, part: Index, turn: Index, row: Index) -> tuple[Index, Index]:
        """Where a row of the tensor and one of the updates begin."""
        b = self.b
        to = b.mul(b.add(b.mul(part, self.rows), row), self.columns)
        return to, b.mul(b.add(b.mul(part, self.total), turn), self.columns)

    def joined(self, old: Value, update: Value) -> Value:
        return elementwise.emit(self.b, self.mode, [old, update], self.wide, {})

    def join(self, lists: _Lists, part: Index, row: Index) -> None:
        """All updates of one row."""
        b = self.b
        first = lists.first(row)
        with b.when(b.icmp("sge", first, b.number(I32, 0))):

            def some(column: Index, lanes: int) -> None:
                to = b.add(self.begins(part, 0, row)[0], column)

                def one(turn: Value, total: Value) -> Value:
                    source = b.add(self.begins(part, turn, 0)[1], column)
                    return self.joined(total, self.updates.load(source, lanes))

                self.out.store(lists.fold(first, self.out.load(to, lanes), one), to)

            across(b, self.begin, self.end, self.widths, some)


class _Lists:
    """For each row the numbers of its updates, in their order, as linked lists in scratch."""

    def __init__(self, b: Builder, scratch: Value, rows: Index) -> None:
        self.b = b
        self.heads = scratch
        self.nexts = b.at(scratch, rows, "i32")
        self.rows = rows

    def fill(self, scatter: _Scatter) -> None:
        b = self.b
        none = b.number(I32, -1)
        across(
            b, 0, self.rows, [8], lambda i, lanes: b.store(b.splat(none, lanes), self.head(i), 4)
        )
        with b.loop(0, scatter.total) as loop:
            turn = b.sub(b.sub(scatter.total, 1), loop.index)
            row, inside = scatter.place(turn)
            with b.when(inside):
                b.store(b.load(self.head(row), I32), b.at(self.nexts, turn, "i32"))
                b.store(b.integer(b.index(turn), "i32"), self.head(row))

    def head(self, row: Index) -> Value:
        return self.b.at(self.heads, row, "i32")

    def first(self, row: Index) -> Value:
        """The first update of a row, as an i32; negative if there is none."""
        return self.b.load(self.head(row), I32)

    def fold(self, first: Value, start: Value, one: _Fold) -> Value:
        """Bring the updates of a list that is not empty into a value."""
        b = self.b

        def link(carried: list[Value]) -> tuple[Value, list[Value]]:
            turn, total = carried
            wide = b.integer(turn, b.target.index)
            found = one(wide, total)
            following = b.load(b.at(self.nexts, wide, "i32"), I32)
            return b.icmp("sge", following, b.number(I32, 0)), [following, found]

        return b.repeat([first, start], link)[1]
