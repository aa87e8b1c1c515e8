"""find_learning_rate: what it records, and that it leaves everything as it was."""

from __future__ import annotations

import random as python_random

import numpy as np
import pytest

import thalweg as tw
from thalweg.random.seed import global_seed_generator
from thalweg.viz.rate import find as find_module

RNG = np.random.default_rng(3)
X = RNG.standard_normal((100, 5)).astype("f4")
Y = (X @ RNG.standard_normal((5, 3))).argmax(axis=1).astype("i4")


class Batches:
    """The same batches each time it is iterated."""

    def __iter__(self):
        for i in range(0, 100, 20):
            yield X[i : i + 20], Y[i : i + 20]


def network(optimizer, build=True, **compiled):
    """With all kinds of state: weights, statistics, a random generator."""
    layers = [
        tw.layers.Dense(16, activation="relu"),
        tw.layers.BatchNormalization(),
        tw.layers.Dropout(0.2),
        tw.layers.Dense(3),
    ]
    model = tw.Sequential([tw.Input((5,)), *layers] if build else layers)
    loss = tw.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(optimizer, loss, metrics=["accuracy"], **compiled)
    return model


OPTIMIZERS = {
    "sgd": lambda: tw.optimizers.SGD(0.05, momentum=0.9),
    "adam": lambda: tw.optimizers.Adam(0.01, use_ema=True, weight_decay=1e-3),
    "schedule": lambda: tw.optimizers.SGD(
        tw.optimizers.schedules.ExponentialDecay(0.1, 10, 0.5),
        momentum=tw.optimizers.schedules.OneCycleMomentum(100),
    ),
    "accumulating": lambda: tw.optimizers.Adam(0.01, gradient_accumulation_steps=2),
}


def state_of(model):
    """All that a search must not change, with values as bytes."""
    optimizer = model.optimizer
    variables = [*model.variables, *optimizer.variables]
    variables += [v for metric in model.metrics for v in metric.variables]
    return {
        "values": [(v.path, v.numpy().tobytes()) for v in variables],
        "identities": [id(v) for v in variables],
        "optimizer": (id(optimizer), optimizer.built, id(optimizer._learning_rate)),
        "attributes": {name: id(value) for name, value in vars(model).items()},
        "metrics": model.metrics_names,
    }


def of_randomness():
    seed = global_seed_generator()
    return (
        seed.seed,
        seed.state.numpy().tobytes(),
        python_random.getstate(),
        [np.asarray(part).tobytes() for part in np.random.get_state()],
        tw.random.SeedGenerator().seed,
    )


def search(model, data=(X, Y), **options):
    options = {"steps": 60, "batch_size": 32, "verbose": 0, **options}
    return tw.viz.find_learning_rate(model, *data, **options)


@pytest.mark.parametrize("trained", [False, True], ids=["fresh", "trained"])
@pytest.mark.parametrize("name", OPTIMIZERS)
def test_everything_is_as_it_was(name, trained):
    def prepared():
        tw.set_random_seed(1)
        model = network(OPTIMIZERS[name]())
        if trained:
            model.fit(X, Y, epochs=1, verbose=0)
        return model

    plain, searched = prepared(), prepared()
    tw.set_random_seed(7)
    before = state_of(searched)
    search(searched)
    assert state_of(searched) == before
    assert searched.optimizer.built == trained
    after = of_randomness()
    tw.set_random_seed(7)
    assert of_randomness() == after

    tw.set_random_seed(9)
    one = plain.fit(X, Y, epochs=3, verbose=0).history
    tw.set_random_seed(9)
    other = searched.fit(X, Y, epochs=3, verbose=0).history
    assert one == other


@pytest.mark.parametrize("data", [(X, Y), (Batches(),)], ids=["arrays", "batches"])
@pytest.mark.parametrize("jit", ["auto", False, True])
def test_losses_do_not_depend_on_how_steps_run(jit, data):
    def losses(**compiled):
        tw.set_random_seed(2)
        return search(network("adam", **compiled), data).numbers.losses

    expected, found = losses(run_eagerly=True), losses(jit_compile=jit)
    # Where the loss diverges, differences of the last bit become large.
    np.testing.assert_allclose(found[:40], expected[:40], rtol=2e-4)


