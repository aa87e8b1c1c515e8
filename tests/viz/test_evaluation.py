"""The numbers behind the pictures of predictions, against their definitions taken word by word."""

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

import thalweg as tw
from thalweg import viz
from thalweg.viz.evaluation.calibration import calibration_of
from thalweg.viz.evaluation.confusion_matrix import confusion_counts, normalized_counts
from thalweg.viz.evaluation.labels import classes_of
from thalweg.viz.evaluation.per_class_accuracy import per_class
from thalweg.viz.evaluation.precision_recall_curve import precision_recall_of
from thalweg.viz.evaluation.roc_curve import roc_of

# Few different scores, so that there are ties; weights of 0 among them.
EXAMPLES = st.lists(
    st.tuples(st.booleans(), st.integers(0, 5), st.sampled_from([0.0, 0.5, 1.0, 2.0])),
    min_size=2,
    max_size=30,
)
FEW = settings(max_examples=30, deadline=None)


def columns(examples):
    true, scores, weights = (np.array(c) for c in zip(*examples, strict=True))
    return true.astype(bool), scores / 5, weights.astype(float)


@FEW
@given(EXAMPLES)
def test_roc_is_its_definition(examples):
    true, scores, weights = columns(examples)
    positives, negatives = weights[true].sum(), weights[~true].sum()
    assume(positives > 0 and negatives > 0)
    found = roc_of(true, scores, weights)
    assert (found.positives, found.negatives) == (positives, negatives)
    for threshold, tpr, fpr in zip(
        found.thresholds, found.true_positive_rate, found.false_positive_rate, strict=True
    ):
        reached = scores >= threshold
        assert tpr == pytest.approx(weights[true & reached].sum() / positives)
        assert fpr == pytest.approx(weights[~true & reached].sum() / negatives)
    assert set(found.thresholds[1:]) == set(scores)
    # The chance that a positive has the higher score; ties count half (Mann and Whitney).
    chance = sum(
        weights[i] * weights[j] * ((scores[i] > scores[j]) + 0.5 * (scores[i] == scores[j]))
        for i in np.flatnonzero(true)
        for j in np.flatnonzero(~true)
    )
    assert found.auc == pytest.approx(chance / positives / negatives)


@FEW
@given(EXAMPLES)
def test_precision_and_recall_are_their_definitions(examples):
    true, scores, weights = columns(examples)
    positives = weights[true].sum()
    assume(positives > 0)
    found = precision_recall_of(true, scores, weights)
    average, before = 0.0, 0.0
    for threshold, precision, recall in zip(
        found.thresholds, found.precision, found.recall, strict=True
    ):
        reached = scores >= threshold
        weight = weights[reached].sum()
        assert recall == pytest.approx(weights[true & reached].sum() / positives)
        assert precision == pytest.approx(weights[true & reached].sum() / weight if weight else 1)
        average, before = average + (recall - before) * precision, recall
    assert found.average_precision == pytest.approx(average)


def test_scores_in_the_right_order_are_perfect_and_in_the_wrong_one_useless():
    true, scores = [0, 0, 1, 1], np.array([0.1, 0.2, 0.7, 0.9])
    assert viz.roc_curve(true, scores).numbers["1"].auc == 1
    assert viz.precision_recall_curve(true, scores).numbers["1"].average_precision == 1
    assert viz.roc_curve(true, -scores).numbers["1"].auc == 0
    assert viz.roc_curve(true, scores * 0).numbers["1"].auc == 0.5


@FEW
@given(
    st.lists(
        st.tuples(st.integers(0, 3), st.integers(0, 3), st.sampled_from([0.5, 1.0])), min_size=1
    )
)
def test_confusion_matrix_is_its_definition(examples):
    true, predicted, weights = (np.array(c) for c in zip(*examples, strict=True))
    classes = classes_of("f", true, predicted, list("abcd"), weights)
    counts = confusion_counts(classes)
    for i in range(4):
        for j in range(4):
            assert counts[i, j] == weights[(true == i) & (predicted == j)].sum()
    rows, pred, whole = (normalized_counts(counts, n) for n in ("true", "pred", "all"))
    found = per_class(counts, classes.names)
    for i in range(4):
        of, taken = true == i, predicted == i
        right = weights[of & taken].sum()
        np.testing.assert_allclose(found.support[i], weights[of].sum())
        if of.any():
            assert found.accuracy[i] == rows[i, i] == pytest.approx(right / weights[of].sum())
        else:
            assert np.isnan(found.accuracy[i])
            assert np.isnan(rows[i]).all()
        if taken.any():
            assert found.precision[i] == pred[i, i] == pytest.approx(right / weights[taken].sum())
        else:
            assert np.isnan(found.precision[i])
        if of.any() and taken.any() and right:
            p, r = found.precision[i], found.accuracy[i]
            assert found.f1[i] == pytest.approx(2 * p * r / (p + r))
    assert whole.sum() == pytest.approx(1)
    assert found.overall == pytest.approx(weights[true == predicted].sum() / weights.sum())


