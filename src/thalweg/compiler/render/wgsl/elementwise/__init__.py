"""Elementwise primitives as WGSL: `emit` writes one as an expression of its inputs."""

from __future__ import annotations

import functools
import re
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from thalweg.compiler.render.wgsl.elementwise import (
    arcs,
    casts,
    error_function,
    exponential,
    gamma,
    halves,
    integers,
    logarithm,
    numbers,
    power,
    remainder,
    threefry,
    trigonometric,
)
from thalweg.compiler.render.wgsl.forms import kind, literal, pick, wrapped
from thalweg.compiler.render.wgsl.functions import number
from thalweg.tensor.dtypes import DType

if TYPE_CHECKING:
    from thalweg.compiler.render.wgsl.expressions import Emitter

__all__ = ["HELPERS", "cost", "emit", "helpers"]

# The library: WGSL functions by name.
HELPERS: dict[str, str] = {
    **numbers.HELPERS,
    **exponential.HELPERS,
    **logarithm.HELPERS,
    **power.HELPERS,
    **trigonometric.HELPERS,
    **arcs.HELPERS,
    **error_function.HELPERS,
    **gamma.HELPERS,
    **integers.HELPERS,
    **remainder.HELPERS,
    **halves.HELPERS,
    **casts.HELPERS,
    **threefry.HELPERS,
}
_CALL = re.compile(r"\b(\w+)\(")


@functools.cache
def _called(name: str) -> tuple[str, ...]:
    """The functions of the library that one calls, all the way down, and itself."""
    found: dict[str, None] = {name: None}
    stack = [name]
    while stack:
        for other in _CALL.findall(HELPERS[stack.pop()]):
            if other in HELPERS and other not in found:
                found[other] = None
                stack.append(other)
    return tuple(found)


def helpers(name: str) -> dict[str, str]:
    """A function of the library and those that it calls."""
    return {other: HELPERS[other] for other in _called(name)}


# Functions of floats that are calls of the library.
_FUNCTIONS = {
    **{name: f"{name}_f32" for name in (
        "arccos", "arccosh", "arcsin", "arcsinh", "arctan", "arctan2", "arctanh", "cbrt", "cos",
        "cosh", "erf", "erfc", "erfinv", "exp", "exp2", "expm1", "lgamma", "log", "log10", "log1p",
        "log2", "sigmoid", "sin", "sinh", "tan", "tanh",
    )},
    "isfinite": "is_finite",
}  # fmt: skip
_ROUNDING = frozenset({"floor", "ceil", "trunc", "round"})
_SYMBOLS = {"add": "+", "sub": "-", "mul": "*", "and": "&", "or": "|", "xor": "^", "div": "/"}
_OF_BOOL = {"add": "|", "mul": "&", "and": "&", "or": "|", "xor": "!=", "max": "|", "min": "&"}
_COMPARISONS = {"eq": "==", "lt": "<", "le": "<=", "gt": ">", "ge": ">="}
_CHEAP = (
    frozenset({"neg", "abs", "not", "select", "max", "min", "stop_gradient", "tied", "isfinite"})
    | frozenset({"sign", "bitcast", "cast", "ne", "shift_left", "shift_right", "sqrt"})
    | _ROUNDING
    | frozenset(_SYMBOLS)
    | frozenset(_COMPARISONS)
)


def cost(name: str) -> int:
    """About how dear a primitive is, in additions."""
    return 1 if name in _CHEAP else 12


def emit(
    e: Emitter, name: str, args: Sequence[str], dtype: DType, params: Mapping[str, Any]
) -> str:
    """An elementwise primitive as an expression of names and literals.

    Args:
        e: told which functions are called.
        name: the primitive's name.
        args: its inputs, in computing form (see `forms`).
        dtype: the dtype of the first input.
        params: the primitive's parameters (`dtype` of `cast` and `bitcast`).
    """
    of = kind(dtype)
    if name in _FUNCTIONS:
        return f"{e.needs(_FUNCTIONS[name])}({', '.join(args)})"
    if name in ("stop_gradient", "tied"):
        return args[0]
    if name == "select":
        return pick(args[0], args[1], args[2])
    if name in ("cast", "bitcast"):
        change = casts.cast if name == "cast" else casts.bitcast
        return change(e, dtype, params["dtype"], args[0])
    if name in _ROUNDING:
        return f"{name}({args[0]})" if of == "f32" else args[0]
    if name in _COMPARISONS or name == "ne":
        return _compared(name, of, *args)
    if of == "bool":
        return f"(!{args[0]})" if name == "not" else f"({args[0]} {_OF_BOOL[name]} {args[1]})"
    if name in _SYMBOLS:
        return wrapped(f"({args[0]} {_SYMBOLS[name]} {args[1]})", dtype)
    return _OTHER[name](e, dtype, of, *args)


