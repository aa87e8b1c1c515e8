"""What must hold for arrays before native code may touch them."""

from __future__ import annotations

from typing import Any

import numpy as np

from thalweg.compiler.ir.expression import Buffer

__all__ = ["as_input", "check_state"]

_Array = np.ndarray[Any, Any]


def check_state(array: _Array, buffer: Buffer, place: int) -> None:
    """Native code writes it in place, so it must be exactly what the Program knows.

    Raises:
        ValueError: if it is not.
    """
    size = buffer.size.at(1)
    if not isinstance(array, np.ndarray):
        raise ValueError(f"run: state {place} must be an array, got {type(array).__name__}.")
    flags = array.flags
    if array.dtype != buffer.dtype or array.size != size:
        raise ValueError(
            f"run: state {place} must be {size} values of {buffer.dtype.name}, got "
            f"{array.size} of {array.dtype.name}."
        )
    if not (flags.c_contiguous and flags.aligned and flags.writeable):
        raise ValueError(f"run: state {place} must be a writable, C-contiguous array.")


def as_input(array: _Array, buffer: Buffer, size: int, place: int) -> _Array:
    """The array as native code can read it: C-contiguous, so copied if it is not.

    Raises:
        ValueError: if it is not of the right type and size.
    """
    if array.dtype != buffer.dtype or array.size != size:
        raise ValueError(
            f"run: input {place} must be {size} values of {buffer.dtype.name}, got "
            f"{array.size} of {array.dtype.name}."
        )
    return np.require(array, requirements=("C", "A"))
