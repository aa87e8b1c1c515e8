"""Pooling over all places at once: GlobalAveragePooling and GlobalMaxPooling."""

from __future__ import annotations

from typing import Any

from thalweg import ops
from thalweg.layers.arguments import data_format_of
from thalweg.layers.input_spec import InputSpec
from thalweg.layers.layer import Layer
from thalweg.registry import serializable

__all__ = [
    "GlobalAveragePooling1D",
    "GlobalAveragePooling2D",
    "GlobalAveragePooling3D",
    "GlobalMaxPooling1D",
    "GlobalMaxPooling2D",
    "GlobalMaxPooling3D",
]


class _GlobalPooling(Layer):
    rank: int

    def __init__(
        self, data_format: str | None = None, keepdims: bool = False, **kwargs: Any
    ) -> None:
        super().__init__(**kwargs)
        self.data_format = data_format_of(self, data_format)
        self.keepdims = keepdims
        self.input_spec = InputSpec(ndim=self.rank + 2)

    @property
    def _axes(self) -> tuple[int, ...]:
        first = 1 if self.data_format == "channels_last" else 2
        return tuple(range(first, first + self.rank))

    def get_config(self) -> dict[str, Any]:
        return {
            **super().get_config(),
            "data_format": self.data_format,
            "keepdims": self.keepdims,
        }


class _GlobalAverage(_GlobalPooling):
    def call(self, inputs: Any) -> Any:
        return ops.mean(inputs, axis=self._axes, keepdims=self.keepdims)


class _GlobalMax(_GlobalPooling):
    def call(self, inputs: Any) -> Any:
        return ops.max(inputs, axis=self._axes, keepdims=self.keepdims)


@serializable("keras.layers", "GlobalAvgPool1D")
class GlobalAveragePooling1D(_GlobalPooling):
    """The mean over all steps of a sequence; steps that are masked do not count.

    Args:
        data_format: `'channels_last'` (batch, steps, channels) or `'channels_first'`.
        keepdims: whether the axis stays, with length 1.

    >>> import thalweg as tw
    >>> tw.layers.GlobalAveragePooling1D()(tw.constant([[[1.0], [3.0]]])).numpy()
    array([[2.]], dtype=float32)
    """

    rank = 1

    def __init__(
        self, data_format: str | None = None, keepdims: bool = False, **kwargs: Any
    ) -> None:
        super().__init__(data_format, keepdims, **kwargs)
        self.supports_masking = True

    def call(self, inputs: Any, mask: Any = None) -> Any:
        (axis,) = self._axes
        if mask is None:
            return ops.mean(inputs, axis=axis, keepdims=self.keepdims)
        weights = ops.expand_dims(ops.cast(mask, inputs.dtype), axis=3 - axis)
        total = ops.sum(inputs * weights, axis=axis, keepdims=self.keepdims)
        return total / ops.sum(weights, axis=axis, keepdims=self.keepdims)

    def compute_mask(self, inputs: Any, previous_mask: Any = None) -> Any:
        return None


@serializable("keras.layers", "GlobalAvgPool2D")
class GlobalAveragePooling2D(_GlobalAverage):
    """The mean over height and width, channel by channel.

    Args:
        data_format: `'channels_last'` (batch, height, width, channels) or `'channels_first'`.
        keepdims: whether the axes stay, with length 1.

    >>> import thalweg as tw
    >>> tw.layers.GlobalAveragePooling2D()(tw.ops.ones((2, 5, 5, 3))).shape
    (2, 3)
    """

    rank = 2


@serializable("keras.layers", "GlobalAvgPool3D")
class GlobalAveragePooling3D(_GlobalAverage):
    """As `GlobalAveragePooling2D`, for volumes (batch, three spatial axes, channels)."""

    rank = 3


@serializable("keras.layers", "GlobalMaxPool1D")
class GlobalMaxPooling1D(_GlobalMax):
    """As `GlobalMaxPooling2D`, for sequences (batch, steps, channels)."""

    rank = 1


@serializable("keras.layers", "GlobalMaxPool2D")
class GlobalMaxPooling2D(_GlobalMax):
    """The largest value over height and width, channel by channel.

    Args:
        data_format: `'channels_last'` (batch, height, width, channels) or `'channels_first'`.
        keepdims: whether the axes stay, with length 1.
    """

    rank = 2


@serializable("keras.layers", "GlobalMaxPool3D")
class GlobalMaxPooling3D(_GlobalMax):
    """As `GlobalMaxPooling2D`, for volumes (batch, three spatial axes, channels)."""

    rank = 3
