"""The pictures of data: their numbers against NumPy and SciPy, their looks."""

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from scipy import stats

import thalweg as tw
from tests.viz.looks import check_layout, check_look
from tests.viz.sizes import check_sizes
from thalweg import viz
from thalweg.datasets import boston_housing
from thalweg.viz.data.relations import correlations, ranks

X, Y = boston_housing.load_table()
NAMES = [f"{name}, {boston_housing.UNITS[name]}" for name in boston_housing.feature_names()]
PRICE = "price, thousand dollars"

# Few different values, so that there are ties and constant columns.
TABLES = hnp.arrays(
    np.float64, st.tuples(st.integers(3, 12), st.just(3)), elements=st.integers(-3, 3).map(float)
)


@settings(max_examples=40, deadline=None)
@given(TABLES)
def test_correlations_are_those_of_numpy_and_scipy(table):
    assume((np.ptp(table, axis=0) > 0).all())
    np.testing.assert_allclose(correlations(table), np.corrcoef(table.T), atol=1e-12)
    expected = stats.spearmanr(table).statistic
    np.testing.assert_allclose(correlations(table, "spearman"), expected, atol=1e-12)


@settings(max_examples=40, deadline=None)
@given(hnp.arrays(np.float64, st.integers(1, 20), elements=st.integers(-4, 4).map(float)))
def test_ranks_are_those_of_scipy(values):
    np.testing.assert_array_equal(ranks(values), stats.rankdata(values))


def test_a_constant_column_has_no_correlation_and_rows_with_nan_are_left_out():
    table = np.array([[1.0, 2, 5], [2, 4, 5], [3, 6, 5], [4, np.nan, 5]])
    found = correlations(table)
    np.testing.assert_allclose(found[:2, :2], 1)
    assert np.isnan(found[2]).all()
    assert np.isnan(found[:, 2]).all()


def test_of_boston_housing_the_price_goes_most_with_lstat():
    plot = viz.correlation(X, Y, NAMES, PRICE)
    assert plot.numbers.shape == (13, 13)
    np.testing.assert_allclose(
        plot.numbers, np.corrcoef(np.column_stack([X, Y]).T.astype(float)), atol=1e-6
    )
    assert plot.caption == (
        "Of all features, RAD and TAX go together most (r = 0.91); price goes most with LSTAT "
        "(r = −0.74)."
    )


def test_correlations_with_the_target_are_the_same_in_both_pictures():
    table = viz.correlation(X, Y, NAMES).numbers
    found = viz.scatter_against_target(X, Y, NAMES, sort=True)
    assert list(found.numbers)[:2] == ["LSTAT", "RM"]
    for i, name in enumerate(boston_housing.feature_names()):
        assert found.numbers[name] == pytest.approx(table[i, -1])
    assert found.caption == (
        "Of 506 examples, target goes most with LSTAT (r = −0.74) and least with CHAS (r = 0.18)."
    )


def test_the_line_is_that_of_least_squares():
    plot = viz.scatter_against_target(X[:, 5], Y, ["RM"])
    slope, start = np.polyfit(X[:, 5].astype(float), Y.astype(float), 1)
    line = plot.axes[0, 0].lines[-1]
    x = np.array(line.get_xdata())
    np.testing.assert_allclose(line.get_ydata(), start + slope * x, rtol=1e-6)


def test_a_feature_that_is_constant_is_drawn_without_a_line():
    plot = viz.scatter_against_target(np.c_[np.ones(5), np.arange(5)], np.arange(5), sort=True)
    assert np.isnan(plot.numbers["feature 0"])
    assert list(plot.numbers) == ["feature 1", "feature 0"]
    assert not plot.axes[0, 1].lines
    assert "undefined" in plot.axes[0, 1].get_title("left")


@pytest.mark.parametrize("as_layer", [True, False])
def test_after_normalisation_each_feature_has_mean_0_and_deviation_1(as_layer):
    layer = tw.layers.Normalization()
    layer.adapt(X)
    plot = viz.feature_distributions(X, NAMES, layer if as_layer else np.asarray(layer(X)))
    for i, (before, after) in enumerate(zip(plot.numbers.before, plot.numbers.after, strict=True)):
        assert before.mean == pytest.approx(X[:, i].mean(), rel=1e-5)
        assert before.counts.sum() == after.counts.sum() == 506
        assert after.mean == pytest.approx(0, abs=1e-5)
        assert after.std == pytest.approx(1, abs=1e-4)
    assert plot.caption == (
        "12 features of 506 examples: standard deviations from 0.116 (NOX) to 168 (TAX); after "
        "normalisation from 1 to 1."
    )
    table = plot.numbers.table()
    assert table.columns == ("feature", "min", "max", "mean", "std", "mean after", "std after")
    assert table.column("feature") == list(boston_housing.feature_names())


def test_without_normalisation():
    plot = viz.feature_distributions(X[:, 5], ["RM, rooms"])
    assert plot.numbers.after is None
    assert len(plot.numbers.table().columns) == 5
    assert plot.caption == "1 feature of 506 examples: a standard deviation of 0.702 (RM)."


# --- looks ----------------------------------------------------------------------------------------


def test_look_of_distributions():
    scaled = (X - X.mean(0)) / X.std(0)
    plot = viz.feature_distributions(X[:, :8], NAMES[:8], scaled[:, :8], title="Boston housing")
    check_look(plot, "data_distributions")


def test_look_of_scatter():
    check_look(
        viz.scatter_against_target(X[:, -6:], Y, NAMES[-6:], PRICE, title="Boston housing"),
        "data_scatter",
    )


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_look_of_correlation(theme):
    with viz.theme(theme):
        check_look(viz.correlation(X, Y, NAMES, PRICE), f"data_correlation_{theme}")


