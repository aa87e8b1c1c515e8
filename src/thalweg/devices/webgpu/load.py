"""From a Program to an Executable on the GPU."""

from __future__ import annotations

from collections.abc import Sequence

from thalweg.compiler.ir.program import Program
from thalweg.devices.webgpu.executable import Executable
from thalweg.devices.webgpu.gpu import gpu
from thalweg.devices.webgpu.shaders import rendered

__all__ = ["load"]


def load(
    program: Program, title: str = "Program", names: Sequence[str] = (), note: str = ""
) -> Executable:
    """Make a Program ready to run on the GPU.

    Args:
        program: what to run.
        title: what it was made from, for people.
        names: those of its states, for people.
        note: what to tell who compiles it again.

    Raises:
        TypeError: if it computes with a dtype that WebGPU does not have.
        ValueError: if it needs more memory than the GPU can bind.
        RuntimeError: if there is no GPU.
    """
    here = gpu()
    shaders = rendered(program, here.subgroups, here.software)
    return Executable(program, shaders, here, title, names, note)
