"""Fourier transforms against NumPy and SciPy, and their gradients."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from scipy import signal

from tests.gradients import check_gradients
from tests.traced import check_traced
from thalweg import ops

Array = np.ndarray[Any, Any]


def values(*shape: int, seed: int = 0) -> Array:
    return np.random.default_rng(seed).normal(size=shape)


def pair(*shape: int) -> tuple[Array, Array]:
    return values(*shape), values(*shape, seed=1)


@pytest.mark.parametrize(
    ("name", "function"), [("fft", np.fft.fft), ("fft2", np.fft.fft2), ("ifft2", np.fft.ifft2)]
)
def test_complex_transforms(name: str, function: Any) -> None:
    x = pair(2, 4, 5)
    expected = function(x[0] + 1j * x[1])
    real, imaginary = getattr(ops, name)(x)
    np.testing.assert_allclose(real, expected.real, atol=1e-12)
    np.testing.assert_allclose(imaginary, expected.imag, atol=1e-12)
    check_gradients(lambda a, b: getattr(ops, name)((a, b)), *pair(3, 2), order=2)


@pytest.mark.parametrize("length", [None, 3, 6, 8, 9])
def test_real_transforms(length: int | None) -> None:
    x = values(2, 7)
    expected = np.fft.rfft(x, length)
    real, imaginary = ops.rfft(x, length)
    np.testing.assert_allclose(real, expected.real, atol=1e-12)
    np.testing.assert_allclose(imaginary, expected.imag, atol=1e-12)
    check_gradients(lambda t: ops.rfft(t, length), x, order=2)
    bins = pair(2, 4)
    np.testing.assert_allclose(
        ops.irfft(bins, length), np.fft.irfft(bins[0] + 1j * bins[1], length), atol=1e-12
    )
    check_gradients(lambda a, b: ops.irfft((a, b), length), *bins, order=2)


@pytest.mark.parametrize("window", ["hann", "hamming"])
def test_short_time_transform(window: str) -> None:
    x = values(2, 40)
    real, imaginary = ops.stft(x, 8, 3, 8, window, center=False)
    _, _, expected = signal.stft(
        x, window=window, nperseg=8, noverlap=5, boundary=None, padded=False
    )
    scale = signal.get_window(window, 8).sum()
    np.testing.assert_allclose(real, expected.real.swapaxes(1, 2) * scale, atol=1e-12)
    np.testing.assert_allclose(imaginary, expected.imag.swapaxes(1, 2) * scale, atol=1e-12)


@pytest.mark.parametrize("window", ["hann", "hamming", np.linspace(0.5, 1, 10)])
@pytest.mark.parametrize("length", [None, 48])
def test_the_inverse_brings_it_back(window: Any, length: int | None) -> None:
    x = values(2, 48)
    parts = ops.stft(x, 10, 4, 16, window)
    back = np.asarray(ops.istft(parts, 10, 4, 16, length, window))
    assert back.shape == (2, 48)
    np.testing.assert_allclose(back, x, atol=1e-10)


def test_gradients_and_traces() -> None:
    x = values(20)
    check_gradients(lambda t: ops.stft(t, 4, 2, 6), x, order=2)
    parts = [np.asarray(y) for y in ops.stft(x, 4, 2, 6)]
    check_gradients(lambda a, b: ops.istft((a, b), 4, 2, 6), *parts)
    check_traced(lambda t: ops.istft(ops.stft(t, 4, 2, 6), 4, 2, 6), x)


def test_dtypes_and_errors() -> None:
    assert ops.rfft(np.ones(4, np.float16))[0].dtype == np.float32
    assert ops.rfft([1, 2])[0].dtype == np.float32
    for function, message in [
        (lambda: ops.fft(values(4)), "fft: x must be a pair"),
        (lambda: ops.fft((values(4), values(3))), "fft: real and imaginary part must have one"),
        (lambda: ops.fft2(pair(4)), "with at least 2 axes"),
        (lambda: ops.rfft(values(4) + 1j), "rfft: x must be real"),
        (lambda: ops.rfft(values(4), 0), "fft_length must be positive"),
        (lambda: ops.stft(values(20), 8, 2, 6), "fft_length must be at least sequence_length"),
        (lambda: ops.stft(values(20), 4, 2, 6, "square"), "window must be 'hann', 'hamming'"),
        (lambda: ops.stft(values(20), 4, 2, 6, np.ones(5)), "window must have 4 weights"),
        (lambda: ops.stft(values(3), 4, 2, 6), "must be longer than"),
    ]:
        with pytest.raises(ValueError, match=message):
            function()
    with pytest.raises(TypeError, match="fft: real and imaginary part must be floats"):
        ops.fft((np.ones(2, int), np.ones(2, int)))
