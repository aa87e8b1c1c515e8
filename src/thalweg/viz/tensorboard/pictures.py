"""Weights as pictures, in the shapes in which Keras's callback shows them."""

from __future__ import annotations

from typing import Any

import numpy as np

__all__ = ["as_pictures"]

Array = np.ndarray[Any, Any]


def as_pictures(weight: Array) -> Array | None:
    """A weight as one or several pictures, its least value black and its greatest white.

    Args:
        weight: a bias (n,): one row; a kernel (n, m): one picture, wider than high; a kernel
            (..., channels, filters) of a convolution over 1 or 2 axes: a picture of each filter,
            in colours where there are 3 channels.

    Returns:
        uint8 of shape (pictures, height, width, 1 or 3); None for other shapes.

    >>> as_pictures(np.array([0.0, 0.5, 1.0])).tolist()
    [[[[0], [127], [255]]]]
    """
    if weight.size == 0 or not np.isfinite(weight).all():
        return None
    shape = weight.shape
    if weight.ndim == 4 and shape[2] in (1, 3):
        pictures = weight.transpose(3, 0, 1, 2)
    elif weight.squeeze().ndim < 2:
        pictures = weight.reshape(1, 1, -1, 1)
    elif weight.squeeze().ndim == 2:
        flat = weight.squeeze()
        pictures = (flat.T if flat.shape[0] > flat.shape[1] else flat)[np.newaxis, ..., np.newaxis]
    elif weight.squeeze().ndim == 3:
        pictures = weight.squeeze().transpose(2, 0, 1)[..., np.newaxis]
    else:
        return None
    low, high = float(weight.min()), float(weight.max())
    return ((pictures - low) * (255.0 / ((high - low) or 1.0))).astype(np.uint8)
