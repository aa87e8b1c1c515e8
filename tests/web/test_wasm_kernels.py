"""WebAssembly gives what NumPy gives: primitives, random graphs, products, windows."""

from __future__ import annotations

import functools
import random
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.compiler.agreement import Run, agree, assert_agree, reference
from tests.compiler.cases import CASES, Case
from tests.compiler.draws import numbers
from tests.compiler.flows import SIZES, specs, traced
from tests.compiler.random_graphs import random_function
from tests.compiler.test_primitives_alone import check_together
from tests.compiler.test_primitives_batches import FUNCTIONS
from tests.compiler.test_primitives_chains import check_surrounded
from tests.compiler.test_random_graphs import INPUTS
from tests.web.wasm_runner import Placed, compiled
from thalweg.compiler.compile import compile_graph, compile_traces
from thalweg.compiler.target import RELAXED, SIMD128, Target
from thalweg.primitives import PRIMITIVES as P
from thalweg.primitives import elementwise as e
from thalweg.primitives.graph import evaluate_graph, trace
from thalweg.tensor import Tensor
from thalweg.tensor.dtypes import as_dtype

Array = np.ndarray[Any, Any]

# What only NumPy computes, which a page cannot ask.
HOST = frozenset(
    {"bessel_i", "complex", "conjugate", "fft", "imag", "polygamma", "real"}
    | {name for name, primitive in P.items() if primitive.family == "linalg"}
)
NAMES = sorted(set(CASES) - HOST)
CAPACITY = 9


def on(target: Target) -> Run:
    return functools.partial(compiled, target)


def known(case: Case) -> bool:
    """Whether a page can compute it: not with complex numbers."""
    dtypes = [x.dtype for x in case.inputs] + [v for k, v in case.params.items() if k == "dtype"]
    return all(d.kind != "c" for d in dtypes)


def few(examples: int) -> Callable[..., Any]:
    return settings(
        max_examples=examples,
        deadline=None,
        database=None,
        derandomize=True,
        suppress_health_check=list(HealthCheck),
    )


# --- primitives and graphs ------------------------------------------------------------------------


@pytest.mark.parametrize("name", NAMES)
@given(data=st.data())
@few(1)
def test_primitives_alone(name: str, data: st.DataObject) -> None:
    cases = data.draw(st.lists(CASES[name].filter(known), min_size=5, max_size=8))
    check_together(cases, on(SIMD128))


@pytest.mark.parametrize("name", NAMES)
@given(data=st.data(), seed=st.integers(0, 10**6))
@few(1)
def test_primitives_among_others(name: str, data: st.DataObject, seed: int) -> None:
    check_surrounded([data.draw(CASES[name].filter(known))], seed, on(RELAXED))


@pytest.mark.parametrize("seed", range(12))
def test_random_graphs(seed: int) -> None:
    choice = random.Random(seed)
    shapes = choice.sample(INPUTS, choice.randint(2, 5))
    arrays = [numbers(as_dtype(d), s, seed + i) for i, (s, d) in enumerate(shapes)]
    states = choice.randint(0, 2)
    function = random_function(seed, choice.randint(3, 40), states, choice.randint(1, 9))
    agree(function, arrays, states=states, run=on(RELAXED if seed % 2 else SIMD128))


@pytest.mark.parametrize(
    "name", ["concat", "contract", "conv", "cumsum", "gather", "reduce_sum", "scatter", "top_k"]
)
def test_batches(name: str) -> None:
    shapes, function = FUNCTIONS[name]
    graphs = [traced(function, shapes, n) for n in SIZES]
    placed = Placed(compile_traces(graphs, SIZES, 0).program(CAPACITY))
    for n in (1, 2, CAPACITY):
        inputs = [numbers(spec.dtype, spec.shape, n + k) for k, spec in enumerate(specs(shapes, n))]
        graph = traced(function, shapes, n)
        wanted = evaluate_graph(graph, inputs, [np.asarray(x) for x in graph.captured])
        _, found, _ = placed.run([], inputs, n)
        for a, b in zip(found, wanted, strict=True):
            assert_agree(a.reshape(b.shape), b, 0.0, f"{name}, batch {n}")


