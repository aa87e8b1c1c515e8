"""Which renderer writes which kind of kernel."""

from __future__ import annotations

from thalweg.compiler.ir.program import Contract, Copy, Loops, Special
from thalweg.compiler.render.llvm import contract, copy, loops, special
from thalweg.compiler.render.llvm.kernel import KernelText
from thalweg.compiler.target import Target

__all__ = ["Kernel", "render"]

Kernel = Loops | Contract | Special | Copy


def render(kernel: Kernel, target: Target) -> KernelText:
    """A kernel as an LLVM function."""
    if isinstance(kernel, Loops):
        return loops.render(kernel, target)
    if isinstance(kernel, Contract):
        return contract.render(kernel, target)
    if isinstance(kernel, Copy):
        return copy.render(kernel, target)
    return special.render(kernel, target)
