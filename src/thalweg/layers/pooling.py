"""Pooling with a window that slides: MaxPooling and AveragePooling over one to three axes."""

from __future__ import annotations

from typing import Any

from thalweg import ops
from thalweg.layers.arguments import data_format_of, one_of, tuple_of
from thalweg.layers.conv import PerAxis
from thalweg.layers.input_spec import InputSpec
from thalweg.layers.layer import Layer
from thalweg.registry import serializable

__all__ = [
    "AveragePooling1D",
    "AveragePooling2D",
    "AveragePooling3D",
    "MaxPooling1D",
    "MaxPooling2D",
    "MaxPooling3D",
]


class _Pooling(Layer):
    rank: int
    _operation: Any

    def __init__(
        self,
        pool_size: PerAxis,
        strides: PerAxis | None = None,
        padding: str = "valid",
        data_format: str | None = None,
        name: str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(name=name, **kwargs)
        self.pool_size = tuple_of(self, "pool_size", pool_size, self.rank)
        steps = self.pool_size if strides is None else strides
        self.strides = tuple_of(self, "strides", steps, self.rank)
        self.padding = one_of(self, "padding", padding, ("valid", "same"))
        self.data_format = data_format_of(self, data_format)
        self.input_spec = InputSpec(ndim=self.rank + 2)

    def call(self, inputs: Any) -> Any:
        return type(self)._operation(
            inputs,
            self.pool_size,
            strides=self.strides,
            padding=self.padding,
            data_format=self.data_format,
        )

    def get_config(self) -> dict[str, Any]:
        return {
            **super().get_config(),
            "pool_size": self.pool_size,
            "padding": self.padding,
            "strides": self.strides,
            "data_format": self.data_format,
        }


class _MaxPooling(_Pooling):
    _operation = staticmethod(ops.max_pool)

    def __init__(
        self,
        pool_size: PerAxis = 2,
        strides: PerAxis | None = None,
        padding: str = "valid",
        data_format: str | None = None,
        name: str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(pool_size, strides, padding, data_format, name, **kwargs)


class _AveragePooling(_Pooling):
    _operation = staticmethod(ops.average_pool)


@serializable("keras.layers", "MaxPool1D")
class MaxPooling1D(_MaxPooling):
    """As `MaxPooling2D`, for sequences (batch, steps, channels)."""

    rank = 1


@serializable("keras.layers", "MaxPool2D")
class MaxPooling2D(_MaxPooling):
    """The largest value in each window, channel by channel.

    Args:
        pool_size: height and width of the window.
        strides: how far it moves at a time; by default as far as it is large.
        padding: `'valid'` (only where it fits) or `'same'` (`ceil(length / strides)` outputs).
        data_format: `'channels_last'` (batch, height, width, channels) or `'channels_first'`.

    >>> import thalweg as tw
    >>> x = tw.constant([[1.0, 2.0], [3.0, 4.0]])
    >>> tw.layers.MaxPooling2D()(tw.ops.reshape(x, (1, 2, 2, 1))).numpy().item()
    4.0
    """

    rank = 2


@serializable("keras.layers", "MaxPool3D")
class MaxPooling3D(_MaxPooling):
    """As `MaxPooling2D`, for volumes (batch, three spatial axes, channels)."""

    rank = 3


@serializable("keras.layers", "AvgPool1D")
class AveragePooling1D(_AveragePooling):
    """As `AveragePooling2D`, for sequences (batch, steps, channels)."""

    rank = 1


@serializable("keras.layers", "AvgPool2D")
class AveragePooling2D(_AveragePooling):
    """The mean of each window, channel by channel; padding does not count.

    Args:
        pool_size: height and width of the window.
        strides: how far it moves at a time; by default as far as it is large.
        padding: `'valid'` (only where it fits) or `'same'` (`ceil(length / strides)` outputs).
        data_format: `'channels_last'` (batch, height, width, channels) or `'channels_first'`.

    >>> import thalweg as tw
    >>> x = tw.constant([[1.0, 2.0], [3.0, 4.0]])
    >>> tw.layers.AveragePooling2D(2)(tw.ops.reshape(x, (1, 2, 2, 1))).numpy().item()
    2.5
    """

    rank = 2


@serializable("keras.layers", "AvgPool3D")
class AveragePooling3D(_AveragePooling):
    """As `AveragePooling2D`, for volumes (batch, three spatial axes, channels)."""

    rank = 3
