"""Every primitive as shaders gives what its NumPy reference gives, or says that it cannot."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.compiler import test_primitives_batches as batches
from tests.compiler.agreement import agree, assert_agree
from tests.compiler.cases import BINARY, CASES, STRUCTURE, UNARY, Case
from tests.compiler.draws import numbers
from tests.compiler.flows import SIZES, Shape, traced
from tests.compiler.test_primitives_alone import check_together
from tests.compiler.test_primitives_chains import check_surrounded
from tests.compiler.test_primitives_loops import looped, variants
from tests.compiler.wgsl_agreement import shaded, shaded_batches
from thalweg import ops
from thalweg.compiler.compile import compile_graph
from thalweg.compiler.render.wgsl.forms import supported
from thalweg.compiler.render.wgsl.layout import Layout
from thalweg.compiler.render.wgsl.program import render
from thalweg.primitives import PRIMITIVES as P
from thalweg.primitives.graph import evaluate_graph, trace
from thalweg.primitives.host import Field
from thalweg.tensor.dtypes import DTYPES, DType, float32
from thalweg.tensor.tensor import Tensor, TensorSpec

Array = np.ndarray[Any, Any]

HERE = sorted(name for name, dtype in DTYPES.items() if supported(dtype))
ELEMENTWISE = {*UNARY, *BINARY}
# Their inputs or outputs are complex numbers, which WebGPU has not.
COMPLEX = {"complex", "conjugate", "eig", "fft", "imag", "real"}
SETTINGS = settings(
    max_examples=1,
    deadline=None,
    database=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.filter_too_much],
)


def possible(case: Case) -> bool:
    """Whether WebGPU has all dtypes of a case, and there is something to compute."""
    inputs = [(x.dtype, x.size) for x in case.inputs]
    outputs = case.primitive.specs(*case.inputs, **case.params)
    return all(supported(d) and size for d, size in inputs) and all(
        supported(x.dtype) for x in outputs
    )


def cases(name: str, count: int = 1) -> st.SearchStrategy[list[Case]]:
    """So many cases, not the smallest ones that there are."""
    some = st.lists(CASES[name].filter(possible), min_size=count, max_size=count)
    return some.filter(lambda found: sum(map(elements, found)) >= 8 * count)


def elements(case: Case) -> int:
    """How many numbers come and go."""
    outputs = case.primitive.specs(*case.inputs, **case.params)
    return sum(math.prod(x.shape) for x in (*case.inputs, *outputs))


# --- alone, and for any batch ---------------------------------------------------------------------


@pytest.mark.parametrize("name", sorted({*CASES} - ELEMENTWISE - COMPLEX))
@given(data=st.data())
@SETTINGS
def test_alone(name: str, data: st.DataObject) -> None:
    check_together(data.draw(cases(name, 4)), shaded)


def check(
    function: Callable[..., Any],
    shapes: tuple[tuple[Shape, str], ...],
    ulps: float,
    sizes: Sequence[int],
    wild: bool = False,
) -> None:
    """Render for all batch sizes, and compare at some of them with a trace for just that size."""
    traces = [traced(function, shapes, n) for n in SIZES]
    run = shaded_batches(traces, SIZES, max(sizes))
    for n in sizes:
        graph, inputs = traced(function, shapes, n), batches.arrays(shapes, n, wild)
        wanted = evaluate_graph(graph, inputs, [np.asarray(x) for x in graph.captured])
        for k, (a, b) in enumerate(zip(run(inputs, n), wanted, strict=True)):
            assert_agree(a, b, ulps, f"output {k} for a batch of {n}\n{graph}")


# Of primitives that are tried together the first one stands for all; `cast` makes float64.
TOGETHER = {f: name for name, (_, f) in sorted(batches.FUNCTIONS.items(), reverse=True)}


@pytest.mark.parametrize("name", sorted({*TOGETHER.values()} - COMPLEX - {"cast"}))
def test_batches(name: str) -> None:
    shapes, function = batches.FUNCTIONS[name]
    check(function, shapes, 0.0, (1, 9))


def test_lengths_that_are_zero_for_some_batches() -> None:
    check(batches.differences, (((None, 3), "float32"),), 0.0, (1, 9))


@pytest.mark.parametrize("dtype", HERE)
@pytest.mark.parametrize("count", [1, 2])
def test_elementwise(count: int, dtype: str) -> None:
    table = {k: v for k, v in (UNARY, BINARY)[count - 1].items() if k not in COMPLEX}

    def function(*xs: Any) -> list[Any]:
        return [P[name](*xs) for name, accepted in table.items() if dtype in accepted]

    wild = count == 1 and dtype.startswith("float")
    check(function, (((None, 3), dtype),) * count, 64.0, (40,), wild)


# --- among others ---------------------------------------------------------------------------------

# One of each family.
SOME = ("argsort", "concat", "contract", "conv", "cumsum", "dynamic_update_slice", "gather",
        "random_bits", "reduce_sum", "scatter", "solve", "window_scatter")  # fmt: skip


@pytest.mark.parametrize("name", SOME)
@given(data=st.data(), seed=st.integers(0, 10**6))
@SETTINGS
def test_surrounded(name: str, data: st.DataObject, seed: int) -> None:
    check_surrounded(data.draw(cases(name)), seed, shaded)


@pytest.mark.parametrize("name", SOME)
@given(data=st.data(), seed=st.integers(0, 10**6))
@SETTINGS
def test_looped(name: str, data: st.DataObject, seed: int) -> None:
    """In the bodies of scans, loops and branches."""
    (case,), random = data.draw(cases(name)), np.random.default_rng(seed)
    sequences = [bool(random.integers(0, 2)) for _ in case.inputs]
    turned = case.primitive.family != "linalg" and name != "dynamic_slice"
    pairs = zip(case.inputs, sequences, strict=True)
    arrays = [variants(x, turned) if each else x for x, each in pairs]
    turns = np.asarray(random.integers(0, 4), np.int32)
    reverse = bool(random.integers(0, 2))
    agree(looped(case, sequences, reverse), [turns, *arrays], case.ulps, run=shaded)


def test_effects(capsys: pytest.CaptureFixture[str]) -> None:
    """What is printed and checked happens in Python, between shaders."""

    def function(x: Any) -> list[Any]:
        def step(total: Any, y: Any) -> Any:
            text = "so far ", Field(0)
            P["print"](total, parts=text, end="\n", file="stdout", flush=False)
            return total + y, ()

        return [ops.scan(step, ops.zeros_like(x[0]), x)[0]]

    x = np.arange(3, dtype=np.float32)
    shaded(trace(function, [Tensor(x)]), [x])
    assert capsys.readouterr().out == "so far 0.0\nso far 0.0\nso far 1.0\n"


# --- what WebGPU has not --------------------------------------------------------------------------

# One for each kind of kernel.
KINDS: dict[str, Callable[[Any], Any]] = {
    "contract": lambda x: P["contract"](x, x, axes=((1,), (0,)), batch=((), ())),
    "loops": lambda x: P["neg"](x),
    "scan": lambda x: ops.scan(lambda c, y: (c + y, c), x[0], x)[1],
    "special": lambda x: P["cumsum"](x, axis=0, reverse=False),
}
MISSING = ("complex128", "complex64", "float64", "int64", "uint64")


@pytest.mark.parametrize("dtype", MISSING)
@pytest.mark.parametrize("kind", sorted(KINDS))
def test_dtypes_that_webgpu_has_not_are_refused(kind: str, dtype: str) -> None:
    assert_refused(KINDS[kind], DTYPES[dtype], dtype)


@pytest.mark.parametrize("dtype", ["complex128", "complex64", "float64", "uint64"])
def test_copies_are_refused_as_well(dtype: str) -> None:
    assert_refused(lambda x: P["reshape"](x, shape=(9,)), DTYPES[dtype], dtype)


def test_int64_is_moved_and_compared_as_int32() -> None:
    """What labels and indices need, for numbers that int32 holds."""

    def function(x: Any, i: Any, u: Any) -> list[Any]:
        cast = P["cast"]
        return [
            P["gather"](x, i, axis=0),
            P["scatter"](x, i, u, axis=0, mode="add"),
            P["argsort"](i, axis=0),
            P["argmax"](i, axis=0),
            P["dynamic_slice"](x, i[:2], size=(2, 1)),
            P["dynamic_update_slice"](x, u[:2], i[:2]),
            P["eq"](i, P["reverse"](i, axes=(0,))),
            P["max"](i, P["reverse"](i, axes=(0,))),
            cast(i, dtype=DTYPES["float32"]),
            cast(cast(x, dtype=DTYPES["bool"]), dtype=DTYPES["int64"]),
        ]

    indices = np.array([3, -1, 0, 2, 3])
    agree(function, [numbers(float32, (4, 3), 0), indices, numbers(float32, (5, 3), 1)], run=shaded)


@pytest.mark.parametrize("name", sorted({"eig", "fft", "inv"}))
def test_what_numpy_computes_is_refused_in_dtypes_that_webgpu_has_not(name: str) -> None:
    params = {"kind": "rfft", "axes": (1,)} if name == "fft" else {}
    missing = "float64" if name == "inv" else "complex64"

    def function(x: Any) -> Any:
        found = P[name](x, **params)
        return found[0] if P[name].multiple else found

    assert_refused(function, DTYPES["float64" if name == "inv" else "float32"], missing)


def assert_refused(function: Callable[[Any], Any], dtype: DType, missing: str) -> None:
    """That one sentence names the kernel and what is missing."""
    graph = trace(lambda x: [function(x)], [TensorSpec((3, 3), dtype)])
    program = compile_graph(graph, 0).program()
    with pytest.raises(TypeError, match=rf"^WebGPU has no {missing}, which .+ cpu device.*\.$"):
        render(program, Layout.of(program))


def test_every_primitive_is_tried() -> None:
    assert {*CASES, *STRUCTURE} == set(P)
    assert {*SOME} <= {*CASES}
