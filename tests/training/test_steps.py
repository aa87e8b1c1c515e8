"""The steps: pure functions of (state, batch), and what users may override in them."""

from __future__ import annotations

import numpy as np
import pytest

import thalweg as tw
from tests.training.models import linear, two_by_two
from thalweg.primitives import evaluate_graph, trace
from thalweg.tensor.tree import flatten, pack
from thalweg.tracing.state import commit, present_values
from thalweg.training.data_adapter import unpack_x_y_sample_weight
from thalweg.training.data_adapters import adapter_for
from thalweg.training.preparation import make_ready, prepare

random = np.random.default_rng(3)
X = random.normal(size=(10, 2)).astype("float32")
Y = (X @ [2.0, -1.0] + 0.3).astype("float32")[:, np.newaxis]
LABELS = np.arange(10) % 3


def net_with_everything():
    """Batch statistics, dropout, regularizers, metrics, momentum: all kinds of state."""
    model = tw.Sequential(
        [
            tw.Input((2,)),
            tw.layers.Dense(6, "relu", kernel_regularizer="l2"),
            tw.layers.BatchNormalization(),
            tw.layers.Dropout(0.3),
            tw.layers.Dense(3, "softmax"),
        ]
    )
    model.compile(
        tw.optimizers.Adam(0.01, global_clipnorm=1.0, use_ema=True),
        "sparse_categorical_crossentropy",
        metrics=["accuracy", "crossentropy"],
        weighted_metrics=["acc"],
    )
    return model


def traced(step, data):
    """A step as a graph of (state, batch), and its outputs' structure."""
    leaves = flatten(data)
    count = len(step.variables)
    structure = None

    def flat(*tensors):
        nonlocal structure
        outputs, values = step(list(tensors[:count]), pack(data, tensors[count:]))
        structure = outputs
        return [*flatten(outputs), *values]

    graph = trace(flat, [*present_values(step.variables), *leaves])
    return graph, structure


@pytest.mark.parametrize("kind", ["train", "test", "predict"])
def test_a_whole_step_can_be_traced_and_replayed(kind):
    tw.set_random_seed(2)
    model = net_with_everything()
    weights = np.linspace(0.5, 2, 10)
    data = adapter_for(X, LABELS, weights).peek()
    prepare(model, data, training=True)
    make_ready(model, data, training=True)
    step = model._step(kind)
    for _ in range(3):
        graph, structure = traced(step, data)
        known = {id(x) for x in present_values(step.variables)}
        assert not any(id(c) in known for c in graph.captured)
        inputs = [x.numpy() for x in [*present_values(step.variables), *flatten(data)]]
        replayed = evaluate_graph(
            graph, [np.asarray(x) for x in inputs], [np.asarray(c) for c in graph.captured]
        )
        before = [x.numpy().copy() for x in present_values(step.variables)]
        outputs, values = step(present_values(step.variables), data)
        for a, b in zip(replayed, [*flatten(outputs), *values], strict=True):
            np.testing.assert_array_equal(a, b)
        for a, b in zip(present_values(step.variables), before, strict=True):
            np.testing.assert_array_equal(a, b)  # nothing changed yet
        assert structure is not None
        commit(step.variables, values)
    changed = sum(
        not np.array_equal(a, b)
        for a, b in zip(before, [x.numpy() for x in present_values(step.variables)], strict=True)
    )
    assert (changed > 0) == (kind != "predict")


def test_tracing_leaves_no_symbols_behind():
    model = two_by_two()
    b = X[:, [0, 1, 0]]
    model.layers[-1].activity_regularizer = tw.regularizers.L2(0.1)
    data = adapter_for([X, b], [Y, LABELS]).peek()
    prepare(model, data, training=True)
    make_ready(model, data, training=True)
    traced(model._step("train"), data)
    assert model.losses == []
    for v in model.variables:
        assert type(v.value) is tw.Tensor


