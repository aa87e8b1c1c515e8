"""The picture of a range test: its look at several sizes, its words, the axes of the user."""

from __future__ import annotations

import numpy as np
import pytest
from matplotlib.figure import Figure

import thalweg as tw
from tests.viz.looks import check_layout, check_look
from thalweg.viz.figure import blank, drawn
from thalweg.viz.rate.draw import draw_search
from thalweg.viz.rate.search import search_of

RATES = np.geomspace(1e-7, 10, 240)
REACH = 6.0


def numbers(fall_at=3e-3, rise_at=0.1):
    """Those of a loss that falls around one rate and rises around another."""
    x = np.log10(RATES)
    falls = 1.9 / (1 + np.exp(3 * (x - np.log10(fall_at))))
    rises = np.exp(np.minimum(9 * (x - np.log10(rise_at)), 20))
    noise = np.random.default_rng(0).standard_normal(len(x))
    losses = 0.4 + falls + rises + noise * (0.02 + 0.06 * (x > np.log10(fall_at)))
    return search_of("m", RATES, losses, REACH, stop_factor=4.0)


@drawn
def picture(found, width=6.4, height=4.0):
    return draw_search(found, blank(width, height)[1])


def test_look():
    check_look(picture(numbers()), "learning_rate")


def test_look_in_the_dark():
    with tw.viz.theme("dark"):
        check_look(picture(numbers()), "learning_rate_dark")


@pytest.mark.parametrize("size", [(3.2, 2.6), (4.5, 3), (8, 4), (12, 6)])
@pytest.mark.parametrize(
    "places", [(3e-3, 0.1), (1e-5, 1e-3), (0.3, 1e9)], ids=["usual", "early", "late"]
)
def test_layout(size, places):
    check_layout(picture(numbers(*places), *size).figure)


def test_the_caption_says_what_is_seen():
    plot = picture(numbers())
    found = plot.numbers
    for rate in (found.steepest, found.minimum, found.diverged_at, found.suggestion):
        assert f"{rate:.2g}" in plot.caption
    late = picture(numbers(rise_at=1e9))
    assert late.numbers.diverged_at is None
    assert "is still finite at the highest rate, 10;" in late.caption


def test_the_axes_of_the_user():
    axes = Figure().subplots()
    model = tw.Sequential([tw.Input((1,)), tw.layers.Dense(1, use_bias=False)])
    model.set_weights([np.array([[-2.0]], "f4")])
    model.compile("sgd", "mse")
    x = np.ones((8, 1), "f4")
    plot = tw.viz.find_learning_rate(model, x, 3 * x, steps=60, verbose=0, ax=axes)
    assert plot.axes is axes
    assert plot.figure is axes.figure
    assert axes.get_xscale() == "log"
    with pytest.raises(TypeError, match="ax must be a matplotlib Axes, got a Figure"):
        tw.viz.find_learning_rate(model, x, x, verbose=0, ax=Figure())
