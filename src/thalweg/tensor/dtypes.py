"""Dtypes and the promotion lattice of Keras 3.

A dtype is a NumPy dtype object; `bfloat16` comes from `ml_dtypes`. Promotion is that of JAX with
32-bit defaults: Python numbers are weak (they adopt the tensor's type), and integers meet floats
in the float's own width (`int64 + float16 -> float16`).
"""

from __future__ import annotations

import functools
from typing import Any

import ml_dtypes
import numpy as np

from thalweg import config

__all__ = ["DTYPES", "as_dtype", "is_complex", "is_floating", "is_integer", "result_type"]

DType = np.dtype[Any]

float16: DType = np.dtype(np.float16)
bfloat16: DType = np.dtype(ml_dtypes.bfloat16)
float32: DType = np.dtype(np.float32)
float64: DType = np.dtype(np.float64)
int8: DType = np.dtype(np.int8)
int16: DType = np.dtype(np.int16)
int32: DType = np.dtype(np.int32)
int64: DType = np.dtype(np.int64)
uint8: DType = np.dtype(np.uint8)
uint16: DType = np.dtype(np.uint16)
uint32: DType = np.dtype(np.uint32)
uint64: DType = np.dtype(np.uint64)
bool_: DType = np.dtype(np.bool_)
complex64: DType = np.dtype(np.complex64)
complex128: DType = np.dtype(np.complex128)

FLOATING = (float16, bfloat16, float32, float64)
SIGNED = (int8, int16, int32, int64)
UNSIGNED = (uint8, uint16, uint32, uint64)
INTEGER = SIGNED + UNSIGNED
COMPLEX = (complex64, complex128)

DTYPES: dict[str, DType] = {d.name: d for d in (*FLOATING, *INTEGER, bool_, *COMPLEX)}
# NumPy puts the name of a dtype together at each look; operations ask for it all the time.
_NAMES: dict[Any, str] = {d: name for name, d in DTYPES.items()}

# The two weak types of Python numbers stand in the lattice beside the real ones.
_WEAK_INT = "int"
_WEAK_FLOAT = "float"

# Each type and the types just above it (keras/src/backend/common/dtypes.py describes the same
# lattice; JAX's type promotion document draws it).
_ABOVE: dict[str, tuple[str, ...]] = {
    "bool": (_WEAK_INT,),
    _WEAK_INT: ("uint8", "int8"),
    "uint8": ("int16", "uint16"),
    "uint16": ("int32", "uint32"),
    "uint32": ("int64", "uint64"),
    "uint64": (_WEAK_FLOAT,),
    "int8": ("int16",),
    "int16": ("int32",),
    "int32": ("int64",),
    "int64": (_WEAK_FLOAT,),
    _WEAK_FLOAT: ("bfloat16", "float16"),
    "bfloat16": ("float32",),
    "float16": ("float32",),
    "float32": ("float64", "complex64"),
    "float64": ("complex128",),
    "complex64": ("complex128",),
    "complex128": (),
}


def _upward(name: str) -> frozenset[str]:
    reached = {name}
    for above in _ABOVE[name]:
        reached |= _upward(above)
    return frozenset(reached)


_UPPER_BOUNDS = {name: _upward(name) for name in _ABOVE}


def as_dtype(dtype: Any) -> DType:
    """The NumPy dtype that `dtype` names: a string, a NumPy or Python type, or a dtype.

    Raises `ValueError` for a type that tensors cannot hold.
    """
    if isinstance(dtype, np.dtype) and dtype in _NAMES:
        return dtype
    if isinstance(dtype, str):
        if dtype in DTYPES:
            return DTYPES[dtype]
    elif dtype is float:
        return DTYPES[config.floatx()]
    elif dtype is int:
        return int32
    elif dtype is not None:
        try:
            found = np.dtype(dtype)
        except TypeError:
            found = None
        if found is not None and found.name in DTYPES:
            return DTYPES[found.name]
    raise ValueError(f"dtype must be one of {', '.join(DTYPES)}, got {dtype!r}.")


def is_floating(dtype: DType) -> bool:
    """Whether `dtype` is float16, bfloat16, float32 or float64."""
    return dtype in FLOATING


def is_integer(dtype: DType) -> bool:
    """Whether `dtype` is a signed or unsigned integer (bool is not)."""
    return dtype in INTEGER


def is_complex(dtype: DType) -> bool:
    """Whether `dtype` is complex."""
    return dtype in COMPLEX


def differentiable(dtype: DType) -> bool:
    """Whether a gradient can flow through a tensor of `dtype`."""
    return dtype in FLOATING or dtype in COMPLEX


def real_of(dtype: DType) -> DType:
    """The dtype of the real part of a complex dtype; any other dtype is returned as it is."""
    return {complex64: float32, complex128: float64}.get(dtype, dtype)


def complex_of(dtype: DType) -> DType:
    """The complex dtype with parts of `dtype` (complex64 for everything below float64)."""
    return complex128 if dtype in (float64, complex128) else complex64


def _lattice_name(value: Any) -> str:
    """The lattice name of a dtype, a tensor-like object or a Python number."""
    # NumPy's float64 scalar is a Python float: `np.mean(...)` must not widen a float32 model.
    if value is float or isinstance(value, float):
        return _WEAK_FLOAT
    if value is bool or isinstance(value, bool):
        return "bool"
    if value is int or isinstance(value, int):
        return _WEAK_INT
    if isinstance(value, complex) and not isinstance(value, np.generic):
        return "complex64"
    dtype = getattr(value, "dtype", value)
    found = _NAMES.get(dtype) if isinstance(dtype, np.dtype) else None
    return as_dtype(dtype).name if found is None else found


@functools.cache
def _join(names: frozenset[str]) -> DType:
    common = frozenset.intersection(*(_UPPER_BOUNDS[name] for name in names))
    lowest = next(
        n
        for n in common
        if common == _UPPER_BOUNDS[n] & common
        and n in common
        and all(m in _UPPER_BOUNDS[n] for m in common)
    )
    if lowest == _WEAK_INT:
        return int32
    if lowest == _WEAK_FLOAT:
        return DTYPES["float32"]
    return DTYPES[lowest]


def result_type(*values: Any) -> DType:
    """The dtype in which values of these dtypes meet, as `keras.backend.result_type`.

    Args:
        values: dtypes, dtype names, tensors, arrays, or Python numbers (which are weak).

    >>> result_type("int64", "float16").name
    'float16'
    >>> result_type("bfloat16", "float16").name
    'float32'
    >>> result_type("uint8", 1).name
    'uint8'
    """
    if not values:
        return DTYPES[config.floatx()]
    names = frozenset(_lattice_name(v) for v in values)
    if _WEAK_FLOAT in names and names <= {_WEAK_FLOAT, _WEAK_INT, "bool"}:
        return DTYPES[config.floatx()]
    return _join(names)
