"""Reductions and contractions: fewer axes, operands as they lie."""

from __future__ import annotations

from collections.abc import Sequence

from thalweg.compiler.dims import ONE, Dim
from thalweg.compiler.graph import Number, Value
from thalweg.compiler.passes.movement import factor, repeats, without_ones
from thalweg.compiler.passes.writer import Call, Rules, Shape, Writer, on
from thalweg.tensor.dtypes import bfloat16, bool_, float16

__all__ = ["RULES"]

RULES: Rules = {}

Axes = tuple[int, ...]
_REDUCTIONS = ("reduce_sum", "reduce_prod", "reduce_max", "reduce_min", "reduce_and", "reduce_or")


@on(RULES, *_REDUCTIONS)
def _short_axes(w: Writer, call: Call) -> Value | None:
    """Axes of length 1 are dropped without a reduction."""
    (x,) = call.inputs
    axes: Axes = call.params["axes"]
    short = [a for a in axes if x.shape[a] == ONE]
    if axes and not short:
        return None
    kept = [i for i in range(len(x.shape)) if i not in short]
    y = w.reshape(x, tuple(x.shape[i] for i in kept))
    rest = tuple(kept.index(a) for a in axes if a not in short)
    return w.reduce(call.name, y, rest) if rest else y


@on(RULES, "reduce_sum")
def _sum_of_number(w: Writer, call: Call) -> Value | None:
    (x,) = call.inputs
    number = w.number_of(x)
    if number is None:
        return None
    return _times(w, w.number(number, call), factor(x.shape, call.params["axes"]))


@on(RULES, "reduce_sum", "reduce_max", "reduce_min", "reduce_and", "reduce_or")
def _of_repeated(w: Writer, call: Call) -> Value | None:
    """Along the axes on which it repeats, a sum is a product, and an extreme the element."""
    (x,) = call.inputs
    repeated = w.made(x, "broadcast_to")
    if repeated is None:
        return None
    (y,) = repeated.inputs
    axes: Axes = call.params["axes"]
    known = [a for a in axes if a in repeats(y, x.shape)]
    if not known or not all(ONE.at_most(x.shape[a]) for a in known):
        return None
    kept = [i for i in range(len(x.shape)) if i not in known]
    missing = len(x.shape) - len(y.shape)
    y = w.reshape(y, tuple(ONE if i < missing else y.shape[i - missing] for i in kept))
    y = w.broadcast(y, tuple(x.shape[i] for i in kept))
    rest = tuple(kept.index(a) for a in axes if a not in known)
    y = w.reduce(call.name, y, rest) if rest else y
    return _times(w, y, factor(x.shape, known)) if call.name == "reduce_sum" else y


def _times(w: Writer, x: Value, number: Dim | None) -> Value | None:
    if number is None or x.dtype == bool_:
        return None
    # Halves do not hold every count.
    if x.dtype in (float16, bfloat16) and not (number.static and number.offset <= 256):
        return None
    value = number.offset if number.static else number
    return w.elementwise("mul", x, w.number(value, x))


@on(RULES, "reduce_sum")
def _sum_of_negative(w: Writer, call: Call) -> Value | None:
    negative = w.made(call.inputs[0], "neg")
    if negative is None:
        return None
    return w.elementwise("neg", w.reduce(call.name, negative.inputs[0], call.params["axes"]))


@on(RULES, "reduce_sum")
def _common_factor(w: Writer, call: Call) -> Value | None:
    """sum(x s) = s sum(x), sum(x / s) = sum(x) / s where s is the same in the whole sum."""
    (x,) = call.inputs
    axes: Axes = call.params["axes"]
    product = w.made(x, "mul") or w.made(x, "div")
    # Halves could leave their range before the factor brings them back.
    if product is None or x.dtype.kind != "f" or x.dtype in (float16, bfloat16):
        return None
    for a, s in (product.inputs, product.inputs[::-1]):
        if s is product.inputs[0] and product.name == "div":
            continue
        factor_s = _same_along(w, s, axes, call.shape)
        # Otherwise the product is there for others, and what it is made of may not be.
        if factor_s is not None and (w.used_once(x) or not w.used_once(a)):
            return w.elementwise(product.name, w.reduce(call.name, a, axes), factor_s)
    return None


def _same_along(w: Writer, x: Value, axes: Axes, shape: Shape) -> Value | None:
    """What x repeats along all of these axes, in the shape without them."""
    number = w.number_of(x)
    if number is not None:
        return w.constant(Number(number), shape, x.dtype)
    repeated = w.made(x, "broadcast_to")
    if repeated is None:
        return None
    (y,) = repeated.inputs
    if not set(axes) <= set(repeats(y, x.shape)):
        return None
    missing = len(x.shape) - len(y.shape)
    kept = [i for i in range(len(x.shape)) if i not in axes]
    y = w.reshape(y, tuple(ONE if i < missing else y.shape[i - missing] for i in kept))
    return w.broadcast(y, shape)


