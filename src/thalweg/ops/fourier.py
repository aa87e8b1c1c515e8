"""Fourier transforms under Keras's names; complex numbers are pairs (real part, imaginary part)."""

from __future__ import annotations

from typing import Any

import numpy as np

from thalweg.ops.arguments import apply, cast_to, floating
from thalweg.ops.dispatch import op
from thalweg.ops.math import extract_sequences
from thalweg.ops.shaping import along
from thalweg.primitives import elementwise as e
from thalweg.primitives import fft as primitive
from thalweg.primitives import gather, movement
from thalweg.tensor.convert import convert_to_tensor
from thalweg.tensor.dtypes import is_complex, is_floating, result_type
from thalweg.tensor.tensor import Tensor

__all__ = ["fft", "fft2", "ifft2", "irfft", "istft", "rfft", "stft"]

Pair = tuple[Tensor, Tensor]


def _complex(name: str, x: Any, axes: int) -> Tensor:
    """One complex tensor from a pair of real ones."""
    if not isinstance(x, (tuple, list)) or len(x) != 2:
        raise ValueError(f"{name}: x must be a pair (real part, imaginary part).")
    real, imaginary = (convert_to_tensor(part) for part in x)
    if real.shape != imaginary.shape or real.ndim < axes:
        raise ValueError(
            f"{name}: real and imaginary part must have one shape with at least {axes} axes, got "
            f"{real.shape} and {imaginary.shape}."
        )
    if not (is_floating(real.dtype) and is_floating(imaginary.dtype)):
        raise TypeError(
            f"{name}: real and imaginary part must be floats, got {real.dtype.name} and "
            f"{imaginary.dtype.name}."
        )
    dtype = result_type(real, imaginary, "float32")
    return apply(e.complex_, cast_to(real, dtype), cast_to(imaginary, dtype))


def _parts(x: Tensor) -> Pair:
    return apply(e.real, x), apply(e.imag, x)


def _transformed(name: str, x: Any, kind: str, count: int) -> Pair:
    tensor = _complex(name, x, count)
    axes = tuple(range(tensor.ndim - count, tensor.ndim))
    return _parts(apply(primitive.fft, tensor, kind=kind, axes=axes))


@op
def fft(x: Any) -> Pair:
    """The Fourier transform along the last axis, `y_k = sum_j x_j exp(-2 pi i j k / n)`.

    Args:
        x: the pair of real and imaginary part.
    """
    return _transformed("fft", x, "fft", 1)


@op
def fft2(x: Any) -> Pair:
    """The Fourier transform over the last two axes of the pair `x`."""
    return _transformed("fft2", x, "fft", 2)


@op
def ifft2(x: Any) -> Pair:
    """The inverse of `fft2`."""
    return _transformed("ifft2", x, "ifft", 2)


def _real(name: str, x: Any) -> Tensor:
    tensor = floating(x)
    if is_complex(tensor.dtype) or not tensor.ndim:
        raise ValueError(
            f"{name}: x must be real with at least one axis, got shape {tensor.shape} of "
            f"{tensor.dtype.name}."
        )
    return cast_to(tensor, result_type(tensor.dtype, "float32"))


def _length(name: str, given: Any, default: int) -> int:
    if given is None:
        return default
    if int(given) < 1:
        raise ValueError(f"{name}: fft_length must be positive, got {given}.")
    return int(given)


def _fitted(x: Tensor, n: int) -> Tensor:
    """The last axis cut, or filled up with zeros, to length n."""
    have = x.shape[-1]
    if have >= n:
        return x if have == n else along(x, x.ndim - 1, 0, n)
    zeros = (0,) * x.ndim
    high = (*zeros[:-1], n - have)
    return apply(movement.pad, x, Tensor(np.zeros((), x.dtype)), low=zeros, high=high, inner=zeros)


@op
def rfft(x: Any, fft_length: int | None = None) -> Pair:
    """The Fourier transform of real numbers along the last axis: the bins 0 to n // 2.

    Args:
        x: real, shape (..., n).
        fft_length: the n to which the last axis is cut, or filled up with zeros.

    >>> from thalweg import ops
    >>> real, imaginary = ops.rfft([1.0, 0.0, -1.0, 0.0])
    >>> real.numpy()
    array([0., 2., 0.], dtype=float32)
    """
    tensor = _real("rfft", x)
    tensor = _fitted(tensor, _length("rfft", fft_length, tensor.shape[-1]))
    return _parts(apply(primitive.fft, tensor, kind="rfft", axes=(tensor.ndim - 1,)))


@op
def irfft(x: Any, fft_length: int | None = None) -> Tensor:
    """The inverse of `rfft`.

    Args:
        x: the pair of real and imaginary part, shape (..., bins).
        fft_length: how many numbers to give, by default `2 * (bins - 1)`; bins are cut or filled
            up with zeros to fit.
    """
    tensor = _complex("irfft", x, 1)
    return _inverse_real(tensor, _length("irfft", fft_length, 2 * (tensor.shape[-1] - 1)))


