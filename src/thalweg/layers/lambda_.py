"""Lambda: any function of tensors as a layer."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any, Self

from thalweg.layers.arguments import error
from thalweg.layers.layer import Layer
from thalweg.registry import deserialize_keras_object, serializable, serialize_keras_object

__all__ = ["Lambda"]


@serializable("keras.layers")
class Lambda(Layer):
    """`function(inputs, **arguments)`.

    No code is ever written to a file: a model with a `Lambda` layer can be saved if its function
    has a name, and loaded where that function is registered with `register_keras_serializable` or
    given in `custom_objects`.

    Args:
        function: takes the inputs; also gets `mask` and `training` if it has such arguments.
        output_shape: kept for Keras's sake; shapes are found by tracing the function.
        mask: the mask of the output, or a function of (inputs, mask) that returns it.
        arguments: further arguments of the function, by name.

    >>> import thalweg as tw
    >>> tw.layers.Lambda(tw.ops.square)(tw.constant([3.0])).numpy()
    array([9.], dtype=float32)
    """

    def __init__(
        self,
        function: Callable[..., Any],
        output_shape: Any = None,
        mask: Any = None,
        arguments: dict[str, Any] | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        if not callable(function):
            raise error(self, f"function must be callable, got {function!r}.")
        self.function = function
        self.arguments = dict(arguments or {})
        self.mask = mask
        self.supports_masking = mask is not None
        self._output_shape = output_shape
        known = inspect.signature(function).parameters
        self._takes = [name for name in ("mask", "training") if name in known]

    def call(self, inputs: Any, mask: Any = None, training: bool | None = None) -> Any:
        given = {"mask": mask, "training": training}
        return self.function(inputs, **self.arguments, **{k: given[k] for k in self._takes})

    def compute_mask(self, inputs: Any, previous_mask: Any = None) -> Any:
        return self.mask(inputs, previous_mask) if callable(self.mask) else self.mask

    def get_config(self) -> dict[str, Any]:
        config = {
            **super().get_config(),
            "function": serialize_keras_object(self.function),
            "arguments": serialize_keras_object(self.arguments),
        }
        if self._output_shape is not None:
            config["output_shape"] = serialize_keras_object(self._output_shape)
        if self.mask is not None:
            config["mask"] = serialize_keras_object(self.mask)
        return config

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Self:
        return cls(**{key: deserialize_keras_object(value) for key, value in config.items()})
