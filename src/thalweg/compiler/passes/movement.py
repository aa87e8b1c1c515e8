"""Movement of elements: chains become one step, and what moves nothing disappears."""

from __future__ import annotations

from collections.abc import Sequence

from thalweg.compiler.dims import ONE, ZERO, Dim
from thalweg.compiler.graph import Operation, Value
from thalweg.compiler.passes.writer import Call, Rules, Shape, Writer, number_of_elements, on
from thalweg.tensor.dtypes import bool_

__all__ = ["RULES", "without_ones"]

RULES: Rules = {}


def without_ones(shape: Shape) -> Shape:
    """The lengths that are not 1 for every batch."""
    return tuple(d for d in shape if d != ONE)


@on(RULES, "reshape", "transpose", "slice", "reverse")
def _of_one_element(w: Writer, call: Call) -> Value | None:
    """One element, repeated, is the same in any order."""
    repeated = w.made(call.inputs[0], "broadcast_to")
    if repeated is None or repeated.inputs[0].shape != ():
        return None
    return w.broadcast(repeated.inputs[0], call.shape)


@on(RULES, "reshape")
def _reshape(w: Writer, call: Call) -> Value | None:
    (x,) = call.inputs
    if x.shape == call.shape:
        return x
    inner = w.made(x, "reshape")
    if inner is not None:
        return w.reshape(inner.inputs[0], call.shape)
    repeated = w.made(x, "broadcast_to")
    if repeated is None or without_ones(x.shape) != without_ones(call.shape):
        return None
    # Only axes of length 1 come and go: they may do so before the repetition.
    (y,) = repeated.inputs
    aligned = zip(_aligned(y, x.shape), x.shape, strict=True)
    lengths = iter([d for d, whole in aligned if whole != ONE])
    source = tuple(ONE if whole == ONE else next(lengths) for whole in call.shape)
    return w.broadcast(w.reshape(y, source), call.shape)


def _aligned(y: Value, shape: Shape) -> Shape:
    """The shape of y with axes of length 1 in front, as broadcasting sees it."""
    return (ONE,) * (len(shape) - len(y.shape)) + y.shape


@on(RULES, "broadcast_to")
def _broadcast(w: Writer, call: Call) -> Value | None:
    (x,) = call.inputs
    if x.shape == call.shape:
        return x
    if not without_ones(x.shape) and x.shape:
        return w.broadcast(w.reshape(x, ()), call.shape)
    inner = w.made(x, "broadcast_to")
    if inner is not None:
        return w.broadcast(inner.inputs[0], call.shape)
    if x.shape and x.shape[0] == ONE:
        return w.broadcast(w.reshape(x, x.shape[1:]), call.shape)
    if without_ones(x.shape) == without_ones(call.shape):
        return w.reshape(x, call.shape)
    return None


@on(RULES, "transpose")
def _transpose(w: Writer, call: Call) -> Value | None:
    (x,) = call.inputs
    axes: tuple[int, ...] = call.params["axes"]
    real = [a for a in axes if x.shape[a] != ONE]
    if real == sorted(real):
        return w.reshape(x, call.shape)
    inner = w.made(x, "transpose")
    if inner is None:
        return None
    before = inner.params["axes"]
    return w.transpose(inner.inputs[0], tuple(before[a] for a in axes))


@on(RULES, "reverse")
def _reverse(w: Writer, call: Call) -> Value | None:
    (x,) = call.inputs
    axes = tuple(a for a in call.params["axes"] if x.shape[a] != ONE)
    if not axes:
        return x
    inner = w.made(x, "reverse")
    if inner is not None and set(inner.params["axes"]) == set(axes):
        return inner.inputs[0]
    if axes != call.params["axes"]:
        return w.apply("reverse", (x,), call.shape, call.dtype, axes=axes)
    return None


# --- slices -----------------------------------------------------------------------------------


def _bounds(params: dict[str, tuple[Dim | int, ...]]) -> tuple[Shape, Shape]:
    return tuple(map(Dim.of, params["start"])), tuple(map(Dim.of, params["stop"]))


