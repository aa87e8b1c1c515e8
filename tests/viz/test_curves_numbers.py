"""Training curves as numbers: what was recorded, best epochs, smoothing, thinning, scales."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import thalweg as tw
from thalweg import metrics
from thalweg.viz.curves.direction import better
from thalweg.viz.curves.reading import read_curves
from thalweg.viz.curves.scale import asks_for_log, tick_labels, ticks
from thalweg.viz.curves.smoothing import smooth, thinned

LOG = {"loss": [3.0, 2.0, 1.0], "val_loss": [4.0, 1.5, 2.5], "accuracy": [0.1, 0.9, 0.8]}


def fitted(**arguments):
    tw.set_random_seed(1)
    model = tw.Sequential([tw.Input((2,)), tw.layers.Dense(1)])
    model.compile(tw.optimizers.SGD(0.05), "mse", metrics=["mae"])
    x = np.random.default_rng(0).normal(size=(32, 2)).astype("float32")
    y = x @ np.array([[1.0], [-2.0]], "float32")
    return model.fit(x, y, verbose=0, **arguments)


# --- what was recorded ----------------------------------------------------------------------------


def test_curves_are_those_of_the_history():
    history = fitted(epochs=5, validation_split=0.25)
    plot = history.plot()
    assert [c.metric for c in plot.numbers.curves] == list(history.history)
    for name, values in history.history.items():
        curve = plot.numbers[name]
        assert curve.values.tolist() == values
        assert curve.epochs.tolist() == [1, 2, 3, 4, 5]
        assert curve.best_value == min(values)
        assert values[curve.best_epoch - 1] == min(values)


def test_epochs_go_on_where_training_did():
    history = fitted(epochs=7, initial_epoch=4)
    assert read_curves("f", history)["loss"].epochs.tolist() == [5, 6, 7]


def test_a_validation_now_and_then_stands_at_its_epochs():
    history = fitted(epochs=7, validation_split=0.25, validation_freq=[2, 3, 7])
    curves = read_curves("f", history)
    assert curves["val_loss"].epochs.tolist() == [2, 3, 7]
    assert curves["loss"].epochs.tolist() == list(range(1, 8))


def test_a_history_used_twice_counts_on():
    history = tw.callbacks.History()
    fitted(epochs=2, callbacks=[history])
    fitted(epochs=3, callbacks=[history])
    assert read_curves("f", history)["loss"].epochs.tolist() == [1, 2, 3, 4, 5]


def test_shorter_lists_are_spread_over_the_epochs():
    curves = read_curves("f", {"loss": [4, 3, 2, 1], "val_loss": [2, 1]})
    assert curves["val_loss"].epochs.tolist() == [2, 4]


def test_the_learning_rate_comes_with_its_callback():
    halve = tw.callbacks.LearningRateScheduler(lambda epoch, rate: 0.1 * 0.5**epoch)
    rate = read_curves("f", fitted(epochs=3, callbacks=[halve]))["learning_rate"]
    np.testing.assert_allclose(rate.values, [0.1, 0.05, 0.025], rtol=1e-6)
    assert rate.best is None


def test_several_runs_and_chosen_metrics():
    curves = read_curves("f", {"a": LOG, "b": {"loss": [1.0]}}, ["loss"])
    assert curves.runs == ("a", "b")
    assert [(c.run, c.metric) for c in curves.curves] == [
        ("a", "loss"),
        ("a", "val_loss"),
        ("b", "loss"),
    ]
    assert curves["a", "val_loss"].best_epoch == 2
    with pytest.raises(KeyError):
        curves["b", "val_loss"]


def test_what_is_no_number_is_a_gap():
    curve = read_curves("f", {"loss": [np.inf, None, 2.0, np.nan, 3.0]})["loss"]
    assert curve.finite.tolist() == [False, False, True, False, True]
    assert curve.best_epoch == 3
    assert read_curves("f", {"loss": [np.nan]})["loss"].best is None


def test_arrays_are_left_out_unless_asked_for():
    log = {"loss": [1.0], "f1_score": [np.array([0.5, 0.6])]}
    assert [c.metric for c in read_curves("f", log).curves] == ["loss"]
    with pytest.raises(ValueError, match=r"^f: the values of 'f1_score' are arrays"):
        read_curves("f", log, "f1_score")


# --- bad input ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("history", "arguments", "error", "words"),
    [
        (LOG, {"metrics": "acc"}, ValueError, r"'acc' was not recorded; there is loss, val_loss, "),
        ({}, {}, ValueError, "history holds no epochs"),
        ({"loss": []}, {}, ValueError, "history holds no epochs"),
        ({"f1": [np.ones(2)]}, {}, ValueError, "no metric in history has numbers"),
        (LOG, {"smoothing": 1.0}, ValueError, r"smoothing must be .* below 1, got 1\.0"),
        (LOG, {"scale": "cubic"}, ValueError, "scale must be 'auto', 'linear' or 'log'"),
        (
            {"loss": [1, 0]},
            {"scale": "log"},
            ValueError,
            "needs positive values, and 'loss' is 0 in epoch 2",
        ),
        ({"loss": [1, 2, 3], "val_loss": [1, 2]}, {}, ValueError, "2 values of 'val_loss' for 3"),
        ([1, 2], {}, TypeError, "history must be what fit.* got a list"),
        ({"loss": "low"}, {}, TypeError, r"history\['loss'\] must be a list"),
        ({"loss": [1], "b": {"loss": [1]}}, {}, TypeError, "either lists .* got both"),
    ],
)
def test_bad_input(history, arguments, error, words):
    with pytest.raises(error, match=f"^plot_history: .*{words}"):
        tw.viz.plot_history(history, **arguments)


# --- directions -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "direction"),
    [
        ("loss", "down"),
        ("val_loss", "down"),
        ("digit_loss", "down"),
        ("accuracy", "up"),
        ("val_digit_accuracy", "up"),
        ("auc_3", "up"),
        ("mae", "down"),
        ("binary_io_u", "up"),
        ("learning_rate", None),
        ("true_positives", None),
        ("my_number", None),
    ],
)
def test_directions(name, direction):
    assert better(name) == direction


def test_directions_are_those_that_callbacks_know():
    for public in metrics.__all__:
        cls = getattr(metrics, public)
        if not isinstance(cls, type):
            continue
        try:
            metric = cls()
        except TypeError:  # it has arguments that it must be given
            continue
        assert better(metric.name) == metric._direction, public


# --- smoothing and thinning -----------------------------------------------------------------------


def test_smoothing_in_closed_form():
    """With x_t = t the mean of weights (1 - w) w^(t - i) / (1 - w^t) is known."""
    w, n = 0.7, 30
    t = np.arange(1, n + 1)
    expected = (t - (w - w ** (t + 1)) / (1 - w)) / (1 - w**t)
    np.testing.assert_allclose(smooth(t.astype(float), w), expected, rtol=1e-12)


def test_a_constant_stays_itself_and_gaps_stay_gaps():
    y = np.array([2.0, np.nan, 2.0, np.inf, 2.0])
    np.testing.assert_array_equal(smooth(y, 0.9), y)
    assert smooth(y, 0.0) is y


@settings(max_examples=40, deadline=None)
@given(st.integers(1, 3000), st.integers(4, 400), st.integers(0, 2**32 - 1))
def test_thinning_keeps_the_outline(n, most, seed):
    rng = np.random.default_rng(seed)
    x, y = np.arange(n), rng.normal(size=n)
    y[rng.random(n) < 0.02] = np.nan
    fewer_x, fewer = thinned(x, y, most)
    assert len(fewer) <= max(most, 4) + 5
    assert (np.diff(fewer_x) > 0).all()
    np.testing.assert_array_equal(fewer, y[fewer_x])
    assert fewer_x[0] == 0
    assert fewer_x[-1] == n - 1
    assert np.isnan(fewer).any() == np.isnan(y).any()
    if np.isfinite(y).any():
        assert np.nanmin(fewer) == np.nanmin(y)
        assert np.nanmax(fewer) == np.nanmax(y)


# --- scales ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "values", "log"),
    [
        ("loss", [30.0, 1.0], True),
        ("loss", [29.0, 1.0], False),
        ("loss", [30.0, 0.0], False),
        ("loss", [30.0, 1.0, np.nan, np.inf], True),
        ("accuracy", [0.01, 0.9], False),
        ("learning_rate", [1e-2, 1e-4], True),
        ("unknown", [1.0, 1e6], False),
        ("loss", [np.nan], False),
    ],
)
def test_when_an_axis_is_logarithmic(name, values, log):
    assert asks_for_log(name, [np.array(values)]) == log


@settings(max_examples=60, deadline=None)
@given(
    st.floats(-1e6, 1e6),
    st.floats(1e-3, 1e6),
    st.integers(2, 8),
    st.booleans(),
)
def test_ticks_are_within_and_round(low, span, count, log):
    low = abs(low) + 1e-3 if log else low
    high = low + span if not log else max(low + span, 30 * low)
    found = ticks(low, high, count, log)
    slack = 1e-6 * (high - low)
    least, most = (low * 0.999, high * 1.001) if log else (low, high)
    assert all(least - slack <= v <= most + slack for v in found)
    assert found == sorted(found)
    assert len(found) <= 3 * count + 2
    assert len(set(tick_labels(found, log))) == len(found)
