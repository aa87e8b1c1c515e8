"""From a Program, or from what it was compiled from before, to an Executable."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from thalweg.compiler.ir.program import Program
from thalweg.compiler.render.llvm import entries
from thalweg.compiler.render.llvm.program import ModuleText, render
from thalweg.devices.cpu import jit, stored
from thalweg.devices.cpu.executable import Executable
from thalweg.devices.cpu.host import host
from thalweg.devices.cpu.image import Image

__all__ = ["load", "restore"]

_EXPORTS = (entries.RUN, entries.STEPS)


def load(
    program: Program,
    title: str = "Program",
    names: Sequence[str] = (),
    fingerprint: str | None = None,
    note: str = "",
) -> Executable:
    """Make a Program whose memory is planned ready to run on this machine's processor.

    Args:
        program: what to run.
        title: what it was made from, for people.
        names: those of its states, for people.
        fingerprint: of what it was compiled from, if it shall be kept on disk for `restore`.
        note: what to tell who restores it.
    """
    machine = host()
    module = render(program, machine.target)
    image, code = Image.of(program, module), jit.load(module.text, _EXPORTS, machine)
    if fingerprint is not None:
        stored.keep(fingerprint, image, module.text, note, machine)
    inside = program, module
    return Executable(image, code, lambda: inside, machine, title, names, note)


def restore(
    fingerprint: str | None,
    make: Callable[[], Program],
    title: str = "Program",
    names: Sequence[str] = (),
) -> Executable | None:
    """The Program that was compiled from something before, by this process or another one.

    Args:
        fingerprint: of what it was compiled from.
        make: compiles it, for who wants to look inside.
        title, names: as for `load`.

    Returns:
        None if it is not on disk.
    """
    machine = host()
    found = None if fingerprint is None else stored.fetch(fingerprint, _EXPORTS, machine)
    if found is None:
        return None

    def inside() -> tuple[Program, ModuleText]:
        program = make()
        return program, render(program, machine.target)

    return Executable(found.image, found.code, inside, machine, title, names, found.note)
