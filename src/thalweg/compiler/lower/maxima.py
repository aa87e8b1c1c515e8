"""Where in a window the maximum stands: the first one of equals, and NaN before all.

The padding holds the lowest number there is, and competes like any other place.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from thalweg.compiler.dims import Dim, product
from thalweg.compiler.graph import Operation, Value
from thalweg.compiler.ir.expression import (
    Accumulator,
    Apply,
    Constant,
    Expression,
    Total,
)
from thalweg.compiler.ir.program import Loops
from thalweg.compiler.ir.statement import Accumulate, Reset, Store
from thalweg.compiler.lower.elements import linear
from thalweg.compiler.lower.folding import Folded, few, serial
from thalweg.compiler.lower.geometry import (
    Axis,
    Offset,
    Place,
    Read,
    Temporary,
    axes_of,
    element_loader,
    element_nest,
    guarded,
    image_index,
    loop_nest,
)
from thalweg.tensor.dtypes import DType, bool_, int32

__all__ = ["Frame", "choice", "hits", "lowest", "offsets_of", "truth", "which_maximum", "wins"]


def lowest(dtype: DType) -> float | int:
    """The lowest number of a dtype."""
    return int(np.iinfo(dtype).min) if dtype.kind in "iu" else -np.inf


def truth(name: str, *inputs: Expression) -> Expression:
    """A comparison or something between truth values."""
    return Apply(name, inputs, bool_)


def choice(condition: Expression, yes: Expression, no: Expression) -> Expression:
    """One of two values."""
    return Apply("select", (condition, yes, no), yes.dtype)


@dataclass(frozen=True, slots=True)
class Frame:
    """A place of a window, and how it reads an image there."""

    axes: tuple[Axis, ...]
    place: Place

    @staticmethod
    def of(operation: Operation, place: Place) -> Frame:
        """At a place of what the windows give."""
        return Frame(axes_of(operation, operation.params["window"]), place)

    @property
    def extents(self) -> list[int]:
        """The lengths of the window."""
        return [a.window for a in self.axes]

    def read(
        self, read: Read, image: Value, offset: Sequence[Offset], around: float | int
    ) -> Expression:
        """What the window holds at an offset; `around` stands in the padding."""
        b, *places, c = self.place
        index, guards = image_index(self.axes, places, offset)
        return guarded(guards, read(image, (b, *index, c)), around)


def _better(value: Expression, best: Expression) -> Expression:
    """Whether a value takes the place of the best one before it; the first NaN stays."""
    greater = truth("gt", value, best)
    if value.dtype.kind in "iu":
        return greater
    not_less = truth("not", truth("le", value, best))
    return truth("and", not_less, truth("eq", best, best))


def wins(values: Sequence[Expression]) -> list[Expression]:
    """For each but the first value, whether it is better than all before it."""
    found = []
    best = values[0]
    for value in values[1:]:
        better = _better(value, best)
        best = choice(better, value, best)
        found.append(better)
    return found


def hits(values: Sequence[Expression]) -> list[Expression | None]:
    """For each value whether it is the first maximum; None for the only one."""
    better = wins(values)
    if not better:
        return [None]
    hits: list[Expression | None] = []
    later: Expression | None = None
    for win in reversed(better):
        hits.append(win if later is None else truth("and", win, truth("not", later)))
        later = win if later is None else truth("or", win, later)
    assert later is not None
    hits.append(truth("not", later))
    return hits[::-1]


def which_maximum(
    operation: Operation, x: Value, shape: Sequence[Dim], read: Read, temporary: Temporary
) -> tuple[Loops, Callable[[Place], Expression]]:
    """A kernel that notes the number of the place of each maximum, and how to read it.

    Args:
        shape: that of what the windows give.
    """
    nest = element_nest(shape, lambda place: _number(Frame.of(operation, place), x, read))
    buffer = temporary(int32, product(tuple(shape)))

    def store(place: Place, value: Expression) -> tuple[Store]:
        return (Store(buffer, linear(place, shape), value),)

    kernel = loop_nest([nest], store, "place of maximum", (operation.name,))
    return kernel, element_loader(buffer, shape)


def _number(frame: Frame, x: Value, read: Read) -> Folded:
    """The number of the first place that holds the maximum."""
    around = lowest(x.dtype)
    if few(frame.extents):
        better = wins([frame.read(read, x, k, around) for k in offsets_of(frame)])
        value: Expression = Constant(0, int32)
        for number, win in enumerate(better, start=1):
            value = choice(win, Constant(number, int32), value)
        return (), value
    best = Accumulator("argmax", x.dtype)
    extents = tuple(Dim(0, n) for n in frame.extents)
    loops = serial(
        frame.extents,
        lambda k: (Accumulate(best, frame.read(read, x, k, around), linear(k, extents)),),
    )
    return (Reset(best), *loops), Total(best, int32)


def offsets_of(frame: Frame) -> list[tuple[int, ...]]:
    """The places of a small window, in order."""
    return list(itertools.product(*map(range, frame.extents)))
