"""Arithmetic against NumPy: values for random shapes and dtypes, special values, gradients."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.gradients import check_gradients
from tests.ops.oracle import FLOATS, INTEGERS, NUMBERS, close, exactly, shapes, silently, values
from thalweg import ops
from thalweg.autodiff import GradientTape

Function = Callable[..., Any]

# name, NumPy's function, dtypes, range of the first argument, of the second
UNARY: list[tuple[str, Function, tuple[str, ...], tuple[float, float]]] = [
    ("negative", np.negative, (*FLOATS, "int32", "int64", "complex64"), (-3, 3)),
    ("absolute", np.absolute, (*FLOATS, "int8", "int64", "complex64", "bool"), (-3, 3)),
    ("abs", np.absolute, (*FLOATS, "int8", "int64", "complex128"), (-3, 3)),
    ("fabs", np.abs, NUMBERS, (-3, 3)),
    ("sign", np.sign, (*NUMBERS, "complex64"), (-3, 3)),
    ("square", np.square, (*NUMBERS, "complex64"), (-3, 3)),
    ("reciprocal", lambda x: 1 / x, (*NUMBERS, "complex64"), (1, 3)),
]
BINARY: list[tuple[str, Function, tuple[str, ...], tuple[float, float], tuple[float, float]]] = [
    ("add", np.add, (*NUMBERS, "bool", "complex64"), (-3, 3), (-3, 3)),
    ("subtract", np.subtract, (*FLOATS, "int8", "int64", "complex64"), (-3, 3), (-3, 3)),
    ("multiply", np.multiply, (*NUMBERS, "bool", "complex64"), (-3, 3), (-3, 3)),
    ("divide", np.divide, (*NUMBERS, "complex64"), (-3, 3), (1, 3)),
    ("true_divide", np.divide, NUMBERS, (-3, 3), (1, 3)),
    ("divide_no_nan", np.divide, NUMBERS, (-3, 3), (1, 3)),
    ("floor_divide", np.floor_divide, INTEGERS, (-9, 9), (1, 4)),
    ("mod", np.mod, INTEGERS, (-9, 9), (1, 4)),
    ("fmod", np.fmod, INTEGERS, (-9, 9), (1, 4)),
    ("power", np.power, (*FLOATS, "int8", "uint8", "int64"), (1, 3), (0, 3)),
    ("heaviside", np.heaviside, FLOATS, (-3, 3), (-3, 3)),
    ("hypot", lambda a, b: np.hypot(a * 1.0, b * 1.0), NUMBERS, (-3, 3), (-3, 3)),
    ("gcd", np.gcd, ("int8", "int32", "int64", "uint8", "uint32"), (-60, 60), (-60, 60)),
    ("lcm", np.lcm, ("int32", "int64", "uint32"), (-60, 60), (-60, 60)),
]


@pytest.mark.parametrize(("name", "numpy", "dtypes", "domain"), UNARY, ids=lambda x: str(x)[:20])
@given(shape=shapes(), seed=st.integers(0, 9))
@settings(max_examples=8)
def test_one_argument(
    name: str,
    numpy: Function,
    dtypes: tuple[str, ...],
    domain: tuple[float, float],
    shape: tuple[int, ...],
    seed: int,
) -> None:
    for dtype in dtypes:
        x = values(dtype, shape, seed, *domain)
        close(getattr(ops, name)(x), numpy(exactly(x)))


@pytest.mark.parametrize(
    ("name", "numpy", "dtypes", "first", "second"), BINARY, ids=lambda x: str(x)[:20]
)
@given(shape=shapes(), cut=st.integers(0, 3), ones=st.integers(0, 7), seed=st.integers(0, 9))
@settings(max_examples=8)
def test_two_arguments(
    name: str,
    numpy: Function,
    dtypes: tuple[str, ...],
    first: tuple[float, float],
    second: tuple[float, float],
    shape: tuple[int, ...],
    cut: int,
    ones: int,
    seed: int,
) -> None:
    # An argument without some of the leading axes, and with some axes of length 1, broadcasts.
    other = tuple(1 if ones >> i & 1 else n for i, n in enumerate(shape))[cut:]
    for dtype in dtypes:
        x, y = values(dtype, shape, seed, *first), values(dtype, other, seed + 100, *second)
        close(getattr(ops, name)(x, y), numpy(exactly(x), exactly(y)))


SPECIAL = np.array([0.0, -0.0, 1.0, -1.0, 2.5, np.inf, -np.inf, np.nan, 1e30, 1e-30])


@pytest.mark.parametrize(
    ("name", "numpy"),
    [
        ("add", np.add),
        ("divide", np.divide),
        ("floor_divide", np.floor_divide),
        ("mod", np.mod),
        ("fmod", np.fmod),
        ("power", np.power),
        ("hypot", np.hypot),
        ("heaviside", np.heaviside),
    ],
)
def test_special_values(name: str, numpy: Function) -> None:
    x, y = SPECIAL[:, None], SPECIAL[None, :]
    np.testing.assert_allclose(np.asarray(getattr(ops, name)(x, y)), silently(numpy)(x, y))


def test_hypot_and_ldexp_do_not_overflow_on_the_way() -> None:
    assert float(ops.hypot(3e30, 4e30)) == pytest.approx(5e30)
    x = np.array([1.0, 0.75, -3.0])
    for n in (-1080, -1074, -500, 0, 700, 1023):
        np.testing.assert_array_equal(np.asarray(ops.ldexp(x, n)), silently(np.ldexp)(x, n))


@pytest.mark.parametrize("dtype", ["int8", "int32", "uint8"])
def test_integer_division_by_zero_gives_zero(dtype: str) -> None:
    x = np.array([0, 1, 5], dtype)
    for name in ("floor_divide", "mod"):
        np.testing.assert_array_equal(np.asarray(getattr(ops, name)(x, x * 0)), 0 * x)


def test_integers_to_a_negative_power() -> None:
    x = np.array([-2, -1, 0, 1, 2])
    np.testing.assert_array_equal(np.asarray(ops.power(x, -2)), [0, 1, 0, 1, 0])
    np.testing.assert_array_equal(np.asarray(ops.power(x, -3)), [0, -1, 0, 1, 0])


def test_divide_no_nan() -> None:
    found = ops.divide_no_nan([1.0, 0.0, 4.0], [0.0, 0.0, 2.0])
    np.testing.assert_array_equal(np.asarray(found), [0.0, 0.0, 2.0])
    check_gradients(ops.divide_no_nan, [1.0, 2.0], [3.0, 4.0], order=2)


def test_python_numbers_adopt_the_dtype() -> None:
    x = ops.ones((2,), "float16")
    for y in (x + 1, 1 + x, x * 2.5, x - True, x / 3, x**2, x**0.5):
        assert y.dtype == np.float16
    assert (ops.ones((2,), "int8") + 1).dtype == np.int8
    assert (ops.ones((2,), "int8") + 1.5).dtype == np.float32
    assert (ops.ones((2,), "bool") + 1).dtype == np.int32
    assert (ops.ones((2,), "float32") * np.float64(2)).dtype == np.float32
    assert (ops.ones((2,), "float32") * np.ones(2)).dtype == np.float64
    assert (ops.ones((2,)) * 1j).dtype == np.complex64


DIFFERENTIABLE: list[tuple[Function, list[tuple[float, float]]]] = [
    (ops.negative, [(-3, 3)]),
    (ops.absolute, [(0.2, 3)]),
    (ops.absolute, [(-3, -0.2)]),
    (ops.fabs, [(0.2, 3)]),
    (ops.square, [(-3, 3)]),
    (ops.reciprocal, [(0.5, 3)]),
    (ops.add, [(-3, 3), (-3, 3)]),
    (ops.subtract, [(-3, 3), (-3, 3)]),
    (ops.multiply, [(-3, 3), (-3, 3)]),
    (ops.divide, [(-3, 3), (0.5, 3)]),
    (ops.true_divide, [(-3, 3), (0.5, 3)]),
    (ops.power, [(0.5, 3), (-3, 3)]),
    (lambda x: x**3, [(-3, 3)]),
    (lambda x: ops.power(x, 2.0), [(-3, 3)]),
    (lambda x: x**-2, [(0.5, 3)]),
    (lambda x: ops.mod(x, 0.7), [(0.75, 1.35)]),
    (lambda x: ops.fmod(x, 0.7), [(-1.35, -0.75)]),
    (ops.mod, [(2.1, 2.9), (1.0, 1.04)]),
    (ops.hypot, [(-3, -0.5), (0.5, 3)]),
    (lambda x: ops.ldexp(x, [3, -2, 0]), [(-3, 3)]),
    (lambda x: ops.heaviside(x, 2.0), [(0.5, 3)]),
]


@pytest.mark.parametrize(("function", "domains"), DIFFERENTIABLE)
def test_gradients(function: Function, domains: list[tuple[float, float]]) -> None:
    arrays = [values("float64", (2, 3)[i:], i + 1, *d) for i, d in enumerate(domains)]
    check_gradients(function, *arrays, order=2, atol=1e-5)


def test_gradients_of_complex_numbers() -> None:
    x, y = values("complex128", (2, 3), 0), values("complex128", (3,), 1, 1, 2)
    for function in (ops.add, ops.subtract, ops.multiply, ops.divide):
        check_gradients(function, x, y, order=2, atol=1e-5)
    check_gradients(ops.absolute, x, order=2, atol=1e-5)
    check_gradients(ops.sign, x, order=2, atol=1e-4)


@pytest.mark.parametrize(
    ("function", "at", "expected"),
    [
        (lambda x: ops.power(x, 2), 0.0, 0.0),
        (lambda x: ops.power(x, 1.0), 0.0, 1.0),
        (lambda x: ops.power(x, 0.0), 0.0, 0.0),
        (lambda x: ops.power(0.0, x), 2.0, 0.0),
        (lambda x: ops.divide_no_nan(1.0, x), 0.0, 0.0),
        (lambda x: ops.hypot(x, 0.0), 0.0, 0.0),
        (lambda x: ops.hypot(x, x), 1.0, 2**0.5),
        (lambda x: ops.fmod(x, 2.0), 0.0, 1.0),
        (ops.absolute, 0.0, 0.0),
        (ops.absolute, 0j, 0j),
        (ops.sign, 2.0, 0.0),
    ],
)
def test_gradients_where_a_nan_threatens(function: Function, at: Any, expected: Any) -> None:
    x = ops.convert_to_tensor(at)
    with GradientTape() as tape:
        tape.watch(x)
        y = function(x)
    assert tape.gradient(y, x).item() == pytest.approx(expected)