def _compared(name: str, of: str, x: str, y: str) -> str:
    if of == "bool" and name not in ("eq", "ne"):
        x, y = f"u32({x})", f"u32({y})"
    # Compilers do not agree on what `!=` says of NaN.
    return f"(!({x} == {y}))" if name == "ne" else f"({x} {_COMPARISONS[name]} {y})"


def _negative(e: Emitter, dtype: DType, of: str, x: str) -> str:
    return f"(-{x})" if of == "f32" else wrapped(f"({'0u' if of == 'u32' else '0'} - {x})", dtype)


def _absolute(e: Emitter, dtype: DType, of: str, x: str) -> str:
    return x if of == "u32" else wrapped(f"abs({x})", dtype)


def _sign(e: Emitter, dtype: DType, of: str, x: str) -> str:
    if of == "u32":
        return f"min({x}, 1u)"
    return f"{e.needs('sign_f32')}({x})" if of == "f32" else f"sign({x})"


def _inverted(e: Emitter, dtype: DType, of: str, x: str) -> str:
    return wrapped(f"(~{x})", dtype)


def _extreme(name: str) -> Callable[[Emitter, DType, str, str, str], str]:
    other = "<" if name == "max" else ">"

    def emit_extreme(e: Emitter, dtype: DType, of: str, x: str, y: str) -> str:
        if of != "f32":
            return f"{name}({x}, {y})"
        # NaN wins; a literal is none.
        if literal(y):
            return pick(f"{x} {other} {y}", y, x)
        if literal(x):
            return pick(f"{y} {other} {x}", x, y)
        return f"{e.needs(f'{name}_f32')}({x}, {y})"

    return emit_extreme


def _library(name: str) -> Callable[[Emitter, DType, str, str, str], str]:
    def emit_call(e: Emitter, dtype: DType, of: str, x: str, y: str) -> str:
        return wrapped(f"{e.needs(f'{name}_{of}')}({x}, {y})", dtype)

    return emit_call


# Constant exponents that ask for no logarithm.
_BY_HAND = {
    number(-1.0): "(1.0f / {0})",
    number(1.0): "{0}",
    number(2.0): "({0} * {0})",
    number(3.0): "({0} * {0} * {0})",
}


def _power(e: Emitter, dtype: DType, of: str, x: str, y: str) -> str:
    if of == "f32" and y in _BY_HAND:
        return _BY_HAND[y].format(x)
    return _library("power")(e, dtype, of, x, y)


def _shift(way: str) -> Callable[[Emitter, DType, str, str, str], str]:
    def emit_shift(e: Emitter, dtype: DType, of: str, x: str, y: str) -> str:
        width, amount = 8 * dtype.itemsize, y if of == "u32" else f"u32({y})"
        if way == "left":
            bits = x if of == "u32" else f"u32({x})"
            moved = f"{e.needs('shift_left_u32')}({bits}, {amount}, {width}u)"
            return wrapped(moved if of == "u32" else f"i32({moved})", dtype)
        return f"{e.needs(f'shift_right_{of}')}({x}, {amount}, {width}u)"

    return emit_shift


_OTHER: dict[str, Callable[..., str]] = {
    "neg": _negative,
    "abs": _absolute,
    "sign": _sign,
    "not": _inverted,
    "max": _extreme("max"),
    "min": _extreme("min"),
    "floor_div": _library("floor_divide"),
    "mod": _library("modulo"),
    "pow": _power,
    "sqrt": lambda e, dtype, of, x: f"sqrt({x})",
    "rsqrt": lambda e, dtype, of, x: f"(1.0f / sqrt({x}))",
    "shift_left": _shift("left"),
    "shift_right": _shift("right"),
    "nextafter": lambda e, dtype, of, x, y: casts.next_after(e, dtype, x, y),
}