def test_nothing_overlaps_at_any_usual_size():
    check_sizes(lambda ax: viz.correlation(X, Y, NAMES, PRICE, ax=ax))


@pytest.mark.parametrize("count", [1, 9])
def test_any_number_of_features_has_room(count):
    columns = np.resize(X.T, (count, len(X))).T
    names = [f"{name} {i}" for i, name in enumerate(np.resize(NAMES, count))]
    check_layout(viz.scatter_against_target(columns, Y, names, PRICE).figure)
    check_layout(viz.feature_distributions(columns, names, columns / 100, title="All").figure)


BAD = {
    "feature_distributions: feature_names must have one name for each of the 12 features, got 1": (
        lambda: viz.feature_distributions(X, ["a"])
    ),
    "feature_distributions: at most 40 features can be drawn, got 41; take some, as x[:, :40]": (
        lambda: viz.feature_distributions(np.ones((3, 41)))
    ),
    "feature_distributions: normalized has 2 features, but x has 12": (
        lambda: viz.feature_distributions(X, None, X[:, :2])
    ),
    "feature_distributions: x must be real numbers, got an array of <U1": (
        lambda: viz.feature_distributions([["a"]])
    ),
    "scatter_against_target: x has 506 rows, but y has 2": lambda: viz.scatter_against_target(
        X, [1, 2]
    ),
    "scatter_against_target: y must be one number for each row, got shape (506, 12)": (
        lambda: viz.scatter_against_target(X, X)
    ),
    "correlation: method must be one of 'pearson', 'spearman', got 'kendall'": (
        lambda: viz.correlation(X, method="kendall")
    ),
    "correlation: x must have 1 or 2 axes, got shape (1, 1, 1)": lambda: viz.correlation([[[1]]]),
}


@pytest.mark.parametrize("message", BAD)
def test_bad_input_in_a_sentence(message):
    with pytest.raises((TypeError, ValueError)) as caught:
        BAD[message]()
    assert str(caught.value) == f"{message}."


@pytest.mark.parametrize("method", ["pearson", "spearman"])
def test_each_pair_is_compared_in_the_rows_that_have_both(method):
    table = np.random.default_rng(3).normal(size=(40, 4))
    table[:5, 0] = np.nan
    table[30:, 1] = np.inf
    table[:, 3] = np.nan
    found = correlations(table, method)
    measure = stats.pearsonr if method == "pearson" else stats.spearmanr
    for i, j in ((0, 1), (0, 2), (1, 2)):
        both = np.isfinite(table[:, i]) & np.isfinite(table[:, j])
        expected = measure(table[both, i], table[both, j]).statistic
        assert found[i, j] == found[j, i] == pytest.approx(expected)
    np.testing.assert_allclose(np.diag(found)[:3], 1.0)
    assert np.isnan(found[3]).all()
    assert np.isnan(found[:, 3]).all()


class Frame:
    """What of a data frame is used: it becomes an array, and has names of its columns."""

    columns = ("rooms", "age")

    def __array__(self, dtype=None, copy=None):
        return np.array([[1.0, 4.0], [2.0, 3.0], [3.0, 2.5]], dtype)


def test_data_frames_name_their_columns():
    y = [1.0, 2.0, 3.0]
    assert list(viz.scatter_against_target(Frame(), y).numbers) == ["rooms", "age"]
    assert viz.feature_distributions(Frame()).numbers.names == ["rooms", "age"]
    assert "rooms and age" in viz.correlation(Frame()).caption
    assert list(viz.scatter_against_target(Frame(), y, ["a", "b"]).numbers) == ["a", "b"]


def test_no_name_comes_twice():
    for draw in (viz.correlation, viz.feature_distributions):
        with pytest.raises(ValueError, match="feature_names must be distinct, one comes twice"):
            draw(X[:, :2], feature_names=["a, m", "a, s"])


@pytest.mark.parametrize("count", [1, 2, 3, 4, 5, 6, 12])
def test_few_features_leave_room_for_their_names(count):
    check_layout(viz.correlation(X[:, :count]).figure)


def test_sentences_about_few():
    one = X[:, 5]
    assert viz.correlation(one).caption == "feature 0 goes with nothing else."
    assert viz.correlation(one, Y).caption == "target goes with feature 0 (r = 0.7)."
    flat = np.c_[one, np.ones(len(one)), one]
    assert viz.correlation(flat).caption.endswith("(r = 1); feature 1 does not vary.")
    assert viz.scatter_against_target([[1.0]], [1.0]).caption == (
        "No feature varies with target in 1 example."
    )
    two = viz.scatter_against_target([[1.0, 2.0], [2.0, 4.0]], [1.0, 2.0])
    assert two.caption == "Of 2 examples, target goes most with feature 0 (r = 1)."


def test_long_names_stay_above_their_panels():
    names = [f"{i} a very long name of a feature indeed, kilometres" for i in range(4)]
    check_layout(viz.scatter_against_target(X[:, :4], Y, names).figure)
    check_layout(viz.feature_distributions(X[:, :4], names).figure)


def test_bins_that_are_wrong_are_named_by_who_was_called():
    with pytest.raises(ValueError, match=r"^feature_distributions: bins must be 'auto'"):
        viz.feature_distributions(X[:, :2], bins="many")
    model = tw.Sequential([tw.Input((2,)), tw.layers.Dense(1)])
    with pytest.raises(ValueError, match=r"^weight_histograms: bins must be at least 1, got 0"):
        viz.weight_histograms(model, bins=0)