@FEW
@given(EXAMPLES, st.integers(1, 7))
def test_calibration_is_its_definition(examples, bins):
    true, confidence, weights = columns(examples)
    assume(weights.sum() > 0)
    edges = np.linspace(0, 1, bins + 1)
    found = calibration_of(confidence, true, weights, edges)
    error = 0.0
    for i in range(bins):
        inside = (confidence >= edges[i]) & ((confidence < edges[i + 1]) | (i == bins - 1))
        weight = weights[inside].sum()
        assert found.counts[i] == weight
        if not weight:
            assert np.isnan(found.accuracy[i])
            continue
        said = (weights * confidence)[inside].sum() / weight
        right = (weights * true)[inside].sum() / weight
        assert found.confidence[i] == pytest.approx(said)
        assert found.accuracy[i] == pytest.approx(right)
        error += weight / weights.sum() * abs(said - right)
    assert found.expected_error == pytest.approx(error)


def test_a_model_that_says_what_it_knows_is_calibrated():
    said = np.repeat([0.25, 0.75], 4)
    came = np.array([0, 0, 0, 1, 0, 1, 1, 1])
    found = viz.calibration(came, said, bins=2).numbers
    assert (found.expected_error, found.largest_error) == (0, 0)
    sure = viz.calibration(came, np.ones(8)).numbers
    assert sure.expected_error == sure.largest_error == 0.5


def test_calibration_of_several_classes_is_about_the_most_probable():
    rows = np.array([[0.6, 0.3, 0.1], [0.1, 0.8, 0.1], [0.3, 0.3, 0.4], [0.0, 0.0, 1.0]])
    found = viz.calibration([0, 0, 2, 2], rows, bins=5).numbers
    np.testing.assert_allclose(found.counts, [0, 0, 1, 1, 2])
    np.testing.assert_allclose(found.accuracy[2:], [1, 1, 0.5])
    np.testing.assert_allclose(found.confidence[2:], [0.4, 0.6, 0.9])


def test_quantile_bins_hold_about_as_many():
    said = np.random.default_rng(0).beta(5, 1, 1000)
    found = viz.calibration(said > 0.5, said, strategy="quantile").numbers
    np.testing.assert_allclose(found.counts, 100, atol=1)


def test_residuals_are_their_definitions():
    true, predicted = np.array([1.0, 2.0, 6.0]), np.array([2.0, 2.0, 5.0])
    found = viz.residuals(true, tw.constant(predicted[:, None]), "time, seconds").numbers
    np.testing.assert_array_equal(found.residuals, [-1, 0, 1])
    assert (found.mean, found.mean_absolute_error) == (0, pytest.approx(2 / 3))
    assert found.root_mean_squared_error == pytest.approx(np.sqrt(2 / 3))
    assert found.r2 == pytest.approx(1 - 2 / 14)
    assert np.isnan(viz.residuals([1, 1], [1, 2]).numbers.r2)


# --- what may be given ----------------------------------------------------------------------------

TRUE = np.array([0, 2, 1, 2])
LOGITS = np.array([[3.0, 0, 0], [0, 1, 5], [9, 1, 2], [-3, -2, -1]])


@pytest.mark.parametrize("true", [TRUE, TRUE[:, None], np.eye(3)[TRUE], TRUE.astype("float32")])
@pytest.mark.parametrize("predicted", [LOGITS, LOGITS.argmax(1), np.eye(3)[LOGITS.argmax(1)]])
def test_classes_may_be_numbers_rows_or_scores(true, predicted):
    counts = viz.confusion_matrix(true, predicted).numbers.counts
    np.testing.assert_array_equal(counts, [[1, 0, 0], [1, 0, 0], [0, 0, 2]])


def test_probabilities_of_class_1_count_above_one_half():
    found = viz.confusion_matrix([0, 1, 1], [[0.5], [0.6], [0.1]], ["no", "yes"]).numbers
    np.testing.assert_array_equal(found.counts, [[1, 0], [1, 1]])


