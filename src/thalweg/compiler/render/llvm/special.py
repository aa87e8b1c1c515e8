"""Kernels with a generator of their own, by family."""

from __future__ import annotations

from collections.abc import Callable

from thalweg.compiler.ir.program import Special
from thalweg.compiler.render.llvm.kernel import KernelText
from thalweg.compiler.target import Target

__all__ = ["RENDERERS", "render"]

RENDERERS: dict[str, Callable[[Special, Target], KernelText]] = {}


def render(kernel: Special, target: Target) -> KernelText:
    """The kernel that the generator of the family writes.

    Raises:
        NotImplementedError: if there is none.
    """
    if kernel.family not in RENDERERS:
        raise NotImplementedError(f"There is no generator for {kernel.family!r} kernels.")
    return RENDERERS[kernel.family](kernel, target)
