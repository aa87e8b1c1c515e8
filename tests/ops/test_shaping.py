"""Shapes and orders against NumPy."""

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


@given(shape=shapes(4), data=st.data())
@settings(max_examples=60)
def test_against_numpy(shape: tuple[int, ...], data: st.DataObject) -> None:
    x = values("int32", shape, 0, -99, 99)
    rank = x.ndim
    close(ops.ravel(x), x.ravel())
    close(ops.squeeze(x), np.squeeze(x))
    close(ops.flip(x), np.flip(x))
    close(ops.roll(x, 3), np.roll(x, 3))
    close(ops.reshape(x, x.shape[::-1]), x.reshape(x.shape[::-1]))
    order = data.draw(st.permutations(range(rank)))
    close(ops.transpose(x), np.transpose(x))
    close(ops.transpose(x, order), np.transpose(x, order))
    place = data.draw(st.integers(-rank - 1, rank))
    close(ops.expand_dims(x, place), np.expand_dims(x, place))
    wide = (data.draw(st.integers(0, 2)), *(3 if n == 1 else n for n in shape))
    close(ops.broadcast_to(x, wide), np.broadcast_to(x, wide))
    assert ops.ndim(x) == rank
    assert ops.size(x) == x.size
    if rank:
        a, b = (data.draw(st.integers(-rank, rank - 1)) for _ in range(2))
        close(ops.swapaxes(x, a, b), np.swapaxes(x, a, b))
        close(ops.moveaxis(x, a, b), np.moveaxis(x, a, b))
        close(ops.flip(x, a), np.flip(x, a))
        for shift in (-7, -1, 0, 2):
            close(ops.roll(x, shift, a), np.roll(x, shift, a))
    if rank > 1:
        a, b = data.draw(st.permutations(range(rank)))[:2]
        close(ops.moveaxis(x, (a, b), (b, a)), np.moveaxis(x, (a, b), (b, a)))
        close(ops.flip(x, (a, b)), np.flip(x, (a, b)))
        close(ops.roll(x, (1, -2), (a, b)), np.roll(x, (1, -2), (a, b)))
        close(ops.roll(x, 1, (a, b)), np.roll(x, 1, (a, b)))
        close(ops.fliplr(x), np.fliplr(x))
        close(ops.flipud(x), np.flipud(x))
        for k in range(-1, 5):
            close(ops.rot90(x, k, (a, b)), np.rot90(x, k, (a, b)))


def test_several_axes_of_length_one() -> None:
    x = np.zeros((2, 3))
    for axis in ((0, 1), (0, -1), (1, 3)):
        close(ops.expand_dims(x, axis), np.expand_dims(x, axis))
    y = np.zeros((1, 2, 1, 3))
    for one in (0, 2, (0, 2), -2):
        close(ops.squeeze(y, one), np.squeeze(y, one))


def test_axes_may_be_numpy_numbers() -> None:
    x, one = np.zeros((2, 3)), np.int64(1)
    close(ops.expand_dims(x, one), np.expand_dims(x, 1))
    close(ops.moveaxis(x, one, np.int64(0)), np.moveaxis(x, 1, 0))
    close(ops.roll(x, one, one), x)
    close(ops.sum(x, one), x.sum(1))
    close(ops.tile(x, one), x)
    with pytest.raises(TypeError, match="expand_dims: axis must be whole numbers"):
        ops.expand_dims(x, 1.5)


def test_what_is_left_to_reshape() -> None:
    x = np.arange(12)
    for shape in ((-1,), (3, -1), (-1, 2, 2), [2, -1], -1):
        close(ops.reshape(x, shape), x.reshape(shape))
    close(ops.reshape(np.zeros((0, 3)), (-1, 3)), np.zeros((0, 3)))
    close(ops.reshape(np.zeros((2, 0)), (2, -1)), np.zeros((2, 0)))


GRADIENTS: list[tuple[Function, tuple[int, ...]]] = [
    (lambda x: ops.reshape(x, (3, 2)), (2, 3)),
    (lambda x: ops.transpose(x, (2, 0, 1)), (2, 3, 2)),
    (lambda x: ops.broadcast_to(x, (2, 3, 2)), (3, 1)),
    (lambda x: ops.broadcast_to(x, (2, 0)), (2, 1)),
    (lambda x: ops.expand_dims(x, (0, 2)), (2, 3)),
    (ops.squeeze, (1, 3)),
    (ops.flip, (2, 3)),
    (lambda x: ops.roll(x, 2, 1), (2, 3)),
    (lambda x: ops.rot90(x, 3), (2, 3)),
    (lambda x: ops.moveaxis(x, 0, 2), (2, 3, 2)),
    (ops.ravel, (2, 3)),
]


@pytest.mark.parametrize(("function", "shape"), GRADIENTS)
def test_gradients(function: Function, shape: tuple[int, ...]) -> None:
    x = values("float64", shape, 0)
    check_gradients(lambda x: function(x) ** 3, x, order=2)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (
            lambda x: ops.reshape(x, (4, 2)),
            r"reshape: .* \(2, 3\) has 6 elements, newshape \(4, 2\)",
        ),
        (lambda x: ops.reshape(x, (4, -1)), "reshape: .* do not fit into newshape"),
        (lambda x: ops.reshape(x, (-1, -1)), "reshape: newshape may have one -1"),
        (lambda x: ops.transpose(x, (0, 0)), "transpose: axes must name each axis"),
        (lambda x: ops.transpose(x, (0, 2)), "transpose: axis 2 is out of range"),
        (lambda x: ops.squeeze(x, 1), "squeeze: axis 1 must have length 1"),
        (lambda x: ops.expand_dims(x, 4), "expand_dims: axis 4 is out of range"),
        (lambda x: ops.broadcast_to(x, (2, 4)), r"broadcast_to: shape \(2, 3\) does not broadcast"),
        (lambda x: ops.moveaxis(x, (0, 0), (1, 0)), "moveaxis: source and destination"),
        (lambda x: ops.roll(x, (1, 2), (0, 1, 0)), "roll: shift .* must be equally many"),
        (lambda x: ops.rot90(x, axes=(1, -1)), "rot90: axes must differ"),
        (lambda x: ops.flip(x, 2), "flip: axis 2 is out of range for a tensor with 2 axes"),
    ],
)
def test_errors(call: Function, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        call(ops.zeros((2, 3)))
