"""Convolutions in two parts, each channel by itself and then a mix: SeparableConv1D and 2D."""

from __future__ import annotations

from typing import Any

from thalweg import ops
from thalweg.layers.arguments import positive
from thalweg.layers.conv import ConvolutionLayer, PerAxis
from thalweg.layers.weights import set_weight_options, weight_options
from thalweg.registry import serializable
from thalweg.tensor.variable import Variable

__all__ = ["SeparableConv1D", "SeparableConv2D"]


class _SeparableConv(ConvolutionLayer):
    _weights = ("depthwise", "pointwise", "bias")
    depthwise_kernel: Variable
    pointwise_kernel: Variable

    def __init__(
        self,
        filters: int,
        kernel_size: PerAxis,
        strides: PerAxis = 1,
        padding: str = "valid",
        data_format: str | None = None,
        dilation_rate: PerAxis = 1,
        depth_multiplier: int = 1,
        activation: Any = None,
        use_bias: bool = True,
        depthwise_initializer: Any = "glorot_uniform",
        pointwise_initializer: Any = "glorot_uniform",
        bias_initializer: Any = "zeros",
        depthwise_regularizer: Any = None,
        pointwise_regularizer: Any = None,
        bias_regularizer: Any = None,
        activity_regularizer: Any = None,
        depthwise_constraint: Any = None,
        pointwise_constraint: Any = None,
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
        self.depth_multiplier = positive(self, "depth_multiplier", depth_multiplier)
        set_weight_options(
            self,
            depthwise=(depthwise_initializer, depthwise_regularizer, depthwise_constraint),
            pointwise=(pointwise_initializer, pointwise_regularizer, pointwise_constraint),
            bias=(bias_initializer, bias_regularizer, bias_constraint),
        )

    def build(self, input_shape: Any) -> None:
        channels = self._channels(input_shape)
        self.depthwise_kernel = self.add_weight(
            (*self.kernel_size, channels, self.depth_multiplier),
            name="depthwise_kernel",
            **weight_options(self, "depthwise"),
        )
        self.pointwise_kernel = self.add_weight(
            (*[1] * self.rank, channels * self.depth_multiplier, self.filters),
            name="pointwise_kernel",
            **weight_options(self, "pointwise"),
        )
        self._add_bias(self.filters)

    def call(self, inputs: Any) -> Any:
        return self._finish(
            ops.separable_conv(
                inputs,
                self.depthwise_kernel,
                self.pointwise_kernel,
                strides=self.strides,
                padding=self.padding,
                data_format=self.data_format,
                dilation_rate=self.dilation_rate,
            )
        )

    def get_config(self) -> dict[str, Any]:
        return {
            **super().get_config(),
            "filters": self.filters,
            "depth_multiplier": self.depth_multiplier,
        }


@serializable("keras.layers", "SeparableConvolution1D")
class SeparableConv1D(_SeparableConv):
    """As `SeparableConv2D`, for sequences (batch, steps, channels)."""

    rank = 1


@serializable("keras.layers", "SeparableConvolution2D")
class SeparableConv2D(_SeparableConv):
    """A depthwise convolution, then a convolution with windows of one place.

    Args:
        filters: the number of output channels.
        kernel_size: height and width of a depthwise filter.
        strides: how far it moves at a time.
        padding: `'valid'` or `'same'`.
        data_format: `'channels_last'` or `'channels_first'`.
        dilation_rate: the distance between the places that a filter reads.
        depth_multiplier: the number of depthwise filters for each channel.
        activation: a name or function; None for none.
        use_bias: whether there is a bias.
        depthwise_initializer: how the kernel (*kernel_size, channels, multiplier) starts.
        pointwise_initializer: how the kernel (1, 1, channels * multiplier, filters) starts.
        bias_initializer: how the bias, (filters,), starts.
        depthwise_regularizer: a penalty on the depthwise kernel.
        pointwise_regularizer: a penalty on the pointwise kernel.
        bias_regularizer: a penalty on the bias.
        activity_regularizer: a penalty on the output.
        depthwise_constraint: applied to the depthwise kernel after each update.
        pointwise_constraint: applied to the pointwise kernel after each update.
        bias_constraint: applied to the bias after each update.

    >>> import thalweg as tw
    >>> tw.layers.SeparableConv2D(4, 3)(tw.ops.ones((1, 5, 5, 3))).shape
    (1, 3, 3, 4)
    """

    rank = 2
