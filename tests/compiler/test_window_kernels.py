"""The kernels of convolution and pooling, rendered and run, against NumPy."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.compiler.kernels import Kernel
from tests.compiler.windows import (
    Convolution,
    Pooling,
    arrays_for,
    convolutions,
    lowered,
    poolings,
    reference,
)
from thalweg.compiler.dims import ZERO
from thalweg.compiler.ir.expression import Apply, Constant
from thalweg.compiler.ir.program import Contract
from thalweg.compiler.render.llvm.contract import convolution
from thalweg.compiler.target import AVX2, AVX512, SSE
from thalweg.tensor.dtypes import as_dtype

TARGETS = st.sampled_from([AVX512, AVX2, SSE])
FLOATS = ["float32", "float32", "float64", "float16", "bfloat16"]
TOLERANCE = {"float32": 1e-6, "float64": 1e-12, "float16": 2e-3, "bfloat16": 2e-2}


def run(name, inputs, dtype, params, n, target, workers, **fused):
    """The output, the inputs, and whether all contractions had tiles of their own."""
    low = lowered(name, inputs, [as_dtype(dtype)] * len(inputs), params, **fused)
    arrays = arrays_for(inputs, dtype, n, special=name.startswith("window"))
    memory = low.memory(arrays, n)
    tiled = True
    for kernel in low.kernels:
        if isinstance(kernel, Contract) and all(v.extent != ZERO for v in kernel.k):
            tiled = tiled and convolution.fits(kernel, target)
        Kernel(kernel, target)(memory, n, workers)
    return memory[low.output], arrays, tiled


def check(name, inputs, dtype, params, n, target, workers):
    found, arrays, tiled = run(name, inputs, dtype, params, n, target, workers)
    expected = reference(name, arrays, params, n)
    tolerance = TOLERANCE.get(dtype, 0)
    np.testing.assert_allclose(
        found.reshape(expected.shape).astype(np.float64),
        expected.astype(np.float64),
        rtol=tolerance,
        atol=tolerance,
    )
    return tiled


@settings(max_examples=15, deadline=None)
@given(convolutions(), st.sampled_from(FLOATS), TARGETS, st.integers(1, 4), st.integers(1, 3))
def test_convolution(case: Convolution, dtype, target, n, workers):
    for name, inputs, params in case.operations():
        check(name, inputs, dtype, params, n, target, workers)


@settings(max_examples=15, deadline=None)
@given(
    poolings(),
    st.sampled_from(["float32", "float64", "int32", "uint8"]),
    TARGETS,
    st.integers(1, 3),
    st.integers(1, 2),
)
def test_pooling(case: Pooling, dtype, target, n, workers):
    for name, inputs, params in case.operations():
        check(name, inputs, dtype, params, n, target, workers)


# Layers as they occur: what is clipped, copied, in place, large, strided; several tiles and panels.
LAYERS = {
    "first layer": Convolution((28, 28), (3, 3), (1, 1), ((0, 0),) * 2, (1, 1), 1, 1, 32),
    "valid": Convolution((13, 13), (3, 3), (1, 1), ((0, 0),) * 2, (1, 1), 1, 32, 64),
    "same": Convolution((32, 32), (3, 3), (1, 1), ((1, 1),) * 2, (1, 1), 1, 16, 16),
    "small": Convolution((5, 5), (3, 3), (1, 1), ((1, 1),) * 2, (1, 1), 1, 16, 50),
    "strided": Convolution((32, 32), (3, 3), (2, 2), ((0, 1),) * 2, (1, 1), 1, 16, 32),
    "color": Convolution((30, 30), (7, 7), (2, 2), ((2, 3),) * 2, (1, 1), 1, 3, 64),
    "point": Convolution((8, 8), (1, 1), (2, 2), ((0, 0),) * 2, (1, 1), 1, 16, 32),
    "plain product": Convolution((8, 8), (1, 1), (1, 1), ((0, 0),) * 2, (1, 1), 1, 16, 32),
    "dilated": Convolution((20,), (3,), (1,), ((4, 0),), (2,), 1, 24, 40),
    "deep": Convolution((4, 4), (3, 3), (1, 1), ((1, 1),) * 2, (1, 1), 1, 256, 256),
    "long": Convolution((300000,), (5,), (1,), ((2, 2),), (1,), 1, 1, 8),
    "groups": Convolution((9, 9), (3, 3), (1, 1), ((1, 1),) * 2, (1, 1), 2, 8, 24),
    "volume": Convolution((6, 6, 6), (3, 3, 3), (1, 1, 1), ((1, 1),) * 3, (1,) * 3, 1, 4, 16),
    "depthwise": Convolution((14, 14), (3, 3), (1, 1), ((1, 1),) * 2, (1, 1), 40, 1, 1),
    "to one of many": Convolution((9, 9), (3, 3), (1, 1), ((1, 1),) * 2, (1, 1), 1, 40, 1),
    "to one": Convolution((9, 9), (5, 5), (1, 1), ((2, 2),) * 2, (1, 1), 1, 8, 1),
}


@pytest.mark.parametrize("layer", LAYERS)
def test_layers(layer: str):
    for name, inputs, params in LAYERS[layer].operations():
        tiled = check(name, inputs, "float32", params, 3, AVX512, 2)
        assert tiled == (layer != "plain product")


def test_results_do_not_depend_on_the_number_of_workers():
    for name, inputs, params in LAYERS["same"].operations():
        one, _, _ = run(name, inputs, "float32", params, 3, AVX512, 1)
        for workers in (2, 5):
            other, _, _ = run(name, inputs, "float32", params, 3, AVX512, workers)
            np.testing.assert_array_equal(one, other)


def _bias(value, place):
    return Apply("add", (value, Constant(1.5, value.dtype)), value.dtype)


def _relu(value, place):
    return Apply("max", (_bias(value, place), Constant(0, value.dtype)), value.dtype)


def _long(value, place):
    for _ in range(40):
        value = Apply("add", (value, Constant(0.25, value.dtype)), value.dtype)
    return value


@pytest.mark.parametrize("layer", ["valid", "same", "small", "strided", "volume", "to one of many"])
@pytest.mark.parametrize("dtype", ["float32", "bfloat16"])
@pytest.mark.parametrize(
    ("epilogue", "expected"),
    [(_relu, lambda y: np.maximum(y + 1.5, 0)), (_long, lambda y: y + 10)],
    ids=["short", "long"],
)
def test_what_follows_is_done_on_the_tile(layer, dtype, epilogue, expected):
    for name, inputs, params in LAYERS[layer].operations():
        found, arrays, tiled = run(name, inputs, dtype, params, 2, AVX512, 2, epilogue=epilogue)
        wanted = expected(reference(name, arrays, params, 2).astype(np.float32))
        tolerance = 1e-5 if dtype == "float32" else 0.03
        np.testing.assert_allclose(
            found.reshape(wanted.shape).astype(np.float32), wanted, rtol=tolerance, atol=tolerance
        )
        assert tiled


@pytest.mark.parametrize("layer", ["first layer", "valid", "same", "strided", "groups", "volume"])
@pytest.mark.parametrize("target", [AVX512, SSE], ids=lambda t: t.name)
def test_operands_may_be_computed(layer, target):
    def prologue(value):
        return Apply("max", (value, Constant(0, value.dtype)), value.dtype)

    for name, inputs, params in LAYERS[layer].operations():
        found, arrays, tiled = run(name, inputs, "float32", params, 2, target, 2, prologue=prologue)
        wanted = reference(name, [np.maximum(a, 0) for a in arrays], params, 2)
        np.testing.assert_allclose(found.reshape(wanted.shape), wanted, rtol=1e-5, atol=1e-5)
        assert tiled
