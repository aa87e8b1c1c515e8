"""The warning about many traces says what changed."""

from __future__ import annotations

import numpy as np
import pytest

import thalweg as tw
from tests.tracing.helpers import A, counting
from thalweg.tracing import RetracingWarning

# Lists that grow show when something is traced.
pytestmark = pytest.mark.filterwarnings("ignore::thalweg.tracing.autograph.TracingWarning")


def test_many_traces_give_one_warning_that_says_what_changed():
    f, _ = counting(lambda x, rate: x * rate)
    for n in range(4):
        f(A, float(n))
    with pytest.warns(RetracingWarning, match=r"'args\[1\]' changed from 3\.0 to 4\.0") as found:
        f(A, 4.0)
    assert found[0].filename == __file__
    assert "\n" not in str(found[0].message)
    f(A, 5.0)

    g, _ = counting(lambda x: x * 2)
    for n in range(4):
        g(np.ones(n, "float32"))
    with pytest.warns(RetracingWarning, match=r"'args\[0\]' changed from float32\[3\] to int32\[9"):
        g(np.ones(9, "int32"))


def test_no_warning_where_many_traces_are_expected():
    f, _ = counting(lambda x: x * 2)
    for n in range(5):
        for _ in range(3):
            f(np.ones(n, "float32"))
    relaxed = tw.function(lambda x: x * 2, reduce_retracing=True)
    signed = tw.function(lambda x: x * 2, input_signature=[tw.TensorSpec((None,))])
    for n in range(9):
        relaxed(np.ones(n, "float32"))
        signed(np.ones(n, "float32"))
    values = tw.function(lambda k: tw.constant(1.0) * k, reduce_retracing=True)
    for n in range(4):
        values(n)
    with pytest.warns(RetracingWarning, match="'k' changed from 3 to 4"):
        values(4)
