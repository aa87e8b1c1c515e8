from __future__ import annotations

import json
import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from thalweg.compiler.dims import Dim
from thalweg.compiler.plain import NotPlainError, decode, encode
from thalweg.tensor.dtypes import bfloat16, float32

SIMPLE = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=5)
    | st.builds(Dim, st.integers(0, 9), st.integers(-9, 9))
    | st.sampled_from([float32, bfloat16, np.dtype(bool)])
    | st.builds(np.float32, st.floats(width=32))
    | st.builds(np.int64, st.integers(-(2**40), 2**40))
)
VALUES = st.recursive(
    SIMPLE,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.lists(inner, max_size=3).map(tuple)
        | st.dictionaries(st.text(max_size=3), inner, max_size=3)
    ),
    max_leaves=8,
)


def exactly(a: Any, b: Any) -> bool:
    """Equal, and of the same types all the way down; NaN and the sign of zero count."""
    if type(a) is not type(b):
        return False
    if isinstance(a, dict):
        return list(a) == list(b) and all(exactly(a[k], b[k]) for k in a)
    if isinstance(a, (tuple, list)):
        return len(a) == len(b) and all(map(exactly, a, b))
    if isinstance(a, np.generic):
        return a.tobytes() == b.tobytes()
    if isinstance(a, float):
        return (math.isnan(a) and math.isnan(b)) or (a == b and np.signbit(a) == np.signbit(b))
    return bool(a == b)


@settings(max_examples=200, deadline=None)
@given(VALUES)
def test_back_from_json(value: Any) -> None:
    assert exactly(decode(json.loads(json.dumps(encode(value)))), value)


@settings(max_examples=200, deadline=None)
@given(VALUES, VALUES)
def test_different_values_have_different_forms(a: Any, b: Any) -> None:
    assert (json.dumps(encode(a)) == json.dumps(encode(b))) == exactly(a, b)


@pytest.mark.parametrize("value", [object(), print, ValueError("x"), {1: {2}}, np.zeros(2)])
def test_what_is_not_data(value: Any) -> None:
    with pytest.raises(NotPlainError):
        encode(value)


def test_unknown_marks() -> None:
    with pytest.raises(ValueError, match="no plain form marked 'what'"):
        decode(["what", 1])
