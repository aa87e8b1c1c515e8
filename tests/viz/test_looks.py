"""The comparison of pictures notices what it should."""

import numpy as np
import pytest

from tests.viz.looks import TOLERANCE, check_layout, difference, pixels
from thalweg.viz.figure import blank, drawn


@drawn
def curve(shift=0.0):
    figure, axes = blank(4, 3)
    x = np.linspace(0, 1, 50)
    axes.plot(x, x**2 + shift)
    axes.set(xlabel="time, seconds", ylabel="way, metres", ylim=(0, 2), title="A curve")
    return figure


def test_the_same_figure_is_the_same_picture():
    assert difference(pixels(curve()), pixels(curve())) == 0


def test_a_curve_elsewhere_is_another_picture():
    assert difference(pixels(curve()), pixels(curve(0.3))) > TOLERANCE


def test_words_in_their_places_pass():
    check_layout(curve())


def test_overlapping_words_are_found():
    figure = curve()
    for place in (0.5, 0.52):
        figure.axes[0].text(place, 1.5, "here it is")
    with pytest.raises(AssertionError, match="overlap"):
        check_layout(figure)


def test_words_beyond_the_edge_are_found():
    figure = curve()
    figure.text(0.95, 0.5, "a long sentence at the edge")
    with pytest.raises(AssertionError, match="beyond"):
        check_layout(figure)
