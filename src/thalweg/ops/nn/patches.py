"""Patches of images as columns, and back: unfold, fold, space to depth and depth to space."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from thalweg.ops.arguments import apply, floating
from thalweg.ops.dispatch import op
from thalweg.primitives import movement
from thalweg.primitives.window import conv, conv_input_gradient
from thalweg.tensor.convert import convert_to_tensor
from thalweg.tensor.tensor import Tensor

__all__ = ["depth_to_space", "fold", "space_to_depth", "unfold"]

Pair = int | Sequence[int]


def _pair(name: str, argument: str, value: Pair, least: int) -> tuple[int, int]:
    given = [value, value] if isinstance(value, (int, np.integer)) else list(value)
    if len(given) != 2 or any(n < least for n in given):
        raise ValueError(
            f"{name}: {argument} must be an integer from {least}, or two of them, got {value}."
        )
    return int(given[0]), int(given[1])


def _window(
    name: str, kernel_size: Pair, dilation: Pair, padding: Pair, stride: Pair
) -> tuple[tuple[int, int], dict[str, Any]]:
    """The window, and the parameters of the convolution that reads it."""
    pads = _pair(name, "padding", padding, 0)
    params = {
        "strides": _pair(name, "stride", stride, 1),
        "padding": tuple((n, n) for n in pads),
        "dilation": _pair(name, "dilation", dilation, 1),
    }
    return _pair(name, "kernel_size", kernel_size, 1), params


def _selector(window: tuple[int, int], like: Tensor, channels: int) -> Tensor:
    """Filters of one channel that each copy one place of the window, for every channel."""
    places = window[0] * window[1]
    one = np.eye(places, dtype=np.float32).reshape(*window, 1, places)
    return Tensor(np.tile(one, (1, 1, 1, channels)).astype(like.dtype))


@op
def unfold(
    x: Any, kernel_size: Pair, dilation: Pair = 1, padding: Pair = 0, stride: Pair = 1
) -> Tensor:
    """Every patch of an image as a column.

    Args:
        x: shape (batch, channels, height, width).
        kernel_size: height and width of a patch.
        dilation: the distance between the places that a patch reads.
        padding: zeros added on all four sides.
        stride: the step from patch to patch.

    Returns:
        Shape (batch, channels * patch height * patch width, patches).
    """
    tensor = floating(x)
    if tensor.ndim != 4:
        raise ValueError(
            "unfold: x must have 4 axes (batch, channels, height, width), got shape "
            f"{tensor.shape}."
        )
    batch, channels = tensor.shape[:2]
    window, params = _window("unfold", kernel_size, dilation, padding, stride)
    images = movement.transpose(tensor, axes=(0, 2, 3, 1))
    found = conv(images, _selector(window, tensor, channels), groups=channels, **params)
    shape = (batch, found.shape[1] * found.shape[2], found.shape[3])
    flat = movement.reshape(found, shape=shape)
    return apply(movement.transpose, flat, axes=(0, 2, 1))


@op
def fold(
    x: Any,
    output_size: Pair,
    kernel_size: Pair,
    dilation: Pair = 1,
    padding: Pair = 0,
    stride: Pair = 1,
) -> Tensor:
    """The transpose of `unfold`: columns added up into an image.

    Args:
        x: shape (batch, channels * patch height * patch width, patches).
        output_size: height and width of the image.
        kernel_size: as in `unfold`.
        dilation: as in `unfold`.
        padding: as in `unfold`; what falls there is dropped.
        stride: as in `unfold`.

    Returns:
        Shape (batch, channels, height, width).
    """
    tensor = floating(x)
    height, width = _pair("fold", "output_size", output_size, 1)
    window, params = _window("fold", kernel_size, dilation, padding, stride)
    places = window[0] * window[1]
    counts = tuple(
        (n + low + high - d * (w - 1) - 1) // s + 1
        for n, (low, high), d, w, s in zip(
            (height, width),
            params["padding"],
            params["dilation"],
            window,
            params["strides"],
            strict=True,
        )
    )
    if tensor.ndim != 3 or tensor.shape[1] % places or tensor.shape[2] != counts[0] * counts[1]:
        raise ValueError(
            f"fold: x must have shape (batch, channels * {places}, {counts[0] * counts[1]}) for "
            f"an output of size {(height, width)}, got shape {tensor.shape}."
        )
    batch, channels = tensor.shape[0], tensor.shape[1] // places
    rows = movement.transpose(tensor, axes=(0, 2, 1))
    rows = movement.reshape(rows, shape=(batch, *counts, tensor.shape[1]))
    found = conv_input_gradient(
        rows,
        _selector(window, tensor, channels),
        input_shape=(batch, height, width, channels),
        groups=channels,
        **params,
    )
    return apply(movement.transpose, found, axes=(0, 3, 1, 2))


def _image(name: str, x: Any, data_format: str) -> tuple[Tensor, bool]:
    tensor = convert_to_tensor(x)
    if data_format not in ("channels_last", "channels_first"):
        raise ValueError(
            f"{name}: data_format must be 'channels_last' or 'channels_first', got {data_format!r}."
        )
    if tensor.ndim != 4:
        raise ValueError(f"{name}: x must have 4 axes, got shape {tensor.shape}.")
    return tensor, data_format == "channels_last"


@op
def depth_to_space(x: Any, block_size: int, data_format: str = "channels_last") -> Tensor:
    """Channels laid out as blocks of `block_size` by `block_size` places (pixel shuffle).

    Args:
        x: shape (batch, height, width, channels), or (batch, channels, height, width).
        block_size: the side of a block; its square must divide the channels.
        data_format: "channels_last" or "channels_first".
    """
    tensor, last = _image("depth_to_space", x, data_format)
    b = block_size
    batch, *_ = tensor.shape
    channels = tensor.shape[3 if last else 1]
    if b < 1 or channels % (b * b):
        raise ValueError(
            f"depth_to_space: {channels} channels (shape {tensor.shape}) cannot be split into "
            f"blocks of {b} by {b}."
        )
    rest = channels // (b * b)
    if last:
        height, width = tensor.shape[1:3]
        shape, axes = (batch, height, width, b, b, rest), (0, 1, 3, 2, 4, 5)
        result = (batch, height * b, width * b, rest)
    else:
        height, width = tensor.shape[2:]
        shape, axes = (batch, rest, b, b, height, width), (0, 1, 4, 2, 5, 3)
        result = (batch, rest, height * b, width * b)
    return _rearranged(tensor, shape, axes, result)


@op
def space_to_depth(x: Any, block_size: int, data_format: str = "channels_last") -> Tensor:
    """Blocks of `block_size` by `block_size` places moved into the channels.

    Args:
        x: shape (batch, height, width, channels), or (batch, channels, height, width).
        block_size: the side of a block; it must divide height and width.
        data_format: "channels_last" or "channels_first".
    """
    tensor, last = _image("space_to_depth", x, data_format)
    b = block_size
    height, width = tensor.shape[1:3] if last else tensor.shape[2:]
    if b < 1 or height % b or width % b:
        raise ValueError(
            f"space_to_depth: height and width of shape {tensor.shape} must be divisible by "
            f"block_size {b}."
        )
    batch, channels = tensor.shape[0], tensor.shape[3 if last else 1]
    h, w = height // b, width // b
    if last:
        shape, axes = (batch, h, b, w, b, channels), (0, 1, 3, 2, 4, 5)
        result = (batch, h, w, channels * b * b)
    else:
        shape, axes = (batch, channels, h, b, w, b), (0, 1, 3, 5, 2, 4)
        result = (batch, channels * b * b, h, w)
    return _rearranged(tensor, shape, axes, result)


def _rearranged(
    x: Tensor, shape: tuple[int, ...], axes: tuple[int, ...], result: tuple[int, ...]
) -> Tensor:
    moved = movement.transpose(movement.reshape(x, shape=shape), axes=axes)
    return apply(movement.reshape, moved, shape=result)
