"""Sequential: layers one after the other."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from thalweg.layers.input import InputLayer
from thalweg.layers.layer import Layer
from thalweg.layers.symbolic import KerasTensor, known_shape
from thalweg.registry import deserialize_keras_object, serializable, serialize_keras_object
from thalweg.tensor.tree import flatten
from thalweg.training.functional import FunctionalGraph
from thalweg.training.model import Model

__all__ = ["Sequential"]


@serializable("keras")
class Sequential(Model):
    """A model whose layers are called one after the other.

    Args:
        layers: the layers; the first may be an `Input`, then the weights exist at once, otherwise
            from the first call on.
        trainable: whether the model's weights are trained.
        name: the model's name.

    >>> import thalweg as tw
    >>> model = tw.Sequential([tw.Input((3,)), tw.layers.Dense(5), tw.layers.Dense(2)])
    >>> model.count_params()
    32
    """

    def __init__(
        self,
        layers: Sequence[Any] | None = None,
        trainable: bool = True,
        name: str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(trainable=trainable, name=name, **kwargs)
        self._input_layer: InputLayer | None = None
        self._stack: list[Layer] = []
        if layers is not None:
            if isinstance(layers, Layer):
                raise TypeError(
                    f"Sequential '{self.name}' expects a list of layers, got the layer "
                    f"'{layers.name}' alone."
                )
            for layer in layers:
                self._append(layer)
            self._build_if_possible()

    def add(self, layer: Any, rebuild: bool = True) -> None:
        """Put a layer at the end."""
        self._append(layer)
        if rebuild:
            self._build_if_possible()

    def pop(self, rebuild: bool = True) -> Layer:
        """Take the last layer off and return it."""
        if not self._stack:
            raise ValueError(f"Sequential '{self.name}' has no layer to take off.")
        layer = self._stack.pop()
        self._graph, self.built = None, False
        if rebuild:
            self._build_if_possible()
        return layer

    def _append(self, layer: Any) -> None:
        if isinstance(layer, KerasTensor) and layer._keras_history is not None:
            layer = layer._keras_history[0]
        if not isinstance(layer, Layer):
            raise TypeError(
                f"Sequential '{self.name}' takes layers, got {type(layer).__name__} ({layer!r})."
            )
        if isinstance(layer, InputLayer):
            if self._input_layer is not None or self._stack:
                raise ValueError(
                    f"Sequential '{self.name}': Input '{layer.name}' must come first, and once."
                )
            self._input_layer = layer
        else:
            if any(layer.name == other.name for other in self._stack):
                raise ValueError(
                    f"Sequential '{self.name}' has a layer named '{layer.name}' already; names "
                    "must be unique."
                )
            if not self._stack and self._input_layer is None and layer._first_shape is not None:
                self._input_layer = InputLayer(batch_shape=layer._first_shape)
            self._stack.append(layer)
        self._graph, self.built = None, False

    def _build_if_possible(self) -> None:
        first = self._stack[0] if self._stack else None
        if self._input_layer is not None and first is not None:
            self.build(self._input_layer.batch_shape)
        elif isinstance(first, Model) and first._graph is not None:
            inputs = flatten(first._graph.inputs)
            if len(inputs) == 1:
                self._input_layer = InputLayer(batch_shape=inputs[0].shape, dtype=inputs[0].dtype)
                self.build(self._input_layer.batch_shape)

    def build(self, input_shape: Any = None) -> None:
        """Make the weights for inputs of this shape, the batch's length first."""
        if not self._stack:
            raise ValueError(f"Sequential '{self.name}' has no layers to build.")
        if self._input_layer is None:
            if input_shape is None:
                raise ValueError(
                    f"Sequential '{self.name}' has no Input, so build() needs an input_shape."
                )
            self._input_layer = InputLayer(batch_shape=tuple(input_shape))
        x = self._input_layer.output
        for layer in self._stack:
            x = layer(x)
        self._graph = FunctionalGraph(self._input_layer.output, x, self.name)

    def _ensure_built(self, tensors: dict[str, Any]) -> None:
        if self.built or not tensors:
            return
        first = next(iter(tensors.values()))
        # The batch at hand does not fix the batch length of the model.
        shape = (None, *known_shape(first.shape)[1:])
        if self._input_layer is None:
            self._input_layer = InputLayer(batch_shape=shape, dtype=first.dtype)
        self._build_for({"input_shape": shape})

    @property
    def layers(self) -> list[Layer]:
        """The layers, without the `Input`."""
        return list(self._stack)

    def _sublayers(self) -> list[Layer]:
        return list(self._stack)

    def call(self, inputs: Any, training: bool | None = None, mask: Any = None) -> Any:
        if not self._stack:
            raise ValueError(f"Sequential '{self.name}' has no layers to call.")
        if self._graph is not None:
            return super().call(inputs, training=training, mask=mask)
        if mask is not None:
            inputs._keras_mask = mask
        for layer in self._stack:
            inputs = layer(inputs)
        return inputs

    def get_build_config(self) -> dict[str, Any] | None:
        if self._input_layer is None or not self.built:
            return None
        return {"input_shape": list(self._input_layer.batch_shape)}

    def get_config(self) -> dict[str, Any]:
        layers = [*([self._input_layer] if self._input_layer else []), *self._stack]
        config = {
            **Layer.get_config(self),
            "layers": [serialize_keras_object(layer) for layer in layers],
        }
        if self._input_layer is not None and self.built:
            config["build_input_shape"] = list(self._input_layer.batch_shape)
        return config

    @classmethod
    def from_config(
        cls, config: dict[str, Any], custom_objects: dict[str, Any] | None = None
    ) -> Any:
        rest = {k: config[k] for k in ("name", "trainable", "dtype") if k in config}
        model = cls(**rest)
        for layer in config["layers"]:
            model.add(deserialize_keras_object(layer, custom_objects), rebuild=False)
        model._build_if_possible()
        if not model.built and config.get("build_input_shape"):
            model.build(tuple(config["build_input_shape"]))
        return model
