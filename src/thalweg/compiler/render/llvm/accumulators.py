"""Accumulators: running sums, products, maxima and places of maxima, as LLVM values.

A running value is a tuple: the value, and for argmax and argmin the place that it was found at.
Lanes and vectors side by side run apart and are joined in a fixed order, so a result does not
depend on how many workers there were.
"""

from __future__ import annotations

import numpy as np

from thalweg.compiler.ir.expression import Accumulator
from thalweg.compiler.render.llvm.builder import I32, Builder, Value
from thalweg.compiler.render.llvm.elementwise import constant
from thalweg.compiler.render.llvm.elementwise.arithmetic import maximum, minimum

__all__ = ["Running", "begin", "bring", "hide", "joined", "started", "total", "widened"]

Running = tuple[Value, ...]

_PLACES = ("argmax", "argmin")


def begin(b: Builder, a: Accumulator, lanes: int) -> Running:
    """The neutral running value of each lane; `start` is not in it."""
    neutral = constant(b, a.dtype, _neutral(a), lanes)
    if a.operation in _PLACES:
        return neutral, b.number(I32.with_lanes(lanes), 0)
    return (neutral,)


def bring(b: Builder, a: Accumulator, running: Running, value: Running) -> Running:
    """What the running value becomes with another value, which comes later."""
    if a.operation in _PLACES:
        wins = _beats(b, a, value[0], running[0])
        return tuple(b.select(wins, new, old) for new, old in zip(value, running, strict=True))
    return (_combine(b, a, running[0], value[0]),)


def hide(b: Builder, a: Accumulator, value: Running, mask: Value) -> Running:
    """A value that is neutral in the lanes outside the mask."""
    neutral = begin(b, a, mask.type.lanes)
    return (b.select(mask, value[0], neutral[0]), *value[1:])


def widened(b: Builder, a: Accumulator, value: Running, lanes: int) -> Running:
    """A value of fewer lanes, neutral in the lanes that it lacks."""
    have = value[0].type.lanes
    if have == lanes:
        return value
    if have == 1:
        return tuple(b.insert(n, v, 0) for v, n in zip(value, begin(b, a, lanes), strict=True))
    neutral = begin(b, a, have)
    picked = [min(i, have) for i in range(lanes)]
    return tuple(b.shuffle(v, n, picked) for v, n in zip(value, neutral, strict=True))


def joined(b: Builder, a: Accumulator, parts: list[Running]) -> Running:
    """All lanes of all parts in one value, `start` with them."""
    while len(parts) > 1:
        half = (len(parts) + 1) // 2
        parts = [
            _merge(b, a, parts[i], parts[i + half]) if i + half < len(parts) else parts[i]
            for i in range(half)
        ]
    (result,) = parts
    while (lanes := result[0].type.lanes) > 1:
        low = tuple(b.shuffle(v, v, range(lanes // 2)) for v in result)
        high = tuple(b.shuffle(v, v, range(lanes // 2, lanes)) for v in result)
        if lanes == 2:
            low = tuple(b.extract(v, 0) for v in result)
            high = tuple(b.extract(v, 1) for v in result)
        result = _merge(b, a, low, high)
    return result if a.start is None else started(b, a, result)


def started(b: Builder, a: Accumulator, running: Running) -> Running:
    """A running value with `start` brought in."""
    start = constant(b, a.dtype, a.start, running[0].type.lanes)
    return bring(b, a, running, (start,))


def total(a: Accumulator, running: Running) -> Value:
    """What `Total` gives."""
    return running[1] if a.operation in _PLACES else running[0]


def _neutral(a: Accumulator) -> float | int | bool:
    dtype = a.dtype
    operation = a.operation.removeprefix("arg")
    if operation in ("sum", "or"):
        return 0
    if operation in ("prod", "and"):
        return 1
    if dtype.kind in "iu":
        info = np.iinfo(dtype)
        return int(info.min if operation == "max" else info.max)
    if dtype.kind == "b":
        return operation == "min"
    return -np.inf if operation == "max" else np.inf


def _combine(b: Builder, a: Accumulator, old: Value, new: Value) -> Value:
    floating = old.type.floating
    if a.operation == "sum":
        return b.binary("fadd" if floating else "add", old, new)
    if a.operation == "prod":
        return b.binary("fmul" if floating else "mul", old, new)
    if a.operation in ("and", "or"):
        return b.binary(a.operation, old, new)
    emit = maximum if a.operation == "max" else minimum
    return emit(b, a.dtype, new, old)


def _stronger(b: Builder, a: Accumulator, new: Value, old: Value) -> Value:
    """Whether a new value is larger (smaller), leaving NaN aside."""
    larger = a.operation.endswith("max")
    if old.type.floating:
        return b.fcmp("ogt" if larger else "olt", new, old)
    signed = a.dtype.kind == "i"
    return b.icmp(("s" if signed else "u") + ("gt" if larger else "lt"), new, old)


def _beats(b: Builder, a: Accumulator, new: Value, old: Value) -> Value:
    """Whether a later value takes the place: it is stronger, or the first NaN."""
    wins = _stronger(b, a, new, old)
    if old.type.floating:
        first = b.binary("and", b.fcmp("uno", new, new), b.fcmp("ord", old, old))
        wins = b.binary("or", wins, first)
    return wins


def _merge(b: Builder, a: Accumulator, one: Running, other: Running) -> Running:
    """Two running values whose turns were interleaved."""
    if a.operation not in _PLACES:
        return (_combine(b, a, one[0], other[0]),)
    wins = _beats(b, a, other[0], one[0])
    if one[0].type.floating:
        same = b.fcmp("oeq", one[0], other[0])
        both = b.binary("and", b.fcmp("uno", one[0], one[0]), b.fcmp("uno", other[0], other[0]))
        same = b.binary("or", same, both)
    else:
        same = b.icmp("eq", one[0], other[0])
    earlier = b.binary("and", same, b.icmp("slt", other[1], one[1]))
    wins = b.binary("or", wins, earlier)
    return tuple(b.select(wins, y, x) for x, y in zip(one, other, strict=True))
