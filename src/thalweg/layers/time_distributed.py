"""TimeDistributed: one layer at each step of a sequence."""

from __future__ import annotations

import inspect
from typing import Any

from thalweg import ops
from thalweg.layers.arguments import error
from thalweg.layers.layer import Layer
from thalweg.layers.wrapper import Wrapper
from thalweg.registry import serializable
from thalweg.tensor.tree import map_structure

__all__ = ["TimeDistributed"]


@serializable("keras.layers")
class TimeDistributed(Wrapper):
    """Applies a layer to every step: (batch, steps, ...) as batch * steps samples.

    Statistics of a batch (a `BatchNormalization` inside) are therefore over all steps at once,
    where Keras takes them step by step.

    Args:
        layer: the layer.

    >>> import thalweg as tw
    >>> layer = tw.layers.TimeDistributed(tw.layers.Conv2D(4, 3))
    >>> layer(tw.ops.ones((2, 10, 8, 8, 1))).shape
    (2, 10, 6, 6, 4)
    """

    def __init__(self, layer: Layer, **kwargs: Any) -> None:
        super().__init__(layer, **kwargs)
        self.supports_masking = True

    def build(self, input_shape: Any = None) -> None:
        if input_shape is None or len(input_shape) < 3:
            raise error(
                self, f"its input must have at least 3 axes (batch, steps, ...), got {input_shape}."
            )
        super().build((input_shape[0], *input_shape[2:]))

    def call(self, inputs: Any, training: bool | None = None, mask: Any = None) -> Any:
        batch, steps = inputs.shape[:2]
        accepted = inspect.signature(self.layer.call).parameters
        arguments: dict[str, Any] = {"training": training} if "training" in accepted else {}
        # A mask of whole steps says nothing about what is inside a step.
        if mask is not None and len(mask.shape) > 2 and "mask" in accepted:
            arguments["mask"] = ops.reshape(mask, (batch * steps, *mask.shape[2:]))
        samples = ops.reshape(inputs, (batch * steps, *inputs.shape[2:]))
        outputs = self.layer(samples, **arguments)
        return map_structure(lambda y: ops.reshape(y, (batch, steps, *y.shape[1:])), outputs)
