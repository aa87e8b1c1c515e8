"""Medians, quantiles and percentiles against NumPy."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.gradients import check_gradients
from tests.ops.oracle import NUMBERS, close, exactly, shapes, values
from tests.ops.test_reduction import some_axes
from thalweg import ops

METHODS = ["linear", "lower", "higher", "midpoint", "nearest"]


@pytest.mark.parametrize("nan", [False, True])
@given(
    shape=shapes(min_side=1),
    q=st.sampled_from([0.0, 0.3, 0.5, 1.0, [0.1, 0.9], [0.25]]),
    method=st.sampled_from(METHODS),
    keepdims=st.booleans(),
    data=st.data(),
)
@settings(max_examples=40)
def test_quantiles(
    nan: bool, shape: tuple[int, ...], q: Any, method: str, keepdims: bool, data: st.DataObject
) -> None:
    axis = some_axes(data, len(shape))
    if axis == ():
        axis = None
    x = values("float64", shape, 0)
    if nan:
        x[np.random.default_rng(1).random(shape) < 0.2] = np.nan
        if np.isnan(x).all(axis=axis).any():
            return
    options: Any = {"axis": axis, "method": method, "keepdims": keepdims}
    q = np.asarray(q)  # float64, so that q is the same number here and there
    for name in ("quantile", "nanquantile"):
        close(getattr(ops, name)(x, q, **options), getattr(np, name)(x, q, **options))
    for name in ("percentile", "nanpercentile"):
        found = getattr(ops, name)(x, q * 100, **options)
        close(found, getattr(np, name)(x, q * 100, **options))
    options.pop("method")
    for name in ("median", "nanmedian"):
        close(getattr(ops, name)(x, **options), getattr(np, name)(x, **options))


def test_dtypes() -> None:
    for dtype in NUMBERS:
        x = values(dtype, (7,), 0)
        close(ops.quantile(x, 0.3), np.quantile(exactly(x) * 1.0, np.float32(0.3)), scale=4)
        found = ops.median(x)
        assert found.dtype == (x.dtype if x.dtype.kind not in "iu" else np.float32)


def test_infinities_and_all_nan() -> None:
    inf = float("inf")
    assert float(ops.median([1.0, inf, 0.0])) == 1.0
    assert float(ops.quantile([1.0, inf], 0.0)) == 1.0
    assert float(ops.quantile([1.0, inf], 1.0)) == inf
    assert np.isnan(float(ops.nanmedian([float("nan")])))


def test_gradients() -> None:
    x = values("float64", (3, 5), 0)
    check_gradients(lambda x: ops.quantile(x, [0.1, 0.6], 1) ** 2, x, order=2)
    check_gradients(lambda x, q: ops.quantile(x, q, 1), x, np.array([0.13, 0.63]), order=1)
    check_gradients(lambda x: ops.median(x) ** 2, x, order=2)
    check_gradients(lambda x: ops.nanmedian(x, 0) ** 2, x, order=2)


def test_errors() -> None:
    with pytest.raises(ValueError, match=r"quantile: method must be one of linear, .* got 'best'"):
        ops.quantile([1.0], 0.5, method="best")
    with pytest.raises(ValueError, match="quantile: q must be a number or have one axis"):
        ops.quantile([1.0], [[0.5]])
    with pytest.raises(ValueError, match="median: no elements"):
        ops.median(np.zeros((0,)))
