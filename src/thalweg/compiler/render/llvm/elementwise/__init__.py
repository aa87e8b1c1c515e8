"""Elementwise primitives as LLVM IR: `emit` writes one for a vector of any number of lanes."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

from thalweg.compiler.render.llvm.builder import Builder, Value
from thalweg.compiler.render.llvm.elementwise import (
    arcs,
    arithmetic,
    casts,
    error_function,
    exponential,
    gamma,
    integers,
    logarithm,
    power,
    trigonometric,
)
from thalweg.compiler.render.llvm.elementwise.forms import (
    computing,
    constant,
    from_memory,
    load,
    memory,
    rounded,
    store,
    to_memory,
)
from thalweg.compiler.render.llvm.elementwise.lanes import function
from thalweg.compiler.render.llvm.elementwise.neighbours import next_after
from thalweg.compiler.render.llvm.elementwise.threefry import random_bits, threefry
from thalweg.tensor.dtypes import DType

__all__ = [
    "computing",
    "constant",
    "emit",
    "from_memory",
    "load",
    "memory",
    "random_bits",
    "rounded",
    "store",
    "supported",
    "threefry",
    "to_memory",
]

# Instructions that are the same for every dtype they take.
_PLAIN = {"and": "and", "or": "or", "xor": "xor", "div": "fdiv"}
# Functions of floats.
_FLOAT: dict[str, Callable[..., Value]] = {
    name: function(formula)
    for name, formula in {
        "arccos": arcs.arccos,
        "arccosh": logarithm.arccosh,
        "arcsin": arcs.arcsin,
        "arcsinh": logarithm.arcsinh,
        "arctan": arcs.arctan,
        "arctan2": arcs.arctan2,
        "arctanh": logarithm.arctanh,
        "cbrt": power.cbrt,
        "cos": trigonometric.cos,
        "cosh": exponential.cosh,
        "erf": error_function.erf,
        "erfc": error_function.erfc,
        "erfinv": error_function.erfinv,
        "exp": exponential.exp,
        "exp2": exponential.exp2,
        "expm1": exponential.expm1,
        "lgamma": gamma.lgamma,
        "log": logarithm.log,
        "log10": logarithm.log10,
        "log1p": logarithm.log1p,
        "log2": logarithm.log2,
        "rsqrt": power.rsqrt,
        "sigmoid": exponential.sigmoid,
        "sin": trigonometric.sin,
        "sinh": exponential.sinh,
        "sqrt": power.sqrt,
        "tan": trigonometric.tan,
        "tanh": exponential.tanh,
    }.items()
}
_float_power = function(power.power)


def _power(b: Builder, dtype: DType, x: Value, y: Value) -> Value:
    return _float_power(b, x, y) if x.type.floating else integers.power(b, dtype, x, y)


# Ops that look at the dtype of their inputs, which decides on signs.
_TYPED: dict[str, Callable[..., Value]] = {
    "neg": arithmetic.negative,
    "abs": arithmetic.absolute,
    "sign": arithmetic.sign,
    "floor": partial(arithmetic.round_with, "llvm.floor"),
    "ceil": partial(arithmetic.round_with, "llvm.ceil"),
    "trunc": partial(arithmetic.round_with, "llvm.trunc"),
    "round": partial(arithmetic.round_with, "llvm.roundeven"),
    "isfinite": arithmetic.is_finite,
    "not": arithmetic.invert,
    "add": arithmetic.add,
    "sub": arithmetic.subtract,
    "mul": arithmetic.multiply,
    "floor_div": arithmetic.floor_divide,
    "mod": arithmetic.modulo,
    "max": arithmetic.maximum,
    "min": arithmetic.minimum,
    "nextafter": next_after,
    "pow": _power,
    "shift_left": integers.shift_left,
    "shift_right": integers.shift_right,
    **{p: partial(arithmetic.compare, p) for p in ("eq", "ne", "lt", "le", "gt", "ge")},
}


def supported(name: str, dtype: DType, params: Mapping[str, Any] | None = None) -> bool:
    """Whether `emit` has a primitive for inputs of a dtype (that of the first input).

    What it has not: complex numbers (of `cast` also as the target, which `params` tell; of `select`
    also as the choices), polygamma and bessel_i.
    """
    if dtype.kind == "c" or (params and "dtype" in params and params["dtype"].kind == "c"):
        return False
    return name in _TYPED or name in _PLAIN or name in _FLOAT or name in _OTHER


# Functions that are long enough to be called on WebAssembly, where code travels.
_LONG = frozenset((*_FLOAT, "floor_div", "mod", "pow")) - {"rsqrt", "sqrt"}


def emit(
    b: Builder, name: str, args: Sequence[Value], dtype: DType, params: Mapping[str, Any]
) -> Value:
    """Write an elementwise primitive; values are in computing form (see `forms`).

    Args:
        b: where to write.
        name: the primitive's name.
        args: its inputs.
        dtype: the dtype of the first input.
        params: the primitive's parameters (`dtype` of `cast` and `bitcast`).
    """
    if b.target.wasm and name in _LONG and args[0].type.bits * args[0].type.lanes <= 128:
        return _called(b, name, args, dtype)
    return _written(b, name, args, dtype, params)


def _called(b: Builder, name: str, args: Sequence[Value], dtype: DType) -> Value:
    """A call of a function that all of a module share."""
    one = args[0].type
    sign = dtype.kind if dtype.kind in "iu" else ""
    full = f"thalweg_{name}_{sign}{one.element}_{one.lanes}"
    if full not in b.declarations:
        own = Builder(b.target)
        with own.function(full, [(a.type, f"x{i}") for i, a in enumerate(args)]) as given:
            own.returned = _written(own, name, given, dtype, {})
        b.declarations |= own.declarations
        b.declarations[full] = own.text
    return b.result(one, f"call {one} @{full}({', '.join(map(str, args))})")


def _written(
    b: Builder, name: str, args: Sequence[Value], dtype: DType, params: Mapping[str, Any]
) -> Value:
    if name in _TYPED:
        return _TYPED[name](b, dtype, *args)
    if name in _PLAIN:
        return b.binary(_PLAIN[name], *args)
    if name in _FLOAT:
        return _FLOAT[name](b, *args)
    return _OTHER[name](b, args, dtype, params)


_Other = Callable[[Builder, Sequence[Value], DType, Mapping[str, Any]], Value]
_OTHER: dict[str, _Other] = {
    "select": lambda b, args, dtype, params: b.select(*args),
    "stop_gradient": lambda b, args, dtype, params: args[0],
    "tied": lambda b, args, dtype, params: args[0],
    "cast": lambda b, args, dtype, params: casts.cast(b, dtype, params["dtype"], args[0]),
    "bitcast": lambda b, args, dtype, params: casts.bitcast(b, dtype, params["dtype"], args[0]),
}
