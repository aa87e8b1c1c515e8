"""Convolutions that treat each channel by itself: DepthwiseConv1D, DepthwiseConv2D."""

from __future__ import annotations

from typing import Any

from thalweg import ops
from thalweg.layers.arguments import positive
from thalweg.layers.conv import ConvolutionLayer, PerAxis
from thalweg.layers.weights import set_weight_options, weight_options
from thalweg.registry import serializable

__all__ = ["DepthwiseConv1D", "DepthwiseConv2D"]


class _DepthwiseConv(ConvolutionLayer):
    _weights = ("depthwise", "bias")

    def __init__(
        self,
        kernel_size: PerAxis,
        strides: PerAxis = 1,
        padding: str = "valid",
        depth_multiplier: int = 1,
        data_format: str | None = None,
        dilation_rate: PerAxis = 1,
        activation: Any = None,
        use_bias: bool = True,
        depthwise_initializer: Any = "glorot_uniform",
        bias_initializer: Any = "zeros",
        depthwise_regularizer: Any = None,
        bias_regularizer: Any = None,
        activity_regularizer: Any = None,
        depthwise_constraint: Any = None,
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
        self.depth_multiplier = positive(self, "depth_multiplier", depth_multiplier)
        set_weight_options(
            self,
            depthwise=(depthwise_initializer, depthwise_regularizer, depthwise_constraint),
            bias=(bias_initializer, bias_regularizer, bias_constraint),
        )

    def build(self, input_shape: Any) -> None:
        channels = self._channels(input_shape)
        self.kernel = self.add_weight(
            (*self.kernel_size, channels, self.depth_multiplier),
            name="kernel",
            **weight_options(self, "depthwise"),
        )
        self._add_bias(channels * self.depth_multiplier)

    def call(self, inputs: Any) -> Any:
        return self._finish(
            ops.depthwise_conv(
                inputs,
                self.kernel,
                strides=self.strides,
                padding=self.padding,
                data_format=self.data_format,
                dilation_rate=self.dilation_rate,
            )
        )

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "depth_multiplier": self.depth_multiplier}


@serializable("keras.layers")
class DepthwiseConv1D(_DepthwiseConv):
    """As `DepthwiseConv2D`, for sequences (batch, steps, channels)."""

    rank = 1


@serializable("keras.layers")
class DepthwiseConv2D(_DepthwiseConv):
    """A convolution in which each channel has `depth_multiplier` filters of its own.

    Args:
        kernel_size: height and width of a filter.
        strides: how far it moves at a time.
        padding: `'valid'` or `'same'`.
        depth_multiplier: the number of output channels for each input channel.
        data_format: `'channels_last'` or `'channels_first'`.
        dilation_rate: the distance between the places that a filter reads.
        activation: a name or function; None for none.
        use_bias: whether there is a bias.
        depthwise_initializer: how the kernel, (*kernel_size, channels, multiplier), starts.
        bias_initializer: how the bias, (channels * multiplier,), starts.
        depthwise_regularizer: a penalty on the kernel.
        bias_regularizer: a penalty on the bias.
        activity_regularizer: a penalty on the output.
        depthwise_constraint: applied to the kernel after each update.
        bias_constraint: applied to the bias after each update.

    >>> import thalweg as tw
    >>> tw.layers.DepthwiseConv2D(3, depth_multiplier=2)(tw.ops.ones((1, 5, 5, 3))).shape
    (1, 3, 3, 6)
    """

    rank = 2
