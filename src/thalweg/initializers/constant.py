"""Initializers without chance: zeros, ones, a constant, the identity matrix."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from thalweg import ops
from thalweg.initializers.initializer import MODULE, Initializer, dtype_name
from thalweg.registry import deserialize_keras_object, serializable, serialize_keras_object
from thalweg.tensor.tensor import Tensor

__all__ = ["Constant", "Identity", "Ones", "Zeros"]


@serializable(MODULE, "zero")
class Zeros(Initializer):
    """All zeros."""

    def __call__(self, shape: Sequence[int], dtype: Any = None) -> Tensor:
        return ops.zeros(tuple(shape), dtype=dtype_name(dtype))


@serializable(MODULE, "one")
class Ones(Initializer):
    """All ones."""

    def __call__(self, shape: Sequence[int], dtype: Any = None) -> Tensor:
        return ops.ones(tuple(shape), dtype=dtype_name(dtype))


@serializable(MODULE)
class Constant(Initializer):
    """`value` everywhere; an array is broadcast to the shape."""

    def __init__(self, value: Any = 0.0) -> None:
        self.value = deserialize_keras_object(value) if isinstance(value, dict) else value

    def __call__(self, shape: Sequence[int], dtype: Any = None) -> Tensor:
        return ops.cast(
            ops.broadcast_to(ops.convert_to_tensor(self.value), shape), dtype_name(dtype)
        )

    def get_config(self) -> dict[str, Any]:
        return {"value": serialize_keras_object(self.value)}


@serializable(MODULE, "IdentityInitializer")
class Identity(Initializer):
    """`gain` on the diagonal of a matrix, zeros elsewhere."""

    def __init__(self, gain: float = 1.0) -> None:
        self.gain = gain

    def __call__(self, shape: Sequence[int], dtype: Any = None) -> Tensor:
        if len(shape) != 2:
            raise ValueError(f"Identity: shape must have two axes, got {tuple(shape)}.")
        rows, columns = shape
        return self.gain * ops.eye(rows, columns, dtype=dtype_name(dtype))

    def get_config(self) -> dict[str, Any]:
        return {"gain": self.gain}
