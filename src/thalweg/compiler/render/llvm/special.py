"""Kernels with a generator of their own, by family."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from thalweg.compiler.dims import Dim
from thalweg.compiler.ir.program import Special
from thalweg.compiler.render.llvm import attention
from thalweg.compiler.render.llvm.kernel import KernelText
from thalweg.compiler.target import Target

__all__ = ["RENDERERS", "render", "supported"]

RENDERERS: dict[str, Callable[[Special, Target], KernelText]] = {
    "attention": attention.render,
    "attention_gradient": attention.render_gradient,
}
# Those that take some shapes only.
_FITS: dict[str, Callable[[Sequence[tuple[Dim, ...]]], bool]] = dict.fromkeys(
    ("attention", "attention_gradient"), attention.fits
)


def supported(family: str, shapes: Sequence[tuple[Dim, ...]]) -> bool:
    """Whether there is a generator for a family and inputs of these shapes."""
    return family in RENDERERS and (family not in _FITS or _FITS[family](shapes))


def render(kernel: Special, target: Target) -> KernelText:
    """The kernel that the generator of the family writes.

    Raises:
        NotImplementedError: if there is none.
    """
    if kernel.family not in RENDERERS:
        raise NotImplementedError(f"There is no generator for {kernel.family!r} kernels.")
    return RENDERERS[kernel.family](kernel, target)
