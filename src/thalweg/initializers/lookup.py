"""Initializers by name and by configuration."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from thalweg import ops
from thalweg.initializers.initializer import MODULE, dtype_name
from thalweg.registry import deserialize_keras_object, resolve, serialize_keras_object
from thalweg.tensor.tensor import Tensor

__all__ = ["deserialize", "get", "serialize"]


def get(identifier: Any) -> Any:
    """The initializer that a name, class, configuration, function or array stands for.

    Args:
        identifier: `'glorot_uniform'`, `'GlorotUniform'`, `'glorotUniform'`, `'uniform'`, ..., an
            initializer or its class, what `serialize` returned, a function of `(shape, dtype)`, or
            an array or tensor that is itself the value. None stays None.
    """
    if identifier is None:
        return None
    if isinstance(identifier, (Tensor, np.ndarray)):
        return _from_value(identifier)
    found = resolve("initializer", MODULE, identifier)
    if not callable(found):
        raise ValueError(
            "An initializer must be a name, an Initializer, a function, an array or a "
            f"configuration, got {identifier!r}."
        )
    return found


def _from_value(value: Any) -> Callable[..., Tensor]:
    def initializer(shape: Sequence[int], dtype: Any = None) -> Tensor:
        if tuple(shape) != tuple(value.shape):
            raise ValueError(
                f"The array given as initializer has shape {tuple(value.shape)}, the weight has "
                f"shape {tuple(shape)}."
            )
        return ops.cast(value, dtype_name(dtype))

    return initializer


def serialize(initializer: Any) -> Any:
    """The configuration of an initializer.

    >>> from thalweg import initializers
    >>> initializers.serialize(initializers.GlorotUniform(seed=1))["config"]
    {'seed': 1, 'input_axes': None, 'output_axes': None}
    """
    return serialize_keras_object(initializer)


def deserialize(config: Any, custom_objects: dict[str, Any] | None = None) -> Any:
    """The initializer that `serialize` wrote down."""
    return get(deserialize_keras_object(config, custom_objects))