@on(RULES, "slice")
def _slice(w: Writer, call: Call) -> Value | None:
    (x,) = call.inputs
    if call.shape == x.shape:
        return x
    start, stop = _bounds(call.params)
    step: tuple[int, ...] = call.params["step"]
    if any(s != 1 for s in step):
        return None
    source = w.source(x)
    if source is None:
        return None
    if source.name == "slice" and all(s == 1 for s in source.params["step"]):
        begin, _ = _bounds(source.params)
        start = tuple(a.plus(b) for a, b in zip(start, begin, strict=True))
        stop = tuple(a.plus(b) for a, b in zip(stop, begin, strict=True))
        return w.slice(source.inputs[0], start, stop, step)
    if source.name == "concat":
        return _slice_of_concat(w, source, start, stop, step)
    if source.name == "pad":
        return _slice_of_pad(w, source, start, stop, step)
    return None


def _slice_of_concat(
    w: Writer, source: Operation, start: Shape, stop: Shape, step: tuple[int, ...]
) -> Value | None:
    axis: int = source.params["axis"]
    begin = ZERO
    for piece in source.inputs:
        end = begin.plus(piece.shape[axis])
        if begin.at_most(start[axis]) and stop[axis].at_most(end):
            a, b = start[axis].minus(begin), stop[axis].minus(begin)
            starts = (*start[:axis], a, *start[axis + 1 :])
            stops = (*stop[:axis], b, *stop[axis + 1 :])
            return w.slice(piece, starts, stops, step)
        begin = end
    return None


def _slice_of_pad(
    w: Writer, source: Operation, start: Shape, stop: Shape, step: tuple[int, ...]
) -> Value | None:
    x, value = source.inputs
    low = tuple(map(Dim.of, source.params["low"]))
    if any(Dim.of(i) != ZERO for i in source.params["inner"]):
        return None
    ends = [a.plus(d) for a, d in zip(low, x.shape, strict=True)]
    inside = all(
        a.at_most(b) and c.at_most(e) for a, b, c, e in zip(low, start, stop, ends, strict=True)
    )
    if inside:
        starts = tuple(b.minus(a) for a, b in zip(low, start, strict=True))
        stops = tuple(c.minus(a) for a, c in zip(low, stop, strict=True))
        return w.slice(x, starts, stops, step)
    outside = any(
        c.at_most(a) or e.at_most(b) for a, b, c, e in zip(low, start, stop, ends, strict=True)
    )
    if outside:
        shape = tuple(c.minus(b) for b, c in zip(start, stop, strict=True))
        return w.broadcast(value, shape)
    return None


@on(RULES, "dynamic_slice")
def _dynamic_slice(w: Writer, call: Call) -> Value | None:
    """At a place known now."""
    x, start = call.inputs
    array, number = w.array_of(start), w.number_of(start)
    known = number is not None and not isinstance(number, Dim)
    places = [number] * len(x.shape) if known else None if array is None else array.tolist()
    if places is None or not all(d.static for d in (*x.shape, *call.shape)):
        return None
    begins = [
        min(max(int(a), 0), n.offset - m.offset)
        for a, m, n in zip(places, call.shape, x.shape, strict=True)
    ]
    starts = tuple(map(Dim.of, begins))
    stops = tuple(a.plus(m) for a, m in zip(starts, call.shape, strict=True))
    return w.slice(x, starts, stops, (1,) * len(starts))


# --- pad and concat ---------------------------------------------------------------------------


@on(RULES, "pad")
def _pad(w: Writer, call: Call) -> Value | None:
    x, value = call.inputs
    if call.shape == x.shape:
        return x
    inner = w.made(x, "pad")
    if inner is None or inner.inputs[1] is not value:
        return None
    widths = [tuple(map(Dim.of, p["inner"])) for p in (inner.params, call.params)]
    if any(d != ZERO for each in widths for d in each):
        return None
    low, high = (
        tuple(Dim.of(a).plus(b) for a, b in zip(inner.params[side], call.params[side], strict=True))
        for side in ("low", "high")
    )
    params = {"low": low, "high": high, "inner": call.params["inner"]}
    return w.apply("pad", (inner.inputs[0], value), call.shape, call.dtype, **params)