def test_two_columns_of_scores_are_one_curve():
    rows = np.array([[0.9, 0.1], [0.6, 0.4], [0.65, 0.35], [0.2, 0.8]])
    one = viz.roc_curve([0, 0, 1, 1], rows, ["no", "yes"]).numbers
    assert list(one) == ["yes"]
    assert one["yes"].auc == 0.75
    hot = np.eye(2)[[0, 0, 1, 1]]
    assert viz.roc_curve(hot, rows[:, 1]).numbers["1"].auc == 0.75


def test_each_class_is_told_from_the_rest():
    rng = np.random.default_rng(0)
    true, scores = rng.integers(0, 4, 200), rng.normal(size=(200, 4))
    several = viz.roc_curve(true, scores).numbers
    for i in range(4):
        alone = viz.roc_curve(true == i, scores[:, i]).numbers["1"]
        assert several[str(i)].auc == alone.auc
    labels = rng.integers(0, 2, (200, 4))  # several may be true at once
    found = viz.precision_recall_curve(labels, scores).numbers
    alone = viz.precision_recall_curve(labels[:, 2], scores[:, 2]).numbers["1"]
    assert found["2"].average_precision == alone.average_precision


def test_a_class_without_examples_is_undefined_and_said_so():
    scores = np.random.default_rng(0).normal(size=(20, 3))
    plot = viz.roc_curve(np.arange(20) % 2, scores, ["a", "b", "c"])
    assert np.isnan(plot.numbers["c"].auc)
    assert plot.caption.endswith("; undefined for 'c'.")
    assert len(plot.axes.get_legend().get_texts()) == 2


def test_weights_count_as_repetitions():
    rng = np.random.default_rng(1)
    true, scores, times = rng.integers(0, 2, 40), rng.random(40), rng.integers(0, 4, 40)
    again = np.repeat(np.arange(40), times)

    def both(function, pick):
        weighed = pick(function(true, scores, sample_weight=times).numbers)
        repeated = pick(function(true[again], scores[again]).numbers)
        np.testing.assert_allclose(weighed, repeated)

    both(viz.roc_curve, lambda n: n["1"].auc)
    both(viz.precision_recall_curve, lambda n: n["1"].average_precision)
    both(viz.calibration, lambda n: n.expected_error)
    both(viz.confusion_matrix, lambda n: n.counts)
    both(viz.per_class_accuracy, lambda n: n.f1)


def test_what_a_model_predicts_fits_as_it_is():
    model = tw.Sequential([tw.Input((4,)), tw.layers.Dense(3, activation="softmax")])
    x, y = np.random.default_rng(0).normal(size=(30, 4)), np.arange(30) % 3
    predicted = model.predict(x, verbose=0)
    for draw in (
        viz.confusion_matrix,
        viz.per_class_accuracy,
        viz.roc_curve,
        viz.precision_recall_curve,
        viz.calibration,
    ):
        assert draw(y, predicted).caption


# --- sentences ------------------------------------------------------------------------------------


def test_captions_say_what_is_seen():
    names = ["cat", "dog", "eel"]
    true, predicted = [0, 0, 0, 1, 1, 2], [0, 1, 1, 1, 1, 2]
    assert viz.confusion_matrix(true, predicted, names).caption == (
        "66.7% of 6 examples in 3 classes are right; the most frequent mistake is 'dog' where "
        "'cat' is true, 2 of 3."
    )
    assert viz.confusion_matrix(true, true, names).caption == (
        "100% of 6 examples in 3 classes are right; no class is taken for another."
    )
    assert viz.per_class_accuracy(true, predicted, names).caption == (
        "66.7% of all are right, from 33.3% of 'cat' to 100% of 'dog'."
    )
    assert viz.calibration([0, 1, 1, 0], [0.9] * 4).caption == (
        "Mean probability 90%, 50% came true: on the whole too sure; the expected calibration "
        "error over 1 bin is 40%."
    )
    assert viz.residuals([1.0, 3.0], [0.5, 2.0], "time, seconds").caption == (
        "2 predictions of the time are off by 0.75 seconds on average (RMSE 0.791, R² 0.375); on "
        "the mean they are 0.75 too low."
    )


