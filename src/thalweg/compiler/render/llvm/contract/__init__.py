"""Matrix products: register tiles over operands in place or packed, with a fused epilogue."""

from __future__ import annotations

from thalweg.compiler.dims import ONE, NotAffineError
from thalweg.compiler.ir.program import Contract
from thalweg.compiler.render.llvm import loops
from thalweg.compiler.render.llvm.contract import calls, convolution, dots, products
from thalweg.compiler.render.llvm.contract.flatten import Flat, flatten
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
    if convolution.fits(kernel, target):
        return convolution.render(kernel, target)
    flat = flatten(kernel)
    if target.wasm:
        return _small(kernel, flat, target)
    for one in (flat, flat.swapped()):
        if dots.fits(one, target):
            return dots.render(one, target)
    try:
        return products.render(choose(flat, target), target)
    except NotAffineError:
        # Several lengths depend on the batch, so that no bound of scratch memory is affine in it.
        return loops.render(as_loops(kernel), target)


def _small(kernel: Contract, flat: Flat, target: Target) -> KernelText:
    """With little code, as it travels."""
    if flat.k.extent == ONE:
        return loops.render(as_loops(kernel), target)
    if any(v.extent.static and v.extent.offset <= _FEW for v in (flat.m, flat.n)):
        sides = (describe(flat.left, flat.m, flat.k, flat.dtype), describe(flat.right, flat.n, flat.k, flat.dtype))
        dots = all(side.place is not None and side.depth == ONE for side in sides)
        return loops.render(as_loops(kernel, dots), target)
    try:
        return calls.render(flat, target)
    except NotAffineError:
        return loops.render(as_loops(kernel), target)
