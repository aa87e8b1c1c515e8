"""Explanations of Programs on the GPU."""

from __future__ import annotations

import numpy as np
import pytest

import thalweg as tw
from tests.devices.webgpu import line, points
from thalweg import devices


def test_a_training_step_is_explained_and_changes_nothing(on_webgpu):
    x, y = points()
    model = line()
    model.fit(x, y, epochs=1, verbose=0)
    before = model.get_weights()
    explanation = model.explain(x, y, batch_size=8)
    assert "matmul" in [row.name for row in explanation.rows]
    assert all(row.seconds > 0 for row in explanation.rows)
    assert explanation.limit.gpu
    assert explanation.limit.flops > 1e8
    assert explanation.limit.bandwidth > 1e7
    text = " ".join(str(explanation).split())
    assert f": {len(explanation.rows)} kernels and {len(explanation.rows)} dispatches in" in text
    assert f"on the GPU '{explanation.limit.gpu}'" in text
    assert "multiply-adds in registers" in text
    updated = {name for row in explanation.rows for name in row.updates}
    assert model.layers[-1].kernel.path in updated
    for a, b in zip(before, model.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)


def test_loops_are_named(on_webgpu):
    @tw.function(jit_compile=True)
    def turns(x, w):
        for row in x:
            w = tw.ops.tanh(w @ row)
        return w

    found = turns.explain(tw.ops.ones((7, 4, 4)), tw.ops.ones((4, 4)))
    assert {row.inside for row in found.rows} >= {("7 times:",)}


def test_the_wgsl_is_there_on_every_device(on_webgpu):
    f = tw.function(lambda x: tw.ops.tanh(x) * 3.0, jit_compile=True)
    f(tw.ops.ones((4,)))
    assert "tanh" in f.wgsl
    with pytest.raises(ValueError, match="runs on the device 'webgpu', which has `wgsl`"):
        _ = f.llvm
    tw.config.set_device("cpu")
    assert f.get_concrete_function(tw.ops.ones((4,))).wgsl.startswith("// Shader 1\n")
    assert "define" in f.llvm


def test_who_watches_sees_what_ran(on_webgpu):
    x, y = points()
    model = line()
    with devices.watching() as found:
        model.fit(x, y, epochs=3, batch_size=10, verbose=0)
        model.predict(x, verbose=0)
    runs = {w.executable.title.split()[0]: (w.runs, w.n) for w in found.values()}
    assert runs["train"] == (12, 10)
    (train,) = [w for w in found.values() if w.executable.title.startswith("train")]
    assert len(devices.explain(train.executable, train.states, train.inputs, train.n).rows) > 0
