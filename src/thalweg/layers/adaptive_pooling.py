"""Pooling to a given number of windows: AdaptiveAveragePooling and AdaptiveMaxPooling."""

from __future__ import annotations

from typing import Any

from thalweg import ops
from thalweg.layers.arguments import data_format_of, tuple_of
from thalweg.layers.conv import PerAxis
from thalweg.layers.input_spec import InputSpec
from thalweg.layers.layer import Layer
from thalweg.registry import serializable

__all__ = [
    "AdaptiveAveragePooling1D",
    "AdaptiveAveragePooling2D",
    "AdaptiveAveragePooling3D",
    "AdaptiveMaxPooling1D",
    "AdaptiveMaxPooling2D",
    "AdaptiveMaxPooling3D",
]


class _AdaptivePooling(Layer):
    rank: int

    def __init__(self, output_size: PerAxis, data_format: str | None = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.output_size = tuple_of(self, "output_size", output_size, self.rank)
        self.data_format = data_format_of(self, data_format)
        self.input_spec = InputSpec(ndim=self.rank + 2)

    def get_config(self) -> dict[str, Any]:
        return {
            **super().get_config(),
            "output_size": self.output_size,
            "data_format": self.data_format,
        }


class _Average(_AdaptivePooling):
    def call(self, inputs: Any) -> Any:
        return ops.adaptive_average_pool(inputs, self.output_size, self.data_format)


class _Max(_AdaptivePooling):
    def call(self, inputs: Any) -> Any:
        return ops.adaptive_max_pool(inputs, self.output_size, self.data_format)


@serializable("keras.layers")
class AdaptiveAveragePooling1D(_Average):
    """As `AdaptiveAveragePooling2D`, for sequences (batch, steps, channels)."""

    rank = 1


@serializable("keras.layers")
class AdaptiveAveragePooling2D(_Average):
    """The mean of each of `output_size` windows that cover the image, whatever its size.

    Window i of n on an axis of length m begins at `floor(i * m / n)` and ends before
    `ceil((i + 1) * m / n)`.

    Args:
        output_size: the number of windows, one for both axes or one for each.
        data_format: `'channels_last'` (batch, height, width, channels) or `'channels_first'`.

    >>> import thalweg as tw
    >>> tw.layers.AdaptiveAveragePooling2D((2, 3))(tw.ops.ones((1, 7, 8, 4))).shape
    (1, 2, 3, 4)
    """

    rank = 2


@serializable("keras.layers")
class AdaptiveAveragePooling3D(_Average):
    """As `AdaptiveAveragePooling2D`, for volumes (batch, three spatial axes, channels)."""

    rank = 3


@serializable("keras.layers")
class AdaptiveMaxPooling1D(_Max):
    """As `AdaptiveMaxPooling2D`, for sequences (batch, steps, channels)."""

    rank = 1


@serializable("keras.layers")
class AdaptiveMaxPooling2D(_Max):
    """The largest value in each of `output_size` windows; as `AdaptiveAveragePooling2D`."""

    rank = 2


@serializable("keras.layers")
class AdaptiveMaxPooling3D(_Max):
    """As `AdaptiveMaxPooling2D`, for volumes (batch, three spatial axes, channels)."""

    rank = 3
