"""GradientTape, row by row of what TensorFlow's does (measured on TensorFlow 2.21)."""

from __future__ import annotations

import numpy as np
import pytest

import thalweg as tw
from thalweg import ops


def test_gradient_of_a_variable():
    x = tw.Variable(3.0)
    with tw.GradientTape() as tape:
        y = x * x
    assert tape.gradient(y, x).numpy() == 6.0


def test_unwatched_tensor_integer_and_untrained_variable_have_none():
    constant, integer = tw.constant(2.0), tw.Variable(3)
    fixed = tw.Variable(1.0, trainable=False)
    with tw.GradientTape() as tape:
        y = constant * fixed * ops.cast(integer, "float32")
    assert tape.gradient(y, [constant, integer, fixed]) == [None, None, None]


def test_second_gradient_needs_a_persistent_tape():
    x = tw.Variable(3.0)
    with tw.GradientTape() as tape:
        y = x * x
    tape.gradient(y, x)
    with pytest.raises(RuntimeError, match="persistent"):
        tape.gradient(y, x)
    with tw.GradientTape(persistent=True) as tape:
        y = x * x
        z = y * y
    assert tape.gradient(z, x).numpy() == 108.0
    assert tape.gradient(y, x).numpy() == 6.0


def test_sources_may_be_any_nest():
    a, b, c = tw.Variable(1.0), tw.Variable(2.0), tw.Variable(5.0)
    with tw.GradientTape() as tape:
        y = a * b
    found = tape.gradient(y, {"a": a, "rest": [b, (c,)]}, unconnected_gradients="zero")
    assert found["a"].numpy() == 2.0
    assert found["rest"][0].numpy() == 1.0
    assert found["rest"][1][0].numpy() == 0.0


def test_several_targets_count_as_their_sum():
    x = tw.Variable([1.0, 2.0])
    with tw.GradientTape() as tape:
        a, b = x * x, 3 * x
    np.testing.assert_array_equal(tape.gradient([a, b], x), [5.0, 7.0])


def test_output_gradients_give_a_vector_jacobian_product():
    x = tw.Variable([1.0, 2.0])
    with tw.GradientTape() as tape:
        y = x * x
    found = tape.gradient(y, x, output_gradients=[10.0, 100.0])
    np.testing.assert_array_equal(found, [20.0, 400.0])
    with tw.GradientTape() as tape:
        y = x * x
    with pytest.raises(ValueError, match="output_gradients"):
        tape.gradient(y, x, output_gradients=tw.ones((3,)))


def test_gradient_inside_a_persistent_tape_is_recorded():
    x = tw.Variable(3.0)
    with tw.GradientTape(persistent=True) as tape:
        y = x * x * x
        first = tape.gradient(y, x)
    assert tape.gradient(first, x).numpy() == 18.0


def test_nested_tapes_to_third_order():
    x = tw.Variable(3.0)
    with tw.GradientTape() as outer:
        with tw.GradientTape() as middle:
            with tw.GradientTape() as inner:
                y = x * x * x * x
            first = inner.gradient(y, x)
        second = middle.gradient(first, x)
    assert second.numpy() == 108.0
    assert outer.gradient(second, x).numpy() == 72.0


def test_stop_recording_makes_constants():
    x = tw.Variable(3.0)
    with tw.GradientTape() as tape:
        y = x * x
        with tape.stop_recording():
            c = x * 10
        z = y * c
    assert tape.gradient(z, x).numpy() == 6.0 * 30.0


def test_reset_forgets():
    x = tw.Variable(3.0)
    with tw.GradientTape() as tape:
        before = x * x
        tape.reset()
        after = before * 2
    assert tape.gradient(after, x) is None


def test_nothing_is_watched_without_watch():
    x, t = tw.Variable(3.0), tw.constant(2.0)
    with tw.GradientTape(watch_accessed_variables=False, persistent=True) as tape:
        tape.watch(t)
        y = x * t
    assert tape.gradient(y, x) is None
    assert tape.gradient(y, t).numpy() == 3.0
    with tw.GradientTape(watch_accessed_variables=False) as tape:
        tape.watch(x)
        y = x * t
    assert tape.gradient(y, x).numpy() == 2.0
    assert tape.watched_variables() == (x,)


def test_jacobian_shapes_and_values():
    x, w = tw.Variable([1.0, 2.0]), tw.Variable([[1.0, 0.0], [2.0, 1.0], [0.0, 3.0]])
    with tw.GradientTape(persistent=True) as tape:
        y = ops.matmul(w, x)
    np.testing.assert_array_equal(tape.jacobian(y, x), w.numpy())
    of_x, of_w = tape.jacobian(y, [x, w])
    assert of_x.shape == (3, 2)
    assert of_w.shape == (3, 3, 2)
    np.testing.assert_array_equal(of_w.numpy()[1], [[0, 0], [1, 2], [0, 0]])