BAD = {
    "confusion_matrix: y_true has 1 examples, but y_pred has 2": lambda: viz.confusion_matrix(
        [1], [1, 2]
    ),
    "confusion_matrix: y_pred must be class numbers from 0, probabilities of class 1, or a row "
    "of scores for each example; got numbers from -1.5 to 3": lambda: viz.confusion_matrix(
        [0, 1], [-1.5, 3]
    ),
    "confusion_matrix: y_true has 2 classes in its rows, but y_pred has 3": (
        lambda: viz.confusion_matrix(np.eye(2), np.eye(3)[:2])
    ),
    "confusion_matrix: class_names must have one name for each of the 3 classes, got 2": (
        lambda: viz.confusion_matrix([0, 2], [1, 1], ["a", "b"])
    ),
    "confusion_matrix: normalize must be one of None, 'true', 'pred', 'all', got 'rows'": (
        lambda: viz.confusion_matrix([0], [0], normalize="rows")
    ),
    "confusion_matrix: class numbers go up to 5000, at most 2000 classes can be shown": (
        lambda: viz.confusion_matrix([5000], [0])
    ),
    "per_class_accuracy: sample_weight must have one weight for each of the 2 examples, got "
    "shape (3,)": lambda: viz.per_class_accuracy([0, 1], [0, 1], sample_weight=[1, 2, 3]),
    "per_class_accuracy: sample_weight must be finite, not negative, and not all 0": (
        lambda: viz.per_class_accuracy([0, 1], [0, 1], sample_weight=[0, 0])
    ),
    "roc_curve: y_true must have both examples of a class and others; the curve is undefined "
    "without": lambda: viz.roc_curve([1, 1], [0.2, 0.3]),
    "precision_recall_curve: y_true must have examples of a class; the curve is undefined "
    "without": lambda: viz.precision_recall_curve([0, 0], [0.2, 0.3]),
    "roc_curve: y_pred has 1 NaN; the scores must be numbers": lambda: viz.roc_curve(
        [0, 1], [0.1, np.nan]
    ),
    "roc_curve: y_pred has one score for each example, so y_true must be 0 or 1, got other "
    "values": lambda: viz.roc_curve([0, 2], [0.1, 0.2]),
    "roc_curve: y_true has class 3, but y_pred has scores for 3 classes": lambda: viz.roc_curve(
        [0, 3], np.eye(3)[:2]
    ),
    "calibration: y_pred must be probabilities from 0 to 1 (rows of them sum to 1), got numbers "
    "from -3 to 9; of logits take tw.nn.softmax or tw.nn.sigmoid first": (
        lambda: viz.calibration(TRUE, LOGITS)
    ),
    "calibration: bins must be a number from 1, got 0": lambda: viz.calibration([1], [0.5], 0),
    "calibration: strategy must be one of 'uniform', 'quantile', got 'even'": (
        lambda: viz.calibration([1], [0.5], strategy="even")
    ),
    "residuals: y_true has 2 numbers, but y_pred has 1": lambda: viz.residuals([1, 2], [1]),
    "residuals: y_pred must be one number for each example, got shape (2, 2); take one column": (
        lambda: viz.residuals([1, 2], [[1, 2], [3, 4]])
    ),
    "residuals: y_true has 1 numbers that are not finite": lambda: viz.residuals(
        [1, np.inf], [1, 2]
    ),
}


@pytest.mark.parametrize("message", BAD)
def test_bad_input_in_a_sentence(message):
    with pytest.raises((TypeError, ValueError)) as caught:
        BAD[message]()
    assert str(caught.value) == f"{message}."


def test_sentences_about_one():
    assert viz.residuals([1], [2]).caption == "1 prediction of the target is off by 1, too high."
    one = viz.per_class_accuracy([1, 1], [1, 0]).caption
    assert one == "50% of '1' are right; 1 class without examples."


def test_one_mistake_in_many_is_not_none():
    true = np.zeros(20_000, int)
    assert viz.confusion_matrix(true, np.r_[1, true[1:]]).caption.startswith("99.995% of 20,000")


def test_nan_is_no_logit():
    with pytest.raises(ValueError, match=r"^calibration: y_pred has 1 NaN\.$"):
        viz.calibration([0, 1], [np.nan, 1.0])


def test_long_names_stay_within_the_curves():
    names = ["short", "a name that is far too long for a legend in this picture", "$a$"]
    y = np.arange(60) % 3
    scores = np.random.default_rng(0).normal(size=(60, 3))
    for draw in (viz.roc_curve, viz.precision_recall_curve):
        plot = draw(y, scores, names)
        plot.figure.canvas.draw()
        legend, axes = plot.axes.get_legend().get_window_extent(), plot.axes.get_window_extent()
        assert axes.x0 <= legend.x0
        assert legend.x1 <= axes.x1
