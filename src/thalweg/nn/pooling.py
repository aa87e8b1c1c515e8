"""TensorFlow's names for pooling."""

from __future__ import annotations

from typing import Any

from thalweg import ops
from thalweg.nn.windows import Numbers, layout_of, spatial_numbers
from thalweg.tensor.tensor import Tensor

__all__ = [
    "avg_pool",
    "avg_pool1d",
    "avg_pool2d",
    "avg_pool3d",
    "max_pool",
    "max_pool1d",
    "max_pool2d",
    "max_pool3d",
]


def _pool(
    name: str,
    kind: str,
    rank: int,
    input: Any,
    ksize: Numbers,
    strides: Numbers,
    padding: str,
    data_format: str | None,
) -> Tensor:
    layout = layout_of(name, data_format)
    function = ops.max_pool if kind == "max" else ops.average_pool
    return function(
        input,
        spatial_numbers(name, ksize, rank, layout),
        strides=spatial_numbers(name, strides, rank, layout),
        padding=padding.lower(),
        data_format=layout,
    )


def max_pool(
    input: Any, ksize: Numbers, strides: Numbers, padding: str, data_format: str | None = None
) -> Tensor:
    """The largest value in each window, over one to three spatial axes."""
    rank = len(ops.shape(input)) - 2
    return _pool("max_pool", "max", rank, input, ksize, strides, padding, data_format)


def max_pool1d(
    input: Any, ksize: Numbers, strides: Numbers, padding: str, data_format: str | None = "NWC"
) -> Tensor:
    """The largest value in each window along the length."""
    return _pool("max_pool1d", "max", 1, input, ksize, strides, padding, data_format)


def max_pool2d(
    input: Any, ksize: Numbers, strides: Numbers, padding: str, data_format: str | None = "NHWC"
) -> Tensor:
    """The largest value in each window of the image."""
    return _pool("max_pool2d", "max", 2, input, ksize, strides, padding, data_format)


def max_pool3d(
    input: Any, ksize: Numbers, strides: Numbers, padding: str, data_format: str | None = "NDHWC"
) -> Tensor:
    """The largest value in each window of the volume."""
    return _pool("max_pool3d", "max", 3, input, ksize, strides, padding, data_format)


def avg_pool(
    input: Any, ksize: Numbers, strides: Numbers, padding: str, data_format: str | None = None
) -> Tensor:
    """The mean of each window, over one to three spatial axes."""
    rank = len(ops.shape(input)) - 2
    return _pool("avg_pool", "avg", rank, input, ksize, strides, padding, data_format)


def avg_pool1d(
    input: Any, ksize: Numbers, strides: Numbers, padding: str, data_format: str | None = "NWC"
) -> Tensor:
    """The mean of each window along the length."""
    return _pool("avg_pool1d", "avg", 1, input, ksize, strides, padding, data_format)


def avg_pool2d(
    input: Any, ksize: Numbers, strides: Numbers, padding: str, data_format: str | None = "NHWC"
) -> Tensor:
    """The mean of each window of the image."""
    return _pool("avg_pool2d", "avg", 2, input, ksize, strides, padding, data_format)


def avg_pool3d(
    input: Any, ksize: Numbers, strides: Numbers, padding: str, data_format: str | None = "NDHWC"
) -> Tensor:
    """The mean of each window of the volume."""
    return _pool("avg_pool3d", "avg", 3, input, ksize, strides, padding, data_format)
