"""From Programs to WebAssembly modules: LLVM text, object, module; nothing but LLVM is needed."""

from __future__ import annotations

import functools
import threading
from collections.abc import Sequence
from dataclasses import dataclass

from thalweg.compiler.ir.program import HostCall
from thalweg.compiler.render.llvm.leaves import flat
from thalweg.compiler.render.llvm.together import Part, render_together
from thalweg.compiler.target import Target
from thalweg.web.gather import Collection
from thalweg.web.wasm.cost import Cost
from thalweg.web.wasm.layout import Layout
from thalweg.web.wasm.link import link

__all__ = ["Assembled", "assemble", "check", "compiled_object"]

_TRIPLE = "wasm32-unknown-unknown"
_PAGE = 65536

# LLVM works for one thread at a time.
_LOCK = threading.Lock()


@dataclass(frozen=True, slots=True)
class Assembled:
    """Modules for the same memory.

    Attributes:
        modules: their bytes, by the name of the target.
        heap: the address where the heap may begin.
        scratch: bytes of scratch memory that each worker needs.
        pages: how much memory there must be at the beginning, in pages of 64 KiB.
        costs: what one run of each Program costs.
    """

    modules: dict[str, bytes]
    heap: int
    scratch: int
    pages: int
    costs: dict[str, Cost]

    def file(self, target: str) -> str:
        """What the file of a target is called; targets with the same code share one."""
        alike = [name for name, code in self.modules.items() if code == self.modules[target]]
        return f"program.{alike[0]}.wasm"


def check(collection: Collection) -> None:
    """Refuse Programs with parts that no page can compute, before any work is done.

    Raises:
        ValueError: with the name of the operation.
    """
    for name, entry in collection.entries.items():
        for launch, _ in flat(entry.program.launches, 1, 1):
            if isinstance(launch, HostCall):
                raise ValueError(
                    f"'{collection.name}' cannot be exported: its program '{name}' uses "
                    f"{launch.title or 'an operation'}, which only NumPy computes, and a page has "
                    "no NumPy."
                )


def assemble(collection: Collection, layout: Layout, targets: Sequence[Target]) -> Assembled:
    """Make a module of all Programs for each target.

    Args:
        collection: the Programs.
        layout: where everything lies; the tables are filled in.
        targets: `SIMD128`, `RELAXED`.
    """
    parts = [
        Part(name, entry.program, layout.programs[name].table, layout.sync)
        for name, entry in collection.entries.items()
    ]
    rendered = {target: render_together(parts, target) for target in targets}
    scratch = max(module.scratch for module in rendered.values())
    layout.finish(collection, scratch)
    pages = _pages(layout.end)
    modules, heap = {}, layout.end
    for target, module in rendered.items():
        code = compiled_object(module.text, target)
        linked = link(code, module.exports, layout.end, layout.contents, pages)
        modules[target.name] = linked.content
        heap = max(heap, linked.end)
    leaves = rendered[targets[0]].leaves
    costs = {name: Cost.of(own) for name, own in leaves.items()}
    return Assembled(modules, heap, scratch, _pages(heap), costs)


def _pages(end: int) -> int:
    # Kernels may read a little beyond the last buffer.
    return -(-(end + 64) // _PAGE)


def compiled_object(text: str, target: Target) -> bytes:
    """The object file of a module for a target."""
    import llvmlite.binding as llvm

    with _LOCK:
        _initialize()
        machine = llvm.Target.from_triple(_TRIPLE).create_target_machine(
            cpu="generic", features=target.features, opt=2
        )
        module = llvm.parse_assembly(f'target triple = "{_TRIPLE}"\n{text}')
        module.data_layout = str(machine.target_data)
        module.verify()
        options = llvm.create_pipeline_tuning_options(speed_level=2)
        builder = llvm.create_pass_builder(machine, options)
        builder.getModulePassManager().run(module, builder)
        return bytes(machine.emit_object(module))


@functools.cache
def _initialize() -> None:
    import llvmlite.binding as llvm

    llvm.initialize_all_targets()
    llvm.initialize_all_asmprinters()
