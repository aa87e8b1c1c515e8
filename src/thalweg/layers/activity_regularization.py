"""ActivityRegularization: a penalty on the values that pass through."""

from __future__ import annotations

from typing import Any

from thalweg import regularizers
from thalweg.layers.layer import Layer
from thalweg.registry import serializable

__all__ = ["ActivityRegularization"]


@serializable("keras.layers")
class ActivityRegularization(Layer):
    """Returns its input, and adds `(l1 * sum(|x|) + l2 * sum(x^2)) / batch` to the loss.

    Args:
        l1: the factor of the absolute values.
        l2: the factor of the squares.
    """

    def __init__(self, l1: float = 0.0, l2: float = 0.0, **kwargs: Any) -> None:
        super().__init__(activity_regularizer=regularizers.L1L2(l1=l1, l2=l2), **kwargs)
        self.l1 = l1
        self.l2 = l2
        self.supports_masking = True

    def call(self, inputs: Any) -> Any:
        return inputs

    def get_config(self) -> dict[str, Any]:
        config = super().get_config()
        config.pop("activity_regularizer")
        return {**config, "l1": self.l1, "l2": self.l2}
