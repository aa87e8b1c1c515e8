"""Convolutions against loops over every place, and their gradients."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import pytest

from tests.gradients import check_gradients
from thalweg import ops

Array = np.ndarray[Any, Any]
SPATIAL: dict[int, tuple[int, ...]] = {1: (7,), 2: (5, 6), 3: (4, 3, 5)}
WINDOW: dict[int, tuple[int, ...]] = {1: (3,), 2: (3, 2), 3: (2, 1, 3)}


def values(*shape: int, seed: int = 0) -> Array:
    return np.random.default_rng(seed).normal(size=shape)


def padded(x: Array, padding: str, reach: list[int], stride: int) -> Array:
    """TensorFlow's rule for "same": as little as possible, the odd one at the end."""
    widths = [(0, 0)]
    for n, r in zip(x.shape[1:-1], reach, strict=True):
        total = max((int(np.ceil(n / stride)) - 1) * stride + r - n, 0)
        both = {"valid": (0, 0), "same": (total // 2, total - total // 2), "causal": (r - 1, 0)}
        widths.append(both[padding])
    return np.pad(x, [*widths, (0, 0)])


def conv(x: Array, w: Array, stride: int, padding: str, dilation: int) -> Array:
    window = w.shape[:-2]
    x = padded(x, padding, [dilation * (k - 1) + 1 for k in window], stride)
    out = [
        (n - dilation * (k - 1) - 1) // stride + 1
        for n, k in zip(x.shape[1:-1], window, strict=True)
    ]
    groups = x.shape[-1] // w.shape[-2]
    y = np.zeros((x.shape[0], *out, w.shape[-1]))
    for place in itertools.product(*map(range, out)):
        for offset in itertools.product(*map(range, window)):
            at = tuple(p * stride + o * dilation for p, o in zip(place, offset, strict=True))
            seen = x[(slice(None), *at)]
            for g in range(groups):
                rows = slice(g * w.shape[-2], (g + 1) * w.shape[-2])
                columns = slice(g * w.shape[-1] // groups, (g + 1) * w.shape[-1] // groups)
                y[(slice(None), *place, columns)] += (
                    seen[:, rows] @ w[(*offset, slice(None), columns)]
                )
    return y


@pytest.mark.parametrize(
    ("count", "padding"),
    [(1, "valid"), (1, "same"), (1, "causal"), (2, "valid"), (2, "same"), (3, "same")],
)
@pytest.mark.parametrize(("stride", "dilation"), [(1, 1), (2, 1), (1, 2)])
@pytest.mark.parametrize("groups", [1, 2])
def test_conv(count: int, padding: str, stride: int, dilation: int, groups: int) -> None:
    x = values(2, *SPATIAL[count], 4)
    w = values(*WINDOW[count], 4 // groups, 6, seed=1)
    found = ops.conv(x, w, stride, padding, "channels_last", dilation)
    np.testing.assert_allclose(found, conv(x, w, stride, padding, dilation), atol=1e-12)


@pytest.mark.parametrize("count", [1, 2])
@pytest.mark.parametrize(
    ("stride", "dilation", "padding", "groups"),
    [(1, 1, "valid", 1), (2, 1, "same", 2), (1, 2, "same", 1)],
)
def test_conv_gradients(count: int, stride: int, dilation: int, padding: str, groups: int) -> None:
    x = values(2, *(4, 4)[:count], 2)
    w = values(*(2, 2)[:count], 2 // groups, 2, seed=1)
    check_gradients(
        lambda a, b: ops.conv(a, b, stride, padding, "channels_last", dilation), x, w, order=2
    )


def test_conv_with_channels_first() -> None:
    x, w = values(2, 5, 6, 4), values(3, 2, 4, 3, seed=1)
    first = ops.conv(x.transpose(0, 3, 1, 2), w, 2, "same", "channels_first")
    last = np.asarray(ops.conv(x, w, 2, "same", "channels_last"))
    np.testing.assert_allclose(first, last.transpose(0, 3, 1, 2), atol=1e-12)


def test_depthwise_conv() -> None:
    x, w = values(2, 5, 6, 3), values(2, 3, 3, 2, seed=1)
    found = np.asarray(ops.depthwise_conv(x, w, padding="same"))
    for c in range(3):
        alone = conv(x[..., c : c + 1], w[:, :, c : c + 1], 1, "same", 1)
        np.testing.assert_allclose(found[..., 2 * c : 2 * c + 2], alone, atol=1e-12)
    check_gradients(ops.depthwise_conv, values(1, 3, 3, 2), values(2, 2, 2, 2), order=2)


def test_separable_conv() -> None:
    x, w, p = values(2, 7, 3), values(3, 3, 2, seed=1), values(1, 6, 4, seed=2)
    found = ops.separable_conv(x, w, p, strides=2, padding="same")
    middle = np.asarray(ops.depthwise_conv(x, w, strides=2, padding="same"))
    np.testing.assert_allclose(found, middle @ p[0], atol=1e-12)


@pytest.mark.parametrize("padding", ["valid", "same"])
@pytest.mark.parametrize("window", [1, 2, 3, 4])
@pytest.mark.parametrize(("stride", "dilation"), [(1, 1), (2, 1), (3, 1), (1, 2)])
def test_conv_transpose_is_the_transpose(
    padding: str, window: int, stride: int, dilation: int
) -> None:
    """<conv(a), b> = <a, conv_transpose(b)> with one kernel, where the lengths agree."""
    w = values(window, 2, 3, seed=1)
    b = values(2, 4, 3, seed=2)
    back = np.asarray(ops.conv_transpose(b, w, stride, padding, None, None, dilation))
    expected = (
        4 * stride if padding == "same" else 3 * stride + max(dilation * (window - 1) + 1, stride)
    )
    assert back.shape == (2, expected, 2)
    a = values(*back.shape, seed=3)
    there = np.asarray(ops.conv(a, w, stride, padding, None, dilation))
    if there.shape == b.shape:
        np.testing.assert_allclose((there * b).sum(), (a * back).sum(), atol=1e-10)
    check_gradients(
        lambda x, k: ops.conv_transpose(x, k, stride, padding, None, None, dilation), b, w
    )


def test_conv_transpose_output_padding() -> None:
    x, w = values(1, 3, 2), values(3, 4, 2, seed=1)
    plain = np.asarray(ops.conv_transpose(x, w, 2, "valid", 0))
    longer = np.asarray(ops.conv_transpose(x, w, 2, "valid", 1))
    assert plain.shape == (1, 7, 4)
    np.testing.assert_allclose(longer, np.pad(plain, [(0, 0), (0, 1), (0, 0)]))
    with pytest.raises(ValueError, match=r"output_padding must lie in 0..\[1\]"):
        ops.conv_transpose(x, w, 2, "valid", 2)


def test_errors() -> None:
    x, w = values(1, 5, 5, 4), values(3, 3, 4, 2)
    for function, message in [
        (lambda: ops.conv(x[0], w), r"a kernel needs 3 axes .* got shape \(3, 3, 4, 2\)"),
        (lambda: ops.conv(x[0, 0], w), "inputs must have 3, 4 or 5 axes"),
        (lambda: ops.conv(x, w[:, :, :3]), "channels in groups of 3"),
        (lambda: ops.conv(x, w, padding="full"), "padding must be 'valid' or 'same', got 'full'"),
        (lambda: ops.conv(x, w, padding="causal"), "padding must be"),
        (lambda: ops.conv(x, w, strides=0), "strides must be a positive integer"),
        (lambda: ops.conv(x, w, strides=(1, 2, 3)), "strides must be a positive integer"),
        (lambda: ops.conv(x, w, data_format="NHWC"), "data_format must be"),
        (lambda: ops.conv(x, values(7, 7, 4, 2)), "larger than the input"),
        (lambda: ops.depthwise_conv(x, w[:, :, :3]), "is for 3 channels, got inputs with 4"),
        (lambda: ops.conv_transpose(x, w), "is for 2 input channels"),
    ]:
        with pytest.raises(ValueError, match=message):
            function()
