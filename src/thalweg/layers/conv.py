"""Convolutions over one, two or three spatial axes: Conv1D, Conv2D, Conv3D.

`SpatialLayer` and `ConvolutionLayer` are what the other convolutions share with them.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from thalweg import activations, ops, regularizers
from thalweg.layers.arguments import (
    data_format_of,
    error,
    known_length,
    one_of,
    positive,
    tuple_of,
)
from thalweg.layers.input_spec import InputSpec
from thalweg.layers.layer import Layer
from thalweg.layers.weights import set_weight_options, weight_config, weight_options
from thalweg.registry import serializable
from thalweg.tensor.variable import Variable

__all__ = ["Conv1D", "Conv2D", "Conv3D", "ConvolutionLayer", "PerAxis"]

PerAxis = int | Sequence[int]


class ConvolutionLayer(Layer):
    """What all convolutions share: window, stride, padding, layout, bias and activation."""

    rank: int
    # Of which weights the options are given.
    _weights: tuple[str, ...] = ("kernel", "bias")
    _paddings: tuple[str, ...] = ("valid", "same")
    kernel: Variable
    bias: Variable | None

    def __init__(
        self,
        kernel_size: PerAxis,
        strides: PerAxis,
        padding: str,
        data_format: str | None,
        dilation_rate: PerAxis,
        activation: Any,
        use_bias: bool,
        activity_regularizer: Any,
        **kwargs: Any,
    ) -> None:
        super().__init__(activity_regularizer=activity_regularizer, **kwargs)
        self.kernel_size = tuple_of(self, "kernel_size", kernel_size, self.rank)
        self.strides = tuple_of(self, "strides", strides, self.rank)
        self.dilation_rate = tuple_of(self, "dilation_rate", dilation_rate, self.rank)
        if max(self.strides) > 1 and max(self.dilation_rate) > 1:
            raise error(
                self,
                f"strides {self.strides} and dilation_rate {self.dilation_rate} cannot both be "
                "above 1.",
            )
        self.padding = one_of(self, "padding", padding, self._paddings)
        self.data_format = data_format_of(self, data_format)
        self.activation = activations.get(activation)
        self.use_bias = use_bias
        self.input_spec = InputSpec(ndim=self.rank + 2)

    @property
    def _channel_axis(self) -> int:
        return -1 if self.data_format == "channels_last" else 1

    def _channels(self, input_shape: Any) -> int:
        """The number of input channels, which later inputs must have as well."""
        if len(input_shape) != self.rank + 2:
            raise error(
                self, f"its input must have {self.rank + 2} axes, got shape {tuple(input_shape)}."
            )
        channels = known_length(self, input_shape, self._channel_axis)
        self.input_spec = InputSpec(ndim=self.rank + 2, axes={self._channel_axis: channels})
        return channels

    def _add_bias(self, filters: int) -> None:
        self.bias = (
            self.add_weight((filters,), name="bias", **weight_options(self, "bias"))
            if self.use_bias
            else None
        )

    def _finish(self, x: Any) -> Any:
        """Bias and activation."""
        if self.bias is not None:
            bias: Any = self.bias
            if self.data_format == "channels_first":
                bias = ops.reshape(bias, (1, -1, *[1] * self.rank))
            x = ops.add(x, bias)
        return self.activation(x)

    def get_config(self) -> dict[str, Any]:
        return {
            **super().get_config(),
            "kernel_size": self.kernel_size,
            "strides": self.strides,
            "padding": self.padding,
            "data_format": self.data_format,
            "dilation_rate": self.dilation_rate,
            "activation": activations.serialize(self.activation),
            "use_bias": self.use_bias,
            **weight_config(self, *self._weights),
            "activity_regularizer": regularizers.serialize(self.activity_regularizer),
        }


class _Conv(ConvolutionLayer):
    def __init__(
        self,
        filters: int,
        kernel_size: PerAxis,
        strides: PerAxis = 1,
        padding: str = "valid",
        data_format: str | None = None,
        dilation_rate: PerAxis = 1,
        groups: int = 1,
        activation: Any = None,
        use_bias: bool = True,
        kernel_initializer: Any = "glorot_uniform",
        bias_initializer: Any = "zeros",
        kernel_regularizer: Any = None,
        bias_regularizer: Any = None,
        activity_regularizer: Any = None,
        kernel_constraint: Any = None,
        bias_constraint: Any = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(
            kernel_size,
            strides,
            padding,
            data_format,
            dilation_rate,
            activation,
            use_bias,
            activity_regularizer,
            **kwargs,
        )
        self.filters = positive(self, "filters", filters)
        self.groups = positive(self, "groups", groups)
        if self.filters % self.groups:
            raise error(
                self, f"filters must be a multiple of groups={groups}, got filters={filters}."
            )
        if self.padding == "causal" and self.data_format == "channels_first":
            raise error(self, "padding='causal' needs data_format='channels_last'.")
        set_weight_options(
            self,
            kernel=(kernel_initializer, kernel_regularizer, kernel_constraint),
            bias=(bias_initializer, bias_regularizer, bias_constraint),
        )

    def build(self, input_shape: Any) -> None:
        channels = self._channels(input_shape)
        if channels % self.groups:
            raise error(
                self,
                f"the number of input channels must be a multiple of groups={self.groups}, got "
                f"{channels} channels.",
            )
        self.kernel = self.add_weight(
            (*self.kernel_size, channels // self.groups, self.filters),
            name="kernel",
            **weight_options(self, "kernel"),
        )
        self._add_bias(self.filters)

    def call(self, inputs: Any) -> Any:
        return self._finish(
            ops.conv(
                inputs,
                self.kernel,
                strides=self.strides,
                padding=self.padding,
                data_format=self.data_format,
                dilation_rate=self.dilation_rate,
            )
        )

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "filters": self.filters, "groups": self.groups}


@serializable("keras.layers", "Convolution1D")
class Conv1D(_Conv):
    """Filters that slide along a sequence: `activation(conv(inputs, kernel) + bias)`.

    Args:
        filters: the number of filters, which is the number of output channels.
        kernel_size: how many steps a filter sees.
        strides: how far it moves at a time.
        padding: `'valid'` (only where it fits), `'same'` (`ceil(steps / strides)` outputs) or
            `'causal'` (no output sees a later step).
        data_format: `'channels_last'` (batch, steps, channels) or `'channels_first'`.
        dilation_rate: the distance between the steps that a filter reads.
        groups: into how many parts the channels are split, each with filters of its own.
        activation: a name or function; None for none.
        use_bias: whether there is a bias.
        kernel_initializer: how the kernel, (kernel_size, channels / groups, filters), starts.
        bias_initializer: how the bias, (filters,), starts.
        kernel_regularizer: a penalty on the kernel.
        bias_regularizer: a penalty on the bias.
        activity_regularizer: a penalty on the output.
        kernel_constraint: applied to the kernel after each update.
        bias_constraint: applied to the bias after each update.

    >>> import thalweg as tw
    >>> tw.layers.Conv1D(4, 3, padding="causal")(tw.ops.ones((2, 10, 1))).shape
    (2, 10, 4)
    """

    rank = 1
    _paddings = ("valid", "same", "causal")


@serializable("keras.layers", "Convolution2D")
class Conv2D(_Conv):
    """Filters that slide over images: `activation(conv(inputs, kernel) + bias)`.

    The arguments are those of `Conv1D`, with one number for both axes or one for each; padding is
    `'valid'` or `'same'`, images are (batch, height, width, channels).

    >>> import thalweg as tw
    >>> tw.layers.Conv2D(4, 3, activation="relu")(tw.ops.ones((2, 28, 28, 1))).shape
    (2, 26, 26, 4)
    """

    rank = 2


@serializable("keras.layers", "Convolution3D")
class Conv3D(_Conv):
    """Filters that slide through volumes (batch, three spatial axes, channels); as `Conv2D`."""

    rank = 3
