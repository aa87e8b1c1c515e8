"""Elementwise identities: less work for the same numbers, but for the rounding of the last bit."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from thalweg.compiler.dims import Dim
from thalweg.compiler.graph import Value
from thalweg.compiler.passes.writer import Call, Rules, Writer, on
from thalweg.primitives.primitive import PRIMITIVES
from thalweg.tensor.dtypes import DType, bfloat16, bool_, float16

__all__ = ["RULES"]

RULES: Rules = {}


def _is(value: Any, number: float) -> bool:
    """Whether a known number is this one (a Dim or None is not)."""
    return isinstance(value, (bool, int, float)) and value == number


@on(RULES, "stop_gradient", "tied")
def _stop_gradient(w: Writer, call: Call) -> Value | None:
    return call.inputs[0]


@on(RULES, "add")
def _add(w: Writer, call: Call) -> Value | None:
    a, b = call.inputs
    if call.dtype == bool_:
        return None
    if _is(w.number_of(b), 0):
        return a
    if _is(w.number_of(a), 0):
        return b
    if a is b:
        return w.elementwise("mul", a, w.number(2, a))
    negative = w.made(b, "neg")
    if negative is not None:
        return w.elementwise("sub", a, negative.inputs[0])
    negative = w.made(a, "neg")
    return None if negative is None else w.elementwise("sub", b, negative.inputs[0])


@on(RULES, "sub")
def _sub(w: Writer, call: Call) -> Value | None:
    a, b = call.inputs
    if _is(w.number_of(b), 0):
        return a
    if _is(w.number_of(a), 0):
        return w.elementwise("neg", b)
    negative = w.made(b, "neg")
    return None if negative is None else w.elementwise("add", a, negative.inputs[0])


@on(RULES, "mul")
def _mul(w: Writer, call: Call) -> Value | None:
    a, b = call.inputs
    if w.number_of(a) is not None:
        a, b = b, a
    number = w.number_of(b)
    if _is(number, 1):
        return a
    if _is(number, 0) and call.dtype.kind in "iub":
        return b
    if _is(number, -1):
        return w.elementwise("neg", a)
    minus = w.made(a, "neg")
    if minus is not None and isinstance(number, float):
        return w.elementwise("mul", minus.inputs[0], w.number(-number, b))
    return _sign_outside(w, call)


def _sign_outside(w: Writer, call: Call) -> Value | None:
    """(-a) b = -(a b): the sign may meet another one there, or be taken once for a whole sum."""
    a, b = call.inputs
    minus_a, minus_b = w.made(a, "neg"), w.made(b, "neg")
    if minus_a is None and minus_b is None:
        return None
    found = w.elementwise(
        call.name,
        a if minus_a is None else minus_a.inputs[0],
        b if minus_b is None else minus_b.inputs[0],
    )
    return found if minus_a is not None and minus_b is not None else w.elementwise("neg", found)


@on(RULES, "mul")
def _number_into_rows(w: Writer, call: Call) -> Value | None:
    """(x s) 2 = x (2 s) where s is one number for each row: less to do, and exact."""
    product, number = call.inputs
    if w.number_of(product) is not None:
        product, number = number, product
    factor, inner = w.number_of(number), w.made(product, "mul")
    if inner is None or not isinstance(factor, float) or not w.used_once(product):
        return None
    if not _exact_reciprocal(factor, call.dtype):
        return None
    for x, s in (inner.inputs, inner.inputs[::-1]):
        repeated = w.made(s, "broadcast_to")
        if repeated is not None:
            (row,) = repeated.inputs
            scaled = w.elementwise("mul", row, w.number(factor, row))
            return w.elementwise("mul", x, w.broadcast(scaled, call.shape))
    return None


@on(RULES, "mul")
def _product_of_quotient(w: Writer, call: Call) -> Value | None:
    """(a / c) b = a (b / c) where b / c is there already: softmax and its gradient."""
    for quotient, b in (call.inputs, call.inputs[::-1]):
        division = w.made(quotient, "div")
        if division is None:
            continue
        a, c = division.inputs
        known = w.written("div", b, c)
        # One division disappears, the other stays for others.
        if known is not None and w.used_once(quotient) and not w.used_once(known):
            return w.elementwise("mul", a, known)
    return None


@on(RULES, "add")
def _negative_rows(w: Writer, call: Call) -> Value | None:
    """x + (-s) = x - s where s is one number for each row."""
    for x, other in (call.inputs, call.inputs[::-1]):
        rows = w.rows(other)
        negative = None if rows is None else w.made(rows[0], "neg")
        if rows is not None and negative is not None:
            s = w.broadcast(w.reshape(negative.inputs[0], rows[1]), call.shape)
            return w.elementwise("sub", x, s)
    return None


@on(RULES, "add", "sub")
def _sum_of_quotients(w: Writer, call: Call) -> Value | None:
    """a / c + b / c = (a + b) / c where b / c is one number for each row; softmax's gradient."""
    quotient, other = call.inputs
    if call.name == "add" and w.made(quotient, "div") is None:
        quotient, other = other, quotient
    division, rows = w.made(quotient, "div"), w.rows(other)
    if division is None or rows is None:
        return None
    a, c = division.inputs
    of_c, second = w.rows(c), w.made(rows[0], "div")
    if of_c is None or second is None:
        return None
    if of_c[1] != rows[1] or second.inputs[1] is not of_c[0]:
        return None
    b = w.broadcast(w.reshape(second.inputs[0], rows[1]), call.shape)
    return w.elementwise("div", w.elementwise(call.name, a, b), c)


