"""What the device calls: one run of the main function, or one for each batch of epochs.

Both are jobs (`void function(ptr job, i64 worker, i64 workers, ptr sync)`), see `Job`. Where memory
lies at addresses known now (WebAssembly), a run is `NAME(n)` by one worker, and the steps are
`NAME_steps(job, worker, workers)`.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass

from thalweg.compiler.ir.program import Program
from thalweg.compiler.render.llvm.builder import PTR, Builder, Index, Type, Value
from thalweg.compiler.render.llvm.main import MAIN
from thalweg.compiler.render.llvm.steps import (
    Described,
    Known,
    Steps,
    described,
    pointer,
    staging_bytes,
    word,
)
from thalweg.compiler.render.llvm.table import Job, Table
from thalweg.compiler.target import Target

__all__ = [
    "RUN",
    "STEPS",
    "Entry",
    "run",
    "run_at",
    "staging_bytes",
    "steps",
    "steps_at",
]

RUN, STEPS = "thalweg_run", "thalweg_steps"


@dataclass(frozen=True, slots=True, eq=False)
class Entry:
    """A program among others in a module.

    Attributes:
        name: of its function.
        main: the name of its main function.
        program: what it does.
        table: the address of its table.
        sync: the address of what the workers meet at, `SYNC_BYTES` zeros.
    """

    name: str
    main: str
    program: Program
    table: int
    sync: int


def run(target: Target) -> Builder:
    """Write the job that runs once, for a batch size."""
    b = Builder(target)
    with _exported(b, RUN, _job(b)) as values:
        job, worker, workers, sync = values
        _main(b, MAIN, pointer(b, job, Job.TABLE), word(b, job, Job.N), worker, workers, sync)
    return b


def run_at(entry: Entry, target: Target) -> Builder:
    """Write the function `NAME(n)`: one run by one worker."""
    b = Builder(target)
    with _exported(b, entry.name, [(b.index_type, "n")]) as (n,):
        table, sync = _address(b, entry.table), _address(b, entry.sync)
        _main(b, entry.main, table, n, b.index(0), b.index(1), sync)
    return b


def steps(program: Program, target: Target) -> Builder:
    """Write the job that does `Steps`."""
    b = Builder(target)
    with _exported(b, STEPS, _job(b)) as (job, worker, workers, sync):

        def main(table: Value, n: Value) -> None:
            _main(b, MAIN, table, n, worker, workers, sync)

        table = pointer(b, job, Job.TABLE)
        Steps(b, Known(b, program), main, job, table, worker, workers, sync).write()
    return b


def steps_at(entries: Sequence[Entry], target: Target) -> list[Builder]:
    """Write the functions `NAME_steps(job, worker, workers)`, and the one that they share."""
    found = [_shared_steps(entries, target)]
    for number, entry in enumerate(entries):
        b = Builder(target)
        name, numbers = f"thalweg_arrays_{entry.name}", described(entry.program)
        values = ", ".join(f"{target.index} {x}" for x in numbers)
        b.declarations[name] = (
            f"@{name} = internal constant [{len(numbers)} x {target.index}] [{values}]"
        )
        with _exported(b, f"{entry.name}_steps", _job(b)[:-1]) as (job, worker, workers):
            table, sync = _address(b, entry.table), _address(b, entry.sync)
            given = [b.index(number), Value(f"@{name}", PTR), job, table, worker, workers, sync]
            b.line(f"call void @{STEPS}({', '.join(map(str, given))})")
        found.append(b)
    return found


def _shared_steps(entries: Sequence[Entry], target: Target) -> Builder:
    b = Builder(target)
    first, *rest = _job(b)
    parameters = [(b.index_type, "number"), (PTR, "arrays"), first, (PTR, "table"), *rest]
    most = max(Table.of(entry.program).size for entry in entries)
    with b.function(STEPS, parameters) as (number, numbers, job, table, worker, workers, sync):

        def main(table: Value, n: Value) -> None:
            for k, entry in enumerate(entries):
                with b.when(b.icmp("eq", number, b.index(k))):
                    _main(b, entry.main, table, n, worker, workers, sync)

        Steps(b, Described(b, numbers, most), main, job, table, worker, workers, sync).write()
    return b


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


def _address(b: Builder, place: int) -> Value:
    return Value(f"inttoptr ({b.index(place)} to ptr)", PTR)