@on(RULES, *_REDUCTIONS)
def _of_moved(w: Writer, call: Call) -> Value | None:
    """A transpose, or a reshape that adds and drops axes of length 1, before a reduction."""
    (x,) = call.inputs
    axes: Axes = call.params["axes"]
    moved = w.made(x, "transpose")
    if moved is not None:
        order: Axes = moved.params["axes"]
        kept = [order[i] for i in range(len(order)) if i not in axes]
        if kept != sorted(kept):
            return None
        return w.reduce(call.name, moved.inputs[0], sorted(order[a] for a in axes))
    moved = w.made(x, "reshape")
    if moved is None or without_ones(x.shape) != without_ones(moved.inputs[0].shape):
        return None
    (y,) = moved.inputs
    places = _places(x.shape, y.shape)
    found = w.reduce(call.name, y, tuple(places[a] for a in axes))
    return w.reshape(found, call.shape)


def _places(a: Shape, b: Shape) -> dict[int, int]:
    """Where each axis of `a` that is not of length 1 stands in `b`, which has the same ones."""
    of_a = [i for i, d in enumerate(a) if d != ONE]
    of_b = [i for i, d in enumerate(b) if d != ONE]
    return dict(zip(of_a, of_b, strict=True))


# --- contractions -----------------------------------------------------------------------------


def _free(rank: int, *taken: Axes) -> list[int]:
    return [i for i in range(rank) if all(i not in axes for axes in taken)]


@on(RULES, "contract")
def _outer_product(w: Writer, call: Call) -> Value | None:
    """Nothing is summed: a product with broadcasting, which fuses with what is around it."""
    a, b = call.inputs
    axes, batch = call.params["axes"], call.params["batch"]
    if any(a.shape[i] != ONE for i in axes[0]) or call.dtype == bool_:
        return None
    free_a, free_b = (_free(len(x.shape), axes[side], batch[side]) for side, x in enumerate((a, b)))
    a = _arranged(w, a, (*batch[0], *free_a), 0, len(free_b))
    b = _arranged(w, b, (*batch[1], *free_b), len(free_a), 0, len(batch[1]))
    return w.elementwise("mul", w.broadcast(a, call.shape), w.broadcast(b, call.shape))


def _arranged(
    w: Writer, x: Value, order: Sequence[int], before: int, after: int, place: int = 0
) -> Value:
    """The axes `order` of x (the others have length 1), with ones put in at a place and behind."""
    rest = [i for i in range(len(x.shape)) if i not in order]
    y = w.transpose(x, (*order, *rest))
    lengths = [x.shape[i] for i in order]
    ones = [ONE]
    return w.reshape(y, (*lengths[:place], *ones * before, *lengths[place:], *ones * after))


@on(RULES, "contract")
def _operands_as_they_lie(w: Writer, call: Call) -> Value | None:
    """A transpose before a contraction that leaves the order of the free axes."""
    operands, sides, changed = list(call.inputs), [], False
    for side, x in enumerate(call.inputs):
        axes, batch = call.params["axes"][side], call.params["batch"][side]
        moved = w.made(x, "transpose")
        if moved is not None:
            order: Axes = moved.params["axes"]
            free = [order[i] for i in _free(len(x.shape), axes, batch)]
            if free == sorted(free):
                operands[side], changed = moved.inputs[0], True
                axes, batch = tuple(order[i] for i in axes), tuple(order[i] for i in batch)
        sides.append((axes, batch))
    if not changed:
        return None
    (axes_a, batch_a), (axes_b, batch_b) = sides
    a, b = operands
    return w.contract(a, b, axes=(axes_a, axes_b), batch=(batch_a, batch_b))


@on(RULES, "contract")
def _without_short_axes(w: Writer, call: Call) -> Value | None:
    """Axes of length 1 take no part."""
    short = [[i for i, d in enumerate(x.shape) if d == ONE] for x in call.inputs]
    if not any(short):
        return None
    operands, sides = [], []
    for side, x in enumerate(call.inputs):
        kept = [i for i in range(len(x.shape)) if i not in short[side]]
        operands.append(w.reshape(x, tuple(x.shape[i] for i in kept)))
        groups = (call.params["axes"][side], call.params["batch"][side])
        sides.append([tuple(kept.index(i) for i in group if i in kept) for group in groups])
    (axes_a, batch_a), (axes_b, batch_b) = sides
    a, b = operands
    found = w.contract(a, b, axes=(axes_a, axes_b), batch=(batch_a, batch_b))
    return w.reshape(found, call.shape)


@on(RULES, "transpose")
def _operands_the_other_way_round(w: Writer, call: Call) -> Value | None:
    """A transpose that brings the right operand's axes before the left one's."""
    (x,) = call.inputs
    contract = w.made(x, "contract")
    if contract is None or not w.used_once(x):
        return None
    (a, b), axes, batch = contract.inputs, contract.params["axes"], contract.params["batch"]
    count = len(batch[0])
    free_a = len(a.shape) - len(axes[0]) - count
    free_b = len(x.shape) - count - free_a
    order: Axes = call.params["axes"]
    of_a = [order.index(i) for i in range(count, count + free_a)]
    of_b = [order.index(i) for i in range(count + free_a, len(order))]
    if not of_a or not of_b or max(of_b) > min(of_a):
        return None
    found = w.contract(b, a, axes=axes[::-1], batch=batch[::-1])
    # Where each axis of the result stands now.
    places = [*range(count), *range(count + free_b, len(order)), *range(count, count + free_b)]
    return w.transpose(found, tuple(places[i] for i in order))
