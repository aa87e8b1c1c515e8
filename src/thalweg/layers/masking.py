"""Masking: mark the steps of a sequence that are padding."""

from __future__ import annotations

from typing import Any

from thalweg import ops
from thalweg.layers.layer import Layer
from thalweg.registry import serializable

__all__ = ["Masking"]


@serializable("keras.layers")
class Masking(Layer):
    """Layers after this one skip the steps in which every value equals `mask_value`.

    Args:
        mask_value: the value that marks padding.

    Input and output (batch, steps, ..., features); skipped steps become 0.

    >>> import thalweg as tw
    >>> y = tw.layers.Masking()(tw.constant([[[1.0, 2.0], [0.0, 0.0]]]))
    >>> y._keras_mask.numpy()
    array([[ True, False]])
    """

    def __init__(self, mask_value: float = 0.0, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.mask_value = mask_value
        self.supports_masking = True

    def compute_mask(self, inputs: Any, previous_mask: Any = None) -> Any:
        return ops.any(ops.not_equal(inputs, self.mask_value), axis=-1)

    def call(self, inputs: Any) -> Any:
        kept = ops.expand_dims(self.compute_mask(inputs), axis=-1)
        return inputs * ops.cast(kept, inputs.dtype)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "mask_value": self.mask_value}
