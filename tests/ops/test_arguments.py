"""Dtypes in which arguments meet (literal rows of Keras's lattice), shapes, axes, dispatch."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.ops.oracle import shapes
from thalweg import ops
from thalweg.ops.arguments import broadcast_shapes, canonical_axes, canonical_axis, promote
from thalweg.tensor import Variable

# The dtypes of two arguments, of their sum, of their quotient (as keras.backend.result_type says).
PAIRS = [
    ("bool", "bool", "bool", "float32"),
    ("bool", "uint8", "uint8", "float32"),
    ("bool", "int8", "int8", "float32"),
    ("bool", "float16", "float16", "float16"),
    ("bool", "bfloat16", "bfloat16", "bfloat16"),
    ("uint8", "uint8", "uint8", "float32"),
    ("uint8", "int8", "int16", "float32"),
    ("uint8", "uint16", "uint16", "float32"),
    ("uint8", "int16", "int16", "float32"),
    ("uint8", "int64", "int64", "float32"),
    ("uint8", "bfloat16", "bfloat16", "bfloat16"),
    ("uint16", "int8", "int32", "float32"),
    ("uint16", "int16", "int32", "float32"),
    ("uint16", "int32", "int32", "float32"),
    ("uint16", "float16", "float16", "float16"),
    ("uint32", "int8", "int64", "float32"),
    ("uint32", "int32", "int64", "float32"),
    ("uint32", "uint64", "uint64", "float32"),
    ("uint64", "int8", "float32", "float32"),
    ("uint64", "int64", "float32", "float32"),
    ("uint64", "float16", "float16", "float16"),
    ("int8", "int16", "int16", "float32"),
    ("int8", "float16", "float16", "float16"),
    ("int16", "int32", "int32", "float32"),
    ("int32", "int64", "int64", "float32"),
    ("int32", "bfloat16", "bfloat16", "bfloat16"),
    ("int64", "float16", "float16", "float16"),
    ("int64", "float32", "float32", "float32"),
    ("int64", "float64", "float64", "float64"),
    ("float16", "bfloat16", "float32", "float32"),
    ("float16", "float32", "float32", "float32"),
    ("bfloat16", "float32", "float32", "float32"),
    ("float32", "float64", "float64", "float64"),
    ("float16", "complex64", "complex64", "complex64"),
    ("float64", "complex64", "complex128", "complex128"),
    ("complex64", "complex128", "complex128", "complex128"),
]

# A dtype, a Python number beside it, the dtype of the sum.
NUMBERS: list[tuple[str, Any, str]] = [
    ("bool", True, "bool"),
    ("bool", 1, "int32"),
    ("bool", 1.0, "float32"),
    ("uint8", 1, "uint8"),
    ("int8", True, "int8"),
    ("int64", 1, "int64"),
    ("int64", 1.0, "float32"),
    ("float16", 1, "float16"),
    ("bfloat16", 1.0, "bfloat16"),
    ("float32", np.float64(1.0), "float32"),
    ("float32", np.float32(1.0), "float32"),
    ("float16", np.float32(1.0), "float32"),
    ("float64", 1.0, "float64"),
    ("float32", 1j, "complex64"),
    ("float64", 1j, "complex128"),
    ("complex64", 1.0, "complex64"),
]


@pytest.mark.parametrize(("first", "second", "total", "quotient"), PAIRS)
def test_pairs(first: str, second: str, total: str, quotient: str) -> None:
    x, y = ops.ones((2,), first), ops.ones((2,), second)
    for a, b in ((x, y), (y, x), (x, Variable(y)), (x, y[0])):
        assert ops.add(a, b).dtype.name == total
        assert ops.divide(a, b).dtype.name == quotient
        assert ops.where([True, False], a, b).dtype.name == total
        assert ops.equal(a, b).dtype == np.bool_
    assert ops.concatenate([x, y]).dtype.name == total
    assert ops.stack([x, y]).dtype.name == total


@pytest.mark.parametrize(("dtype", "number", "total"), NUMBERS)
def test_python_numbers(dtype: str, number: Any, total: str) -> None:
    x = ops.ones((2,), dtype)
    for found in (ops.add(x, number), ops.add(number, x), ops.where(True, x, number)):
        assert found.dtype.name == total
        assert found.shape == (2,)
    assert ops.add(Variable(x), number).dtype.name == total


def test_lists_and_numbers_alone() -> None:
    assert ops.add([1, 2], [3, 4]).dtype == np.int32
    assert ops.add([1, 2], 0.5).dtype == np.float32
    assert ops.add(1, 2).dtype == np.int32
    assert ops.add(1, 2).shape == ()
    assert ops.multiply(True, False).dtype == np.bool_


@given(shapes(3), shapes(3), shapes(2))
def test_broadcast_shapes(a: Any, b: Any, c: Any) -> None:
    try:
        expected = np.broadcast_shapes(a, b, c)
    except ValueError:
        with pytest.raises(ValueError, match=r"test: shapes .* do not broadcast together"):
            broadcast_shapes("test", a, b, c)
        return
    assert broadcast_shapes("test", a, b, c) == expected


def test_broadcasting_errors_name_the_operation_and_the_shapes() -> None:
    with pytest.raises(
        ValueError, match=r"add: shapes \(2,\) and \(3,\) do not broadcast together"
    ):
        ops.ones(2) + ops.ones(3)
    with pytest.raises(ValueError, match=r"maximum: shapes \(2, 2\) and \(3, 2\) do not"):
        ops.maximum(np.ones((2, 2)), np.ones((3, 2)))


def test_constants_cost_one_element() -> None:
    _, half = promote("add", ops.ones((1000, 1000)), 0.5)
    assert half._value.strides == (0, 0)


@given(st.integers(-4, 4), st.integers(0, 4))
def test_axes(axis: int, rank: int) -> None:
    if -rank <= axis < rank:
        assert canonical_axis("test", axis, rank) == axis % rank
        assert canonical_axes("test", axis, rank) == (axis % rank,)
    else:
        with pytest.raises(ValueError, match=f"test: axis {axis} is out of range for a tensor"):
            canonical_axis("test", axis, rank)


class Symbol:
    """What a symbolic tensor of a functional model looks like to an operation."""

    def __init__(self) -> None:
        self.calls: list[Any] = []

    def __symbolic_call__(self, function: Any, args: Any, kwargs: Any) -> str:
        self.calls.append((function.__name__, args, kwargs))
        return "called"


def test_operations_give_way_to_symbolic_arguments() -> None:
    x = Symbol()
    calls: list[Any] = [
        lambda: ops.add(x, 1),
        lambda: ops.add(1, x2=x),
        lambda: ops.concatenate([ops.ones(2), x]),
        lambda: ops.where(True, x, 0),
        lambda: ops.stack(x=(1, [x])),
    ]
    for call in calls:
        assert call() == "called"
    names = ["add", "add", "concatenate", "where", "stack"]
    assert [name for name, _, _ in x.calls] == names
