"""Statistics against NumPy."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.gradients import check_gradients
from tests.ops.oracle import FLOATS, NUMBERS, close, exactly, shapes, values
from tests.ops.test_reduction import some_axes
from thalweg import ops
from thalweg.primitives import evaluate_graph, trace
from thalweg.tensor import TensorSpec


@pytest.mark.parametrize("name", ["var", "std"])
@given(shape=shapes(min_side=1), data=st.data(), keepdims=st.booleans())
@settings(max_examples=15)
def test_var_and_std(
    name: str, shape: tuple[int, ...], data: st.DataObject, keepdims: bool
) -> None:
    axis = some_axes(data, len(shape))
    for dtype in (*NUMBERS, "complex64"):
        x = values(dtype, shape, 0)
        found = getattr(ops, name)(x, axis=axis, keepdims=keepdims)
        close(found, getattr(np, name)(exactly(x), axis=axis, keepdims=keepdims), scale=8)


def test_half_precision_variance_is_computed_in_full() -> None:
    x = np.array([100.0, -100.0] * 500, np.float16)
    assert float(ops.var(x)) == 10000.0
    assert float(ops.std(x)) == 100.0


@given(shape=shapes(min_rank=1, min_side=1), data=st.data())
@settings(max_examples=20)
def test_average(shape: tuple[int, ...], data: st.DataObject) -> None:
    axis = data.draw(st.none() | st.integers(-len(shape), len(shape) - 1))
    for dtype in FLOATS:
        x, weights = values(dtype, shape, 0), values(dtype, shape, 1, 0.5, 2)
        close(ops.average(x, axis), np.average(exactly(x), axis), scale=8)
        close(
            ops.average(x, axis, weights), np.average(exactly(x), axis, exactly(weights)), scale=8
        )
        if axis is not None:
            line = values(dtype, (shape[axis],), 1, 0.5, 2)
            close(ops.average(x, axis, line), np.average(exactly(x), axis, exactly(line)), scale=8)


def test_corrcoef() -> None:
    x = values("float64", (3, 10), 0)
    close(ops.corrcoef(x), np.corrcoef(x))
    close(ops.corrcoef(x[0]), np.corrcoef(x[0]))
    z = values("complex128", (2, 10), 0)
    close(ops.corrcoef(z), np.corrcoef(z))
    assert ops.corrcoef(np.arange(6).reshape(2, 3)).dtype == np.float64
    assert ops.corrcoef(np.arange(6, dtype=np.int32).reshape(2, 3)).dtype == np.float32
    check_gradients(ops.corrcoef, x[:, :4], order=2, atol=1e-4)


@pytest.mark.parametrize("dtype", ["int8", "int32", "uint8", "int64"])
def test_bincount(dtype: str) -> None:
    x = values(dtype, (20,), 0, 0, 9)
    weights = values("float32", (20,), 1)
    for minimum in (0, 3, 30):
        close(ops.bincount(x, minlength=minimum), np.bincount(x, minlength=minimum))
        found = ops.bincount(x, weights, minlength=minimum)
        np.testing.assert_allclose(np.asarray(found), np.bincount(x, weights, minimum), 1e-5, 1e-6)
    rows = values(dtype, (3, 5), 0, 0, 4)
    expected = np.stack([np.bincount(row, minlength=rows.max() + 1) for row in rows])
    close(ops.bincount(rows), expected)


def test_bincount_of_nothing_and_errors() -> None:
    close(ops.bincount(np.zeros(0, np.int32)), np.zeros(0, np.int32))
    check_gradients(lambda w: ops.bincount(np.array([1, 1, 3]), w) ** 2, [1.0, 2.0, 3.0], order=2)
    for x, message in (([0.5], "must hold integers"), ([-1], "must not be negative, got -1")):
        with pytest.raises(ValueError, match=f"bincount: x {message}"):
            ops.bincount(x)
    with pytest.raises(ValueError, match="bincount: weights must have the shape of x"):
        ops.bincount([1, 2], [1.0])
    with pytest.raises(TypeError, match="bincount: the length of the result depends on values"):
        trace(lambda x: [ops.bincount(x)], [TensorSpec((3,), "int32")])


@given(size=st.integers(0, 40), bins=st.integers(1, 6), seed=st.integers(0, 9))
@settings(max_examples=25)
def test_histogram(size: int, bins: int, seed: int) -> None:
    x = np.rint(values("float64", (size,), seed) * 4) / 4  # many on an edge
    edges = np.array([-2.0, -1.0, 0.25, 3.0])
    arguments: list[Any] = [(bins, None), (bins, (-1.0, 2.0)), (edges, None)]
    for one, limits in arguments:
        counts, found = ops.histogram(x, one, limits)
        expected, expected_edges = np.histogram(x, one, limits)
        close(found, expected_edges)
        # Edges that are not exact may sort a value that lies on one differently.
        if one is edges or (limits is None and bins in (1, 2, 4)):
            np.testing.assert_array_equal(np.asarray(counts), expected)
        assert float(ops.sum(counts)) == expected.sum()


def test_histogram_leaves_out_nan_and_can_be_traced() -> None:
    counts, edges = ops.histogram([1.0, float("nan"), 2.0], bins=2, range=(0, 2))
    assert counts.tolist() == [0.0, 2.0]
    assert edges.tolist() == [0.0, 1.0, 2.0]
    graph = trace(lambda x: ops.histogram(x, 4), [TensorSpec((5,), "float64")])
    x = np.array([0.0, 1.0, 1.5, 4.0, 4.0])
    found = evaluate_graph(graph, [x], [np.asarray(c) for c in graph.captured])
    np.testing.assert_array_equal(found[0], np.histogram(x, 4)[0])
    with pytest.raises(ValueError, match="histogram: bins must be at least 1, got 0"):
        ops.histogram(x, 0)


def test_gradients() -> None:
    x, w = values("float64", (3, 4), 0), values("float64", (4,), 1, 0.5, 2)
    check_gradients(lambda x: ops.var(x, 1), x, order=2)
    check_gradients(lambda x: ops.std(x, (0, 1)), x, order=2, atol=1e-5)
    check_gradients(lambda x, w: ops.average(x, 1, w), x, w, order=2, atol=1e-5)
    check_gradients(lambda z: ops.var(z), values("complex128", (4,), 2), order=2)


def test_average_errors() -> None:
    with pytest.raises(ValueError, match=r"average: weights must have the shape of x or one axis"):
        ops.average(ops.zeros((2, 3)), 0, [1.0, 2.0, 3.0])
