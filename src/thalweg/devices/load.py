"""From Programs to what runs them, on the device that `config.device()` names."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from thalweg import config
from thalweg.compiler.ir.program import Program
from thalweg.devices.cpu import load as cpu
from thalweg.devices.executable import Executable

__all__ = ["load", "restore"]


def load(
    program: Program,
    title: str = "Program",
    names: Sequence[str] = (),
    fingerprint: str | None = None,
    note: str = "",
) -> Executable:
    """Make a Program whose memory is planned ready to run.

    Args:
        program: what to run.
        title: what it was made from, for people.
        names: those of its states, for people.
        fingerprint: of what it was compiled from, if it shall be kept on disk for `restore`.
        note: what to tell who restores it.
    """
    if config.device() == "webgpu":
        from thalweg.devices.webgpu import load as webgpu

        return webgpu.load(program, title, names, note)
    return cpu.load(program, title, names, fingerprint, note)


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
        None if it is not on disk, where only Programs for this machine's processor are.
    """
    if config.device() == "webgpu":
        return None
    return cpu.restore(fingerprint, make, title, names)
