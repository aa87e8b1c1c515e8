"""Jacobians from a tape: one reverse pass for each element of the target."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from thalweg.tensor.convert import convert_to_tensor
from thalweg.tensor.operators import OPERATIONS
from thalweg.tensor.tensor import Tensor
from thalweg.tensor.tree import flatten, pack

if TYPE_CHECKING:
    from thalweg.autodiff.tape import GradientTape

__all__ = ["batch_jacobian", "jacobian"]


def _basis(shape: tuple[int, ...], dtype: Any) -> list[Tensor]:
    """One tensor per element of `shape`: one there, zero elsewhere."""
    size = math.prod(shape)
    found = []
    for i in range(size):
        unit = np.zeros(size, dtype)
        unit[i] = 1
        found.append(Tensor(unit.reshape(shape)))
    return found


def jacobian(tape: GradientTape, target: Any, sources: Any, unconnected_gradients: str) -> Any:
    """See `GradientTape.jacobian`."""
    y = convert_to_tensor(target)
    with tape._kept():
        rows = [
            flatten(tape.gradient(y, sources, unit, unconnected_gradients))
            for unit in _basis(y.shape, y.dtype)
        ]
        if not rows:  # a target without elements
            rows_of_none = flatten(tape.gradient(y, sources, None, unconnected_gradients))
            return pack(sources, [_empty(g, y.shape) for g in rows_of_none])
        columns: list[Tensor | None] = []
        for place, source in enumerate(flatten(sources)):
            parts = [row[place] for row in rows]
            if any(p is None for p in parts):
                columns.append(None)
                continue
            stacked = OPERATIONS["stack"](parts)
            columns.append(OPERATIONS["reshape"](stacked, (*y.shape, *source.shape)))
    return pack(sources, columns)


def _empty(gradient: Tensor | None, shape: tuple[int, ...]) -> Tensor | None:
    if gradient is None:
        return None
    return Tensor(np.zeros((*shape, *gradient.shape), gradient.dtype))


def batch_jacobian(tape: GradientTape, target: Any, source: Any, unconnected_gradients: str) -> Any:
    """See `GradientTape.batch_jacobian`."""
    y = convert_to_tensor(target)
    if not y.shape or not source.shape or y.shape[0] != source.shape[0]:
        raise ValueError(
            "GradientTape.batch_jacobian: target and source need the same first axis, got shapes "
            f"{y.shape} and {tuple(source.shape)}."
        )
    batch, inner = y.shape[0], y.shape[1:]
    with tape._kept():
        rows = []
        for unit in _basis(inner, y.dtype):
            everywhere = OPERATIONS["broadcast_to"](unit, y.shape)
            rows.append(tape.gradient(y, source, everywhere, unconnected_gradients))
        if any(row is None for row in rows):
            return None
        if not rows:
            return Tensor(np.zeros((batch, *inner, *source.shape[1:]), y.dtype))
        stacked = OPERATIONS["stack"](rows, axis=1)
        return OPERATIONS["reshape"](stacked, (batch, *inner, *source.shape[1:]))
