"""The basic charts: their numbers, their looks, and what they say of bad input."""

import re

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from matplotlib.figure import Figure

import thalweg as tw
from tests.viz.looks import check_layout, check_look
from tests.viz.sizes import check_sizes
from tests.viz.test_palette import contrast
from thalweg import viz
from thalweg.viz.charts.heatmap import text_on
from thalweg.viz.charts.histogram import histogram_of
from thalweg.viz.figure import blank, drawn
from thalweg.viz.palette import DARK, LIGHT
from thalweg.viz.words import percent

RNG = np.random.default_rng(0)
TIMES = RNG.gamma(2, 3, 333)
WEIGHTS = dict(
    zip(["CRIM", "ZN", "INDUS", "NOX", "RM", "LSTAT"], [-1.1, 0.9, 0.1, -2, 2.7, -3.9], strict=True)
)
NORMAL = RNG.normal(size=(300, 2))
GROUPS = np.array(["setosa", "versicolor", "virginica"])[np.arange(300) % 3]


def walks(count):
    return {f"run {i}": np.cumsum(RNG.normal(size=80)) for i in range(count)}


FLOATS = st.floats(-1e6, 1e6, allow_nan=False, width=32)


# --- histogram ------------------------------------------------------------------------------------


@settings(max_examples=40, deadline=None)
@given(hnp.arrays(np.float64, st.integers(1, 60), elements=FLOATS), st.integers(1, 20))
def test_counts_are_those_of_numpy(values, bins):
    found = histogram_of(values, bins)
    if np.ptp(values) > 1e-6 * np.abs(values).max():
        counts, edges = np.histogram(values, bins)
        np.testing.assert_array_equal(found.counts, counts)
        np.testing.assert_allclose(found.edges, edges)
    assert found.counts.sum() == len(values)
    assert found.mean == pytest.approx(values.mean())
    assert found.std == pytest.approx(values.std(), abs=1e-9)
    assert (found.min, found.max) == (values.min(), values.max())
    assert found.zeros == np.sum(values == 0)


@settings(max_examples=40, deadline=None)
@given(hnp.arrays(np.float64, st.integers(1, 80), elements=FLOATS))
def test_auto_bins_hold_every_value(values):
    found = histogram_of(values)
    edges = found.edges
    assert 1 <= len(edges) - 1 <= 64
    assert np.all(np.diff(edges) > 0)
    assert edges[0] <= values.min()
    assert edges[-1] >= values.max()
    assert found.counts.sum() == len(values)


def test_auto_bins_are_those_of_numpy_where_these_are_few():
    np.testing.assert_allclose(histogram_of(TIMES).edges, np.histogram_bin_edges(TIMES, "auto"))


def test_outliers_do_not_make_millions_of_bins():
    assert len(histogram_of(np.r_[np.linspace(0, 1, 1000), 1e9]).counts) == 64


@pytest.mark.parametrize(
    "values", [[7.0, 7.0], [0.0], [1e17, 1e17 + 16], [1.0, 1.0 + 1e-15], [-1e-310], [3e38, -3e38]]
)
def test_values_without_room_between_them_have_bins_too(values):
    found = histogram_of(np.array(values))
    assert np.all(np.diff(found.edges) > 0)
    assert found.counts.sum() == len(values)


def test_whole_numbers_have_a_bin_each():
    found = histogram_of(np.array([0.0, 1, 1, 4]))
    np.testing.assert_array_equal(found.edges, [-0.5, 0.5, 1.5, 2.5, 3.5, 4.5])
    np.testing.assert_array_equal(found.counts, [1, 2, 0, 0, 1])


def test_what_is_not_finite_is_counted_apart():
    found = histogram_of(np.array([[0.0, np.nan, np.inf], [-np.inf, 3.0, np.nan]]))
    assert (found.count, found.nans, found.infs, found.zeros) == (6, 2, 2, 1)
    assert (found.min, found.max, found.mean) == (0, 3, 1.5)
    plot = viz.histogram([np.nan, np.inf], "loss")
    assert plot.numbers.counts.sum() == 0
    assert plot.caption == "loss: none of 2 values is finite (1 NaN and 1 infinite)."


def test_histogram_says_what_is_seen():
    plot = viz.histogram([1.0, 2.0, 2.0, 7.0, np.nan], "time, seconds")
    assert plot.caption == (
        "time: 5 values from 1 to 7 seconds, mean 3, the middle half between 1.75 and 3.25; "
        "1 NaN is not drawn."
    )


