"""Apply a primitive to arrays, checking that its rule foretells shape and dtype."""

from __future__ import annotations

from typing import Any

import numpy as np

from thalweg.primitives import Primitive
from thalweg.tensor import Tensor

Array = np.ndarray[Any, Any]


def apply(primitive: Primitive, *inputs: Array, **params: Any) -> Any:
    """The output as an array, or a tuple of them for a primitive with several."""
    tensors = [Tensor(np.asarray(x)) for x in inputs]
    found = primitive(*tensors, **params)
    outputs = found if primitive.multiple else (found,)
    specs = primitive.specs(*tensors, **params)
    assert [(y.shape, y.dtype) for y in outputs] == [(s.shape, s.dtype) for s in specs]
    arrays = tuple(np.asarray(y) for y in outputs)
    return arrays if primitive.multiple else arrays[0]
