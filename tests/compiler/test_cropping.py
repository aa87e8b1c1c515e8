"""What no window reads is not computed, and results stay the same."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.compiler.flows import check_same, flow_of
from thalweg import autodiff, ops
from thalweg.compiler.dims import Dim
from thalweg.compiler.passes import simplify
from thalweg.compiler.passes.cropping import crop

IMAGE = ((None, 14, 13, 2), "float32")


def step(padding: str = "valid", strides: int = 1, pool: int = 2, average: bool = False):
    """The value and the gradients of two convolutions, each followed by pooling."""

    def run(x, w, bias, v):
        def value(x, w, bias, v):
            pooled = ops.average_pool if average else ops.max_pool
            y = ops.relu(ops.conv(x, w, strides=strides, padding=padding) + bias)
            y = pooled(y, pool)
            y = ops.tanh(ops.conv(y, v, padding=padding))
            return ops.sum(pooled(y, 2, strides=pool) ** 2)

        with autodiff.GradientTape() as tape:
            tape.watch([x, w, bias, v])
            total = value(x, w, bias, v)
        return [total, *tape.gradient(total, [x, w, bias, v])]

    return run


SHAPES = (IMAGE, ((3, 3, 2, 4), "float32"), ((4,), "float32"), ((3, 2, 4, 3), "float32"))


def shapes_of(flow, name):
    """The spatial lengths of what operations of a name give."""
    return [o.outputs[0].shape[1:-1] for o in flow.operations if o.name == name]


def checked(function, *shapes):
    flow = simplify(flow_of(function, *shapes))
    after = crop(flow)
    check_same(flow, after, shapes, 1e-4)
    return flow, after


def test_convolutions_give_what_pooling_reads():
    before, after = checked(step(), *SHAPES)
    lengths = {tuple(d.offset for d in s) for s in shapes_of(before, "conv")}
    assert lengths == {(12, 11), (4, 4)}
    # 4 x 4 places read 6 x 5 of the pooled image, all of it; that is 12 x 10 of the first result.
    found = {tuple(d.offset for d in s) for s in shapes_of(after, "conv")}
    assert found == {(12, 10), (4, 4)}
    assert all(s[1] == Dim(0, 10) for s in shapes_of(after, "window_scatter") if s[0].offset == 12)


@settings(max_examples=20, deadline=None)
@given(
    st.sampled_from(["valid", "same"]),
    st.integers(1, 3),
    st.integers(2, 3),
    st.booleans(),
    st.integers(12, 19),
)
def test_random_networks(padding, strides, pool, average, size):
    size += 12 * (strides * pool - 2)
    shapes = (((None, size, size + 1, 2), "float32"), *SHAPES[1:])
    checked(step(padding, strides, pool, average), *shapes)


def test_what_is_read_whole_is_computed_whole():
    def run(x, w):
        y = ops.conv(x, w)
        return ops.max_pool(y, 2), ops.mean(y)

    flow, after = checked(run, *SHAPES[:2])
    assert after.operations == flow.operations


def test_a_gradient_that_is_wanted_whole_is_padded():
    def run(x):
        with autodiff.GradientTape() as tape:
            tape.watch(x)
            total = ops.sum(ops.max_pool(ops.relu(x), 2))
        return tape.gradient(total, x)

    _, after = checked(run, IMAGE)
    assert shapes_of(after, "window_scatter") == [(Dim(0, 14), Dim(0, 12))]
    assert after.outputs[0].shape[1:-1] == (Dim(0, 14), Dim(0, 13))


@pytest.mark.parametrize("shape", [(None, 9, 2), (None, 7, 5, 5, 1)], ids=["1-D", "3-D"])
def test_other_ranks(shape):
    rank = len(shape) - 2

    def run(x, w):
        with autodiff.GradientTape() as tape:
            tape.watch([x, w])
            total = ops.sum(ops.max_pool(ops.relu(ops.conv(x, w, padding="same")), 2) ** 2)
        return tape.gradient(total, [x, w])

    _, after = checked(run, (shape, "float32"), ((*(3,) * rank, shape[-1], 4), "float32"))
    assert all(n.offset % 2 == 0 for s in shapes_of(after, "conv") for n in s)
