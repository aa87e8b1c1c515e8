"""Random functions of tensors, from a list of numbers: what passes are tried on."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from thalweg import ops
from thalweg.primitives.elementwise import stop_gradient
from thalweg.tensor.tensor import Tensor

SHAPES = (
    ((None, 3), "float32"),
    ((3,), "float32"),
    ((), "float32"),
    ((None, 1, 3), "float32"),
    ((None, 2), "int32"),
    ((3, 3), "float32"),
)

_UNARY = (
    ops.negative,
    ops.abs,
    ops.tanh,
    ops.exp,
    lambda x: stop_gradient(x),
    lambda x: x**2,
    lambda x: x**3,
    lambda x: x**1,
    lambda x: x * 1,
    lambda x: x + 0,
    lambda x: 0 - x,
    lambda x: x / 4,
    lambda x: x / 3,
    lambda x: x * -1.5,
    lambda x: x + x,
    lambda x: ops.maximum(x, x),
)
_BINARY = (
    ops.add,
    ops.subtract,
    ops.multiply,
    ops.maximum,
    lambda x, y: x / (abs(y) + 1),
    lambda x, y: ops.where(x > y, x, y * 2),
    lambda x, y: ops.where(ops.logical_not(x < 0), ops.where(x < 0, x, y), x),
    lambda x, y: x * (y / (abs(x) + 1)),
)


def _bounded(x: Any) -> Any:
    """Values stay where float32 has relative precision to compare with."""
    return ops.tanh(x) if x.dtype.kind == "f" else x % 7


def _moved(x: Any, choice: int) -> Any:
    rank = len(x.shape)
    kind = choice % 12
    axis = choice // 12 % max(rank, 1)
    if kind == 0:
        return ops.reshape(x, (*x.shape, 1))
    if kind == 1:
        return ops.reshape(x, (1, *x.shape))
    if rank == 0:
        return ops.broadcast_to(x, (2, 3))
    if kind == 2:
        return ops.transpose(x)
    if kind == 3:
        return ops.flip(x, axis=axis)
    if kind == 4:
        return ops.concatenate([x, x * 2], axis=axis)
    if kind == 5:
        length = x.shape[axis]
        index = [slice(None)] * rank
        index[axis] = slice(1 if length > 3 else 0, length)
        return x[tuple(index)]
    if kind == 6:
        widths = [(0, 0)] * rank
        widths[axis] = (choice % 3, choice // 3 % 3)
        return ops.pad(x, widths)
    if kind == 7:
        return ops.broadcast_to(x, (2, *x.shape))
    if kind == 8:
        return ops.reshape(x, (-1,))
    if kind == 9:
        return ops.squeeze(ops.expand_dims(x, axis), axis)
    if kind == 10:
        halves = [
            ops.pad(x, [(0, 0)] * axis + [w] + [(0, 0)] * (rank - axis - 1))
            for w in ((0, x.shape[axis]), (x.shape[axis], 0))
        ]
        return halves[0] + halves[1] * 3
    return ops.cast(ops.cast(x, "float64"), "float32") if x.dtype.kind == "f" else x


def _reduced(x: Any, choice: int) -> Any:
    rank = len(x.shape)
    if rank == 0:
        return x
    axis = choice // 4 % rank
    reduction = (ops.sum, ops.mean, ops.max, ops.sum)[choice % 4]
    keep = choice % 3 == 0
    found = reduction(x, axis=axis, keepdims=keep)
    return ops.broadcast_to(found, x.shape) - x if keep else found


def _contracted(x: Any, y: Any) -> Any:
    if x.dtype != y.dtype or x.dtype.kind != "f" or not x.shape or not y.shape:
        return None
    if x.shape[-1] == y.shape[0] and len(y.shape) <= 2:
        return ops.matmul(x, y)
    if x.shape == y.shape and len(x.shape) == 2:
        return ops.einsum("ij,ik->kj", x, y)
    return None


def _grows(x: Any, limit: int) -> bool:
    return len(x.shape) > 4 or int(np.prod(x.shape)) > limit


def function_of(numbers: Sequence[int]) -> Any:
    """The function that these numbers describe; it takes tensors as in `SHAPES`."""

    def function(*inputs: Tensor) -> list[Tensor]:
        return list(_results(inputs, iter(numbers)))[-4:]

    return function


def _results(inputs: Sequence[Tensor], numbers: Iterator[int]) -> Iterator[Tensor]:
    known: list[Any] = list(inputs)
    for number in numbers:
        kind, rest = number % 5, number // 5
        x = known[rest % len(known)]
        rest //= len(known)
        y = known[rest % len(known)]
        rest //= len(known)
        found = None
        if kind == 0:
            found = _UNARY[rest % len(_UNARY)](_bounded(x)) if x.dtype.kind == "f" else x + 1
        elif kind == 1 and x.dtype == y.dtype and x.dtype.kind == "f":
            if x.shape == y.shape or 0 in (len(x.shape), len(y.shape)):
                found = _BINARY[rest % len(_BINARY)](_bounded(x), _bounded(y))
        elif kind == 2:
            found = _moved(x, rest)
        elif kind == 3:
            found = _reduced(_bounded(x), rest)
        elif kind == 4:
            found = _contracted(_bounded(x), _bounded(y))
        if found is not None and not _grows(found, 4000):
            known.append(found)
            yield found
    yield known[0] * 1