def test_a_failing_step_leaves_the_model_as_it_was():
    class Fails(tw.Model):
        def __init__(self):
            super().__init__()
            self.dense = tw.layers.Dense(1)
            self.count = tw.Variable(0.0, trainable=False)
            self.fail = False

        def call(self, x):
            return self.dense(x)

        def train_step(self, data):
            logs = super().train_step(data)
            self.count.assign_add(1.0)
            if self.fail:
                raise ZeroDivisionError
            return logs

    model = Fails()
    model.compile("adam", "mse", metrics=["mae"], run_eagerly=True)
    model.fit(X, Y, verbose=0)
    before = [np.array(v.numpy()) for v in model._state_variables()]
    model.fail = True
    with pytest.raises(ZeroDivisionError):
        model._step("train").run(adapter_for(X, Y).peek())
    for v, value in zip(model._state_variables(), before, strict=True):
        np.testing.assert_array_equal(v, value)
    assert float(model.count) == 1.0


class Custom(tw.Model):
    """A training step with a tape, as in the guides of Keras."""

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.loss_tracker = tw.metrics.Mean(name="loss")
        self.mae = tw.metrics.MeanAbsoluteError(name="mae")

    @property
    def metrics(self):
        return [self.loss_tracker, self.mae]

    def train_step(self, data):
        x, y = data
        with tw.GradientTape() as tape:
            y_pred = self(x, training=True)
            loss = tw.ops.mean(tw.ops.square(y_pred - y))
        gradients = tape.gradient(loss, self.trainable_weights)
        self.optimizer.apply_gradients(zip(gradients, self.trainable_weights, strict=True))
        self.loss_tracker.update_state(loss, sample_weight=float(x.shape[0]))
        self.mae.update_state(y, y_pred)
        return {m.name: m.result() for m in self.metrics}


def test_custom_train_step_gives_the_numbers_of_the_usual_one():
    x = tw.Input((2,))
    custom = Custom(x, tw.layers.Dense(1)(x))
    custom.compile(tw.optimizers.SGD(0.05))
    usual = linear(metrics=["mae"])
    custom.set_weights(usual.get_weights())
    found = custom.fit(X, Y, batch_size=4, epochs=3, shuffle=False, verbose=0).history
    expected = usual.fit(X, Y, batch_size=4, epochs=3, shuffle=False, verbose=0).history
    for name in ("loss", "mae"):
        assert found[name] == pytest.approx(expected[name], rel=1e-5)


def test_the_compiled_metrics_in_a_custom_step():
    class WithCompiled(tw.Model):
        def train_step(self, data):
            x, y, _ = unpack_x_y_sample_weight(data)
            with tw.GradientTape() as tape:
                y_pred = self(x, training=True)
                loss = self.compute_loss(y=y, y_pred=y_pred)
            gradients = tape.gradient(loss, self.trainable_weights)
            self.optimizer.apply(gradients, self.trainable_weights)
            for metric in self.metrics:
                if metric.name == "loss":
                    metric.update_state(loss)
                else:
                    metric.update_state(y, y_pred)
            return {m.name: m.result() for m in self.metrics}

    x = tw.Input((2,))
    model = WithCompiled(x, tw.layers.Dense(1)(x))
    model.compile("sgd", "mse", metrics=["mae", "mse"])
    history = model.fit(X, Y, epochs=2, verbose=0).history
    assert set(history) == {"loss", "mae", "mse"}


def test_overridden_compute_loss_and_metrics():
    class Overrides(tw.Sequential):
        def compute_loss(self, x, y, y_pred, sample_weight):  # older: without `training`
            return tw.ops.mean(tw.ops.absolute(y - y_pred)) * 3.0

        def compute_metrics(self, x, y, y_pred, sample_weight=None):
            found = super().compute_metrics(x, y, y_pred, sample_weight)
            return {**found, "largest": tw.ops.max(y_pred)}

    model = Overrides([tw.Input((2,)), tw.layers.Dense(1)])
    model.compile("sgd")
    plain = linear(loss="mae")
    model.set_weights(plain.get_weights())
    found = model.evaluate(X, Y, verbose=0, return_dict=True)
    assert found["loss"] == pytest.approx(3 * plain.evaluate(X, Y, verbose=0), rel=1e-6)
    assert found["largest"] == pytest.approx(float(model.predict(X, verbose=0).max()))
    assert set(model.fit(X, Y, verbose=0).history) == {"loss", "largest"}


