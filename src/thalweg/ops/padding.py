"""Padding: more elements at the ends of axes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from thalweg.ops.arguments import apply, cast_to
from thalweg.ops.dispatch import op
from thalweg.ops.quantiles import median
from thalweg.ops.reduction import max as max_of
from thalweg.ops.reduction import mean
from thalweg.ops.reduction import min as min_of
from thalweg.ops.rounding import round as rounded
from thalweg.ops.shaping import along
from thalweg.primitives import gather, movement
from thalweg.tensor.convert import convert_to_tensor
from thalweg.tensor.dtypes import is_floating, is_integer
from thalweg.tensor.tensor import Tensor

__all__ = ["pad"]

Widths = list[tuple[int, int]]
Array = np.ndarray[Any, Any]

# From places counted from the first element (negative ones before it) to the place copied.
_COPIED: dict[str, Callable[[Array, int], Array]] = {
    "edge": lambda i, n: np.clip(i, 0, n - 1),
    "wrap": lambda i, n: i % n,
    "reflect": lambda i, n: np.abs((i + n - 1) % max(2 * n - 2, 1) - (n - 1)),
    "symmetric": lambda i, n: np.minimum(i % (2 * n), 2 * n - 1 - i % (2 * n)),
}
_COMPUTED: dict[str, Callable[[Tensor, int], Tensor]] = {
    "maximum": lambda x, axis: max_of(x, axis, keepdims=True),
    "minimum": lambda x, axis: min_of(x, axis, keepdims=True),
    "mean": lambda x, axis: _as(mean(x, axis, keepdims=True), x),
    "median": lambda x, axis: _as(median(x, axis, keepdims=True), x),
}
_MODES = ("constant", "empty", "linear_ramp", *_COPIED, *_COMPUTED)


def _as(found: Tensor, x: Tensor) -> Tensor:
    """A statistic in the dtype of the tensor, rounded for integers."""
    return cast_to(rounded(found), x.dtype) if is_integer(x.dtype) else cast_to(found, x.dtype)


@op
def pad(x: Any, pad_width: Any, mode: str = "constant", constant_values: Any = None) -> Tensor:
    """`x` with more elements before and after those of each axis.

    Args:
        x: a tensor.
        pad_width: a pair (before, after) for each axis, or one pair or number for all of them.
        mode: `'constant'` (a value, 0 by default), `'edge'` (the last element again), `'reflect'`
            (mirrored, without the last element), `'symmetric'` (mirrored with it), `'wrap'` (from
            the other end), `'linear_ramp'` (falling to 0), `'maximum'`, `'minimum'`, `'mean'` and
            `'median'` (of the axis), `'empty'` (any value).
        constant_values: the value for `'constant'`, a number or a tensor without axes.

    >>> from thalweg import ops
    >>> ops.pad([1, 2, 3], (2, 1), mode="reflect").numpy()
    array([3, 2, 1, 2, 3, 2], dtype=int32)
    """
    tensor = convert_to_tensor(x)
    widths = _widths(pad_width, len(tensor.shape))
    if mode not in _MODES:
        raise ValueError(f"pad: mode must be one of {', '.join(_MODES)}, got {mode!r}.")
    if constant_values is not None and mode != "constant":
        raise ValueError(f"pad: constant_values goes with mode 'constant', got mode {mode!r}.")
    if mode in ("constant", "empty"):
        return _constant(tensor, widths, 0 if constant_values is None else constant_values)
    for axis, (before, after) in enumerate(widths):
        if before or after:
            tensor = _padded(tensor, axis, before, after, mode)
    return tensor


def _widths(pad_width: Any, rank: int) -> Widths:
    given = np.asarray(pad_width)
    if given.dtype.kind not in "iu":
        raise TypeError(f"pad: pad_width must be whole numbers, got {pad_width!r}.")
    try:
        pairs = np.broadcast_to(given, (rank, 2))
    except ValueError:
        raise ValueError(
            f"pad: pad_width must be a pair for each of {rank} axes, got {pad_width!r}."
        ) from None
    if given.size and given.min() < 0:
        raise ValueError(f"pad: pad_width must not be negative, got {pad_width!r}.")
    return [(int(a), int(b)) for a, b in pairs]


def _constant(x: Tensor, widths: Widths, value: Any) -> Tensor:
    fill = cast_to(convert_to_tensor(value), x.dtype)
    if fill.shape != ():
        raise ValueError(f"pad: constant_values must be one number, got shape {fill.shape}.")
    return apply(
        movement.pad,
        x,
        fill,
        low=tuple([before for before, _ in widths]),
        high=tuple([after for _, after in widths]),
        inner=(0,) * len(widths),
    )


def _padded(x: Tensor, axis: int, before: int, after: int, mode: str) -> Tensor:
    n = x.shape[axis]
    if n == 0:
        raise ValueError(
            f"pad: mode {mode!r} needs elements on axis {axis}, got a tensor of shape {x.shape}."
        )
    if mode in _COPIED:
        places = _COPIED[mode](np.arange(-before, n + after), n)
        return apply(gather.gather, x, Tensor(places.astype(np.int32)), axis=axis)
    if mode == "linear_ramp":
        sides = [_ramp(x, axis, before, first=True), _ramp(x, axis, after, first=False)]
    else:
        value = _COMPUTED[mode](x, axis)
        sides = [_stretched(value, axis, width) for width in (before, after)]
    return apply(movement.concat, sides[0], x, sides[1], axis=axis)


def _stretched(x: Tensor, axis: int, width: int) -> Tensor:
    shape = tuple(width if i == axis else n for i, n in enumerate(x.shape))
    return apply(movement.broadcast_to, x, shape=shape)


def _ramp(x: Tensor, axis: int, width: int, first: bool) -> Tensor:
    """From 0 at the outer end towards the element at the edge."""
    n = x.shape[axis]
    edge = along(x, axis, 0, 1) if first else along(x, axis, n - 1, n)
    steps = np.arange(width)[:: 1 if first else -1]
    factor = (steps / max(width, 1)).reshape([-1 if i == axis else 1 for i in range(len(x.shape))])
    wide = edge if is_floating(x.dtype) else cast_to(edge, np.dtype(np.float64))
    found = wide * cast_to(Tensor(factor), wide.dtype)
    return cast_to(found, x.dtype)
