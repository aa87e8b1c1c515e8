"""How a convolution's left operand, an image seen through a window, is read from memory.

Along each spatial axis the image is read at `place * stride + offset * dilation`. The addresses of
a place and of an offset add up, so tiles read the image where it lies, with no copy of patches. An
image that is padded, or is not a plain load, is copied first, one at a time, as long as it cannot
be avoided by leaving out the offsets that read the padding.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from thalweg.compiler.dims import ONE, ZERO, Dim
from thalweg.compiler.ir.expression import Choose, Constant, Expression, Guard, Load
from thalweg.compiler.ir.index import Index, Var
from thalweg.compiler.ir.program import Contract
from thalweg.tensor.dtypes import float32, float64

__all__ = ["Axis", "View", "in_place", "spaced", "view"]

# Rows that lie a multiple of this many elements apart share few sets of the caches.
_CROWDED = 256
# Elements of a cache line.
_LINE = 16


@dataclass(frozen=True, slots=True)
class Axis:
    """One spatial axis.

    Attributes:
        place, offset: the variables of the places of the window and of the offsets in it.
        stride, dilation: how far the image is read for a step of each.
        low: the padding before the image; `length`: of the image. Both only where `guarded`.
        guarded: whether there is padding.
    """

    place: Var
    offset: Var
    stride: int
    dilation: int
    low: int = 0
    length: int = 0
    guarded: bool = False

    @property
    def places(self) -> int:
        """How many places the window has."""
        return self.place.extent.offset

    @property
    def offsets(self) -> int:
        """How many offsets the window has."""
        return self.offset.extent.offset

    @property
    def extent(self) -> int:
        """How many indices of the padded image are read."""
        return (self.places - 1) * self.stride + (self.offsets - 1) * self.dilation + 1

    def valid(self, place: int) -> tuple[int, ...]:
        """The offsets that do not read padding at a place."""
        if not self.guarded:
            return tuple(range(self.offsets))
        at = place * self.stride - self.low
        return tuple(k for k in range(self.offsets) if 0 <= at + k * self.dilation < self.length)

    @property
    def inside(self) -> tuple[int, int]:
        """The first place where no offset reads padding, and the one after the last."""
        if not self.guarded:
            return 0, self.places
        reach = (self.offsets - 1) * self.dilation
        last = (self.length - 1 - reach + self.low) // self.stride
        return max(0, -(-self.low // self.stride)), min(self.places, last + 1)

    @property
    def pairs(self) -> int:
        """How many pairs of a place and an offset do not read padding."""
        if not self.guarded:
            return self.places * self.offsets
        total = 0
        for k in range(self.offsets):
            shift = self.low - k * self.dilation
            first = max(0, -(-shift // self.stride))
            last = min(self.places - 1, (self.length - 1 + shift) // self.stride)
            total += max(0, last - first + 1)
        return total


@dataclass(frozen=True, slots=True)
class View:
    """The image as the window sees it.

    Attributes:
        batch: the variable of the images.
        axes: the spatial axes.
        channel: the variable of the channels.
        value: an element of the padded image.
        load: the element inside the padding, if it is a plain load of the type that is computed in,
            and evenly spaced; else None.
        padding_known: whether the axes' guards are all that decides on the padding.
    """

    batch: Var
    axes: tuple[Axis, ...]
    channel: Var
    value: Expression
    load: Load | None
    padding_known: bool

    @property
    def channels(self) -> int:
        """How many channels a group has."""
        return self.channel.extent.offset

    @property
    def pairs(self) -> int:
        """How many pairs of a place and an offset do not read padding."""
        return math.prod(a.pairs for a in self.axes)

    @property
    def padded(self) -> bool:
        """Whether there is padding."""
        return not self.padding_known or any(a.guarded for a in self.axes)

    @property
    def crowded(self) -> bool:
        """Whether neighbouring indices of the image lie in few sets of the caches."""
        return spaced(self.channels) != self.channels

    def image_steps(self) -> tuple[int, ...]:
        """Elements from one index to the next along each spatial axis of a copied image."""
        return tuple(
            math.prod(a.extent for a in self.axes[i + 1 :]) * spaced(self.channels)
            for i in range(len(self.axes))
        )

    @property
    def image_size(self) -> int:
        """Elements of a copied image."""
        return math.prod(a.extent for a in self.axes) * spaced(self.channels)


def spaced(width: int) -> int:
    """How far rows of a width should lie apart, so that many of them fit in the caches."""
    return width if width % _CROWDED else width + _LINE


def view(kernel: Contract) -> View | None:
    """How the left operand is read; None where it is not what the renderer knows."""
    window = kernel.window
    if window is None:
        return None
    outer, inner = (kernel.m, kernel.k) if window.kind == "image" else (kernel.k, kernel.m)
    batch, *places = outer
    *offsets, channel = inner
    if any(not v.extent.static or v.extent == ZERO for v in (*places, *offsets, channel)):
        return None
    if any(s > 1 and d > 1 for s, d in zip(window.strides, window.dilation, strict=True)):
        return None
    axes = tuple(
        Axis(*four) for four in zip(places, offsets, window.strides, window.dilation, strict=True)
    )
    value: Expression = kernel.left
    guards: tuple[Guard, ...] = ()
    if (
        isinstance(value, Choose)
        and isinstance(value.otherwise, Constant)
        and not value.otherwise.value
    ):
        guards, value = value.guards, value.then
    known = True
    for guard in guards:
        found = _guarded(axes, guard)
        known = known and found is not None
        axes = found or axes
    variables = (batch, *places, *offsets, channel)
    load = value if isinstance(value, Load) and _plain(value, kernel, variables) else None
    return View(batch, axes, channel, kernel.left, load, known)


def _plain(load: Load, kernel: Contract, variables: Sequence[Var]) -> bool:
    """Whether tiles can read the elements of a load where they lie."""
    if load.dtype != kernel.dtype or load.dtype not in (float32, float64):
        return False
    strides = [load.index.stride(v) for v in variables]
    return all(s is not None and s.static for s in strides)


def _guarded(axes: tuple[Axis, ...], guard: Guard) -> tuple[Axis, ...] | None:
    """The axes with the padding that a guard is about."""
    if guard.low != ZERO or not guard.high.static or not guard.index.offset.static:
        return None
    variables = guard.index.variables()
    for i, axis in enumerate(axes):
        if not variables <= {axis.place, axis.offset} or not _reads(guard.index, axis):
            continue
        if axis.guarded or not variables:
            return None
        low = -guard.index.offset.offset
        new = Axis(
            axis.place, axis.offset, axis.stride, axis.dilation, low, guard.high.offset, True
        )
        return (*axes[:i], new, *axes[i + 1 :])
    return None


def _reads(index: Index, axis: Axis) -> bool:
    """Whether an index grows with the variables of an axis as the image is read along it."""
    return all(
        v.extent == ONE or index.stride(v) == Dim(0, step)
        for v, step in ((axis.place, axis.stride), (axis.offset, axis.dilation))
    )


def in_place(load: Load, view: View) -> tuple[tuple[int, ...], tuple[int, ...], int]:
    """Elements from one to the next: along the places, the offsets and the channels."""

    def step(v: Var) -> int:
        if v.extent == ONE:
            return 0
        found = load.index.stride(v)
        assert found is not None
        return found.offset

    places = tuple(step(a.place) for a in view.axes)
    return places, tuple(step(a.offset) for a in view.axes), step(view.channel)
