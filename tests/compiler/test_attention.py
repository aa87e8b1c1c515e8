"""Kernels of attention and its gradient against NumPy: sizes, masks, dtypes, workers, targets."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.compiler.agreement import compiled, reference
from tests.compiler.flows import flow_of
from tests.compiler.jit import TARGETS
from tests.compiler.kernels import Kernel
from tests.primitives.test_attention import Problem, numbers, problems
from thalweg import ops
from thalweg.autodiff import GradientTape
from thalweg.compiler.dims import Dim, product
from thalweg.compiler.ir.expression import Buffer
from thalweg.compiler.ir.program import HostCall, Special
from thalweg.compiler.lower.blocks import lower
from thalweg.compiler.target import Target
from thalweg.primitives import Primitive
from thalweg.primitives.attention import attention, attention_gradient
from thalweg.primitives.graph import trace
from thalweg.tensor import Tensor

Array = np.ndarray[Any, Any]

TOLERANCES = {"float64": 1e-12, "float32": 2e-5, "float16": 4e-3, "bfloat16": 4e-2}
# Bytes behind each array that must stay as they are.
_FENCE = 64


def run(
    primitive: Primitive,
    inputs: list[Array],
    params: dict[str, Any],
    target: Target,
    workers: int = 1,
) -> list[Array]:
    """What the kernel gives, rendered for any batch; it must stay within its memory."""
    n = inputs[0].shape[0]

    def described(kind: str, array: Any) -> tuple[Buffer, tuple[Dim, ...]]:
        batch = Dim(1, 0) if array.shape[0] == n and n > 1 else Dim(0, array.shape[0])
        shape = batch, *map(Dim.of, array.shape[1:])
        return Buffer(kind, array.dtype, product(shape)), shape

    specs = primitive.specs(*[Tensor(x) for x in inputs], **params)
    read = [described("input", x) for x in inputs]
    written = [described("output", x) for x in specs]
    made = Special(primitive.name, params, tuple(read), tuple(written))
    kernel = Kernel(made, target)
    held = dict(zip([b for b, _ in read], map(fenced, inputs), strict=True))
    for (buffer, _), spec in zip(written, specs, strict=True):
        # What is not written shows.
        held[buffer] = fenced(np.full(spec.shape, np.nan, spec.dtype))
    scratch = np.full(kernel.rendered.scratch.at(n) + 64 + _FENCE, 0xFF, np.uint8)
    begin = -scratch.ctypes.data % 64
    end = begin + kernel.rendered.scratch.at(n)
    for worker in range(workers):
        scratch[begin:end] = 0xFF  # NaN, of any float
        pointers = [held[b].ctypes.data for b in kernel.rendered.buffers]
        kernel.call(*pointers, n, worker, workers, scratch.ctypes.data + begin)
    assert (scratch[end:] == 0xFF).all()
    for memory in held.values():
        assert (memory[-_FENCE:] == 0x5A).all()
    return [
        held[buffer][:-_FENCE].view(spec.dtype).reshape(spec.shape)
        for (buffer, _), spec in zip(written, specs, strict=True)
    ]


def fenced(array: Array) -> Array:
    """The bytes of an array, and a fence behind them."""
    fence = np.full(_FENCE, 0x5A, np.uint8)
    return np.concatenate([np.ascontiguousarray(array).reshape(-1).view(np.uint8), fence])


def assert_near(found: Array, wanted: Array, tolerance: float) -> None:
    """Equal up to a share of the largest number; infinities exactly."""
    assert found.dtype == wanted.dtype
    a, b = found.astype(np.float64), wanted.astype(np.float64)
    np.testing.assert_array_equal(np.isfinite(a), np.isfinite(b))
    a, b = np.where(np.isfinite(b), a, 0), np.where(np.isfinite(b), b, 0)
    scale = max(1.0, float(np.abs(b).max(initial=0)))
    np.testing.assert_allclose(a / scale, b / scale, rtol=0, atol=tolerance)


def check(p: Problem, target: Target, workers: int = 1) -> None:
    """Both kernels of a problem."""
    q, k, v, g = p.arrays
    tolerance = TOLERANCES[q.dtype.name]
    wanted = [np.asarray(x) for x in attention.evaluate(q, k, v, *p.mask, **p.params)]
    found = run(attention, [q, k, v, *p.mask], p.params, target, workers)
    for a, b in zip(found, wanted, strict=True):
        assert_near(a, b, tolerance)
    inputs = [q, k, v, *wanted, g, *p.mask]
    gradients = attention_gradient.evaluate(*inputs, **p.params)
    for a, b in zip(
        run(attention_gradient, inputs, p.params, target, workers), gradients, strict=True
    ):
        assert_near(a, np.asarray(b), tolerance)


def problem(
    shape: tuple[int, int, int, int, int, int, int],
    mask: tuple[int, ...] | None = None,
    causal: bool = False,
    dtype: str = "float32",
) -> Problem:
    """An attention of (batch, times, sources, heads, key heads, size, value size)."""
    batch, times, sources, heads, groups, size, value = shape
    shapes = [
        (batch, times, heads, size),
        (batch, sources, groups, size),
        (batch, sources, groups, value),
        (batch, times, heads, value),
    ]
    q, k, v, g = (numbers(s, i, dtype) for i, s in enumerate(shapes))
    masks: tuple[Array, ...] = ()
    if mask is not None:
        seen = numbers((*mask, sources), 9) > -0.5
        seen[0, 0, 0] = False
        masks = (seen,)
    return Problem((q, k, v, g), masks, {"scale": 0.3, "causal": causal})


@given(
    problems(tuple(sorted(TOLERANCES)), longest=40, largest=20),
    st.sampled_from(TARGETS),
    st.integers(1, 3),
)
@settings(max_examples=8, deadline=None)
def test_random(p: Problem, target: Target, workers: int) -> None:
    check(p, target, workers)


@pytest.mark.parametrize("target", TARGETS, ids=lambda t: t.name)
def test_several_blocks(target: Target) -> None:
    """More sources and times than a block has, neither a multiple of anything; heads in groups."""
    check(problem((2, 37, 531, 4, 2, 20, 9), (2, 1, 37)), target, 3)


@pytest.mark.parametrize(
    "p",
    [
        problem((1, 300, 70, 2, 1, 8, 8), causal=True),
        problem((2, 70, 300, 2, 2, 16, 4), (2, 1, 1), causal=True),
        problem((3, 33, 33, 3, 1, 5, 33), (1, 3, 33), causal=True, dtype="float64"),
        problem((2, 130, 130, 1, 1, 32, 32), causal=True, dtype="bfloat16"),
        problem((1, 1, 9, 1, 1, 1, 1)),
        problem((2, 9, 9, 2, 1, 1, 2)),
        problem((1, 17, 1, 2, 1, 130, 70), (1, 1, 1)),
    ],
)
def test_shapes(p: Problem) -> None:
    check(p, TARGETS[0], 2)


def test_large_scores() -> None:
    """Running maxima keep the powers finite; what is far below them is zero."""
    p = problem((1, 20, 300, 1, 1, 4, 4), dtype="float64")
    q, k, v, g = p.arrays
    check(Problem((q * 100, k * 100, v, g), (), {"scale": 1.0, "causal": False}), TARGETS[0])


def test_nan_stays_in_its_rows() -> None:
    p = problem((1, 40, 200, 1, 1, 4, 4))
    q, k, v, _ = p.arrays
    q[0, 7, 0, 2] = np.nan
    out, _ = run(attention, [q, k, v], p.params, TARGETS[0])
    np.testing.assert_array_equal(np.isnan(out[0, :, 0, 0]), np.arange(40) == 7)
    k[0, 150, 0, 1] = np.inf
    out, _ = run(attention, [q, k, v], p.params, TARGETS[0])
    with np.errstate(invalid="ignore"):
        wanted = attention.evaluate(q, k, v, **p.params)[0]
    np.testing.assert_array_equal(np.isnan(out), np.isnan(wanted))


def test_one_buffer_for_query_key_and_value() -> None:
    x = numbers((2, 20, 2, 8), 0, "float32")
    params = {"scale": 0.5, "causal": False}
    shape = Dim(1, 0), Dim(0, 20), Dim(0, 2), Dim(0, 8)
    buffer = Buffer("input", x.dtype, product(shape))
    outputs = [
        (Buffer("output", x.dtype, product(s)), s) for s in (shape, (shape[0], shape[2], shape[1]))
    ]
    kernel = Kernel(
        Special("attention", params, ((buffer, shape),) * 3, tuple(outputs)), TARGETS[0]
    )
    found = [np.zeros((2, 20, 2, 8), np.float32), np.zeros((2, 2, 20), np.float32)]
    kernel({buffer: x, **dict(zip([b for b, _ in outputs], found, strict=True))}, 2)
    for a, b in zip(found, attention.evaluate(x, x, x, **params), strict=True):
        assert_near(a, np.asarray(b), 1e-5)


@pytest.mark.parametrize("masked", [False, True])
def test_operation_and_gradient_in_a_program(masked: bool) -> None:
    arrays = [numbers((2, 70, 4, 8), i, "float32") for i in range(4)]
    mask = numbers((2, 1, 1, 70), 5) > -1

    def step(q: Any, k: Any, v: Any, g: Any, seen: Any) -> list[Any]:
        with GradientTape() as tape:
            tape.watch([q, k, v])
            visible = seen if masked else None
            y = ops.dot_product_attention(q, k, v, mask=visible, is_causal=True)
        return [y, *tape.gradient(y, [q, k, v], output_gradients=g)]

    graph = trace(step, [Tensor(x) for x in (*arrays, mask)])
    assert {"attention", "attention_gradient"} <= {n.primitive.name for n in graph.nodes}
    inputs = [*arrays, mask]
    for a, b in zip(compiled(graph, inputs), reference(graph, inputs), strict=True):
        assert_near(a, np.asarray(b), 2e-5)


def test_batch_is_any() -> None:
    """Traced for several batches it is one kernel; where times depend on the batch, NumPy's."""
    shape = (None, 70, 2, 8)

    def fused(q: Any, k: Any) -> Any:
        return ops.dot_product_attention(q, k, k)

    def across(q: Any) -> Any:
        return attention(*[ops.transpose(q, (1, 0, 2, 3))] * 3, scale=1.0, causal=False)[0]

    (launch,) = lower(flow_of(fused, (shape, "float32"), (shape, "float32")), 0, 8).launches
    assert isinstance(launch, Special)
    launches = lower(flow_of(across, (shape, "float32")), 0, 8).launches
    assert any(isinstance(x, HostCall) for x in launches)
