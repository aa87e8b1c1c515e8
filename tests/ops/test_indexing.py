"""Indexing against NumPy: random keys of every kind, gradients, tracing, errors."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.gradients import check_gradients
from tests.ops.oracle import close, shapes, values
from thalweg import ops
from thalweg.primitives import evaluate_graph, trace
from thalweg.tensor import Tensor, TensorSpec, Variable


@st.composite
def keys(draw: st.DrawFn, shape: tuple[int, ...]) -> tuple[Any, ...]:
    """A key of numbers, slices, new axes, integer arrays that broadcast, masks, an ellipsis."""
    found: list[Any] = []
    outer = draw(shapes(2))
    axis = 0
    while axis < len(shape):
        n = shape[axis]
        kind = draw(st.sampled_from(["slice", "slice", "int", "array", "mask", "new", "stop"]))
        if kind == "stop":
            break
        if kind == "new":
            found.append(None)
            if len(found) > 6:
                break
            continue
        if kind == "slice" or n == 0:
            bound = st.none() | st.integers(-n - 2, n + 2)
            step = draw(st.none() | st.sampled_from([1, 2, 3, -1, -2]))
            found.append(slice(draw(bound), draw(bound), step))
        elif kind == "int":
            i = draw(st.integers(-n, n - 1))
            found.append(draw(st.sampled_from([i, np.int64(i)])))
        elif kind == "array":
            sides = tuple(draw(st.sampled_from([1, m])) for m in outer)[draw(st.integers(0, 2)) :]
            seed = draw(st.integers(0, 99))
            found.append(np.random.default_rng(seed).integers(-n, n, sides))
        else:
            # A mask counts as one array of indices; it must broadcast with the others, so its
            # number of places is that of the last axis of theirs.
            covered = draw(st.integers(1, min(2, len(shape) - axis)))
            space = shape[axis : axis + covered]
            count = outer[-1] if outer else 1
            size = int(np.prod(space))
            mask = np.zeros(size, np.bool_)
            mask[: min(count, size)] = True
            if min(count, size) != count:
                found.append(slice(None))
                axis += 1
                continue
            found.append(np.random.default_rng(0).permutation(mask).reshape(space))
            axis += covered - 1
        axis += 1
    if draw(st.booleans()):
        consumed = [
            getattr(k, "ndim", 1) if getattr(k, "dtype", None) == np.bool_ else 1
            for k in found
            if k is not None
        ]
        place = draw(st.integers(0, len(found)))
        if sum(consumed) <= len(shape):
            found.insert(place, Ellipsis)
    return tuple(found)


@given(st.data())
@settings(max_examples=400)
def test_any_key(data: st.DataObject) -> None:
    shape = data.draw(shapes(4))
    x = values("int32", shape, 0, -999, 999)
    key = data.draw(keys(shape))
    try:
        expected = x[key]
    except IndexError:
        with pytest.raises((IndexError, ValueError)):
            ops.get_item(x, key)
        return
    close(ops.array(x)[key], expected)


@given(st.data())
@settings(max_examples=100)
def test_integer_tensors_in_a_trace(data: st.DataObject) -> None:
    """Index arrays that exist only when the traced function runs."""
    shape = data.draw(shapes(3, min_rank=1, min_side=1))
    x = values("float32", shape, 0)
    key = data.draw(keys(shape))
    places = [i for i, k in enumerate(key) if isinstance(k, np.ndarray) and k.dtype != np.bool_]
    try:
        expected = x[key]
    except IndexError:
        return
    arrays = [key[i] for i in places]

    def function(x: Tensor, *indices: Tensor) -> list[Tensor]:
        full = list(key)
        for i, index in zip(places, indices, strict=True):
            full[i] = index
        return [x[tuple(full)]]

    graph = trace(function, [TensorSpec(a.shape, a.dtype) for a in (x, *arrays)])
    captured = [np.asarray(c) for c in graph.captured]
    (found,) = evaluate_graph(graph, [x, *arrays], captured)
    np.testing.assert_array_equal(found, expected)


def test_lists_tensors_and_variables_as_keys() -> None:
    x = np.arange(12).reshape(3, 4)
    t = ops.array(x)
    close(t[[0, -1]], x[[0, -1]])
    close(t[[[0, 1], [2, 0]], 1], x[[[0, 1], [2, 0]], 1])
    close(t[ops.array(1)], x[1])
    close(t[ops.array(-1), ..., ops.array([0, 1])], x[-1, ..., [0, 1]])
    close(t[ops.array([True, False, True])], x[[True, False, True]])
    close(t[t > 5], x[x > 5])
    close(t[:, [True, False, False, True]], x[:, [True, False, False, True]])
    close(t[[]], x[[]])
    close(Variable(t)[1:], x[1:])
    close(t[ops.array(1) : ops.array(3)], x[1:3])
    assert [row.tolist() for row in t] == x.tolist()
    assert len(t) == 3


def test_tensors_outside_are_moved_inside() -> None:
    x = ops.arange(12).reshape(3, 4)
    close(x[ops.array([5, -9])], np.asarray(x)[[2, 0]])
    close(x[ops.array([0, 7]), ops.array([-9, 1])], np.asarray(x)[[0, 2], [0, 1]])


KEYS: list[Any] = [
    1,
    slice(None, None, -2),
    (slice(1, None), 0),
    (..., -1),
    (None, 1, None),
    [0, 2, 2],
    (slice(None), [1, 1, 0]),
    ([0, 1], slice(None), [1, 0]),
    ([[0, 1], [2, 0]], 1),
    np.array([True, False, True]),
]


@pytest.mark.parametrize("key", KEYS, ids=str)
def test_gradients(key: Any) -> None:
    check_gradients(lambda x: x[key] ** 3, values("float64", (3, 2, 2), 0), order=2)


def test_gradient_with_a_computed_index() -> None:
    check_gradients(lambda x, i: x[i, -i] ** 3, values("float64", (3, 3), 0), [0, 2, 2], order=2)


@pytest.mark.parametrize(
    ("key", "message"),
    [
        (3, r"Index 3 is out of range for axis 0 of a tensor of shape \(3, 4\)"),
        (-4, "Index -4 is out of range for axis 0"),
        ((0, 4), "Index 4 is out of range for axis 1"),
        ((0, 0, 0), r"Too many indices: 3 for a tensor of shape \(3, 4\)"),
        ([0, 3], "Index 3 is out of range for axis 0"),
        (([0], -5), "Index -5 is out of range for axis 1"),
        (1.5, "An index must hold integers or bools, got float32"),
        ((..., ...), "only one ellipsis"),
        (np.array([True, False]), r"A mask of shape \(2,\) does not fit"),
        (True, "may not be a single bool"),
    ],
)
def test_errors(key: Any, message: str) -> None:
    with pytest.raises(IndexError, match=message):
        ops.zeros((3, 4))[key]


def test_indices_that_do_not_broadcast() -> None:
    with pytest.raises(ValueError, match=r"get_item: shapes \(2,\) and \(3,\) do not broadcast"):
        ops.zeros((3, 4))[[0, 1], [0, 1, 2]]


def test_a_mask_in_a_trace() -> None:
    with pytest.raises(TypeError, match="A mask of bools cannot be an index inside a traced"):
        trace(lambda x: [x[x > 0]], [TensorSpec((3,))])
    known = trace(lambda x: [x[np.array([True, False, True])]], [TensorSpec((3,))])
    assert known.outputs[0].shape == (2,)
