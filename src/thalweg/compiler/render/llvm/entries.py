"""What the device calls: one run of the main function, or one for each batch of epochs.

Both are jobs (`void function(ptr job, i64 worker, i64 workers, ptr sync)`), see `Job`. Where memory
lies at addresses known now (WebAssembly), a run is `NAME(n)` by one worker, and the steps are
`NAME_steps(job, worker, workers)`.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass

from thalweg.compiler.dims import Dim
from thalweg.compiler.ir.expression import Buffer
from thalweg.compiler.ir.program import Program
from thalweg.compiler.render.llvm.builder import I32, PTR, Builder, Index, Type, Value
from thalweg.compiler.render.llvm.copy import copy_bytes
from thalweg.compiler.render.llvm.kernel import share
from thalweg.compiler.render.llvm.main import MAIN
from thalweg.compiler.render.llvm.synchronize import ERROR
from thalweg.compiler.render.llvm.table import Job, Table
from thalweg.compiler.target import Target

__all__ = [
    "RUN",
    "STEPS",
    "Places",
    "batched",
    "gathered_outputs",
    "run",
    "run_at",
    "staging_bytes",
    "steps",
    "steps_at",
]

RUN, STEPS = "thalweg_run", "thalweg_steps"


@dataclass(frozen=True, slots=True)
class Places:
    """Addresses known now.

    Attributes:
        table: of a program's table.
        sync: of what the workers meet at, `SYNC_BYTES` zeros.
    """

    table: int
    sync: int


def batched(program: Program) -> list[tuple[int, int]]:
    """The inputs that hold a row for each sample: their numbers, and the bytes of a row."""
    return [
        (k, buffer.size.scale * buffer.dtype.itemsize)
        for k, buffer in enumerate(program.inputs)
        if buffer.size.scale
    ]


def gathered_outputs(
    outputs: Sequence[Buffer], shapes: Sequence[tuple[Dim, ...]]
) -> list[tuple[int, int]]:
    """The outputs that hold a row for each sample; steps write them one after the other."""
    return [
        (k, buffer.size.scale * buffer.dtype.itemsize)
        for k, (buffer, shape) in enumerate(zip(outputs, shapes, strict=True))
        if shape and shape[0] == Dim(1, 0) and buffer.size.scale and not buffer.size.offset
    ]


def staging_bytes(row: int, batch: int) -> int:
    """Bytes of room for one batch of rows, so that the next one begins a cache line."""
    return -(-row * batch // 64) * 64


def run(target: Target) -> Builder:
    """Write the job that runs once, for a batch size."""
    b = Builder(target)
    with _exported(b, RUN, _job(b)) as values:
        job, worker, workers, sync = values
        _main(b, MAIN, _pointer(b, job, Job.TABLE), _word(b, job, Job.N), worker, workers, sync)
    return b


def run_at(name: str, main: str, places: Places, target: Target) -> Builder:
    """Write the function `name(n)`: one run of a main function by one worker."""
    b = Builder(target)
    with _exported(b, name, [(b.index_type, "n")]) as (n,):
        table, sync = _address(b, places.table), _address(b, places.sync)
        _main(b, main, table, n, b.index(0), b.index(1), sync)
    return b


def steps(program: Program, target: Target) -> Builder:
    """Write the job that runs once for each batch of rows, gathering them from whole arrays.

    It does so for a number of epochs, each with an order of rows of its own; before each one it
    sets some states to values that it is given, and after each one it goes on to the next place of
    every output that has no rows.

    The rows of the next batch are gathered into the other half of the staging room before the
    barrier that ends a step, so that there is one barrier between two steps.
    """
    b = Builder(target)
    with _exported(b, STEPS, _job(b)) as (job, worker, workers, sync):
        table = _pointer(b, job, Job.TABLE)
        _Steps(b, MAIN, program, job, table, worker, workers, sync).write()
    return b


def steps_at(name: str, main: str, places: Places, program: Program, target: Target) -> Builder:
    """Write the function `name(job, worker, workers)`, which does what `steps` says."""
    b = Builder(target)
    with _exported(b, name, _job(b)[:-1]) as (job, worker, workers):
        table, sync = _address(b, places.table), _address(b, places.sync)
        _Steps(b, main, program, job, table, worker, workers, sync).write()
    return b


class _Steps:
    def __init__(
        self,
        b: Builder,
        main: str,
        program: Program,
        job: Value,
        table: Value,
        worker: Value,
        workers: Value,
        sync: Value,
    ) -> None:
        self.b, self.main, self.program = b, main, program
        self.job, self.whole_table = job, table
        self.worker, self.workers, self.sync = worker, workers, sync
        self.layout = Table.of(program)
        self.inputs = batched(program)
        self.outputs = gathered_outputs(program.outputs, program.output_shapes)

    def write(self) -> None:
        b = self.b
        self.rows, self.batch = _word(b, self.job, Job.ROWS), _word(b, self.job, Job.BATCH)
        self.order = _pointer(b, self.job, Job.ORDER)
        self.wholes = _pointer(b, self.job, Job.WHOLES)
        self.staging = _pointer(b, self.job, Job.STAGING)
        # Each worker points its own table at the rows of the step.
        self.table = b.result(PTR, f"alloca [{self.layout.size} x ptr], align 8")
        copy_bytes(b, self.table, self.whole_table, b.target.pointer * self.layout.size)
        self.shuffled = b.icmp("ne", self.order, b.zero(PTR))
        with b.loop(0, _word(b, self.job, Job.EPOCHS)) as epoch:
            self.reset()
            self.here = b.at(self.order, b.mul(epoch.index, self.rows), "i64")
            self.epoch()
            self.to_next_outputs()
        b.line("br label %leave")
        b.block("leave")

    def epoch(self) -> None:
        b = self.b
        first, count = _word(b, self.job, Job.FIRST), _word(b, self.job, Job.STEPS)
        self.first, self.end = first, b.add(first, count)
        with b.when(self.shuffled):
            self.gather(first)
            self.meet()
        with b.loop(first, self.end) as loop:
            self.step(loop.index)

    def reset(self) -> None:
        """Worker 0 copies what states begin an epoch with; the list has three words for each."""
        b = self.b
        count = _word(b, self.job, Job.RESETS)
        with b.when(b.less(0, count)):
            with b.when(b.icmp("eq", self.worker, b.index(0))):
                items = _pointer(b, self.job, Job.RESET_LIST)
                with b.loop(0, count) as loop:
                    place = b.mul(loop.index, 3)
                    target, source = (_pointer(b, items, b.add(place, k)) for k in (0, 1))
                    size = _word(b, items, b.add(place, 2))
                    copy_bytes(b, target, source, size)
            self.meet()

    def to_next_outputs(self) -> None:
        b = self.b
        for k, buffer in enumerate(self.program.outputs):
            if buffer.size.static:
                slot = b.at(self.table, self.layout.outputs + k, "ptr")
                size = buffer.size.offset * buffer.dtype.itemsize
                b.store(b.at(b.load(slot, PTR), size, "i8"), slot)

    def step(self, step: Value) -> None:
        b = self.b
        begin = b.mul(step, self.batch)
        n = b.index(b.min(self.batch, b.sub(self.rows, begin)))
        for k, row in self.inputs:
            here = b.at(self.pointer(self.wholes, k), b.mul(begin, row), "i8")
            place = b.select(self.shuffled, self.staged(step, k, row), here)
            b.store(place, b.at(self.table, self.layout.inputs + k, "ptr"))
        with b.when(b.less(self.first, step)):  # the first step writes where the table says
            for k, row in self.outputs:
                slot = b.at(self.table, self.layout.outputs + k, "ptr")
                b.store(b.at(b.load(slot, PTR), b.mul(self.batch, row), "i8"), slot)
        _main(b, self.main, self.table, n, self.worker, self.workers, self.sync)
        code = b.result(I32, f"load atomic i32, {b.at(self.sync, ERROR, 'i8')} monotonic, align 4")
        on = b.label("on")
        b.line(f"br {b.icmp('ne', code, b.zero(I32))}, label %leave, label %{on}")
        b.block(on)
        following = b.index(b.add(step, 1))
        more = b.result(
            I32.with_element("i1"), f"and {self.shuffled}, {b.less(following, self.end).text}"
        )
        with b.when(more):
            self.gather(following)
        self.meet()

    def gather(self, step: Value) -> None:
        """This worker's share of the rows of a step."""
        b = self.b
        begin = b.mul(step, self.batch)
        n = b.min(self.batch, b.sub(self.rows, begin))
        low, high = share(b, n, self.worker, self.workers)
        order = b.at(self.here, begin, "i64")
        for k, row in self.inputs:
            whole, place = self.pointer(self.wholes, k), self.staged(step, k, row)
            with b.loop(low, high) as loop:
                source = _word(b, order, loop.index)
                to = b.at(place, b.mul(loop.index, row), "i8")
                copy_bytes(b, to, b.at(whole, b.mul(source, row), "i8"), row)

    def staged(self, step: Value, k: int, row: int) -> Value:
        """Where the rows of a step are gathered: even steps here, odd ones there."""
        b = self.b
        odd = b.binary("and", step, b.index(1))
        # As `staging_bytes`.
        size = b.mul(b.div(b.add(b.mul(self.batch, row), 63), 64), 64)
        return b.at(self.pointer(self.staging, k), b.mul(odd, size), "i8")

    def pointer(self, pointers: Value, k: int) -> Value:
        return _pointer(self.b, pointers, k)

    def meet(self) -> None:
        self.b.line(f"call void @thalweg_barrier({self.sync}, {self.workers})")


def _job(b: Builder) -> list[tuple[Type, str]]:
    return [(PTR, "job"), (b.index_type, "worker"), (b.index_type, "workers"), (PTR, "sync")]


def _exported(
    b: Builder, name: str, parameters: Sequence[tuple[Type, str]]
) -> AbstractContextManager[list[Value]]:
    return b.function(name, parameters, linkage="", attributes="nounwind")


def _main(
    b: Builder, main: str, table: Value, n: Index, worker: Value, workers: Value, sync: Value
) -> None:
    arguments = [table, b.index(n), worker, workers, sync]
    b.line(f"call void @{main}({', '.join(map(str, arguments))})")


def _word(b: Builder, words: Value, place: Index) -> Value:
    """A number among words of 64 bits (of which a smaller one is the first half)."""
    return b.load(b.at(words, place, "i64"), b.index_type)


def _pointer(b: Builder, words: Value, place: Index) -> Value:
    """A pointer among words of 64 bits."""
    return b.load(b.at(words, place, "i64"), PTR)


def _address(b: Builder, place: int) -> Value:
    return Value(f"inttoptr ({b.index(place)} to ptr)", PTR)
