"""fit: its numbers against NumPy by hand, its order of samples, what it returns."""

from __future__ import annotations

import math

import numpy as np
import pytest

import thalweg as tw
from tests.training.models import classifier, linear, two_by_two

random = np.random.default_rng(3)
X = random.normal(size=(10, 2)).astype("float32")
Y = (X @ [2.0, -1.0] + 0.3).astype("float32")[:, np.newaxis]


def by_hand(x, y, epochs, batch_size, weights=None, rate=0.05):
    """Mini-batch gradient descent of a line in float64: losses of the epochs, kernel and bias."""
    w, b = 0.1 * np.arange(1, x.shape[1] + 1)[:, np.newaxis], 0.5
    weights = np.ones(len(x)) if weights is None else weights
    history = []
    for _ in range(epochs):
        total = 0.0
        for i in range(0, len(x), batch_size):
            xb, yb, sb = (a[i : i + batch_size] for a in (x, y, weights))
            error = (xb @ w + b - yb)[:, 0]
            loss = np.mean(sb * error**2)
            total += loss * len(xb)
            gradient = 2 * sb * error / len(xb)
            w = w - rate * (xb.T @ gradient)[:, np.newaxis]
            b = b - rate * gradient.sum()
        history.append(total / len(x))
    return history, w, b


@pytest.mark.parametrize("batch_size", [1, 3, 10, 64])
def test_numbers_of_three_epochs(batch_size):
    model = linear()
    history = model.fit(X, Y, batch_size=batch_size, epochs=3, shuffle=False, verbose=0)
    losses, w, b = by_hand(X, Y, 3, batch_size)
    np.testing.assert_allclose(history.history["loss"], losses, rtol=1e-5)
    np.testing.assert_allclose(model.get_weights()[0], w, rtol=1e-5)
    np.testing.assert_allclose(model.get_weights()[1], [b], rtol=1e-5)
    assert history.epoch == [0, 1, 2]
    assert history.params == {"verbose": 0, "epochs": 3, "steps": math.ceil(10 / batch_size)}
    assert model.history is history
    assert all(type(v) is float for v in history.history["loss"])
    assert int(model.optimizer.iterations) == 3 * math.ceil(10 / batch_size)


def test_sample_weights_by_hand():
    weights = np.array([0.0, 1, 2, 0.5, 1, 1, 3, 0, 1, 1])
    model = linear()
    found = model.fit(
        X, Y, sample_weight=weights, batch_size=4, epochs=2, shuffle=False, verbose=0
    ).history["loss"]
    np.testing.assert_allclose(found, by_hand(X, Y, 2, 4, weights)[0], rtol=1e-5)


def test_class_weights_are_sample_weights():
    labels = np.array([0, 1, 2, 0, 1, 2, 0, 1, 2, 0])
    per_sample = np.array([1.0, 5.0, 1.0])[labels]
    results = []
    start = classifier().get_weights()
    for targets, loss, extra in (
        (labels, "sparse_categorical_crossentropy", {"class_weight": {1: 5.0}}),
        (labels[:, np.newaxis], "sparse_categorical_crossentropy", {"class_weight": {1: 5}}),
        (np.eye(3)[labels], "categorical_crossentropy", {"class_weight": {1: 5.0, 0: 1.0}}),
        (labels, "sparse_categorical_crossentropy", {"sample_weight": per_sample}),
    ):
        model = classifier(loss=loss)
        model.set_weights(start)
        results.append(model.fit(X, targets, epochs=2, shuffle=False, verbose=0, **extra).history)
    for other in results[1:]:
        assert other["loss"] == pytest.approx(results[0]["loss"], rel=1e-6)


def test_validation_split_takes_the_last_samples_before_shuffling():
    model = linear(metrics=["mae"])
    history = model.fit(X, Y, validation_split=0.25, epochs=1, batch_size=2, verbose=0).history
    # floor(10 * 0.75) = 7 samples train.
    loss, mae = model.evaluate(X[7:], Y[7:], verbose=0)
    assert history["val_loss"] == [loss]
    assert history["val_mae"] == [mae]
    other = linear()
    other.fit(X[:7], Y[:7], epochs=1, batch_size=7, shuffle=False, verbose=0)
    same = linear()
    same.fit(X, Y, validation_split=0.25, epochs=1, batch_size=7, verbose=0)
    np.testing.assert_allclose(same.get_weights()[0], other.get_weights()[0], rtol=1e-5)