def test_overridden_test_and_predict_steps():
    class Overrides(tw.Sequential):
        def test_step(self, data):
            return {"rows": float(data[0].shape[0])}

        def predict_step(self, data):
            return super().predict_step(data) + 100.0

    model = Overrides([tw.Input((2,)), tw.layers.Dense(1)])
    model.compile("sgd", "mse")
    assert model.evaluate(X, Y, verbose=0) == 10.0
    assert (model.predict(X, verbose=0) > 50).all()


def test_a_model_without_a_call_that_trains_two_networks():
    class Adversaries(tw.Model):
        def __init__(self):
            super().__init__()
            self.maker = tw.Sequential([tw.Input((2,)), tw.layers.Dense(2)])
            self.judge = tw.Sequential([tw.Input((2,)), tw.layers.Dense(1)])
            self.maker_loss = tw.metrics.Mean(name="maker")
            self.judge_loss = tw.metrics.Mean(name="judge")
            self.seeds = tw.random.SeedGenerator(3)

        def compile(self, maker_optimizer, judge_optimizer):
            super().compile()
            self.maker_optimizer = maker_optimizer
            self.judge_optimizer = judge_optimizer

        @property
        def metrics(self):
            return [self.maker_loss, self.judge_loss]

        def train_step(self, real):
            noise = tw.random.normal((real.shape[0], 2), seed=self.seeds)
            with tw.GradientTape() as tape:
                scores = self.judge(self.maker(noise)), self.judge(real)
                loss = tw.ops.mean(scores[0]) - tw.ops.mean(scores[1])
            weights = self.judge.trainable_weights
            self.judge_optimizer.apply_gradients(
                zip(tape.gradient(loss, weights), weights, strict=True)
            )
            self.judge_loss.update_state(loss)
            with tw.GradientTape() as tape:
                loss = -tw.ops.mean(self.judge(self.maker(noise)))
            weights = self.maker.trainable_weights
            self.maker_optimizer.apply_gradients(
                zip(tape.gradient(loss, weights), weights, strict=True)
            )
            self.maker_loss.update_state(loss)
            return {"maker": self.maker_loss.result(), "judge": self.judge_loss.result()}

    model = Adversaries()
    model.compile(tw.optimizers.Adam(0.01), tw.optimizers.RMSprop(0.01))
    before = [np.array(w) for w in model.get_weights()]
    # The bias of the judge cancels out in its loss.
    history = model.fit(X, epochs=2, batch_size=5, verbose=0).history
    assert set(history) == {"maker", "judge"}
    assert history["judge"][1] != history["judge"][0]
    assert int(model.maker_optimizer.iterations) == 4
    assert model.seeds.state.numpy()[1] == 4
    assert not np.array_equal(before[0], model.get_weights()[0])


def test_a_variable_that_is_no_part_of_the_model_cannot_be_changed_in_a_step():
    stray = tw.Variable(0.0, name="stray")

    class Strays(tw.Sequential):
        def train_step(self, data):
            stray.assign_add(1.0)
            return super().train_step(data)

    model = Strays([tw.Input((2,)), tw.layers.Dense(1)])
    model.compile("sgd", "mse")
    before = model.get_weights()
    with pytest.raises(RuntimeError, match="'stray' is assigned in a step but does not belong"):
        model.fit(X, Y, verbose=0)
    assert float(stray) == 0.0
    np.testing.assert_array_equal(model.get_weights()[0], before[0])


def test_freezing_after_compile_holds_for_the_next_fit():
    model = tw.Sequential(
        [tw.Input((2,)), tw.layers.Dense(3, name="first"), tw.layers.Dense(1, name="last")]
    )
    model.compile("adam", "mse")
    model.fit(X, Y, verbose=0)
    model.get_layer("first").trainable = False
    before = model.get_weights()
    model.fit(X, Y, verbose=0)
    after = model.get_weights()
    np.testing.assert_array_equal(before[0], after[0])
    assert not np.array_equal(before[2], after[2])
