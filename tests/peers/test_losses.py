"""All losses, with their options, weights and masks, number by number against Keras."""

from __future__ import annotations

import inspect
from typing import Any

import keras
import numpy as np
import pytest

from thalweg import losses
from thalweg.ops import convert_to_tensor

pytestmark = pytest.mark.peer


random = np.random.default_rng(11)
N, C = 6, 4
NUMBERS = random.normal(size=(N, C)).astype("float32")
OTHERS = random.normal(size=(N, C)).astype("float32")
CHANCES = random.uniform(0.02, 0.98, (N, C)).astype("float32")
POSITIVE = random.uniform(0, 3, (N, C)).astype("float32")
BITS = random.integers(0, 2, (N, C)).astype("float32")
LABELS = random.integers(0, C, N)
ONE_HOT = np.eye(C, dtype="float32")[LABELS]
UNIT = NUMBERS / np.linalg.norm(NUMBERS, axis=1, keepdims=True)
WEIGHTS = random.uniform(0, 2, N).astype("float32")
TIME = random.normal(size=(N, 5, C)).astype("float32")
TIME_LABELS = random.integers(0, C, (N, 5))
SPELLED = np.array([[1, 2, 0], [3, 0, 0], [1, 1, 0], [2, 3, 1], [3, 2, 0], [1, 0, 0]])

# class, arguments, y_true, y_pred
CASES: list[tuple[str, dict[str, Any], Any, Any]] = [
    ("MeanSquaredError", {}, NUMBERS, OTHERS),
    ("MeanAbsoluteError", {}, NUMBERS, OTHERS),
    ("MeanAbsolutePercentageError", {}, NUMBERS, OTHERS),
    ("MeanSquaredLogarithmicError", {}, POSITIVE, POSITIVE[::-1]),
    ("MeanSquaredLogarithmicError", {}, NUMBERS, OTHERS),
    ("Huber", {}, NUMBERS, OTHERS),
    ("Huber", {"delta": 0.3}, NUMBERS, OTHERS),
    ("LogCosh", {}, NUMBERS, 5 * OTHERS),
    ("Poisson", {}, POSITIVE, POSITIVE[::-1]),
    ("Hinge", {}, BITS, NUMBERS),
    ("Hinge", {}, 2 * BITS - 1, NUMBERS),
    ("SquaredHinge", {}, BITS, NUMBERS),
    ("SquaredHinge", {}, 2 * BITS - 1, NUMBERS),
    ("CategoricalHinge", {}, ONE_HOT, NUMBERS),
    ("KLDivergence", {}, CHANCES, CHANCES[::-1]),
    ("CosineSimilarity", {}, NUMBERS, OTHERS),
    ("CosineSimilarity", {"axis": 0, "reduction": "sum"}, NUMBERS, OTHERS),
    ("BinaryCrossentropy", {}, BITS, CHANCES),
    ("BinaryCrossentropy", {"label_smoothing": 0.1}, BITS, CHANCES),
    ("BinaryCrossentropy", {"from_logits": True}, BITS, 9 * NUMBERS),
    ("BinaryCrossentropy", {"from_logits": True, "axis": 0, "reduction": "sum"}, BITS, NUMBERS),
    ("BinaryCrossentropy", {}, BITS, BITS[::-1]),
    ("BinaryFocalCrossentropy", {}, BITS, CHANCES),
    ("BinaryFocalCrossentropy", {"apply_class_balancing": True, "alpha": 0.4}, BITS, CHANCES),
    ("BinaryFocalCrossentropy", {"gamma": 3.0, "label_smoothing": 0.1}, BITS, CHANCES),
    ("BinaryFocalCrossentropy", {"from_logits": True}, BITS, NUMBERS),
    ("CategoricalCrossentropy", {}, ONE_HOT, CHANCES),
    ("CategoricalCrossentropy", {"from_logits": True}, ONE_HOT, 9 * NUMBERS),
    ("CategoricalCrossentropy", {"label_smoothing": 0.2}, ONE_HOT, CHANCES),
    ("CategoricalCrossentropy", {"axis": 0, "reduction": "sum"}, ONE_HOT, CHANCES),
    ("CategoricalCrossentropy", {}, ONE_HOT, np.eye(C, dtype="float32")[[0] * N]),
    ("CategoricalFocalCrossentropy", {}, ONE_HOT, CHANCES),
    ("CategoricalFocalCrossentropy", {"from_logits": True, "gamma": 1.0}, ONE_HOT, NUMBERS),
    ("CategoricalFocalCrossentropy", {"alpha": [0.1, 0.2, 0.3, 0.4]}, ONE_HOT, CHANCES),
    ("CategoricalFocalCrossentropy", {"label_smoothing": 0.2}, ONE_HOT, CHANCES),
    ("SparseCategoricalCrossentropy", {}, LABELS, CHANCES),
    ("SparseCategoricalCrossentropy", {}, LABELS[:, None], CHANCES),
    ("SparseCategoricalCrossentropy", {"from_logits": True}, LABELS, 9 * NUMBERS),
    ("SparseCategoricalCrossentropy", {"ignore_class": 1}, LABELS, CHANCES),
    ("SparseCategoricalCrossentropy", {"from_logits": True, "ignore_class": 0}, LABELS, NUMBERS),
    ("CategoricalGeneralizedCrossEntropy", {}, LABELS, CHANCES),
    ("CategoricalGeneralizedCrossEntropy", {"q": 0.8}, LABELS, CHANCES),
    ("Dice", {}, BITS, CHANCES),
    ("Dice", {"axis": -1}, BITS, CHANCES),
    ("Tversky", {}, BITS, CHANCES),
    ("Tversky", {"alpha": 0.2, "beta": 0.9, "axis": 1}, BITS, CHANCES),
    ("CTC", {}, SPELLED, TIME),
    ("Circle", {}, LABELS, UNIT),
    ("Circle", {"gamma": 8.0, "margin": 0.25, "remove_diagonal": False}, LABELS, UNIT),
]
REDUCTIONS = ["sum_over_batch_size", "mean", "sum", "mean_with_sample_weight", "none", None]


