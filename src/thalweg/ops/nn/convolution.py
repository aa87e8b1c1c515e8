"""Convolutions of one to three spatial axes, and their transposes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from thalweg.ops.arguments import cast_to
from thalweg.ops.dispatch import op
from thalweg.ops.nn.spatial import (
    channels_last,
    check_rank,
    data_layout,
    from_channels_last,
    paddings,
    per_axis,
)
from thalweg.primitives import movement, window
from thalweg.tensor.convert import convert_to_tensor
from thalweg.tensor.dtypes import is_floating, result_type
from thalweg.tensor.tensor import Tensor

__all__ = ["conv", "conv_transpose", "depthwise_conv", "separable_conv"]

Shape = tuple[int, ...]
PerAxis = int | Sequence[int]


def _arguments(name: str, *xs: Any) -> list[Tensor]:
    """Inputs and kernels as tensors of one float dtype and equally many axes."""
    tensors = [convert_to_tensor(x) for x in xs]
    dtype = result_type(*tensors)
    if not is_floating(dtype):
        dtype = result_type(dtype, float)
    check_rank(name, tensors[0])
    for kernel in tensors[1:]:
        if kernel.ndim != tensors[0].ndim:
            raise ValueError(
                f"{name}: a kernel needs {tensors[0].ndim} axes (spatial, channels in, channels "
                f"out) for inputs of shape {tensors[0].shape}, got shape {kernel.shape}."
            )
    return [cast_to(x, dtype) for x in tensors]


@op
def conv(
    inputs: Any,
    kernel: Any,
    strides: PerAxis = 1,
    padding: str = "valid",
    data_format: str | None = None,
    dilation_rate: PerAxis = 1,
) -> Tensor:
    """The convolution (cross-correlation) of images with filters.

    Args:
        inputs: shape (batch, *spatial, channels), or (batch, channels, *spatial) with
            "channels_first".
        kernel: shape (*window, channels / groups, filters), whatever the data format; fewer
            channels than the inputs have make groups, each with filters of its own.
        strides: the step of the window, one number or one per axis.
        padding: "valid", "same" (ceil(length / stride) places), or "causal" (one spatial axis; no
            place sees a later one).
        data_format: "channels_last" or "channels_first", by default `config.image_data_format()`.
        dilation_rate: the distance between the places that a filter reads.

    Returns:
        Shape (batch, *new spatial, filters), in the same data format.

    >>> from thalweg import ops
    >>> ops.conv([[[1.0], [2.0], [4.0]]], [[[1.0]], [[-1.0]]]).numpy()
    array([[[-1.],
            [-2.]]], dtype=float32)
    """
    x, filters = _arguments("conv", inputs, kernel)
    return _conv("conv", x, filters, strides, padding, data_format, dilation_rate)


def _conv(
    name: str,
    inputs: Tensor,
    kernel: Tensor,
    strides: PerAxis,
    padding: str,
    data_format: str | None,
    dilation_rate: PerAxis,
) -> Tensor:
    layout = data_layout(name, data_format)
    x = channels_last(inputs, layout)
    count = x.ndim - 2
    channels, group = x.shape[-1], kernel.shape[-2]
    if not group or channels % group or kernel.shape[-1] % max(channels // group, 1):
        raise ValueError(
            f"{name}: a kernel of shape {kernel.shape} takes channels in groups of {group}, which "
            f"does not fit inputs with {channels} channels (shape {inputs.shape}, {layout})."
        )
    steps = per_axis(name, "strides", strides, count)
    dilation = per_axis(name, "dilation_rate", dilation_rate, count)
    accepted = ("valid", "same", "causal") if count == 1 else ("valid", "same")
    pads = paddings(name, padding, x.shape[1:-1], kernel.shape[:-2], steps, dilation, accepted)
    found = window.conv(
        x, kernel, strides=steps, padding=pads, dilation=dilation, groups=channels // group
    )
    return from_channels_last(found, layout)


def _depthwise(
    name: str,
    inputs: Tensor,
    kernel: Tensor,
    strides: PerAxis,
    padding: str,
    data_format: str | None,
    dilation_rate: PerAxis,
) -> Tensor:
    channels = inputs.shape[-1 if data_layout(name, data_format) == "channels_last" else 1]
    if kernel.shape[-2] != channels:
        raise ValueError(
            f"{name}: a depthwise kernel of shape {kernel.shape} is for {kernel.shape[-2]} "
            f"channels, got inputs with {channels} (shape {inputs.shape})."
        )
    shape = (*kernel.shape[:-2], 1, channels * kernel.shape[-1])
    single = movement.reshape(kernel, shape=shape)
    return _conv(name, inputs, single, strides, padding, data_format, dilation_rate)


@op
def depthwise_conv(
    inputs: Any,
    kernel: Any,
    strides: PerAxis = 1,
    padding: str = "valid",
    data_format: str | None = None,
    dilation_rate: PerAxis = 1,
) -> Tensor:
    """A convolution of each channel by itself.

    Args:
        inputs: as in `conv`.
        kernel: shape (*window, channels, multiplier): so many filters for each channel.
        strides: as in `conv`.
        padding: as in `conv`.
        data_format: as in `conv`.
        dilation_rate: as in `conv`.

    Returns:
        `channels * multiplier` channels, those of the first input channel first.
    """
    x, filters = _arguments("depthwise_conv", inputs, kernel)
    return _depthwise("depthwise_conv", x, filters, strides, padding, data_format, dilation_rate)


@op
def separable_conv(
    inputs: Any,
    depthwise_kernel: Any,
    pointwise_kernel: Any,
    strides: PerAxis = 1,
    padding: str = "valid",
    data_format: str | None = None,
    dilation_rate: PerAxis = 1,
) -> Tensor:
    """A depthwise convolution, then one with a window of one place that mixes the channels.

    Args:
        inputs: as in `conv`.
        depthwise_kernel: shape (*window, channels, multiplier).
        pointwise_kernel: shape (1, ..., channels * multiplier, filters).
        strides: as in `conv`, for the depthwise part.
        padding: as in `conv`, for the depthwise part.
        data_format: as in `conv`.
        dilation_rate: as in `conv`, for the depthwise part.
    """
    name = "separable_conv"
    x, depthwise, pointwise = _arguments(name, inputs, depthwise_kernel, pointwise_kernel)
    middle = _depthwise(name, x, depthwise, strides, padding, data_format, dilation_rate)
    return _conv(name, middle, pointwise, 1, "valid", data_format, 1)


@op
def conv_transpose(
    inputs: Any,
    kernel: Any,
    strides: PerAxis = 1,
    padding: str = "valid",
    output_padding: PerAxis | None = None,
    data_format: str | None = None,
    dilation_rate: PerAxis = 1,
) -> Tensor:
    """The transpose of `conv`: each input spreads a filter over the output.

    Args:
        inputs: as in `conv`.
        kernel: shape (*window, filters, channels): as for the convolution that goes the other way.
        strides: the distance between the places to which neighbouring inputs go.
        padding: "valid" (everything that the filters reach) or "same" (length * stride places).
        output_padding: places added at the end of each axis, one number or one per axis, less
            than the stride; by default those that `padding` calls for.
        data_format: as in `conv`.
        dilation_rate: as in `conv`.
    """
    name = "conv_transpose"
    x, filters = _arguments(name, inputs, kernel)
    layout = data_layout(name, data_format)
    x = channels_last(x, layout)
    count = x.ndim - 2
    if filters.shape[-1] != x.shape[-1]:
        raise ValueError(
            f"{name}: a kernel of shape {filters.shape} is for {filters.shape[-1]} input channels, "
            f"got inputs with {x.shape[-1]} channels (shape {inputs.shape}, {layout})."
        )
    steps = per_axis(name, "strides", strides, count)
    dilation = per_axis(name, "dilation_rate", dilation_rate, count)
    if not isinstance(padding, str) or padding.lower() not in ("valid", "same"):
        raise ValueError(f"{name}: padding must be 'valid' or 'same', got {padding!r}.")
    reach = [d * (w - 1) + 1 for w, d in zip(filters.shape, dilation, strict=False)]
    extra = _output_padding(name, output_padding, padding.lower(), steps, reach)
    lengths, pads = [], []
    for n, r, step, more in zip(x.shape[1:-1], reach, steps, extra, strict=True):
        length, pad = _transposed_axis(n, r, step, padding.lower(), more)
        lengths.append(length)
        pads.append(pad)
    found = window.conv_input_gradient(
        x,
        filters,
        input_shape=(x.shape[0], *lengths, filters.shape[-2]),
        strides=steps,
        padding=tuple(pads),
        dilation=dilation,
        groups=1,
    )
    return from_channels_last(found, layout)


def _output_padding(
    name: str, given: PerAxis | None, padding: str, strides: Shape, reach: Sequence[int]
) -> list[int | None]:
    if given is None:
        return [None] * len(strides)
    listed = [given] * len(strides) if isinstance(given, int) else list(given)
    # More would be places that the convolution the other way turns into another input.
    most = [s - (r % 2 if padding == "same" else 1) for s, r in zip(strides, reach, strict=True)]
    if len(listed) != len(strides) or any(
        not 0 <= more <= top for more, top in zip(listed, most, strict=True)
    ):
        raise ValueError(
            f"{name}: output_padding must lie in 0..{most} on the spatial axes, got {given} with "
            f"strides {strides}."
        )
    return [int(more) for more in listed]


def _transposed_axis(
    n: int, reach: int, stride: int, padding: str, extra: int | None
) -> tuple[int, tuple[int, int]]:
    """The length of an axis of the output, and what is cut off at its ends.

    Keras's rule: "valid" gives (n - 1) * stride + reach places, and at least n * stride; "same"
    gives n * stride, or (n - 1) * stride + reach % 2 + extra when `output_padding` is given. What
    "same" cuts off goes to the end when it is odd, as far as the filter reaches.
    """
    whole = (n - 1) * stride + reach
    if padding == "valid":
        length = whole + (max(stride - reach, 0) if extra is None else extra)
        return length, (0, 0)
    length = n * stride if extra is None else (n - 1) * stride + reach % 2 + extra
    kept = length - (n - 1) * stride + reach - 2
    low = max(reach - 1 - (kept - kept // 2), 0)
    return length, (low, max(whole - length - low, 0))
