"""All metrics over several updates, with options and weights, number by number against Keras."""

from __future__ import annotations

import inspect
from typing import Any

import keras
import numpy as np
import pytest

from thalweg import metrics
from thalweg.ops import convert_to_tensor

pytestmark = pytest.mark.peer


N, C = 8, 4
Batch = tuple[Any, Any]


def batches(kind: str) -> list[Batch]:
    """Three batches of labels and predictions."""
    random = np.random.default_rng(5)
    found = []
    for _ in range(3):
        numbers = random.normal(size=(2, N, C)).astype("float32")
        chances = random.uniform(0.01, 0.99, (2, N, C)).astype("float32")
        bits = random.integers(0, 2, (N, C), dtype="int32")
        labels = random.integers(0, C, N, dtype="int32")
        found.append(
            {
                "numbers": (numbers[0], numbers[1]),
                "chances": (chances[0], chances[1]),
                "whole": (labels, random.integers(0, C, N, dtype="int32")),
                "bits": (bits, chances[0]),
                "bit": (bits[:, 0], chances[0, :, 0]),
                "column": (bits[:, :1], chances[0, :, :1]),
                "bit logits": (bits[:, 0], numbers[0, :, 0]),
                "bits logits": (bits, numbers[0]),
                "one hot": (np.eye(C)[labels], chances[0]),
                "one hot logits": (np.eye(C)[labels], numbers[0]),
                "sparse": (labels, chances[0]),
                "sparse column": (labels[:, None], chances[0]),
                "sparse logits": (labels, numbers[0]),
                "time": (
                    random.integers(0, C, (N, 3)),
                    random.uniform(size=(N, 3, C)).astype("float32"),
                ),
                "sorted": (labels, np.argsort(-chances[0], -1).astype("int32")),
                "signs": (2 * bits - 1, numbers[0]),
            }[kind]
        )
    return found


