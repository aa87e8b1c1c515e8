"""Primitives that read and write at places known only at run time: gather and scatter.

Indices are integers, counted from the front (`thalweg.ops` resolves negative ones where they can
occur); one outside is moved to the nearest place by `gather` and ignored by `scatter`, on every
device.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from thalweg.primitives import elementwise as e
from thalweg.primitives.primitive import Call, Primitive
from thalweg.tensor.dtypes import bfloat16, bool_, float16, is_complex
from thalweg.tensor.operators import OPERATIONS
from thalweg.tensor.tensor import Tensor, TensorSpec

__all__ = ["gather", "scatter"]

Array = np.ndarray[Any, Any]
Gradients = tuple[Tensor | None, ...]


def _check_indices(name: str, indices: Any) -> None:
    if indices.dtype.kind not in "iu":
        raise TypeError(f"{name}: indices must be integers, got {indices.dtype.name}.")


def _gather_rule(x: Any, indices: Any, axis: int) -> TensorSpec:
    """Replaces the axis by the axes of `indices`."""
    _check_indices("take", indices)
    if not 0 <= axis < len(x.shape):
        raise ValueError(f"take: axis {axis} does not fit a tensor of shape {x.shape}.")
    if x.shape[axis] == 0 and 0 not in indices.shape:
        raise ValueError(f"take: axis {axis} of a tensor of shape {x.shape} has no elements.")
    return TensorSpec((*x.shape[:axis], *indices.shape, *x.shape[axis + 1 :]), x.dtype)


def _gather_evaluate(x: Array, indices: Array, axis: int) -> Array:
    return np.take(x, indices, axis, mode="clip")


def _gather_gradient(call: Call, g: Gradients) -> Gradients:
    x, indices = call.inputs
    clipped = OPERATIONS["clip"](indices, 0, max(x.shape[call.params["axis"]] - 1, 0))
    assert g[0] is not None
    return scatter(e.zero_like(x), clipped, g[0], axis=call.params["axis"], mode="add"), None


gather = Primitive("gather", _gather_rule, _gather_evaluate, _gather_gradient, "gather")


_MODES = {
    "add": np.add,
    "max": np.maximum,
    "min": np.minimum,
    "mul": np.multiply,
}


def _scatter_rule(x: Any, indices: Any, updates: Any, axis: int, mode: str) -> TensorSpec:
    """`updates` has the shape that `gather(x, indices, axis)` would have."""
    _check_indices("scatter", indices)
    expected = (*x.shape[:axis], *indices.shape, *x.shape[axis + 1 :])
    if updates.shape != expected or updates.dtype != x.dtype:
        raise ValueError(
            f"scatter: updates must have shape {expected} and dtype {x.dtype.name}, "
            f"got {updates.shape} and {updates.dtype.name}."
        )
    no_order = is_complex(x.dtype) and mode in ("max", "min")
    if (x.dtype == bool_ and mode != "set") or no_order:
        raise TypeError(f"scatter: a {x.dtype.name} tensor has no {mode}.")
    return TensorSpec(x.shape, x.dtype)


def _scatter_evaluate(x: Array, indices: Array, updates: Array, axis: int, mode: str) -> Array:
    if x.dtype in (float16, bfloat16):  # added up in float32, rounded once
        wide = x.astype(np.float32), indices, updates.astype(np.float32)
        return _scatter_evaluate(*wide, axis, mode).astype(x.dtype)
    out = np.moveaxis(x.copy(), axis, 0)
    flat = indices.reshape(-1)
    rows = updates.reshape(*x.shape[:axis], flat.size, *x.shape[axis + 1 :])
    rows = np.moveaxis(rows, axis, 0)
    inside = (flat >= 0) & (flat < x.shape[axis])
    if not inside.all():
        flat, rows = flat[inside], rows[inside]
    if mode == "set":
        out[flat] = rows
    elif flat.size:
        # Updates of one place are brought together, so that NumPy can reduce them in one go.
        order = np.argsort(flat, kind="stable")
        places, begins = np.unique(flat[order], return_index=True)
        ufunc = _MODES[mode]
        out[places] = ufunc(out[places], ufunc.reduceat(rows[order], begins, 0))
    return np.moveaxis(out, 0, axis)


def _scatter_gradient(call: Call, g: Gradients) -> Gradients:
    x, indices, updates = call.inputs
    (outward,) = g
    assert outward is not None
    axis, mode = call.params["axis"], call.params["mode"]
    inside = _inside(indices, updates.shape, x.shape[axis], axis)
    if mode == "add":
        return (
            outward,
            None,
            e.select(inside, gather(outward, indices, axis=axis), e.zero_like(updates)),
        )
    if mode == "set":
        return _set_gradient(call, outward, inside)
    if mode == "mul":
        return _product_gradient(call, outward, inside)
    y = call.outputs[0]
    # max and min: the places that hold the extreme share the gradient.
    kept = e.cast(e.eq(x, y), dtype=x.dtype)
    won = e.cast(e.eq(updates, gather(y, indices, axis=axis)), dtype=x.dtype)
    won = e.select(inside, won, e.zero_like(won))
    share = outward / scatter(kept, indices, won, axis=axis, mode="add")
    return kept * share, None, won * gather(share, indices, axis=axis)


def _product_gradient(call: Call, outward: Tensor, inside: Tensor) -> Gradients:
    """Each factor gets the product of the others at its place.

    Zeros are counted apart, so that nothing is divided by them: one zero among the factors leaves
    the product of the rest to that factor, two zeros leave nothing to any.
    """
    x, indices, updates = call.inputs
    axis: int = call.params["axis"]
    zero_x, zero_u = e.eq(x, e.zero_like(x)), e.eq(updates, e.zero_like(updates))
    safe_x, safe_u = (
        e.select(zero_x, e.one_like(x), x),
        e.select(zero_u, e.one_like(updates), updates),
    )
    product = scatter(safe_x, indices, safe_u, axis=axis, mode="mul")
    number_x, number_u = e.cast(zero_x, dtype=x.dtype), e.cast(zero_u, dtype=x.dtype)
    zeros = scatter(number_x, indices, number_u, axis=axis, mode="add")
    others_x = e.select(e.eq(zeros, number_x), product / safe_x, e.zero_like(x))
    at_u, product_u = gather(zeros, indices, axis=axis), gather(product, indices, axis=axis)
    others_u = e.select(e.eq(at_u, number_u), product_u / safe_u, e.zero_like(updates))
    to_u = others_u * gather(outward, indices, axis=axis)
    return outward * others_x, None, e.select(inside, to_u, e.zero_like(to_u))


def _inside(indices: Tensor, shape: tuple[int, ...], length: int, axis: int) -> Tensor:
    """Whether each update's index lies inside, with the shape of the updates."""
    found = OPERATIONS["logical_and"](indices >= 0, indices < length)
    kept = (1,) * axis + indices.shape + (1,) * (len(shape) - axis - len(indices.shape))
    return OPERATIONS["broadcast_to"](OPERATIONS["reshape"](found, kept), shape)


