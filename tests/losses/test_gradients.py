"""The gradient of every loss towards the predictions, against differences in float64."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from tests.gradients import check_gradients
from thalweg import losses
from thalweg.autodiff import GradientTape
from thalweg.ops import convert_to_tensor
from thalweg.primitives.graph import evaluate_graph, trace

random = np.random.default_rng(7)
Y = random.normal(size=(4, 3))
P = random.normal(size=(4, 3)) + 0.05
POSITIVE = random.uniform(0.2, 2.0, (4, 3))
CHANCES = random.uniform(0.1, 0.9, (4, 3))
ONE_HOT = np.eye(3)[[0, 2, 1, 1]]
LABELS = np.array([0, 2, 1, 1])
SIGNS = np.where(Y > 0, 1.0, -1.0)
UNIT = P / np.linalg.norm(P, axis=1, keepdims=True)

CASES: list[tuple[Any, Any, Any]] = [
    (losses.MeanSquaredError(dtype="float64"), Y, P),
    (losses.MeanAbsoluteError(dtype="float64"), Y, P),
    (losses.MeanAbsolutePercentageError(dtype="float64"), Y, P),
    (losses.MeanSquaredLogarithmicError(dtype="float64"), POSITIVE, CHANCES),
    (losses.Huber(0.7, dtype="float64"), Y, P),
    (losses.LogCosh(dtype="float64"), Y, P),
    (losses.Poisson(dtype="float64"), POSITIVE, CHANCES),
    (losses.Hinge(dtype="float64"), SIGNS, P),
    (losses.SquaredHinge(dtype="float64"), SIGNS, P),
    (losses.CategoricalHinge(dtype="float64"), ONE_HOT, P),
    (losses.KLDivergence(dtype="float64"), CHANCES, CHANCES[::-1]),
    (losses.CosineSimilarity(dtype="float64"), Y, P),
    (losses.BinaryCrossentropy(dtype="float64"), ONE_HOT, CHANCES),
    (losses.BinaryCrossentropy(True, 0.1, dtype="float64"), ONE_HOT, P),
    (losses.BinaryFocalCrossentropy(True, dtype="float64"), ONE_HOT, CHANCES),
    (losses.BinaryFocalCrossentropy(from_logits=True, dtype="float64"), ONE_HOT, P),
    (losses.CategoricalCrossentropy(dtype="float64"), ONE_HOT, CHANCES),
    (losses.CategoricalCrossentropy(True, 0.1, dtype="float64"), ONE_HOT, P),
    (losses.CategoricalFocalCrossentropy(dtype="float64"), ONE_HOT, CHANCES),
    (losses.CategoricalFocalCrossentropy(from_logits=True, dtype="float64"), ONE_HOT, P),
    (losses.SparseCategoricalCrossentropy(dtype="float64"), LABELS, CHANCES),
    (losses.SparseCategoricalCrossentropy(True, ignore_class=1, dtype="float64"), LABELS, P),
    (losses.CategoricalGeneralizedCrossEntropy(dtype="float64"), LABELS, CHANCES),
    (losses.Dice(dtype="float64"), ONE_HOT, CHANCES),
    (losses.Tversky(0.3, 0.7, dtype="float64"), ONE_HOT, CHANCES),
    (losses.CTC(dtype="float64"), np.array([[1, 2], [1, 0]]), random.normal(size=(2, 5, 3))),
    (losses.Circle(gamma=3.0, dtype="float64"), LABELS, UNIT),
]


@pytest.mark.parametrize("case", CASES, ids=lambda case: repr(case[0]))
def test_gradient(case: tuple[Any, Any, Any]) -> None:
    loss, y_true, y_pred = case
    weights = np.array([0.5, 1.0, 2.0, 1.5])[: len(y_pred)]
    # Dice and Tversky are one number for the whole batch.
    weights = weights[0] if loss.name in ("dice", "tversky") else weights
    check_gradients(lambda p: loss(y_true, p, weights), y_pred)


@pytest.mark.parametrize("case", CASES, ids=lambda case: repr(case[0]))
def test_a_traced_loss_is_the_same(case: tuple[Any, Any, Any]) -> None:
    loss, y_true, y_pred = case
    graph = trace(lambda y, p: [loss(y, p)], [convert_to_tensor(y_true), convert_to_tensor(y_pred)])
    captured = [np.asarray(outer) for outer, _ in graph.captures]
    (found,) = evaluate_graph(graph, [y_true, y_pred], captured)
    np.testing.assert_allclose(found, loss(y_true, y_pred), rtol=1e-12)


def test_second_order() -> None:
    for loss, y_true, y_pred in (CASES[0], CASES[5], CASES[13], CASES[17]):
        check_gradients(
            lambda p, loss=loss, y_true=y_true: loss(y_true, p), y_pred, order=2, atol=1e-5
        )


def test_every_loss_is_checked() -> None:
    checked = {type(case[0]).__name__ for case in CASES}
    classes = {n for n in losses.__all__ if n[0].isupper()}
    assert checked == classes - {"Loss", "LossFunctionWrapper"}


def test_circle_of_a_sample_without_a_pair_has_a_finite_gradient() -> None:
    p = convert_to_tensor(UNIT)
    with GradientTape() as tape:
        tape.watch(p)
        loss = losses.Circle(dtype="float64")(np.array([0, 1, 2, 3]), p)
    assert float(loss) == 0.0
    np.testing.assert_array_equal(tape.gradient(loss, p), np.zeros_like(UNIT))
