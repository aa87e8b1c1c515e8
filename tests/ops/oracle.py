"""Random inputs of every shape and dtype, and the comparison of a result with NumPy's."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import ml_dtypes
import numpy as np
from hypothesis import strategies as st

from thalweg.tensor import Tensor, as_dtype

Array = np.ndarray[Any, Any]

FLOATS = ("float16", "bfloat16", "float32", "float64")
INTEGERS = ("int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64")
NUMBERS = FLOATS + INTEGERS

# A few units in the last place, relative to the largest value involved.
TOLERANCE = {
    "float16": 4e-3,
    "bfloat16": 3e-2,
    "float32": 4e-6,
    "float64": 1e-12,
    "complex64": 4e-6,
    "complex128": 1e-12,
}


def shapes(max_rank: int = 3, min_rank: int = 0, min_side: int = 0) -> st.SearchStrategy[Any]:
    return st.lists(st.integers(min_side, 4), min_size=min_rank, max_size=max_rank).map(tuple)


def values(
    dtype: str, shape: Sequence[int], seed: int, low: float = -3.0, high: float = 3.0
) -> Array:
    """Random values of a dtype inside of [low, high]."""
    random = np.random.default_rng(seed)
    wanted = as_dtype(dtype)
    if wanted.kind == "b":
        return random.integers(0, 2, shape).astype(np.bool_)
    if wanted.kind in "iu":
        first = max(int(np.ceil(low)), 0) if wanted.kind == "u" else int(np.ceil(low))
        return random.integers(first, int(np.floor(high)) + 1, shape).astype(wanted)
    if wanted.kind == "c":
        parts = random.uniform(low, high, (2, *shape))
        return np.asarray(parts[0] + 1j * parts[1]).astype(wanted)
    return np.asarray(random.uniform(low, high, shape)).astype(wanted)


def exactly(x: Any) -> Any:
    """Values in float64 (complex128), in which the reference is computed."""
    x = np.asarray(x)
    if x.dtype in (np.float16, np.float32, ml_dtypes.bfloat16):
        return x.astype(np.float64)
    return x.astype(np.complex128) if x.dtype == np.complex64 else x


def close(found: Tensor, expected: Any, *, scale: float = 1.0) -> None:
    """Equal up to the precision of the dtype found (`scale` times the usual tolerance)."""
    assert isinstance(found, Tensor)
    array, wanted = np.asarray(found), np.asarray(expected)
    assert array.shape == wanted.shape, f"shape {array.shape}, expected {wanted.shape}"
    tolerance = scale * TOLERANCE.get(found.dtype.name, 0.0)
    if not tolerance:
        np.testing.assert_array_equal(array, wanted)
        return
    with np.errstate(over="ignore"):  # what is infinite in float16 is not in float64
        wanted = wanted.astype(found.dtype)
    np.testing.assert_allclose(exactly(array), exactly(wanted), rtol=tolerance, atol=tolerance)


def silently(function: Callable[..., Any]) -> Callable[..., Any]:
    """The function without warnings of overflow and the like."""

    def quiet(*args: Any, **kwargs: Any) -> Any:
        with np.errstate(all="ignore"):
            return function(*args, **kwargs)

    return quiet
