"""Joining, splitting and repeating against NumPy."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.gradients import check_gradients
from tests.ops.oracle import close, shapes, values
from thalweg import ops

Function = Callable[..., Any]


@given(
    shape=shapes(3, min_rank=1),
    lengths=st.lists(st.integers(0, 3), min_size=1, max_size=4),
    data=st.data(),
)
@settings(max_examples=30)
def test_concatenate(shape: tuple[int, ...], lengths: list[int], data: st.DataObject) -> None:
    axis = data.draw(st.integers(-len(shape), len(shape) - 1))
    xs = []
    for i, n in enumerate(lengths):
        one = list(shape)
        one[axis] = n
        xs.append(values("int32", one, i, -99, 99))
    close(ops.concatenate(xs, axis), np.concatenate(xs, axis))
    close(ops.concatenate(xs, None), np.concatenate(xs, None))
    close(ops.append(xs[0], xs[-1], axis), np.append(xs[0], xs[-1], axis))
    close(ops.append(xs[0], xs[-1]), np.append(xs[0], xs[-1]))


@given(shape=shapes(3), count=st.integers(1, 3), data=st.data())
@settings(max_examples=30)
def test_stack(shape: tuple[int, ...], count: int, data: st.DataObject) -> None:
    axis = data.draw(st.integers(-len(shape) - 1, len(shape)))
    xs = [values("float32", shape, i) for i in range(count)]
    close(ops.stack(xs, axis), np.stack(xs, axis))
    for name in ("hstack", "vstack", "dstack"):
        close(getattr(ops, name)(xs), getattr(np, name)(xs))
    if shape:
        close(ops.column_stack(xs), np.column_stack(xs))


def test_dtypes_meet() -> None:
    assert ops.concatenate([np.ones(2, np.int8), np.ones(2, np.float16)]).dtype == np.float16
    assert ops.stack([np.ones(2, np.int32), ops.ones(2)]).dtype == np.float32


@given(n=st.integers(0, 7), parts=st.integers(1, 4), cuts=st.lists(st.integers(-8, 9), max_size=3))
@settings(max_examples=40)
def test_split(n: int, parts: int, cuts: list[int]) -> None:
    x = values("int32", (2, n, 2), 0, -99, 99)

    def same(found: list[Any], expected: list[Any]) -> None:
        assert isinstance(found, list)
        assert len(found) == len(expected)
        for a, b in zip(found, expected, strict=True):
            close(a, b)

    same(ops.array_split(x, parts, 1), np.array_split(x, parts, 1))
    same(ops.split(x, cuts, 1), np.split(x, cuts, 1))
    same(ops.split(x, 2, -1), np.split(x, 2, -1))
    same(ops.vsplit(x, 2), np.vsplit(x, 2))
    same(ops.hsplit(x, cuts), np.hsplit(x, cuts))
    same(ops.dsplit(x, 2), np.dsplit(x, 2))
    same(ops.hsplit(x[0, :, 0], [1]), np.hsplit(x[0, :, 0], [1]))


@given(shape=shapes(3), repeats=st.lists(st.integers(0, 3), min_size=1, max_size=4), data=st.data())
@settings(max_examples=30)
def test_tile_and_repeat(shape: tuple[int, ...], repeats: list[int], data: st.DataObject) -> None:
    x = values("int32", shape, 0, -99, 99)
    close(ops.tile(x, repeats), np.tile(x, repeats))
    close(ops.tile(x, 2), np.tile(x, 2))
    close(ops.repeat(x, 2), np.repeat(x, 2))
    if shape:
        axis = data.draw(st.integers(-len(shape), len(shape) - 1))
        close(ops.repeat(x, 3, axis), np.repeat(x, 3, axis))
        counts = np.arange(shape[axis]) % 3
        close(ops.repeat(x, counts, axis), np.repeat(x, counts, axis))


def test_gradients() -> None:
    x, y = values("float64", (2, 3), 0), values("float64", (2, 2), 1)
    check_gradients(lambda x, y: ops.concatenate([x, y, x], 1) ** 3, x, y, order=2)
    check_gradients(lambda x: ops.stack([x, x * 2], 1) ** 3, x, order=2)
    check_gradients(lambda x: [p**3 for p in ops.split(x, [1], 1)], x, order=2)
    check_gradients(lambda x: ops.tile(x, (2, 1, 2)) ** 3, x, order=2)
    check_gradients(lambda x: ops.repeat(x, [2, 0, 1], 1) ** 3, x, order=2)
    check_gradients(lambda x: ops.repeat(x, 2, 0) ** 3, x, order=2)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda x: ops.concatenate([]), "concatenate: at least one tensor is needed"),
        (
            lambda x: ops.concatenate([x, x[0]]),
            r"concatenate: shapes must agree .* \[\(2, 3\), \(3,\)\]",
        ),
        (lambda x: ops.concatenate([x, x], 2), "concatenate: axis 2 is out of range"),
        (lambda x: ops.concatenate([1.0, 2.0]), "concatenate: tensors without axes"),
        (lambda x: ops.stack([x, x[0]]), r"stack: all tensors must have one shape"),
        (lambda x: ops.split(x, 2, 1), "split: axis 1 .* cannot be split into 2 equal sections"),
        (lambda x: ops.split(x, 0), "split: there must be at least one section"),
        (lambda x: ops.vsplit(x[0], 1), "vsplit: x needs at least two axes"),
        (lambda x: ops.repeat(x, [1, 2], 1), "repeat: repeats must be one number or 3 of them"),
    ],
)
def test_errors(call: Function, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        call(ops.zeros((2, 3)))
