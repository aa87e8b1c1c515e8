"""Primitives that move elements: reshape, transpose, broadcast, slice, pad, concat, reverse."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from thalweg.primitives.primitive import Call, GradientRule, Primitive
from thalweg.primitives.reduce import reduce_sum
from thalweg.tensor.tensor import Tensor, TensorSpec

__all__ = [
    "broadcast_to",
    "concat",
    "dynamic_slice",
    "dynamic_update_slice",
    "pad",
    "reshape",
    "reverse",
    "slice_",
    "transpose",
]

Array = np.ndarray[Any, Any]
Shape = tuple[int, ...]
Gradients = tuple[Tensor | None, ...]


def _linear(rule: Callable[[Call, Tensor], Any]) -> GradientRule:
    """The gradient rule of a primitive with one output, from a function of its gradient."""

    def gradient(call: Call, g: tuple[Tensor, ...]) -> Gradients:
        found = rule(call, g[0])
        return found if isinstance(found, tuple) else (found,)

    return gradient


# --- reshape ----------------------------------------------------------------------------------


def _reshape_rule(x: Any, shape: Shape) -> TensorSpec:
    if math.prod(shape) != math.prod(x.shape):
        raise ValueError(
            f"reshape: a tensor of shape {x.shape} has {math.prod(x.shape)} elements, "
            f"newshape {shape} needs {math.prod(shape)}."
        )
    return TensorSpec(shape, x.dtype)


reshape: Primitive = Primitive(
    "reshape",
    _reshape_rule,
    lambda x, shape: x.reshape(shape),
    _linear(lambda call, g: reshape(g, shape=call.inputs[0].shape)),
    "movement",
)


# --- transpose --------------------------------------------------------------------------------


def _transpose_rule(x: Any, axes: Shape) -> TensorSpec:
    if sorted(axes) != list(range(len(x.shape))):
        raise ValueError(
            f"transpose: axes must be a permutation of 0..{len(x.shape) - 1} for a tensor of shape "
            f"{x.shape}, got {axes}."
        )
    return TensorSpec(tuple(x.shape[a] for a in axes), x.dtype)


transpose: Primitive = Primitive(
    "transpose",
    _transpose_rule,
    lambda x, axes: x.transpose(axes),
    _linear(
        lambda call, g: transpose(g, axes=tuple(int(a) for a in np.argsort(call.params["axes"])))
    ),
    "movement",
)


# --- broadcast_to -----------------------------------------------------------------------------


def _broadcast_rule(x: Any, shape: Shape) -> TensorSpec:
    offset = len(shape) - len(x.shape)
    fits = offset >= 0 and all(n == 1 or n == shape[i + offset] for i, n in enumerate(x.shape))
    if not fits:
        raise ValueError(f"broadcast_to: shape {x.shape} does not broadcast to {shape}.")
    return TensorSpec(shape, x.dtype)


def _broadcast_gradient(call: Call, g: Tensor) -> Tensor:
    source, target = call.inputs[0].shape, call.params["shape"]
    offset = len(target) - len(source)
    axes = tuple(
        i for i, n in enumerate(target) if i < offset or (source[i - offset] == 1 and n != 1)
    )
    summed = reduce_sum(g, axes=axes) if axes else g
    return summed if summed.shape == source else reshape(summed, shape=source)


broadcast_to: Primitive = Primitive(
    "broadcast_to",
    _broadcast_rule,
    lambda x, shape: np.broadcast_to(x, shape),
    _linear(_broadcast_gradient),
    "movement",
)


# --- slice and pad ----------------------------------------------------------------------------


def _slice_rule(x: Any, start: Shape, stop: Shape, step: Shape) -> TensorSpec:
    """`step` is positive on every axis; going backward is `reverse`."""
    for n, a, b, s in zip(x.shape, start, stop, step, strict=True):
        if not (0 <= a <= b <= n and s > 0):
            raise ValueError(
                f"slice: start {start}, stop {stop}, step {step} must lie inside shape {x.shape}."
            )
    return TensorSpec(
        tuple(-(-(b - a) // s) for a, b, s in zip(start, stop, step, strict=True)), x.dtype
    )


def _slice_evaluate(x: Array, start: Shape, stop: Shape, step: Shape) -> Array:
    return x[tuple(slice(a, b, s) for a, b, s in zip(start, stop, step, strict=True))]


def _slice_gradient(call: Call, g: Tensor) -> Tensor:
    shape = call.inputs[0].shape
    start, step = call.params["start"], call.params["step"]
    # The last element taken stands at start + (n - 1) * step; what follows it is padding.
    high = tuple(
        n - (a + (m - 1) * s + 1) if m else n - a
        for n, a, s, m in zip(shape, start, step, g.shape, strict=True)
    )
    inner = tuple(s - 1 for s in step)
    return pad(g, _zero(g), low=start, high=high, inner=inner)


slice_: Primitive = Primitive(
    "slice", _slice_rule, _slice_evaluate, _linear(_slice_gradient), "movement"
)


def _zero(like: Tensor) -> Tensor:
    return Tensor(np.zeros((), like.dtype))


def _padded(n: int, low: int, high: int, inner: int) -> int:
    return low + n + max(n - 1, 0) * inner + high


def _pad_rule(x: Any, value: Any, low: Shape, high: Shape, inner: Shape) -> TensorSpec:
    """Pads `low` before, `high` after and `inner` between the elements of each axis."""
    if min((*low, *high, *inner), default=0) < 0:
        raise ValueError(f"pad: widths must not be negative, got {low}, {high} and {inner}.")
    if value.shape != () or value.dtype != x.dtype:
        raise ValueError(f"pad: the value must be one {x.dtype.name}, got {value.dtype.name}.")
    shape = tuple(_padded(*each) for each in zip(x.shape, low, high, inner, strict=True))
    return TensorSpec(shape, x.dtype)


def _pad_evaluate(x: Array, value: Array, low: Shape, high: Shape, inner: Shape) -> Array:
    shape = tuple(_padded(*each) for each in zip(x.shape, low, high, inner, strict=True))
    out = np.full(shape, value, x.dtype)
    out[_pad_window(x.shape, low, inner)] = x
    return out


def _pad_window(shape: Shape, low: Shape, inner: Shape) -> tuple[slice, ...]:
    return tuple(
        slice(a, a + (n - 1) * (i + 1) + 1 if n else a, i + 1)
        for n, a, i in zip(shape, low, inner, strict=True)
    )


def _pad_gradient(call: Call, g: Tensor) -> Gradients:
    x = call.inputs[0]
    window = _pad_window(x.shape, call.params["low"], call.params["inner"])
    start, stop, step = (
        zip(*[(w.start, w.stop, w.step) for w in window], strict=True) if window else ((), (), ())
    )
    inside = slice_(g, start=start, stop=stop, step=step)
    if not call.wanted[1]:
        return inside, None
    everything = tuple(range(len(x.shape)))
    return inside, reduce_sum(g, axes=everything) - reduce_sum(inside, axes=everything)


pad: Primitive = Primitive("pad", _pad_rule, _pad_evaluate, _linear(_pad_gradient), "movement")


# --- concat -----------------------------------------------------------------------------------


def _concat_rule(*xs: Any, axis: int) -> TensorSpec:
    first = xs[0]
    for x in xs:
        same = len(x.shape) == len(first.shape) and all(
            n == m for i, (n, m) in enumerate(zip(x.shape, first.shape, strict=True)) if i != axis
        )
        if not same:
            raise ValueError(
                f"concatenate: shapes must agree except on axis {axis}, "
                f"got {[tuple(x.shape) for x in xs]}."
            )
        if x.dtype != first.dtype:
            raise ValueError(
                "concatenate: all tensors must have one dtype, "
                f"got {first.dtype.name} and {x.dtype.name}."
            )
    length = sum(x.shape[axis] for x in xs)
    return TensorSpec((*first.shape[:axis], length, *first.shape[axis + 1 :]), first.dtype)


def _concat_gradient(call: Call, g: Tensor) -> Gradients:
    axis: int = call.params["axis"]
    found = []
    begin = 0
    for x, want in zip(call.inputs, call.wanted, strict=True):
        end = begin + x.shape[axis]
        start = tuple(begin if i == axis else 0 for i in range(len(g.shape)))
        stop = tuple(end if i == axis else n for i, n in enumerate(g.shape))
        step = (1,) * len(g.shape)
        found.append(slice_(g, start=start, stop=stop, step=step) if want else None)
        begin = end
    return tuple(found)


concat: Primitive = Primitive(
    "concat",
    _concat_rule,
    lambda *xs, axis: np.concatenate(xs, axis),
    _linear(_concat_gradient),
    "movement",
)


# --- reverse ----------------------------------------------------------------------------------


def _reverse_rule(x: Any, axes: Shape) -> TensorSpec:
    if any(not 0 <= a < len(x.shape) for a in axes):
        raise ValueError(f"flip: axes {axes} do not fit a tensor of shape {x.shape}.")
    return TensorSpec(x.shape, x.dtype)


reverse: Primitive = Primitive(
    "reverse",
    _reverse_rule,
    lambda x, axes: np.flip(x, axes),
    _linear(lambda call, g: reverse(g, axes=call.params["axes"])),
    "movement",
)


# --- slices at a place known only at run time ---------------------------------------------------
# The start is one int32 tensor with an entry per axis; it is moved inside the tensor if need be.


def _clamped(start: Array, size: Shape, shape: Shape) -> tuple[slice, ...]:
    begins = [min(max(int(a), 0), n - m) for a, m, n in zip(start, size, shape, strict=True)]
    return tuple(slice(a, a + m) for a, m in zip(begins, size, strict=True))


def _check_start(name: str, x: Any, start: Any, size: Shape) -> None:
    if start.shape != (len(x.shape),) or start.dtype.kind not in "iu":
        raise ValueError(
            f"{name}: start_indices must be {len(x.shape)} integers, "
            f"got shape {start.shape} of {start.dtype.name}."
        )
    if len(size) != len(x.shape) or any(m > n for m, n in zip(size, x.shape, strict=True)):
        raise ValueError(f"{name}: a piece of shape {size} does not fit into shape {x.shape}.")


def _dynamic_slice_rule(x: Any, start: Any, size: Shape) -> TensorSpec:
    _check_start("slice", x, start, size)
    return TensorSpec(size, x.dtype)


def _dynamic_slice_gradient(call: Call, g: Tensor) -> Gradients:
    x, start = call.inputs
    zeros = Tensor(np.broadcast_to(np.zeros((), x.dtype), x.shape))
    return dynamic_update_slice(zeros, g, start), None


dynamic_slice: Primitive = Primitive(
    "dynamic_slice",
    _dynamic_slice_rule,
    lambda x, start, size: x[_clamped(start, size, x.shape)],
    _linear(_dynamic_slice_gradient),
    "gather",
)


def _dynamic_update_rule(x: Any, update: Any, start: Any) -> TensorSpec:
    _check_start("slice_update", x, start, update.shape)
    if update.dtype != x.dtype:
        raise ValueError(
            f"slice_update: updates must be {x.dtype.name} like inputs, got {update.dtype.name}."
        )
    return TensorSpec(x.shape, x.dtype)


def _dynamic_update_evaluate(x: Array, update: Array, start: Array) -> Array:
    out = np.array(x)
    out[_clamped(start, update.shape, x.shape)] = update
    return out


def _dynamic_update_gradient(call: Call, g: Tensor) -> Gradients:
    _, update, start = call.inputs
    zeros = Tensor(np.broadcast_to(np.zeros((), update.dtype), update.shape))
    return (
        dynamic_update_slice(g, zeros, start),
        dynamic_slice(g, start, size=update.shape),
        None,
    )


dynamic_update_slice: Primitive = Primitive(
    "dynamic_update_slice",
    _dynamic_update_rule,
    _dynamic_update_evaluate,
    _linear(_dynamic_update_gradient),
    "scatter",
)
