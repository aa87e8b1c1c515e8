"""Reductions, sample weights and masks."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from thalweg import losses, ops
from thalweg.losses.reduction import reduce_weighted_values

VALUES = np.array([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]])
MASK = np.array([[True, True, False], [True, False, False]])
BY_ELEMENT = np.array([[1.0, 0.5, 9.0], [2.0, 9.0, 9.0]])

# reduction, weights, mask -> result, by hand
CASES: list[tuple[str | None, Any, Any, Any]] = [
    ("sum_over_batch_size", None, None, 21 / 6),
    ("mean", None, None, 21 / 6),
    ("mean_with_sample_weight", None, None, 21 / 6),
    ("sum", None, None, 21.0),
    ("none", None, None, VALUES),
    (None, None, None, VALUES),
    ("sum_over_batch_size", 2.0, None, 42 / 6),
    ("sum_over_batch_size", [1.0, 0.0], None, 6 / 6),
    ("sum_over_batch_size", [[1.0], [0.0]], None, 6 / 6),
    ("mean_with_sample_weight", [[1.0] * 3, [0.0] * 3], None, 2.0),
    ("sum", [1.0, 3.0], None, 6 + 45.0),
    ("none", [1.0, 0.5], None, VALUES * [[1.0], [0.5]]),
    ("sum_over_batch_size", None, MASK, (1 + 2 + 4) / 3),
    ("sum", None, MASK, 7.0),
    ("mean_with_sample_weight", None, MASK, 7 / 3),
    ("none", None, MASK, VALUES * MASK),
    ("sum_over_batch_size", [1.0, 2.0], MASK, (1 + 2 + 8) / 3),
    ("sum_over_batch_size", BY_ELEMENT, MASK, (1 + 1 + 8) / 3),
    ("mean_with_sample_weight", BY_ELEMENT, MASK, (1 + 1 + 8) / 3.5),
    ("sum_over_batch_size", None, [True, False], 6 / 3),
    ("sum_over_batch_size", None, np.zeros_like(MASK), 0.0),
    ("mean_with_sample_weight", [[0.0] * 3, [0.0] * 3], None, 0.0),
]


@pytest.mark.parametrize(("reduction", "weights", "mask", "expected"), CASES)
def test_by_hand(reduction: Any, weights: Any, mask: Any, expected: Any) -> None:
    found = reduce_weighted_values(VALUES, weights, mask, reduction, "float32")
    np.testing.assert_allclose(found, expected, rtol=1e-6)
    assert found.dtype.name == "float32"


def test_one_weight_a_sample_where_the_batch_is_as_long_as_a_sample() -> None:
    # Plain broadcasting would take the weights for those of the columns.
    found = reduce_weighted_values(np.array([[1.0, 2.0], [3.0, 4.0]]), [1.0, 0.0], reduction="sum")
    assert float(found) == 3.0


def test_mask_on_predictions() -> None:
    y_pred = ops.convert_to_tensor([[1.0], [5.0]])
    y_pred._keras_mask = ops.convert_to_tensor([True, False])
    assert float(losses.MeanSquaredError()([[0.0], [0.0]], y_pred)) == 1.0


def test_ignored_class_does_not_count() -> None:
    p = np.array([[0.25, 0.75], [0.5, 0.5], [0.75, 0.25]])
    loss = losses.SparseCategoricalCrossentropy(ignore_class=-1)
    expected = -(np.log(0.75) + np.log(0.75)) / 2
    np.testing.assert_allclose(loss([1, -1, 0], p), expected, rtol=1e-6)
    per_sample = losses.SparseCategoricalCrossentropy(ignore_class=-1, reduction="none")
    np.testing.assert_allclose(per_sample([1, -1, 0], p), [-np.log(0.75), 0, -np.log(0.75)], 1e-6)


def test_nested_predictions() -> None:
    class Pair(losses.Loss):
        def call(self, y_true: Any, y_pred: Any) -> Any:
            assert y_pred["a"].dtype.name == "float32"
            return ops.square(y_true - y_pred["a"]) + y_pred["b"]

    assert float(Pair()([1.0, 2.0], {"a": [1, 1], "b": [0, 2]})) == 1.5


def test_dtype() -> None:
    assert losses.MeanSquaredError(dtype="float16")([1.0], [2.0]).dtype.name == "float16"
    assert losses.MeanSquaredError().dtype == "float32"


def test_errors() -> None:
    with pytest.raises(ValueError, match=r"^mse_: reduction must be one of .*, got 'average'\.$"):
        losses.MeanSquaredError(reduction="average", name="mse_")
    with pytest.raises(ValueError, match=r"^mean_squared_error: sample_weight has shape \(3,\)"):
        losses.MeanSquaredError()(np.ones((2, 4)), np.ones((2, 4)), np.ones(3))
    with pytest.raises(NotImplementedError, match=r"Loss does not define call"):
        losses.Loss()([1.0], [1.0])