@pytest.mark.parametrize(
    "data",
    [
        (X[:4], Y[:4]),
        [X[:4], Y[:4]],
        (X[:4], Y[:4], np.ones(4)),
        lambda: iter([(X[:3], Y[:3]), (X[3:4], Y[3:4])]),
    ],
)
def test_validation_data_in_all_forms(data):
    model = linear()
    given = data() if callable(data) else data
    history = model.fit(X, Y, validation_data=given, epochs=1, verbose=0).history
    assert history["val_loss"] == pytest.approx([model.evaluate(X[:4], Y[:4], verbose=0)])


def test_validation_frequency_steps_and_batch_size():
    seen = []

    class Note(tw.callbacks.Callback):
        def on_test_batch_end(self, batch, logs=None):
            seen.append(batch)

    model = linear()
    history = model.fit(
        X,
        Y,
        epochs=4,
        validation_data=(X, Y),
        validation_freq=2,
        validation_batch_size=2,
        validation_steps=3,
        callbacks=[Note()],
        verbose=0,
    ).history
    assert len(history["loss"]) == 4
    assert len(history["val_loss"]) == 2
    assert seen == [0, 1, 2] * 2
    listed = (
        linear()
        .fit(X, Y, epochs=5, validation_data=(X, Y), validation_freq=[1, 4], verbose=0)
        .history
    )
    assert len(listed["val_loss"]) == 2


def test_the_same_seed_gives_the_same_numbers():
    def run(seed):
        tw.set_random_seed(seed)
        model = tw.Sequential(
            [tw.Input((2,)), tw.layers.Dense(4, "relu"), tw.layers.Dropout(0.5), tw.layers.Dense(1)]
        )
        model.compile("adam", "mse")
        history = model.fit(X, Y, batch_size=3, epochs=3, verbose=0).history
        return history, model.get_weights(), model.predict(X, verbose=0)

    first, second, other = run(7), run(7), run(8)
    assert first[0] == second[0]
    for a, b in zip(first[1], second[1], strict=True):
        np.testing.assert_array_equal(a, b)
    np.testing.assert_array_equal(first[2], second[2])
    assert first[0] != other[0]


def test_each_epoch_has_an_order_of_its_own():
    orders = []

    class Record(tw.Model):
        def train_step(self, data):
            orders[-1].extend(np.asarray(data[0])[:, 0].tolist())
            return {"loss": 0.0}

    model = Record()
    model.compile("sgd", "mse", run_eagerly=True)  # it looks at values
    x = np.arange(50.0)[:, np.newaxis]

    def begin(epoch, logs):
        orders.append([])

    note = tw.callbacks.LambdaCallback(on_epoch_begin=begin)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("thalweg.training.trainer.make_ready", lambda *args, **kwargs: None)
        model.fit(x, x, batch_size=8, epochs=3, callbacks=[note], verbose=0)
        model.fit(x, x, batch_size=8, epochs=1, shuffle=False, callbacks=[note], verbose=0)
    assert all(sorted(order) == list(range(50)) for order in orders)
    assert len({tuple(order) for order in orders}) == 4
    assert orders[3] == list(range(50))


def test_initial_epoch_and_zero_epochs():
    model = linear()
    assert model.fit(X, Y, epochs=5, initial_epoch=3, verbose=0).epoch == [3, 4]
    before = model.get_weights()
    assert model.fit(X, Y, epochs=0, verbose=0).history == {}
    np.testing.assert_array_equal(model.get_weights()[0], before[0])


def test_several_inputs_and_outputs_in_all_structures():
    b = random.normal(size=(10, 3)).astype("float32")
    labels = np.arange(10) % 3
    start = two_by_two().get_weights()
    results = []
    for x, y, compiled in (
        ([X, b], [Y, labels], {}),
        ((X, b), (Y, labels), {}),
        ({"a": X, "b": b}, {"sum": Y, "kind": labels}, {}),
        (
            [X, b],
            {"kind": labels, "sum": Y[:, 0]},
            {"loss": {"kind": "sparse_categorical_crossentropy", "sum": "mse"}},
        ),
    ):
        model = two_by_two(**compiled)
        model.set_weights(start)
        history = model.fit(x, y, epochs=2, batch_size=4, shuffle=False, verbose=0).history
        assert set(history) == {"loss", "sum_loss", "kind_loss"}
        np.testing.assert_allclose(
            history["loss"], np.add(history["sum_loss"], history["kind_loss"]), rtol=1e-5
        )
        results.append(history)
    for other in results[1:]:
        for name, values in results[0].items():
            assert other[name] == pytest.approx(values, rel=1e-6)


