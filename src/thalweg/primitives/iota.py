"""The counting primitive: 0, 1, 2, ... along one axis."""

from __future__ import annotations

from typing import Any

import numpy as np

from thalweg.primitives.primitive import Primitive
from thalweg.tensor.dtypes import DType
from thalweg.tensor.tensor import TensorSpec

__all__ = ["iota"]


def _evaluate(shape: tuple[int, ...], dtype: DType, axis: int) -> np.ndarray[Any, Any]:
    kept = tuple(n if i == axis else 1 for i, n in enumerate(shape))
    return np.broadcast_to(np.arange(shape[axis]).astype(dtype).reshape(kept), shape)


iota = Primitive(
    "iota", lambda shape, dtype, axis: TensorSpec(shape, dtype), _evaluate, None, "elementwise"
)