# class, arguments, kind of data
CASES: list[tuple[str, dict[str, Any], str]] = [
    ("Accuracy", {}, "whole"),
    ("BinaryAccuracy", {}, "bit"),
    ("BinaryAccuracy", {"threshold": 0.2}, "bits"),
    ("CategoricalAccuracy", {}, "one hot"),
    ("SparseCategoricalAccuracy", {}, "sparse"),
    ("SparseCategoricalAccuracy", {}, "sparse column"),
    ("SparseCategoricalAccuracy", {}, "time"),
    ("TopKCategoricalAccuracy", {"k": 2}, "one hot"),
    ("SparseTopKCategoricalAccuracy", {"k": 2}, "sparse"),
    ("SparseTopKCategoricalAccuracy", {"k": 2}, "time"),
    ("SparseTopKCategoricalAccuracy", {"k": 2, "from_sorted_ids": True}, "sorted"),
    ("MeanSquaredError", {}, "numbers"),
    ("RootMeanSquaredError", {}, "numbers"),
    ("MeanAbsoluteError", {}, "numbers"),
    ("MeanAbsolutePercentageError", {}, "numbers"),
    ("MeanSquaredLogarithmicError", {}, "chances"),
    ("LogCoshError", {}, "numbers"),
    ("CosineSimilarity", {}, "numbers"),
    ("CosineSimilarity", {"axis": 1}, "numbers"),
    ("R2Score", {}, "numbers"),
    ("R2Score", {"class_aggregation": None}, "numbers"),
    ("R2Score", {"class_aggregation": "variance_weighted_average"}, "numbers"),
    ("R2Score", {"num_regressors": 3}, "numbers"),
    ("PearsonCorrelation", {}, "numbers"),
    ("PearsonCorrelation", {"axis": 0}, "numbers"),
    ("ConcordanceCorrelation", {}, "numbers"),
    ("KLDivergence", {}, "chances"),
    ("Poisson", {}, "chances"),
    ("BinaryCrossentropy", {}, "bits"),
    ("BinaryCrossentropy", {"from_logits": True, "label_smoothing": 0.1}, "bits logits"),
    ("CategoricalCrossentropy", {}, "one hot"),
    ("CategoricalCrossentropy", {"from_logits": True, "label_smoothing": 0.2}, "one hot logits"),
    ("SparseCategoricalCrossentropy", {}, "sparse"),
    ("SparseCategoricalCrossentropy", {"from_logits": True}, "sparse logits"),
    ("Hinge", {}, "signs"),
    ("SquaredHinge", {}, "bits logits"),
    ("CategoricalHinge", {}, "one hot logits"),
    ("TruePositives", {}, "bit"),
    ("FalsePositives", {"thresholds": [0.7, 0.1]}, "bit"),
    ("TrueNegatives", {"thresholds": [0.0, 0.5, 1.0]}, "bits"),
    ("FalseNegatives", {"thresholds": 0.3}, "column"),
    ("Precision", {}, "bit"),
    ("Precision", {"thresholds": [0.2, 0.8, 0.4]}, "bits"),
    ("Precision", {"top_k": 2}, "bits"),
    ("Precision", {"top_k": 2, "thresholds": 0.5, "class_id": 1}, "bits"),
    ("Recall", {}, "column"),
    ("Recall", {"class_id": 3}, "bits"),
    ("Recall", {"top_k": 1}, "one hot"),
    ("F1Score", {}, "bits"),
    ("F1Score", {"average": "micro", "threshold": 0.4}, "bits"),
    ("F1Score", {"average": "macro"}, "one hot"),
    ("F1Score", {"average": "weighted"}, "one hot"),
    ("FBetaScore", {"beta": 2.0, "threshold": 0.5}, "bits"),
    ("FBetaScore", {"beta": 0.5, "average": "weighted"}, "one hot"),
    ("AUC", {}, "bit"),
    ("AUC", {"curve": "PR"}, "bit"),
    ("AUC", {"curve": "PRGAIN"}, "bit"),
    ("AUC", {"curve": "PR", "summation_method": "minoring"}, "bits"),
    ("AUC", {"summation_method": "majoring"}, "column"),
    ("AUC", {"summation_method": "minoring"}, "bits"),
    ("AUC", {"num_thresholds": 7}, "bit"),
    ("AUC", {"thresholds": [0.1, 0.8, 0.3]}, "bit"),
    ("AUC", {"from_logits": True}, "bit logits"),
    ("AUC", {"multi_label": True}, "bits"),
    ("AUC", {"multi_label": True, "num_labels": C, "curve": "PR"}, "bits"),
    ("AUC", {"multi_label": True, "label_weights": [1.0, 2.0, 0.5, 0.0]}, "bits"),
    ("AUC", {"multi_label": True, "thresholds": [0.2, 0.9], "curve": "PR"}, "bits"),
    ("AUC", {"label_weights": [1.0, 2.0, 0.5, 0.0]}, "bits"),
    ("SensitivityAtSpecificity", {"specificity": 0.4}, "bit"),
    ("SensitivityAtSpecificity", {"specificity": 0.4, "num_thresholds": 1}, "bit"),
    ("SpecificityAtSensitivity", {"sensitivity": 0.6}, "bit"),
    ("SpecificityAtSensitivity", {"sensitivity": 0.6, "class_id": 2}, "bits"),
    ("PrecisionAtRecall", {"recall": 0.7}, "bit"),
    ("RecallAtPrecision", {"precision": 0.55, "num_thresholds": 20}, "bit"),
    ("IoU", {"num_classes": C, "target_class_ids": [0, 2]}, "whole"),
    ("IoU", {"num_classes": C, "target_class_ids": [0, 2], "ignore_class": 1}, "whole"),
    ("IoU", {"num_classes": 3, "target_class_ids": [0], "dtype": "float32"}, "whole"),
    ("IoU", {"num_classes": C, "target_class_ids": [1], "sparse_y_pred": False}, "sparse"),
    ("BinaryIoU", {}, "bit"),
    ("BinaryIoU", {"target_class_ids": (1,), "threshold": 0.3}, "bits"),
    ("MeanIoU", {"num_classes": C}, "whole"),
    ("OneHotIoU", {"num_classes": C, "target_class_ids": [0, 1]}, "one hot"),
    ("OneHotMeanIoU", {"num_classes": C}, "one hot"),
]
# These take weights of whole numbers only, and one for each element.
COUNTING = {"IoU", "BinaryIoU", "MeanIoU", "OneHotIoU", "OneHotMeanIoU"}


def close(found: Any, expected: Any) -> None:
    found, expected = np.asarray(found), np.asarray(expected)
    assert found.shape == expected.shape
    np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-5)