def test_an_unbuilt_model_gets_the_weights_that_fit_would_give_it():
    tw.set_random_seed(4)
    plain = network("adam", build=False)
    one = plain.fit(X, Y, epochs=2, verbose=0).history
    tw.set_random_seed(4)
    searched = network("adam", build=False)
    search(searched)
    assert searched.fit(X, Y, epochs=2, verbose=0).history == one


def test_the_losses_are_those_of_a_loop_by_hand():
    tw.set_random_seed(5)
    model = tw.Sequential(
        [tw.Input((5,)), tw.layers.Dense(8, activation="tanh"), tw.layers.Dense(1)]
    )
    model.compile(tw.optimizers.SGD(0.3, momentum=0.9), "mse")
    target = X @ np.arange(5, dtype="f4")[:, np.newaxis]
    found = search(model, (X, target), shuffle=False, steps=50, highest=0.1).numbers

    weights = [tw.Variable(v) for v in model.trainable_weights]
    speeds = [np.zeros(v.shape, "f4") for v in weights]
    losses = []
    for step, rate in enumerate(found.rates.astype("f4")):
        rows = slice(step % 4 * 32, step % 4 * 32 + 32)  # 32, 32, 32 and 4 of 100 rows
        with tw.GradientTape() as tape:
            hidden = tw.tanh(X[rows] @ weights[0] + weights[1])
            loss = tw.reduce_mean(tw.square(hidden @ weights[2] + weights[3] - target[rows]))
        losses.append(float(loss))
        for i, gradient in enumerate(tape.gradient(loss, weights)):
            speeds[i] = 0.9 * speeds[i] - rate * gradient.numpy()
            weights[i].assign_add(speeds[i])
    np.testing.assert_allclose(found.losses, losses, rtol=1e-4)


@pytest.mark.parametrize("curvature", [0.5, 4.0])
def test_on_a_bowl_the_losses_are_the_closed_form_and_grow_where_theory_says(curvature):
    # The mean of square(x @ w) is curvature / 2 * sum(square(w)) for these rows.
    x = np.tile(np.array([[1, 1], [1, -1]], "f4"), (8, 1)) * np.float32(np.sqrt(curvature / 2))
    model = tw.Sequential([tw.Input((2,)), tw.layers.Dense(1, use_bias=False)])
    start = np.array([3.0, -1.0])
    model.set_weights([start[:, np.newaxis].astype("f4")])
    model.compile("sgd", "mse")
    found = search(model, (x, np.zeros((16, 1), "f4")), steps=300, batch_size=16).numbers

    shrinks = np.concatenate([[1.0], np.cumprod(1 - found.rates * curvature)[:-1]])
    closed = curvature / 2 * np.sum(start**2) * shrinks**2
    np.testing.assert_allclose(found.losses, closed, rtol=1e-2, atol=1e-12)
    limit = 2 / curvature
    grows = found.rates[np.flatnonzero(np.diff(found.losses) > 0)[0]]
    assert grows == pytest.approx(limit, rel=0.07)  # which is a step
    assert found.steepest < 1 / curvature < found.minimum
    assert 0.02 * limit < found.suggestion < limit


class Custom(tw.Sequential):
    """Its own step, with a metric and a second optimizer of its own."""

    def __init__(self, layers, says):
        super().__init__(layers)
        self.says = says
        self.mine = tw.metrics.Mean(name="mine")
        self.other = tw.optimizers.SGD(0.1)

    def train_step(self, data):
        x, y = data
        with tw.GradientTape() as tape:
            loss = tw.reduce_mean(tw.square(self(x, training=True) - y))
        gradients = tape.gradient(loss, self.trainable_weights)
        self.optimizer.apply_gradients(zip(gradients, self.trainable_weights, strict=True))
        self.mine.update_state(loss)
        return {self.says: self.mine.result()}