@pytest.mark.parametrize("name", sorted(HOST - {"complex", "conjugate", "imag", "real"}))
def test_what_needs_numpy_is_refused(name: str) -> None:
    x = np.eye(4, dtype=np.complex64) if name == "fft" else np.eye(4, dtype=np.float32)
    params: dict[str, dict[str, Any]] = {
        "fft": {"kind": "fft", "axes": (1,)},
        "pinv": {"rcond": 1e-6},
        "qr": {"mode": "reduced"},
        "svd": {"full_matrices": False, "compute_uv": True},
        "triangular_solve": {"lower": True, "adjoint": False},
    }
    count = 2 if name in ("bessel_i", "polygamma", "solve", "triangular_solve") else 1

    def function(*xs: Any) -> list[Any]:
        found = P[name](*xs, **params.get(name, {}))
        return list(found) if isinstance(found, (tuple, list)) else [found]

    graph = trace(function, [Tensor(x)] * count)
    with pytest.raises(ValueError, match="only the host computes"):
        Placed(compile_graph(graph).program())


# --- numbers beyond the usual ---------------------------------------------------------------------


def run(function: Callable[..., Any], *arrays: Array, target: Target = SIMD128) -> list[Array]:
    graph = trace(lambda *xs: list(function(*xs)), [Tensor(a) for a in arrays])
    return compiled(target, graph, arrays)


def test_circular_functions_of_huge_doubles() -> None:
    # From mpmath, with 400 digits.
    x = np.array([1e22, -1e22, 1e300, 6381956970095103.0 * 2.0**797, np.inf])
    sine, cosine = run(lambda x: [P["sin"](x), P["cos"](x)], x)
    wanted_sine = [-0.8522008497671888, 0.8522008497671888, -0.8178819121159085, 1.0, np.nan]
    wanted = [0.5232147853951389, 0.5232147853951389, -0.5753861119575491, -4.687165924254628e-19]
    np.testing.assert_allclose(sine, wanted_sine, 4e-16)
    np.testing.assert_allclose(cosine, [*wanted, np.nan], 4e-16)


def test_remainders_of_doubles_are_exact() -> None:
    random = np.random.default_rng(1)
    size = 10.0 ** random.integers(-300, 300, (2, 400))
    x, y = random.standard_normal((2, 400)) * size
    x[:4], y[:4] = [1e308, 5e-324, 7.5, -7.5], [5e-324, 1e-310, np.inf, 2.0]
    modulo, quotient = run(lambda x, y: [P["mod"](x, y), P["floor_div"](x, y)], x, y)
    with np.errstate(all="ignore"):
        np.testing.assert_array_equal(modulo, np.mod(x, y))
        np.testing.assert_array_equal(quotient, np.floor_divide(x, y))


@pytest.mark.parametrize("target", [SIMD128, RELAXED], ids=lambda t: t.name)
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_choosing_by_comparing_keeps_nan(dtype: str, target: Target) -> None:
    x = np.array([1, np.nan, -3, np.nan, 5], dtype)

    def function(x: Any) -> list[Any]:
        two = e.splat(2, x.shape, x.dtype)
        return [e.select(e.lt(x, two), two, x), e.select(e.gt(x, two), two, x)]

    low, high = run(function, x, target=target)
    np.testing.assert_array_equal(low, np.array([2, np.nan, 2, np.nan, 5], dtype))
    np.testing.assert_array_equal(high, np.array([1, np.nan, -3, np.nan, 2], dtype))


# --- products and windows -------------------------------------------------------------------------


def close(found: Sequence[Array], wanted: Sequence[Array]) -> None:
    for a, b in zip(found, wanted, strict=True):
        scale = float(np.abs(b).max(initial=1.0))
        tolerance = (1e-5 if b.dtype == np.float32 else 1e-13) * scale
        np.testing.assert_allclose(a, b, tolerance, tolerance)


