"""A program as one LLVM module: kernels, the main function, and the entries of the device."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from thalweg.compiler.ir.program import HostCall, Program
from thalweg.compiler.render.llvm import barriers, entries, main, synchronize
from thalweg.compiler.render.llvm.builder import Builder
from thalweg.compiler.render.llvm.leaves import Functions, Leaf, Leaves
from thalweg.compiler.render.llvm.table import Table
from thalweg.compiler.target import Target

__all__ = ["ModuleText", "join", "render"]


@dataclass(frozen=True, slots=True, eq=False)
class ModuleText:
    """A rendered program.

    Attributes:
        text: the module; it defines the jobs `entries.RUN` and `entries.STEPS`.
        table: where they look for pointers.
        leaves: the launches that do work, in order.
        calls: the host calls among them, by the number that the module calls them by.
        scratch: bytes of scratch for each worker.
        barriers: about how many barriers a run passes.
    """

    text: str
    table: Table
    leaves: tuple[Leaf, ...]
    calls: tuple[HostCall, ...]
    scratch: int
    barriers: int


def render(program: Program, target: Target, timed: bool = False) -> ModuleText:
    """Write the module of a program whose temporaries have their places in the arena.

    Args:
        program: the program.
        target: the processor.
        timed: whether to measure each launch; only `entries.RUN` is there then.
    """
    kernels = Functions(target)
    leaves = Leaves.of(program.launches, program.capacity, kernels)
    places = barriers.place(program.launches, leaves)
    functions = [main.main(program, leaves, places, target, timed), entries.run(target)]
    if not timed:
        functions.append(entries.steps(program, target))
    return ModuleText(
        join(kernels, functions),
        Table.of(program),
        tuple(leaves.all),
        tuple(x.launch for x in leaves.all if isinstance(x.launch, HostCall)),
        leaves.scratch(),
        sum(x.times for x in leaves.all if x.launch in places or x.kernel is None),
    )


def join(kernels: Functions, functions: Sequence[Builder]) -> str:
    """The text of a module.

    Args:
        kernels: those that the functions call.
        functions: what else there is.
    """
    declarations = dict(kernels.declarations)
    for b in functions:
        declarations.update(b.declarations)
    parts = [
        *declarations.values(),
        synchronize.words(kernels.target),
        synchronize.barrier(kernels.target),
        *kernels.texts,
        *(b.text for b in functions),
    ]
    return "\n".join(parts) + "\n"
