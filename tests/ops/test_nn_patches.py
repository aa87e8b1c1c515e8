"""unfold, fold, space to depth and the like against loops, and their gradients."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from tests.gradients import check_gradients
from thalweg import ops

Array = np.ndarray[Any, Any]
CASES: list[tuple[Any, Any, Any, Any]] = [
    (2, 1, 0, 1),
    ((3, 2), 1, (1, 0), 2),
    (2, 2, 1, 1),
    ((2, 3), (1, 2), 2, (2, 1)),
]


def values(*shape: int, seed: int = 0) -> Array:
    return np.random.default_rng(seed).normal(size=shape)


def pair(x: Any) -> tuple[int, int]:
    return (x, x) if isinstance(x, int) else x


def patches(x: Array, kernel: Any, dilation: Any, padding: Any, stride: Any) -> Array:
    (kh, kw), (dh, dw), (ph, pw), (sh, sw) = map(pair, (kernel, dilation, padding, stride))
    x = np.pad(x, [(0, 0), (0, 0), (ph, ph), (pw, pw)])
    rows = range(0, x.shape[2] - dh * (kh - 1), sh)
    columns = range(0, x.shape[3] - dw * (kw - 1), sw)
    found = [
        x[:, :, i : i + dh * (kh - 1) + 1 : dh, j : j + dw * (kw - 1) + 1 : dw].reshape(
            x.shape[0], -1
        )
        for i in rows
        for j in columns
    ]
    return np.stack(found, -1)


@pytest.mark.parametrize("case", CASES)
def test_unfold_and_fold(case: tuple[Any, Any, Any, Any]) -> None:
    x = values(2, 3, 6, 7)
    columns = patches(x, *case)
    np.testing.assert_allclose(ops.unfold(x, *case), columns)
    # fold is the transpose of unfold.
    y = values(*columns.shape, seed=1)
    back = np.asarray(ops.fold(y, (6, 7), *case))
    np.testing.assert_allclose((columns * y).sum(), (x * back).sum())
    check_gradients(lambda t: ops.unfold(t, *case) ** 2, values(1, 2, 4, 5), order=2)
    check_gradients(lambda t: ops.fold(t, (6, 7), *case) ** 2, y[:1], order=1)


@pytest.mark.parametrize("layout", ["channels_last", "channels_first"])
def test_space_to_depth_and_back(layout: str) -> None:
    x = values(2, 6, 4, 4)
    there = ops.space_to_depth(x, 2, layout)
    assert there.shape == ((2, 3, 2, 16) if layout == "channels_last" else (2, 24, 2, 2))
    np.testing.assert_array_equal(ops.depth_to_space(there, 2, layout), x)
    check_gradients(lambda t: ops.space_to_depth(t, 2, layout), x)


def test_order_of_the_channels() -> None:
    x = np.arange(4).reshape(1, 2, 2, 1)
    assert np.asarray(ops.space_to_depth(x, 2)).ravel().tolist() == [0, 1, 2, 3]
    y = np.arange(8).reshape(1, 1, 1, 8)
    assert np.asarray(ops.depth_to_space(y, 2))[0, 0].tolist() == [[0, 1], [2, 3]]


def test_signals() -> None:
    size, angle = np.abs(values(3, 4)), values(3, 4, seed=1)
    np.testing.assert_allclose(ops.polar(size, angle), size * np.exp(1j * angle))
    check_gradients(ops.polar, size, angle)
    a, b = values(4, 4), values(4, 4, seed=1)
    expected = 20 * np.log10(255) - 10 * np.log10(((a - b) ** 2).mean())
    np.testing.assert_allclose(ops.psnr(a, b, 255), expected)
    check_gradients(lambda x, y: ops.psnr(x, y, 255), a, b)


def test_errors() -> None:
    x = values(1, 4, 6, 6)
    for function, message in [
        (lambda: ops.unfold(x[0], 2), "unfold: x must have 4 axes"),
        (lambda: ops.unfold(x, (2, 2, 2)), "kernel_size must be an integer from 1"),
        (lambda: ops.fold(values(1, 8, 3), 4, 2), "fold: x must have shape"),
        (lambda: ops.depth_to_space(x, 4), "6 channels"),
        (lambda: ops.space_to_depth(x, 3), "must be divisible by block_size 3"),
        (lambda: ops.space_to_depth(x, 2, "NHWC"), "data_format must be"),
        (lambda: ops.psnr(x, x[0], 1), "psnr: x1 and x2 must have one shape"),
    ]:
        with pytest.raises(ValueError, match=message):
            function()
