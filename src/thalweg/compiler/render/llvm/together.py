"""Several programs as one LLVM module, for memory whose addresses are known (WebAssembly).

Each is a function `NAME(n)`, one run by one worker, and a function `NAME_steps(job, worker,
workers)`, which does many steps; see `entries`. Kernels that are alike are there once.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from thalweg.compiler.ir.program import HostCall, Program
from thalweg.compiler.render.llvm import barriers, main
from thalweg.compiler.render.llvm.entries import Entry, run_at, steps_at
from thalweg.compiler.render.llvm.leaves import Functions, Leaf, Leaves
from thalweg.compiler.render.llvm.program import join
from thalweg.compiler.target import Target

__all__ = ["Part", "Together", "render_together"]


@dataclass(frozen=True, slots=True, eq=False)
class Part:
    """One of the programs.

    Attributes:
        name: of its function.
        program: what it does; its temporaries have their places in the arena.
        table: the address of its table of pointers.
        sync: the address of what the workers meet at, `synchronize.SYNC_BYTES` zeros.
    """

    name: str
    program: Program
    table: int
    sync: int


@dataclass(frozen=True, slots=True, eq=False)
class Together:
    """The module.

    Attributes:
        text: LLVM.
        exports: the names of the functions for callers outside.
        leaves: the launches that do work, by program.
        scratch: bytes of scratch that each worker needs.
    """

    text: str
    exports: tuple[str, ...]
    leaves: dict[str, tuple[Leaf, ...]]
    scratch: int


def render_together(parts: Sequence[Part], target: Target) -> Together:
    """Write one module of several programs.

    Args:
        parts: the programs.
        target: the processor.

    Raises:
        ValueError: if a program needs the host.
    """
    kernels, functions, entries, scratch = Functions(target), [], [], 0
    all_leaves = {}
    for part in parts:
        leaves = Leaves.of(part.program.launches, part.program.capacity, kernels)
        if any(isinstance(leaf.launch, HostCall) for leaf in leaves.all):
            raise ValueError(f"{part.name}: it has operations that only the host computes.")
        all_leaves[part.name] = leaves
    kernels.merge()
    for part in parts:
        program, leaves = part.program, all_leaves[part.name]
        inside = f"thalweg_main_{part.name}"
        meetings = barriers.place(program.launches, leaves)
        entry = Entry(part.name, inside, program, part.table, part.sync)
        functions.append(main.main(program, leaves, meetings, target, name=inside))
        functions.append(run_at(entry, target))
        entries.append(entry)
        scratch = max(scratch, leaves.scratch())
    functions += steps_at(entries, target)
    exports = tuple(name for e in entries for name in (e.name, f"{e.name}_steps"))
    found = {name: tuple(leaves.all) for name, leaves in all_leaves.items()}
    return Together(join(kernels, functions), exports, found, scratch)
