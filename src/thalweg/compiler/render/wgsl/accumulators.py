"""Accumulators: running sums, products, maxima and places of maxima, as WGSL variables.

A running value is a tuple: the value, and for argmax and argmin the place that it was found at.
"""

from __future__ import annotations

import numpy as np

from thalweg.compiler.ir.expression import Accumulator
from thalweg.compiler.render.wgsl import elementwise
from thalweg.compiler.render.wgsl.expressions import Emitter
from thalweg.compiler.render.wgsl.forms import constant, kind, pick

__all__ = ["Running", "begin", "bring", "kinds", "merged", "neutral", "started", "total"]

Running = tuple[str, ...]

_PLACES = ("argmax", "argmin")
_APPLIED = {"sum": "add", "prod": "mul", "and": "and", "or": "or", "max": "max", "min": "min"}


def kinds(a: Accumulator) -> tuple[str, ...]:
    """The WGSL types of a running value."""
    return (kind(a.dtype), "i32") if a.operation in _PLACES else (kind(a.dtype),)


def neutral(e: Emitter, a: Accumulator) -> Running:
    """The value before the first; `start` is not in it."""
    value = constant(e, a.dtype, _neutral(a))
    return (value, "2147483647") if a.operation in _PLACES else (value,)


def begin(e: Emitter, a: Accumulator) -> Running:
    """Variables with the neutral value."""
    return tuple(e.var(k, v, "a") for k, v in zip(kinds(a), neutral(e, a), strict=True))


def bring(e: Emitter, a: Accumulator, running: Running, value: Running) -> None:
    """Bring a value that comes later into variables."""
    if a.operation in _PLACES:
        wins = e.let(_beats(e, a, value, running))
        found = tuple(pick(wins, new, old) for new, old in zip(value, running, strict=True))
    else:
        found = merged(e, a, running, value)
    for name, text in zip(running, found, strict=True):
        e.line(f"{name} = {text};")


def started(e: Emitter, a: Accumulator, running: Running) -> Running:
    """A running value with `start` brought in."""
    if a.start is None:
        return running
    return (e.let(merged(e, a, running, (constant(e, a.dtype, a.start),))[0]),)


def merged(e: Emitter, a: Accumulator, one: Running, other: Running) -> Running:
    """Two running values as one: expressions; it does not matter which of them came first."""
    if a.operation not in _PLACES:
        name = _APPLIED[a.operation]
        return (elementwise.emit(e, name, (one[0], other[0]), a.dtype, {}),)
    wins = f"({_beats(e, a, other, one)})"
    return tuple(pick(wins, y, x) for x, y in zip(one, other, strict=True))


def total(a: Accumulator, running: Running) -> str:
    """What `Total` gives."""
    return running[1] if a.operation in _PLACES else running[0]


def _beats(e: Emitter, a: Accumulator, new: Running, old: Running) -> str:
    """Whether a value takes the place: it is stronger, or NaN, or as strong and earlier."""
    sign = ">" if a.operation == "argmax" else "<"
    values = [f"u32({x})" if a.dtype.kind == "b" else x for x in (new[0], old[0])]
    stronger = f"{values[0]} {sign} {values[1]}"
    same = f"{new[0]} == {old[0]}"
    if kind(a.dtype) == "f32":
        nan = e.needs("is_nan")
        stronger = f"{stronger} || ({nan}({new[0]}) && !{nan}({old[0]}))"
        same = f"({same} || ({nan}({new[0]}) && {nan}({old[0]})))"
    return f"{stronger} || ({same} && {new[1]} < {old[1]})"


def _neutral(a: Accumulator) -> float | int | bool:
    operation = a.operation.removeprefix("arg")
    if operation in ("sum", "or"):
        return 0
    if operation in ("prod", "and"):
        return 1
    if a.dtype.kind in "iu":
        info = np.iinfo(a.dtype)
        return int(info.min if operation == "max" else info.max)
    if a.dtype.kind == "b":
        return operation == "min"
    return -np.inf if operation == "max" else np.inf
