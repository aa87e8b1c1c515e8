"""Training curves as figures: their look, their layout, and what is in the axes."""

from __future__ import annotations

import time

import numpy as np
import pytest
from matplotlib.figure import Figure

import thalweg as tw
from tests.viz.looks import check_layout, check_look
from thalweg.viz import plot_history
from thalweg.viz.figure import blank, drawn

EPOCHS = np.arange(1, 61)


def log(rate=0.1, seed=0, learning_rate=False):
    """A training that overfits from about epoch 35 on."""
    rng = np.random.default_rng(seed)
    train = 2.3 * np.exp(-EPOCHS * rate) + 0.03 + 0.002 * rng.random(60)
    late = 0.008 * np.maximum(EPOCHS - 35, 0)
    validation = 2.3 * np.exp(-EPOCHS * 0.9 * rate) + 0.2 + 0.03 * rng.random(60) + late
    found = {"accuracy": 1 - train / 2.6, "loss": train}
    found |= {"val_accuracy": 1 - validation / 2.6, "val_loss": validation}
    if learning_rate:
        found["learning_rate"] = 0.01 * 0.5 ** (EPOCHS // 20)
    return {name: values.tolist() for name, values in found.items()}


def compared():
    return {name: log(rate, i) for i, (name, rate) in enumerate(RATES.items())}


RATES = {"SGD": 0.03, "momentum": 0.08, "Adam": 0.15}
DIVERGED = {"loss": [2.3, 1.6, 1.2, 1.1, 2.0, 9.0, 60.0, np.nan, np.nan, np.inf]}


def test_look_of_one_run():
    check_look(plot_history(log(learning_rate=True)), "curves_one_run")


def test_look_in_the_dark():
    with tw.viz.theme("dark"):
        check_look(plot_history(compared()), "curves_runs_dark")


def test_look_of_smoothed_curves():
    noisy = {
        "loss": (2 / EPOCHS**0.5 + 0.1 * np.random.default_rng(0).normal(size=60)).tolist(),
        "val_loss": (2.5 / EPOCHS**0.5 + 0.1 * np.random.default_rng(1).normal(size=60)).tolist(),
    }
    check_look(plot_history(noisy, smoothing=0.8), "curves_smoothed")


def test_look_of_a_divergence():
    check_look(plot_history(DIVERGED), "curves_diverged")


@pytest.mark.parametrize("width", [3.2, 4.8, 6.4, 9.0, 12.0])
@pytest.mark.parametrize("history", [log(), compared(), DIVERGED], ids=["one", "runs", "diverged"])
def test_nothing_overlaps_in_axes_of_any_width(width, history):
    figure, axes = drawn(blank)(width, 0.75 * width)
    plot = plot_history(history, "loss", ax=axes)
    assert plot.figure is figure
    check_layout(figure)


@pytest.mark.parametrize("count", [1, 2, 3, 4, 5])
def test_nothing_overlaps_with_any_number_of_metrics(count):
    names = ("loss", "sparse_categorical_accuracy", "mean_absolute_percentage_error", "auc", "mae")
    history = {
        key: values
        for name in names[:count]
        for key, values in ((name, log()["loss"]), (f"val_{name}", log()["val_loss"]))
    }
    plot = plot_history(history)
    assert sum(axes.get_visible() for axes in plot.figure.axes) == count
    check_layout(plot.figure)


def lines(axes):
    """The curves in axes by the values of their first point, without rings."""
    return [line for line in axes.lines if line.get_linestyle() != "None"]


def test_axes_show_the_numbers():
    plot = plot_history(log())
    loss, accuracy = plot.axes
    assert (loss.get_yscale(), accuracy.get_yscale()) == ("log", "linear")
    assert (loss.get_ylabel(), accuracy.get_ylabel()) == ("loss (log scale)", "accuracy")
    assert loss.get_xlabel() == "epoch"
    for line, name in zip(lines(loss), ("loss", "val_loss"), strict=True):
        np.testing.assert_array_equal(line.get_ydata(), log()[name])
    (ring,) = [line for line in loss.lines if line.get_linestyle() == "None"]
    best = plot.numbers["val_loss"]
    assert ring.get_xydata().tolist() == [[best.best_epoch, best.best_value]]
    assert loss.get_title(loc="left") == f"○ best: {best.best_value:.3g} at epoch {best.best_epoch}"


def test_best_epochs_need_not_be_marked():
    (loss, _) = plot_history(log(), best=False).axes
    assert len(loss.lines) == 2
    assert loss.get_title(loc="left") == ""


def test_axes_that_do_not_fit_tightly():
    _, accuracy = plot_history(log(), zoom_to_fit=False).axes
    assert accuracy.get_ylim() == (0.0, 1.02)
    axes = plot_history(log(), "loss", zoom_to_fit=False, scale="linear").axes
    assert axes.get_ylim()[0] == 0.0
    negative = plot_history({"r2_score": [-1.0, 0.5]}, zoom_to_fit=False).axes
    assert negative.get_ylim()[0] < -1


def test_a_gap_is_no_line_and_said():
    axes = plot_history({"loss": [3.0, np.nan, 2.5, np.inf, 2.4]}).axes
    assert np.isnan(lines(axes)[0].get_ydata()).tolist() == [False, True, False, True, False]
    assert axes.get_title(loc="left") == "○ best: 2.4 at epoch 5; no number in 2 epochs"
    title = plot_history(DIVERGED).axes.get_title(loc="left")
    assert title == "○ best: 1.1 at epoch 4; no number from epoch 8 on"


def test_a_run_without_any_number_is_drawn_beside_others():
    falls, nothing = np.geomspace(1.0, 0.1, 20).tolist(), [np.nan] * 20
    plot = plot_history({"good": {"loss": falls}, "bad": {"loss": nothing}})
    check_layout(plot.figure)
    assert plot.caption == "good has the lowest loss, 0.1 at epoch 20; bad diverged."


def test_one_epoch_is_a_point():
    plot = plot_history({"loss": [0.71], "val_loss": [0.68]})
    assert [line.get_marker() for line in lines(plot.axes)] == ["o", "s"]
    assert plot.axes.get_xticks().tolist() == [1]
    assert plot.axes.get_ylim()[0] == 0.0
    check_layout(plot.figure)


def test_a_number_between_two_gaps_is_seen():
    values = [1.0] * 20 + [np.nan, 0.9, np.nan] + [1.0] * 20
    for history, markers in (
        ({"loss": values}, ["o"]),
        ({"a": {"loss": values}, "b": {"loss": values}}, ["o", "s"]),
    ):
        axes = plot_history(history, best=False).axes
        points = [line for line in axes.lines if line.get_xdata().tolist() == [22]]
        assert [line.get_marker() for line in points] == markers


def test_ten_thousand_epochs_are_drawn_with_fewer_points():
    rng = np.random.default_rng(0)
    values = rng.random(10_000) + 10 / np.arange(1, 10_001)
    values[7777] = 20.0
    began = time.perf_counter()
    plot = plot_history({"loss": values.tolist()})
    assert time.perf_counter() - began < 20  # a hang, not a measurement
    (line,) = lines(plot.axes)
    assert len(line.get_xdata()) <= 2005
    assert line.get_ydata().max() == 20.0


def test_one_metric_for_given_axes():
    axes = Figure().subplots()
    with pytest.raises(ValueError, match=r"^plot_history: ax holds one metric and there are loss"):
        plot_history(log(), ax=axes)
    with pytest.raises(TypeError, match="ax must be a matplotlib Axes, got a int"):
        plot_history(log(), "loss", ax=3)
    assert not axes.lines