def test_loss_weights():
    data = ([X, X[:, [0, 1, 0]]], [Y, np.arange(10) % 3])
    model = two_by_two(loss_weights={"sum": 0.5, "kind": 3.0})
    found = model.evaluate(*data, verbose=0, return_dict=True)
    assert found["loss"] == pytest.approx(0.5 * found["sum_loss"] + 3 * found["kind_loss"])


@pytest.mark.filterwarnings("ignore:Optimizer 'sgd.*there is no gradient")
def test_an_output_without_a_loss():
    model = two_by_two(loss=[None, "sparse_categorical_crossentropy"])
    b = X[:, [0, 1, 0]]
    kernel = model.get_layer("sum").get_weights()[0]
    history = model.fit([X, b], [np.arange(10) % 3], epochs=1, verbose=0).history
    assert list(history) == ["loss"]
    np.testing.assert_array_equal(model.get_layer("sum").get_weights()[0], kernel)


def test_outputs_in_a_dict():
    x = tw.Input((2,))
    model = tw.Model(
        x, {"z": tw.layers.Dense(1, name="first")(x), "q": tw.layers.Dense(2, name="second")(x)}
    )
    model.compile("sgd", {"z": "mse", "q": "mae"}, metrics={"q": ["mse"]})
    history = model.fit(X, {"z": Y, "q": np.ones((10, 2))}, verbose=0).history
    assert set(history) == {"loss", "z_loss", "q_loss", "q_mse"}
    predicted = model.predict(X, verbose=0)
    assert {k: v.shape for k, v in predicted.items()} == {"z": (10, 1), "q": (10, 2)}


def test_regularization_is_part_of_the_loss():
    x = tw.Input((2,))
    dense = tw.layers.Dense(
        1, kernel_regularizer=tw.regularizers.L2(0.1), activity_regularizer="l2"
    )
    model = tw.Model(x, dense(x))
    model.compile("sgd", "mse")
    predicted = model.predict(X, verbose=0)
    kernel = model.get_weights()[0]
    expected = (
        np.mean((predicted - Y) ** 2) + 0.1 * np.sum(kernel**2) + 0.01 * np.sum(predicted**2) / 10
    )
    assert model.evaluate(X, Y, verbose=0) == pytest.approx(expected, rel=1e-5)
    assert model.train_on_batch(X, Y) == pytest.approx(expected, rel=1e-5)


def test_a_loss_from_add_loss_alone():
    class Penalty(tw.layers.Layer):
        def build(self, input_shape):
            self.level = self.add_weight(shape=(), initializer="ones", name="level")

        def call(self, inputs):
            self.add_loss(tw.ops.mean(tw.ops.square(inputs - self.level)))
            return inputs

    model = tw.Sequential([tw.Input((2,)), Penalty()])
    model.compile("sgd")
    losses = model.fit(X, epochs=3, verbose=0).history["loss"]
    assert losses[0] > losses[1] > losses[2]


def test_lists_one_dimensional_data_and_integers():
    model = tw.Sequential([tw.Input((1,)), tw.layers.Dense(1)])
    model.compile("sgd", "mse")
    losses = model.fit([1, 2, 3, 4], [2, 4, 6, 8], epochs=2, verbose=0).history["loss"]
    assert losses[1] < losses[0]


def test_models_that_are_not_built_yet():
    class Net(tw.Model):
        def __init__(self):
            super().__init__()
            self.inner = tw.layers.Dense(3, "relu")
            self.outer = tw.layers.Dense(1)

        def call(self, inputs):
            return self.outer(self.inner(inputs))

    for model in (Net(), tw.Sequential([tw.layers.Dense(3, "relu"), tw.layers.Dense(1)])):
        model.compile("adam", "mse", metrics=["mae"])
        history = model.fit(X, Y, epochs=2, verbose=0).history
        assert len(history["mae"]) == 2
        assert len(model.weights) == 4
        assert model.layers[0].get_build_config() == {"input_shape": (None, 2)}


def test_dropout_is_active_in_fit_also_where_call_takes_no_training():
    class Net(tw.Model):
        def __init__(self):
            super().__init__()
            self.drop = tw.layers.Dropout(0.5, seed=1)

        def call(self, inputs):
            return self.drop(inputs)

    model = Net()
    model.compile("sgd", "mse")
    ones = np.ones((64, 2), "float32")
    with pytest.warns(UserWarning, match="no weights to train"):
        loss = model.fit(ones, ones, verbose=0).history["loss"][0]
    assert loss == pytest.approx(1.0, abs=0.3)  # 0 or 2 instead of 1
    assert model.evaluate(ones, ones, verbose=0) == 0.0


