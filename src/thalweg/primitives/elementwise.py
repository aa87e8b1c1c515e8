"""Elementwise primitives: one row each.

A row gives the name, the dtypes it takes, the NumPy function and the gradient. All inputs have one
shape and one dtype (`thalweg.ops` promotes and broadcasts before it comes here). A gradient row
gets `g`, the gradient of the output, `y`, the output, and the inputs, and returns the gradient of
its input; an operation with two inputs has a pair of them. None marks an input, or an operation,
without gradient.

float16 and bfloat16 are stored small and computed in float32, here as on every device.
For complex numbers the gradient is the conjugate one, as in TensorFlow: `g * conj(dy/dx)`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from thalweg.primitives import special
from thalweg.primitives.primitive import Call, GradientRule, Primitive
from thalweg.tensor.dtypes import (
    COMPLEX,
    DTYPES,
    FLOATING,
    INTEGER,
    DType,
    as_dtype,
    bfloat16,
    bool_,
    complex_of,
    differentiable,
    float16,
    is_complex,
    is_floating,
    real_of,
)
from thalweg.tensor.tensor import Tensor, TensorSpec

Array = np.ndarray[Any, Any]

FLOAT = frozenset(FLOATING)
INEXACT = FLOAT | frozenset(COMPLEX)
INT = frozenset(INTEGER)
REAL = FLOAT | INT
NUMBER = INEXACT | INT
BITS = INT | {bool_}
ANY = NUMBER | {bool_}
ORDERED = REAL | {bool_}


# What users call the rows whose own name is shorter; errors speak of these.
_PUBLIC = {
    "abs": "absolute",
    "and": "bitwise_and",
    "div": "divide",
    "eq": "equal",
    "floor_div": "floor_divide",
    "ge": "greater_equal",
    "gt": "greater",
    "le": "less_equal",
    "lt": "less",
    "max": "maximum",
    "min": "minimum",
    "mul": "multiply",
    "ne": "not_equal",
    "neg": "negative",
    "not": "bitwise_not",
    "or": "bitwise_or",
    "pow": "power",
    "shift_left": "bitwise_left_shift",
    "shift_right": "bitwise_right_shift",
    "sub": "subtract",
    "xor": "bitwise_xor",
}


def _names(dtypes: frozenset[DType]) -> str:
    return ", ".join(name for name, dtype in DTYPES.items() if dtype in dtypes)


def elementwise_rule(
    name: str, accepted: frozenset[DType], result: Callable[[DType], DType] | None
) -> Callable[..., TensorSpec]:
    """The shape and dtype rule of a row: equal shapes, equal dtypes, all of an accepted dtype."""
    known_as = _PUBLIC.get(name, name)

    def rule(*inputs: Any) -> TensorSpec:
        shape, dtype = inputs[0].shape, inputs[0].dtype
        for x in inputs:
            if x.dtype not in accepted:
                raise TypeError(
                    f"{known_as}: the input must be one of {_names(accepted)}, got {x.dtype.name}."
                )
            if x.dtype != dtype or x.shape != shape:
                raise ValueError(
                    f"{known_as}: the inputs must have one shape and dtype, got "
                    f"{[(i.shape, i.dtype.name) for i in inputs]}."
                )
        return TensorSpec(shape, result(dtype) if result else dtype)

    return rule


def in_float32(function: Callable[..., Any]) -> Callable[..., Any]:
    """Compute half-precision inputs in float32 and round the result back."""

    def evaluate(*inputs: Array) -> Any:
        dtype = inputs[0].dtype
        if dtype in (float16, bfloat16):
            found = np.asarray(function(*[x.astype(np.float32) for x in inputs]))
            return found.astype(dtype) if found.dtype == np.float32 else found
        return function(*inputs)

    return evaluate


# From the gradient of the output, the output and the inputs to the gradient of one input.
Derivative = Callable[..., Tensor]


def _row(
    name: str,
    accepted: frozenset[DType],
    function: Callable[..., Any],
    gradient: Derivative | tuple[Derivative | None, ...] | None,
    result: Callable[[DType], DType] | None = None,
    half: Callable[[Callable[..., Any]], Callable[..., Any]] = in_float32,
) -> Primitive:
    rule = None
    if gradient is not None:
        derivatives = gradient if isinstance(gradient, tuple) else (gradient,)

        def rule(call: Call, g: tuple[Tensor | None, ...]) -> tuple[Tensor | None, ...]:
            return tuple(
                [
                    d(g[0], call.outputs[0], *call.inputs) if want and d is not None else None
                    for d, want in zip(derivatives, call.wanted, strict=True)
                ]
            )

    return Primitive(
        name, elementwise_rule(name, accepted, result), half(function), rule, "elementwise"
    )


def _as_it_is(function: Callable[..., Any]) -> Callable[..., Any]:
    """Half-precision inputs go to the NumPy function as they are."""
    return function


def _bool(_: DType) -> DType:
    return bool_


def conj(x: Tensor) -> Tensor:
    """The complex conjugate; a real tensor is returned as it is."""
    return conjugate(x) if is_complex(x.dtype) else x


def splat(value: Any, shape: tuple[int, ...], dtype: DType) -> Tensor:
    """A constant tensor with one value everywhere; it costs the memory of one element."""
    one = np.asarray(value).astype(dtype)
    return Tensor(np.ndarray(shape, dtype, one, 0, (0,) * len(shape)))


def zero_like(x: Tensor) -> Tensor:
    """A constant tensor of zeros with the shape and dtype of `x`; it costs no memory."""
    return splat(0, x.shape, x.dtype)


def one_like(x: Tensor) -> Tensor:
    """A constant tensor of ones with the shape and dtype of `x`; it costs no memory."""
    return splat(1, x.shape, x.dtype)


def _masked(condition: Tensor, g: Tensor) -> Tensor:
    return select(condition, g, zero_like(g))


def _log_of_base(x: Tensor) -> Tensor:
    """log(x) where x > 0, else 0: the gradient of 0 ** y towards y is 0."""
    safe = gt(x, zero_like(x)) if is_floating(x.dtype) else ne(x, zero_like(x))
    return select(safe, log(select(safe, x, one_like(x))), zero_like(x))


def _power_of_less_one(x: Tensor, y: Tensor) -> Tensor:
    """y * x ** (y - 1), and 0 where y is 0 (also at x = 0)."""
    nothing = eq(y, zero_like(y))
    exponent = select(nothing, one_like(y), y)
    return select(nothing, zero_like(x), exponent * pow(x, exponent - 1))


def _evaluate_sigmoid(x: Array) -> Array:
    # exp of a negative number only, so that it never overflows.
    e = np.exp(-np.abs(x))
    top = np.where(x >= 0, np.ones_like(e), e)
    return np.asarray(top / (1 + e))


def _evaluate_rsqrt(x: Array) -> Array:
    return np.asarray(1 / np.sqrt(x)).astype(x.dtype)


def _evaluate_power(x: Array, y: Array) -> Array:
    if y.dtype.kind != "i":
        return np.asarray(np.power(x, y))
    # An integer to a negative power is cut to 0, save for 1 and -1, which stay in the integers.
    small = np.power(x, np.abs(np.where(np.abs(x) == 1, y, 0)))
    return np.where(y < 0, np.where(np.abs(x) == 1, small, 0), np.power(x, np.maximum(y, 0)))


def _evaluate_round(x: Array) -> Array:
    return np.rint(x) if x.dtype.kind not in "iu" else x


# --- one input -------------------------------------------------------------------------------
# fmt: off
neg: Primitive = _row("neg", NUMBER, np.negative, lambda g, y, x: -g)
abs_: Primitive = _row("abs", NUMBER, np.abs, lambda g, y, x: _abs_gradient(g, y, x), real_of)
sign: Primitive = _row("sign", REAL, np.sign, lambda g, y, x: zero_like(g))
floor: Primitive = _row("floor", REAL, np.floor, lambda g, y, x: zero_like(g))
ceil: Primitive = _row("ceil", REAL, np.ceil, lambda g, y, x: zero_like(g))
trunc: Primitive = _row("trunc", REAL, np.trunc, lambda g, y, x: zero_like(g))
round_: Primitive = _row("round", REAL, _evaluate_round, lambda g, y, x: zero_like(g))
exp: Primitive = _row("exp", INEXACT, np.exp, lambda g, y, x: g * conj(y))
exp2: Primitive = _row("exp2", FLOAT, np.exp2, lambda g, y, x: g * y * float(np.log(2)))
expm1: Primitive = _row("expm1", INEXACT, np.expm1, lambda g, y, x: g * conj(exp(x)))
log: Primitive = _row("log", INEXACT, np.log, lambda g, y, x: g / conj(x))
log2: Primitive = _row("log2", FLOAT, np.log2, lambda g, y, x: g / (x * float(np.log(2))))
log10: Primitive = _row("log10", FLOAT, np.log10, lambda g, y, x: g / (x * float(np.log(10))))
log1p: Primitive = _row("log1p", INEXACT, np.log1p, lambda g, y, x: g / conj(x + 1))
sqrt: Primitive = _row("sqrt", INEXACT, np.sqrt, lambda g, y, x: g / conj(y * 2))
rsqrt: Primitive = _row("rsqrt", FLOAT, _evaluate_rsqrt, lambda g, y, x: g * y * y * y * -0.5)
cbrt: Primitive = _row("cbrt", FLOAT, np.cbrt, lambda g, y, x: g / (3 * y * y))
sin: Primitive = _row("sin", INEXACT, np.sin, lambda g, y, x: g * conj(cos(x)))
cos: Primitive = _row("cos", INEXACT, np.cos, lambda g, y, x: -g * conj(sin(x)))
tan: Primitive = _row("tan", INEXACT, np.tan, lambda g, y, x: g * conj(1 + y * y))
arcsin: Primitive = _row("arcsin", FLOAT, np.arcsin, lambda g, y, x: g * rsqrt(1 - x * x))
arccos: Primitive = _row("arccos", FLOAT, np.arccos, lambda g, y, x: -g * rsqrt(1 - x * x))
arctan: Primitive = _row("arctan", FLOAT, np.arctan, lambda g, y, x: g / (1 + x * x))
sinh: Primitive = _row("sinh", INEXACT, np.sinh, lambda g, y, x: g * conj(cosh(x)))
cosh: Primitive = _row("cosh", INEXACT, np.cosh, lambda g, y, x: g * conj(sinh(x)))
tanh: Primitive = _row("tanh", INEXACT, np.tanh, lambda g, y, x: g * conj(1 - y * y))
arcsinh: Primitive = _row("arcsinh", FLOAT, np.arcsinh, lambda g, y, x: g * rsqrt(x * x + 1))
arccosh: Primitive = _row("arccosh", FLOAT, np.arccosh, lambda g, y, x: g * rsqrt(x * x - 1))
arctanh: Primitive = _row("arctanh", FLOAT, np.arctanh, lambda g, y, x: g / (1 - x * x))
sigmoid: Primitive = _row("sigmoid", FLOAT, _evaluate_sigmoid, lambda g, y, x: g * y * (1 - y))
erf: Primitive = _row("erf", FLOAT, special.erf, lambda g, y, x: g * exp(-x * x) * special.TWO_OVER_SQRT_PI)
erfc: Primitive = _row("erfc", FLOAT, special.erfc, lambda g, y, x: g * exp(-x * x) * -special.TWO_OVER_SQRT_PI)
erfinv: Primitive = _row("erfinv", FLOAT, special.erfinv, lambda g, y, x: g * exp(y * y) / special.TWO_OVER_SQRT_PI)
lgamma: Primitive = _row("lgamma", FLOAT, special.lgamma, lambda g, y, x: g * polygamma(zero_like(x), x))
conjugate: Primitive = _row("conjugate", frozenset(COMPLEX), np.conjugate, lambda g, y, x: conjugate(g))
real: Primitive = _row("real", frozenset(COMPLEX), np.real, lambda g, y, x: complex_(g, zero_like(g)), real_of)
imag: Primitive = _row("imag", frozenset(COMPLEX), np.imag, lambda g, y, x: complex_(zero_like(g), g), real_of)
isfinite: Primitive = _row("isfinite", INEXACT, np.isfinite, None, _bool)
not_: Primitive = _row("not", BITS, np.invert, None)

# --- two inputs ------------------------------------------------------------------------------
add: Primitive = _row("add", ANY, np.add, (lambda g, y, a, b: g, lambda g, y, a, b: g))
sub: Primitive = _row("sub", NUMBER, np.subtract, (lambda g, y, a, b: g, lambda g, y, a, b: -g))
mul: Primitive = _row("mul", ANY, np.multiply, (lambda g, y, a, b: g * conj(b), lambda g, y, a, b: g * conj(a)))
div: Primitive = _row("div", INEXACT, np.divide, (lambda g, y, a, b: g / conj(b), lambda g, y, a, b: -g * conj(y) / conj(b)))
floor_div: Primitive = _row("floor_div", REAL, np.floor_divide, (lambda g, y, a, b: zero_like(g), lambda g, y, a, b: zero_like(g)))
mod: Primitive = _row("mod", REAL, np.mod, (lambda g, y, a, b: g, lambda g, y, a, b: -g * floor_div(a, b)))
pow: Primitive = _row("pow", NUMBER, _evaluate_power, (lambda g, y, a, b: g * conj(_power_of_less_one(a, b)), lambda g, y, a, b: g * conj(y * _log_of_base(a))))
max_: Primitive = _row("max", ORDERED, np.maximum, (lambda g, y, a, b: _masked(ge(a, b), g), lambda g, y, a, b: _masked(lt(a, b), g)))
min_: Primitive = _row("min", ORDERED, np.minimum, (lambda g, y, a, b: _masked(le(a, b), g), lambda g, y, a, b: _masked(gt(a, b), g)))
arctan2: Primitive = _row("arctan2", FLOAT, np.arctan2, (lambda g, y, a, b: g * b / (a * a + b * b), lambda g, y, a, b: -g * a / (a * a + b * b)))
nextafter: Primitive = _row("nextafter", FLOAT, np.nextafter, (lambda g, y, a, b: g, lambda g, y, a, b: zero_like(g)), half=_as_it_is)
polygamma: Primitive = _row("polygamma", FLOAT, special.polygamma, (None, lambda g, y, n, x: g * polygamma(n + 1, x)))
bessel_i: Primitive = _row("bessel_i", FLOAT, special.bessel_i, (None, lambda g, y, n, x: g * (bessel_i(abs_(n - 1), x) + bessel_i(n + 1, x)) / 2))
complex_: Primitive = _row("complex", frozenset(d for d in FLOATING if d.itemsize > 2), lambda a, b: a + 1j * b, (lambda g, y, a, b: real(g), lambda g, y, a, b: imag(g)), complex_of)
and_: Primitive = _row("and", BITS, np.bitwise_and, None)
or_: Primitive = _row("or", BITS, np.bitwise_or, None)
xor: Primitive = _row("xor", BITS, np.bitwise_xor, None)
shift_left: Primitive = _row("shift_left", INT, np.left_shift, None)
shift_right: Primitive = _row("shift_right", INT, np.right_shift, None)
eq: Primitive = _row("eq", ANY, np.equal, None, _bool)
ne: Primitive = _row("ne", ANY, np.not_equal, None, _bool)
lt: Primitive = _row("lt", ORDERED, np.less, None, _bool)
le: Primitive = _row("le", ORDERED, np.less_equal, None, _bool)
gt: Primitive = _row("gt", ORDERED, np.greater, None, _bool)
ge: Primitive = _row("ge", ORDERED, np.greater_equal, None, _bool)
# fmt: on


def _abs_gradient(g: Tensor, y: Tensor, x: Tensor) -> Tensor:
    if not is_complex(x.dtype):
        return g * sign(x)
    origin = eq(y, zero_like(y))
    scale = select(origin, zero_like(y), g / select(origin, one_like(y), y))
    return complex_(scale * real(x), scale * imag(x))


# --- a condition and two inputs ---------------------------------------------------------------


def _select_rule(condition: Any, a: Any, b: Any) -> TensorSpec:
    if condition.dtype != bool_:
        raise TypeError(f"where: condition must be bool, got {condition.dtype.name}.")
    if a.dtype != b.dtype or not condition.shape == a.shape == b.shape:
        raise ValueError(
            "where: condition, x1 and x2 must have one shape, and x1 and x2 one dtype, got "
            f"{condition.shape}, {a.shape} {a.dtype.name} and {b.shape} {b.dtype.name}."
        )
    return TensorSpec(a.shape, a.dtype)


def _select_gradient(call: Call, g: tuple[Tensor | None, ...]) -> tuple[Tensor | None, ...]:
    condition, (outward,) = call.inputs[0], g
    assert outward is not None
    return None, _masked(condition, outward), select(condition, zero_like(outward), outward)


select = Primitive("select", _select_rule, np.where, _select_gradient, "elementwise")


# --- change of type -----------------------------------------------------------------------------


def _evaluate_cast(x: Array, dtype: DType) -> Array:
    if x.dtype.kind == "c" and dtype.kind != "c" and dtype != bool_:
        x = x.real
    if x.dtype in (float16, bfloat16) and dtype.kind in "iu":
        x = x.astype(np.float32)
    return x.astype(dtype)


def _cast_gradient(call: Call, g: tuple[Tensor, ...]) -> tuple[Tensor | None, ...]:
    source = call.inputs[0].dtype
    if not differentiable(source) or not differentiable(call.params["dtype"]):
        return (None,)
    return (cast(g[0], dtype=source),)


cast = Primitive(
    "cast",
    lambda x, dtype: TensorSpec(x.shape, dtype),
    _evaluate_cast,
    _cast_gradient,
    "elementwise",
)


def _bitcast_rule(x: Any, dtype: DType) -> TensorSpec:
    if as_dtype(dtype).itemsize != x.dtype.itemsize:
        raise ValueError(
            f"bitcast: dtype must have {x.dtype.itemsize} bytes like {x.dtype.name}, "
            f"got {dtype.name}."
        )
    return TensorSpec(x.shape, dtype)


bitcast = Primitive(
    "bitcast",
    _bitcast_rule,
    lambda x, dtype: np.ascontiguousarray(x).view(dtype).reshape(x.shape),
    None,
    "elementwise",
)


def _no_gradient(call: Call, g: tuple[Tensor | None, ...]) -> tuple[Tensor | None, ...]:
    if call.params.get("custom"):
        raise ValueError(
            "A function with a gradient of its own (custom_gradient, recompute_grad) was called in "
            "a traced function, branch or loop whose graph is differentiated from outside, where "
            "that gradient is not known; use the tape inside, next to the call."
        )
    return (None,)


# `custom`: it is a result of a function with a gradient of its own, which tapes know and graphs
# do not.
stop_gradient: Primitive = Primitive(
    "stop_gradient",
    lambda x, custom=False: TensorSpec(x.shape, x.dtype),
    lambda x, custom=False: x,
    _no_gradient,
    "elementwise",
)


def _tied_rule(x: Any, anchor: Any) -> TensorSpec:
    if x.shape != anchor.shape or x.dtype != anchor.dtype:
        raise ValueError(
            f"tied: both must have the same shape and dtype, got {x.shape} of {x.dtype.name} and "
            f"{anchor.shape} of {anchor.dtype.name}."
        )
    return TensorSpec(x.shape, x.dtype)


# The first, with its gradient flowing to the second: how a branch or loop reads a variable that it
# has assigned, while whoever differentiates it from outside knows the variable by another value.
tied: Primitive = Primitive(
    "tied", _tied_rule, lambda x, anchor: x, lambda call, g: (None, g[0]), "elementwise"
)

__all__ = [
    "ANY",
    "BITS",
    "FLOAT",
    "INEXACT",
    "INT",
    "NUMBER",
    "REAL",
    "GradientRule",
    "one_like",
    "splat",
    "zero_like",
]
