"""Convolutions and their gradients: which of them have tiles of their own, and their function."""

from __future__ import annotations

from thalweg.compiler.ir.expression import walk
from thalweg.compiler.ir.program import Contract
from thalweg.compiler.render import uses
from thalweg.compiler.render.llvm.builder import Builder
from thalweg.compiler.render.llvm.contract.convolution_filter import emit_filter_gradient
from thalweg.compiler.render.llvm.contract.convolution_filter_plan import FilterPlan
from thalweg.compiler.render.llvm.contract.convolution_image import emit_convolution
from thalweg.compiler.render.llvm.contract.convolution_image_plan import ImagePlan
from thalweg.compiler.render.llvm.contract.convolution_view import View, view
from thalweg.compiler.render.llvm.contract.products import flops
from thalweg.compiler.render.llvm.expressions import Emitter
from thalweg.compiler.render.llvm.kernel import NAME, KernelText, parameters
from thalweg.compiler.target import Target
from thalweg.tensor.dtypes import FLOATING

__all__ = ["fits", "render"]


def fits(kernel: Contract, target: Target) -> bool:
    """Whether `render` takes a contraction."""
    return kernel.dtype in FLOATING and _view(kernel) is not None


def _view(kernel: Contract) -> View | None:
    found = view(kernel)
    if found is None or len(kernel.n) != 1 or not kernel.n[0].extent.static:
        return None
    if any(not v.extent.static for v in kernel.batch):
        return None
    return found


def render(kernel: Contract, target: Target) -> KernelText:
    """A convolution, or the gradient of its input or filters, as an LLVM function."""
    found = _view(kernel)
    assert found is not None
    assert kernel.window is not None
    plan: ImagePlan | FilterPlan
    if kernel.window.kind == "image":
        plan = ImagePlan(kernel, found, target)
    else:
        plan = FilterPlan(kernel, found, target)
    values = [kernel.left, kernel.right, *uses.roots(kernel.epilogue)]
    buffers = tuple(uses.buffers(list(walk(*values)), kernel.epilogue))
    b = Builder(target)
    with b.function(NAME, parameters(b, buffers)) as arguments:
        *pointers, n, worker, workers, scratch = arguments
        em = Emitter(b, target, n, dict(zip(buffers, pointers, strict=True)))
        with em.scope():
            if isinstance(plan, ImagePlan):
                emit_convolution(plan, em, worker, workers, scratch)
            else:
                emit_filter_gradient(plan, em, worker, workers, scratch)
    return KernelText(
        b.text,
        b.declarations,
        buffers,
        tuple(uses.stored(kernel.epilogue)),
        plan.scratch,
        plan.turns,
        # Products with padding are not counted, as some of them are left out.
        flops(*kernel.batch, found.batch, *kernel.n, found.channel).times(found.pairs),
    )