def test_steps_per_execution_only_changes_how_often_callbacks_are_called():
    seen = []

    class Note(tw.callbacks.Callback):
        def on_train_batch_begin(self, batch, logs=None):
            seen.append(batch)

        def on_train_batch_end(self, batch, logs=None):
            seen.append(batch)

    single, several = linear(), linear(steps_per_execution=2)
    expected = single.fit(X, Y, batch_size=2, epochs=2, shuffle=False, verbose=0).history
    found = several.fit(
        X, Y, batch_size=2, epochs=2, shuffle=False, callbacks=[Note()], verbose=0
    ).history
    assert found == expected
    assert seen == [0, 1, 2, 3, 4, 4] * 2


def test_stop_training_in_the_middle_of_an_epoch():
    class Stop(tw.callbacks.Callback):
        def on_train_batch_end(self, batch, logs=None):
            if batch == 1:
                self.model.stop_training = True

    model = linear()
    history = model.fit(X, Y, batch_size=2, epochs=5, callbacks=[Stop()], verbose=0)
    assert history.epoch == [0]
    assert int(model.optimizer.iterations) == 2
    assert model.fit(X, Y, epochs=2, verbose=0).epoch == [0, 1]


@pytest.mark.parametrize("error", [KeyboardInterrupt, RuntimeError])
def test_an_exception_in_a_callback_leaves_a_usable_model(error):
    class Fail(tw.callbacks.Callback):
        def on_train_batch_end(self, batch, logs=None):
            if batch == 1:
                raise error

    model = linear()
    with pytest.raises(error):
        model.fit(X, Y, batch_size=2, callbacks=[Fail()], verbose=0)
    assert int(model.optimizer.iterations) == 2
    losses = model.fit(X, Y, epochs=2, verbose=0).history["loss"]
    assert losses[1] < losses[0]


def test_moving_averages_become_the_weights_at_the_end():
    model = linear(optimizer=tw.optimizers.SGD(0.05, use_ema=True, ema_momentum=0.5))
    plain = linear()
    kernels = []
    note = tw.callbacks.LambdaCallback(
        on_train_batch_end=lambda batch, logs: kernels.append(plain.get_weights()[0])
    )
    plain.fit(X, Y, batch_size=5, shuffle=False, callbacks=[note], verbose=0)
    model.fit(X, Y, batch_size=5, shuffle=False, verbose=0)
    np.testing.assert_allclose(
        model.get_weights()[0], 0.5 * kernels[0] + 0.5 * kernels[1], rtol=1e-5
    )


def test_without_a_step_there_are_no_averages():
    model = linear(optimizer=tw.optimizers.SGD(0.05, use_ema=True))
    before = model.get_weights()[0]

    class Fail(tw.callbacks.Callback):
        def on_train_begin(self, logs=None):
            raise RuntimeError("no")

    with pytest.raises(RuntimeError, match="no"):
        model.fit(X, Y, callbacks=[Fail()], verbose=0)
    model.fit(X, Y, epochs=0, verbose=0)
    np.testing.assert_array_equal(model.get_weights()[0], before)


def test_single_batches():
    model = linear(metrics=["mae"])
    losses, w, _ = by_hand(X, Y, 1, 10)
    found = model.train_on_batch(X, Y)
    assert found[0] == pytest.approx(losses[0], rel=1e-5)
    np.testing.assert_allclose(model.get_weights()[0], w, rtol=1e-5)
    named = model.test_on_batch(X, Y, return_dict=True)
    assert set(named) == {"loss", "mae"}
    assert model.evaluate(X, Y, verbose=0) == pytest.approx(list(named.values()))
    np.testing.assert_array_equal(model.predict_on_batch(X), model.predict(X, verbose=0))


def test_memory_does_not_grow_with_repeated_fits():
    import gc
    import tracemalloc

    model = linear()
    for _ in range(3):
        model.fit(X, Y, verbose=0)
        model.predict(X, verbose=0)
    tracemalloc.start()
    gc.collect()
    before = tracemalloc.get_traced_memory()[0]
    for _ in range(40):
        model.fit(X, Y, verbose=0)
        model.predict(X, verbose=0)
    gc.collect()  # what is left in cycles depends on when the collector last ran
    grown = tracemalloc.get_traced_memory()[0] - before
    tracemalloc.stop()
    assert grown < 100_000