def close(found: Any, expected: Any) -> None:
    found, expected = np.asarray(found), np.asarray(expected)
    assert found.shape == expected.shape
    assert found.dtype == expected.dtype
    np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize(
    ("name", "arguments", "y_true", "y_pred"), CASES, ids=lambda x: x if isinstance(x, str) else ""
)
def test_values(name: str, arguments: dict[str, Any], y_true: Any, y_pred: Any) -> None:
    options = {"reduction": "none", **arguments}
    here, there = getattr(losses, name)(**options), getattr(keras.losses, name)(**options)
    close(here(y_true, y_pred), there(y_true, y_pred))
    if np.shape(there(y_true, y_pred)) == (N,):
        close(here(y_true, y_pred, WEIGHTS), there(y_true, y_pred, WEIGHTS))
        mean_here = getattr(losses, name)(**arguments)
        mean_there = getattr(keras.losses, name)(**arguments)
        close(mean_here(y_true, y_pred, WEIGHTS), mean_there(y_true, y_pred, WEIGHTS))


@pytest.mark.parametrize("reduction", REDUCTIONS)
@pytest.mark.parametrize("masked", [False, True])
@pytest.mark.parametrize(
    "weights", [None, 0.5, WEIGHTS[:, None], np.ones((N, 5), "float32") * WEIGHTS[:, None]]
)
def test_reductions(reduction: str | None, masked: bool, weights: Any) -> None:
    here, there = convert_to_tensor(TIME), keras.ops.convert_to_tensor(TIME)
    if masked:
        mask = np.random.default_rng(3).integers(0, 2, (N, 5)).astype(bool)
        here._keras_mask = convert_to_tensor(mask)
        keras.src.backend.set_keras_mask(there, keras.ops.convert_to_tensor(mask))
    options = {"from_logits": True, "reduction": reduction}
    close(
        losses.SparseCategoricalCrossentropy(**options)(TIME_LABELS, here, weights),
        keras.losses.SparseCategoricalCrossentropy(**options)(TIME_LABELS, there, weights),
    )
    close(
        losses.MeanSquaredError(reduction)(TIME[::-1], here, weights),
        keras.losses.MeanSquaredError(reduction)(TIME[::-1], there, weights),
    )


def test_all_classes_are_compared() -> None:
    compared = {name for name, *_ in CASES}
    assert {n for n in dir(keras.losses) if n[0].isupper() and n != "Loss"} == compared


@pytest.mark.parametrize("name", sorted({name for name, *_ in CASES}) + ["Loss"])
def test_signatures(name: str) -> None:
    def arguments(thing: Any) -> list[tuple[str, Any]]:
        found = inspect.signature(thing).parameters.values()
        return [(p.name, p.default) for p in found if p.name not in ("args", "kwargs")]

    assert arguments(getattr(losses, name)) == arguments(getattr(keras.losses, name))


@pytest.mark.parametrize("name", sorted({name for name, *_ in CASES}))
def test_configurations_go_both_ways(name: str) -> None:
    here = losses.get(keras.losses.serialize(getattr(keras.losses, name)(name="x")))
    assert type(here) is getattr(losses, name)
    there = keras.saving.deserialize_keras_object(losses.serialize(here))
    assert type(there) is getattr(keras.losses, name)
    assert there.name == here.name == "x"


def test_functions_have_the_signatures_of_keras() -> None:
    for name in losses.__all__:
        function = getattr(keras.losses, name, None)
        if name[0].islower() and function is not None and name not in ("get", "serialize"):
            assert list(inspect.signature(getattr(losses, name)).parameters) == list(
                inspect.signature(function).parameters
            ), name