def test_histogram_takes_tensors_of_any_shape():
    plot = viz.histogram(tw.ones((2, 3, 4), dtype="bfloat16"))
    assert plot.numbers.count == 24


# --- the others -----------------------------------------------------------------------------------


def test_bars_are_the_values():
    plot = viz.bar_chart(WEIGHTS, sort=True)
    assert list(plot.numbers) == ["LSTAT", "RM", "NOX", "CRIM", "ZN", "INDUS"]
    drawn_lengths = [bar.get_width() for bar in plot.axes.patches]
    assert drawn_lengths == list(plot.numbers.values())
    assert plot.caption == "value: 6 bars, the most is 2.7 for RM, the least −3.9 for LSTAT."


def test_lines_are_the_values_also_of_different_lengths():
    plot = viz.line_chart({"a": [1, 2, 3], "b": [5, np.nan]}, x={"a": [10, 20, 30]})
    np.testing.assert_array_equal(plot.numbers["a"], [[10, 20, 30], [1, 2, 3]])
    np.testing.assert_array_equal(plot.numbers["b"][0], [0, 1])
    np.testing.assert_array_equal(plot.axes.lines[0].get_ydata(), [1, 2, 3])
    assert "b is 5" in plot.caption


def test_every_curve_has_a_look_of_its_own():
    lines = viz.line_chart(walks(18)).axes.lines
    looks = {(line.get_color(), str(line._dash_pattern)) for line in lines}
    assert len(looks) == 18


def test_points_that_are_not_finite_are_left_out_and_said():
    plot = viz.scatter([1, 2, np.nan, 4], [1, np.inf, 3, 8])
    np.testing.assert_array_equal(plot.numbers["all"], [[1, 4], [1, 8]])
    assert plot.caption.endswith("; 2 points that are not finite left out.")


def test_many_points_become_a_density():
    x = RNG.normal(size=(5000, 2))
    plot = viz.scatter(x[:, 0], x[:, 1])
    (density,) = plot.axes.collections
    assert density.get_array().sum() == 5000


def test_heat_map_of_both_signs_is_even_around_0():
    plot = viz.heatmap([[1.0, -4.0], [np.nan, 2.0]], ["a", "b"], ["c", "d"], label="weight")
    assert plot.axes.images[0].get_clim() == (-4, 4)
    assert plot.caption == (
        "weight: 2 x 2 cells, the least is −4 at a, d, the most 2 at b, d; 1 cell NaN."
    )
    assert viz.heatmap([[1.0, 4.0]]).axes.images[0].get_clim() == (1, 4)


@pytest.mark.parametrize("colours", [LIGHT, DARK], ids=lambda p: p.name)
def test_numbers_can_be_read_on_every_colour_of_the_maps(colours):
    for cmap in (colours.sequential(), colours.diverging()):
        for shade in cmap(np.linspace(0, 1, 41)):
            assert contrast(text_on(shade), shade[:3]) >= 4.5


def test_a_table_from_rows_columns_and_mappings_is_the_same():
    columns = viz.table({"feature": ["RM", "LSTAT"], "weight": [2.71828, -3.9]})
    rows = viz.table([["RM", 2.71828], ["LSTAT", -3.9]], ["feature", "weight"])
    records = viz.table(
        [{"feature": "RM", "weight": 2.71828}, {"feature": "LSTAT", "weight": -3.9}]
    )
    assert str(columns) == str(rows) == str(records)
    assert columns.column("weight") == [2.71828, -3.9]
    assert len(columns) == 2


def test_a_table_is_not_shown_twice_in_a_notebook(monkeypatch, capsys):
    monkeypatch.setattr("rich.console._is_jupyter", lambda: True)
    assert str(viz.table({"a": [1]})).split() == ["a", "─", "1"]
    assert capsys.readouterr().out == ""


def test_a_table_in_html_is_escaped_and_numbers_stand_right():
    found = viz.table([["<b>", 1.5, None]], ["name", "value", "note"], title="A & B")._repr_html_()
    assert "<caption>A &amp; B</caption>" in found
    assert '<td style="text-align:left">&lt;b&gt;</td>' in found
    assert '<td style="text-align:right">1.5</td>' in found
    assert '<td style="text-align:left"></td>' in found


# --- looks ----------------------------------------------------------------------------------------

