"""Steps: one run for each batch of rows, gathered from whole arrays, for a number of epochs.

Each epoch has an order of rows of its own; before it some states are set to values that are given,
and after it goes on to the next place of every output that has no rows.

The rows of the next batch are gathered into the other half of the staging room before the barrier
that ends a step, so that there is one barrier between two steps.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from thalweg.compiler.ir.program import Program
from thalweg.compiler.render.llvm.builder import I32, PTR, Builder, Index, Value
from thalweg.compiler.render.llvm.copy import copy_bytes
from thalweg.compiler.render.llvm.kernel import share
from thalweg.compiler.render.llvm.synchronize import ERROR
from thalweg.compiler.render.llvm.table import Job, Table
from thalweg.compiler.render.rows import batched, gathered_outputs

__all__ = [
    "Arrays",
    "Described",
    "Known",
    "Steps",
    "described",
    "pointer",
    "staging_bytes",
    "word",
]


def staging_bytes(row: int, batch: int) -> int:
    """Bytes of room for one batch of rows, so that the next one begins a cache line."""
    return -(-row * batch // 64) * 64


def _single(program: Program) -> list[tuple[int, int]]:
    """The outputs without rows: their numbers and bytes."""
    return [
        (k, buffer.size.offset * buffer.dtype.itemsize)
        for k, buffer in enumerate(program.outputs)
        if buffer.size.static
    ]


class Arrays(Protocol):
    """What steps must know of a program's arrays.

    Attributes:
        slots: of the table; `most`: at most so many.
        inputs, outputs: the first slots of these.
    """

    @property
    def slots(self) -> Index: ...
    @property
    def most(self) -> int: ...
    @property
    def inputs(self) -> Index: ...
    @property
    def outputs(self) -> Index: ...

    def each(self, kind: str, body: Callable[[Index, Index], None]) -> None:
        """Write `body` for the number and the bytes of each array of a kind.

        Kinds: `batched` (inputs, by row), `gathered` (outputs, by row), `single` (other outputs).
        """

    def copy(self, to: Value, source: Value, size: Index) -> None:
        """Write a copy of a row."""


class Known:
    """The arrays of one program, written out."""

    def __init__(self, b: Builder, program: Program) -> None:
        layout = Table.of(program)
        self.b = b
        self.slots = self.most = layout.size
        self.inputs, self.outputs = layout.inputs, layout.outputs
        self._lists = _lists(program)

    def each(self, kind: str, body: Callable[[Index, Index], None]) -> None:
        """See `Arrays`."""
        for k, size in self._lists[kind]:
            body(k, size)

    def copy(self, to: Value, source: Value, size: Index) -> None:
        """See `Arrays`."""
        copy_bytes(self.b, to, source, size)


# Bytes of rows that are copied word by word.
_FEW = 128

_HEAD = ("slots", "inputs", "outputs", "batched", "gathered", "single")


def described(program: Program) -> list[int]:
    """A program's arrays as numbers: see `_HEAD` (of the kinds: how many), then pairs."""
    layout, lists = Table.of(program), _lists(program)
    pairs = [x for kind in lists.values() for pair in kind for x in pair]
    head = [layout.size, layout.inputs, layout.outputs, *(len(x) for x in lists.values())]
    return head + pairs


class Described:
    """The arrays of any of several programs, which numbers in memory tell; see `described`."""

    def __init__(self, b: Builder, numbers: Value, most: int) -> None:
        self.b, self.most, self._numbers = b, most, numbers
        self._head = dict(zip(_HEAD, (self._at(i) for i in range(len(_HEAD))), strict=True))
        self.slots: Index = self._head["slots"]
        self.inputs: Index = self._head["inputs"]
        self.outputs: Index = self._head["outputs"]

    def _at(self, place: Index) -> Value:
        b = self.b
        return b.load(b.at(self._numbers, place, b.target.index), b.index_type)

    def each(self, kind: str, body: Callable[[Index, Index], None]) -> None:
        """See `Arrays`."""
        b = self.b
        first: Index = len(_HEAD)
        for other in _HEAD[3:]:
            if other == kind:
                break
            first = b.add(first, b.mul(self._head[other], 2))
        with b.loop(0, self._head[kind]) as loop:
            place = b.add(first, b.mul(loop.index, 2))
            body(self._at(place), self._at(b.add(place, 1)))

    def copy(self, to: Value, source: Value, size: Index) -> None:
        """See `Arrays`; a few words one by one, as a call for them would take longer."""
        b = self.b
        size = b.index(size)
        uneven = b.binary("and", size, b.index(3))
        few = b.icmp(
            "ule", b.binary("or", size, b.binary("shl", uneven, b.index(8))), b.index(_FEW)
        )
        with b.when(few), b.loop(0, b.div(size, 4)) as loop:
            word = b.load(b.at(source, loop.index, "i32"), I32)
            b.store(word, b.at(to, loop.index, "i32"))
        with b.when(b.binary("xor", few, b.number(few.type, True))):
            copy_bytes(b, to, source, size)


def _lists(program: Program) -> dict[str, list[tuple[int, int]]]:
    return {
        "batched": batched(program.inputs),
        "gathered": gathered_outputs(program.outputs, program.output_shapes),
        "single": _single(program),
    }


