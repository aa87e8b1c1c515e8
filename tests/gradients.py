"""Checks gradients of any order against central differences in float64."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from thalweg import ops
from thalweg.autodiff import GradientTape
from thalweg.tensor import Tensor, convert_to_tensor
from thalweg.tensor.tree import flatten

Array = np.ndarray[Any, Any]
Scalar = Callable[..., Tensor]

__all__ = ["check_gradients"]


def check_gradients(
    fn: Callable[..., Any],
    *arrays: Any,
    order: int = 1,
    atol: float = 1e-6,
    rtol: float = 1e-5,
    step: float = 1e-5,
) -> None:
    """Assert that the gradients of `fn` up to `order` are right at these arrays.

    Everything that `fn` returns is projected on fixed random numbers; the gradient of that number
    towards every element of every array is compared with a central difference. With `order=2` that
    gradient is projected in its turn and treated the same way, and so on.

    Args:
        fn: takes tensors, returns a tensor or a nest of them; real or complex.
        *arrays: the inputs. Floats become float64, complex numbers complex128; integers and bools
            are passed on and not differentiated.
        order: the highest order checked.
        atol: absolute tolerance.
        rtol: relative tolerance.
        step: half the distance of the two points of a difference.
    """
    inputs = [_wide(a) for a in arrays]
    scalar = _projected(fn, 0)
    for level in range(1, order + 1):
        _compare(scalar, inputs, level, atol, rtol, step)
        scalar = _projected(_gradients(scalar), level)


def _wide(array: Any) -> Array:
    values = np.asarray(array)
    if values.dtype.kind in "iub":
        return values
    return values.astype(np.complex128 if values.dtype.kind == "c" else np.float64)


def _projected(fn: Callable[..., Any], seed: int) -> Scalar:
    """From a function of tensors to a number: the sum of its results times random numbers."""

    def scalar(*inputs: Tensor) -> Tensor:
        random = np.random.default_rng(seed)
        total: Any = convert_to_tensor(np.float64(0.0), "float64")
        for y in flatten(fn(*inputs)):
            y = convert_to_tensor(y)
            if y.dtype.kind not in "fc":
                continue
            parts = [ops.real(y), ops.imag(y)] if y.dtype.kind == "c" else [y]
            for part in parts:
                weights = random.uniform(0.5, 1.5, part.shape) * random.choice([-1, 1], part.shape)
                total = total + ops.sum(part * convert_to_tensor(weights, part.dtype))
        found: Tensor = total
        return found

    return scalar


def _gradients(scalar: Scalar) -> Callable[..., list[Tensor]]:
    def gradients(*inputs: Tensor) -> list[Tensor]:
        watched = [x for x in inputs if x.dtype.kind in "fc"]
        with GradientTape() as tape:
            tape.watch(watched)
            y = scalar(*inputs)
        found: list[Tensor] = tape.gradient(y, watched, unconnected_gradients="zero")
        return found

    return gradients


def _compare(
    scalar: Scalar, arrays: Sequence[Array], level: int, atol: float, rtol: float, step: float
) -> None:
    tensors = [convert_to_tensor(a) for a in arrays]
    found = iter(_gradients(scalar)(*tensors))
    for i, array in enumerate(arrays):
        if array.dtype.kind not in "fc":
            continue
        gradient = next(found)
        assert gradient.shape == array.shape, (gradient.shape, array.shape)
        assert gradient.dtype == array.dtype, (gradient.dtype, array.dtype)
        expected = _differences(scalar, arrays, i, step)
        np.testing.assert_allclose(
            gradient.numpy(),
            expected,
            rtol=rtol,
            atol=atol,
            err_msg=f"gradient of order {level} towards argument {i}",
        )


def _differences(scalar: Scalar, arrays: Sequence[Array], which: int, step: float) -> Array:
    """The central difference for each element; imaginary parts give imaginary parts."""
    found = np.zeros_like(arrays[which])
    directions = (1.0, 1.0j) if found.dtype.kind == "c" else (1.0,)
    for place in np.ndindex(*found.shape):
        for direction in directions:
            ends = []
            for sign in (1, -1):
                moved = [a.copy() for a in arrays]
                moved[which][place] += sign * step * direction
                ends.append(float(scalar(*[convert_to_tensor(a) for a in moved]).numpy()))
            found[place] += direction * (ends[0] - ends[1]) / (2 * step)
    return found
