"""Convolution and its two gradients as contractions.

All gather: each element of the output is one sum. The gradient of a strided convolution's input is
split by phases: indices with the same remainder by the stride meet the same offsets of the window,
so each phase is a dense convolution of its own with part of the filter.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass

from thalweg.compiler.dims import ZERO, Dim
from thalweg.compiler.graph import Operation
from thalweg.compiler.ir.expression import Constant
from thalweg.compiler.ir.index import Index, Var
from thalweg.compiler.ir.program import Window
from thalweg.compiler.lower.geometry import (
    Axis,
    Contraction,
    Lowered,
    Read,
    axes_of,
    fixed,
    guarded,
    image_index,
    indices,
)
from thalweg.compiler.lower.phases import Phase, meeting, phases_of

__all__ = ["filter_gradient", "forward", "input_gradient"]


@dataclass(frozen=True, slots=True)
class _Groups:
    """The channels and filters of one group, and the variable of the groups."""

    variables: tuple[Var, ...]
    channels: int
    filters: int

    @staticmethod
    def of(operation: Operation, channels: Dim, filters: Dim) -> _Groups:
        count = operation.params["groups"]
        variables = (Var("g", Dim(0, count)),) if count > 1 else ()
        return _Groups(
            variables, fixed(channels, operation) // count, fixed(filters, operation) // count
        )

    def channel(self, c: Var) -> Index:
        return self._in_group(self.channels, c)

    def filter(self, f: Var) -> Index:
        return self._in_group(self.filters, f)

    def _in_group(self, size: int, variable: Var) -> Index:
        index = Index.of(variable)
        for g in self.variables:
            index = index.plus(Index.of(g).times(size))
        return index


def _variables(prefix: str, lengths: Sequence[int]) -> tuple[Var, ...]:
    return tuple(Var(f"{prefix}{i}", Dim(0, n)) for i, n in enumerate(lengths))


def _slides(axes: Sequence[Axis]) -> bool:
    """Whether there is a window at all; else the contraction is a plain product of matrices."""
    return any(a.window > 1 or a.stride > 1 or a.places != a.length for a in axes)


def _window(kind: str, axes: Sequence[Axis]) -> Window | None:
    if not _slides(axes):
        return None
    return Window(kind, tuple(a.stride for a in axes), tuple(a.dilation for a in axes))


def forward(operation: Operation, read: Read) -> Lowered:
    """`conv`: m = (batch, *places), k = (*offsets, channels), n = filters."""
    x, w = operation.inputs
    axes = axes_of(operation, w.shape[:-2])
    groups = _Groups.of(operation, x.shape[-1], w.shape[-1])
    b = Var("b", x.shape[0])
    places = _variables("o", [a.places for a in axes])
    offsets = _variables("k", [a.window for a in axes])
    c, f = Var("c", Dim(0, groups.channels)), Var("f", Dim(0, groups.filters))
    image, guards = image_index(axes, indices(places), indices(offsets))
    left = guarded(guards, read(x, (Index.of(b), *image, groups.channel(c))), 0)
    right = read(w, (*indices((*offsets, c)), groups.filter(f)))
    return _one(
        Contraction(
            groups.variables,
            (b, *places),
            (f,),
            (*offsets, c),
            left,
            right,
            (*indices((b, *places)), groups.filter(f)),
            _window("image", axes),
        )
    )


def filter_gradient(operation: Operation, read: Read) -> Lowered:
    """`conv_filter_gradient`: m = (*offsets, channels), k = (batch, *places), n = filters."""
    x, g = operation.inputs
    axes = axes_of(operation, operation.params["kernel"])
    groups = _Groups.of(operation, x.shape[-1], g.shape[-1])
    b = Var("b", x.shape[0])
    places = _variables("o", [a.places for a in axes])
    offsets = _variables("k", [a.window for a in axes])
    c, f = Var("c", Dim(0, groups.channels)), Var("f", Dim(0, groups.filters))
    image, guards = image_index(axes, indices(places), indices(offsets))
    left = guarded(guards, read(x, (Index.of(b), *image, groups.channel(c))), 0)
    right = read(g, (*indices((b, *places)), groups.filter(f)))
    return _one(
        Contraction(
            groups.variables,
            (*offsets, c),
            (f,),
            (b, *places),
            left,
            right,
            (*indices((*offsets, c)), groups.filter(f)),
            _window("filter", axes),
        )
    )


def input_gradient(operation: Operation, read: Read) -> Lowered:
    """`conv_input_gradient`: one contraction for each phase of the strides.

    m = (batch, *numbers), k = (*taps, filters), n = channels; see `phases`.
    """
    axes = axes_of(operation, operation.inputs[1].shape[:-2])
    choices = itertools.product(*map(phases_of, axes))
    return Lowered(contractions=tuple(_phase(operation, read, axes, p) for p in choices))


def _phase(
    operation: Operation, read: Read, axes: Sequence[Axis], phases: Sequence[Phase]
) -> Contraction:
    g, w = operation.inputs
    groups = _Groups.of(operation, operation.outputs[0].shape[-1], w.shape[-1])
    b = Var("b", g.shape[0])
    numbers = _variables("q", [p.numbers for p in phases])
    taps = _variables("j", [p.taps for p in phases])
    c, f = Var("c", Dim(0, groups.channels)), Var("f", Dim(0, groups.filters))
    met = meeting(axes, phases, numbers, indices(taps))
    left = guarded(met.guards, read(g, (Index.of(b), *met.place, groups.filter(f))), 0)
    right = read(w, (*met.offset, Index.of(c), groups.filter(f)))
    k: tuple[Var, ...] = (*taps, f)
    window = None
    if _slides(axes):
        window = Window("image", (1,) * len(axes), tuple(p.place_step for p in phases))
    if not all(p.taps for p in phases):
        # Nothing meets these indices: a sum over nothing.
        left = right = Constant(0, g.dtype)
        k, window = (Var("j", ZERO),), None
    place = (Index.of(b), *met.target, groups.channel(c))
    return Contraction(groups.variables, (b, *numbers), (c,), k, left, right, place, window)


def _one(contraction: Contraction) -> Lowered:
    return Lowered(contractions=(contraction,))
