"""Transposed convolutions, which enlarge: Conv1DTranspose, Conv2DTranspose, Conv3DTranspose."""

from __future__ import annotations

from typing import Any

from thalweg import ops
from thalweg.layers.arguments import error, positive, tuple_of
from thalweg.layers.conv import ConvolutionLayer, PerAxis
from thalweg.layers.weights import set_weight_options, weight_options
from thalweg.registry import serializable

__all__ = ["Conv1DTranspose", "Conv2DTranspose", "Conv3DTranspose"]


class _ConvTranspose(ConvolutionLayer):
    def __init__(
        self,
        filters: int,
        kernel_size: PerAxis,
        strides: PerAxis = 1,
        padding: str = "valid",
        output_padding: PerAxis | None = None,
        data_format: str | None = None,
        dilation_rate: PerAxis = 1,
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
        if output_padding is None:
            self.output_padding = None
        else:
            given = tuple_of(self, "output_padding", output_padding, self.rank, least=0)
            if any(p >= s for p, s in zip(given, self.strides, strict=True)):
                raise error(self, f"output_padding {given} must be below strides {self.strides}.")
            self.output_padding = given
        set_weight_options(
            self,
            kernel=(kernel_initializer, kernel_regularizer, kernel_constraint),
            bias=(bias_initializer, bias_regularizer, bias_constraint),
        )

    def build(self, input_shape: Any) -> None:
        self.kernel = self.add_weight(
            (*self.kernel_size, self.filters, self._channels(input_shape)),
            name="kernel",
            **weight_options(self, "kernel"),
        )
        self._add_bias(self.filters)

    def call(self, inputs: Any) -> Any:
        return self._finish(
            ops.conv_transpose(
                inputs,
                self.kernel,
                strides=self.strides,
                padding=self.padding,
                output_padding=self.output_padding,
                data_format=self.data_format,
                dilation_rate=self.dilation_rate,
            )
        )

    def get_config(self) -> dict[str, Any]:
        return {
            **super().get_config(),
            "filters": self.filters,
            "output_padding": self.output_padding,
        }


@serializable("keras.layers", "Convolution1DTranspose")
class Conv1DTranspose(_ConvTranspose):
    """As `Conv2DTranspose`, for sequences (batch, steps, channels)."""

    rank = 1


@serializable("keras.layers", "Convolution2DTranspose")
class Conv2DTranspose(_ConvTranspose):
    """The transpose of `Conv2D`: each input place spreads a filter over the output.

    Args:
        filters: the number of output channels.
        kernel_size: height and width of a filter.
        strides: how far apart the filters of neighbouring places lie: by how much it enlarges.
        padding: `'valid'` or `'same'` (`strides` times the input's height and width).
        output_padding: how much is added at the end of each axis; None lets `padding` decide.
        data_format: `'channels_last'` or `'channels_first'`.
        dilation_rate: the distance between the places that a filter writes.
        activation: a name or function; None for none.
        use_bias: whether there is a bias.
        kernel_initializer: how the kernel, (*kernel_size, filters, channels), starts.
        bias_initializer: how the bias, (filters,), starts.
        kernel_regularizer: a penalty on the kernel.
        bias_regularizer: a penalty on the bias.
        activity_regularizer: a penalty on the output.
        kernel_constraint: applied to the kernel after each update.
        bias_constraint: applied to the bias after each update.

    >>> import thalweg as tw
    >>> x = tw.ops.ones((1, 7, 7, 3))
    >>> tw.layers.Conv2DTranspose(2, 3, strides=2, padding="same")(x).shape
    (1, 14, 14, 2)
    """

    rank = 2


@serializable("keras.layers", "Convolution3DTranspose")
class Conv3DTranspose(_ConvTranspose):
    """As `Conv2DTranspose`, for volumes; here `data_format` comes before `output_padding`."""

    rank = 3

    def __init__(
        self,
        filters: int,
        kernel_size: PerAxis,
        strides: PerAxis = 1,
        padding: str = "valid",
        data_format: str | None = None,
        output_padding: PerAxis | None = None,
        dilation_rate: PerAxis = 1,
        activation: Any = None,
        *args: Any,
        **kwargs: Any,
    ) -> None:
        super().__init__(
            filters,
            kernel_size,
            strides,
            padding,
            output_padding,
            data_format,
            dilation_rate,
            activation,
            *args,
            **kwargs,
        )
