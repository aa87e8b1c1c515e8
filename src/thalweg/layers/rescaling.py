"""Rescaling: bring values to another range."""

from __future__ import annotations

from typing import Any

from thalweg import ops
from thalweg.layers.layer import Layer
from thalweg.registry import deserialize_keras_object, serializable, serialize_keras_object

__all__ = ["Rescaling"]


def _plain(value: Any) -> Any:
    return deserialize_keras_object(value) if isinstance(value, dict) else value


@serializable("keras.layers")
class Rescaling(Layer):
    """`inputs * scale + offset`; integers become floats.

    Args:
        scale: a number, or one for each channel (the last axis).
        offset: the same.

    >>> import thalweg as tw
    >>> tw.layers.Rescaling(1 / 127.5, offset=-1)(tw.constant([0, 255])).numpy()
    array([-1.,  1.], dtype=float32)
    """

    def __init__(self, scale: Any, offset: Any = 0.0, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.scale = _plain(scale)
        self.offset = _plain(offset)
        self.supports_masking = True

    def call(self, inputs: Any) -> Any:
        dtype = self.compute_dtype
        scale = ops.convert_to_tensor(self.scale, dtype)
        offset = ops.convert_to_tensor(self.offset, dtype)
        return ops.cast(inputs, dtype) * scale + offset

    def get_config(self) -> dict[str, Any]:
        return {
            **super().get_config(),
            "scale": serialize_keras_object(self.scale),
            "offset": serialize_keras_object(self.offset),
        }
