"""Casts and views."""

from __future__ import annotations

import itertools

import ml_dtypes
import numpy as np
import pytest

from tests.gradients import check_gradients
from tests.ops.oracle import FLOATS, INTEGERS, values
from thalweg import ops
from thalweg.tensor import Variable

ALL = (*FLOATS, *INTEGERS, "bool", "complex64", "complex128")


@pytest.mark.parametrize(("source", "target"), list(itertools.product(ALL, ALL)))
def test_cast(source: str, target: str) -> None:
    x = values(source, (3, 2), 0, 0, 100)
    found = ops.cast(x, target)
    assert found.dtype.name == target
    real = x.real if x.dtype.kind == "c" and not target.startswith(("c", "b")) else x
    if source == "bool" or target == "bool" or "float16" not in source:
        expected = real.astype(found.dtype)
    else:
        expected = real.astype(np.float32).astype(found.dtype)
    np.testing.assert_array_equal(np.asarray(found), expected)


def test_floats_are_cut_towards_zero() -> None:
    for dtype in FLOATS:
        assert ops.cast(ops.cast([1.7, -1.7], dtype), "int32").tolist() == [1, -1]


def test_gradient_of_a_cast() -> None:
    check_gradients(
        lambda x: ops.cast(ops.cast(x, "complex128"), "float64") * x, [1.0, 2.0], order=2
    )


@pytest.mark.parametrize("function", [ops.convert_to_tensor, ops.array])
def test_from_values(function: object) -> None:
    assert callable(function)
    assert function([1, 2]).dtype == np.int32
    assert function([1.5, 2]).dtype == np.float32
    assert function(2**40).dtype == np.int64
    assert function([True]).dtype == np.bool_
    assert function(np.ones(2)).dtype == np.float64
    assert function(np.ones(2), "float16").dtype == np.float16
    v = Variable([1.0, 2.0])
    assert function([v, v]).shape == (2, 2)
    assert function([[v[0], 1.0], [2.0, v[1]]]).tolist() == [[1.0, 1.0], [2.0, 2.0]]
    with pytest.raises(ValueError, match="rows of equal length"):
        function([[1], [1, 2]])


def test_what_comes_from_an_array_is_a_copy() -> None:
    a = np.zeros(2)
    t, u = ops.array(a), ops.copy(a)
    a[0] = 1
    assert t.tolist() == u.tolist() == [0.0, 0.0]


@pytest.mark.parametrize(
    ("source", "target"),
    [
        ("float32", "int32"),
        ("uint8", "int8"),
        ("int64", "float64"),
        ("bfloat16", "float16"),
        ("float64", "uint8"),
        ("uint8", "float64"),
        ("int32", "float16"),
        ("float16", "int64"),
        ("uint32", "uint64"),
        ("complex64", "int64"),
        ("float32", "float32"),
    ],
)
def test_view(source: str, target: str) -> None:
    x = values(source, (3, 8), 0, -50, 50)
    dtype = ml_dtypes.bfloat16 if target == "bfloat16" else target
    found = ops.view(x, target)
    expected = x.view(dtype)
    assert found.shape == expected.shape
    assert np.asarray(found).tobytes() == expected.tobytes()


def test_views_that_do_not_fit() -> None:
    with pytest.raises(ValueError, match=r"view: the last axis .* 3 bytes are not whole elements"):
        ops.view(ops.zeros((2, 3), "uint8"), "int16")
    with pytest.raises(TypeError, match="view: bool cannot be read as int8"):
        ops.view([True], "int8")
