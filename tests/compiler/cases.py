"""A strategy for each primitive: inputs and parameters that its rule accepts."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np
from hypothesis import strategies as st

from tests.compiler.draws import arrays, dtypes, numbers, seeds, shapes
from tests.primitives.test_contract import problems
from tests.primitives.test_window import convolutions, pools
from thalweg.primitives import PRIMITIVES, Primitive
from thalweg.primitives import elementwise as e
from thalweg.primitives import window as windows
from thalweg.primitives.movement import slice_
from thalweg.tensor.dtypes import DTYPES, DType, bool_, uint32

Array = np.ndarray[Any, Any]
Shape = tuple[int, ...]
Params = dict[str, Any]


class Case(NamedTuple):
    """One application.

    Attributes:
        primitive: what.
        inputs: to arrays.
        params: with parameters.
        ulps: how far the compiled result may be from the reference.
    """

    primitive: Primitive
    inputs: tuple[Array, ...]
    params: Params
    ulps: float = 0.0


def _names(accepted: frozenset[DType]) -> list[str]:
    return [name for name, dtype in DTYPES.items() if dtype in accepted]


FLOAT, INEXACT, INT, REAL = map(_names, (e.FLOAT, e.INEXACT, e.INT, e.REAL))
NUMBER, ANY, ORDERED, BITS = map(_names, (e.NUMBER, e.ANY, e.ORDERED, e.BITS))
COMPLEX = ["complex64", "complex128"]
WIDE = ["float32", "float64"]

# The dtypes that each elementwise primitive takes, by the number of its inputs.
UNARY: dict[str, list[str]] = {
    **dict.fromkeys(("neg", "abs"), NUMBER),
    **dict.fromkeys(("sign", "floor", "ceil", "trunc", "round"), REAL),
    **dict.fromkeys(("exp", "expm1", "log", "log1p", "sqrt", "sin", "cos", "tan"), INEXACT),
    **dict.fromkeys(("sinh", "cosh", "tanh"), INEXACT),
    **dict.fromkeys(("exp2", "log2", "log10", "rsqrt", "cbrt", "arcsin", "arccos"), FLOAT),
    **dict.fromkeys(("arctan", "arcsinh", "arccosh", "arctanh", "sigmoid"), FLOAT),
    **dict.fromkeys(("erf", "erfc", "erfinv", "lgamma"), FLOAT),
    **dict.fromkeys(("conjugate", "real", "imag"), COMPLEX),
    "isfinite": INEXACT,
    "not": BITS,
    "stop_gradient": ANY,
}
BINARY: dict[str, list[str]] = {
    **dict.fromkeys(("add", "mul", "eq", "ne", "tied"), ANY),
    **dict.fromkeys(("sub", "pow"), NUMBER),
    "div": INEXACT,
    **dict.fromkeys(("floor_div", "mod"), REAL),
    **dict.fromkeys(("max", "min", "lt", "le", "gt", "ge"), ORDERED),
    **dict.fromkeys(("arctan2", "nextafter"), FLOAT),
    "complex": WIDE,
    **dict.fromkeys(("and", "or", "xor"), BITS),
    **dict.fromkeys(("shift_left", "shift_right"), INT),
}
# Those that IEEE 754 does not lay down; NumPy itself is off by some units.
_FUNCTIONS = (
    *("exp", "exp2", "expm1", "log", "log2", "log10", "log1p", "rsqrt", "cbrt", "sin", "cos"),
    *("tan", "arcsin", "arccos", "arctan", "sinh", "cosh", "tanh", "arcsinh", "arccosh"),
    *("arctanh", "sigmoid", "erf", "erfc", "erfinv", "lgamma", "pow", "arctan2", "sqrt"),
)
_ULPS = {**dict.fromkeys(_FUNCTIONS, 8.0), "lgamma": 64.0, "erfc": 64.0, "erfinv": 16.0}


@st.composite
def _elementwise(draw: st.DrawFn, name: str, accepted: list[str], count: int) -> Case:
    dtype, shape = draw(dtypes(accepted)), draw(shapes())
    inputs = [draw(arrays(shape, dtype, wild=True)) for _ in range(count)]
    if name.startswith("shift"):  # by less than there are bits
        inputs[1] = np.asarray(np.abs(inputs[1] % (8 * dtype.itemsize)), dtype)
    if name == "pow" and dtype.kind in "iu":
        inputs[1] = inputs[1] % 9 - (3 if dtype.kind == "i" else 0)
    ulps = _ULPS.get(name, 0.0)
    if dtype.itemsize == 2 and ulps:
        ulps = 1.0  # rounded from float32
    return Case(PRIMITIVES[name], tuple(inputs), {}, ulps)


@st.composite
def _select(draw: st.DrawFn) -> Case:
    dtype, shape = draw(dtypes(ANY)), draw(shapes())
    inputs = [draw(arrays(shape, d, wild=True)) for d in (bool_, dtype, dtype)]
    return Case(e.select, tuple(inputs), {})


@st.composite
def _cast(draw: st.DrawFn) -> Case:
    source, target, shape = draw(dtypes(ANY)), draw(dtypes(ANY)), draw(shapes())
    # Numbers that the target does not have become something else on each processor.
    fits = target.kind in "fVcb" or source.kind in "iub"
    x = draw(arrays(shape, source, wild=fits))
    if target.kind == "u" and not fits:
        x = np.abs(x)
    return Case(e.cast, (x,), {"dtype": target})


@st.composite
def _bitcast(draw: st.DrawFn) -> Case:
    source = draw(dtypes([n for n in ANY if n not in (*COMPLEX, "bool")]))
    same = [n for n in REAL if DTYPES[n].itemsize == source.itemsize]
    x = draw(arrays(draw(shapes()), source, wild=True))
    return Case(e.bitcast, (x,), {"dtype": draw(dtypes(same))})


@st.composite
def _iota(draw: st.DrawFn) -> Case:
    shape = draw(shapes(1))
    axis = draw(st.integers(0, len(shape) - 1))
    params = {"shape": shape, "dtype": draw(dtypes(NUMBER)), "axis": axis}
    return Case(PRIMITIVES["iota"], (), params)


@st.composite
def _of_orders(draw: st.DrawFn, name: str) -> Case:
    """polygamma and bessel_i: whole orders, positive arguments."""
    dtype, shape = draw(dtypes(FLOAT)), draw(shapes())
    orders = np.abs(numbers(dtype, shape, draw(seeds))).astype(np.int64).astype(dtype)
    x = np.abs(numbers(dtype, shape, draw(seeds))) + np.asarray(0.5, dtype)
    return Case(PRIMITIVES[name], (orders, x.astype(dtype)), {})


# --- reductions, order ----------------------------------------------------------------------------


@st.composite
def _reduce(draw: st.DrawFn, name: str, accepted: list[str], some: bool) -> Case:
    """`some`: there must be elements to reduce."""
    dtype, shape = draw(dtypes(accepted)), draw(shapes(empty=not some))
    axes = draw(st.sets(st.integers(0, len(shape) - 1))) if shape else set()
    wild = dtype.kind in "iub" or name in ("reduce_max", "reduce_min")
    x = draw(arrays(shape, dtype, wild=wild))
    if name == "reduce_prod" and dtype.kind in "fVc":
        # Powers of two: their products are exact.
        x = (2.0 ** np.clip(x.real, -1, 1).round()).astype(dtype)
        if x.size > 100:
            x = np.ones_like(x)
    return Case(PRIMITIVES[name], (x,), {"axes": tuple(sorted(axes))})


@st.composite
def _along(draw: st.DrawFn, name: str, accepted: list[str], empty: bool, wild: bool) -> Case:
    """A primitive along one axis."""
    dtype, shape = draw(dtypes(accepted)), draw(shapes(1, empty=empty))
    x = draw(arrays(shape, dtype, wild=wild or dtype.kind in "iub"))
    params: Params = {"axis": draw(st.integers(0, len(shape) - 1))}
    if name.startswith("cum"):
        params["reverse"] = draw(st.booleans())
    if name == "cumprod" and dtype.kind in "fVc":
        x = np.sign(x.real).astype(dtype)
    return Case(PRIMITIVES[name], (x,), params)


@st.composite
def _top_k(draw: st.DrawFn) -> Case:
    x = draw(arrays(draw(shapes(1)), draw(dtypes(ORDERED)), wild=True))
    return Case(PRIMITIVES["top_k"], (x,), {"k": draw(st.integers(0, x.shape[-1]))})


# --- movement -------------------------------------------------------------------------------------


@st.composite
def _reshape(draw: st.DrawFn) -> Case:
    shape = list(draw(shapes()))
    x = draw(arrays(tuple(shape), draw(dtypes(ANY)), wild=True))
    for _ in range(draw(st.integers(0, 3))):
        if draw(st.booleans()):
            shape.insert(draw(st.integers(0, len(shape))), 1)
        elif len(shape) > 1:
            i = draw(st.integers(0, len(shape) - 2))
            shape[i : i + 2] = [shape[i] * shape[i + 1]]
        elif shape and shape[0]:
            factor = draw(st.sampled_from([f for f in (1, 2, 3, 5) if shape[0] % f == 0]))
            shape[:1] = [shape[0] // factor, factor]
    return Case(PRIMITIVES["reshape"], (x,), {"shape": tuple(shape)})


@st.composite
def _transpose(draw: st.DrawFn) -> Case:
    x = draw(arrays(draw(shapes()), draw(dtypes(ANY)), wild=True))
    return Case(
        PRIMITIVES["transpose"], (x,), {"axes": tuple(draw(st.permutations(range(x.ndim))))}
    )


@st.composite
def _broadcast(draw: st.DrawFn) -> Case:
    shape = draw(shapes())
    kept = tuple(n if draw(st.booleans()) else 1 for n in shape)[draw(st.integers(0, len(shape))) :]
    x = draw(arrays(kept, draw(dtypes(ANY)), wild=True))
    return Case(PRIMITIVES["broadcast_to"], (x,), {"shape": shape})


@st.composite
def _slice(draw: st.DrawFn) -> Case:
    x = draw(arrays(draw(shapes()), draw(dtypes(ANY)), wild=True))
    start = tuple(draw(st.integers(0, n)) for n in x.shape)
    stop = tuple(draw(st.integers(a, n)) for a, n in zip(start, x.shape, strict=True))
    step = tuple(draw(st.integers(1, 3)) for _ in x.shape)
    return Case(slice_, (x,), {"start": start, "stop": stop, "step": step})


@st.composite
def _pad(draw: st.DrawFn) -> Case:
    dtype = draw(dtypes(ANY))
    x = draw(arrays(draw(shapes(most=3)), dtype, wild=True))
    low, high, inner = (tuple(draw(st.integers(0, 2)) for _ in x.shape) for _ in range(3))
    value = draw(arrays((), dtype, wild=True))
    return Case(PRIMITIVES["pad"], (x, value), {"low": low, "high": high, "inner": inner})


@st.composite
def _concat(draw: st.DrawFn) -> Case:
    shape, dtype = draw(shapes(1)), draw(dtypes(ANY))
    axis = draw(st.integers(0, len(shape) - 1))
    lengths = [shape[axis], *draw(st.lists(st.integers(0, 5), max_size=3))]
    parts = [(*shape[:axis], n, *shape[axis + 1 :]) for n in lengths]
    inputs = tuple(draw(arrays(s, dtype, wild=True)) for s in parts)
    return Case(PRIMITIVES["concat"], inputs, {"axis": axis})


@st.composite
def _reverse(draw: st.DrawFn) -> Case:
    x = draw(arrays(draw(shapes()), draw(dtypes(ANY)), wild=True))
    axes = draw(st.sets(st.integers(0, x.ndim - 1))) if x.ndim else set()
    return Case(PRIMITIVES["reverse"], (x,), {"axes": tuple(sorted(axes))})


def _starts(draw: st.DrawFn, shape: Shape) -> Array:
    starts = [draw(st.integers(-3, n + 3)) for n in shape]
    dtype = draw(dtypes(["int32", "int64", "int8"]))
    return np.array(starts, dtype)


@st.composite
def _dynamic_slice(draw: st.DrawFn) -> Case:
    x = draw(arrays(draw(shapes()), draw(dtypes(ANY)), wild=True))
    size = tuple(draw(st.integers(0, n)) for n in x.shape)
    return Case(PRIMITIVES["dynamic_slice"], (x, _starts(draw, x.shape)), {"size": size})


@st.composite
def _dynamic_update(draw: st.DrawFn) -> Case:
    x = draw(arrays(draw(shapes()), draw(dtypes(ANY)), wild=True))
    size = tuple(draw(st.integers(0, n)) for n in x.shape)
    update = draw(arrays(size, x.dtype, wild=True))
    return Case(PRIMITIVES["dynamic_update_slice"], (x, update, _starts(draw, x.shape)), {})


@st.composite
def _gather(draw: st.DrawFn) -> Case:
    shape, wanted = draw(shapes(1, 3, empty=False)), draw(shapes(0, 2))
    axis = draw(st.integers(0, len(shape) - 1))
    x = draw(arrays(shape, draw(dtypes(ANY)), wild=True))
    return Case(PRIMITIVES["gather"], (x, _indices(draw, wanted, shape[axis])), {"axis": axis})


def _indices(draw: st.DrawFn, shape: Shape, length: int) -> Array:
    """Numbers of places, some of them outside."""
    dtype = draw(dtypes(INT))
    random = np.random.default_rng(draw(seeds))
    low, high = max(-3, np.iinfo(dtype).min), min(length + 3, np.iinfo(dtype).max)
    return random.integers(low if dtype.kind == "i" else 0, high, shape).astype(dtype)


@st.composite
def _scatter(draw: st.DrawFn) -> Case:
    mode = draw(st.sampled_from(["add", "max", "min", "mul", "set"]))
    accepted = {"set": ANY, "add": NUMBER, "mul": NUMBER}.get(mode, REAL)
    shape, wanted, dtype = draw(shapes(1, 3)), draw(shapes(0, 2)), draw(dtypes(accepted))
    axis = draw(st.integers(0, len(shape) - 1))
    indices = _indices(draw, wanted, shape[axis])
    wild = mode in ("max", "min", "set") or dtype.kind in "iu"
    x = draw(arrays(shape, dtype, wild))
    updates = draw(arrays((*shape[:axis], *wanted, *shape[axis + 1 :]), dtype, wild))
    if mode == "mul" and dtype.kind in "fVc":
        updates = np.sign(updates.real).astype(dtype)
    return Case(PRIMITIVES["scatter"], (x, indices, updates), {"axis": axis, "mode": mode})


# --- products, windows ----------------------------------------------------------------------------


@st.composite
def _contract(draw: st.DrawFn) -> Case:
    a, b, axes, batch = draw(problems())
    dtype = draw(dtypes(ANY))
    factor = draw(st.sampled_from([1, 1, 7]))  # larger lengths, where they stay small together
    if int(np.prod(a)) * int(np.prod(b)) < 40:
        a, b = (tuple(n * factor for n in s) for s in (a, b))
    inputs = draw(arrays(a, dtype)), draw(arrays(b, dtype))
    return Case(PRIMITIVES["contract"], inputs, {"axes": axes, "batch": batch})


@st.composite
def _conv(draw: st.DrawFn, name: str) -> Case:
    x, w, params = draw(convolutions())
    dtype = draw(dtypes(FLOAT))
    x, w = draw(arrays(x.shape, dtype)), draw(arrays(w.shape, dtype))
    if name == "conv":
        return Case(windows.conv, (x, w), params)
    shape = windows.conv.specs(x, w, **params)[0].shape
    g = draw(arrays(shape, dtype))
    if name == "conv_input_gradient":
        return Case(PRIMITIVES[name], (g, w), {"input_shape": x.shape, **params})
    return Case(PRIMITIVES[name], (x, g), {"kernel": w.shape[:-2], **params})


@st.composite
def _pool(draw: st.DrawFn, name: str) -> Case:
    shape, params = draw(pools())
    dtype = draw(dtypes(REAL if name in ("window_max", "window_sum") else FLOAT))
    x = draw(arrays(shape, dtype))
    if name in ("window_max", "window_sum"):
        return Case(PRIMITIVES[name], (x,), params)
    if name == "window_select":
        return Case(PRIMITIVES[name], (x, draw(arrays(shape, dtype))), params)
    places = windows.window_sum.specs(x, **params)[0].shape
    g = draw(arrays(places, dtype))
    if name == "window_scatter":
        return Case(PRIMITIVES[name], (x, g), params)
    return Case(PRIMITIVES[name], (g,), {"input_shape": shape, **params})


# --- what the host computes -------------------------------------------------------------------


@st.composite
def _fft(draw: st.DrawFn) -> Case:
    kind = draw(st.sampled_from(["fft", "ifft", "rfft"]))
    shape = draw(shapes(1, 3, empty=False))
    x = draw(arrays(shape, draw(dtypes(WIDE if kind == "rfft" else COMPLEX))))
    return Case(PRIMITIVES["fft"], (x,), {"kind": kind, "axes": (len(shape) - 1,)})


@st.composite
def _linalg(draw: st.DrawFn, name: str) -> Case:
    dtype, n = draw(dtypes([*WIDE, *COMPLEX])), draw(st.integers(1, 4))
    batch = draw(st.sampled_from([(), (3,), (2, 1)]))
    x = numbers(dtype, (*batch, n, n), draw(seeds)) + (16 * np.eye(n)).astype(dtype)
    if name in ("cholesky", "eigh"):
        x = x + np.conj(np.swapaxes(x, -1, -2))
    params: Params = {}
    inputs: tuple[Array, ...] = (x,)
    if name in ("solve", "triangular_solve"):
        inputs = x, numbers(dtype, (*batch, n, 2), draw(seeds))
    if name == "triangular_solve":
        params = {"lower": draw(st.booleans()), "adjoint": draw(st.booleans())}
    elif name in _DECOMPOSITION:
        params = _DECOMPOSITION[name]
    return Case(PRIMITIVES[name], inputs, params)


_DECOMPOSITION: dict[str, Params] = {
    "qr": {"mode": "reduced"},
    "svd": {"full_matrices": False, "compute_uv": True},
    "pinv": {"rcond": 1e-6},
}


@st.composite
def _random_bits(draw: st.DrawFn) -> Case:
    key = np.random.default_rng(draw(seeds)).integers(0, 2**32, 2).astype(uint32)
    return Case(PRIMITIVES["random_bits"], (key,), {"shape": draw(shapes())})


def _cases() -> dict[str, st.SearchStrategy[Case]]:
    found: dict[str, st.SearchStrategy[Case]] = {}
    for table, count in ((UNARY, 1), (BINARY, 2)):
        for name, accepted in table.items():
            found[name] = _elementwise(name, accepted, count)
    for name in ("polygamma", "bessel_i"):
        found[name] = _of_orders(name)
    for name, accepted, some in (
        ("reduce_sum", NUMBER, False),
        ("reduce_prod", NUMBER, False),
        ("reduce_max", ORDERED, True),
        ("reduce_min", ORDERED, True),
        ("reduce_and", ["bool"], False),
        ("reduce_or", ["bool"], False),
    ):
        found[name] = _reduce(name, accepted, some)
    for name, accepted, empty, wild in (
        ("argmax", ORDERED, False, True),
        ("argmin", ORDERED, False, True),
        ("argsort", ORDERED, True, True),
        ("cumsum", NUMBER, True, False),
        ("cumprod", NUMBER, True, False),
        ("cummax", REAL, True, True),
        ("cummin", REAL, True, True),
    ):
        found[name] = _along(name, accepted, empty, wild)
    for name in ("conv", "conv_input_gradient", "conv_filter_gradient"):
        found[name] = _conv(name)
    for name, primitive in PRIMITIVES.items():
        if name.startswith("window_"):
            found[name] = _pool(name)
        elif primitive.family == "linalg":
            found[name] = _linalg(name)
    others: dict[str, Callable[[], st.SearchStrategy[Case]]] = {
        "select": _select,
        "cast": _cast,
        "bitcast": _bitcast,
        "iota": _iota,
        "top_k": _top_k,
        "reshape": _reshape,
        "transpose": _transpose,
        "broadcast_to": _broadcast,
        "slice": _slice,
        "pad": _pad,
        "concat": _concat,
        "reverse": _reverse,
        "dynamic_slice": _dynamic_slice,
        "dynamic_update_slice": _dynamic_update,
        "gather": _gather,
        "scatter": _scatter,
        "contract": _contract,
        "fft": _fft,
        "random_bits": _random_bits,
    }
    return {**found, **{name: strategy() for name, strategy in others.items()}}


# What a graph of one application says nothing about: effects, and primitives with bodies. Attention
# adds up in another order than its reference; its own tests say how near it must come.
STRUCTURE = frozenset(
    {"print", "check", "cond", "while", "scan", "attention", "attention_gradient"}
)
CASES: dict[str, st.SearchStrategy[Case]] = _cases()


def applied(case: Case, inputs: Sequence[Any]) -> list[Any]:
    """The outputs of a case's primitive."""
    found = case.primitive(*inputs, **case.params)
    return list(found) if case.primitive.multiple else [found]
