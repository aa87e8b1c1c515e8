"""Setting: what the functions of one matrix-product kernel share, and where its scratch lies."""

from __future__ import annotations

from thalweg.compiler.dims import ONE, ZERO, Dim
from thalweg.compiler.ir.expression import walk
from thalweg.compiler.render import uses
from thalweg.compiler.render.llvm import elementwise
from thalweg.compiler.render.llvm.contract.plan import Plan
from thalweg.compiler.target import Target

__all__ = ["Setting"]


class Setting:
    """A plan with its buffers and the layout of scratch memory.

    Attributes:
        buffers: what the kernel is given, in order.
        element, itemsize, lanes: of the sums.
        left_stride: elements between rows of the packed left operand.
        sums_stride: elements between rows of the sums that wait for the next block along k.
        left, right, sums, zeros: where these lie in scratch memory, in bytes.
        room: bytes of scratch memory.

    Raises:
        NotAffineError: if the scratch memory would not be affine in the batch size.
    """

    def __init__(self, plan: Plan, target: Target) -> None:
        flat = plan.flat
        self.plan = plan
        self.target = target
        values = [flat.left, flat.right, *uses.roots(flat.epilogue)]
        self.buffers = tuple(uses.buffers(list(walk(*values)), flat.epilogue))
        self.element = elementwise.computing(flat.dtype).element
        self.itemsize = 8 if self.element == "double" else 4
        self.lanes = target.lanes(self.itemsize)
        self.room = ZERO
        deep = Dim(0, plan.depth) if plan.depth else flat.k.extent
        # Neither rows that are a power of two apart, which share few sets of the cache, nor
        # vectors that reach beyond the last element.
        self.left_stride = deep.plus(2 * self.lanes)
        across = flat.n.extent
        self.sums_stride = Dim(across.scale, across.offset + plan.width)
        self.left = self.right = self.sums = self.zeros = ZERO
        if plan.pack_left:
            self.left = self._reserve(flat.m.extent.plus(plan.rows), self.left_stride)
        if plan.pack_right:
            self.right = self._reserve(deep.plus(self.lanes), Dim(0, plan.width))
        if plan.depth:
            self.sums = self._reserve(flat.m.extent.plus(plan.rows), self.sums_stride)
            self.zeros = self._reserve(ONE, Dim(0, plan.width))

    def _reserve(self, rows: Dim, width: Dim) -> Dim:
        """Room for a table, at a multiple of 64 bytes for every batch size."""
        place = self.room
        size = rows.times(width).times(self.itemsize)
        self.room = place.plus(Dim(-(-size.scale // 64) * 64, -(-size.offset // 64) * 64))
        return place
