"""Rules and passes: each Flow computes the same as before, with less work."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.compiler.flows import SIZES, check_same, flow_of, names
from tests.compiler.models import CASES, ready, step_graph
from tests.compiler.random_functions import SHAPES, function_of
from thalweg import ops
from thalweg.compiler.dims import Dim, NotAffineError
from thalweg.compiler.evaluate import evaluate_flow
from thalweg.compiler.generalize import generalize
from thalweg.compiler.graph import ArrayConstant, Number
from thalweg.compiler.passes import (
    fold_constants,
    optimize,
    remove_dead,
    remove_duplicates,
    simplify,
)
from thalweg.primitives import movement as m
from thalweg.primitives.contract import contract
from thalweg.primitives.elementwise import cast, pow, select, stop_gradient
from thalweg.tensor.convert import convert_to_tensor
from thalweg.tensor.dtypes import as_dtype

N3 = ((None, 3), "float32")
N23 = ((None, 2, 3), "float32")
SCALAR = ((), "float32")


@pytest.fixture(autouse=True)
def _verified(monkeypatch):
    monkeypatch.setenv("THALWEG_VERIFY", "1")


def simplified(function, *shapes, rtol=1e-6):
    """The operations that are left, after a check that the results are the same."""
    flow = flow_of(function, *shapes)
    after = optimize(flow)
    check_same(flow, after, shapes, rtol)
    return after


def left(function, *shapes, rtol=1e-6):
    return names(simplified(function, *shapes, rtol=rtol))


# --- each pass by itself ------------------------------------------------------------------------


def test_constants_are_folded():
    flow = flow_of(lambda x: x + (ops.exp(ops.ones((3,))) + ops.arange(3.0)) * 2, N3)
    after = fold_constants(flow)
    assert names(after) == ["broadcast_to", "add"]
    check_same(flow, after, (N3,), 0)


def test_duplicates_are_removed():
    flow = flow_of(lambda x: (ops.exp(x) + 1) * (1 + ops.exp(x)), N3)
    after = remove_duplicates(flow)
    assert sorted(names(after)) == ["add", "exp", "mul"]
    check_same(flow, after, (N3,), 0)


def test_the_dead_are_removed():
    def function(x):
        ops.exp(x)
        return ops.tanh(x)

    assert names(remove_dead(flow_of(function, N3))) == ["tanh"]


def test_numbers_of_other_bits_are_not_duplicates():
    def function(x):
        return x * np.float32(-0.0), x * np.float32(0.0), x / np.float32(np.nan), x - np.float32(1)

    flow = remove_duplicates(flow_of(function, N3))
    numbers = [repr(o.kind.value) for o in flow.operations if isinstance(o.kind, Number)]
    assert sorted(numbers) == ["-0.0", "0.0", "1.0", "nan"]


# --- numbers ------------------------------------------------------------------------------------


def test_the_batch_is_at_least_one():
    def function(x):
        count = ops.cast(x.shape[0], "float32")
        safe = ops.where(count == 0, 1.0, ops.maximum(count, 1.0))
        return ops.where(ops.cast(x.shape[0] - 1, "int32") < 0, 0.0, ops.sum(x) / safe)

    assert left(function, N3) == ["reduce_sum", "div"]


def test_the_batch_may_be_one():
    def function(x):
        count = ops.cast(x.shape[0], "int32")
        return ops.where(count > 1, ops.sum(x), ops.max(x))

    assert "gt" in left(function, N3)


def test_arithmetic_of_numbers_that_the_batch_decides():
    def function(x):
        n = ops.cast(x.shape[0], "int32")
        return ops.cast((n * 2 + 3 - n) * 4, "float32") + x

    flow = simplified(function, N3)
    numbers = [o.kind.value for o in flow.operations if isinstance(o.kind, Number)]
    assert numbers == [Dim(4, 12)]


def test_sums_of_numbers():
    flow = simplified(lambda x: ops.sum(ops.ones_like(x), axis=0) + x, N3)
    assert names(flow) == ["add"]
    assert [o.kind.value for o in flow.operations if isinstance(o.kind, Number)] == [Dim(1, 0)]


def test_the_sum_of_any_number():
    def function(x):
        return ops.sum(ops.ones_like(x) * 0.3) + ops.sum(x), ops.sum(ops.ones((3,)) * 0.3) + x

    simplified(function, N3)


def test_extremes_of_numbers():
    assert left(lambda x: x + ops.max(ops.ones_like(x)) - ops.argmax(ops.ones((3,))), N3) == ["add"]


def test_large_arrays_are_not_computed_beforehand():
    table = np.arange(90_000, dtype=np.float32).reshape(300, 300)
    flow = simplified(lambda x: ops.sum(ops.exp(table / 1e5)) + x, N3, rtol=1e-5)
    sizes = [o.kind.array.size for o in flow.operations if isinstance(o.kind, ArrayConstant)]
    assert sizes == [90_000]
    assert "exp" in names(flow)


# --- identities ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("function", "operations"),
    [
        (lambda x: x + 0, []),
        (lambda x: x - 0, []),
        (lambda x: x * 1, []),
        (lambda x: x / 1, []),
        (lambda x: stop_gradient(ops.negative(-x)), []),
        (lambda x: ops.maximum(x, x), []),
        (lambda x: ops.abs(ops.abs(-x)), ["abs"]),
        (lambda x: 0 - x, ["neg"]),
        (lambda x: x * -1, ["neg"]),
        (lambda x: -x + 3.0, ["sub"]),
        (lambda x: x - (-x * 2), ["mul", "sub"]),
        (lambda x: (-x) * (-ops.exp(x)), ["exp", "mul"]),
        (lambda x: x / 8, ["mul"]),
        (lambda x: x / 3, ["div"]),
        (lambda x: x + x, ["mul"]),
        (lambda x: pow(x, ops.ones_like(x)), []),
        (lambda x: pow(x, ops.full_like(x, 2)), ["mul"]),
        (lambda x: pow(x, ops.full_like(x, 3)), ["mul", "mul"]),
        (lambda x: pow(abs(x), ops.full_like(x, 0.5)), ["abs", "sqrt"]),
        (lambda x: pow(x, ops.full_like(x, -1)), ["div"]),
        (lambda x: select(x > 0, x, x), []),
        (lambda x: ops.where(ops.logical_not(x > 0), x, x * 2), ["gt", "mul", "select"]),
        (lambda x: select(x > 0, select(x > 0, x, -x), -x), ["gt", "neg", "select"]),
        (lambda x: ops.where(True, x, -x), []),
        (lambda x: cast(cast(x, dtype=as_dtype("float64")), dtype=as_dtype("float32")), []),
        (lambda x: ops.cast(ops.cast(x, "float32"), "int32"), ["cast"]),
        (lambda x: ops.cast(ops.cast(x, "float16"), "float32"), ["cast", "cast"]),
    ],
)
def test_identities(function, operations):
    assert left(function, N3) == operations


def test_integers_times_zero():
    assert left(lambda x: x * 0, ((None,), "int32")) == []


def test_not_a_number_survives_a_zero():
    assert left(lambda x: x * 0, N3) == ["mul"]


def test_what_is_the_same_everywhere_is_computed_once():
    after = simplified(lambda x, s: x * ops.exp(ops.broadcast_to(s, x.shape) * 2), N3, SCALAR)
    (exp,) = [o for o in after.operations if o.name == "exp"]
    assert exp.outputs[0].shape == ()


def test_the_same_in_each_row_is_computed_once():
    def function(x):
        top = ops.max(x, axis=1, keepdims=True)
        return ops.exp(ops.broadcast_to(top, x.shape)) + x

    after = simplified(function, N3)
    (exp,) = [o for o in after.operations if o.name == "exp"]
    assert exp.outputs[0].shape == (Dim(1, 0), Dim(0, 1))


def test_the_gradient_of_softmax_divides_once():
    def function(x, g):
        e = ops.exp(x - ops.max(x, axis=1, keepdims=True))
        total = ops.sum(e, axis=1, keepdims=True)
        y = e / total
        to_total = ops.sum(-g * y / total, axis=1, keepdims=True)
        return y, ops.sum(y, axis=0), (g / total + to_total) * e

    after = simplified(function, N3, N3, rtol=1e-5)
    assert [o.outputs[0].shape for o in after.operations if o.name == "div"] == [
        (Dim(1, 0), Dim(0, 3))
    ]


# --- movement -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("function", "operations"),
    [
        (lambda x: ops.reshape(ops.reshape(x, (-1,)), x.shape), []),
        (lambda x: ops.transpose(ops.transpose(x, (2, 0, 1)), (1, 2, 0)), []),
        (lambda x: ops.flip(ops.flip(x, 1), 1), []),
        (lambda x: x[:, 0:2, 0:3], []),
        (lambda x: x[:, :, 1:][:, :, 1:], ["slice"]),
        (lambda x: ops.concatenate([x[:, :, :1], x[:, :, 1:]], axis=2), []),
        (lambda x: ops.concatenate([x, ops.exp(x)], axis=1)[:, :2], []),
        (lambda x: ops.concatenate([x, ops.exp(x)], axis=0)[: x.shape[0]], []),
        (lambda x: ops.pad(x, [(0, 0), (2, 2), (0, 0)])[:, 2:4], []),
        (
            lambda x: ops.pad(ops.pad(x, [(0, 0), (0, 0), (1, 0)]), [(0, 0), (0, 1), (0, 0)]),
            ["pad"],
        ),
        (lambda x: ops.broadcast_to(ops.broadcast_to(x[:, :1], x.shape), (4, *x.shape)), None),
        (lambda x: ops.moveaxis(ops.expand_dims(x, 1), 1, 0), ["reshape"]),
    ],
)
def test_movement(function, operations):
    found = left(function, N23)
    assert found == (["slice", "broadcast_to"] if operations is None else operations)


def test_padding_only():
    after = simplified(lambda x: x + ops.pad(x * 2, [(0, 0), (3, 3)])[:, :3], N3)
    assert names(after) == []


def test_pieces_side_by_side_are_one_tensor():
    def function(x, y):
        left_piece = ops.pad(x, [(0, 0), (0, 6)])
        right_piece = ops.pad(y, [(0, 0), (6, 0)])
        middle = ops.pad(x * y, [(0, 0), (3, 3)])
        return right_piece + left_piece + middle

    assert left(function, N3, N3) == ["mul", "concat"] or left(function, N3, N3)[-1] == "add"


def test_neighbouring_pieces_are_one_tensor():
    def function(x, y):
        return ops.pad(y, [(0, 0), (3, 0)]) + ops.pad(x, [(0, 0), (0, 3)])

    assert left(function, N3, N3) == ["concat"]


def test_a_slice_at_a_known_place():
    def function(x):
        return m.dynamic_slice(x, convert_to_tensor(np.array([1, 5], np.int32)), size=(2, 2))

    assert left(function, ((4, 3), "float32")) == ["slice"]


# --- reductions and contractions ----------------------------------------------------------------


@pytest.mark.parametrize(
    ("function", "operations"),
    [
        (lambda x: ops.sum(ops.expand_dims(x, 1), axis=1), []),
        (lambda x: ops.max(ops.transpose(x, (0, 2, 1)), axis=(1, 2)), ["reduce_max"]),
        (lambda x: ops.sum(-x, axis=1), ["reduce_sum", "neg"]),
        (lambda x: ops.sum(x * 3, axis=1), ["reduce_sum", "mul"]),
        (lambda x: ops.sum(x / 3, axis=1), ["reduce_sum", "div"]),
        (lambda x: ops.max(ops.broadcast_to(x[0, 0], x.shape), axis=(0, 1)), None),
    ],
)
def test_reductions(function, operations):
    found = left(function, N23, rtol=1e-5)
    assert found == (["slice", "reshape"] if operations is None else operations)


def test_the_sum_of_repeated_rows_is_a_product():
    def function(x, row):
        return ops.sum(ops.broadcast_to(row, x.shape), axis=0) * ops.sum(x)

    after = simplified(function, N3, ((3,), "float32"), rtol=1e-5)
    assert sum(o.name == "reduce_sum" for o in after.operations) == 1


def test_transposed_operands_are_taken_as_they_lie():
    def function(x, w):
        return ops.matmul(x, ops.transpose(w))

    assert left(function, N3, ((4, 3), "float32"), rtol=1e-5) == ["contract"]


def test_a_transposed_result_swaps_the_operands():
    def function(x, y):
        return ops.transpose(ops.einsum("bij,bkj->bik", x, y), (0, 2, 1))

    assert left(function, N23, ((None, 4, 3), "float32"), rtol=1e-5) == ["contract"]


def test_an_outer_product_is_elementwise():
    def function(x, w):
        return contract(x, w, axes=((1,), (1,)), batch=((), ()))

    found = left(function, ((None, 1), "float32"), ((4, 1), "float32"))
    assert "contract" not in found
    assert found[-1] == "mul"


def test_an_outer_product_with_batch_axes():
    def function(x, y):
        return contract(x, y, axes=((3,), (1,)), batch=((1, 0), (0, 2)))

    shapes = ((2, None, 3, 1), "float32"), ((None, 1, 2, 4, 5), "float32")
    assert "contract" not in left(function, *shapes)


def test_axes_of_length_one_take_no_part():
    def function(x, y):
        return contract(x, y, axes=((3, 2), (0, 2)), batch=((1,), (1,)))

    after = simplified(function, ((None, 1, 4, 3), "float32"), ((3, 1, 4, 1), "float32"), rtol=1e-5)
    (product,) = [o for o in after.operations if o.name == "contract"]
    assert [len(x.shape) for x in product.inputs] == [3, 2]


# --- everything together ------------------------------------------------------------------------


@settings(max_examples=40, deadline=None)
@given(st.lists(st.integers(0, 10**7), min_size=3, max_size=14))
def test_random_functions_compute_the_same(numbers):
    try:
        flow = flow_of(function_of(numbers), *SHAPES)
    except NotAffineError:
        return
    after = optimize(flow)
    check_same(flow, after, SHAPES, 2e-4)
    # A second time there is hardly anything to do, and nothing goes wrong.
    check_same(flow, simplify(after), SHAPES, 2e-4)


@pytest.mark.parametrize("mode", ["train", "test"])
@pytest.mark.parametrize("name", sorted(CASES))
def test_steps_of_models_compute_the_same(name, mode):
    model, data = ready(name)
    graphs = [step_graph(model, tuple(x[:n] for x in data), mode)[0] for n in SIZES]
    _, values = step_graph(model, data, mode)
    flow = generalize(graphs, SIZES)
    after = optimize(flow)
    assert len(after.operations) < len(flow.operations)
    for n in (1, 4):
        tensors = (*values, *map(convert_to_tensor, (x[:n] for x in data)))
        inputs = [np.asarray(x) for x in tensors]
        there, here = evaluate_flow(flow, inputs, n), evaluate_flow(after, inputs, n)
        for a, b in zip(there, here, strict=True):
            assert (a.shape, a.dtype) == (b.shape, b.dtype)
            np.testing.assert_allclose(np.float64(b), np.float64(a), rtol=5e-4, atol=2e-5)
