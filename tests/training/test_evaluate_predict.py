"""evaluate and predict: exact over all samples, in the structure of the outputs."""

from __future__ import annotations

import numpy as np
import pytest

import thalweg as tw
from tests.training.models import linear, snapshot, two_by_two

random = np.random.default_rng(3)
X = random.normal(size=(50, 2)).astype("float32")
Y = X.sum(axis=1, keepdims=True)
B = X[:, [0, 1, 0]]


@pytest.mark.parametrize("batch_size", [None, 1, 7, 50, 1000])
def test_evaluate_counts_each_sample_once(batch_size):
    model = linear(metrics=["mae"])
    error = model.get_weights()[0][:, 0] @ X.T + 0.5 - Y[:, 0]
    loss, mae = model.evaluate(X, Y, batch_size=batch_size, verbose=0)
    assert loss == pytest.approx(np.mean(error**2), rel=1e-5)
    assert mae == pytest.approx(np.mean(np.abs(error)), rel=1e-5)
    assert type(loss) is float


def test_evaluate_changes_nothing_but_metrics():
    model = tw.Sequential(
        [
            tw.Input((2,)),
            tw.layers.BatchNormalization(),
            tw.layers.Dropout(0.5),
            tw.layers.Dense(1),
        ]
    )
    model.compile("adam", "mse")
    before = [np.array(v.numpy()) for v in model.variables]
    first = model.evaluate(X, Y, verbose=0)
    assert first == model.evaluate(X, Y, verbose=0)
    for v, value in zip(model.variables, before, strict=True):
        np.testing.assert_array_equal(v, value)


def test_what_evaluate_returns():
    assert type(linear().evaluate(X, Y, verbose=0)) is float
    model = linear(metrics=["mae"])
    listed = model.evaluate(X, Y, verbose=0)
    assert model.evaluate(X, Y, verbose=0, return_dict=True) == dict(
        zip(["loss", "mae"], listed, strict=True)
    )


def test_steps():
    model = linear()
    assert model.evaluate(X, Y, batch_size=10, steps=2, verbose=0) == pytest.approx(
        model.evaluate(X[:20], Y[:20], verbose=0)
    )
    assert model.predict(X, batch_size=10, steps=3, verbose=0).shape == (30, 1)


@pytest.mark.parametrize("batch_size", [None, 1, 7, 50, 1000])
def test_predict_joins_the_batches(batch_size):
    model = linear()
    found = model.predict(X, batch_size=batch_size, verbose=0)
    np.testing.assert_allclose(
        found, X @ model.get_weights()[0] + model.get_weights()[1], rtol=1e-5
    )
    assert type(found) is np.ndarray
    assert found.flags.writeable


def test_predict_of_several_outputs():
    model = two_by_two()
    found = model.predict([X, B], batch_size=20, verbose=0)
    assert isinstance(found, list)
    assert [f.shape for f in found] == [(50, 1), (50, 3)]
    named = model.predict({"a": X, "b": B}, verbose=0)
    np.testing.assert_allclose(found[1], named[1], rtol=1e-5)


def test_predict_in_the_structure_of_the_model():
    class Net(tw.Model):
        def call(self, x):
            return {"double": x * 2, "pair": (x, [x + 1])}

    found = Net().predict(X, batch_size=8, verbose=0)
    np.testing.assert_array_equal(found["double"], X * 2)
    assert isinstance(found["pair"], tuple)
    np.testing.assert_array_equal(found["pair"][1][0], X + 1)


def test_predict_from_batches_ignores_the_targets():
    model = linear()
    stream = ((X[i : i + 20], Y[i : i + 20]) for i in range(0, 50, 20))
    np.testing.assert_allclose(
        model.predict(stream, verbose=0), model.predict(X, verbose=0), rtol=1e-5
    )


def test_predict_passes_nan_on():
    x = X.copy()
    x[3, 0] = np.nan
    found = linear().predict(x, verbose=0)
    assert np.isnan(found[:, 0]).tolist() == [i == 3 for i in range(50)]


def test_predict_changes_nothing():
    model = linear()
    model.fit(X, Y, verbose=0)
    before = snapshot(model)
    model.predict(X, verbose=0)
    after = snapshot(model)
    for a, b in zip(after["values"], before["values"], strict=True):
        np.testing.assert_array_equal(a, b)


def test_callbacks_of_evaluate_and_predict():
    seen = []

    class Note(tw.callbacks.Callback):
        def on_test_begin(self, logs=None):
            seen.append("begin")

        def on_test_batch_end(self, batch, logs=None):
            seen.append((batch, list(logs)))
            if batch == 1:
                self.model.stop_evaluating = True

        def on_test_end(self, logs=None):
            seen.append(list(logs))

        def on_predict_batch_end(self, batch, logs=None):
            seen.append(logs["outputs"].shape)
            if batch == 1:
                self.model.stop_predicting = True

    model = linear()
    model.evaluate(X, Y, batch_size=20, callbacks=[Note()], verbose=0)
    assert seen == ["begin", (0, ["loss"]), (1, ["loss"]), ["loss"]]
    seen.clear()
    assert model.predict(X, batch_size=20, callbacks=Note(), verbose=0).shape == (40, 1)
    assert seen == [(20, 1), (20, 1)]
