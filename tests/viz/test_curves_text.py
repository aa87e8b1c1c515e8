"""Training curves as text: exact charts, and that they fit."""

from __future__ import annotations

import re

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import thalweg as tw
from tests.viz.test_curves_figure import DIVERGED, compared, log
from thalweg.viz.curves.raster import braille, filled, spans
from thalweg.viz.curves.text_chart import text_chart
from thalweg.viz.curves.text_series import TextSeries, plain


def chart(*series, width=40, height=4, **arguments):
    lines = text_chart(series, width, height, **arguments)
    return [plain(line).rstrip() for line in lines]


X = np.arange(1.0, 6.0)


def test_a_straight_line_exactly():
    assert chart(TextSeries("loss 0", X, 8.0 - 2.0 * (X - 1)), title="loss", x_label="epoch") == [
        "loss",
        "  │⠉⠓⠒⠦⠤⣄⣀⡀",
        "5 ┤       ⠉⠉⠓⠒⠦⠤⣄⣀",
        "  │              ⠈⠉⠙⠒⠲⠤⢤⣀⣀",
        "0 ┤                      ⠈⠉⠙⠒⠲⠤⢤⣀ loss 0",
        "  └┬──────┬──────────────┬───────",
        "   1      2              4        epoch",
    ]


FALLS = TextSeries("training 1", X, np.array([9.0, 5.0, 3.0, 2.0, 1.0]))
TURNS = TextSeries("validation 6", X, np.array([9.0, 5.0, 4.0, 5.0, 6.0]), 1, True, mark=2)


def test_training_and_validation_exactly():
    assert chart(FALLS, TURNS, title="loss", note="best: 4 at epoch 3", x_label="epoch") == [
        "loss                  best: 4 at epoch 3",
        "  │⠙⠦⣄",
        "  │  ⠈⠙⠲⣄⡀           ⣀ ⣀ ⠤  validation 6",
        "5 ┤      ⠉⠙⠛⠦⢶⣀○ ⠚ ⠉",
        "  │            ⠈⠉⠉⠙⠒⠒⠒⠦⠤⠤⣄⣀ training 1",
        "  └┬─────┬──────────┬──────",
        "   1     2          4       epoch",
    ]


def test_plain_characters_exactly():
    assert chart(FALLS, TURNS, title="loss", x_label="epoch", ascii_only=True) == [
        "loss",
        "  |ooo",
        "  |  ooooo         oooooo o validation 6",
        "5 +     oooooOoooooo",
        "  |              ******** * training 1",
        "  ++----+----------+-----",
        "   1    2          4      epoch",
    ]


def test_pieces_say_what_they_are():
    lines = text_chart([FALLS, TURNS], 40, 4, title="loss", note="best")
    assert lines[0][0] == ("loss", "title")
    assert ("○", "1") in [(text[:1], kind) for line in lines for text, kind in line]
    kinds = {kind for line in lines for text, kind in line if text.strip()}
    assert kinds == {"title", "soft", "0", "1"}


def test_a_logarithmic_axis_makes_a_straight_line():
    straight = chart(TextSeries("", X, 1e4 * (5.0 - X)), height=6)
    powers = chart(TextSeries("", X, 10.0 ** (5.0 - X)), height=6, log=True)
    assert [re.split("[│┤]", line)[-1] for line in powers[1:7]] == [
        re.split("[│┤]", line)[-1] for line in straight[1:7]
    ]
    labels = [line.split("┤")[0].strip() for line in powers if "┤" in line]
    assert labels == ["10000", "1000", "100", "10", "1"]


def test_gaps_are_blank():
    y = np.array([1.0, 1.0, np.nan, 1.0, 1.0])
    row = next(
        line for line in chart(TextSeries("", X, y), height=3, ascii_only=True) if "*" in line
    )
    marks = row.split("+")[-1].split("|")[-1]
    assert "*" in marks
    assert " " in marks.strip()


def test_a_single_value_is_a_mark():
    lines = tw.viz.text_curves({"loss": [0.5]}, width=40, height=3).splitlines()
    assert sum("○" in line for line in lines) == 1
    assert lines[-1] == "Loss is 0.5 after one epoch."


def test_labels_keep_apart():
    series = [TextSeries(f"run{i} 1", X, np.full(5, 1.0) + 1e-3 * i, i) for i in range(4)]
    lines = chart(*series, height=4)
    assert [sum(f"run{i}" in line for line in lines) for i in range(4)] == [1, 1, 1, 1]


