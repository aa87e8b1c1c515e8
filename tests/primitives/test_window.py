"""Convolution and pooling: values against loops, half precision, gradients, errors."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.gradients import check_gradients
from tests.ops.oracle import TOLERANCE, exactly, values
from tests.primitives.applied import apply
from thalweg.primitives import window
from thalweg.tensor import Tensor
from thalweg.tensor.dtypes import DTYPES

Array = np.ndarray[Any, Any]
Params = dict[str, Any]

COVERED = {
    "conv",
    "conv_input_gradient",
    "conv_filter_gradient",
    "window_max",
    "window_select",
    "window_scatter",
    "window_sum",
    "window_sum_gradient",
}


def padded(x: Array, padding: Any, value: float) -> Array:
    return np.pad(x, ((0, 0), *padding, (0, 0)), constant_values=value)


def places(
    x: Array, size: tuple[int, ...], strides: tuple[int, ...], dilation: tuple[int, ...]
) -> list[tuple[tuple[int, ...], tuple[slice, ...]]]:
    """Each place of the window: its number along the axes, and what it covers of a padded image."""
    spans = [d * (k - 1) + 1 for k, d in zip(size, dilation, strict=True)]
    counts = [(n - s) // t + 1 for n, s, t in zip(x.shape[1:-1], spans, strides, strict=True)]
    found = []
    for number in itertools.product(*map(range, counts)):
        begins = [i * t for i, t in zip(number, strides, strict=True)]
        cut = tuple(slice(b, b + s, d) for b, s, d in zip(begins, spans, dilation, strict=True))
        found.append((number, cut))
    return found


def convolved(x: Array, w: Array, strides: Any, padding: Any, dilation: Any, groups: int) -> Array:
    """The definition: for each place of the window the sum of products."""
    image = padded(x, padding, 0)
    kernel = w.shape[:-2]
    every = places(image, kernel, strides, dilation)
    counts = tuple(max(number[i] for number, _ in every) + 1 for i in range(len(kernel)))
    out = np.zeros((x.shape[0], *counts, w.shape[-1]))
    share, filters = w.shape[-2], w.shape[-1] // groups
    for number, cut in every:
        for g in range(groups):
            patch = image[(slice(None), *cut, slice(g * share, (g + 1) * share))]
            part = w[..., g * filters : (g + 1) * filters]
            axes = tuple(range(1, patch.ndim)), tuple(range(part.ndim - 1))
            own = slice(g * filters, (g + 1) * filters)
            out[(slice(None), *number, own)] = np.tensordot(patch, part, axes)
    return out


def pooled(x: Array, reduce: Any, value: float, window: Any, strides: Any, padding: Any) -> Array:
    image = padded(x, padding, value)
    every = places(image, window, strides, (1,) * len(window))
    counts = tuple(max(number[i] for number, _ in every) + 1 for i in range(len(window)))
    out = np.zeros((x.shape[0], *counts, x.shape[-1]))
    for number, cut in every:
        out[(slice(None), *number)] = reduce(
            image[(slice(None), *cut)], tuple(range(1, x.ndim - 1))
        )
    return out


@st.composite
def convolutions(draw: st.DrawFn) -> tuple[Array, Array, Params]:
    rank = draw(st.integers(1, 3))

    def each(low: int, high: int) -> tuple[int, ...]:
        return tuple(draw(st.integers(low, high)) for _ in range(rank))

    kernel, dilation, strides = each(1, 3), each(1, 2), each(1, 3)
    padding = tuple((draw(st.integers(0, 2)), draw(st.integers(0, 2))) for _ in range(rank))
    more = each(0, 2)
    spatial = tuple(
        max(d * (k - 1) + 1 - sum(p), 1) + m
        for k, d, p, m in zip(kernel, dilation, padding, more, strict=True)
    )
    groups = draw(st.integers(1, 2))
    channels, filters = groups * draw(st.integers(1, 2)), groups * draw(st.integers(1, 2))
    x = values("float64", (draw(st.integers(0, 2)), *spatial, channels), 0)
    w = values("float64", (*kernel, channels // groups, filters), 1)
    return x, w, {"strides": strides, "padding": padding, "dilation": dilation, "groups": groups}


@given(convolutions())
@settings(max_examples=40)
def test_conv(problem: tuple[Array, Array, Params]) -> None:
    x, w, params = problem
    y = apply(window.conv, x, w, **params)
    np.testing.assert_allclose(y, convolved(x, w, **params), 1e-12, 1e-12)
    # The two gradients are the adjoint maps: <conv(x, w), g> = <x, A g> = <w, B g>.
    g = values("float64", y.shape, 2)
    to_x = apply(window.conv_input_gradient, g, w, input_shape=x.shape, **params)
    to_w = apply(window.conv_filter_gradient, x, g, kernel=w.shape[:-2], **params)
    np.testing.assert_allclose([np.sum(x * to_x), np.sum(w * to_w)], np.sum(y * g), 1e-9, 1e-9)


@st.composite
def pools(draw: st.DrawFn) -> tuple[tuple[int, ...], Params]:
    rank = draw(st.integers(1, 3))
    size = tuple(draw(st.integers(1, 3)) for _ in range(rank))
    strides = tuple(draw(st.integers(1, 3)) for _ in range(rank))
    # Padding is less than the window, so that no window lies outside altogether.
    padding = tuple((draw(st.integers(0, k - 1)), draw(st.integers(0, k - 1))) for k in size)
    spatial = tuple(k + draw(st.integers(0, 3)) for k in size)
    shape = (draw(st.integers(0, 2)), *spatial, draw(st.integers(1, 2)))
    return shape, {"window": size, "strides": strides, "padding": padding}


@given(pools(), st.integers(0, 9))
@settings(max_examples=40)
def test_pools(problem: tuple[tuple[int, ...], Params], seed: int) -> None:
    shape, params = problem
    for dtype in ("float64", "int32"):
        x = values(dtype, shape, seed, -9, 9)
        wide = x.astype(np.float64)
        found = apply(window.window_max, x, **params)
        assert found.dtype == x.dtype
        np.testing.assert_array_equal(found, pooled(wide, np.max, -np.inf, **params))
        found = apply(window.window_sum, x, **params)
        assert found.dtype == x.dtype
        np.testing.assert_allclose(found, pooled(wide, np.sum, 0, **params), 1e-12, 1e-12)
    x = values("float64", shape, seed)
    # Selecting from x itself gives the maximum; scattering is the adjoint of selecting.
    y = apply(window.window_max, x, **params)
    np.testing.assert_array_equal(apply(window.window_select, x, x, **params), y)
    h, g = values("float64", shape, 1), values("float64", y.shape, 2)
    selected = apply(window.window_select, x, h, **params)
    scattered = apply(window.window_scatter, x, g, **params)
    np.testing.assert_allclose(np.sum(selected * g), np.sum(h * scattered), 1e-9, 1e-9)
    spread = apply(window.window_sum_gradient, g, input_shape=shape, **params)
    total = apply(window.window_sum, h, **params)
    np.testing.assert_allclose(np.sum(total * g), np.sum(h * spread), 1e-9, 1e-9)


CONV: Params = {"strides": (2, 1), "padding": ((1, 0), (0, 1)), "dilation": (1, 2), "groups": 2}
POOL: Params = {"window": (2, 2), "strides": (2, 1), "padding": ((1, 0), (0, 1))}


@pytest.mark.parametrize("dtype", ["float16", "bfloat16", "float32"])
def test_half_precision_is_computed_in_float32(dtype: str) -> None:
    x, w = values(dtype, (2, 5, 5, 4), 0), values(dtype, (2, 2, 2, 4), 1)
    y = apply(window.conv, x, w, **CONV)
    wide = [exactly(a) for a in (x, w, y)]
    np.testing.assert_allclose(
        wide[2], convolved(wide[0], wide[1], **CONV), 8 * TOLERANCE[dtype], 8 * TOLERANCE[dtype]
    )
    full = [a.astype(np.float32) for a in (x, w, y)]
    kernel = {"kernel": w.shape[:-2], **CONV}
    shape = {"input_shape": x.shape, **CONV}
    pool = apply(window.window_sum, x, **POOL)
    for primitive, small, large, params in (
        (window.conv, (x, w), full[:2], CONV),
        (window.conv_input_gradient, (y, w), (full[2], full[1]), shape),
        (window.conv_filter_gradient, (x, y), (full[0], full[2]), kernel),
        (window.window_sum, (x,), full[:1], POOL),
        (window.window_scatter, (x, pool), (full[0], pool.astype(np.float32)), POOL),
        (
            window.window_sum_gradient,
            (pool,),
            (pool.astype(np.float32),),
            {"input_shape": x.shape, **POOL},
        ),
    ):
        found = apply(primitive, *small, **params)
        expected = apply(primitive, *large, **params).astype(DTYPES[dtype])
        np.testing.assert_array_equal(exactly(found), exactly(expected))


def cubed(function: Any) -> Any:
    def result(*xs: Tensor) -> Any:
        y = function(*xs)
        return y * y * y

    return result


def test_gradients_of_convolution() -> None:
    x, w = values("float64", (1, 3, 4, 2), 0), values("float64", (2, 2, 1, 2), 1)
    g = apply(window.conv, x, w, **CONV)
    check_gradients(cubed(lambda x, w: window.conv(x, w, **CONV)), x, w, order=2, atol=1e-3)
    check_gradients(
        lambda g, w: window.conv_input_gradient(g, w, input_shape=x.shape, **CONV), g, w, order=2
    )
    check_gradients(
        lambda x, g: window.conv_filter_gradient(x, g, kernel=(2, 2), **CONV), x, g, order=2
    )


def test_gradients_of_pooling() -> None:
    x = values("float64", (1, 3, 4, 2), 0)
    y = apply(window.window_sum, x, **POOL)
    fixed = Tensor(x)
    check_gradients(cubed(lambda x: window.window_max(x, **POOL)), x, order=2, atol=1e-4)
    check_gradients(cubed(lambda x: window.window_sum(x, **POOL)), x, order=2, atol=1e-3)
    check_gradients(cubed(lambda h: window.window_select(fixed, h, **POOL)), x, order=2, atol=1e-4)
    check_gradients(cubed(lambda g: window.window_scatter(fixed, g, **POOL)), y, order=2, atol=1e-3)
    check_gradients(
        lambda g: window.window_sum_gradient(g, input_shape=x.shape, **POOL), y, order=2
    )


def test_maximum_of_nan_and_of_minus_infinity() -> None:
    x = np.array([-np.inf, -np.inf, np.nan, 1.0])[None, :, None]
    params: Params = {"window": (2,), "strides": (2,), "padding": ((0, 0),)}
    np.testing.assert_array_equal(apply(window.window_max, x, **params)[0, :, 0], [-np.inf, np.nan])
    g = np.ones((1, 2, 1))
    scattered = apply(window.window_scatter, x, g, **params)
    assert scattered[0, :, 0].tolist() == [1.0, 0.0, 1.0, 0.0]


X = np.zeros((1, 5, 5, 4), np.float32)
W = np.zeros((2, 2, 2, 4), np.float32)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: apply(window.conv, X, W[0], **CONV), "conv: inputs must have 3 axes"),
        (lambda: apply(window.conv, X[..., :3], W, **CONV), "conv: inputs with 3 channels do not"),
        (
            lambda: apply(window.conv, X[:, :0, :1], W, **CONV),
            r"conv: the window \(2, 2\) .* is larger than the input",
        ),
        (
            lambda: apply(window.conv_input_gradient, X, W, input_shape=X.shape, **CONV),
            "conv_transpose: inputs must have shape",
        ),
        (
            lambda: apply(window.conv_filter_gradient, X, X, kernel=(2, 2), **CONV),
            "conv filter gradient: expected a gradient of shape",
        ),
        (lambda: apply(window.window_max, X[0], **POOL), "max_pool: inputs must have 4 axes"),
        (lambda: apply(window.window_sum, X[0], **POOL), "average_pool: inputs must have 4 axes"),
        (lambda: apply(window.window_select, X, X[0], **POOL), "window_select: shapes must agree"),
        (lambda: apply(window.window_scatter, X, X, **POOL), "window_scatter: expected shape"),
        (
            lambda: apply(window.window_sum_gradient, X, input_shape=X.shape, **POOL),
            "average_pool gradient: expected shape",
        ),
    ],
)
def test_errors(call: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        call()


def test_dtypes_not_taken() -> None:
    with pytest.raises(TypeError, match="conv: inputs and kernel must have one floating dtype"):
        apply(window.conv, X, W.astype(np.float64), **CONV)
    for primitive, name in ((window.window_max, "max_pool"), (window.window_sum, "average_pool")):
        with pytest.raises(TypeError, match=f"{name}: inputs must be integers or floats"):
            apply(primitive, X + 1j, **POOL)
