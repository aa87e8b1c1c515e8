"""Matrix products: register tiles over operands in place or packed, with a fused epilogue."""

from __future__ import annotations

from thalweg.compiler.dims import ONE, NotAffineError
from thalweg.compiler.ir.program import Contract
from thalweg.compiler.render.llvm import loops
from thalweg.compiler.render.llvm.contract import calls, convolution, dots, products, windows
from thalweg.compiler.render.llvm.contract.flatten import flatten
from thalweg.compiler.render.llvm.contract.operands import describe
from thalweg.compiler.render.llvm.contract.plain import as_loops
from thalweg.compiler.render.llvm.contract.plan import choose
from thalweg.compiler.render.llvm.kernel import KernelText
from thalweg.compiler.target import Target

__all__ = ["render"]

# Products with so few columns are not worth tiles.
_FEW = 2


def render(kernel: Contract, target: Target) -> KernelText:
    """A contraction as an LLVM function."""
    if kernel.dtype.kind in "iub":
        return loops.render(as_loops(kernel), target)
    if target.wasm:
        return _small(kernel, target)
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


def _small(kernel: Contract, target: Target) -> KernelText:
    """With little code, as it travels."""
    flat = flatten(kernel)
    sides = (
        describe(flat.left, flat.m, flat.k, flat.dtype),
        describe(flat.right, flat.n, flat.k, flat.dtype),
    )
    few = any(v.extent.static and v.extent.offset <= _FEW for v in (flat.m, flat.n))
    if few or flat.k.extent == ONE:
        dots = all(side.place is not None and side.depth == ONE for side in sides)
        return loops.render(as_loops(kernel, dots and flat.k.extent != ONE), target)
    if sides[0].place is None and windows.fits(kernel):
        return windows.render(kernel, target)
    try:
        return calls.render(flat, target)
    except NotAffineError:
        return loops.render(as_loops(kernel), target)
