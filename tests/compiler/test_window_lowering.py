"""Convolution and pooling lowered to loops and contractions, run element by element."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.compiler.interpret import Interpreter
from tests.compiler.windows import (
    Convolution,
    Pooling,
    arrays_for,
    convolutions,
    lowered,
    poolings,
    reference,
)
from thalweg.compiler.dims import Dim, NotAffineError
from thalweg.compiler.graph import Operation, Value
from thalweg.compiler.ir.expression import Constant
from thalweg.compiler.ir.program import Contract
from thalweg.compiler.lower.window import has_elements, lower_window
from thalweg.primitives import window
from thalweg.tensor.dtypes import float32


def check(name, inputs, dtype, params, n):
    low = lowered(name, inputs, [np.dtype(dtype)] * len(inputs), params)
    arrays = arrays_for(inputs, dtype, n, special=name.startswith("window"))
    memory = low.memory(arrays, n)
    interpreter = Interpreter(memory, n)
    for kernel in low.kernels:
        interpreter.run(kernel)
    expected = reference(name, arrays, params, n)
    np.testing.assert_allclose(
        memory[low.output].reshape(expected.shape), expected, rtol=1e-5, atol=1e-5
    )


@settings(max_examples=40, deadline=None)
@given(convolutions(small=True), st.integers(1, 2))
def test_convolution(case: Convolution, n: int):
    for name, inputs, params in case.operations():
        check(name, inputs, "float32", params, n)


@settings(max_examples=60, deadline=None)
@given(poolings(small=True), st.sampled_from(["float32", "float64", "int32"]))
def test_pooling(case: Pooling, dtype: str):
    for name, inputs, params in case.operations():
        check(name, inputs, dtype, params, 1)


def test_large_windows_are_loops():
    case = Pooling((7, 7), (6, 6), (1, 1), ((1, 0), (0, 0)), 2)
    for name, inputs, params in case.operations():
        check(name, inputs, "float32", params, 2)


def operation(primitive, inputs, output, params):
    return Operation(primitive, tuple(inputs), (output,), params)


def value(*shape):
    return Value(tuple(Dim.of(d) for d in shape), float32)


CONV = {"strides": (1,), "padding": ((0, 0),), "dilation": (1,), "groups": 1}


def test_a_length_that_depends_on_the_batch_is_refused():
    n = Dim(1, 0)
    conv = operation(window.conv, [value(n, n, 3), value(3, 3, 8)], value(n, n.minus(2), 8), CONV)
    with pytest.raises(NotAffineError, match="only the first axis"):
        lower_window(conv, lambda v, p: Constant(0, float32), None)


def test_strides_of_the_input_gradient_are_phases():
    low = lowered(
        "conv_input_gradient",
        [("n", 4, 8), (3, 3, 8)],
        [float32] * 2,
        {**CONV, "strides": (2,), "padding": ((1, 0),), "input_shape": ("n", 8, 3)},
    )
    assert len(low.kernels) == 2
    assert all(isinstance(k, Contract) and k.window is not None for k in low.kernels)


def test_which_operations_have_elements():
    pool = {"window": (2,), "strides": (2,), "padding": ((0, 0),)}
    x, w, y = value(2, 8, 4), value(3, 1, 4), value(2, 6, 4)
    assert has_elements(operation(window.window_max, [x], value(2, 4, 4), pool))
    assert has_elements(operation(window.conv, [x, w], y, {**CONV, "groups": 4}))
    assert not has_elements(operation(window.conv, [x, value(3, 4, 4)], y, CONV))
    assert not has_elements(operation(window.window_scatter, [x, value(2, 4, 4)], x, pool))
