"""Weights in files: precision, shards."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from safetensors.numpy import load

from thalweg.web.weights import contents, files, quantized, shards

SHAPES = st.tuples(st.integers(1, 5), st.integers(1, 4))
MATRICES = arrays(np.float32, SHAPES, elements=st.floats(-8, 8, width=32))


@settings(max_examples=30, deadline=None)
@given(MATRICES)
def test_quantized_weights_are_within_half_a_step(values):
    whole, scale = quantized(values)
    assert whole.dtype == np.int8
    assert scale.shape == values.shape[-1:]
    assert np.all(np.abs(whole * scale - values) <= scale * np.float32(0.5001))


def test_float16_keeps_what_must_stay_exact():
    named = {"w": (np.ones((2, 2), np.float32), True), "seed": (np.ones(2, np.uint32), False)}
    found = contents(named, "float16")
    assert found["w"].dtype == np.float16
    assert found["seed"].dtype == np.uint32


def test_int8_leaves_vectors_alone_and_adds_scales():
    named = {"w": (np.eye(2, dtype=np.float32), True), "b": (np.ones(2, np.float32), True)}
    found = contents(named, "int8")
    assert {name: x.dtype.name for name, x in found.items()} == {
        "w": "int8",
        "w.scale": "float32",
        "b": "float32",
    }


def test_a_weight_too_large_for_float16_is_named():
    with pytest.raises(ValueError, match="Weight 'w' holds 70000, which float16 cannot"):
        contents({"w": (np.float32([70000.0]), True)}, "float16")


def test_shards_hold_everything_once():
    tensors = {f"t{i}": np.zeros(i * 10, np.float32) for i in range(1, 6)}
    parts = shards(tensors, 200)
    assert [name for part in parts for name in part] == list(tensors)
    assert all(sum(x.nbytes for x in part.values()) <= 200 for part in parts)
    named = files(tensors, 200)
    assert list(named) == [
        f"weights-{i}-of-{len(parts)}.safetensors" for i in range(1, len(parts) + 1)
    ]
    assert {name for content in named.values() for name in load(content)} == set(tensors)