def _inverse_real(x: Tensor, n: int) -> Tensor:
    bins = _fitted(x, n // 2 + 1)
    return apply(primitive.fft, bins, kind="irfft", axes=(x.ndim - 1,), length=n)


# --- short-time transforms ----------------------------------------------------------------------


def _weights(name: str, window: Any, sequence_length: int, fft_length: int, x: Tensor) -> Tensor:
    """The window, with zeros on both sides up to `fft_length`."""
    if fft_length < sequence_length:
        raise ValueError(
            f"{name}: fft_length must be at least sequence_length, got {fft_length} and "
            f"{sequence_length}."
        )
    dtype = x.dtype
    if window is None:
        return Tensor(np.ones(fft_length, dtype))
    if isinstance(window, str):
        if window not in ("hann", "hamming"):
            raise ValueError(
                f"{name}: window must be 'hann', 'hamming', weights or None, got {window!r}."
            )
        # One period of a cosine: the first weight would come again after the last.
        middle = 0.5 if window == "hann" else 0.54
        turns = np.arange(sequence_length) / sequence_length
        weights = Tensor((middle - (1 - middle) * np.cos(2 * np.pi * turns)).astype(dtype))
    else:
        weights = cast_to(convert_to_tensor(window), dtype)
    if weights.shape != (sequence_length,):
        raise ValueError(
            f"{name}: window must have {sequence_length} weights, got shape {weights.shape}."
        )
    before = (fft_length - sequence_length) // 2
    return apply(
        movement.pad,
        weights,
        Tensor(np.zeros((), dtype)),
        low=(before,),
        high=(fft_length - sequence_length - before,),
        inner=(0,),
    )


@op
def stft(
    x: Any,
    sequence_length: int,
    sequence_stride: int,
    fft_length: int,
    window: Any = "hann",
    center: bool = True,
) -> Pair:
    """The short-time Fourier transform: `rfft` of overlapping, weighted pieces.

    Args:
        x: real, shape (..., n).
        sequence_length: the number of weights of the window.
        sequence_stride: the step from one piece to the next.
        fft_length: the length of a piece; the window stands in its middle.
        window: 'hann', 'hamming', `sequence_length` weights, or None for ones.
        center: whether to mirror `fft_length // 2` numbers at both ends, so that piece t has its
            middle at `t * sequence_stride`.

    Returns:
        Real and imaginary part, shape (..., pieces, fft_length // 2 + 1).
    """
    tensor = _real("stft", x)
    weights = _weights("stft", window, sequence_length, fft_length, tensor)
    if center:
        half, n = fft_length // 2, tensor.shape[-1]
        if half >= n:
            raise ValueError(
                f"stft: x must be longer than fft_length // 2 = {half} to be centred, got shape "
                f"{tensor.shape}."
            )
        places = np.pad(np.arange(n, dtype=np.int32), half, mode="reflect")
        tensor = apply(gather.gather, tensor, Tensor(places), axis=tensor.ndim - 1)
    pieces = extract_sequences(tensor, fft_length, sequence_stride) * weights
    return _parts(apply(primitive.fft, pieces, kind="rfft", axes=(pieces.ndim - 1,)))


@op
def istft(
    x: Any,
    sequence_length: int,
    sequence_stride: int,
    fft_length: int,
    length: int | None = None,
    window: Any = "hann",
    center: bool = True,
) -> Tensor:
    """The inverse of `stft`: weighted pieces added up and divided by the sum of squared weights.

    Args:
        x: the pair of real and imaginary part, shape (..., pieces, bins).
        sequence_length: as in `stft`.
        sequence_stride: as in `stft`.
        fft_length: as in `stft`.
        length: how many numbers to give, by default as many as the pieces reach.
        window: as in `stft`; with None, the sum of the pieces is not divided.
        center: as in `stft`.
    """
    tensor = _complex("istft", x, 2)
    pieces = _inverse_real(tensor, fft_length)
    weights = _weights("istft", window, sequence_length, fft_length, pieces)
    count = pieces.shape[-2]
    reach = fft_length + sequence_stride * (count - 1)
    places = np.arange(count)[:, None] * sequence_stride + np.arange(fft_length)
    summed = _added(pieces * weights, places, reach)
    squares = _added(weights * weights + Tensor(np.zeros((count, 1), pieces.dtype)), places, reach)
    empty = squares <= 1e-10
    found = summed / apply(e.select, empty, e.one_like(squares), squares)
    if window is None:
        found = found * (fft_length / sequence_stride)
    start = fft_length // 2 if center else 0
    if length is not None:
        end = min(start + length, reach)
    else:
        end = reach - start
    return along(found, found.ndim - 1, start, max(start, end))


def _added(pieces: Tensor, places: np.ndarray[Any, Any], reach: int) -> Tensor:
    """Overlapping pieces added up along one axis."""
    zeros = Tensor(np.zeros((*pieces.shape[:-2], reach), pieces.dtype))
    index = Tensor(places.astype(np.int32))
    return apply(gather.scatter, zeros, index, pieces, axis=zeros.ndim - 1, mode="add")
