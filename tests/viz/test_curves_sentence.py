"""The sentence about training curves says what is in them."""

from __future__ import annotations

import numpy as np
import pytest

from thalweg.viz.curves.reading import read_curves
from thalweg.viz.curves.sentence import _moving_mean, describe

EPOCHS = np.arange(1, 101)
NOISE = np.random.default_rng(0).normal(size=(2, 100))


def said(**columns):
    return describe(read_curves("f", {name: list(v) for name, v in columns.items()}))


def falling(to, slowness=9.0, by=75.0):
    return to + by * np.exp(-EPOCHS / slowness)


def test_overfitting():
    late = 0.002 * np.maximum(EPOCHS - 37, 0) ** 2
    assert said(loss=falling(9.5), val_loss=falling(11, 4) + late) == (
        "Loss falls from 76.6 to 9.5; validation is lowest at epoch 37 (11) and rises after, to "
        "17.9: it overfits."
    )


def test_overfitting_by_accuracy():
    train = 0.99 - 0.9 * np.exp(-EPOCHS / 10)
    late = 0.002 * np.maximum(EPOCHS - 30, 0)
    sentence = said(accuracy=train, val_accuracy=0.9 - 0.8 * np.exp(-EPOCHS / 5) - late)
    assert sentence == (
        "Accuracy rises from 0.176 to 0.99; validation is highest at epoch 30 (0.898) and falls "
        "after, to 0.769: it overfits."
    )


def test_worse_validation_without_better_training_is_not_called_overfitting():
    train = np.r_[falling(9.5)[:37], np.full(63, 30.0)]
    late = 0.002 * np.maximum(EPOCHS - 37, 0) ** 2
    sentence = said(loss=train, val_loss=falling(11, 4) + late)
    assert "rises after, to 17.9" in sentence
    assert "overfits" not in sentence


def test_a_validation_better_than_the_training_is_not_called_overfitting():
    late = 0.002 * np.maximum(EPOCHS - 37, 0) ** 2
    sentence = said(loss=falling(20), val_loss=falling(11, 4) + late)
    assert sentence.endswith("validation is lowest at epoch 37 (11) and rises after, to 17.9.")


def test_noise_is_not_called_overfitting():
    sentence = said(
        loss=2 * np.exp(-EPOCHS / 30) + 0.5 + 0.15 * NOISE[0],
        val_loss=2 * np.exp(-EPOCHS / 30) + 0.8 + 0.2 * NOISE[1],
    )
    assert "overfits" not in sentence
    assert "rises" not in sentence


def test_still_falling():
    assert said(loss=falling(0, 80), val_loss=falling(1, 80)) == (
        "Loss falls from 74.1 to 21.5; validation still falls, to 22.5 at epoch 100."
    )
    assert said(loss=falling(0, 80)) == "Loss falls from 74.1 to 21.5, and still falls."


def test_a_straight_line_on_a_logarithmic_axis_still_falls():
    assert said(loss=0.8**EPOCHS).endswith(", and still falls.")


def test_a_plateau():
    assert said(loss=falling(5, 3, 20)) == (
        "Loss falls from 19.3 to 5, and has been flat since epoch 18."
    )
    down_and_flat = said(loss=falling(4, 3, 20), val_loss=falling(5, 3, 20) + 1e-4 * NOISE[0])
    assert down_and_flat.endswith(" and has been flat since epoch 18.")


def test_divergence():
    assert said(loss=[2.3, 1.1, 4.0, 900.0]) == "Loss rises from 2.3 to 900: training diverges."
    assert said(loss=[2.3, 1.1, 4.0, np.nan, np.nan]) == (
        "Loss rises from 2.3 to 4 and is not a number from epoch 4 on: training diverged."
    )
    assert said(loss=[np.inf, np.nan]) == (
        "Loss is not a number from the first epoch on: training diverged."
    )
    assert said(loss=[2.0, 1.5, 1.0], val_loss=[2.0, np.nan, np.nan]) == (
        "Loss falls from 2 to 1; validation is 2 at epoch 1 and is not a number from epoch 2 on: "
        "training diverged."
    )


@pytest.mark.parametrize(
    ("columns", "sentence"),
    [
        ({"loss": [0.71], "val_loss": [0.68]}, "Loss is 0.71 after one epoch; validation is 0.68."),
        ({"loss": [2.0, 2.001]}, "Loss stays near 2."),
        ({"loss": [2.0, 1.0, 2.0]}, "Loss moves between 1 and 2."),
        ({"loss": [3, np.nan, 2]}, "Loss falls from 3 to 2 (no number in one epoch)."),
        (
            {"steps": [1.0, 2.0], "val_steps": [3.0, 5.0]},
            "Steps rises from 1 to 2; validation goes from 3 to 5.",
        ),
        ({"val_mae": [3.0, 2.0]}, "Validation MAE falls from 3 to 2."),
        ({"accuracy": [0.1, 0.5], "loss": [2.0, 1.0]}, "Loss falls from 2 to 1."),
    ],
)
def test_short_runs(columns, sentence):
    assert said(**columns) == sentence


def test_several_runs():
    runs = {
        "SGD": {"loss": [1, 0.9], "val_loss": [1.1, 1.0]},
        "Adam": {"loss": [1, 0.1], "val_loss": [0.3, 0.5]},
        "wild": {"loss": [9, np.nan], "val_loss": [9, np.nan]},
    }
    assert describe(read_curves("f", runs)) == (
        "Adam has the lowest validation loss, 0.3 at epoch 1, then SGD 1 and wild 9; wild diverged."
    )
    assert describe(read_curves("f", {"a": {"steps": [1.0]}, "b": {"steps": [2.0]}})) == (
        "Steps ends at a 1 and b 2."
    )


def test_long_runs_are_described_at_once(monkeypatch):
    # Work that grows with the square of the epochs would take minutes.
    monkeypatch.delattr(np, "convolve")
    values = np.exp(-np.linspace(0, 8, 300_000)) + 0.5
    assert said(loss=values).startswith("Loss falls from 1.5 to 0.5, and has been flat since")


@pytest.mark.parametrize("width", [1, 2, 7, 50])
def test_moving_means(width):
    values = 1e6 + np.random.default_rng(0).normal(size=50)
    expected = np.convolve(values, np.ones(width) / width, "valid")
    np.testing.assert_allclose(_moving_mean(values, width), expected, rtol=1e-13)
