"""Where values are: on the GPU between steps, here when somebody looks."""

from __future__ import annotations

import copy
import gc
import os
import pickle
import subprocess
import sys
import threading

import numpy as np
import pytest

import thalweg as tw
from tests.devices.webgpu import device, line, points
from thalweg.devices.webgpu.memory import Memory


@pytest.fixture
def fetched(monkeypatch):
    """The shapes of the values that were copied from the GPU."""
    found: list[tuple[int, ...]] = []
    fetch = Memory.fetch_all

    def counted(self, storages):
        found.extend(s.array.shape for s in storages)
        fetch(self, storages)

    monkeypatch.setattr(Memory, "fetch_all", counted)
    return found


@pytest.fixture
def sent(monkeypatch):
    """The numbers of elements of states that were copied to the GPU."""
    found: list[int] = []
    write = Memory.write

    def counted(self, buffer, values):
        if buffer.kind == "state":
            found.append(buffer.size.offset)
        write(self, buffer, values)

    monkeypatch.setattr(Memory, "write", counted)
    return found


@tw.function(jit_compile=True)
def grow(v, by):
    return v.assign_add(by)


def test_values_stay_there_until_somebody_looks(on_webgpu, fetched, sent):
    v = tw.Variable(np.zeros((3, 2), "float32"))
    by = tw.ops.ones((3, 2))
    f = tw.function(lambda x: tw.ops.sum(v.assign_add(x)), jit_compile=True)
    assert [float(f(by)) for _ in range(3)] == [6, 12, 18]
    assert (fetched, sent) == ([], [6])
    np.testing.assert_array_equal(v, np.full((3, 2), 3.0))
    np.testing.assert_array_equal(v.numpy(), np.full((3, 2), 3.0))
    assert fetched == [(3, 2)]
    f(by)
    assert sent == [6]  # what was only looked at is still there
    v.assign(np.full((3, 2), 10, "float32"))
    assert float(f(by)) == 66
    assert (fetched, sent) == ([(3, 2)], [6, 6])


def test_programs_hand_values_to_each_other_on_the_gpu(on_webgpu, fetched, sent):
    v, w = tw.Variable([1.0, 2.0]), tw.Variable(0.5)
    double = tw.function(lambda: v.assign(v * 2), jit_compile=True)
    total = tw.function(lambda: tw.ops.sum(v) * w, jit_compile=True)
    double()
    assert float(total()) == 3.0
    double()
    double()
    assert float(total()) == 12.0
    assert fetched == []
    assert sent == [2, 1]


def test_devices_change_back_and_forth(monkeypatch, fetched):
    monkeypatch.setenv("THALWEG_COMPILE", "always")
    v = tw.Variable(1.0)
    f = tw.function(lambda x: v.assign(v * 2 + x), jit_compile=True)
    found = []
    for name in ("cpu", "webgpu", "webgpu", "cpu", "webgpu", "cpu", "cpu"):
        with device(name):
            found.append(float(f(1.0)))
    assert found == [3, 7, 15, 31, 63, 127, 255]
    assert len(fetched) == 2


def test_a_model_is_trained_on_both_devices_in_turn(monkeypatch):
    monkeypatch.setenv("THALWEG_COMPILE", "always")
    x, y = points()
    one, both = line(), line()
    for i in range(4):
        one.fit(x, y, epochs=2, verbose=0, batch_size=9, shuffle=False)
        with device("webgpu" if i % 2 == 0 else "cpu"):
            both.fit(x, y, epochs=2, verbose=0, batch_size=9, shuffle=False)
    with device("webgpu"):
        np.testing.assert_allclose(
            both.predict(x, verbose=0), one.predict(x, verbose=0), rtol=1e-4, atol=1e-4
        )
    assert int(both.optimizer.iterations) == int(one.optimizer.iterations) == 8 * 5


