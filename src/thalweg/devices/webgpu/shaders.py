"""The shaders of a Program as text, for people who look inside."""

from __future__ import annotations

from thalweg.compiler.ir.program import Program
from thalweg.compiler.render.wgsl.kernel import module
from thalweg.compiler.render.wgsl.layout import Layout
from thalweg.compiler.render.wgsl.program import ShaderProgram, render

__all__ = ["rendered", "text"]


def rendered(program: Program) -> ShaderProgram:
    """The shaders of a Program that has a memory of its own.

    Raises:
        TypeError: if it computes with a dtype that WebGPU does not have.
    """
    return render(program, Layout.of(program))


def text(shaders: ShaderProgram) -> str:
    """All shaders, one after the other, each a module of its own."""
    return "\n".join(
        f"// Shader {number}\n{module(kernel).strip()}\n"
        for number, kernel in enumerate(shaders.kernels, 1)
    )