@on(RULES, "div")
def _div(w: Writer, call: Call) -> Value | None:
    a, b = call.inputs
    number = w.number_of(b)
    if _is(number, 1):
        return a
    if _is(number, -1):
        return w.elementwise("neg", a)
    if isinstance(number, (int, float)) and _exact_reciprocal(number, call.dtype):
        return w.elementwise("mul", a, w.number(1.0 / number, b))
    return _sign_outside(w, call)


def _exact_reciprocal(number: float, dtype: DType) -> bool:
    """Whether 1 / number has no rounding: a power of two, far from the ends of the range."""
    if number == 0 or not math.isfinite(number) or abs(math.frexp(number)[0]) != 0.5:
        return False
    limit = 13 if dtype == float16 else 100
    return abs(math.frexp(number)[1]) < limit


@on(RULES, "pow")
def _pow(w: Writer, call: Call) -> Value | None:
    x, exponent = call.inputs[0], w.number_of(call.inputs[1])
    if _is(exponent, 1):
        return x
    if _is(exponent, 0):
        return w.number(1, x)
    if _is(exponent, 2):
        return w.elementwise("mul", x, x)
    # A product of three rounds twice: where values are stored small, that shows.
    if call.dtype in (bfloat16, float16) or call.dtype.kind != "f":
        return None
    if _is(exponent, 3):
        return w.elementwise("mul", w.elementwise("mul", x, x), x)
    if _is(exponent, 4):
        square = w.elementwise("mul", x, x)
        return w.elementwise("mul", square, square)
    if _is(exponent, 0.5):
        return w.elementwise("sqrt", x)
    if _is(exponent, -0.5):
        return w.elementwise("rsqrt", x)
    if _is(exponent, -1):
        return w.elementwise("div", w.number(1, x), x)
    return None


@on(RULES, "neg")
def _neg(w: Writer, call: Call) -> Value | None:
    (x,) = call.inputs
    inner = w.made(x, "neg")
    if inner is not None:
        return inner.inputs[0]
    product = w.made(x, "mul")
    if product is None or not w.used_once(x):
        return None
    a, b = product.inputs
    if w.number_of(a) is not None:
        a, b = b, a
    number = w.number_of(b)
    return w.elementwise("mul", a, w.number(-number, b)) if isinstance(number, float) else None


@on(RULES, "not", "conjugate")
def _twice(w: Writer, call: Call) -> Value | None:
    inner = w.made(call.inputs[0], call.name)
    return None if inner is None else inner.inputs[0]


