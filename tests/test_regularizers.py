"""Regularizers: hand values, gradients, names and configurations, errors."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest

from tests.gradients import check_gradients
from thalweg import Variable, ops, regularizers

W = np.array([[1.0, -2.0], [3.0, 0.5]])


def test_by_hand() -> None:
    assert float(regularizers.L1(0.1)(W)) == pytest.approx(0.65)
    assert float(regularizers.L2(0.1)(W)) == pytest.approx(1.425)
    assert float(regularizers.L1L2(0.1, 0.2)(W)) == pytest.approx(0.65 + 2.85)
    assert float(regularizers.L1L2()(W)) == 0.0
    assert float(regularizers.L2(0.5)(Variable(2.0))) == 2.0


def test_orthogonal() -> None:
    rows = W / np.linalg.norm(W, axis=1, keepdims=True)
    expected = abs(rows[0] @ rows[1])
    assert float(regularizers.OrthogonalRegularizer(1.0)(W)) == pytest.approx(expected, rel=1e-5)
    columns = W / np.linalg.norm(W, axis=0, keepdims=True)
    expected = abs(columns[:, 0] @ columns[:, 1])
    found = regularizers.OrthogonalRegularizer(0.5, mode="columns")(W)
    assert float(found) == pytest.approx(expected / 2, rel=1e-5)
    three = np.array([[1.0, 0.0], [0.0, 1.0], [1.0, 1.0]])
    found = regularizers.OrthogonalRegularizer(1.0)(three)
    assert float(found) == pytest.approx(2 / np.sqrt(2) / 3)
    assert float(regularizers.OrthogonalRegularizer(1.0)(np.ones((1, 3)))) == 0.0


@pytest.mark.parametrize("name", ["L1", "L2", "L1L2", "OrthogonalRegularizer"])
def test_dtype_and_gradient(name: str) -> None:
    arguments = (0.1, 0.2) if name == "L1L2" else (0.1,)
    regularizer = getattr(regularizers, name)(*arguments)
    for dtype in ("float16", "bfloat16", "float32", "float64"):
        assert regularizer(ops.cast(W, dtype)).dtype.name == dtype
    check_gradients(regularizer, W)


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("l1", "L1"),
        ("L1", "L1"),
        ("l2", "L2"),
        ("l1_l2", "L1L2"),
        ("l1l2", "L1L2"),
        ("L1L2", "L1L2"),
        ("orthogonal_regularizer", "OrthogonalRegularizer"),
    ],
)
def test_by_name_and_round_trip(name: str, kind: str) -> None:
    regularizer = regularizers.get(name)
    assert type(regularizer) is getattr(regularizers, kind)
    config = json.loads(json.dumps(regularizers.serialize(regularizer)))
    assert (config["module"], config["class_name"]) == ("keras.regularizers", kind)
    assert regularizers.get(config).get_config() == regularizer.get_config()


def test_anything_that_can_be_called() -> None:
    def own(x: Any) -> Any:
        return ops.sum(x)

    assert regularizers.get(own) is own
    assert regularizers.get(None) is None
    assert regularizers.get(regularizers.L2).get_config() == {"l2": 0.01}
    assert regularizers.L1(None).l1 == 0.01
    assert regularizers.Regularizer()(W) == 0.0
    assert regularizers.deserialize("l2").l2 == 0.01


def test_errors() -> None:
    with pytest.raises(ValueError, match=r"^L2: l2 must be a finite number >= 0, got -1\.$"):
        regularizers.L2(-1)
    with pytest.raises(ValueError, match="L1L2: l1 must be a finite number >= 0, got inf"):
        regularizers.L1L2(l1=float("inf"))
    with pytest.raises(ValueError, match=r"got 'much'"):
        regularizers.L1("much")
    with pytest.raises(ValueError, match=r"mode must be 'rows' or 'columns', got 'all'"):
        regularizers.OrthogonalRegularizer(mode="all")
    with pytest.raises(ValueError, match=r"the weight must be a matrix, got shape \(3,\)"):
        regularizers.OrthogonalRegularizer()(np.ones(3))
    with pytest.raises(ValueError, match=r"Unknown regularizer 'l3'"):
        regularizers.get("l3")
    with pytest.raises(ValueError, match=r"A regularizer must be a name.*got 0\.1"):
        regularizers.get(0.1)