def test_batch_jacobian():
    x = tw.constant([[1.0, 2.0], [3.0, 4.0]])
    with tw.GradientTape() as tape:
        tape.watch(x)
        y = ops.stack([x[:, 0] * x[:, 1], x[:, 0], x[:, 1] ** 2], axis=1)
    found = tape.batch_jacobian(y, x)
    assert found.shape == (2, 3, 2)
    np.testing.assert_array_equal(found.numpy()[1], [[4, 3], [1, 0], [0, 8]])
    with pytest.raises(ValueError, match="first axis"):
        tape.batch_jacobian(tw.constant(1.0), x)


def test_kinks():
    x = tw.constant([0.0, -1.0, 2.0])
    with tw.GradientTape(persistent=True) as tape:
        tape.watch(x)
        relu, absolute = ops.relu(x), ops.absolute(x)
        highest = ops.max(ops.stack([x[2], x[2] * 1.0, x[0]]))
        tie = ops.maximum(x[2], 2.0)
    np.testing.assert_array_equal(tape.gradient(relu, x), [0, 0, 1])
    np.testing.assert_array_equal(tape.gradient(absolute, x), [0, -1, 1])
    np.testing.assert_array_equal(tape.gradient(highest, x), [0, 0, 1])
    np.testing.assert_array_equal(tape.gradient(tie, x), [0, 0, 1])
    t = tw.constant([2.0, 2.0])
    with tw.GradientTape() as tape:
        tape.watch(t)
        y = tw.reduce_max(t)
    np.testing.assert_array_equal(tape.gradient(y, t), [0.5, 0.5])


def test_reads_are_snapshots():
    v = tw.Variable(3.0)
    with tw.GradientTape() as tape:
        y = v * v
        v.assign_add(1.0)
    assert tape.gradient(y, v).numpy() == 6.0
    with tw.GradientTape() as tape:
        y = v.assign_add(1.0) * 2.0
    assert tape.gradient(y, v).numpy() == 2.0


def test_a_tensor_and_the_variable_made_from_it_stay_apart():
    t = tw.constant(2.0)
    v = tw.Variable(t)
    with tw.GradientTape(persistent=True) as tape:
        tape.watch(t)
        y = v * 3.0
    assert tape.gradient(y, t) is None
    assert tape.gradient(y, v).numpy() == 3.0


@pytest.mark.parametrize("reason", ["not watched", "integer", "rebound", "numpy", "disconnected"])
def test_explain(reason: str):
    v = tw.Variable(2.0, name="slope")
    t = tw.constant(2.0)
    if reason == "not watched":
        with tw.GradientTape() as tape:
            y = t * v
        source, word = t, "Not watched"
    elif reason == "integer":
        source, word = tw.Variable([1, 2]), "int32"
        with tw.GradientTape() as tape:
            y = ops.sum(ops.cast(source, "float32")) * v
    elif reason == "rebound":
        source, word = v - 0.1, "'slope'"
        with tw.GradientTape() as tape:
            y = source * 2.0
    elif reason == "numpy":
        source, word = v, "NumPy"
        with tw.GradientTape() as tape:
            y = tw.constant(np.square((v * 2.0).numpy()))
    else:
        source, word = v, "not computed from it"
        with tw.GradientTape() as tape:
            tape.watch(t)
            v * 1.0
            y = t * 1.0
    assert tape.gradient(y, source) is None
    assert word in tape.explain(source)
    assert tape.explain(source).count("\n") == 0


def test_explain_untrained_and_blocked():
    fixed = tw.Variable(1.0, trainable=False, name="fixed")
    with tw.GradientTape() as tape:
        y = fixed * 2.0
    assert tape.gradient(y, fixed) is None
    assert "not trainable" in tape.explain(fixed)
    v = tw.Variable([1.0, 2.0])
    with tw.GradientTape() as tape:
        y = ops.cast(ops.argmax(v), "float32")
    assert tape.gradient(y, v) is None
    with tw.GradientTape() as tape:
        y = ops.stop_gradient(v) * 2
    assert tape.gradient(y, v) is None


def test_wrong_use_is_said():
    with tw.GradientTape() as tape:
        y = tw.Variable(1.0) * 2.0
        with pytest.raises(ValueError, match="recording already"):
            tape.__enter__()
    with pytest.raises(TypeError, match="tensors or variables"):
        tape.gradient(y, 3.0)
    with pytest.raises(ValueError, match="unconnected_gradients"):
        tape.gradient(y, y, unconnected_gradients="ones")
    with pytest.raises(TypeError, match="watch"):
        tape.watch(3.0)


def test_gradient_leaves_no_recorder_behind():
    from thalweg.tensor.context import CONTEXT

    with pytest.raises(RuntimeError, match="inside"), tw.GradientTape():
        raise RuntimeError("inside")
    assert CONTEXT.recorders == []