@given(
    st.tuples(*[st.sampled_from((1, 2, 3, 4, 5, 8, 16, 17, 33))] * 3),
    st.booleans(),
    st.booleans(),
    st.sampled_from(("float32", "float64")),
    st.sampled_from(("plain", "scaled", "batch", "prologue")),
    st.sampled_from((SIMD128, RELAXED)),
)
@few(30)
def test_products(
    size: tuple[int, int, int], left: bool, right: bool, dtype: str, kind: str, target: Target
) -> None:
    m, n, k = size
    random = np.random.default_rng(m + n + k)
    batch = (3,) if kind == "batch" else ()
    x = random.standard_normal((*batch, *((k, m) if left else (m, k)))).astype(dtype)
    y = random.standard_normal((*batch, *((n, k) if right else (k, n)))).astype(dtype)
    first = len(batch)
    axes = ((first + (not left),), (first + right,))

    def function(x: Any, y: Any) -> list[Any]:
        if kind == "prologue":
            x = P["tanh"](x)
        both = (tuple(range(first)),) * 2
        z = P["contract"](x, y, axes=axes, batch=both)
        return [P["tanh"](z * 0.1)] if kind == "scaled" else [z]

    graph = trace(function, [Tensor(x), Tensor(y)])
    close(compiled(target, graph, [x, y]), reference(graph, [x, y]))


# Images large enough for several chunks; lines; volumes; groups; few and many channels.
WINDOWS: dict[str, tuple[tuple[int, ...], tuple[int, ...], dict[str, Any]]] = {
    "large": ((2, 40, 37, 8), (3, 3, 8, 12), {}),
    "padded": ((2, 12, 11, 5), (3, 3, 5, 16), {"padding": ((1, 1), (1, 1))}),
    "one channel": ((3, 28, 27, 1), (5, 3, 1, 6), {"strides": (2, 1)}),
    "dilated": ((2, 15, 14, 4), (3, 2, 4, 7), {"dilation": (2, 3), "padding": ((2, 1), (0, 3))}),
    "depthwise": ((2, 10, 9, 6), (3, 3, 1, 6), {"groups": 6, "padding": ((1, 1), (1, 1))}),
    "groups": ((2, 10, 9, 6), (3, 3, 3, 8), {"groups": 2}),
    "line": ((2, 300, 3), (7, 3, 5), {}),
    "many channels": ((2, 13, 13, 16), (3, 3, 16, 21), {}),
    "many channels, padded": ((2, 9, 12, 32), (2, 3, 32, 16), {"padding": ((1, 1), (1, 1))}),
    "volume": ((1, 6, 7, 8, 3), (2, 3, 2, 3, 4), {}),
    "pointwise": ((2, 9, 7, 10), (1, 1, 10, 6), {"strides": (2, 2)}),
}


@pytest.mark.parametrize("target", [SIMD128, RELAXED], ids=lambda t: t.name)
@pytest.mark.parametrize("name", sorted(WINDOWS))
def test_windows(name: str, target: Target) -> None:
    shape, kernel, changed = WINDOWS[name]
    rank = len(shape) - 2
    params = {
        "strides": (1,) * rank,
        "padding": ((0, 0),) * rank,
        "dilation": (1,) * rank,
        "groups": 1,
        **changed,
    }
    random = np.random.default_rng(3)
    x, w = (random.standard_normal(s).astype(np.float32) for s in (shape, kernel))

    def function(x: Any, w: Any) -> list[Any]:
        y = P["conv"](x, w, **params)
        return [
            P["tanh"](y),
            P["conv_input_gradient"](y, w, input_shape=x.shape, **params),
            P["conv_filter_gradient"](x, y, kernel=w.shape[:-2], **params),
        ]

    graph = trace(function, [Tensor(x), Tensor(w)])
    close(compiled(target, graph, [x, w]), reference(graph, [x, w]))
