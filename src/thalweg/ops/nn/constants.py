"""Constants of the shape and dtype of a tensor; they cost no memory and no step in a graph."""

from __future__ import annotations

import numpy as np

from thalweg.tensor.tensor import Tensor

__all__ = ["like"]


def like(x: Tensor, value: float) -> Tensor:
    """One number in every place of the shape of `x`, in its dtype."""
    return Tensor(np.broadcast_to(np.asarray(value).astype(x.dtype), x.shape))
