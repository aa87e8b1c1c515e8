"""New tensors against NumPy."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.gradients import check_gradients
from tests.ops.oracle import close, values
from thalweg import config, ops
from thalweg.primitives import trace


@pytest.mark.parametrize(("name", "value"), [("zeros", 0), ("ones", 1), ("empty", 0)])
def test_constants(name: str, value: int) -> None:
    make, like = getattr(ops, name), getattr(ops, name + "_like")
    close(make((2, 3)), np.full((2, 3), value, np.float32))
    close(make(2, dtype="int8"), np.full(2, value, np.int8))
    close(make([]), np.full((), value, np.float32))
    close(like(np.arange(3, dtype=np.int64)), np.full(3, value))
    close(like([[1.5]], dtype="bool"), np.full((1, 1), bool(value)))
    with pytest.raises(ValueError, match=f"{name}: shape must not have negative lengths"):
        make((2, -1))
    with pytest.raises(TypeError, match=f"{name}: shape must be whole numbers"):
        make((2, 1.5))


def test_the_default_float_dtype() -> None:
    config.set_floatx("float64")
    try:
        for made in (ops.zeros(2), ops.eye(2), ops.tri(2), ops.arange(2.0), ops.linspace(0, 1, 3)):
            assert made.dtype == np.float64
    finally:
        config.set_floatx("float32")


def test_full() -> None:
    close(ops.full((2, 3), 7), np.full((2, 3), 7, np.int32))
    close(ops.full((2, 3), 0.5, "float16"), np.full((2, 3), 0.5, np.float16))
    close(ops.full((2, 3), [1, 2, 3]), np.full((2, 3), [1, 2, 3]))
    close(ops.full_like([1.0, 2.0], 3), np.full(2, 3, np.float32))
    close(ops.full_like([1.0, 2.0], 3, dtype="int16"), np.full(2, 3, np.int16))
    check_gradients(lambda v: ops.full((2, 3), v), np.array(2.0))


@pytest.mark.parametrize(
    "arguments",
    [(5,), (0,), (2, 7), (7, 2), (7, 2, -2), (1, 10, 3), (0.5, 3), (3.0,), (0, 1, 0.1), (-3, 3, 2)],
)
def test_arange(arguments: tuple[Any, ...]) -> None:
    found, expected = ops.arange(*arguments), np.arange(*arguments)
    assert found.dtype == (np.int32 if expected.dtype.kind == "i" else np.float32)
    close(found, expected)
    for dtype in ("float16", "int64", "uint8"):
        if expected.min(initial=0) >= 0:
            close(ops.arange(*arguments, dtype=dtype), expected.astype(dtype))


def test_arange_with_tensors_and_errors() -> None:
    close(ops.arange(ops.array(3)), np.arange(3, dtype=np.int32))
    assert ops.arange(np.int64(3)).dtype == np.int64
    assert ops.arange(0, np.float64(3)).dtype == np.float32
    with pytest.raises(ValueError, match="arange: step must not be 0"):
        ops.arange(0, 3, 0)


@given(n=st.integers(0, 4), m=st.none() | st.integers(0, 4), k=st.integers(-5, 5))
@settings(max_examples=40)
def test_eye_and_tri(n: int, m: int | None, k: int) -> None:
    close(ops.eye(n, m, k), np.eye(n, m, k, np.float32))
    close(ops.tri(n, m, k, dtype="int32"), np.tri(n, m, k, np.int32))
    close(ops.identity(n, "bool"), np.identity(n, np.bool_))
    x = values("int32", (2, n, n if m is None else m), 0)
    close(ops.tril(x, k), np.tril(x, k))
    close(ops.triu(x, k), np.triu(x, k))


def test_triangles() -> None:
    check_gradients(ops.tril, values("float64", (2, 3), 0), order=2)
    check_gradients(ops.triu, values("float64", (2, 2, 3), 0), order=2)
    with pytest.raises(ValueError, match="tril: x needs at least two axes"):
        ops.tril([1.0])


def test_constants_in_a_trace_are_small() -> None:
    """A graph holds one element of a constant, and counting as a step instead of data."""
    graph = trace(
        lambda x: [x + ops.zeros((1000,)) + ops.arange(1000, dtype="float32")], [ops.zeros((1000,))]
    )
    for outer, _ in graph.captures:
        assert outer._value.strides == (0,)
    assert "iota" in [node.primitive.name for node in graph.nodes]
