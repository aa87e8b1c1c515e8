"""How a convolution is cut up: tiles of places of the window by filters, and what is copied.

Along the last axis a tile's places may reach into the padding: if one tile covers the whole axis,
each offset of the window multiplies just the places that it does not shift out of the image. Along
the other axes the loops over the offsets leave the padding out.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from thalweg.compiler.dims import ONE, Dim
from thalweg.compiler.ir.expression import Load
from thalweg.compiler.ir.program import Contract
from thalweg.compiler.ir.statement import Store
from thalweg.compiler.render.llvm.contract.convolution_tiling import Blocks, Tiling, tiling
from thalweg.compiler.render.llvm.contract.convolution_view import Axis, View, in_place
from thalweg.compiler.render.llvm.contract.epilogue import Epilogue
from thalweg.compiler.target import Target

__all__ = ["ImagePlan", "Steps"]

# An image of more bytes is not copied for its padding; its lines are then cut into pieces, of which
# there may be so many kinds.
_LARGE_IMAGE = 1 << 20
_MOST_PIECES = 5
# Filters of more than this part of the second-level cache are gone through panel by panel.
_LARGE = 0.5


@dataclass(frozen=True, slots=True)
class Steps:
    """Elements from one to the next in the image that tiles read."""

    places: tuple[int, ...]
    offsets: tuple[int, ...]
    channel: int


class ImagePlan:
    """Decisions for one convolution.

    Attributes:
        scratch: bytes of scratch memory.
        turns: how many turns the workers share.
    """

    def __init__(self, kernel: Contract, view: View, target: Target) -> None:
        self.kernel, self.view, self.target = kernel, view, target
        self.element = "double" if kernel.dtype.itemsize == 8 else "float"
        self.itemsize = 8 if self.element == "double" else 4
        (self.filters,) = kernel.n
        axes = view.axes
        self.depth = math.prod(a.offsets for a in axes) * view.channels
        outer = axes[-2].places if len(axes) > 1 else 1
        count = self.filters.extent.offset
        whole = tiling(target, outer, axes[-1].places, count, self.depth, self.itemsize)
        rows = tiling(target, 1, axes[-1].places, count, self.depth, self.itemsize)
        # Which offsets read padding is known for tiles at a known place of one line.
        edges = _apart(axes[-1], rows.inner)
        large = view.image_size * self.itemsize > _LARGE_IMAGE
        wins = large if len(edges) > 1 else _worth(view, whole, rows)
        known = view.padding_known and view.padded and len(edges) <= _MOST_PIECES
        self.clipped = known and wins
        self.tiling = rows.repeated(outer) if self.clipped else whole
        self.inner = edges if self.clipped else list(self.tiling.inner)
        guarded = axes[-1].guarded and not self.clipped
        lines = all(block.size == 1 for block in self.tiling.outer)
        # The axes along which the loops over the offsets leave out the padding.
        self.bounded = tuple(
            view.padding_known and a.guarded and (i < len(axes) - 2 or lines)
            for i, a in enumerate(axes[:-1])
        )
        open_ = any(a.guarded and not b for a, b in zip(axes, self.bounded, strict=False))
        padding = not view.padding_known or guarded or open_
        self.copied = view.load is None or padding or view.crowded
        self.steps = self._image_steps()
        self.packed = self._filter_steps() is None
        self.panels_outside = self.packed and self._filter_bytes() > _LARGE * target.l2
        self.image_at = self._filter_bytes() if self.packed else 0
        size = view.image_size * self.itemsize if self.copied else 0
        self.scratch = Dim(0, _lines(self.image_at + size))
        self.lines = math.prod(a.places for a in axes[:-2])
        self.blocks = sum(x.count for x in self.tiling.outer)
        self.turns = view.batch.extent.times(self.lines * self.blocks)
        stores = [s for s in kernel.epilogue if isinstance(s, Store)]
        self.epilogue = Epilogue(stores, axes[-1].place, self.filters)

    def _filter_bytes(self) -> int:
        return _lines(self.depth * self.tiling.packed_width * self.itemsize)

    def _image_steps(self) -> Steps:
        view = self.view
        if not self.copied:
            assert view.load is not None
            return Steps(*in_place(view.load, view))
        steps = view.image_steps()
        pairs = list(zip(view.axes, steps, strict=True))
        return Steps(
            tuple(a.stride * s for a, s in pairs), tuple(a.dilation * s for a, s in pairs), 1
        )

    def _filter_steps(self) -> int | None:
        """Elements between rows of filters that can stay where they are; None if they cannot."""
        right, (panel, *others) = self.kernel.right, self.tiling.panels
        if others or panel.count > 1 or not all(c.full for c in panel.columns):
            return None
        if (
            not isinstance(right, Load)
            or right.dtype != self.kernel.dtype
            or self.itemsize > (right.dtype.itemsize)
        ):
            return None
        if right.index.stride(self.filters) != ONE:
            return None
        expected = self.filters.extent.offset
        for variable in reversed(self.kernel.k):
            if variable.extent != ONE and right.index.stride(variable) != Dim(0, expected):
                return None
            expected *= variable.extent.offset
        return self.filters.extent.offset


def _apart(axis: Axis, inner: Sequence[Blocks]) -> list[Blocks]:
    """The blocks of a line, with those that reach into padding apart from the others."""
    begin, end = axis.inside
    found: list[Blocks] = []
    for block in inner:
        size = block.size
        before = min(block.count, max(0, -(-(begin - block.first) // size)))
        until = max(before, min(block.count, (end - block.first) // size))
        if until - before:
            whole = [Blocks(block.first + before * size, until - before, size)]
        else:
            whole = []
        edges = [Blocks(block.first + i * size, 1, size) for i in range(before)]
        rest = [Blocks(block.first + i * size, 1, size) for i in range(until, block.count)]
        found += [*edges, *whole, *rest]
        if len(found) > _MOST_PIECES:
            break
    return found


def _worth(view: View, whole: Tiling, rows: Tiling) -> bool:
    """Whether leaving out the padding wins more than tiles of single lines cost."""
    lines = view.axes[-2].places if len(view.axes) > 1 else 1
    share = 1.0
    for axis in view.axes[-2:]:
        share *= axis.pairs / (axis.places * axis.offsets)
    return rows.cycles * lines * share < whole.cycles


def _lines(size: int) -> int:
    """A size in whole cache lines."""
    return -(-size // 64) * 64
