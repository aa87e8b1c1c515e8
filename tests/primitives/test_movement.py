"""Primitives that move elements, and iota: values, gradients, errors."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.gradients import check_gradients
from tests.ops.oracle import shapes, values
from tests.primitives.applied import apply
from thalweg.primitives import movement
from thalweg.primitives.iota import iota
from thalweg.tensor import Tensor
from thalweg.tensor.dtypes import DTYPES

Array = np.ndarray[Any, Any]

# The primitives that this file tests; test_coverage.py adds them up.
COVERED = {
    "reshape",
    "transpose",
    "broadcast_to",
    "slice",
    "pad",
    "concat",
    "reverse",
    "dynamic_slice",
    "dynamic_update_slice",
    "iota",
}


def same(found: Array, expected: Array) -> None:
    assert found.dtype == expected.dtype
    np.testing.assert_array_equal(found, expected)


@given(shape=shapes(4), data=st.data())
@settings(max_examples=60)
def test_values(shape: tuple[int, ...], data: st.DataObject) -> None:
    x = values("int32", shape, 0, -99, 99)
    rank = x.ndim
    same(apply(movement.reshape, x, shape=shape[::-1]), x.reshape(shape[::-1]))
    axes = tuple(data.draw(st.permutations(range(rank))))
    same(apply(movement.transpose, x, axes=axes), x.transpose(axes))
    wide = (2, *(3 if n == 1 else n for n in shape))
    same(apply(movement.broadcast_to, x, shape=wide), np.broadcast_to(x, wide))
    some = axes[: data.draw(st.integers(0, rank))]
    same(apply(movement.reverse, x, axes=some), np.flip(x, some))
    start = tuple(data.draw(st.integers(0, n)) for n in shape)
    stop = tuple(data.draw(st.integers(a, n)) for a, n in zip(start, shape, strict=True))
    step = tuple(data.draw(st.integers(1, 3)) for _ in shape)
    cut = tuple(slice(a, b, s) for a, b, s in zip(start, stop, step, strict=True))
    same(apply(movement.slice_, x, start=start, stop=stop, step=step), x[cut])
    low, high, inner = (tuple(data.draw(st.integers(0, 2)) for _ in shape) for _ in range(3))
    value = np.array(7, np.int32)
    expected = x
    for axis in range(rank):  # one axis after another, written out
        rows = list(np.moveaxis(expected, axis, 0))
        fill = np.full(np.moveaxis(expected, axis, 0).shape[1:], 7, np.int32)
        spread = [r for row in rows for r in (row, *[fill] * inner[axis])]
        spread = spread[: len(spread) - inner[axis]] if rows else []
        full = [fill] * low[axis] + spread + [fill] * high[axis]
        empty = np.zeros((0, *fill.shape), np.int32)
        expected = np.moveaxis(np.stack(full) if full else empty, 0, axis)
    same(apply(movement.pad, x, value, low=low, high=high, inner=inner), expected)
    if rank:
        axis = data.draw(st.integers(0, rank - 1))
        other = values("int32", [2 if i == axis else n for i, n in enumerate(shape)], 1)
        joined = np.concatenate([x, other, x], axis)
        same(apply(movement.concat, x, other, x, axis=axis), joined)
        same(
            apply(iota, shape=shape, dtype=DTYPES["int16"], axis=axis),
            np.ascontiguousarray(
                np.broadcast_to(
                    np.arange(shape[axis], dtype=np.int16).reshape(
                        [-1 if i == axis else 1 for i in range(rank)]
                    ),
                    shape,
                )
            ),
        )


@pytest.mark.parametrize("dtype", DTYPES)
def test_every_dtype(dtype: str) -> None:
    x = values(dtype, (2, 3), 0)
    same(apply(movement.reshape, x, shape=(3, 2)), x.reshape(3, 2))
    same(apply(movement.transpose, x, axes=(1, 0)), x.T)
    same(apply(movement.slice_, x, start=(0, 1), stop=(2, 3), step=(1, 2)), x[:, 1:3:2])
    same(apply(movement.reverse, x, axes=(1,)), x[:, ::-1])
    same(apply(movement.concat, x, x, axis=1), np.concatenate([x, x], 1))
    padded = apply(movement.pad, x, x[0, 0], low=(0, 1), high=(0, 0), inner=(0, 0))
    same(padded, np.concatenate([np.full((2, 1), x[0, 0]), x], 1))
    start = np.array([0, 1], np.int32)
    same(apply(movement.dynamic_slice, x, start, size=(2, 2)), x[:, 1:])
    same(apply(movement.dynamic_update_slice, x, x[:, :1], start)[:, 1:2], x[:, :1])


@given(shape=shapes(3, min_rank=1), data=st.data())
@settings(max_examples=40)
def test_slices_at_computed_places_are_moved_inside(
    shape: tuple[int, ...], data: st.DataObject
) -> None:
    x = values("float64", shape, 0)
    size = tuple(data.draw(st.integers(0, n)) for n in shape)
    start = np.array([data.draw(st.integers(-3, n + 3)) for n in shape], np.int32)
    inside = [min(max(a, 0), n - m) for a, m, n in zip(start, size, shape, strict=True)]
    cut = tuple(slice(a, a + m) for a, m in zip(inside, size, strict=True))
    same(apply(movement.dynamic_slice, x, start, size=size), x[cut])
    update = values("float64", size, 1)
    expected = x.copy()
    expected[cut] = update
    same(apply(movement.dynamic_update_slice, x, update, start), expected)


GRADIENTS: list[tuple[Callable[..., Any], list[tuple[int, ...]]]] = [
    (lambda x: movement.reshape(x, shape=(3, 2)), [(2, 3)]),
    (lambda x: movement.transpose(x, axes=(2, 0, 1)), [(2, 3, 2)]),
    (lambda x: movement.broadcast_to(x, shape=(2, 3, 2)), [(3, 1)]),
    (lambda x: movement.broadcast_to(x, shape=(3, 0)), [(1, 1)]),
    (lambda x: movement.broadcast_to(x, shape=(1, 1)), [(1,)]),
    (lambda x: movement.slice_(x, start=(1, 0), stop=(5, 3), step=(2, 3)), [(6, 4)]),
    (lambda x: movement.slice_(x, start=(1, 1), stop=(1, 3), step=(1, 2)), [(2, 4)]),
    (lambda x: movement.reverse(x, axes=(0, 1)), [(2, 3)]),
    (lambda x, y: movement.concat(x, y, x, axis=1), [(2, 3), (2, 0)]),
    (lambda x, v: movement.pad(x, v, low=(1, 0), high=(0, 2), inner=(2, 1)), [(2, 3), ()]),
    (lambda x, v: movement.pad(x, v, low=(1,), high=(2,), inner=(3,)), [(0,), ()]),
    (lambda x, v: movement.pad(x, v, low=(), high=(), inner=()), [(), ()]),
]


@pytest.mark.parametrize(("function", "inputs"), GRADIENTS)
def test_gradients(function: Callable[..., Any], inputs: list[tuple[int, ...]]) -> None:
    for dtype in ("float64", "complex128"):
        arrays = [values(dtype, s, i) for i, s in enumerate(inputs)]

        def cubed(*xs: Tensor) -> Any:
            y = function(*xs)
            return y * y * y

        check_gradients(cubed, *arrays, order=2, atol=1e-4)


@pytest.mark.parametrize("begin", [0, 1, 9, -3])
def test_gradients_of_slices_at_computed_places(begin: int) -> None:
    start = Tensor(np.array([begin, 1], np.int32))
    x, update = values("float64", (3, 4), 0), values("float64", (2, 2), 1)

    def read(x: Tensor) -> Any:
        y = movement.dynamic_slice(x, start, size=(2, 2))
        return y * y * y

    def written(x: Tensor, update: Tensor) -> Any:
        y = movement.dynamic_update_slice(x, update, start)
        return y * y * y

    check_gradients(read, x, order=2)
    check_gradients(written, x, update, order=2)


X = np.zeros((2, 3), np.float32)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: apply(movement.reshape, X, shape=(4,)), r"reshape: .* has 6 elements"),
        (
            lambda: apply(movement.transpose, X, axes=(0, 0)),
            "transpose: axes must be a permutation",
        ),
        (lambda: apply(movement.broadcast_to, X, shape=(2, 4)), "broadcast_to: shape"),
        (lambda: apply(movement.broadcast_to, X, shape=(3,)), "broadcast_to: shape"),
        (
            lambda: apply(movement.slice_, X, start=(0, 0), stop=(3, 3), step=(1, 1)),
            "slice: .* must lie inside shape",
        ),
        (
            lambda: apply(movement.pad, X, X[0, 0], low=(0, -1), high=(0, 0), inner=(0, 0)),
            "pad: widths must not be negative",
        ),
        (
            lambda: apply(movement.pad, X, X[0], low=(0, 0), high=(0, 0), inner=(0, 0)),
            "pad: the value must be one float32",
        ),
        (lambda: apply(movement.concat, X, X[:1], axis=1), "concatenate: shapes must agree"),
        (lambda: apply(movement.concat, X, X[0], axis=0), "concatenate: shapes must agree"),
        (
            lambda: apply(movement.concat, X, X.astype(np.float64), axis=0),
            "concatenate: .* one dtype",
        ),
        (lambda: apply(movement.reverse, X, axes=(2,)), "flip: axes"),
        (
            lambda: apply(movement.dynamic_slice, X, np.zeros(1, np.int32), size=(1, 1)),
            "slice: start_indices must be 2 integers",
        ),
        (
            lambda: apply(movement.dynamic_slice, X, np.zeros(2, np.int32), size=(1, 4)),
            "slice: a piece of shape .* does not fit",
        ),
        (
            lambda: apply(
                movement.dynamic_update_slice, X, np.zeros((1, 1)), np.zeros(2, np.int32)
            ),
            "slice_update: updates must be float32",
        ),
    ],
)
def test_errors(call: Callable[[], Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        call()
