"""Derivatives in one direction, from two reverse passes.

A gradient is linear in the gradient of the output: v -> J^T v. The derivative of that map towards
v, with the direction t as its own output gradient, is J t.
(J. Townsend, "A new trick for calculating Jacobian vector products", 2017.)
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from thalweg.autodiff.tape import GradientTape
from thalweg.primitives.elementwise import zero_like
from thalweg.tensor.convert import convert_to_tensor
from thalweg.tensor.operators import OPERATIONS
from thalweg.tensor.tree import flatten, pack

__all__ = ["jvp"]


def jvp(
    fun: Callable[..., Any],
    primals: Sequence[Any],
    tangents: Sequence[Any],
    has_aux: bool = False,
) -> tuple[Any, ...]:
    """See `thalweg.ops.jvp`."""
    # Tensors of our own: the same one may be given twice.
    points = [OPERATIONS["add"](convert_to_tensor(x), 0) for x in primals]
    if len(points) != len(tangents):
        raise ValueError(f"jvp: got {len(points)} primals and {len(tangents)} tangents.")
    directions = []
    for i, (x, t) in enumerate(zip(points, tangents, strict=True)):
        direction = convert_to_tensor(t, x.dtype)
        if direction.shape != x.shape:
            raise ValueError(
                f"jvp: tangents[{i}] has shape {direction.shape}, expected {x.shape} like "
                f"primals[{i}]."
            )
        directions.append(direction)
    with GradientTape(watch_accessed_variables=False) as outer:
        with GradientTape(watch_accessed_variables=False) as inner:
            inner.watch(points)
            result = fun(*points)
            outputs, more = result if has_aux else (result, None)
        ys = [convert_to_tensor(y) for y in flatten(outputs)]
        seeds = [OPERATIONS["zeros_like"](y) for y in ys]
        outer.watch(seeds)
        pulled = inner.gradient(ys, points, output_gradients=seeds)
    known = [(g, t) for g, t in zip(pulled, directions, strict=True) if g is not None]
    slopes: list[Any] = [None] * len(ys)
    if known:
        slopes = outer.gradient(
            [g for g, _ in known], seeds, output_gradients=[t for _, t in known]
        )
    filled = [zero_like(y) if s is None else s for y, s in zip(ys, slopes, strict=True)]
    found = (outputs, pack(outputs, filled))
    return (*found, more) if has_aux else found