def test_a_training_step_of_the_users_own():
    target = X @ np.ones((5, 1), "f4")
    model = Custom([tw.Input((5,)), tw.layers.Dense(1)], "loss")
    model.compile("sgd")
    before = state_of(model)
    found = search(model, (X, target)).numbers
    assert state_of(model) == before
    start = np.mean((model.predict(X, verbose=0) - target) ** 2)
    assert found.losses[:4].mean() == pytest.approx(start, rel=0.3)

    model = Custom([tw.Input((5,)), tw.layers.Dense(1)], "error")
    model.compile("sgd")
    with pytest.raises(ValueError, match=r"train_step\(\) of model .* got the names \['error'\]"):
        search(model, (X, target))


class Stop(BaseException):
    """As Ctrl-C."""


def test_after_an_interruption_everything_is_as_it_was(monkeypatch):
    tw.set_random_seed(6)
    model = network("adam")
    before, randomness = state_of(model), of_randomness()
    tw.set_random_seed(6)
    network("adam")

    def stop(losses, *_):
        if len(losses) > 5:
            raise Stop

    monkeypatch.setattr(find_module, "divergence", stop)
    with pytest.raises(Stop):
        search(model)
    assert state_of(model) == before
    assert of_randomness() == randomness


def test_weights_of_classes_and_samples_count():
    weights = np.where(Y == 0, 3.0, 1.0).astype("f4")
    found = []
    for options in ({"class_weight": {0: 3.0}}, {"sample_weight": weights}, {}):
        tw.set_random_seed(8)
        found.append(search(network("sgd"), **options).numbers.losses[:20])
    np.testing.assert_allclose(found[0], found[1], rtol=1e-6)
    assert found[0].mean() > 1.2 * found[2].mean()


def test_the_line_stays_if_it_is_wanted(capsys):
    search(network("sgd"), verbose=1)
    assert "Learning rates" in capsys.readouterr().out
    search(network("sgd"), verbose="auto")
    assert capsys.readouterr().out == ""


BAD = [
    ({"lowest": 1.0, "highest": 0.1}, "lowest must be less than highest, got lowest=1.0 and"),
    ({"lowest": 0}, "lowest must be a number > 0, got 0"),
    ({"highest": float("inf")}, "highest must be a number > 0, got inf"),
    ({"steps": 10}, "steps must be at least 30, got 10"),
    ({"steps": 10.5}, "steps must be a positive whole number, got 10.5"),
    ({"smoothing": -1}, "smoothing must be a number > 0, got -1"),
    ({"stop_factor": 1.0}, "stop_factor must be > 1, got 1.0"),
    ({"verbose": 5}, "verbose must be 0, 1, 2 or 'auto', got 5"),
    ({"class_weight": {7: 2.0}}, "class_weight"),
]


@pytest.mark.parametrize(("options", "message"), BAD)
def test_bad_arguments(options, message):
    with pytest.raises(ValueError, match=message):
        search(network("sgd"), **options)


def test_bad_models_and_data():
    with pytest.raises(ValueError, match="model must be a compiled Model, got a str"):
        search("model")
    plain = tw.Sequential([tw.Input((5,)), tw.layers.Dense(3)], name="plain")
    with pytest.raises(ValueError, match=r"'plain' is not compiled: .* before find_learning_rate"):
        search(plain)
    plain.compile(None, "mse")
    with pytest.raises(ValueError, match="'plain' was compiled without an optimizer"):
        search(plain)
    with pytest.raises(ValueError, match="x must be an array"):
        search(network("sgd"), (None,))
    with pytest.raises(ValueError, match="data ended after 5 batches, 60 steps"):
        search(network("sgd"), (iter(Batches()),))
    broken = network("sgd")
    broken.set_weights([np.full(w.shape, np.nan) for w in broken.get_weights()])
    with pytest.raises(ValueError, match="is nan in the first batch, before any step was taken"):
        search(broken)
