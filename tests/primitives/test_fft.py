"""The Fourier transform against its definition and NumPy, its gradients against differences."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.gradients import check_gradients
from tests.primitives.applied import apply
from thalweg.primitives.fft import fft
from thalweg.tensor import Tensor

Array = np.ndarray[Any, Any]
Case = tuple[tuple[int, ...], tuple[int, ...]]


@st.composite
def cases(draw: st.DrawFn) -> Case:
    """A shape and one to three of its axes, in any order."""
    shape = tuple(draw(st.lists(st.integers(1, 5), min_size=1, max_size=3)))
    axes = draw(st.permutations(range(len(shape))))
    return shape, tuple(axes[: draw(st.integers(1, len(shape)))])


def real(shape: tuple[int, ...], seed: int = 0) -> Array:
    return np.random.default_rng(seed).normal(size=shape)


def complex_(shape: tuple[int, ...]) -> Array:
    return np.asarray(real(shape) + 1j * real(shape, seed=1))


def halved(shape: tuple[int, ...], axis: int) -> tuple[int, ...]:
    return tuple(n // 2 + 1 if i == axis else n for i, n in enumerate(shape))


@pytest.mark.parametrize("n", [1, 2, 5, 8])
def test_definition(n: int) -> None:
    x = complex_((n,))
    k = np.arange(n)
    matrix = np.exp(-2j * np.pi * np.outer(k, k) / n)
    np.testing.assert_allclose(apply(fft, x, kind="fft", axes=(0,)), matrix @ x, atol=1e-13)
    inverse = matrix.conj() @ x / n
    np.testing.assert_allclose(apply(fft, x, kind="ifft", axes=(0,)), inverse, atol=1e-13)
    half = (matrix @ x.real)[: n // 2 + 1]
    np.testing.assert_allclose(apply(fft, x.real, kind="rfft", axes=(0,)), half, atol=1e-13)
    back = apply(fft, half, kind="irfft", axes=(0,), length=n)
    np.testing.assert_allclose(back, x.real, atol=1e-13)


@given(cases(), st.sampled_from([np.float32, np.float64]))
@settings(deadline=None, max_examples=40)
def test_values_and_precision(case: Case, dtype: type) -> None:
    shape, axes = case
    wide = np.result_type(dtype, np.complex64)
    tolerance = 1e-4 if dtype is np.float32 else 1e-12
    x, z = real(shape).astype(dtype), complex_(shape).astype(wide)
    half = complex_(halved(shape, axes[-1])).astype(wide)
    sizes = [shape[a] for a in axes]
    length = sizes[-1]
    for found, expected, kept in [
        (apply(fft, z, kind="fft", axes=axes), np.fft.fftn(z, axes=axes), wide),
        (apply(fft, z, kind="ifft", axes=axes), np.fft.ifftn(z, axes=axes), wide),
        (apply(fft, x, kind="rfft", axes=axes), np.fft.rfftn(x, axes=axes), wide),
        (
            apply(fft, half, kind="irfft", axes=axes, length=length),
            np.fft.irfftn(half, s=sizes, axes=axes),
            dtype,
        ),
    ]:
        assert found.dtype == kept
        np.testing.assert_allclose(found, expected, rtol=tolerance, atol=tolerance)


def test_batch_axes_may_be_empty() -> None:
    assert apply(fft, np.zeros((0, 4), np.complex64), kind="fft", axes=(1,)).shape == (0, 4)
    assert apply(fft, np.zeros((0, 4), np.float32), kind="rfft", axes=(1,)).shape == (0, 3)


@pytest.mark.parametrize(
    ("x", "params", "message"),
    [
        (np.zeros(4), {"kind": "fft", "axes": (0,)}, "fft: the input must be complex64 or comp"),
        (
            np.zeros(4, np.float16),
            {"kind": "rfft", "axes": (0,)},
            "rfft: the input must be float32",
        ),
        (np.zeros(4), {"kind": "rfft", "axes": (1,)}, r"rfft: axes \(1,\) do not fit"),
        (np.zeros((2, 0)), {"kind": "rfft", "axes": (1,)}, "have no elements"),
        (np.zeros(4, complex), {"kind": "dct", "axes": (0,)}, "kind must be"),
        (np.zeros(4, complex), {"kind": "irfft", "axes": (0,), "length": 9}, "6 or 7 elements"),
    ],
)
def test_errors(x: Array, params: dict[str, Any], message: str) -> None:
    with pytest.raises((TypeError, ValueError), match=message):
        fft(Tensor(x), **params)


SHAPES: list[Case] = [((4,), (0,)), ((5,), (0,)), ((1,), (0,)), ((2, 3, 4), (1,)), ((4, 3), (1, 0))]


@pytest.mark.parametrize(("shape", "axes"), SHAPES)
def test_gradients(shape: tuple[int, ...], axes: tuple[int, ...]) -> None:
    def squared(kind: str, **params: Any) -> Any:
        return lambda x: fft(x * x, kind=kind, axes=axes, **params)

    check_gradients(squared("fft"), complex_(shape), order=2)
    check_gradients(squared("ifft"), complex_(shape), order=2)
    check_gradients(squared("rfft"), real(shape), order=2)
    half = complex_(halved(shape, axes[-1]))
    check_gradients(squared("irfft", length=shape[axes[-1]]), half, order=2)
