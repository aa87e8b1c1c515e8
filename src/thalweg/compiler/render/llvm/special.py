"""Kernels with a generator of their own, by family."""

from __future__ import annotations

from collections.abc import Callable

from thalweg.compiler.graph import Operation
from thalweg.compiler.ir.program import Special
from thalweg.compiler.render.llvm import attention, cumulative, order, scatter, update
from thalweg.compiler.render.llvm.kernel import KernelText
from thalweg.compiler.target import Target

__all__ = ["RENDERERS", "render", "supported"]

RENDERERS: dict[str, Callable[[Special, Target], KernelText]] = {
    "attention": attention.render,
    "attention_gradient": attention.render_gradient,
    "argsort": order.render_argsort,
    "cummax": cumulative.render,
    "cummin": cumulative.render,
    "cumprod": cumulative.render,
    "cumsum": cumulative.render,
    "dynamic_update_slice": update.render,
    "scatter": scatter.render,
    "top_k": order.render_top_k,
}


# Those that take some operations only.
_TAKES: dict[str, Callable[[Operation], bool]] = {
    "attention": attention.takes,
    "attention_gradient": attention.takes,
    "cumprod": cumulative.takes,
    "scatter": scatter.takes,
}


def supported(operation: Operation) -> bool:
    """Whether there is a generator for an operation, with its shapes, dtypes and parameters."""
    name = operation.name
    return name in RENDERERS and (name not in _TAKES or _TAKES[name](operation))


def render(kernel: Special, target: Target) -> KernelText:
    """The kernel that the generator of the family writes.

    Raises:
        NotImplementedError: if there is none.
    """
    if kernel.family not in RENDERERS:
        raise NotImplementedError(f"There is no generator for {kernel.family!r} kernels.")
    return RENDERERS[kernel.family](kernel, target)