@on(RULES, "abs")
def _abs(w: Writer, call: Call) -> Value | None:
    (x,) = call.inputs
    inner = w.made(x, "neg")
    if inner is not None:
        return w.elementwise("abs", inner.inputs[0])
    return x if w.made(x, "abs") else None


@on(RULES, "and", "or")
def _bits(w: Writer, call: Call) -> Value | None:
    a, b = call.inputs
    if a is b:
        return a
    if w.number_of(a) is not None:
        a, b = b, a
    number = w.number_of(b)
    if call.dtype != bool_ or number is None:
        return None
    # True is the neutral element of `and` and decides `or`; with False it is the other way round.
    return a if bool(number) == (call.name == "and") else b


@on(RULES, "max", "min")
def _extreme(w: Writer, call: Call) -> Value | None:
    a, b = call.inputs
    return a if a is b else None


@on(RULES, "select")
def _select(w: Writer, call: Call) -> Value | None:
    condition, a, b = call.inputs
    known = w.number_of(condition)
    if known is not None:
        return a if known else b
    if a is b:
        return a
    opposite = w.made(condition, "not")
    if opposite is not None:
        return w.elementwise("select", opposite.inputs[0], b, a)
    inner = w.made(a, "select")
    if inner is not None and inner.inputs[0] is condition:
        return w.elementwise("select", condition, inner.inputs[1], b)
    inner = w.made(b, "select")
    if inner is not None and inner.inputs[0] is condition:
        return w.elementwise("select", condition, a, inner.inputs[2])
    if call.dtype == bool_ and _is(w.number_of(b), 0) and _is(w.number_of(a), 1):
        return condition
    return None


@on(RULES, "lt")
def _mask_of_maximum(w: Writer, call: Call) -> Value | None:
    """`a < x` is `a < max(a, x)`: the mask of a relu is read from its result, which is kept anyway.

    (Both are false for NaN.)
    """
    a, x = call.inputs
    if w.number_of(a) is None:
        return None
    largest = w.written("max", a, x)
    return None if largest is None else w.elementwise("lt", a, largest)


@on(RULES, "cast")
def _cast(w: Writer, call: Call) -> Value | None:
    (x,) = call.inputs
    if x.dtype == call.dtype:
        return x
    inner = w.made(x, "cast")
    if inner is None or not _lossless(inner.inputs[0].dtype, x.dtype):
        return None
    (y,) = inner.inputs
    if y.dtype == call.dtype:
        return y
    return w.apply("cast", (y,), call.shape, call.dtype, dtype=call.dtype)


def _lossless(source: DType, target: DType) -> bool:
    """Whether every value of one dtype is a value of the other."""
    if bool_ in (source, target):
        return source == bool_
    if source == target:
        return True
    if bfloat16 in (source, target):
        if source == bfloat16:
            return target in (np.float32, np.float64, np.complex64, np.complex128)
        return source in (np.int8, np.uint8)
    return np.can_cast(source, target, "safe")


_UNIFORM = [
    p.name
    for p in PRIMITIVES.values()
    if p.family == "elementwise" and p.name not in ("iota", "stop_gradient")
]


@on(RULES, *_UNIFORM)
def _before_broadcast(w: Writer, call: Call) -> Value | None:
    """What is the same along an axis is computed once, and repeated afterwards."""
    shape = None
    for x in call.inputs:
        repeated = w.made(x, "broadcast_to")
        if repeated is not None:
            source = repeated.inputs[0].shape
            if shape is not None and source != shape:
                return None
            shape = source
        elif w.number_of(x) is None:
            return None
    if shape is None:
        shape = ()
        if call.shape == () or not any(isinstance(w.number_of(x), Dim) for x in call.inputs):
            return None
    inner = []
    for x in call.inputs:
        repeated = w.made(x, "broadcast_to")
        if repeated is not None:
            inner.append(repeated.inputs[0])
        else:
            inner.append(w.number(w.number_of(x), Value(shape, x.dtype)))
    found = w.apply(call.name, inner, shape, call.dtype, **call.params)
    return w.broadcast(found, call.shape)
