"""What each layer of a model gives for an input, found by one compiled run of the model."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from thalweg.layers.layer import Layer
from thalweg.tensor.convert import convert_to_tensor
from thalweg.tensor.scope import StatelessScope
from thalweg.tensor.tensor import Tensor
from thalweg.tensor.tree import flatten, map_structure
from thalweg.tracing.function import function
from thalweg.training.model import Model
from thalweg.viz.layer_calls import heard

__all__ = ["layer_outputs", "one_input"]


def layer_outputs(model: Model, x: Any, layers: dict[str, Layer]) -> dict[str, NDArray[Any]]:
    """The outputs of layers as the model computes them for `x`, not training.

    Args:
        model: a built model.
        x: inputs with the batch axis.
        layers: by name.

    Returns:
        Arrays by name, in the order in which the layers were called. A layer that is called again
        has further entries, `'name (call 2)'`. Of several outputs of a call it is the first.
    """
    names = {id(layer): name for name, layer in layers.items()}
    order: list[str] = []

    def run(inputs: Any) -> list[Tensor]:
        found: dict[str, Tensor] = {}
        order.clear()

        def tell(layer: Layer, output: Tensor) -> None:
            name, call = names[id(layer)], 1
            while name in found:
                call += 1
                name = f"{names[id(layer)]} (call {call})"
            found[name] = output

        # What layers assign to their states stays in the scope.
        with StatelessScope(), heard(list(layers.values()), tell):
            model(inputs, training=False)
        order.extend(found)
        return list(found.values())

    outputs = function(run, autograph=False, jit_compile=True)(x)
    return {name: np.asarray(y) for name, y in zip(order, outputs, strict=True)}


def one_input(caller: str, x: Any) -> Any:
    """One input of a model, with a batch axis of length 1, as tensors.

    Args:
        caller: the function that users called, for the message.
        x: an array, or a structure of them for several inputs.

    Raises:
        ValueError: if it is several inputs, or the batch axis is missing.
    """
    if x is None:
        raise ValueError(
            f"{caller}: x must be one input with the batch axis, such as x[:1], got None."
        )
    tensors = map_structure(convert_to_tensor, x)
    for tensor in flatten(tensors):
        if tensor.shape[:1] != (1,):
            raise ValueError(
                f"{caller}: x must be one input with the batch axis, such as x[:1], got shape "
                f"{tuple(tensor.shape)}."
            )
    return tensors