@pytest.mark.filterwarnings("ignore:Explicitly requested dtype int64")  # from inside of Keras
@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize(("name", "arguments", "kind"), CASES)
def test_over_batches(name: str, arguments: dict[str, Any], kind: str, weighted: bool) -> None:
    here, there = getattr(metrics, name)(**arguments), getattr(keras.metrics, name)(**arguments)
    for i, (y_true, y_pred) in enumerate(batches(kind)):
        weights = None
        if weighted:
            random = np.random.default_rng(i)
            weights = random.uniform(0, 2, N).astype("float32")
            if name == "PearsonCorrelation" and arguments.get("axis") == 0:
                weights = weights[:C]
            if name in COUNTING:
                shape = N if kind not in ("bits",) else (N, C)
                weights = random.integers(0, 3, shape, dtype="int32")
        here.update_state(y_true, y_pred, weights)
        there.update_state(y_true, y_pred, weights)
        close(here.result(), there.result())
    assert [v.shape for v in here.variables] == [v.shape for v in there.variables]
    for a, b in zip(here.variables, there.variables, strict=True):
        close(a, b)
        assert a.path.split("/")[-1] == b.path.split("/")[-1]
    assert [v.dtype.name for v in here.variables] == [v.dtype for v in there.variables]
    here.reset_state()
    assert not any(np.any(v.numpy()) for v in here.variables)


@pytest.mark.parametrize("name", ["Mean", "Sum"])
@pytest.mark.parametrize("weights", [None, 0.5, "sample", "column", "element"])
@pytest.mark.parametrize("shape", [(5,), (5, 3), (5, 3, 2)])
def test_reductions(name: str, weights: Any, shape: tuple[int, ...]) -> None:
    random = np.random.default_rng(0)
    here, there = getattr(metrics, name)(), getattr(keras.metrics, name)()
    for _ in range(3):
        values = random.normal(size=shape).astype("float32")
        kinds = {"sample": (5,), "column": (5, 1), "element": shape}
        w = random.uniform(size=kinds[weights]) if isinstance(weights, str) else weights
        here.update_state(values, w)
        there.update_state(values, w)
    close(here.result(), there.result())


def test_mask() -> None:
    random = np.random.default_rng(0)
    values, mask = random.normal(size=(5, 3, 2)).astype("float32"), random.integers(0, 2, (5, 3))
    for weights in (None, random.uniform(size=(5, 1)).astype("float32")):
        a, b = convert_to_tensor(values), keras.ops.convert_to_tensor(values)
        a._keras_mask = convert_to_tensor(mask.astype(bool))
        keras.src.backend.set_keras_mask(b, keras.ops.convert_to_tensor(mask.astype(bool)))
        here, there = metrics.MeanSquaredError(), keras.metrics.MeanSquaredError()
        close(here(values[::-1], a, weights), there(values[::-1], b, weights))


def test_ignored_class_with_weights() -> None:
    for y_true, y_pred in batches("sparse"):
        here = metrics.SparseCategoricalCrossentropy(ignore_class=1)
        there = keras.metrics.SparseCategoricalCrossentropy(ignore_class=1)
        close(here(y_true, y_pred, np.ones(N)), there(y_true, y_pred, np.ones(N)))


NAMES = sorted({name for name, *_ in CASES})


def test_all_classes_are_compared() -> None:
    classes = {n for n in dir(keras.metrics) if n[0].isupper()}
    assert classes - set(NAMES) == {"Mean", "Sum", "Metric", "MeanMetricWrapper"}


@pytest.mark.parametrize("name", [*NAMES, "Mean", "Sum", "Metric", "MeanMetricWrapper"])
def test_signatures(name: str) -> None:
    def arguments(thing: Any) -> list[tuple[str, Any]]:
        return [(p.name, p.default) for p in inspect.signature(thing).parameters.values()]

    assert arguments(getattr(metrics, name)) == arguments(getattr(keras.metrics, name))


@pytest.mark.parametrize(("name", "arguments", "kind"), CASES)
def test_configurations_go_both_ways(name: str, arguments: dict[str, Any], kind: str) -> None:
    there = getattr(keras.metrics, name)(name="x", **arguments)
    here = metrics.get(keras.metrics.serialize(there))
    again = keras.metrics.get(metrics.serialize(here))
    assert type(again) is type(there)
    config = there.get_config()
    if config.get("label_weights") is not None:
        config["label_weights"] = np.asarray(config["label_weights"]).tolist()
    # Here more arguments are written, those that Keras forgets.
    assert {k: v for k, v in here.get_config().items() if k in config} == config