@pytest.mark.parametrize("ascii_only", [False, True])
@pytest.mark.parametrize("width", [40, 57, 80, 120, 200])
@pytest.mark.parametrize("history", [log(learning_rate=True), compared(), DIVERGED])
def test_lines_fit(history, width, ascii_only):
    text = tw.viz.text_curves(history, width=width, ascii_only=ascii_only)
    assert max(map(len, text.splitlines())) <= width
    assert text.isascii() == ascii_only


def test_charts_stand_side_by_side_where_there_is_room():
    narrow = tw.viz.text_curves(log(), width=80).splitlines()
    wide = tw.viz.text_curves(log(), width=200).splitlines()
    assert len(narrow) > 2 * 11
    assert len(wide) < len(narrow)
    assert wide[0].split()[0] == "loss"
    assert "accuracy" in wide[0]


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.floats(-1e30, 1e30) | st.just(float("nan")) | st.just(float("inf")), min_size=1),
    st.integers(24, 120),
    st.integers(2, 20),
    st.booleans(),
)
def test_any_values_make_lines_of_the_width(values, width, height, ascii_only):
    series = TextSeries("x", np.arange(1.0, len(values) + 1), np.array(values))
    lines = text_chart([series], width, height, title="t", x_label="epoch", ascii_only=ascii_only)
    assert len(lines) == height + 3
    assert {len(plain(line)) for line in lines} == {width}


def test_bad_input():
    with pytest.raises(ValueError, match=r"^text_curves: width must be a whole number from 40"):
        tw.viz.text_curves(log(), width=20)
    with pytest.raises(ValueError, match=r"^text_curves: height must be a whole number from 3"):
        tw.viz.text_curves(log(), height=1)
    with pytest.raises(ValueError, match=r"^text_curves: the metric 'acc' was not recorded"):
        tw.viz.text_curves(log(), "acc")


# --- dots -----------------------------------------------------------------------------------------


def test_braille_has_its_eight_dots():
    for row in range(4):
        for column in range(2):
            dots = np.zeros((4, 2), bool)
            dots[row, column] = True
            # Unicode numbers them down the left column, then the right one, then the last row.
            number = row + 3 * column if row < 3 else 6 + column
            assert braille(dots) == [chr(0x2800 + (1 << number))]


@settings(max_examples=40, deadline=None)
@given(st.integers(2, 400), st.integers(2, 60), st.integers(0, 2**32 - 1))
def test_a_curve_has_no_holes_and_keeps_its_peaks(n, columns, seed):
    y = np.random.default_rng(seed).normal(size=n)
    low, high = y.min(), y.max()
    x = np.arange(float(n))
    dots = filled(spans(x, y, columns, (0, n - 1), lambda v: (high - v) / (high - low) * 30), 31)
    assert dots.any(axis=0).all()
    assert dots[0].any()
    assert dots[30].any()
    # Neighbouring columns touch, but for corners.
    for one, other in zip(dots.T[:-1], dots.T[1:], strict=True):
        (a,), (b,) = np.nonzero(one), np.nonzero(other)
        assert max(a.min(), b.min()) - min(a.max(), b.max()) <= 1


def test_ascii_only_is_that():
    text = tw.viz.text_curves({"loss": [-8, -4, -2e-7], "x": [1, np.inf, -3]}, ascii_only=True)
    assert text.isascii()
    assert text.endswith("Loss rises from -8 to -2e-7.")


@pytest.mark.parametrize(
    ("wrong", "error", "sentence"),
    [
        ({"smoothing": "x"}, ValueError, "smoothing must be at least 0 and below 1, got 'x'."),
        ({"metrics": 5}, TypeError, "metrics must be a name or several, got 5."),
        ({"metrics": []}, ValueError, "metrics is empty; leave it out for all of them."),
    ],
)
def test_wrong_arguments_are_named(wrong, error, sentence):
    for caller, call in (
        ("plot_history", lambda **more: tw.viz.plot_history({"loss": [1.0]}, **more)),
        ("text_curves", lambda **more: tw.viz.text_curves({"loss": [1.0]}, **more)),
        ("LiveCurves", tw.callbacks.LiveCurves),
    ):
        with pytest.raises(error, match=re.escape(f"{caller}: {sentence}")):
            call(**wrong)
