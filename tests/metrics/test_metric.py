"""What all metrics share: state, pure functions, tracing, names, configurations, errors."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest

from thalweg import metrics, ops
from thalweg.primitives.graph import evaluate_graph, trace

BITS = np.array([[1, 0, 1], [0, 0, 1], [1, 1, 0], [0, 1, 0]])
SCORES = np.array([[0.9, 0.2, 0.4], [0.1, 0.7, 0.8], [0.6, 0.5, 0.3], [0.2, 0.9, 0.1]], "float32")
ONE_HOT = np.eye(3)[[0, 2, 1, 1]]
LABELS = np.array([0, 2, 1, 1])
WHOLE = np.array([0, 1, 1, 2])

# Every metric with arguments and data that suit it.
EVERY: dict[str, tuple[dict[str, Any], Any, Any]] = {
    "AUC": ({}, BITS, SCORES),
    "Accuracy": ({}, LABELS, WHOLE),
    "BinaryAccuracy": ({"threshold": 0.4}, BITS, SCORES),
    "BinaryCrossentropy": ({"label_smoothing": 0.1}, BITS, SCORES),
    "BinaryIoU": ({"threshold": 0.3}, BITS, SCORES),
    "CategoricalAccuracy": ({}, ONE_HOT, SCORES),
    "CategoricalCrossentropy": ({"from_logits": True}, ONE_HOT, SCORES),
    "CategoricalHinge": ({}, ONE_HOT, SCORES),
    "ConcordanceCorrelation": ({}, BITS, SCORES),
    "CosineSimilarity": ({"axis": 0}, BITS, SCORES),
    "F1Score": ({"average": "macro"}, BITS, SCORES),
    "FBetaScore": ({"beta": 2.0, "threshold": 0.5}, BITS, SCORES),
    "FalseNegatives": ({"thresholds": [0.5, 0.1]}, BITS, SCORES),
    "FalsePositives": ({}, BITS, SCORES),
    "Hinge": ({}, BITS, SCORES),
    "IoU": ({"num_classes": 3, "target_class_ids": [0, 1]}, LABELS, WHOLE),
    "KLDivergence": ({}, BITS, SCORES),
    "LogCoshError": ({}, BITS, SCORES),
    "Mean": ({}, SCORES, None),
    "MeanAbsoluteError": ({}, BITS, SCORES),
    "MeanAbsolutePercentageError": ({}, BITS + 1, SCORES),
    "MeanIoU": ({"num_classes": 3}, LABELS, WHOLE),
    "MeanSquaredError": ({}, BITS, SCORES),
    "MeanSquaredLogarithmicError": ({}, BITS, SCORES),
    "OneHotIoU": ({"num_classes": 3, "target_class_ids": [2]}, ONE_HOT, SCORES),
    "OneHotMeanIoU": ({"num_classes": 3}, ONE_HOT, SCORES),
    "PearsonCorrelation": ({}, BITS, SCORES),
    "Poisson": ({}, BITS, SCORES),
    "Precision": ({"thresholds": [0.2, 0.6]}, BITS, SCORES),
    "PrecisionAtRecall": ({"recall": 0.5}, BITS, SCORES),
    "R2Score": ({"num_regressors": 1}, BITS, SCORES),
    "Recall": ({"top_k": 1}, BITS, SCORES),
    "RecallAtPrecision": ({"precision": 0.5}, BITS, SCORES),
    "RootMeanSquaredError": ({}, BITS, SCORES),
    "SensitivityAtSpecificity": ({"specificity": 0.5}, BITS, SCORES),
    "SparseCategoricalAccuracy": ({}, LABELS, SCORES),
    "SparseCategoricalCrossentropy": ({"ignore_class": 2}, LABELS, SCORES),
    "SparseTopKCategoricalAccuracy": ({"k": 2}, LABELS, SCORES),
    "SpecificityAtSensitivity": ({"sensitivity": 0.5}, BITS, SCORES),
    "SquaredHinge": ({}, BITS, SCORES),
    "Sum": ({}, SCORES, None),
    "TopKCategoricalAccuracy": ({"k": 2}, ONE_HOT, SCORES),
    "TrueNegatives": ({}, BITS, SCORES),
    "TruePositives": ({"thresholds": 0.2}, BITS, SCORES),
}


def make(name: str) -> Any:
    return getattr(metrics, name)(**EVERY[name][0])


def data(name: str) -> list[Any]:
    return [x for x in EVERY[name][1:] if x is not None]


def test_every_metric_is_here() -> None:
    classes = {n for n in metrics.__all__ if n[0].isupper()}
    assert classes - set(EVERY) == {"Metric", "MeanMetricWrapper"}


@pytest.mark.parametrize("name", EVERY)
def test_update_is_a_pure_function_that_can_be_traced(name: str) -> None:
    eager, traced = make(name), make(name)
    traced.update_state(*data(name))  # some make their variables at the first update
    traced.reset_state()
    first = traced.stateless_reset_state()

    def update(*values: Any) -> list[Any]:
        inputs, state = values[: len(data(name))], values[len(data(name)) :]
        return traced.stateless_update_state(state, *inputs)

    inputs = [ops.convert_to_tensor(x) for x in data(name)]
    graph = trace(update, [*inputs, *first])
    captured = [np.asarray(outer) for outer, _ in graph.captures]
    state = [x.numpy() for x in first]
    for _ in range(2):
        eager.update_state(*data(name))
        state = list(evaluate_graph(graph, [*map(np.asarray, inputs), *state], captured))
    for v, value in zip(eager.variables, state, strict=True):
        np.testing.assert_allclose(v.numpy(), value, rtol=1e-6)
    np.testing.assert_allclose(eager.result(), traced.stateless_result(state), rtol=1e-6)
    assert not any(np.any(v.numpy()) for v in traced.variables)
    result = trace(lambda *s: [traced.stateless_result(s)], first)
    captured = [np.asarray(outer) for outer, _ in result.captures]
    (found,) = evaluate_graph(result, state, captured)
    np.testing.assert_allclose(found, eager.result(), rtol=1e-6)


@pytest.mark.parametrize("name", EVERY)
def test_round_trip(name: str) -> None:
    metric = make(name)
    config = json.loads(json.dumps(metrics.serialize(metric)))
    assert (config["module"], config["class_name"]) == ("keras.metrics", name)
    again = metrics.get(config)
    assert type(again) is type(metric)
    assert again.get_config() == metric.get_config()
    np.testing.assert_array_equal(again(*data(name)), metric(*data(name)))


@pytest.mark.parametrize("name", EVERY)
def test_variables_are_not_trainable(name: str) -> None:
    metric = make(name)
    metric.update_state(*data(name))
    assert metric.variables
    for v in metric.variables:
        assert not v.trainable
        assert v.path == f"{metric.name}/{v.name}"


def test_spellings() -> None:
    for spelling, kind in (
        ("mse", "MeanSquaredError"),
        ("MSE", "MeanSquaredError"),
        ("meanSquaredError", "MeanSquaredError"),
        ("mean_squared_error", "MeanSquaredError"),
        ("mae", "MeanAbsoluteError"),
        ("mape", "MeanAbsolutePercentageError"),
        ("msle", "MeanSquaredLogarithmicError"),
        ("bce", "BinaryCrossentropy"),
        ("binaryAccuracy", "BinaryAccuracy"),
        ("auc", "AUC"),
        ("AUC", "AUC"),
        ("precision", "Precision"),
        ("r2Score", "R2Score"),
        ("accuracy", "Accuracy"),
        ("sparseCategoricalCrossentropy", "SparseCategoricalCrossentropy"),
    ):
        assert type(metrics.get(spelling)) is getattr(metrics, kind)
    with pytest.raises(ValueError, match=r"^Unknown metric 'acuracy'; did you mean 'accuracy'"):
        metrics.get("acuracy")
    with pytest.raises(ValueError, match=r"A metric must be a name.*got 1\."):
        metrics.get(1)
    assert metrics.get(None) is None
    assert type(metrics.get(metrics.AUC)) is metrics.AUC


def test_older_configurations_mean_metrics_not_losses() -> None:
    config = {"class_name": "MeanSquaredError", "config": {"name": "m", "dtype": "float32"}}
    assert type(metrics.get(config)) is metrics.MeanSquaredError


def test_functions_can_be_metrics() -> None:
    metric = metrics.MeanMetricWrapper(metrics.binary_accuracy, threshold=0.8)
    assert metric.name == "binary_accuracy"
    again = metrics.deserialize(json.loads(json.dumps(metrics.serialize(metric))))
    assert float(again([1, 1], [0.7, 0.9])) == 0.5
    config = {
        "module": "keras.metrics",
        "class_name": "MeanMetricWrapper",
        "registered_name": None,
        "config": {
            "name": "m",
            "dtype": "float32",
            "fn": {
                "module": "builtins",
                "class_name": "function",
                "config": "mean_squared_error",
                "registered_name": "function",
            },
        },
    }
    assert float(metrics.deserialize(config)([[0.0]], [[2.0]])) == 4.0


def test_metrics_inside_of_metrics() -> None:
    class Spread(metrics.Metric):
        def __init__(self) -> None:
            super().__init__(name="spread")
            self.mean = metrics.Mean()
            self.others = [metrics.Sum()]
            self.calls = self.add_weight(name="calls")

        def update_state(self, values: Any, sample_weight: Any = None) -> None:
            self.mean.update_state(values)
            self.others[0].update_state(values)
            self.calls.assign_add(1.0)

        def result(self) -> Any:
            return {"mean": self.mean.result(), "sum": self.others[0].result()}

    metric = Spread()
    assert [v.path for v in metric.variables] == [
        "spread/calls",
        "mean/total",
        "mean/count",
        "sum/total",
    ]
    found = metric([1.0, 3.0])
    assert (float(found["mean"]), float(found["sum"])) == (2.0, 4.0)
    metric.reset_state()
    assert float(metric.calls) == 0.0


def test_stateless_needs_a_value_for_each_variable() -> None:
    with pytest.raises(ValueError, match=r"'mean': metric_variables must have one value .* 2 .* 1"):
        metrics.Mean().stateless_result([0.0])


def test_names_and_dtypes() -> None:
    assert metrics.AUC(name="area").name == "area"
    assert metrics.Mean(dtype="float64")([1.0]).dtype.name == "float64"
    assert metrics.MeanSquaredError._direction == "down"
    assert metrics.AUC._direction == "up"
    with pytest.raises(NotImplementedError, match=r"Metric does not define result"):
        metrics.Metric().result()
