"""Matrix products: register tiles over operands in place or packed, with a fused epilogue."""

from __future__ import annotations

from thalweg.compiler.dims import NotAffineError
from thalweg.compiler.ir.program import Contract
from thalweg.compiler.render.llvm import loops
from thalweg.compiler.render.llvm.contract import convolution, dots, products
from thalweg.compiler.render.llvm.contract.flatten import flatten
from thalweg.compiler.render.llvm.contract.plain import as_loops
from thalweg.compiler.render.llvm.contract.plan import choose
from thalweg.compiler.render.llvm.kernel import KernelText
from thalweg.compiler.target import Target

__all__ = ["render"]


def render(kernel: Contract, target: Target) -> KernelText:
    """A contraction as an LLVM function."""
    if kernel.dtype.kind in "iub":
        return loops.render(as_loops(kernel), target)
    if convolution.fits(kernel, target):
        return convolution.render(kernel, target)
    flat = flatten(kernel)
    for one in (flat, flat.swapped()):
        if dots.fits(one, target):
            return dots.render(one, target)
    try:
        return products.render(choose(flat, target), target)
    except NotAffineError:
        # Several lengths depend on the batch, so that no bound of scratch memory is affine in it.
        return loops.render(as_loops(kernel), target)
