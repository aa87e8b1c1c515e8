"""Tensors that a function captured: one number, an array, or what counts along the batch.

Traces of several batch sizes capture the same constant in several lengths. One number everywhere
may itself be affine in the size (a count to divide by); an array must repeat along the axes that
grow, or count up along them (`arange`), and is then made by operations.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from thalweg.compiler.dims import ONE, Dim, NotAffineError, fit
from thalweg.compiler.graph import ArrayConstant, Number, Operation, Value
from thalweg.primitives.elementwise import add, div, mul
from thalweg.primitives.iota import iota
from thalweg.primitives.movement import broadcast_to
from thalweg.primitives.primitive import Primitive

__all__ = ["constant", "one_number", "same_bits"]

Array = np.ndarray[Any, Any]


def same_bits(a: Array, b: Array) -> bool:
    """Whether two arrays are the same, NaN and the sign of zero included."""
    if a is b:
        return True
    if a.shape != b.shape or a.dtype != b.dtype:
        return False
    if a.__array_interface__["data"] == b.__array_interface__["data"] and a.strides == b.strides:
        return True
    return a.tobytes() == b.tobytes()


def one_number(array: Array) -> Any:
    """The Python number that stands in every place, None if there are several."""
    if array.size == 0:
        return False if array.dtype == bool else 0
    first = array[(0,) * array.ndim]
    spread = all(s == 0 or n == 1 for s, n in zip(array.strides, array.shape, strict=True))
    if not spread:
        flat = np.ascontiguousarray(array).reshape(-1)
        if flat[-1].tobytes() != first.tobytes():
            return None
        places = flat.view(np.uint8).reshape(-1, array.dtype.itemsize)
        if not (places == places[0]).all():
            return None
    return first.item()


def constant(arrays: Sequence[Array], sizes: Sequence[int], value: Value) -> list[Operation]:
    """Operations of which the last gives `value`, a constant with these arrays at these sizes.

    Raises:
        NotAffineError: if the arrays follow no rule that is known here.
    """
    number = _number([one_number(a) for a in arrays], sizes)
    if number is not None:
        return [Operation(Number(number), (), (value,))]
    if all(d.static for d in value.shape) and all(same_bits(a, arrays[0]) for a in arrays):
        return [Operation(ArrayConstant(_frozen(arrays[0])), (), (value,))]
    found = (
        _reciprocal(arrays, sizes, value)
        or _repeated(arrays, value)
        or _counting(arrays, sizes, value)
    )
    if found is None:
        raise NotAffineError(
            f"A constant of shape ({', '.join(map(str, value.shape))}) has other values for each "
            "batch size; make it with operations on a tensor that depends on the batch."
        )
    return found


def _frozen(array: Array) -> Array:
    view = array.view()
    view.flags.writeable = False
    return view


def _number(numbers: Sequence[Any], sizes: Sequence[int]) -> Any:
    """The number of all sizes: itself, or a Dim; None if there is none."""
    first = numbers[0]
    if any(x is None for x in numbers):
        return None
    if all(repr(x) == repr(first) for x in numbers):
        return first
    if any(isinstance(x, (bool, complex)) or x != x or x in _INFINITE for x in numbers):
        return None
    if any(x != int(x) for x in numbers):
        return None
    return fit([int(x) for x in numbers], sizes)


_INFINITE = (float("inf"), float("-inf"))


def _reciprocal(
    arrays: Sequence[Array], sizes: Sequence[int], value: Value
) -> list[Operation] | None:
    """A number over a count (`1 / batch`), everywhere the same."""
    numbers = [one_number(a) for a in arrays]
    if any(not isinstance(x, float) or x == 0 or not math.isfinite(x) for x in numbers):
        return None
    inverse = [1 / x for x in numbers]
    slope = (inverse[1] - inverse[0]) / (sizes[1] - sizes[0])
    if slope == 0 or not math.isfinite(slope):
        return None
    # number / (n + offset)
    count = Dim(1, round(inverse[0] / slope) - sizes[0])
    if not ONE.at_most(count):
        return None
    above = numbers[0] * count.at(sizes[0])
    rounded = float(f"{above:.6g}")
    for numerator in (rounded, above):
        expected = [np.divide(numerator, count.at(n)).astype(value.dtype) for n in sizes]
        if [x.item() for x in expected] == numbers:
            parts = [Value((), value.dtype), Value((), value.dtype), Value((), value.dtype)]
            return [
                Operation(Number(numerator), (), (parts[0],)),
                Operation(Number(count), (), (parts[1],)),
                Operation(div, (parts[0], parts[1]), (parts[2],), {}),
                Operation(broadcast_to, (parts[2],), (value,), {"shape": value.shape}),
            ]
    return None


def _repeated(arrays: Sequence[Array], value: Value) -> list[Operation] | None:
    """The same slice in every place of the axes that depend on the batch."""
    growing = [i for i, d in enumerate(value.shape) if not d.static]
    if not growing:
        return None
    slices = []
    for array in arrays:
        index = tuple(slice(0, 1) if i in growing else slice(None) for i in range(array.ndim))
        slices.append(np.ascontiguousarray(array[index]))
        if not same_bits(np.ascontiguousarray(array), _spread(slices[-1], array.shape)):
            return None
    if not all(same_bits(s, slices[0]) for s in slices):
        return None
    one = Value(tuple(map(Dim.of, slices[0].shape)), value.dtype)
    return [
        Operation(ArrayConstant(_frozen(slices[0])), (), (one,)),
        Operation(broadcast_to, (one,), (value,), {"shape": value.shape}),
    ]


def _spread(array: Array, shape: tuple[int, ...]) -> Array:
    return np.ascontiguousarray(np.broadcast_to(array, shape))


def _counting(
    arrays: Sequence[Array], sizes: Sequence[int], value: Value
) -> list[Operation] | None:
    """`start + sum over the axes of stride * index`, with integers that may depend on the size."""
    if any(a.dtype.kind not in "iuf" or a.size == 0 for a in arrays):
        return None
    starts, strides = [], []
    for array in arrays:
        start, steps = _steps(array)
        expected = np.full(array.shape, start, np.float64)
        for axis, step in enumerate(steps):
            kept = tuple(-1 if i == axis else 1 for i in range(array.ndim))
            expected = expected + step * np.arange(array.shape[axis]).reshape(kept)
        if not np.array_equal(expected, array.astype(np.float64)):
            return None
        starts.append(start)
        strides.append(steps)
    numbers = [_number(each, sizes) for each in (starts, *zip(*strides, strict=True))]
    if any(x is None for x in numbers):
        return None
    return _sum_of_counts(numbers[0], numbers[1:], value)


def _steps(array: Array) -> tuple[float, list[float]]:
    """The first element, and by how much the next one on each axis is more."""
    origin = (0,) * array.ndim
    start = float(array[origin])
    steps = []
    for axis, length in enumerate(array.shape):
        there = tuple(int(i == axis and length > 1) for i in range(array.ndim))
        steps.append(float(array[there]) - start)
    return start, steps


def _sum_of_counts(start: Any, strides: Sequence[Any], value: Value) -> list[Operation]:
    found: list[Operation] = []

    def emit(kind: Primitive | Number, inputs: tuple[Value, ...], **params: Any) -> Value:
        result = Value(value.shape, value.dtype)
        found.append(Operation(kind, inputs, (result,), params))
        return result

    total: Value | None = None
    for axis, stride in enumerate(strides):
        if stride == 0:
            continue
        term = emit(iota, (), shape=value.shape, dtype=value.dtype, axis=axis)
        if stride != 1:
            term = emit(mul, (term, emit(Number(stride), ())))
        total = term if total is None else emit(add, (total, term))
    if total is None or start != 0:
        offset = emit(Number(start), ())
        total = offset if total is None else emit(add, (total, offset))
    last = found[-1]
    found[-1] = Operation(last.kind, last.inputs, (value,), last.params)
    return found
