"""The shaders of a Program as text, for people who look inside."""

from __future__ import annotations

from thalweg.compiler.ir.program import Program
from thalweg.compiler.render.wgsl.kernel import module
from thalweg.compiler.render.wgsl.layout import Layout
from thalweg.compiler.render.wgsl.program import ShaderProgram, render

__all__ = ["rendered", "text"]


def rendered(program: Program, subgroups: bool = False, software: bool = False) -> ShaderProgram:
    """The shaders of a Program that has a memory of its own.

    Args:
        program: what to render.
        subgroups: whether they may use subgroup operations.
        software: whether they will run on a processor that does the work of a GPU.

    Raises:
        TypeError: if it computes with a dtype that WebGPU does not have.
    """
    profile = "software" if software else "gpu"
    return render(program, Layout.of(program), subgroups, profile)


def text(shaders: ShaderProgram) -> str:
    """All shaders, one after the other, each a module of its own."""
    return "\n".join(
        f"// Shader {number}\n{module(kernel).strip()}\n"
        for number, kernel in enumerate(shaders.kernels, 1)
    )