def _set_gradient(call: Call, outward: Tensor, inside: Tensor) -> Gradients:
    """Places written to pass nothing to x; of several updates at one place only the last counts."""
    x, indices, updates = call.inputs
    axis: int = call.params["axis"]
    numbers = np.arange(1, max(indices.size, 1) + 1, dtype=np.int32)[: indices.size]
    number = Tensor(numbers.reshape(indices.shape))
    length = x.shape[axis]
    zeros = Tensor(np.zeros((length,), np.int32))
    last = scatter(zeros, indices, number, axis=0, mode="max")
    wrote = OPERATIONS["reshape"](last > 0, (length,) + (1,) * (len(x.shape) - axis - 1))
    wrote = OPERATIONS["broadcast_to"](wrote, x.shape)
    counts = e.eq(gather(last, indices, axis=0), number)
    kept = (1,) * axis + indices.shape + (1,) * (len(x.shape) - axis - 1)
    counts = OPERATIONS["broadcast_to"](OPERATIONS["reshape"](counts, kept), updates.shape)
    taken = gather(outward, indices, axis=axis)
    valid = OPERATIONS["logical_and"](counts, inside)
    return (
        e.select(wrote, e.zero_like(outward), outward),
        None,
        e.select(valid, taken, e.zero_like(taken)),
    )


scatter = Primitive("scatter", _scatter_rule, _scatter_evaluate, _scatter_gradient, "scatter")
