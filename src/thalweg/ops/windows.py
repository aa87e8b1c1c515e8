"""Window functions of signal processing: weights that fall towards both ends."""

from __future__ import annotations

from typing import Any

import numpy as np

from thalweg import config
from thalweg.tensor.dtypes import as_dtype
from thalweg.tensor.tensor import Tensor

__all__ = ["bartlett", "blackman", "hamming", "hanning", "kaiser"]


def _window(name: str, x: Any, values: Any) -> Tensor:
    count = np.asarray(x)
    if count.size != 1 or count.dtype.kind not in "iu" or count.item() < 0:
        raise ValueError(f"{name}: x must be the number of weights, an integer from 0, got {x!r}.")
    return Tensor(values(int(count.item())).astype(as_dtype(config.floatx())))


def bartlett(x: Any) -> Tensor:
    """A triangle: `1 - |2 n / (x - 1) - 1|` for n from 0 to x - 1.

    >>> from thalweg import ops
    >>> ops.bartlett(5).numpy()
    array([0. , 0.5, 1. , 0.5, 0. ], dtype=float32)
    """
    return _window("bartlett", x, np.bartlett)


def blackman(x: Any) -> Tensor:
    """`0.42 - 0.5 cos(2 pi n / (x - 1)) + 0.08 cos(4 pi n / (x - 1))` for n from 0 to x - 1."""
    return _window("blackman", x, np.blackman)


def hamming(x: Any) -> Tensor:
    """`0.54 - 0.46 cos(2 pi n / (x - 1))` for n from 0 to x - 1."""
    return _window("hamming", x, np.hamming)


def hanning(x: Any) -> Tensor:
    """`0.5 - 0.5 cos(2 pi n / (x - 1))` for n from 0 to x - 1."""
    return _window("hanning", x, np.hanning)


def kaiser(x: Any, beta: float) -> Tensor:
    """`i0(beta sqrt(1 - (2 n / (x - 1) - 1)^2)) / i0(beta)` for n from 0 to x - 1.

    Args:
        x: the number of weights.
        beta: the shape; 0 gives ones, larger numbers a narrower bell.
    """
    return _window("kaiser", x, lambda count: np.kaiser(count, float(beta)))
