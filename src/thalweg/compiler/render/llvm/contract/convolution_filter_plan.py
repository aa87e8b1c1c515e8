"""How the gradient of a convolution's filters is cut up: tiles, chunks, and what is copied.

The rows of a tile are offsets in the window and channels, its columns filters. The sums go over
lines: what all but the last spatial axis leave. Chunks of lines are such that the caches hold them,
and the same for any number of workers, so that the order of each sum is.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator
from dataclasses import dataclass

from thalweg.compiler.dims import ONE, Dim
from thalweg.compiler.ir.expression import Load
from thalweg.compiler.ir.index import Var
from thalweg.compiler.ir.program import Contract
from thalweg.compiler.render.llvm.contract.convolution_tiling import Blocks, Panel, tiling
from thalweg.compiler.render.llvm.contract.convolution_view import View, in_place, spaced
from thalweg.compiler.target import Target

__all__ = ["FilterPlan", "Turns"]

# The part of the second-level cache that a chunk may take.
_CHUNK = 0.5
# Products that a tile adds at least before its sums go back to memory, and as a rule.
_LEAST_DEPTH = 256
_TYPICAL_DEPTH = 512


@dataclass(frozen=True, slots=True)
class _Rows:
    """Rows of the sums that lie `step` elements of the image apart."""

    extent: int
    step: int


@dataclass(frozen=True, slots=True)
class Turns:
    """Tiles of one shape, and which of the workers' turns they are."""

    first: int
    count: int
    panel: Panel
    # Columns of the packed panels before the first one.
    begin: int
    outer: Blocks
    inner: Blocks


class FilterPlan:
    """Decisions for one gradient of filters.

    Attributes:
        scratch: bytes of scratch memory.
        turns: how many turns the workers share.
    """

    def __init__(self, kernel: Contract, view: View, target: Target) -> None:
        self.kernel, self.view, self.target = kernel, view, target
        self.element = "double" if kernel.dtype.itemsize == 8 else "float"
        self.itemsize = 8 if self.element == "double" else 4
        (self.filters,) = kernel.n
        self.copied = view.load is None or view.padded or view.crowded
        self.place_steps, offsets, channel = self._steps()
        self.rows = _joined(kernel.m, (*offsets, channel))
        self.inner = self.rows[-1]
        self.outer = self.rows[-2] if len(self.rows) > 1 else _Rows(1, 0)
        self.looped = self.rows[:-2]
        self.tiling = tiling(
            target,
            self.outer.extent,
            self.inner.extent,
            self.filters.extent.offset,
            _TYPICAL_DEPTH,
            self.itemsize,
            math.prod(rows.extent for rows in self.looped),
        )
        self.width = self.tiling.packed_width
        # Elements from one row of packed columns, or of sums, to the next.
        self.pitch = spaced(self.width)
        self.height = math.prod(v.extent.offset for v in kernel.m)
        self.lines = math.prod(a.places for a in view.axes[:-1])
        self.last = view.axes[-1]
        self.right = self._right_in_place() if self.pitch == self.width else None
        self.chunk = self._chunk()
        sums = self.height * self.pitch * self.itemsize
        self.image_at = _whole(sums)
        images = self.chunk // self.lines * view.image_size * self.itemsize if self.copied else 0
        self.right_at = self.image_at + _whole(images)
        packed = 0 if self.right else self.chunk * self.last.places * self.pitch * self.itemsize
        self.scratch = Dim(0, self.right_at + _whole(packed))
        self.all_turns = list(self._all_turns())
        total = self.all_turns[-1]
        self.turns = Dim(0, total.first + total.count)

    def _steps(self) -> tuple[tuple[int, ...], tuple[int, ...], int]:
        view = self.view
        if not self.copied:
            assert view.load is not None
            return in_place(view.load, view)
        pairs = list(zip(view.axes, view.image_steps(), strict=True))
        places = tuple(a.stride * s for a, s in pairs)
        return places, tuple(a.dilation * s for a, s in pairs), 1

    def _right_in_place(self) -> Load | None:
        """The gradient that flows in, where tiles can read it as it lies."""
        right = self.kernel.right
        if not isinstance(right, Load) or right.dtype != self.kernel.dtype:
            return None
        if right.dtype.itemsize != self.itemsize or right.index.stride(self.filters) != ONE:
            return None
        for variable in self.kernel.k:
            step = right.index.stride(variable)
            if step is None or not step.static:
                return None
        return right

    def _chunk(self) -> int:
        """Lines that are done at a time; of whole images, where these are copied."""
        view = self.view
        image = view.image_size // self.lines if self.lines else view.image_size
        line = (image + self.last.places * self.filters.extent.offset) * self.itemsize
        count = max(int(_CHUNK * self.target.l2) // line, -(-_LEAST_DEPTH // self.last.places))
        if not self.copied:
            return count
        return max(1, count // self.lines) * self.lines

    def _all_turns(self) -> Iterator[Turns]:
        first = begin = 0
        looped = math.prod(rows.extent for rows in self.looped)
        for panel in self.tiling.panels:
            for outer, inner in itertools.product(self.tiling.outer, self.tiling.inner):
                count = panel.count * looped * outer.count * inner.count
                yield Turns(first, count, panel, begin, outer, inner)
                first += count
            begin += panel.count * panel.width


def _joined(variables: tuple[Var, ...], steps: tuple[int, ...]) -> tuple[_Rows, ...]:
    """The rows' axes; neighbours that go through memory without a gap are one."""
    found: list[_Rows] = []
    for variable, step in zip(variables, steps, strict=True):
        extent = variable.extent.offset
        if extent == 1:
            continue
        if found and found[-1].step == step * extent:
            before = found.pop()
            found.append(_Rows(before.extent * extent, step))
        else:
            found.append(_Rows(extent, step))
    return tuple(found) or (_Rows(1, 0),)


def _whole(size: int) -> int:
    """A size in whole cache lines."""
    return -(-size // 64) * 64
