"""The Fourier transform: one primitive for the complex and the real kinds, over any axes.

- "fft": y_k = sum over j of x_j exp(-2 pi i j k / n), complex to complex.
- "ifft": its inverse, with the factor 1 / n.
- "rfft": "fft" of a real tensor; of the last of `axes` only the bins 0 .. n // 2 are kept, the
  others are their conjugates.
- "irfft": the inverse of "rfft" to a real tensor with `length` elements on the last of `axes`.

The gradients are the adjoint maps (with F the unnormalised transform over N elements, F* = N F^-1).
For the real kinds each kept bin stands for itself and its conjugate, save bin 0 and, for even
length, bin n / 2, which have no partner: they count once where the others count twice.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from thalweg.primitives.primitive import Call, Primitive
from thalweg.tensor.dtypes import COMPLEX, complex_of, float32, float64, real_of
from thalweg.tensor.tensor import Tensor, TensorSpec

__all__ = ["fft"]

Array = np.ndarray[Any, Any]
Axes = tuple[int, ...]


def _rule(x: Any, kind: str, axes: Axes, length: int | None = None) -> TensorSpec:
    rank = len(x.shape)
    if not axes or any(not 0 <= a < rank for a in axes) or len(set(axes)) != len(axes):
        raise ValueError(f"{kind}: axes {axes} do not fit a tensor of shape {x.shape}.")
    accepted = (float32, float64) if kind == "rfft" else COMPLEX
    if x.dtype not in accepted:
        names = " or ".join(dtype.name for dtype in accepted)
        raise TypeError(f"{kind}: the input must be {names}, got {x.dtype.name}.")
    if any(x.shape[a] == 0 for a in axes):
        raise ValueError(f"{kind}: axes {axes} of a tensor of shape {x.shape} have no elements.")
    shape = list(x.shape)
    last = axes[-1]
    if kind == "rfft":
        shape[last] = shape[last] // 2 + 1
        return TensorSpec(tuple(shape), complex_of(x.dtype))
    if kind == "irfft":
        if length is None or length < 1 or length // 2 + 1 != shape[last]:
            raise ValueError(
                f"irfft: {shape[last]} bins on axis {last} give {2 * shape[last] - 2} or "
                f"{2 * shape[last] - 1} elements, got length {length}."
            )
        shape[last] = length
        return TensorSpec(tuple(shape), real_of(x.dtype))
    if kind not in ("fft", "ifft"):
        raise ValueError(f"fft: kind must be 'fft', 'ifft', 'rfft' or 'irfft', got {kind!r}.")
    return TensorSpec(x.shape, x.dtype)


def _evaluate(x: Array, kind: str, axes: Axes, length: int | None = None) -> Array:
    if kind == "fft":
        return np.fft.fftn(x, axes=axes)
    if kind == "ifft":
        return np.fft.ifftn(x, axes=axes)
    if kind == "rfft":
        return np.fft.rfftn(x, axes=axes)
    assert length is not None
    return np.fft.irfftn(x, s=[*(x.shape[a] for a in axes[:-1]), length], axes=axes)


def _bin_counts(like: Tensor, axis: int, length: int) -> Tensor:
    """How many bins of the full spectrum each kept bin stands for, ready to multiply `like`."""
    counts = np.full(length // 2 + 1, 2, complex_of(like.dtype))
    counts[0] = 1
    if length % 2 == 0:
        counts[-1] = 1
    return Tensor(counts.reshape([-1 if i == axis else 1 for i in range(like.ndim)]))


def _gradient(call: Call, g: tuple[Tensor | None, ...]) -> tuple[Tensor | None, ...]:
    (outward,), (x,) = g, call.inputs
    assert outward is not None
    kind, axes = call.params["kind"], call.params["axes"]
    last = axes[-1]
    whole = x if kind == "rfft" else call.outputs[0]  # has the full length on every axis
    count = math.prod(whole.shape[a] for a in axes)
    if kind == "fft":
        return (fft(outward, kind="ifft", axes=axes) * count,)
    if kind == "ifft":
        return (fft(outward, kind="fft", axes=axes) / count,)
    if kind == "rfft":
        length = x.shape[last]
        # irfft counts the paired bins twice, the adjoint counts each bin once.
        halved = outward / _bin_counts(outward, last, length)
        return (fft(halved, kind="irfft", axes=axes, length=length) * count,)
    spectrum = fft(outward, kind="rfft", axes=axes)
    return (spectrum * _bin_counts(spectrum, last, call.params["length"]) / count,)


fft = Primitive("fft", _rule, _evaluate, _gradient, "fft")
