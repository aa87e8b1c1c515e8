"""Random arrays for compiled programs.

Shapes with odd, single and no elements, all dtypes and layouts in memory, and numbers with which
sums and products are exact in any order.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from hypothesis import strategies as st

from thalweg.tensor.dtypes import DTYPES, DType, is_integer

Array = np.ndarray[Any, Any]
Shape = tuple[int, ...]

_LENGTHS = (1, 2, 3, 5, 4, 7, 8, 9, 16, 17, 33, 65, 0)
_LARGEST = 3000

_FLOATS = (0.0, -0.0, 1.0, -1.0, 0.5, np.inf, -np.inf, np.nan, 1e-3, 2.5, -3.5, 1e4)


@st.composite
def shapes(draw: st.DrawFn, least: int = 0, most: int = 4, empty: bool = True) -> Shape:
    """A shape of so many axes."""
    found: list[int] = []
    for _ in range(draw(st.integers(least, most))):
        room = _LARGEST // max(int(np.prod(found)), 1)
        fitting = [n for n in _LENGTHS if n <= room and (n or empty)]
        found.append(draw(st.sampled_from(fitting)))
    return tuple(found)


def numbers(dtype: DType, shape: Shape, seed: int) -> Array:
    """Small numbers: quarters in floats, whole numbers in integers."""
    random = np.random.default_rng(seed)
    if dtype.kind == "b":
        return random.integers(0, 2, shape).astype(dtype)
    if dtype.kind == "u":
        return random.integers(0, 9, shape).astype(dtype)
    if dtype.kind == "i":
        return random.integers(-8, 9, shape).astype(dtype)
    if dtype.kind == "c":
        parts = random.integers(-8, 9, (2, *shape)) / 4
        return np.asarray(parts[0] + 1j * parts[1]).astype(dtype)
    return np.asarray(random.integers(-8, 9, shape) / 4).astype(dtype)


def extremes(dtype: DType, shape: Shape, seed: int) -> Array:
    """Numbers of all sizes: infinities, NaN, zeros of both signs, the ends of the integers."""
    random = np.random.default_rng(seed)
    if dtype.kind in "bc":
        return numbers(dtype, shape, seed)
    if is_integer(dtype):
        ends = np.iinfo(dtype)
        few = np.array([ends.min, ends.max, ends.min + 1, ends.max - 1, 0, 1, 2], dtype)
        far = random.integers(ends.min, ends.max, shape, dtype, endpoint=True)
        near = numbers(dtype, shape, seed + 1)
        kind = random.integers(0, 3, shape)
        return np.choose(kind, [random.choice(few, shape), far, near]).astype(dtype)
    few = random.choice(np.array(_FLOATS), shape)
    with np.errstate(all="ignore"):
        far = random.standard_normal(shape) * 10.0 ** random.integers(-6, 5, shape)
        return np.where(random.random(shape) < 0.4, few, far).astype(dtype)


def laid_out(array: Array, layout: int) -> Array:
    """The same elements, lying otherwise in memory."""
    array = np.asarray(array)
    if layout == 1 and array.ndim:
        return np.asfortranarray(array)
    if layout == 2 and array.ndim:
        room = np.zeros((*array.shape[:-1], array.shape[-1] * 2 + 1), array.dtype)
        room[..., 1::2] = array
        return room[..., 1::2]
    if layout == 3 and array.ndim:
        return np.flip(np.ascontiguousarray(np.flip(array)))
    if layout == 4 and array.ndim and array.shape[0]:  # one row again and again
        return np.broadcast_to(array[:1], array.shape)
    return array


seeds = st.integers(0, 1000)
layouts = st.sampled_from([0, 0, 0, 1, 2, 3, 4])


def dtypes(accepted: Sequence[str]) -> st.SearchStrategy[DType]:
    """One of the dtypes with these names."""
    return st.sampled_from([DTYPES[name] for name in accepted])


@st.composite
def arrays(draw: st.DrawFn, shape: Shape, dtype: DType, wild: bool = False) -> Array:
    """An array of a shape, in any layout; `wild`: with extremes."""
    make = extremes if wild else numbers
    return laid_out(make(dtype, shape, draw(seeds)), draw(layouts))