PICTURES = {
    "charts_histogram": lambda **k: viz.histogram(TIMES, "time, seconds", title="Times", **k),
    "charts_bars": lambda **k: viz.bar_chart(
        WEIGHTS, xlabel="weight, thousand dollars", title="What the model weighs", **k
    ),
    "charts_lines": lambda **k: viz.line_chart(
        {f"rate {0.1 * i:.1f}": np.exp(-np.arange(40) * 0.04 * i) for i in range(1, 7)},
        xlabel="epoch",
        ylabel="loss",
        title="Six rates",
        **k,
    ),
    "charts_scatter": lambda **k: viz.scatter(
        *NORMAL.T, GROUPS, xlabel="length, cm", ylabel="width, cm", title="Flowers", **k
    ),
    "charts_density": lambda **k: viz.scatter(
        *(np.random.default_rng(1).normal(size=(2, 9000))), xlabel="x, m", ylabel="y, m", **k
    ),
    "charts_heatmap": lambda **k: viz.heatmap(
        NORMAL[:35, 0].reshape(5, 7),
        list("abcde"),
        [f"feature {i}" for i in range(7)],
        label="weight",
        xlabel="input",
        ylabel="unit",
        title="Weights",
        **k,
    ),
}


@pytest.mark.parametrize("name", PICTURES)
def test_look(name):
    check_look(PICTURES[name](), name)


def test_look_in_the_dark():
    with viz.theme("dark"):
        check_look(PICTURES["charts_histogram"](), "charts_histogram_dark")


@pytest.mark.parametrize("name", PICTURES)
def test_nothing_overlaps_at_any_usual_size(name):
    check_sizes(lambda ax: PICTURES[name](ax=ax))


def test_long_names_and_titles_keep_apart():
    names = [f"a rather long name of the class number {i}" for i in range(12)]
    title = "A title that is much longer than what fits above axes of this width, in all truth"

    @drawn
    def narrow():
        axes = blank(3.6, 4.5)[1]
        return viz.bar_chart(np.arange(12.0), names, title=title, ax=axes)

    check_look(narrow(), "charts_bars_narrow")


# --- bad input ------------------------------------------------------------------------------------

BAD = {
    "histogram: values must be real numbers, got an array of <U1": lambda: viz.histogram(["a"]),
    "histogram: values is empty, its shape is (0,)": lambda: viz.histogram([]),
    "histogram: bins must be 'auto', a number or the edges, got 'fd'": lambda: viz.histogram(
        [1], bins="fd"
    ),
    "histogram: bins must be at least 1, got 0": lambda: viz.histogram([1], bins=0),
    "histogram: edges given as bins must be two or more, and increase": lambda: viz.histogram(
        [1], bins=[2, 1]
    ),
    "histogram: ax must be a matplotlib Axes, got a str": lambda: viz.histogram([1], ax="here"),
    "bar_chart: labels must have one name for each of the 2 values, got 1": lambda: viz.bar_chart(
        [1, 2], ["a"]
    ),
    "bar_chart: labels must be distinct, one comes twice": lambda: viz.bar_chart(
        [1, 2], ["a", "a"]
    ),
    "bar_chart: values must have 1 axis, got shape (1, 2)": lambda: viz.bar_chart([[1, 2]]),
    "line_chart: x has 2 numbers, but the values of 'y' are 3": lambda: viz.line_chart(
        [1, 2, 3], [1, 2]
    ),
    "line_chart: yscale must be one of 'linear', 'log', 'symlog', got 'lg'": (
        lambda: viz.line_chart([1], yscale="lg")
    ),
    "line_chart: values is empty, there is no curve to draw": lambda: viz.line_chart({}),
    "scatter: x has 1 numbers, but y has 2": lambda: viz.scatter([1], [1, 2]),
    "scatter: groups may be 6 different ones, got 7": lambda: viz.scatter(
        range(7), range(7), range(7)
    ),
    "heatmap: values must have 2 axes, got shape (2,)": lambda: viz.heatmap([1, 2]),
    "heatmap: values must be an array of numbers, got a list whose rows have different lengths": (
        lambda: viz.heatmap([[1, 2], [3]])
    ),
    "heatmap: limits must be a low and a higher number, got (1, 0)": lambda: viz.heatmap(
        [[1]], limits=(1, 0)
    ),
    "heatmap: row_names must be a list of names, got 'ab' alone": lambda: viz.heatmap(
        [[1], [2]], "ab"
    ),
    "table: row 1 has 1 cells, but there are 2 columns": lambda: viz.table(
        [[1, 2], [3]], ["a", "b"]
    ),
    "table: columns must be of the same length, got a: 1, b: 2": lambda: viz.table(
        {"a": [1], "b": [1, 2]}
    ),
    "table: columns must name the cells of each row": lambda: viz.table([[1]]),
    "table: there is no column 'c' among ['a']": lambda: viz.table({"a": [1]}, ["c"]),
}


