"""Moments, and the normalisations of batches, layers and vectors.

Statistics of half-precision tensors are computed in float32 and rounded at the end.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from thalweg import config
from thalweg.ops.arguments import apply, canonical_axes, canonical_axis, cast_to, floating
from thalweg.ops.bounds import maximum, minimum
from thalweg.ops.dispatch import op
from thalweg.ops.linalg import norm
from thalweg.ops.reduction import mean as mean_of
from thalweg.ops.reduction import sum as sum_of
from thalweg.primitives import elementwise as e
from thalweg.primitives import movement
from thalweg.tensor.convert import convert_to_tensor
from thalweg.tensor.dtypes import DType, result_type
from thalweg.tensor.tensor import Tensor

__all__ = [
    "batch_normalization",
    "layer_normalization",
    "moments",
    "normalize",
    "rms_normalization",
]

Axes = int | Sequence[int]


def _wide(x: Any) -> tuple[Tensor, DType]:
    """The tensor in at least float32, and the dtype it had."""
    tensor = floating(x)
    return cast_to(tensor, result_type(tensor.dtype, "float32")), tensor.dtype


@op
def moments(
    x: Any, axes: Axes, keepdims: bool = False, synchronized: bool = False
) -> tuple[Tensor, Tensor]:
    """The mean and the (population) variance over some axes.

    Args:
        x: the input.
        axes: the axes to average over.
        keepdims: whether they stay, with length 1.
        synchronized: for Keras's sake; there is one process, so it must be False.

    >>> from thalweg import ops
    >>> mean, variance = ops.moments([1.0, 3.0], axes=0)
    >>> float(mean), float(variance)
    (2.0, 1.0)
    """
    if synchronized:
        raise ValueError("moments: synchronized=True needs several processes, and there is one.")
    tensor, dtype = _wide(x)
    places = canonical_axes("moments", axes, tensor.ndim)
    mean, variance = _moments(tensor, places)
    if not keepdims:
        shape = tuple(n for i, n in enumerate(tensor.shape) if i not in places)
        mean, variance = (movement.reshape(y, shape=shape) for y in (mean, variance))
    return _rounded(mean, dtype), _rounded(variance, dtype)


def _moments(x: Tensor, axes: tuple[int, ...]) -> tuple[Tensor, Tensor]:
    mean = mean_of(x, axis=axes, keepdims=True)
    off = x - mean
    return mean, mean_of(off * off, axis=axes, keepdims=True)


def _rounded(x: Tensor, dtype: DType) -> Tensor:
    """Back to half precision: what float16 cannot hold becomes its largest number."""
    if dtype.itemsize < 4:
        top = float(np.finfo(np.float16).max)
        x = minimum(maximum(x, -top), top)
    return cast_to(x, dtype)


@op
def batch_normalization(
    x: Any,
    mean: Any,
    variance: Any,
    axis: int,
    offset: Any = None,
    scale: Any = None,
    epsilon: float = 0.001,
) -> Tensor:
    """`(x - mean) / sqrt(variance + epsilon) * scale + offset`, along one axis.

    Args:
        x: the input.
        mean: shape (n,) with n the length of the axis.
        variance: shape (n,).
        axis: the axis of the channels.
        offset: shape (n,), beta; None for none.
        scale: shape (n,), gamma; None for none.
        epsilon: keeps the root away from 0.
    """
    tensor = convert_to_tensor(x)
    given = [tensor, mean, variance, *(y for y in (offset, scale) if y is not None)]
    dtype = result_type(*[y if hasattr(y, "dtype") else convert_to_tensor(y) for y in given])
    dtype = result_type(dtype, float) if dtype.kind in "biu" else dtype
    compute = result_type(dtype, "float32")
    place = canonical_axis("batch_normalization", axis, tensor.ndim)
    n = tensor.shape[place]
    shape = tuple(n if i == place else 1 for i in range(tensor.ndim))

    def along(name: str, value: Any) -> Tensor:
        vector = cast_to(convert_to_tensor(value), compute)
        if vector.shape != (n,):
            raise ValueError(
                f"batch_normalization: {name} must have shape ({n},) for axis {axis} of an input "
                f"of shape {tensor.shape}, got {vector.shape}."
            )
        return apply(movement.reshape, vector, shape=shape)

    centre = along("mean", mean)
    factor = e.rsqrt(along("variance", variance) + epsilon)
    if scale is not None:
        factor = factor * along("scale", scale)
    found = (cast_to(tensor, compute) - centre) * factor
    if offset is not None:
        found = found + along("offset", offset)
    return cast_to(found, dtype)


def _parameter(name: str, argument: str, value: Any, x: Tensor, axes: tuple[int, ...]) -> Tensor:
    """A scale or offset of the normalised axes, ready to meet `x`."""
    vector = cast_to(convert_to_tensor(value), x.dtype)
    if vector.ndim == x.ndim:
        return vector
    shape = tuple(n if i in axes else 1 for i, n in enumerate(x.shape))
    if vector.size != int(np.prod(shape)):
        raise ValueError(
            f"{name}: {argument} must have shape {tuple(x.shape[a] for a in axes)} for an input of "
            f"shape {x.shape}, got {vector.shape}."
        )
    return apply(movement.reshape, vector, shape=shape)


@op
def layer_normalization(
    x: Any, gamma: Any = None, beta: Any = None, axis: Axes = -1, epsilon: float | None = None
) -> Tensor:
    """`(x - mean) / sqrt(variance + epsilon) * gamma + beta`, with the moments of each sample.

    Args:
        x: the input.
        gamma: the scale, of the shape of the normalised axes; None for none.
        beta: the offset, likewise.
        axis: the axis or axes over which the moments are taken.
        epsilon: keeps the root away from 0, `config.epsilon()` if None.

    >>> from thalweg import ops
    >>> ops.layer_normalization([1.0, 3.0]).numpy()
    array([-1.,  1.], dtype=float32)
    """
    name = "layer_normalization"
    tensor, dtype = _wide(x)
    axes = canonical_axes(name, axis, tensor.ndim)
    mean, variance = _moments(tensor, axes)
    small = config.epsilon() if epsilon is None else epsilon
    found = (tensor - mean) * e.rsqrt(variance + small)
    if gamma is not None:
        found = found * _parameter(name, "gamma", gamma, tensor, axes)
    if beta is not None:
        found = found + _parameter(name, "beta", beta, tensor, axes)
    return cast_to(found, dtype)


@op
def rms_normalization(
    x: Any, scale: Any = None, axis: Axes = -1, epsilon: float | None = None
) -> Tensor:
    """`x / sqrt(mean(x**2) + epsilon) * scale` (Zhang and Sennrich, 2019).

    Args:
        x: the input.
        scale: of the shape of the normalised axes; None for none.
        axis: the axis or axes over which the mean is taken.
        epsilon: keeps the root away from 0, `config.epsilon()` if None.
    """
    name = "rms_normalization"
    tensor, dtype = _wide(x)
    axes = canonical_axes(name, axis, tensor.ndim)
    small = config.epsilon() if epsilon is None else epsilon
    found = tensor * e.rsqrt(mean_of(tensor * tensor, axis=axes, keepdims=True) + small)
    if scale is not None:
        found = found * _parameter(name, "scale", scale, tensor, axes)
    return cast_to(found, dtype)


@op
def normalize(x: Any, axis: Axes = -1, order: int = 2, epsilon: float | None = None) -> Tensor:
    """`x` divided by its norm along an axis.

    Args:
        x: the input.
        axis: the axis or axes of a vector.
        order: the order of the norm, a whole number from 1.
        epsilon: the least that is divided by, `config.epsilon()` if None.

    >>> from thalweg import ops
    >>> ops.normalize([3.0, 4.0]).numpy()
    array([0.6, 0.8], dtype=float32)
    """
    if not isinstance(order, int) or order < 1:
        raise ValueError(f"normalize: order must be a whole number from 1, got {order!r}.")
    tensor, dtype = _wide(x)
    if not tensor.ndim:
        tensor = movement.reshape(tensor, shape=(1,))
    axes = canonical_axes("normalize", axis, tensor.ndim)
    small = config.epsilon() if epsilon is None else epsilon
    if order == 2:
        # The bound comes before the root, so that a vector of zeros has a finite gradient.
        square = sum_of(tensor * tensor, axis=axes, keepdims=True)
        return cast_to(tensor * e.rsqrt(maximum(square, small * small)), dtype)
    if len(axes) > 1:
        raise ValueError(f"normalize: order {order} takes one axis, got {axis}.")
    length = norm(tensor, ord=order, axis=axes[0], keepdims=True)
    return cast_to(tensor / maximum(length, small), dtype)
