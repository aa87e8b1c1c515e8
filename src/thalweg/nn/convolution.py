"""TensorFlow's names for convolutions."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from thalweg import ops
from thalweg.nn.windows import Numbers, layout_of, spatial_numbers
from thalweg.tensor.tensor import Tensor

__all__ = ["conv1d", "conv2d", "conv2d_transpose", "conv3d", "depthwise_conv2d", "separable_conv2d"]


def _conv(
    name: str,
    rank: int,
    input: Any,
    filters: Any,
    strides: Numbers,
    padding: str,
    data_format: str | None,
    dilations: Numbers | None,
) -> Tensor:
    layout = layout_of(name, data_format)
    return ops.conv(
        input,
        filters,
        strides=spatial_numbers(name, strides, rank, layout),
        padding=padding.lower(),
        data_format=layout,
        dilation_rate=spatial_numbers(name, 1 if dilations is None else dilations, rank, layout),
    )


def conv1d(
    input: Any,
    filters: Any,
    stride: Numbers,
    padding: str,
    data_format: str | None = "NWC",
    dilations: Numbers | None = None,
) -> Tensor:
    """Convolution of (batch, length, channels) with (width, channels, filters)."""
    return _conv("conv1d", 1, input, filters, stride, padding, data_format, dilations)


def conv2d(
    input: Any,
    filters: Any,
    strides: Numbers,
    padding: str,
    data_format: str | None = "NHWC",
    dilations: Numbers | None = None,
) -> Tensor:
    """Convolution of (batch, height, width, channels) with (h, w, channels, filters).

    Args:
        input: the images.
        filters: the filters.
        strides: one number, two, or four of which the first and last are 1.
        padding: 'SAME' or 'VALID'.
        data_format: 'NHWC', or 'NCHW' for channels on the second axis.
        dilations: the distance between the places that a filter reads, like `strides`.
    """
    return _conv("conv2d", 2, input, filters, strides, padding, data_format, dilations)


def conv3d(
    input: Any,
    filters: Any,
    strides: Numbers,
    padding: str,
    data_format: str | None = "NDHWC",
    dilations: Numbers | None = None,
) -> Tensor:
    """Convolution of (batch, depth, height, width, channels) with (d, h, w, channels, filters)."""
    return _conv("conv3d", 3, input, filters, strides, padding, data_format, dilations)


def conv2d_transpose(
    input: Any,
    filters: Any,
    output_shape: Sequence[int],
    strides: Numbers,
    padding: str = "SAME",
    data_format: str | None = "NHWC",
) -> Tensor:
    """The transpose of `conv2d`; filters are (h, w, filters, channels).

    Args:
        input: the images.
        filters: the filters.
        output_shape: the shape of the result, since several lengths may belong to one input.
        strides: as in `conv2d`.
        padding: that of the convolution of which this is the transpose.
        data_format: as in `conv2d`.
    """
    name = "conv2d_transpose"
    layout = layout_of(name, data_format)
    steps = spatial_numbers(name, strides, 2, layout)
    images, window = ops.convert_to_tensor(input), ops.convert_to_tensor(filters).shape[:2]
    first = 1 if layout == "channels_last" else 2
    same = padding.lower() == "same"
    extra = []
    for i in (0, 1):
        n, wanted = images.shape[first + i], int(output_shape[first + i])
        least = (n - 1) * steps[i] + (window[i] % 2 if same else window[i])
        extra.append(wanted - least)
    found = ops.conv_transpose(
        images,
        filters,
        strides=steps,
        padding=padding.lower(),
        output_padding=extra,
        data_format=layout,
    )
    if found.shape != tuple(output_shape):
        raise ValueError(
            f"{name}: output_shape {tuple(output_shape)} does not belong to an input of shape "
            f"{images.shape}, which gives {found.shape}."
        )
    return found


def depthwise_conv2d(
    input: Any,
    filter: Any,
    strides: Numbers,
    padding: str,
    data_format: str | None = None,
    dilations: Numbers | None = None,
) -> Tensor:
    """Each channel with filters of its own, (h, w, channels, multiplier)."""
    name = "depthwise_conv2d"
    layout = layout_of(name, data_format)
    return ops.depthwise_conv(
        input,
        filter,
        strides=spatial_numbers(name, strides, 2, layout),
        padding=padding.lower(),
        data_format=layout,
        dilation_rate=spatial_numbers(name, 1 if dilations is None else dilations, 2, layout),
    )


def separable_conv2d(
    input: Any,
    depthwise_filter: Any,
    pointwise_filter: Any,
    strides: Numbers,
    padding: str,
    data_format: str | None = None,
    dilations: Numbers | None = None,
) -> Tensor:
    """`depthwise_conv2d`, then a convolution with (1, 1, channels * multiplier, filters)."""
    name = "separable_conv2d"
    layout = layout_of(name, data_format)
    return ops.separable_conv(
        input,
        depthwise_filter,
        pointwise_filter,
        strides=spatial_numbers(name, strides, 2, layout),
        padding=padding.lower(),
        data_format=layout,
        dilation_rate=spatial_numbers(name, 1 if dilations is None else dilations, 2, layout),
    )
