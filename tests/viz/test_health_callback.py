"""GradientHealth: measures when it should, and training is what it is without."""

import numpy as np
import pytest

import thalweg as tw
from thalweg import layers
from thalweg.callbacks import GradientHealth
from thalweg.viz import Probe

RNG = np.random.default_rng(5)
X = RNG.normal(size=(64, 3)).astype("float32")
Y = X.sum(axis=1, keepdims=True)


def network(**options):
    tw.random.set_seed(2)
    model = tw.Sequential(
        [tw.Input((3,)), layers.Dense(6, "relu"), layers.Dropout(0.2), layers.Dense(1)]
    )
    model.compile("adam", "mse", **options)
    return model


def fitted(health=None, epochs=3, **options):
    model = network(**options)
    tw.random.set_seed(3)
    callbacks = [] if health is None else [health]
    history = model.fit(X, Y, batch_size=16, epochs=epochs, callbacks=callbacks, verbose=0)
    return model, history.history


def steps(health):
    return [found.step for found in health.history]


@pytest.mark.parametrize(
    ("every", "expected"),
    [("epoch", [0, 4, 8, 12]), (1, list(range(13))), (5, [0, 5, 10, 12]), (1e-9, None)],
)
def test_training_is_the_same_and_measured_in_time(every, expected):
    plain, without = fitted()
    health = GradientHealth(every)
    model, found = fitted(health)
    assert found == without
    assert all(map(np.array_equal, model.get_weights(), plain.get_weights()))
    if expected is None:  # how many batches go by between two looks depends on the machine
        assert steps(health)[0] == 0
        assert steps(health)[-1] == 12
    else:
        assert steps(health) == expected


def test_steps_that_run_together_are_counted():
    health = GradientHealth(3)
    fitted(health, steps_per_execution=2)
    assert steps(health) == [0, 4, 6, 10, 12]


def test_only_who_asks_for_batches_or_epochs_hears_of_each():
    asked = [GradientHealth(every) for every in ("epoch", 5, 5.0)]
    assert [one.wants_batches("train") for one in asked] == [False, True, False]
    assert [one.wants_epochs() for one in asked] == [True, False, False]
    assert not asked[1].wants_batches("test")


def test_seconds_pass_between_measurements():
    health = GradientHealth(1000.0)
    fitted(health)
    assert steps(health) == [0, 12]


def test_it_measures_on_the_first_batch_or_on_what_it_is_given():
    first, own = GradientHealth(), GradientHealth(x=X[40:], y=Y[40:])
    model = network()
    model.fit(X, Y, batch_size=16, epochs=1, callbacks=[first, own], verbose=0)
    assert [found.samples for found in (*first.history, *own.history)] == [16, 16, 24, 24]
    probe = Probe(model)
    assert first.history[-1].as_json() == probe(X[:16], Y[:16]).as_json()
    assert own.history[-1].as_json() == probe(X[40:], Y[40:]).as_json()


class Batches:
    def __iter__(self):
        yield X[:16], Y[:16]
        yield X[16:40], Y[16:40]


def test_batches_that_are_yielded():
    health = GradientHealth()
    model = network()
    model.fit(Batches(), epochs=2, callbacks=[health], verbose=0)
    assert [(found.step, found.samples) for found in health.history] == [(0, 16), (2, 16), (4, 16)]


def test_each_fit_begins_anew():
    health = GradientHealth()
    model = network()
    for _ in range(2):
        model.fit(X, Y, batch_size=16, epochs=1, callbacks=[health], verbose=0)
    assert steps(health) == [4, 8]


def test_plot():
    health = GradientHealth()
    fitted(health)
    plot = health.plot("updates")
    assert plot.numbers["updates"].steps.tolist() == [0, 4, 8, 12]


@pytest.mark.parametrize("every", [0, -1, 0.0, "batch", None, True])
def test_wrong_intervals(every):
    with pytest.raises(ValueError, match="every must be 'epoch', a whole number of batches"):
        GradientHealth(every)


def test_targets_without_inputs():
    with pytest.raises(ValueError, match="y and sample_weight need x"):
        GradientHealth(y=Y)
