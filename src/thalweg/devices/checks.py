"""What must hold for arrays before a Program may touch them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from thalweg.compiler.dims import Dim
from thalweg.compiler.ir.expression import Buffer

__all__ = ["as_input", "check_batch", "check_epochs", "check_rows", "check_state"]

_Array = np.ndarray[Any, Any]


def check_batch(n: int, capacity: int, inputs: int, expected: int) -> None:
    """The size of a batch, and the number of arrays.

    Raises:
        ValueError: if it is not what a Program with this capacity and so many inputs takes.
    """
    if n < 1 or (capacity and n > capacity):
        raise ValueError(f"run: the batch must be of 1 to {capacity} samples, got {n}.")
    if inputs != expected:
        raise ValueError(f"run: expected {expected} inputs, got {inputs}.")


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


def check_rows(
    wholes: Sequence[_Array],
    inputs: Sequence[Buffer],
    order: _Array | None,
    batch: int,
    first_step: int,
    steps: int,
) -> int:
    """What batches are taken from: rows of arrays, in an order.

    Args:
        wholes: for each input that has a row for each sample, all rows.
        inputs: those of the Program.
        order: numbers of rows; None: as they come.
        batch, first_step, steps: the steps, and the rows of each.

    Returns:
        How many rows there are to go through.

    Raises:
        ValueError: if an array does not fit, a row does not exist, or there are too few.
    """
    found = set()
    for k, (array, buffer) in enumerate(zip(wholes, inputs, strict=True)):
        scale, offset = buffer.size
        if scale and (offset or not array.ndim or array.size != len(array) * scale):
            raise ValueError(f"run_many: input {k} must have a row of {scale} per sample.")
        if scale:
            as_input(array, buffer, array.size, k)
            found.add(len(array))
    if len(found) != 1:
        raise ValueError(f"run_many: all inputs must have as many rows, got {sorted(found)}.")
    rows = present = found.pop()
    if order is not None:
        if order.dtype != np.int64 or order.ndim != 1 or not order.flags.c_contiguous:
            raise ValueError("run_many: order must be a contiguous vector of int64.")
        rows = len(order)
    if first_step < 0 or steps < 1 or (first_step + steps - 1) * batch >= rows:
        raise ValueError(
            f"run_many: there are {rows} rows, not enough for steps {first_step} to "
            f"{first_step + steps - 1} of {batch}."
        )
    if order is not None:
        part = order[first_step * batch : (first_step + steps) * batch]
        if part.min() < 0 or part.max() >= present:
            raise ValueError(f"run_many: order must hold rows from 0 to {present - 1}.")
    return rows


def check_epochs(
    wholes: Sequence[_Array],
    inputs: Sequence[Buffer],
    output_shapes: Sequence[tuple[Dim, ...]],
    orders: _Array | None,
    batch: int,
    epochs: int,
) -> int:
    """What whole epochs are taken from.

    Args:
        wholes, inputs: as for `check_rows`.
        output_shapes: those of the Program.
        orders: numbers of rows for all epochs, one after the other; None: as they come, in each.
        batch, epochs: the rows of a step, and how often all rows are gone through.

    Returns:
        How many rows an epoch goes through.

    Raises:
        ValueError: as `check_rows`, if there are not as many orders as epochs, or if an output has
            a row for each sample.
    """
    rows = max(len(w) for w, buffer in zip(wholes, inputs, strict=True) if buffer.size.scale)
    if orders is not None and orders.size != rows * epochs:
        raise ValueError(
            f"run_epochs: expected {epochs} orders of {rows} rows, got {orders.size} rows."
        )
    if not all(d.static for shape in output_shapes for d in shape):
        raise ValueError("run_epochs: no output may have a row for each sample.")
    if orders is None:
        check_rows(wholes, inputs, None, batch, 0, -(-rows // batch))
    else:
        check_rows(wholes, inputs, orders, rows, 0, epochs)
    return rows
