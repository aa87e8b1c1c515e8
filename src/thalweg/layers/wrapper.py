"""Wrapper: the base of layers that work through another layer."""

from __future__ import annotations

from typing import Any, Self

from thalweg.layers.arguments import error
from thalweg.layers.layer import Layer
from thalweg.registry import deserialize_keras_object, serializable, serialize_keras_object

__all__ = ["Wrapper"]


@serializable("keras.layers")
class Wrapper(Layer):
    """Keeps a layer in `layer`, builds it, and writes it to the configuration.

    Args:
        layer: the layer inside.
    """

    def __init__(self, layer: Layer, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        if not isinstance(layer, Layer):
            raise error(self, f"layer must be a layer, got {layer!r}.")
        self.layer = layer

    def build(self, input_shape: Any = None) -> None:
        if not self.layer.built:
            self.layer.build(input_shape)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "layer": serialize_keras_object(self.layer)}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Self:
        return cls(**{**config, "layer": deserialize_keras_object(config["layer"])})
