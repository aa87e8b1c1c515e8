"""Metrics over batches against hand values and definitions in NumPy."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from thalweg import metrics, ops

Array = np.ndarray[Any, Any]


def after(metric: Any, *batches: tuple[Any, ...]) -> Any:
    for batch in batches:
        metric.update_state(*batch)
    return metric.result().numpy()


# --- means --------------------------------------------------------------------------------------


def test_mean_and_sum() -> None:
    assert after(metrics.Mean(), ([1, 2, 3],), ([10],)) == 4.0
    assert after(metrics.Mean(), ([1, 2, 3], [0, 1, 1]), (10.0, 2.0)) == 25 / 4
    assert after(metrics.Mean(), ([[1, 3], [5, 7]], [1, 0])) == 2.0
    assert after(metrics.Mean(), ([[1, 3], [5, 7]], [[1, 0], [1, 1]])) == pytest.approx(13 / 3)
    assert after(metrics.Sum(), ([[1, 3], [5, 7]], [1, 0]), ([1.0],)) == 5.0
    assert after(metrics.Mean()) == 0.0
    with pytest.raises(ValueError, match=r"'mean': sample_weight has shape \(3,\), which does not"):
        metrics.Mean().update_state([1.0, 2.0], [1.0, 1.0, 1.0])


def test_masks_leave_elements_out() -> None:
    y_pred = ops.convert_to_tensor([[1.0], [5.0], [2.0]])
    y_pred._keras_mask = ops.convert_to_tensor([True, False, True])
    assert after(metrics.MeanSquaredError(), (np.zeros((3, 1)), y_pred)) == 2.5
    metric = metrics.MeanSquaredError()
    assert after(metric, (np.zeros((3, 1)), y_pred, [1.0, 1.0, 3.0])) == 13 / 4
    p = np.array([[0.25, 0.75], [0.5, 0.5]])
    metric = metrics.SparseCategoricalCrossentropy(ignore_class=-1)
    assert after(metric, ([1, -1], p)) == pytest.approx(-np.log(0.75))


# --- accuracies ---------------------------------------------------------------------------------


def test_accuracies() -> None:
    assert after(metrics.Accuracy(), ([1, 2], [1, 3]), ([5, 5], [5, 5])) == 0.75
    assert after(metrics.BinaryAccuracy(), ([[1], [0]], [[0.9], [0.5]])) == 1.0
    assert after(metrics.BinaryAccuracy(threshold=0.4), ([1, 0], [0.9, 0.5])) == 0.5
    scores = [[0.1, 0.7, 0.2], [0.5, 0.3, 0.2]]
    assert after(metrics.CategoricalAccuracy(), ([[0, 1, 0], [0, 1, 0]], scores)) == 0.5
    assert after(metrics.SparseCategoricalAccuracy(), ([1, 1], scores)) == 0.5
    assert after(metrics.SparseCategoricalAccuracy(), ([[1], [0]], scores)) == 1.0
    assert after(metrics.SparseCategoricalAccuracy(), ([1, 1], scores, [1.0, 3.0])) == 0.25
    assert after(metrics.TopKCategoricalAccuracy(k=2), ([[0, 1, 0], [0, 1, 0]], scores)) == 1.0
    assert after(metrics.SparseTopKCategoricalAccuracy(k=2), ([0, 1], scores)) == 0.5
    best = [[2, 0, 1], [1, 2, 0]]
    metric = metrics.SparseTopKCategoricalAccuracy(k=2, from_sorted_ids=True)
    assert after(metric, ([0, 0], best)) == 0.5
    with pytest.raises(ValueError, match=r"sparse_categorical_accuracy: the labels have shape \(3"):
        metrics.SparseCategoricalAccuracy().update_state([1, 1, 1], scores)


# --- regression ---------------------------------------------------------------------------------


def test_regression() -> None:
    batches = (([[1.0], [2.0]], [[2.0], [4.0]]), ([[0.0]], [[-1.0]]))
    assert after(metrics.MeanSquaredError(), *batches) == 2.0
    assert after(metrics.RootMeanSquaredError(), *batches) == pytest.approx(np.sqrt(2))
    assert after(metrics.MeanAbsoluteError(), *batches) == pytest.approx(4 / 3)
    assert after(metrics.CosineSimilarity(), ([[3.0, 4.0]], [[4.0, 3.0]])) == pytest.approx(0.96)
    metric = metrics.MeanMetricWrapper(lambda y, p: p - y)
    assert after(metric, (np.array([1.0]), np.array([4.0]))) == 3.0


@settings(max_examples=15)
@given(
    st.integers(0, 1000), st.sampled_from(["uniform_average", "variance_weighted_average", None])
)
def test_r2_by_definition(seed: int, aggregation: Any) -> None:
    random = np.random.default_rng(seed)
    y, p = random.normal(size=(2, 12, 3))
    w = random.uniform(0.1, 2, 12)
    mean = (w[:, None] * y).sum(0) / w.sum()
    total = (w[:, None] * (y - mean) ** 2).sum(0)
    scores = 1 - (w[:, None] * (y - p) ** 2).sum(0) / total
    expected = {
        None: scores,
        "uniform_average": scores.mean(),
        "variance_weighted_average": (scores * total).sum() / total.sum(),
    }[aggregation]
    metric = metrics.R2Score(aggregation)
    found = after(metric, (y[:5], p[:5], w[:5]), (y[5:], p[5:], w[5:]))
    np.testing.assert_allclose(found, expected, rtol=1e-3, atol=1e-4)


def test_r2_adjusted() -> None:
    y, p = np.array([[1.0], [2.0], [3.0], [5.0]]), np.array([[1.5], [2.0], [2.5], [5.0]])
    plain = after(metrics.R2Score(), (y, p))
    expected = 1 - (1 - plain) * (4 - 1) / (4 - 2 - 1)
    assert after(metrics.R2Score(num_regressors=2), (y, p)) == pytest.approx(expected, rel=1e-5)
    # Too few samples to adjust.
    assert after(metrics.R2Score(num_regressors=3), (y, p)) == plain


@settings(max_examples=15)
@given(st.integers(0, 1000))
def test_correlations_by_definition(seed: int) -> None:
    y, p = np.random.default_rng(seed).normal(size=(2, 3, 8))
    rows = zip(y, p, strict=True)
    pearson = [np.corrcoef(a, b)[0, 1] for a, b in rows]
    found = metrics.pearson_correlation(y, p)
    np.testing.assert_allclose(found, pearson, rtol=1e-4, atol=1e-5)
    rows = zip(y, p, strict=True)
    lin = [
        2 * np.cov(a, b, bias=True)[0, 1] / (a.var() + b.var() + (a.mean() - b.mean()) ** 2)
        for a, b in rows
    ]
    np.testing.assert_allclose(metrics.concordance_correlation(y, p), lin, rtol=1e-4, atol=1e-5)
    assert after(metrics.PearsonCorrelation(), (y, p)) == pytest.approx(np.mean(pearson), abs=1e-5)


# --- confusions ---------------------------------------------------------------------------------


def cells(y: Array, p: Array, w: Array, t: float) -> tuple[float, float, float, float]:
    called = p > t
    return (
        float((w * (called & (y == 1))).sum()),
        float((w * (called & (y == 0))).sum()),
        float((w * (~called & (y == 0))).sum()),
        float((w * (~called & (y == 1))).sum()),
    )


@settings(max_examples=25)
@given(
    st.integers(0, 1000),
    st.lists(st.sampled_from([0.0, 0.1, 0.25, 0.5, 0.75, 1.0]), min_size=1, max_size=4),
)
def test_counts_by_definition(seed: int, thresholds: list[float]) -> None:
    random = np.random.default_rng(seed)
    y = random.integers(0, 2, 20)
    # Some scores are exactly at a threshold: that is not above it.
    p = random.choice([0.0, 0.1, 0.25, 0.3, 0.5, 0.6, 0.75, 1.0], 20).astype("float32")
    w = random.uniform(0, 2, 20).astype("float32")
    f32 = [np.float32(t) for t in thresholds]
    expected = np.array([cells(y, p, w, t) for t in f32]).T
    kinds = ("TruePositives", "FalsePositives", "TrueNegatives", "FalseNegatives")
    for kind, counts in zip(kinds, expected, strict=True):
        metric = getattr(metrics, kind)(thresholds)
        found = after(metric, (y[:9], p[:9], w[:9]), (y[9:], p[9:], w[9:]))
        np.testing.assert_allclose(found, counts if len(counts) > 1 else counts[0], atol=1e-5)
    tp, fp, _, fn = expected
    with np.errstate(invalid="ignore"):
        precision = np.nan_to_num(tp / (tp + fp))
        recall = np.nan_to_num(tp / (tp + fn))
    found = after(metrics.Precision(thresholds), (y, p, w))
    np.testing.assert_allclose(np.atleast_1d(found), precision, rtol=1e-4, atol=1e-5)
    found = after(metrics.Recall(thresholds), (y, p, w))
    np.testing.assert_allclose(np.atleast_1d(found), recall, rtol=1e-4, atol=1e-5)


def test_top_k_and_class_id() -> None:
    y, p = [[0, 1, 1], [1, 0, 0]], [[0.9, 0.8, 0.1], [0.2, 0.3, 0.4]]
    assert after(metrics.Precision(top_k=1), (y, p)) == 0.0
    assert after(metrics.Precision(top_k=2), (y, p)) == 0.25
    assert after(metrics.Recall(top_k=2, class_id=1), (y, p)) == 1.0
    assert after(metrics.Recall(class_id=-1), (y, p)) == 0.0
    with pytest.raises(ValueError, match="class_id 3 needs y_pred with that many classes"):
        metrics.Recall(class_id=3).update_state(y, p)


@settings(max_examples=15)
@given(st.integers(0, 1000))
def test_roc_auc_is_the_chance_of_the_right_order(seed: int) -> None:
    random = np.random.default_rng(seed)
    y = np.concatenate([[0, 1], random.integers(0, 2, 20)])
    # Scores in the middle between thresholds, so that no two fall together by chance.
    p = (random.permutation(199)[:22] + 0.5) / 199
    pairs = [(a > b) for a in p[y == 1] for b in p[y == 0]]
    assert after(metrics.AUC(), (y[:7], p[:7]), (y[7:], p[7:])) == pytest.approx(np.mean(pairs))


def test_auc_by_hand() -> None:
    y, p = [0, 0, 1, 1], [0.0, 0.5, 0.3, 0.9]
    # Thresholds 0-, 0.5, 1+: recall 1, 0.5, 0; false positives 1, 0, 0; precision 0.5, 1, 0.
    assert after(metrics.AUC(3), (y, p)) == pytest.approx(0.75)
    assert after(metrics.AUC(3, summation_method="minoring"), (y, p)) == pytest.approx(0.5)
    assert after(metrics.AUC(3, summation_method="majoring"), (y, p)) == pytest.approx(1.0)
    found = after(metrics.AUC(3, curve="pr", summation_method="majoring"), (y, p))
    assert found == pytest.approx(0.5 * 1 + 0.5 * 1)
    # Between the points tp rises from 1 to 2 while p rises from 1 to 4.
    interpolated = (1 + (2 / 3) * np.log(4.0)) / 3 / 2 + 0.5
    assert after(metrics.AUC(3, curve="PR"), (y, p)) == pytest.approx(interpolated)
    assert after(metrics.AUC(3), ([1, 0], [2.0, -1.0])) == pytest.approx(1.0)


def test_multi_label_auc() -> None:
    y = np.array([[0, 1], [1, 0], [1, 1], [0, 0]])
    p = np.array([[0.1, 0.9], [0.8, 0.6], [0.7, 0.3], [0.75, 0.4]])
    apart = [after(metrics.AUC(), (y[:, i], p[:, i])) for i in range(2)]
    assert after(metrics.AUC(multi_label=True), (y, p)) == pytest.approx(np.mean(apart))
    weighted = metrics.AUC(multi_label=True, num_labels=2, label_weights=[3.0, 1.0])
    assert after(weighted, (y, p)) == pytest.approx((3 * apart[0] + apart[1]) / 4)
    together = after(metrics.AUC(), (y.ravel(), p.ravel()))
    assert after(metrics.AUC(), (y, p)) == pytest.approx(together)


def test_best_under_a_condition() -> None:
    y, p = [0, 0, 0, 1, 1], [0.0, 0.3, 0.8, 0.3, 0.8]
    assert after(metrics.SensitivityAtSpecificity(0.5), (y, p)) == 0.5
    assert after(metrics.SpecificityAtSensitivity(0.5), (y, p)) == pytest.approx(2 / 3)
    assert after(metrics.PrecisionAtRecall(0.9), (y, p)) == 0.5
    assert after(metrics.RecallAtPrecision(0.5), (y, p)) == 1.0
    assert after(metrics.RecallAtPrecision(0.99), (y, p)) == 0.0


# --- F-scores and intersection over union -------------------------------------------------------


def test_f_scores() -> None:
    y = [[1, 1, 1], [1, 0, 0], [1, 1, 0]]
    p = [[0.2, 0.6, 0.7], [0.2, 0.6, 0.6], [0.6, 0.8, 0.0]]
    # Counts (tp, fp, fn) of the labels: (1, 0, 2), (2, 1, 0), (1, 1, 0).
    f1 = np.array([2 / 4, 4 / 5, 2 / 3])
    np.testing.assert_allclose(after(metrics.F1Score(threshold=0.5), (y, p)), f1, rtol=1e-5)
    found = after(metrics.F1Score("macro", 0.5), (y, p))
    assert found == pytest.approx(f1.mean(), rel=1e-5)
    found = after(metrics.F1Score("weighted", 0.5), (y, p))
    assert found == pytest.approx((3 * f1[0] + 2 * f1[1] + f1[2]) / 6, rel=1e-5)
    found = after(metrics.F1Score("micro", 0.5), (y, p))
    assert found == pytest.approx(8 / 12, rel=1e-5)
    found = after(metrics.F1Score("micro", 0.5), (y, p, [1.0, 0.0, 0.0]))
    assert found == pytest.approx(4 / 5, rel=1e-5)
    largest = after(metrics.FBetaScore(), ([[0, 1], [1, 0]], [[0.2, 0.3], [0.1, 0.9]]))
    np.testing.assert_allclose(largest, [0.0, 2 / 3], rtol=1e-5)


def test_intersection_over_union() -> None:
    y, p = [0, 0, 1, 1, 2], [0, 1, 0, 1, 2]
    assert after(metrics.MeanIoU(3), (y, p)) == pytest.approx((1 / 3 + 1 / 3 + 1) / 3)
    assert after(metrics.IoU(3, [2]), (y, p)) == pytest.approx(1.0)
    # A class that does not occur does not count, nor does a label out of range.
    assert after(metrics.MeanIoU(5), (y, p)) == pytest.approx((1 / 3 + 1 / 3 + 1) / 3)
    assert after(metrics.MeanIoU(2), (y, p)) == pytest.approx(1 / 3)
    # Labels 0 are left out; what is predicted as 0 still stands in its union.
    found = after(metrics.MeanIoU(3, ignore_class=0), (y, p))
    assert found == pytest.approx((0 + 1 / 2 + 1) / 3)
    weighted = metrics.MeanIoU(3, dtype="float32")
    found = after(weighted, (y, p, [0.5, 0.5, 0.0, 1.0, 1.0]))
    assert found == pytest.approx((0.5 / 1.0 + 1.0 / 1.5 + 1) / 3)
    with pytest.warns(UserWarning, match="sample_weight of float32 is cut to int32"):
        metrics.MeanIoU(3).update_state(y, p, [0.5] * 5)
    binary = metrics.BinaryIoU(target_class_ids=[1], threshold=0.3)
    assert after(binary, ([0, 1, 0, 1], [0.1, 0.2, 0.4, 0.7])) == pytest.approx(1 / 3)
    one_hot = metrics.OneHotIoU(2, [1])
    assert after(one_hot, ([[1, 0], [0, 1]], [[0.2, 0.8], [0.1, 0.9]])) == pytest.approx(0.5)


# --- errors -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: metrics.Precision(thresholds=1.5), r"^Precision: thresholds must be in \[0, 1\]"),
        (lambda: metrics.AUC(curve="RAC"), r"^AUC: curve must be one of .*got 'RAC'\.$"),
        (lambda: metrics.AUC(summation_method="x"), r"AUC: summation_method must be one of"),
        (lambda: metrics.AUC(num_thresholds=1), r"AUC: num_thresholds must be > 1, got 1"),
        (lambda: metrics.AUC(num_labels=2), r"AUC: num_labels is only for multi_label=True"),
        (lambda: metrics.RecallAtPrecision(1.2), r"^RecallAtPrecision: precision must be in \[0"),
        (lambda: metrics.PrecisionAtRecall(0.5, 0), r"num_thresholds must be > 0, got 0"),
        (lambda: metrics.F1Score("mean"), r"^F1Score: average must be one of .*got 'mean'"),
        (lambda: metrics.FBetaScore(beta=0.0), r"beta must be a number > 0, got 0.0"),
        (lambda: metrics.F1Score(threshold=2.0), r"threshold must be in \(0, 1\] or None"),
        (lambda: metrics.IoU(2, [2]), r"^IoU: target_class_ids must be from 0 to 1, got \[2\]"),
        (lambda: metrics.R2Score("sum"), r"^R2Score: class_aggregation must be one of"),
        (lambda: metrics.R2Score(num_regressors=-1), r"num_regressors must be >= 0, got -1"),
        (lambda: metrics.R2Score()([1.0], [1.0]), r"must have the shape \(batch, outputs\)"),
        (lambda: metrics.R2Score().result(), r"needs at least one update_state"),
        (lambda: metrics.F1Score()([1], [1]), r"must have the shape \(batch, labels\)"),
        (lambda: metrics.F1Score().result(), r"needs at least one update_state"),
        (lambda: metrics.AUC(multi_label=True).result(), r"needs at least one update_state"),
        (lambda: metrics.AUC(multi_label=True)([1], [1]), r"y_pred must have the shape \(batch, l"),
        (lambda: metrics.AUC()([1, 0], [0.5, 0.5, 0.5]), r"y_true must have the shape of y_pred"),
        (lambda: metrics.MeanIoU(2)([1, 0], [1]), r"as many elements, got 2 and 1"),
    ],
)
def test_errors(make: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        make()
