"""One program for every batch size: each primitive traced for three sizes, run for others."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from tests.compiler.agreement import assert_agree
from tests.compiler.cases import BINARY, STRUCTURE, UNARY
from tests.compiler.draws import extremes, numbers
from tests.compiler.flows import SIZES, Shape, specs, traced
from thalweg import devices
from thalweg.compiler.compile import compile_traces
from thalweg.primitives import PRIMITIVES as P
from thalweg.primitives import elementwise as e
from thalweg.primitives.graph import evaluate_graph
from thalweg.tensor.dtypes import DTYPES, float32, int32

Array = np.ndarray[Any, Any]
Function = Callable[..., Any]
CAPACITY = 9
RUNS = (1, 2, 4, CAPACITY)

N: Shape = (None, 3)
IMAGE: Shape = (None, 5, 4, 2)


def f32(*shape: int | None) -> tuple[Shape, str]:
    return shape, "float32"


def i32(*shape: int | None) -> tuple[Shape, str]:
    return shape, "int32"


def rows(name: str, **params: Any) -> Function:
    """A primitive with these parameters."""
    return lambda *xs: P[name](*xs, **params)


def batch_of(x: Any) -> int:
    return int(x.shape[0])


CONV = {"strides": (2, 1), "padding": ((1, 0), (0, 1)), "dilation": (1, 2), "groups": 1}
POOL = {"window": (2, 2), "strides": (2, 1), "padding": ((1, 0), (0, 1))}


def convolved(x: Any, w: Any) -> Any:
    y = P["conv"](x, w, **CONV)
    return [
        y,
        P["conv_input_gradient"](y, w, input_shape=x.shape, **CONV),
        P["conv_filter_gradient"](x, y, kernel=w.shape[:-2], **CONV),
    ]


def pooled(x: Any) -> Any:
    y = P["window_sum"](x, **POOL)
    return [
        y,
        P["window_max"](x, **POOL),
        P["window_select"](x, x * 2, **POOL),
        P["window_scatter"](x, y, **POOL),
        P["window_sum_gradient"](y, input_shape=x.shape, **POOL),
    ]


def sliced(x: Any) -> Any:
    n = batch_of(x)
    start = P["concat"](e.splat(n // n, (1,), int32), e.splat(1, (1,), int32), axis=0)
    piece = P["dynamic_slice"](x, start, size=(n, 2))
    return [piece, P["dynamic_update_slice"](x, piece, start)]


# What each is applied to, and how; the first axis of an input is the batch where it is None.
FUNCTIONS: dict[str, tuple[tuple[tuple[Shape, str], ...], Function]] = {
    "reduce_sum": ((f32(None, 3, 2),), lambda x: [rows("reduce_sum", axes=a)(x) for a in AXES]),
    "reduce_prod": ((f32(None, 3, 2),), lambda x: rows("reduce_prod", axes=(1, 2))(e.sign(x))),
    "reduce_max": ((f32(None, 3, 2),), lambda x: [rows("reduce_max", axes=a)(x) for a in AXES]),
    "reduce_min": ((f32(None, 3, 2),), lambda x: [rows("reduce_min", axes=a)(x) for a in AXES]),
    "reduce_and": (((N, "bool"),), lambda x: [rows("reduce_and", axes=a)(x) for a in ((0,), (1,))]),
    "reduce_or": (((N, "bool"),), lambda x: [rows("reduce_or", axes=a)(x) for a in ((0,), (1,))]),
    "argmax": ((f32(*N),), lambda x: [rows("argmax", axis=a)(x) for a in (0, 1)]),
    "argmin": ((f32(*N),), lambda x: [rows("argmin", axis=a)(x) for a in (0, 1)]),
    "argsort": ((f32(*N),), lambda x: [rows("argsort", axis=a)(x) for a in (0, 1)]),
    "top_k": (
        (f32(*N),),
        lambda x: [*P["top_k"](x, k=2), *P["top_k"](P["transpose"](x, axes=(1, 0)), k=batch_of(x))],
    ),
    **{
        name: ((f32(None, 5), f32(5, None)), lambda x, y, name=name: _both_ways(name, x, y))
        for name in ("cumsum", "cummax", "cummin")
    },
    "cumprod": ((f32(*N),), lambda x: _both_ways("cumprod", e.sign(x), e.sign(x))),
    "reshape": (
        (f32(None, 6),),
        lambda x: [
            P["reshape"](x, shape=(batch_of(x) * 2, 3)),
            P["reshape"](x, shape=(batch_of(x) * 6,)) * 2,
            P["reshape"](x, shape=(3, batch_of(x) * 2)),
        ],
    ),
    "transpose": ((f32(None, 3, 2),), rows("transpose", axes=(2, 0, 1))),
    "broadcast_to": (
        (f32(1, 3), f32(None, 1)),
        lambda x, y: [
            P["broadcast_to"](x, shape=(batch_of(y), 3)),
            P["broadcast_to"](y, shape=(4, batch_of(y), 5)),
        ],
    ),
    "slice": (
        (f32(*N),),
        lambda x: [
            P["slice"](x, start=(0, 1), stop=x.shape, step=(1, 2)),
            P["slice"](x, start=(batch_of(x) - 1, 0), stop=x.shape, step=(1, 1)),
        ],
    ),
    "pad": (
        (f32(*N), f32()),
        lambda x, v: [
            P["pad"](x, v, low=(1, 0), high=(0, 2), inner=(0, 1)),
            P["pad"](x, v, low=(0, 0), high=(0, 0), inner=(2, 0)),
        ],
    ),
    "concat": (
        (f32(*N), f32(2, 3), f32(None, 1)),
        lambda x, y, z: [P["concat"](x, y, x, axis=0), P["concat"](x, z, axis=1)],
    ),
    "reverse": ((f32(*N),), lambda x: [rows("reverse", axes=a)(x) for a in ((0,), (0, 1))]),
    "dynamic_slice": ((f32(*N),), sliced),
    "dynamic_update_slice": ((f32(*N),), sliced),
    "gather": (
        (f32(*N), i32(None), i32(2, 2), f32(7, 2)),
        lambda x, i, j, t: [
            P["gather"](x, i, axis=0),
            P["gather"](x, j, axis=1),
            P["gather"](t, i, axis=0) * 2,
        ],
    ),
    "scatter": (
        (f32(*N), i32(None), f32(7, 3)),
        lambda x, i, t: [
            P["scatter"](t, i, x, axis=0, mode="add"),
            P["scatter"](x, i, x, axis=0, mode="max"),
        ],
    ),
    "contract": (
        (f32(*N), f32(3, 4), f32(None, 2, 3)),
        lambda x, w, y: [
            P["contract"](x, w, axes=((1,), (0,)), batch=((), ())),
            P["contract"](x, x, axes=((0,), (0,)), batch=((), ())),
            P["contract"](y, y, axes=((2,), (2,)), batch=((0,), (0,))),
        ],
    ),
    **dict.fromkeys(
        ("conv", "conv_input_gradient", "conv_filter_gradient"),
        ((f32(*IMAGE), f32(2, 2, 2, 3)), convolved),
    ),
    **dict.fromkeys((name for name in P if name.startswith("window_")), ((f32(*IMAGE),), pooled)),
    "fft": ((f32(None, 8),), lambda x: P["fft"](x, kind="rfft", axes=(1,))),
    **dict.fromkeys(
        ("inv", "det", "adjugate"),
        ((f32(None, 3, 3),), lambda x: [P[k](_regular(x)) for k in ("inv", "det", "adjugate")]),
    ),
    "slogdet": ((f32(None, 3, 3),), lambda x: P["slogdet"](_regular(x))),
    "cholesky": ((f32(None, 3, 3),), lambda x: P["cholesky"](_symmetric(x))),
    "eigh": ((f32(None, 3, 3),), lambda x: P["eigh"](_symmetric(x))[0]),
    "eig": ((f32(None, 3, 3),), lambda x: P["eig"](_symmetric(x))[0]),
    "qr": ((f32(None, 3, 3),), lambda x: P["qr"](_regular(x), mode="reduced")),
    "lu": ((f32(None, 3, 3),), lambda x: P["lu"](_regular(x))),
    "pinv": ((f32(None, 3, 3),), lambda x: P["pinv"](_regular(x), rcond=1e-6)),
    "svd": (
        (f32(None, 3, 3),),
        lambda x: P["svd"](_regular(x), full_matrices=False, compute_uv=False),
    ),
    "solve": ((f32(None, 3, 3),), lambda x: P["solve"](_regular(x), x)),
    "triangular_solve": (
        (f32(None, 3, 3),),
        lambda x: P["triangular_solve"](_regular(x), x, lower=True, adjoint=False),
    ),
    "random_bits": (
        (((2,), "uint32"), f32(None, 1)),
        lambda key, x: P["random_bits"](key, shape=(batch_of(x), 5)),
    ),
    "select": (((N, "bool"), f32(*N), f32(*N)), rows("select")),
    "cast": ((f32(*N),), lambda x: [e.cast(x, dtype=DTYPES[d]) for d in ("int32", "float64")]),
    "bitcast": ((f32(*N),), rows("bitcast", dtype=int32)),
    "iota": (
        (f32(None, 1),),
        lambda x: [
            P["iota"](shape=(batch_of(x), 3), dtype=d, axis=a)
            for d in (int32, float32)
            for a in (0, 1)
        ],
    ),
    **dict.fromkeys(
        ("polygamma", "bessel_i"),
        (
            (f32(*N),),
            lambda x: [P[k](e.abs_(e.sign(x)), e.abs_(x) + 0.5) for k in ("polygamma", "bessel_i")],
        ),
    ),
}
AXES = ((), (0,), (1,), (0, 1), (0, 2), (1, 2), (0, 1, 2))


def _both_ways(name: str, x: Any, y: Any) -> list[Any]:
    return [P[name](z, axis=a, reverse=r) for z in (x, y) for a in (0, 1) for r in (False, True)]


def _regular(x: Any) -> Any:
    return x + np.eye(3, dtype=np.float32) * 16


def _symmetric(x: Any) -> Any:
    return _regular(x) + P["transpose"](_regular(x), axes=(0, 2, 1))


def _elementwise(table: dict[str, list[str]], count: int, dtype: str) -> Function:
    """All elementwise primitives of so many inputs that take a dtype."""

    def function(*xs: Any) -> list[Any]:
        return [P[name](*xs) for name, accepted in table.items() if dtype in accepted]

    return function


def test_no_primitive_is_forgotten() -> None:
    assert {*FUNCTIONS, *UNARY, *BINARY, *STRUCTURE} == set(P)


def arrays(shapes: tuple[tuple[Shape, str], ...], n: int, wild: bool) -> list[Array]:
    make = extremes if wild else numbers
    return [make(s.dtype, s.shape, seed + n) for seed, s in enumerate(specs(shapes, n))]


def check(
    function: Function, shapes: tuple[tuple[Shape, str], ...], ulps: float, wild: bool = False
) -> None:
    """Compile for all batch sizes, and compare at some of them with a trace for just that size."""
    traces = [traced(function, shapes, n) for n in SIZES]
    executable = devices.load(compile_traces(traces, SIZES, 0).program(CAPACITY))
    for n in RUNS:
        graph, inputs = traced(function, shapes, n), arrays(shapes, n, wild)
        wanted = evaluate_graph(graph, inputs, [np.asarray(x) for x in graph.captured])
        for k, (a, b) in enumerate(zip(executable.run([], inputs, n), wanted, strict=True)):
            assert_agree(a, b, ulps, f"output {k} for a batch of {n}\n{graph}")


@pytest.mark.parametrize("name", sorted(FUNCTIONS))
def test_batches(name: str) -> None:
    shapes, function = FUNCTIONS[name]
    check(function, shapes, 0.0)


def differences(x: Any) -> list[Any]:
    """Of neighbouring samples, of which a batch of one has none."""
    n = batch_of(x)
    steps = (1,) * len(x.shape)
    tail = P["slice"](x, start=(1, 0), stop=x.shape, step=steps)
    head = P["slice"](x, start=(0, 0), stop=(n - 1, *x.shape[1:]), step=steps)
    d = tail - head
    order = P["argsort"](d, axis=0)
    return [
        d,
        P["reduce_sum"](d, axes=(0,)),
        P["reduce_sum"](d, axes=(0, 1)),
        P["reduce_sum"](d, axes=(1,)),
        P["cumsum"](d, axis=0, reverse=True),
        order,
        P["concat"](d, x, axis=0),
        P["transpose"](d, axes=(1, 0)),
        P["contract"](d, d, axes=((0,), (0,)), batch=((), ())),
        P["contract"](d, d, axes=((1,), (1,)), batch=((0,), (0,))),
        P["scatter"](
            x,
            P["slice"](order, start=(0, 0), stop=(n - 1, 1), step=(1, 1)),
            P["reshape"](d, shape=(n - 1, 1, 3)),
            axis=0,
            mode="add",
        ),
    ]


def test_lengths_that_are_zero_for_some_batches() -> None:
    check(differences, (f32(*N),), 0.0)


@pytest.mark.parametrize("dtype", sorted(DTYPES))
def test_batches_of_elementwise(dtype: str) -> None:
    wild = dtype.startswith("float")
    check(_elementwise(UNARY, 1, dtype), ((N, dtype),), 64.0, wild)
    check(_elementwise(BINARY, 2, dtype), ((N, dtype), (N, dtype)), 64.0)