class Steps:
    """Writes the body of the function.

    Args:
        b: where to write.
        arrays: of the program.
        main: writes a call of the main function with a table, for a batch size.
        job, table, worker, workers, sync: what the function is given.
    """

    def __init__(
        self,
        b: Builder,
        arrays: Arrays,
        main: Callable[[Value, Value], None],
        job: Value,
        table: Value,
        worker: Value,
        workers: Value,
        sync: Value,
    ) -> None:
        self.b, self.arrays, self.main = b, arrays, main
        self.job, self.whole_table = job, table
        self.worker, self.workers, self.sync = worker, workers, sync

    def write(self) -> None:
        """Write it."""
        b = self.b
        self.rows, self.batch = word(b, self.job, Job.ROWS), word(b, self.job, Job.BATCH)
        self.order = pointer(b, self.job, Job.ORDER)
        self.wholes = pointer(b, self.job, Job.WHOLES)
        self.staging = pointer(b, self.job, Job.STAGING)
        # Each worker points its own table at the rows of the step.
        self.table = b.result(PTR, f"alloca [{self.arrays.most} x ptr], align 8")
        copy_bytes(b, self.table, self.whole_table, b.mul(self.arrays.slots, b.target.pointer))
        self.shuffled = b.icmp("ne", self.order, b.zero(PTR))
        with b.loop(0, word(b, self.job, Job.EPOCHS)) as epoch:
            self.reset()
            self.here = b.at(self.order, b.mul(epoch.index, self.rows), "i64")
            self.epoch()
            self.to_next_outputs()
        b.line("br label %leave")
        b.block("leave")

    def epoch(self) -> None:
        b = self.b
        first, count = word(b, self.job, Job.FIRST), word(b, self.job, Job.STEPS)
        self.first, self.end = first, b.add(first, count)
        # Rows that are shuffled are gathered in a turn before the first one.
        begin = b.select(self.shuffled, b.index(0), b.index(1))
        with b.loop(begin, b.add(count, 1)) as loop:
            self.step(b.index(b.sub(b.add(first, loop.index), 1)))

    def reset(self) -> None:
        """Worker 0 copies what states begin an epoch with; the list has three words for each."""
        b = self.b
        count = word(b, self.job, Job.RESETS)
        with b.when(b.less(0, count)):
            with b.when(b.icmp("eq", self.worker, b.index(0))):
                items = pointer(b, self.job, Job.RESET_LIST)
                with b.loop(0, count) as loop:
                    place = b.mul(loop.index, 3)
                    target, source = (pointer(b, items, b.add(place, k)) for k in (0, 1))
                    size = word(b, items, b.add(place, 2))
                    copy_bytes(b, target, source, size)
            self.meet()

    def to_next_outputs(self) -> None:
        b = self.b

        def one(k: Index, size: Index) -> None:
            slot = b.at(self.table, b.add(self.arrays.outputs, k), "ptr")
            b.store(b.at(b.load(slot, PTR), size, "i8"), slot)

        self.arrays.each("single", one)

    def step(self, step: Value) -> None:
        b = self.b
        before = b.less(step, self.first)
        with b.when(b.binary("xor", before, b.number(before.type, True))):
            self.run(step)
        following = b.index(b.add(step, 1))
        more = b.binary("and", self.shuffled, b.less(following, self.end))
        with b.when(more):
            self.gather(following)
        self.meet()

    def run(self, step: Value) -> None:
        b = self.b
        begin = b.mul(step, self.batch)
        n = b.index(b.min(self.batch, b.sub(self.rows, begin)))

        def read(k: Index, row: Index) -> None:
            here = b.at(pointer(b, self.wholes, k), b.mul(begin, row), "i8")
            place = b.select(self.shuffled, self.staged(step, k, row), here)
            b.store(place, b.at(self.table, b.add(self.arrays.inputs, k), "ptr"))

        def written(k: Index, row: Index) -> None:
            slot = b.at(self.table, b.add(self.arrays.outputs, k), "ptr")
            b.store(b.at(b.load(slot, PTR), b.mul(self.batch, row), "i8"), slot)

        self.arrays.each("batched", read)
        with b.when(b.less(self.first, step)):  # the first step writes where the table says
            self.arrays.each("gathered", written)
        self.main(self.table, n)
        code = b.result(I32, f"load atomic i32, {b.at(self.sync, ERROR, 'i8')} monotonic, align 4")
        on = b.label("on")
        b.line(f"br {b.icmp('ne', code, b.zero(I32))}, label %leave, label %{on}")
        b.block(on)

    def gather(self, step: Value) -> None:
        """This worker's share of the rows of a step."""
        b = self.b
        begin = b.mul(step, self.batch)
        n = b.min(self.batch, b.sub(self.rows, begin))
        low, high = share(b, n, self.worker, self.workers)
        order = b.at(self.here, begin, "i64")

        def one(k: Index, row: Index) -> None:
            whole, place = pointer(b, self.wholes, k), self.staged(step, k, row)
            with b.loop(low, high) as loop:
                source = word(b, order, loop.index)
                to = b.at(place, b.mul(loop.index, row), "i8")
                self.arrays.copy(to, b.at(whole, b.mul(source, row), "i8"), row)

        self.arrays.each("batched", one)

    def staged(self, step: Value, k: Index, row: Index) -> Value:
        """Where the rows of a step are gathered: even steps here, odd ones there."""
        b = self.b
        odd = b.binary("and", step, b.index(1))
        # As `staging_bytes`.
        size = b.mul(b.div(b.add(b.mul(self.batch, row), 63), 64), 64)
        return b.at(pointer(b, self.staging, k), b.mul(odd, size), "i8")

    def meet(self) -> None:
        self.b.line(f"call void @thalweg_barrier({self.sync}, {self.workers})")


def word(b: Builder, words: Value, place: Index) -> Value:
    """A number among words of 64 bits (of which a smaller one is the first half)."""
    return b.load(b.at(words, place, "i64"), b.index_type)


def pointer(b: Builder, words: Value, place: Index) -> Value:
    """A pointer among words of 64 bits."""
    return b.load(b.at(words, place, "i64"), PTR)