@pytest.mark.parametrize("message", BAD)
def test_bad_input_in_a_sentence(message):
    with pytest.raises((TypeError, ValueError)) as caught:
        BAD[message]()
    assert str(caught.value) == f"{message}."


# --- what is unusual ----------------------------------------------------------------------------


def test_bars_of_what_is_not_finite_have_texts_only():
    plot = viz.bar_chart({"a": np.inf, "b": np.nan, "c": -2.0})
    assert [bar.get_width() for bar in plot.axes.patches] == [0.0, 0.0, -2.0]
    assert [text.get_text() for text in plot.axes.texts] == ["∞", "NaN", "−2"]
    assert viz.bar_chart([np.nan]).caption == "value: 1 bar, none of them finite."


def test_dollars_in_names_begin_no_formula():
    bars = viz.bar_chart({"$5 to $10": 1.0}).axes
    cells = viz.heatmap([[1.0]], ["$a$"], ["$b$"]).axes
    names = [bars.get_yticklabels()[0], cells.get_yticklabels()[0], cells.get_xticklabels()[0]]
    assert [name.get_text() for name in names] == [r"\$5 to \$10", r"\$a\$", r"\$b\$"]
    # As matplotlib shows it, escaped: as wide as the same words without a formula.
    figure = bars.figure
    figure.canvas.draw()
    shown = names[0].get_window_extent().width
    names[0].set(text="$5 to $10", parse_math=False)
    assert names[0].get_window_extent().width == pytest.approx(shown)


def test_a_value_between_gaps_is_seen():
    axes = viz.line_chart([np.nan, 3.0, np.nan, 1.0, 2.0]).axes
    marked = [line for line in axes.lines if line.get_marker() == "o"]
    assert [line.get_xydata().tolist() for line in marked] == [[[1.0, 3.0]]]


def test_many_names_stand_beside_the_curves():
    plot = viz.line_chart({f"curve {i}": [1.0, 2.0] for i in range(12)})
    plot.figure.canvas.draw()
    legend = plot.axes.get_legend().get_window_extent()
    assert legend.x0 >= plot.axes.get_window_extent().x1
    check_layout(plot.figure)
    # Where nothing would make room for them they stay inside.
    own = Figure().subplots()
    viz.line_chart({f"curve {i}": [1.0, 2.0] for i in range(12)}, ax=own)
    own.figure.draw_without_rendering()
    assert own.get_legend().get_window_extent().x1 <= own.get_window_extent().x1


def test_one_point_of_a_density_is_seen():
    axes = viz.scatter(np.ones(5000), np.ones(5000)).axes
    (cells,) = axes.collections
    assert cells.norm.vmin < 1 < cells.norm.vmax


def test_what_all_functions_share_is_checked_by_name():
    for wrong, sentence in (
        ({"title": 3}, "bar_chart: title must be text, got 3."),
        ({"xlabel": None}, "bar_chart: xlabel must be text, got None."),
        ({"labels": 3}, "bar_chart: labels must be a list of names, got 3 alone."),
    ):
        with pytest.raises(TypeError, match=re.escape(sentence)):
            viz.bar_chart([1.0, 2.0], **wrong)
    with pytest.raises(TypeError, match="missing 1 required positional argument: 'values'"):
        viz.bar_chart(title="none")


@pytest.mark.parametrize("limits", [3, (1,), ("a", "b"), (2, 1), (np.nan, 1)])
def test_limits_are_two_numbers(limits):
    with pytest.raises(ValueError, match="heatmap: limits must be a low and a higher number"):
        viz.heatmap([[1.0]], limits=limits)


def test_rows_of_a_table_are_lists():
    with pytest.raises(TypeError, match=re.escape("table: row 0 must be a list of cells, got 1.")):
        viz.table([1, 2], ["x", "y"])
    with pytest.raises(TypeError, match="table: columns must be a list of names, got 'xy' alone"):
        viz.table([[1, 2]], "xy")


def test_only_all_is_all_and_only_nothing_is_nothing():
    shares = (0.0, 1e-5, 0.4999, 0.999, 0.9999, 1 - 1e-6, 1.0, np.nan)
    assert [percent(x) for x in shares] == [
        "0%",
        "0.001%",
        "50%",
        "99.9%",
        "99.99%",
        "99.9999%",
        "100%",
        "undefined",
    ]
