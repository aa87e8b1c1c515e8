"""Optimizers by name and by configuration."""

from __future__ import annotations

from typing import Any

from thalweg.optimizers.optimizer import MODULE, Optimizer
from thalweg.registry import deserialize_keras_object, resolve, serialize_keras_object

__all__ = ["deserialize", "get", "serialize"]


def get(identifier: Any) -> Any:
    """The optimizer that a name, class or configuration stands for.

    Args:
        identifier: a name in any spelling (`'adam'`, `'SGD'`, `'rmsprop'`), which gives an
            optimizer with its defaults; an optimizer or its class; or what `serialize` returned.
            None stays None.

    >>> from thalweg import optimizers
    >>> type(optimizers.get("adam")).__name__
    'Adam'
    """
    if identifier is None:
        return None
    if isinstance(identifier, dict):
        # Older configurations name no module, and write 'adam' for the class.
        identifier = {"module": MODULE, **identifier}
    found = resolve("optimizer", MODULE, identifier, kind="class")
    if not isinstance(found, Optimizer):
        raise ValueError(
            f"An optimizer must be a name, an Optimizer or a configuration, got {identifier!r}."
        )
    return found


def serialize(optimizer: Any) -> Any:
    """The configuration of an optimizer."""
    return serialize_keras_object(optimizer)


def deserialize(config: Any, custom_objects: dict[str, Any] | None = None) -> Any:
    """The optimizer that `serialize` wrote down."""
    return get(deserialize_keras_object(config, custom_objects))
