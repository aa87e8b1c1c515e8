"""Layers that repeat each place: UpSampling over one to three axes."""

from __future__ import annotations

from typing import Any

from thalweg import ops
from thalweg.layers.arguments import data_format_of, one_of, positive, tuple_of
from thalweg.layers.conv import PerAxis
from thalweg.layers.input_spec import InputSpec
from thalweg.layers.layer import Layer
from thalweg.registry import serializable

__all__ = ["UpSampling1D", "UpSampling2D", "UpSampling3D"]


@serializable("keras.layers")
class UpSampling1D(Layer):
    """Each step of a sequence (batch, steps, channels) `size` times."""

    def __init__(self, size: int = 2, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.size = positive(self, "size", size)
        self.input_spec = InputSpec(ndim=3)

    def call(self, inputs: Any) -> Any:
        return ops.repeat(inputs, self.size, axis=1)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "size": self.size}


class _UpSampling(Layer):
    rank: int

    def __init__(self, size: PerAxis = 2, data_format: str | None = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.size = tuple_of(self, "size", size, self.rank)
        self.data_format = data_format_of(self, data_format)
        self.input_spec = InputSpec(ndim=self.rank + 2)

    def call(self, inputs: Any) -> Any:
        x, first = inputs, 1 if self.data_format == "channels_last" else 2
        for axis, times in enumerate(self.size, first):
            x = ops.repeat(x, times, axis=axis)
        return x

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "size": self.size, "data_format": self.data_format}


@serializable("keras.layers")
class UpSampling2D(_UpSampling):
    """Each place of an image as a block of `size` places.

    Args:
        size: height and width of the block.
        data_format: `'channels_last'` (batch, height, width, channels) or `'channels_first'`.
        interpolation: `'nearest'`, the only one so far.

    >>> import thalweg as tw
    >>> tw.layers.UpSampling2D()(tw.ops.ones((1, 3, 4, 1))).shape
    (1, 6, 8, 1)
    """

    rank = 2

    def __init__(
        self,
        size: PerAxis = 2,
        data_format: str | None = None,
        interpolation: str = "nearest",
        **kwargs: Any,
    ) -> None:
        super().__init__(size, data_format, **kwargs)
        self.interpolation = one_of(self, "interpolation", interpolation, ("nearest",))

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "interpolation": self.interpolation}


@serializable("keras.layers")
class UpSampling3D(_UpSampling):
    """Each place of a volume as a block of `size` places."""

    rank = 3