@on(RULES, "concat")
def _concat(w: Writer, call: Call) -> Value | None:
    axis: int = call.params["axis"]
    pieces: list[Value] = []
    for x in call.inputs:
        inner = w.made(x, "concat")
        if inner is not None and inner.params["axis"] == axis:
            pieces.extend(inner.inputs)
        elif x.shape[axis] != ZERO:
            pieces.append(x)
    joined: list[Value] = []
    for piece in pieces:
        whole = _neighbours(w, joined[-1], piece, axis) if joined else None
        if whole is None:
            joined.append(piece)
        else:
            joined[-1] = whole
    if len(joined) == 1:
        return joined[0]
    if not joined or tuple(joined) == call.inputs:
        return None
    return w.concat(joined, axis)


def _neighbours(w: Writer, a: Value, b: Value, axis: int) -> Value | None:
    """Two slices of one tensor of which one begins where the other ends."""
    first, second = w.made(a, "slice"), w.made(b, "slice")
    if first is None or second is None or first.inputs != second.inputs:
        return None
    if any(s != 1 for s in (*first.params["step"], *second.params["step"])):
        return None
    (start_a, stop_a), (start_b, stop_b) = _bounds(first.params), _bounds(second.params)
    fits = all(
        stop_a[i] == start_b[i] if i == axis else (start_a[i], stop_a[i]) == (start_b[i], stop_b[i])
        for i in range(len(start_a))
    )
    return w.slice(first.inputs[0], start_a, stop_b, first.params["step"]) if fits else None


@on(RULES, "add")
def _sum_of_pieces(w: Writer, call: Call) -> Value | None:
    """Two tensors, each zero where the other is not (gradients of a split), side by side."""
    pieces = [_piece(w, x) for x in call.inputs]
    if pieces[0] is None or pieces[1] is None or call.dtype == bool_:
        return None
    (x, axis, low_x), (y, other, low_y) = sorted(
        (pieces[0], pieces[1]), key=lambda p: (p[2].at(1), p[2].scale)
    )
    end = low_x.plus(x.shape[axis])
    if axis != other or not end.at_most(low_y):
        return None
    between = low_y.minus(end)
    parts = [x, y]
    if between != ZERO:
        gap = Value((*x.shape[:axis], between, *x.shape[axis + 1 :]), x.dtype)
        parts.insert(1, w.number(0, gap))
    found = w.concat(parts, axis)
    rest = call.shape[axis].minus(low_y.plus(y.shape[axis]))
    zeros = (ZERO,) * len(call.shape)
    low = (*zeros[:axis], low_x, *zeros[axis + 1 :])
    high = (*zeros[:axis], rest, *zeros[axis + 1 :])
    around = w.number(0, Value((), x.dtype))
    params = {"low": low, "high": high, "inner": zeros}
    return w.apply("pad", (found, around), call.shape, call.dtype, **params)


def _piece(w: Writer, x: Value) -> tuple[Value, int, Dim] | None:
    """What stands inside zeros along one axis: the tensor, the axis, where it begins."""
    pad = w.made(x, "pad")
    if pad is None or w.number_of(pad.inputs[1]) != 0:
        return None
    if any(Dim.of(i) != ZERO for i in pad.params["inner"]):
        return None
    (inside, _) = pad.inputs
    axes = [i for i, d in enumerate(inside.shape) if d != x.shape[i]]
    if len(axes) != 1:
        return None
    return inside, axes[0], Dim.of(pad.params["low"][axes[0]])


def repeats(x: Value, shape: Shape) -> Sequence[int]:
    """The axes of a shape along which broadcasting repeats x."""
    aligned = _aligned(x, shape)
    return [i for i, d in enumerate(aligned) if d == ONE and shape[i] != ONE]


def factor(shape: Shape, axes: Sequence[int]) -> Dim | None:
    """How many elements these axes have together."""
    return number_of_elements(tuple(shape[a] for a in axes))
