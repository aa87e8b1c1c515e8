"""Constants are computed now: numbers, numbers that the batch size decides, small arrays."""

from __future__ import annotations

from typing import Any

import numpy as np

from thalweg.compiler.dims import ONE, Dim
from thalweg.compiler.evaluate import bound
from thalweg.compiler.graph import ArrayConstant, Number, Value
from thalweg.compiler.passes.writer import Call, Rules, Writer, on
from thalweg.primitives.primitive import PRIMITIVES

__all__ = ["RULES"]

RULES: Rules = {}

# Arrays up to this many elements are computed now; larger ones would cost memory and start-up time.
SMALL = 4096

_ELEMENTWISE = [
    p.name for p in PRIMITIVES.values() if p.family == "elementwise" and p.name != "iota"
]
_ON_ARRAYS = [
    p.name
    for p in PRIMITIVES.values()
    if p.family in ("elementwise", "movement", "reduce", "gather", "cumulative")
    and p.name != "iota"
    and not p.multiple
]


@on(RULES, *_ELEMENTWISE)
def _numbers(w: Writer, call: Call) -> Value | None:
    """An elementwise operation on numbers only."""
    values = [w.number_of(x) for x in call.inputs]
    if any(v is None for v in values):
        return None
    if any(isinstance(v, Dim) for v in values):
        return _affine(w, call, values)
    arrays = [np.asarray(v).astype(x.dtype) for v, x in zip(values, call.inputs, strict=True)]
    with np.errstate(all="ignore"):
        found = PRIMITIVES[call.name].evaluate(*arrays, **call.params)
    return w.number(np.asarray(found).astype(call.dtype).item(), call)


def _compared(name: str, a: Dim, b: Dim) -> bool | None:
    """What a comparison gives for every batch; None where nobody knows."""
    less, greater = a.plus(1).at_most(b), b.plus(1).at_most(a)
    if name in ("eq", "ne"):
        if a == b:
            return name == "eq"
        return name == "ne" if less or greater else None
    if name == "lt":
        return True if less else False if b.at_most(a) else None
    if name == "le":
        return True if a.at_most(b) else False if greater else None
    return _compared("lt" if name == "gt" else "le", b, a)


_COMPARISONS = frozenset({"eq", "ne", "lt", "le", "gt", "ge"})


def _affine(w: Writer, call: Call, values: list[Any]) -> Value | None:
    """Numbers of which one at least depends on the batch size."""
    if call.name == "cast":
        wide = call.dtype.kind in "iuf" and call.dtype.itemsize >= 4
        return w.number(values[0], call) if wide else None
    if call.name == "neg":
        return w.number(values[0].times(-1), call)
    if len(values) != 2 or any(_integer(v) is None for v in values):
        return None
    a, b = (Dim.of(int(v) if not isinstance(v, Dim) else v) for v in values)
    if call.name in _COMPARISONS:
        known = _compared(call.name, a, b)
        return None if known is None else w.number(known, call)
    if call.name == "add":
        return w.number(a.plus(b), call)
    if call.name == "sub":
        return w.number(a.minus(b), call)
    if call.name == "mul" and not (a.scale and b.scale):
        return w.number(a.times(b), call)
    if call.name in ("max", "min"):
        small, large = (a, b) if a.at_most(b) else (b, a)
        if small.at_most(large):
            return w.number(large if call.name == "max" else small, call)
    if call.name in ("div", "floor_div"):
        quotient = a.divided(b)
        return None if quotient is None else w.number(quotient, call)
    return None


def _integer(value: Any) -> int | Dim | None:
    if isinstance(value, Dim):
        return value
    exact = isinstance(value, (int, float)) and abs(value) < 2**53 and value == int(value)
    return int(value) if exact else None


@on(RULES, *_ON_ARRAYS)
def _arrays(w: Writer, call: Call) -> Value | None:
    """An operation on small arrays known now."""
    if not call.inputs or not all(d.static for d in call.shape):
        return None
    arrays, any_array = [], False
    for x in call.inputs:
        array = w.array_of(x)
        if array is None:
            number = w.number_of(x)
            if number is None or isinstance(number, Dim) or not all(d.static for d in x.shape):
                return None
            array = np.broadcast_to(np.asarray(number).astype(x.dtype), bound(x.shape, 1))
        else:
            any_array = True
        arrays.append(array)
    sizes = [np.prod(bound(call.shape, 1)), *(a.size for a in arrays)]
    # A reshape is a view, whatever the size.
    if not any_array or (max(sizes) > SMALL and call.name != "reshape"):
        return None
    with np.errstate(all="ignore"):
        found = PRIMITIVES[call.name].evaluate(*arrays, **bound(call.params, 1))
    return w.constant(ArrayConstant(_frozen(found)), call.shape, call.dtype)


def _frozen(array: Any) -> Any:
    view = np.ascontiguousarray(array).reshape(np.shape(array)).view()
    view.flags.writeable = False
    return view


@on(RULES, "reshape", "transpose", "broadcast_to", "slice", "reverse", "dynamic_slice", "gather")
def _moved(w: Writer, call: Call) -> Value | None:
    """One number everywhere stays so wherever its elements are moved."""
    number = w.number_of(call.inputs[0])
    return None if number is None else w.number(number, call)


@on(RULES, "concat")
def _joined(w: Writer, call: Call) -> Value | None:
    numbers = [w.number_of(x) for x in call.inputs]
    same = all(n is not None and repr(n) == repr(numbers[0]) for n in numbers)
    return w.number(numbers[0], call) if same else None


@on(RULES, "pad")
def _padded(w: Writer, call: Call) -> Value | None:
    inside, around = map(w.number_of, call.inputs)
    same = inside is not None and repr(inside) == repr(around)
    return w.number(inside, call) if same else None


@on(RULES, "reduce_max", "reduce_min", "reduce_and", "reduce_or")
def _extreme(w: Writer, call: Call) -> Value | None:
    # An empty axis gives the neutral element of and/or instead.
    number = w.number_of(call.inputs[0])
    axes = call.params["axes"]
    some = all(ONE.at_most(call.inputs[0].shape[a]) for a in axes)
    return w.number(number, call) if number is not None and some else None


@on(RULES, "iota")
def _counted_once(w: Writer, call: Call) -> Value | None:
    return w.number(0, call) if call.shape[call.params["axis"]] == ONE else None


@on(RULES, "argmax", "argmin")
def _only_place(w: Writer, call: Call) -> Value | None:
    """The only place, or the first of equal ones."""
    x = call.inputs[0]
    trivial = x.shape[call.params["axis"]] == ONE or w.number_of(x) is not None
    return w.constant(Number(0), call.shape, call.dtype) if trivial else None
