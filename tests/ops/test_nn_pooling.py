"""Pooling against loops over every window, and its gradients."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from tests.gradients import check_gradients
from thalweg import ops

Array = np.ndarray[Any, Any]


def values(*shape: int, seed: int = 0) -> Array:
    return np.random.default_rng(seed).permutation(int(np.prod(shape))).reshape(shape) / 7.0


def pooled(x: Array, size: int, stride: int, padding: str, function: Callable[..., Any]) -> Array:
    """Each window cut at the borders of the image, so that padding never counts."""
    starts = []
    for n in x.shape[1:-1]:
        if padding == "valid":
            starts.append([i * stride for i in range((n - size) // stride + 1)])
        else:
            count = -(-n // stride)
            low = max((count - 1) * stride + size - n, 0) // 2
            starts.append([i * stride - low for i in range(count)])
    y = np.zeros((x.shape[0], *map(len, starts), x.shape[-1]))
    for place in itertools.product(*(range(len(s)) for s in starts)):
        window = tuple(slice(max(s[p], 0), s[p] + size) for s, p in zip(starts, place, strict=True))
        part = x[(slice(None), *window)]
        y[(slice(None), *place)] = function(part, axis=tuple(range(1, x.ndim - 1)))
    return y


@pytest.mark.parametrize("spatial", [(7,), (5, 6), (4, 3, 5)])
@pytest.mark.parametrize("padding", ["valid", "same"])
@pytest.mark.parametrize(("size", "stride"), [(2, 2), (3, 1), (3, 2), (1, 2)])
def test_pool(spatial: tuple[int, ...], padding: str, size: int, stride: int) -> None:
    x = values(2, *spatial, 3)
    found = ops.max_pool(x, size, stride, padding)
    np.testing.assert_allclose(found, pooled(x, size, stride, padding, np.max))
    found = ops.average_pool(x, size, stride, padding)
    np.testing.assert_allclose(found, pooled(x, size, stride, padding, np.mean))


@pytest.mark.parametrize("name", ["max_pool", "average_pool"])
@pytest.mark.parametrize("padding", ["valid", "same"])
@pytest.mark.parametrize(("size", "stride"), [(2, None), (3, 2), (2, 1)])
def test_gradients(name: str, padding: str, size: int, stride: int | None) -> None:
    function = getattr(ops, name)
    check_gradients(lambda t: function(t, size, stride, padding) ** 2, values(2, 5, 4, 2), order=2)


def test_layouts_and_dtypes() -> None:
    x = values(2, 5, 6, 3)
    first = ops.max_pool(x.transpose(0, 3, 1, 2), (2, 3), data_format="channels_first")
    last = np.asarray(ops.max_pool(x, (2, 3), data_format="channels_last"))
    np.testing.assert_array_equal(first, last.transpose(0, 3, 1, 2))
    whole = np.arange(8, dtype=np.int8).reshape(1, 8, 1)
    assert ops.max_pool(whole, 2).dtype == np.int8
    assert np.asarray(ops.max_pool(whole, 2)).ravel().tolist() == [1, 3, 5, 7]
    assert ops.average_pool(whole, 2).dtype == np.float32
    half = ops.average_pool(x.astype(np.float16), 3, padding="same")
    assert half.dtype == np.float16
    np.testing.assert_allclose(half, ops.average_pool(x, 3, padding="same"), rtol=2e-3)


def adapted(x: Array, sizes: tuple[int, ...], function: Callable[..., Any]) -> Array:
    for axis, size in enumerate(sizes, start=1):
        n = x.shape[axis]
        parts = [
            function(
                x.take(range(int(np.floor(i * n / size)), int(np.ceil((i + 1) * n / size))), axis),
                axis=axis,
            )
            for i in range(size)
        ]
        x = np.stack(parts, axis)
    return x


@pytest.mark.parametrize("sizes", [(1,), (3,), (7,), (9,), (2, 4), (2, 3, 2)])
def test_adaptive_pool(sizes: tuple[int, ...]) -> None:
    x = values(2, *(7, 5, 4)[: len(sizes)], 3)
    np.testing.assert_allclose(ops.adaptive_max_pool(x, sizes), adapted(x, sizes, np.max))
    np.testing.assert_allclose(ops.adaptive_average_pool(x, sizes), adapted(x, sizes, np.mean))
    first = np.moveaxis(x, -1, 1)
    found = np.asarray(ops.adaptive_max_pool(first, sizes, "channels_first"))
    np.testing.assert_allclose(np.moveaxis(found, 1, -1), adapted(x, sizes, np.max))


def test_adaptive_gradients() -> None:
    x = values(1, 5, 4, 2)
    check_gradients(lambda t: ops.adaptive_max_pool(t, (2, 3)) ** 2, x, order=2)
    check_gradients(lambda t: ops.adaptive_average_pool(t, (2, 3)) ** 2, x, order=2)


def test_errors() -> None:
    x = values(1, 4, 4, 1)
    with pytest.raises(ValueError, match="max_pool: inputs must have 3, 4 or 5 axes"):
        ops.max_pool(x[0, 0], 2)
    with pytest.raises(ValueError, match="average_pool: pool_size must be a positive integer"):
        ops.average_pool(x, (2, 2, 2))
    with pytest.raises(ValueError, match=r"max_pool: the window .* is larger than the input"):
        ops.max_pool(x, 5)
    with pytest.raises(ValueError, match="max_pool: padding must be 'valid' or 'same'"):
        ops.max_pool(x, 2, padding="causal")
