"""Division by a length: RMSNormalization (root mean square) and UnitNormalization (norm)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from thalweg import ops
from thalweg.layers.arguments import known_length
from thalweg.layers.layer import Layer
from thalweg.registry import serializable
from thalweg.tensor.variable import Variable

__all__ = ["RMSNormalization", "UnitNormalization"]


def _listed(axis: int | Sequence[int]) -> list[int]:
    return [axis] if isinstance(axis, int) else list(axis)


class _AlongAxis(Layer):
    def __init__(self, axis: int | Sequence[int], **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.axis = axis if isinstance(axis, int) else list(axis)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "axis": self.axis}


@serializable("keras.layers")
class RMSNormalization(_AlongAxis):
    """`scale * inputs / sqrt(mean(inputs^2) + epsilon)` (Zhang, Sennrich, arXiv:1910.07467).

    Args:
        axis: the axis, or a list of axes, of the mean.
        epsilon: keeps the root from zero.
    """

    scale: Variable

    def __init__(
        self, axis: int | Sequence[int] = -1, epsilon: float = 1e-6, **kwargs: Any
    ) -> None:
        super().__init__(axis, **kwargs)
        self.epsilon = epsilon

    def build(self, input_shape: Any) -> None:
        shape = [known_length(self, input_shape, a) for a in _listed(self.axis)]
        self.scale = self.add_weight(shape, "ones", autocast=False, name="scale")

    def call(self, inputs: Any) -> Any:
        return ops.rms_normalization(inputs, scale=self.scale, axis=self.axis, epsilon=self.epsilon)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "epsilon": self.epsilon}


@serializable("keras.layers")
class UnitNormalization(_AlongAxis):
    """`inputs / sqrt(sum(inputs^2))`: each vector with length 1.

    Args:
        axis: the axis, or a list of axes, of the vectors.

    >>> import thalweg as tw
    >>> tw.layers.UnitNormalization()(tw.constant([[3.0, 4.0]])).numpy()
    array([[0.6, 0.8]], dtype=float32)
    """

    def __init__(self, axis: int | Sequence[int] = -1, **kwargs: Any) -> None:
        super().__init__(axis, **kwargs)
        self.supports_masking = True

    def call(self, inputs: Any) -> Any:
        return ops.normalize(inputs, axis=self.axis, order=2, epsilon=1e-12)