def test_what_was_trained_there_is_saved(on_webgpu, tmp_path):
    x, y = points()
    model = line()
    model.fit(x, y, epochs=2, verbose=0)
    model.save(tmp_path / "model.keras")
    expected = model.predict(x, verbose=0)
    with device("cpu"):
        again = tw.models.load_model(tmp_path / "model.keras")
        np.testing.assert_allclose(again.predict(x, verbose=0), expected, rtol=1e-5)
        again.fit(x, y, epochs=1, verbose=0, shuffle=False)
    model.fit(x, y, epochs=1, verbose=0, shuffle=False)
    for a, b in zip(model.get_weights(), again.get_weights(), strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize(
    "copied", [copy.deepcopy, lambda v: pickle.loads(pickle.dumps(v))], ids=["copy", "pickle"]
)
def test_copies_take_the_value_along(on_webgpu, copied):
    v = tw.Variable([1.0, 2.0])
    double = tw.function(lambda: v.assign(v * 2), jit_compile=True)
    double()
    other = copied(v)
    double()
    assert (other.numpy().tolist(), v.numpy().tolist()) == ([2, 4], [4, 8])


def test_values_outlive_the_program_that_wrote_them(on_webgpu):
    v = tw.Variable([1.0, 2.0])
    double = tw.function(lambda: v.assign(v * 2), jit_compile=True)
    double()
    del double
    gc.collect()
    assert v.numpy().tolist() == [2, 4]


def test_metrics_weights_and_optimizers_are_read_and_set_between_epochs(on_webgpu):
    x, y = points()
    model = line()
    seen = []

    class Look(tw.callbacks.Callback):
        def on_epoch_end(self, epoch, logs=None):
            seen.append(float(self.model.layers[-1].kernel.numpy()[0, 0]))
            if epoch == 1:
                self.model.layers[-1].kernel.assign(np.full((3, 1), 50.0))
                self.model.optimizer.learning_rate = 0.0

    model.fit(x, y, epochs=4, verbose=0, callbacks=[Look()])
    assert seen[0] != seen[1]
    assert seen[2:] == [50, 50]


def test_threads_take_turns(on_webgpu):
    v = tw.Variable(np.zeros(1000, "float32"))
    f = tw.function(lambda x: v.assign_add(x), jit_compile=True)
    look = tw.function(lambda: tw.ops.max(v) - tw.ops.min(v), jit_compile=True)
    one, spread, torn = tw.ops.ones((1000,)), [], []

    def work():
        for _ in range(10):
            f(one)

    def watch():
        for _ in range(10):
            spread.append(float(look()))
            values = v.numpy()
            torn.append(values.max() - values.min())

    threads = [threading.Thread(target=t) for t in (work, watch, work)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    np.testing.assert_array_equal(v, np.full(1000, 20))
    assert set(spread) == set(torn) == {0}


def test_a_step_that_fails_says_why_and_leaves_the_values(on_webgpu):
    v = tw.Variable([3.0, 1.0, 2.0])
    f = tw.function(lambda n: v.assign(tw.ops.cast(n, "float32") + v), jit_compile=True)
    large = np.array([2**40, 0, 0])
    with pytest.raises((TypeError, ValueError), match="int64"):
        f(large)
    assert v.numpy().tolist() == [3, 1, 2]


def test_float64_is_refused_in_one_sentence(on_webgpu):
    f = tw.function(lambda x: x * 2, jit_compile=True)
    with pytest.raises(
        TypeError, match=r"WebGPU has no float64, which .* run it on the cpu device"
    ):
        f(np.ones(3))
    with device("cpu"):
        assert f(np.ones(3)).numpy().tolist() == [2, 2, 2]
    with pytest.raises(TypeError, match="WebGPU has no float64"):
        f(np.ones(3))


def test_what_is_not_compiled_runs_here(monkeypatch):
    monkeypatch.setenv("THALWEG_COMPILE", "never")
    x, y = points()
    with device("webgpu"):
        model = line()
        model.fit(x, y, epochs=1, verbose=0)
        assert tw.function(lambda x: x * 2)(np.ones(3)).numpy().tolist() == [2, 2, 2]
    assert all(v._storage is None or v._storage.holder is None for v in model.variables)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system does not fork")
def test_a_child_process_has_the_values_and_no_gpu():
    code = """
import os, thalweg as tw
tw.config.device("webgpu")
v = tw.Variable([1.0, 2.0])
double = tw.function(lambda: v.assign(v * 2), jit_compile=True)
double()
child = os.fork()
if child == 0:
    print(v.numpy().tolist(), flush=True)
    try:
        double()
    except RuntimeError as error:
        print(error, flush=True)
    tw.config.device("cpu")
    print(double().numpy().tolist(), flush=True)
    os._exit(0)
os.waitpid(child, 0)
print(double().numpy().tolist())
"""
    found = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True
    )
    values, refused, there, here = found.stdout.splitlines()
    assert (values, there, here) == ("[2.0, 4.0]", "[4.0, 8.0]", "[4.0, 8.0]")
    assert refused.startswith("A forked process cannot use the GPU")


def test_data_may_change_between_trainings(on_webgpu):
    x, y = points()
    model = line()
    model.optimizer.learning_rate = 0.0
    first = model.fit(x, y, epochs=2, verbose=0).history["loss"]
    y += 100
    second = model.fit(x, y, epochs=2, verbose=0).history["loss"]
    assert min(second) > 50 * max(first)
