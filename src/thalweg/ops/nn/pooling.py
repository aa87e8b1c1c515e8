"""Maximum and average over windows, of given size or adapted to a given output size."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from thalweg.ops.arguments import cast_to, floating
from thalweg.ops.contraction import contract_labels
from thalweg.ops.dispatch import op
from thalweg.ops.nn.spatial import (
    Padding,
    Shape,
    channels_last,
    check_rank,
    data_layout,
    from_channels_last,
    paddings,
    per_axis,
)
from thalweg.ops.reduction import max as maximum_of
from thalweg.primitives import window
from thalweg.primitives.gather import gather
from thalweg.tensor.convert import convert_to_tensor
from thalweg.tensor.dtypes import bool_, int32
from thalweg.tensor.tensor import Tensor

__all__ = ["adaptive_average_pool", "adaptive_max_pool", "average_pool", "max_pool"]

PerAxis = int | Sequence[int]


@op
def max_pool(
    inputs: Any,
    pool_size: PerAxis,
    strides: PerAxis | None = None,
    padding: str = "valid",
    data_format: str | None = None,
) -> Tensor:
    """The maximum of each window.

    Args:
        inputs: shape (batch, *spatial, channels), or (batch, channels, *spatial) with
            "channels_first".
        pool_size: the window, one length or one per axis.
        strides: the step of the window, by default its size.
        padding: "valid", or "same" (ceil(length / stride) places; what is added is never the
            maximum).
        data_format: "channels_last" or "channels_first", by default `config.image_data_format()`.

    The gradient goes to the first place of each window that holds the maximum.

    >>> from thalweg import ops
    >>> ops.max_pool([[[1.0], [3.0], [2.0], [4.0]]], 2).numpy().ravel()
    array([3., 4.], dtype=float32)
    """
    tensor = convert_to_tensor(inputs)
    if tensor.dtype == bool_:
        tensor = cast_to(tensor, int32)
    x, layout, params = _window("max_pool", tensor, pool_size, strides, padding, data_format)
    return from_channels_last(window.window_max(x, **params), layout)


@op
def average_pool(
    inputs: Any,
    pool_size: PerAxis,
    strides: PerAxis | None = None,
    padding: str = "valid",
    data_format: str | None = None,
) -> Tensor:
    """The mean of each window; places added by the padding do not count.

    Args:
        inputs: as in `max_pool`.
        pool_size: as in `max_pool`.
        strides: as in `max_pool`.
        padding: as in `max_pool`.
        data_format: as in `max_pool`.
    """
    tensor = floating(inputs)
    x, layout, params = _window("average_pool", tensor, pool_size, strides, padding, data_format)
    counts = _counts(x.shape[1:-1], **params)
    summed: Tensor = window.window_sum(x, **params)
    if counts.min() == counts.max():
        mean = summed / float(counts.max())
    else:
        mean = summed / Tensor(counts[..., None].astype(x.dtype))
    return from_channels_last(mean, layout)


def _window(
    name: str,
    tensor: Tensor,
    pool_size: PerAxis,
    strides: PerAxis | None,
    padding: str,
    data_format: str | None,
) -> tuple[Tensor, str, dict[str, Any]]:
    count = check_rank(name, tensor)
    layout = data_layout(name, data_format)
    x = channels_last(tensor, layout)
    size = per_axis(name, "pool_size", pool_size, count)
    steps = size if strides is None else per_axis(name, "strides", strides, count)
    pads = paddings(name, padding, x.shape[1:-1], size, steps, (1,) * count)
    return x, layout, {"window": size, "strides": steps, "padding": pads}


def _counts(
    spatial: Shape, window: Shape, strides: Shape, padding: Padding
) -> np.ndarray[Any, Any]:
    """How many real places each window holds."""
    found = np.ones(())
    for n, w, s, (low, high) in zip(spatial, window, strides, padding, strict=True):
        begin = np.arange((n + low + high - w) // s + 1) * s - low
        found = np.multiply.outer(found, np.minimum(begin + w, n) - np.maximum(begin, 0))
    return found


# --- adaptive pooling -----------------------------------------------------------------------
# Window i of an axis of length n with `size` windows reaches from floor(i n / size) to
# ceil((i + 1) n / size).


def _adaptive(
    name: str, inputs: Any, output_size: PerAxis, data_format: str | None
) -> tuple[Tensor, str, Shape]:
    tensor = floating(inputs)
    count = check_rank(name, tensor)
    layout = data_layout(name, data_format)
    return channels_last(tensor, layout), layout, per_axis(name, "output_size", output_size, count)


def _bounds(n: int, size: int) -> list[tuple[int, int]]:
    return [(i * n // size, -(-(i + 1) * n // size)) for i in range(size)]


@op
def adaptive_average_pool(
    inputs: Any, output_size: PerAxis, data_format: str | None = None
) -> Tensor:
    """The mean of windows that divide each spatial axis into `output_size` parts.

    Args:
        inputs: as in `max_pool`.
        output_size: the number of windows, one for all axes or one per axis.
        data_format: as in `max_pool`.
    """
    x, layout, sizes = _adaptive("adaptive_average_pool", inputs, output_size, data_format)
    labels = tuple(range(x.ndim))
    for axis, size in enumerate(sizes, start=1):
        n = x.shape[axis]
        weights = np.zeros((n, size))
        for i, (begin, end) in enumerate(_bounds(n, size)):
            weights[begin:end, i] = 1 / (end - begin)
        result = tuple("new" if i == axis else i for i in labels)
        x = contract_labels(x, labels, Tensor(weights.astype(x.dtype)), (axis, "new"), result)
    return from_channels_last(x, layout)


@op
def adaptive_max_pool(inputs: Any, output_size: PerAxis, data_format: str | None = None) -> Tensor:
    """The maximum of windows that divide each spatial axis into `output_size` parts.

    Args:
        inputs: as in `max_pool`.
        output_size: the number of windows, one for all axes or one per axis.
        data_format: as in `max_pool`.
    """
    x, layout, sizes = _adaptive("adaptive_max_pool", inputs, output_size, data_format)
    for axis, size in enumerate(sizes, start=1):
        bounds = _bounds(x.shape[axis], size)
        longest = max(end - begin for begin, end in bounds)
        # Shorter windows take their last place twice.
        places = np.array([[min(b + i, e - 1) for i in range(longest)] for b, e in bounds])
        x = maximum_of(gather(x, Tensor(places.astype(np.int32)), axis=axis), axis=axis + 1)
    return from_channels_last(x, layout)
