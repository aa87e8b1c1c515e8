"""Special functions against SciPy, known values, and their gradients against differences."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import scipy.special
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays

from tests.gradients import check_gradients
from tests.primitives.applied import apply
from thalweg.primitives import elementwise as e
from thalweg.tensor import Tensor

Array = np.ndarray[Any, Any]
EULER = 0.5772156649015329
EVERYTHING = st.floats(-1e3, 1e3) | st.sampled_from([0.0, -0.0, np.inf, -np.inf, np.nan])


def vectors(elements: st.SearchStrategy[float]) -> st.SearchStrategy[Array]:
    return arrays(np.float64, array_shapes(min_dims=0, max_dims=3, min_side=0), elements=elements)


def of_order(primitive: Any, n: int) -> Callable[[Array], Any]:
    return lambda x: apply(primitive, np.full_like(x, n), x)


def close(found: Any, expected: Any, rtol: float) -> None:
    with np.errstate(all="ignore"):
        np.testing.assert_allclose(found, expected, rtol=rtol, atol=1e-300)


@given(vectors(EVERYTHING))
@settings(deadline=None, max_examples=50)
def test_erf_and_erfc(x: Array) -> None:
    close(apply(e.erf, x), scipy.special.erf(x), rtol=1e-15)
    near = np.clip(x, -np.inf, 5)  # SciPy loses digits further out
    close(apply(e.erfc, near), scipy.special.erfc(near), rtol=4e-15)


@given(vectors(st.floats(-1.5, 1.5) | st.sampled_from([1.0, -1.0, np.inf, np.nan, 1 - 1e-16])))
@settings(deadline=None, max_examples=50)
def test_erfinv(x: Array) -> None:
    close(apply(e.erfinv, x), scipy.special.erfinv(x), rtol=2e-15)


def test_erfinv_inverts_erf_in_the_far_tail() -> None:
    # 1 - p is exact here, and erfc(erfinv(p)) must give it back.
    small = 2.0 ** -np.arange(2, 53)
    back = apply(e.erfc, apply(e.erfinv, 1 - small))
    # An error of half a unit in y grows by the slope 2 y * y.
    close(back, small, rtol=1e-14)


@given(
    vectors(st.floats(1e-12, 1e6) | st.floats(-50, -1e-9) | st.sampled_from([np.inf, np.nan, 0.0]))
)
@settings(deadline=None, max_examples=50)
def test_lgamma(x: Array) -> None:
    found, expected = apply(e.lgamma, x), scipy.special.gammaln(x)
    # SciPy's own error near the zeros at 1 and 2 and between the poles is about 1e-14.
    np.testing.assert_allclose(found, expected, rtol=1e-13, atol=2e-14)


@given(vectors(st.floats(1e-6, 1e6) | st.sampled_from([np.inf, np.nan])))
@settings(deadline=None, max_examples=50)
def test_digamma(x: Array) -> None:
    found, expected = of_order(e.polygamma, 0)(x), scipy.special.digamma(x)
    np.testing.assert_allclose(found, expected, rtol=1e-13, atol=1e-14)


@given(st.integers(1, 20), vectors(st.floats(1e-3, 1e4) | st.sampled_from([0.0, np.inf, np.nan])))
@settings(deadline=None, max_examples=50)
def test_polygamma(n: int, x: Array) -> None:
    with np.errstate(all="ignore"):
        expected = scipy.special.polygamma(n, x)
    close(of_order(e.polygamma, n)(x), expected, rtol=1e-13)


@pytest.mark.parametrize("n", [0, 1, 2, 3, 6])
def test_polygamma_of_negative_numbers_follows_the_recurrence(n: int) -> None:
    x = np.arange(-63, 0) / 8  # x + 1 is exact
    x = x[x != np.rint(x)]
    step = (-1) ** n * math.factorial(n) / x ** (n + 1)
    # polygamma(n, x + 1) = polygamma(n, x) + (-1) ** n n! / x ** (n + 1)
    before, after = of_order(e.polygamma, n)(x), of_order(e.polygamma, n)(x + 1)
    error = np.abs(after - (before + step))
    assert np.max(error / (np.abs(before) + np.abs(after) + 1)) < 1e-12


@given(st.integers(0, 8), vectors(st.floats(-600, 600).filter(lambda x: abs(x) > 1e-9)))
@settings(deadline=None, max_examples=50)
def test_bessel_i(n: int, x: Array) -> None:
    close(of_order(e.bessel_i, n)(x), scipy.special.iv(n, x), rtol=1e-12)


def test_known_values() -> None:
    def at(primitive: Any, *inputs: float) -> float:
        return float(apply(primitive, *[np.float64(x) for x in inputs]))

    exact = {
        at(e.erf, 0.5): 0.5204998778130465,
        at(e.erf, 1.0): 0.8427007929497149,
        at(e.erfc, 10.0): 2.0884875837625446e-45,
        at(e.erfc, -10.0): 2.0,
        at(e.erfinv, 0.5): 0.4769362762044699,
        at(e.lgamma, 0.5): math.log(math.pi) / 2,
        at(e.lgamma, 10.0): math.log(362880),
        at(e.lgamma, -0.5): math.log(2 * math.sqrt(math.pi)),
        at(e.polygamma, 0, 1): -EULER,
        at(e.polygamma, 0, 0.5): -EULER - 2 * math.log(2),
        at(e.polygamma, 0, -0.5): -EULER - 2 * math.log(2) + 2,
        at(e.polygamma, 1, 1): math.pi**2 / 6,
        at(e.polygamma, 1, -0.5): math.pi**2 / 2 + 4,
        at(e.polygamma, 2, 1): -2 * 1.2020569031595942,
        at(e.bessel_i, 0, 1): 1.2660658777520084,
        at(e.bessel_i, 1, -1): -0.5651591039924851,
    }
    for found, expected in exact.items():
        assert found == pytest.approx(expected, rel=1e-15)
    # Next to its zeros lgamma keeps its digits: lgamma(1 + h) is -EULER h + pi**2 h**2 / 12.
    h = 2.0**-30
    assert at(e.lgamma, 1 + h) == pytest.approx(-EULER * h + math.pi**2 / 12 * h * h, rel=1e-14)
    assert at(e.lgamma, 1.0) == at(e.lgamma, 2.0) == at(e.erf, 0.0) == at(e.erfinv, 0.0) == 0
    assert at(e.lgamma, 1e300) == pytest.approx(1e300 * (300 * math.log(10) - 1), rel=1e-15)


def test_special_points() -> None:
    inf = np.inf
    infinite = np.array([inf, -inf])
    np.testing.assert_array_equal(apply(e.erf, infinite), [1, -1])
    np.testing.assert_array_equal(apply(e.erfc, infinite), [0, 2])
    np.testing.assert_array_equal(apply(e.erfinv, np.array([1.0, -1.0, 1.5])), [inf, -inf, np.nan])
    np.testing.assert_array_equal(apply(e.lgamma, np.array([0.0, -1, -2, inf, -inf])), [inf] * 5)
    poles = np.array([0.0, -1.0, -2.0])
    np.testing.assert_array_equal(of_order(e.polygamma, 0)(poles), [-inf, np.nan, np.nan])
    np.testing.assert_array_equal(of_order(e.polygamma, 1)(poles), [inf] * 3)
    np.testing.assert_array_equal(of_order(e.polygamma, 2)(poles), [-inf, np.nan, np.nan])
    np.testing.assert_array_equal(of_order(e.polygamma, 3)(infinite[:1]), [0])
    bad_orders = np.array([-1.0, 0.5, 171.0])
    assert np.isnan(apply(e.polygamma, bad_orders, np.ones(3))).all()
    assert np.isnan(apply(e.bessel_i, bad_orders[:2], np.ones(2))).all()
    np.testing.assert_array_equal(of_order(e.bessel_i, 1)(infinite), infinite)


@pytest.mark.parametrize("dtype", ["float32", "float16", "bfloat16"])
def test_small_dtypes_are_rounded_once(dtype: str) -> None:
    x = np.linspace(0.1, 0.9, 7).astype(e.as_dtype(dtype))
    wide = x.astype(np.float64)
    for primitive, reference in [
        (e.erf, scipy.special.erf),
        (e.erfinv, scipy.special.erfinv),
        (e.lgamma, scipy.special.gammaln),
    ]:
        expected = reference(wide).astype(np.float32).astype(x.dtype)
        np.testing.assert_array_equal(apply(primitive, x), expected)


CASES: list[tuple[str, Callable[[Tensor], Tensor], list[float]]] = [
    ("erf", e.erf, [-1.5, -0.2, 0.0, 0.7, 2.0]),
    ("erfc", e.erfc, [-1.5, -0.2, 0.0, 0.7, 2.0]),
    ("erfinv", e.erfinv, [-0.9, -0.2, 0.0, 0.6, 0.8]),
    ("lgamma", e.lgamma, [-2.6, -0.4, 0.3, 1.0, 4.2, 20.0]),
    ("digamma", lambda x: e.polygamma(e.zero_like(x), x), [-1.4, 0.6, 1.5, 12.0]),
    ("trigamma", lambda x: e.polygamma(e.one_like(x), x), [-1.4, 0.6, 1.5, 12.0]),
    ("i0", lambda x: e.bessel_i(e.zero_like(x), x), [-2.0, 0.0, 0.5, 3.0]),
    ("i1", lambda x: e.bessel_i(e.one_like(x), x), [-2.0, 0.0, 0.5, 3.0]),
]


@pytest.mark.parametrize(("function", "points"), [c[1:] for c in CASES], ids=[c[0] for c in CASES])
def test_gradients(function: Callable[[Tensor], Tensor], points: list[float]) -> None:
    check_gradients(function, np.array(points), order=2)
