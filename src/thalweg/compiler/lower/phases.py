"""Phases: which places of a strided window meet an index of the image.

Indices of the image with the same remainder by the stride meet the same offsets of the window, and
successive ones meet successive places. So what a strided window spreads over an image is, phase by
phase, what a window without strides gathers.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from thalweg.compiler.dims import ZERO, Dim
from thalweg.compiler.ir.expression import Guard
from thalweg.compiler.ir.index import Index, Var
from thalweg.compiler.lower.geometry import Axis, Offset, Place

__all__ = ["Meeting", "Phase", "meeting", "phases_of"]


@dataclass(frozen=True, slots=True)
class Phase:
    """The indices `number * stride + rest` of an axis of the image, for `numbers` numbers.

    Number q is met, at offset `first_tap - j * tap_step` of the window, by its place
    `q + first_place + j * place_step`, for j below `taps`.
    """

    rest: int
    numbers: int
    taps: int
    first_tap: int
    tap_step: int
    first_place: int
    place_step: int


def phases_of(axis: Axis) -> list[Phase]:
    """The phases of one axis; a phase that no offset of the window meets has no taps."""
    found = []
    for rest in range(min(axis.stride, axis.length)):
        numbers = len(range(rest, axis.length, axis.stride))
        met = [
            k
            for k in range(axis.window)
            if (rest + axis.low - k * axis.dilation) % axis.stride == 0
        ]
        step = axis.stride // math.gcd(axis.stride, axis.dilation)
        # From the last offset to the first one, so that the places met come in rising order.
        last = met[-1] if met else 0
        place = (rest + axis.low - last * axis.dilation) // axis.stride
        found.append(
            Phase(rest, numbers, len(met), last, step, place, step * axis.dilation // axis.stride)
        )
    return found


@dataclass(frozen=True, slots=True)
class Meeting:
    """Where tap j of number q lies along each axis.

    Attributes:
        place: the place of the window, in range where the guards hold.
        offset: the offset in the window.
        target: the index of the image.
        guards: what must hold.
    """

    place: Place
    offset: Place
    target: Place
    guards: tuple[Guard, ...]


def meeting(
    axes: Sequence[Axis],
    phases: Sequence[Phase],
    numbers: Sequence[Var],
    taps: Sequence[Offset],
) -> Meeting:
    """Where the taps of the numbers of a phase lie; taps may be loop variables or integers."""
    places: list[Index] = []
    offsets: list[Index] = []
    targets: list[Index] = []
    guards: list[Guard] = []
    for axis, p, q, j in zip(axes, phases, numbers, taps, strict=True):
        tap = Index.of(j)
        place = Index.of(q).plus(tap.times(p.place_step)).plus(p.first_place)
        first = last = p.first_place
        if isinstance(j, int):
            first = last = p.first_place + j * p.place_step
        else:
            last += max(p.taps - 1, 0) * p.place_step
        if first < 0 or last + p.numbers - 1 >= axis.places:
            guards.append(Guard(place, ZERO, Dim(0, axis.places)))
        places.append(place)
        offsets.append(tap.times(-p.tap_step).plus(p.first_tap))
        targets.append(Index.of(q).times(axis.stride).plus(p.rest))
    return Meeting(tuple(places), tuple(offsets), tuple(targets), tuple(guards))
