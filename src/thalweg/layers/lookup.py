"""Layers by configuration."""

from __future__ import annotations

from typing import Any

from thalweg.layers.layer import Layer
from thalweg.registry import deserialize_keras_object, serialize_keras_object

__all__ = ["deserialize", "serialize"]


def serialize(layer: Layer) -> dict[str, Any]:
    """The configuration of a layer, from which `deserialize` makes it again, without weights.

    >>> import thalweg as tw
    >>> tw.layers.serialize(tw.layers.Flatten())["class_name"]
    'Flatten'
    """
    found: dict[str, Any] = serialize_keras_object(layer)
    return found


def deserialize(config: dict[str, Any], custom_objects: dict[str, Any] | None = None) -> Any:
    """The layer that `serialize` wrote down."""
    found = deserialize_keras_object(config, custom_objects)
    if not isinstance(found, Layer):
        raise ValueError(f"The configuration is not that of a layer, got {config!r}.")
    return found
