"""Input signatures and concrete functions."""

from __future__ import annotations

import numpy as np
import pytest

import thalweg as tw
from tests.tracing.helpers import A

# Lists that grow show when something is traced.
pytestmark = pytest.mark.filterwarnings("ignore::thalweg.tracing.autograph.TracingWarning")


def test_input_signature_casts_and_checks():
    traces = []

    @tw.function(input_signature=[tw.TensorSpec((None, 2), "float32"), {"n": tw.TensorSpec(())}])
    def f(x, options, extra=2.0):
        traces.append(x.shape)
        return tw.ops.sum(x) * options["n"] * extra

    assert float(f([[1.0, 2.0]], {"n": 3})) == 18.0
    assert float(f(np.array([[1.0, 2.0]]), {"n": np.float64(3)})) == 18.0
    assert traces == [(1, 2)]
    assert float(f(np.ones((4, 2), "int32"), {"n": 1})) == 16.0
    assert traces == [(1, 2), (4, 2)]
    with pytest.raises(TypeError, match=r"argument 'x' is float32\[3\], which does not fit the in"):
        f([1.0, 2.0, 3.0], {"n": 1})
    with pytest.raises(TypeError, match="argument 'options' does not have the structure"):
        f([[1.0, 2.0]], {"m": 1})
    with pytest.raises(TypeError, match=r"argument 'options\['n'\]' must become a tensor"):
        f([[1.0, 2.0]], {"n": "text"})


def test_input_signatures_that_make_no_sense():
    with pytest.raises(TypeError, match="input_signature must hold TensorSpecs, got a str"):
        tw.function(lambda x: x, input_signature=["float32"])(1.0)
    with pytest.raises(TypeError, match="input_signature does not fit its parameters"):
        tw.function(lambda x: x, input_signature=[tw.TensorSpec(()), tw.TensorSpec(())])(1.0)
    with pytest.raises(TypeError, match="function: func must be a function, got a int"):
        tw.function(3)


def test_concrete_functions():
    @tw.function
    def f(x, scale=2.0):
        return {"y": x * scale}

    concrete = f.get_concrete_function(tw.TensorSpec((2,), "float32"), scale=3.0)
    assert repr(concrete) == "f(x: float32[2], scale: 3.0) -> {y: float32[2]}"
    assert f.pretty_printed_concrete_signatures() == repr(concrete)
    assert concrete.inputs == [tw.TensorSpec((2,), "float32")]
    assert concrete.outputs == [tw.TensorSpec((2,), "float32")]
    assert concrete.structured_outputs == {"y": tw.TensorSpec((2,), "float32")}
    np.testing.assert_array_equal(concrete(A[0])["y"], A[0] * 3)
    np.testing.assert_array_equal(concrete(A[0], scale=3.0)["y"], A[0] * 3)
    assert f.get_concrete_function(tw.constant(A[0]), 3.0) is concrete
    with pytest.raises(TypeError, match=r"function f\(.*was called with \(x: float32\[2, 2"):
        concrete(A, 3.0)


def test_concrete_functions_with_open_lengths():
    @tw.function
    def f(x, scale=2.0):
        return x * scale

    open_ = f.get_concrete_function(tw.TensorSpec((None, 2), "float32"), 3.0)
    assert repr(open_) == "f(x: float32[None, 2], scale: 3.0)"
    for x in (A, A[:1], A):
        np.testing.assert_array_equal(open_(x), x * 3)
    assert f.experimental_get_tracing_count() == 2
    assert open_.bound(A) is f.get_concrete_function(A, 3.0)
    for wrong in ((A[0],), (A.astype("int32"),), (A, 2.0)):
        with pytest.raises(TypeError, match=r"concrete function f.* was called with"):
            open_(*wrong)
